"""The states of the page on which a person answers with choices."""

from typing import Any

from inbox.fake_label_server import Backend
from studio.labeling import ANSWERED, LabelState, of_kind, press

NEWS = "After 400 answers: return 83 → 140 (95 % interval 120 to 158)."
NO_SPACE = (
    "runs/dagger-LunarLander-v3-0/dataset/inbox.sqlite cannot be written: database or"
    " disk is full (0 bytes are free there); free some space, and try again"
)
INSTRUCTIONS = (
    "Land softly between the two flags.\n\nBrake early: two short pushes of the main"
    " engine are better than one long one. When the lander leans, straighten it first."
)
MOVES = ["noop", "fire", "up", "right", "left", "down"]
MOVES += ["up-right", "up-left", "down-right", "down-left"]
MOVES += [f"{move} fire" for move in MOVES[2:]]


def open_settings(page: Any, backend: Backend) -> None:
    """Open the settings."""
    page.click("#settings")


def focus_help(page: Any, backend: Backend) -> None:
    """Walk away from the picture with the Tab key."""
    page.focus("#help")


def answer_fast(page: Any, backend: Backend) -> None:
    """Answer faster than the pictures come."""
    backend.clip_delay = 5
    for _ in range(14):
        page.keyboard.press("ArrowUp")
        page.wait_for_timeout(30)


def save_slowly(page: Any, backend: Backend) -> None:
    """Answer while the disk is slow."""
    backend.answer_delay = 3
    press("ArrowUp", "ArrowLeft")(page, backend)


def go_offline(page: Any, backend: Backend) -> None:
    """Answer without a network."""
    page.context.set_offline(True)
    press(*["ArrowUp"] * 5)(page, backend)


def lose_server(page: Any, backend: Backend) -> None:
    """Answer all that is here, without a network."""
    page.context.set_offline(True)
    press(*["ArrowUp"] * 12)(page, backend)


def fill_disk(page: Any, backend: Backend) -> None:
    """Answer while there is no room."""
    backend.refuse = (507, NO_SPACE)
    page.keyboard.press("ArrowUp")


def expire(page: Any, backend: Backend) -> None:
    """Answer after the session ended."""
    backend.refuse = (401, "use the printed address")
    press("ArrowUp", "ArrowUp")(page, backend)


ANSWERING = [
    LabelState(
        name="label-first-run",
        title="First visit",
        sentence=(
            "The page says in a few sentences what is asked; the keys and buttons can"
            " be tried, nothing is saved, and Enter begins."
        ),
        server={"rows": [], "instructions": INSTRUCTIONS},
        practiced=False,
    ),
    LabelState(
        name="label-question",
        title="A question",
        sentence=(
            "A short clip has stopped at the moment that is asked about; one key or"
            " button answers, and the next moment is there."
        ),
        do=press("ArrowUp", "ArrowLeft", "s", "ArrowUp"),
        dark=True,
    ),
    LabelState(
        name="label-several",
        title="Several answers are fine",
        sentence=(
            "Shift and a key collects each action that is fine; Enter or Done answers"
            " with all of them."
        ),
        do=press("Shift+ArrowLeft", "Shift+ArrowUp"),
    ),
    LabelState(
        name="label-wrong",
        title="One action is wrong",
        sentence=(
            "After X the frame turns red, and the next key names an action that would"
            " be wrong; X again takes it back."
        ),
        do=press("x"),
    ),
    LabelState(
        name="label-consequences",
        title="What each action leads to",
        sentence=(
            "C replays the moment once for every action, side by side; a click or the"
            " action's key answers from there."
        ),
        do=press("c"),
        dark=True,
    ),
    LabelState(
        name="label-back",
        title="Looking back",
        sentence=(
            "Z goes back through all earlier answers; a new answer counts from now"
            " on, the old one is kept beside it, and Esc returns."
        ),
        do=press("ArrowUp", "ArrowLeft", "z", "z"),
    ),
    LabelState(
        name="label-help",
        title="Keys and help",
        sentence="The question mark lists every key and what it does.",
        do=press("?"),
    ),
    LabelState(
        name="label-instructions",
        title="Instructions",
        sentence=(
            "H shows what the person who began the run wrote for those who answer."
        ),
        server={"instructions": INSTRUCTIONS},
        do=press("h"),
    ),
    LabelState(
        name="label-settings",
        title="Settings",
        sentence=(
            "Every key can be changed, single keys can be turned off, and the buttons"
            " can lie under the left or the right hand."
        ),
        do=open_settings,
    ),
    LabelState(
        name="label-keys-rest",
        title="The keys rest",
        sentence=(
            "While a button at the top has the focus, no key answers; a click on the"
            " picture or Esc lets them act again."
        ),
        do=focus_help,
    ),
    LabelState(
        name="label-news",
        title="News after a round",
        sentence=(
            "After each round one sentence says what the answers changed; it waits"
            " until it is dismissed, and answering goes on."
        ),
        server={"news": [{"id": 1, "round": 3, "sentence": NEWS}]},
        do=press("ArrowUp"),
    ),
    LabelState(
        name="label-waiting",
        title="Waiting for questions",
        sentence=(
            "Everything that was asked is answered; the page says what the run is"
            " doing, and the next questions come by themselves."
        ),
        server={"questions": ANSWERED},
    ),
    LabelState(
        name="label-resting",
        title="The run is not training",
        sentence=(
            "Somebody stopped the run; the answers are saved, and questions come when"
            " it goes on."
        ),
        server={"questions": ANSWERED, "training": False},
    ),
    LabelState(
        name="label-fetching",
        title="Fetching the next moment",
        sentence=(
            "Whoever answers faster than pictures come sees a gray field for a"
            " moment; keys wait for their question, and Esc drops them."
        ),
        do=answer_fast,
    ),
    LabelState(
        name="label-saving",
        title="Saving",
        sentence=(
            "The line at the top says how many answers are on their way; when they"
            " are on the disk it says Saved again."
        ),
        do=save_slowly,
    ),
    LabelState(
        name="label-offline",
        title="Offline",
        sentence=(
            "Without a network the answers are kept in the browser and sent later;"
            " one can go on as long as there are questions."
        ),
        do=go_offline,
    ),
    LabelState(
        name="label-lost",
        title="The server does not answer",
        sentence=(
            "Nothing is left to answer offline; the page tries again by itself and"
            " goes on where it was."
        ),
        do=lose_server,
    ),
    LabelState(
        name="label-disk-full",
        title="The disk is full",
        sentence=(
            "The page shows the server's own sentence with the file and the free"
            " space; the answer is kept in the browser until there is room."
        ),
        do=fill_disk,
    ),
    LabelState(
        name="label-signed-out",
        title="Signed out",
        sentence=(
            "The session ended; the printed address, opened once more, lets the page"
            " go on, and no answer is lost."
        ),
        do=expire,
    ),
    LabelState(
        name="label-finished",
        title="Finished",
        sentence=(
            "The budget is used; the page says thank you and what the answers changed."
        ),
        server={
            "phase": "finished",
            "training": False,
            "labels": ANSWERED,
            "news": [{"id": 1, "round": 8, "sentence": NEWS}],
        },
    ),
    LabelState(
        name="label-simulated",
        title="A simulated person",
        sentence=(
            "Where a program answers instead of a person, the page carries a mark"
            " that says so."
        ),
        server={"simulated": True, "who": "simulated:ana"},
    ),
    LabelState(
        name="label-bars",
        title="A task without a picture",
        sentence=(
            "The numbers that the agent observes take the place of the picture, each"
            " with its name, its unit and a bar."
        ),
        server={"pictures": False},
    ),
    LabelState(
        name="label-many",
        title="Many choices",
        sentence=(
            "With more than ten actions one types the number and Enter, or clicks."
        ),
        server={
            "words": of_kind(
                kind="discrete",
                choices=[{"name": n, "keys": [], "place": None} for n in MOVES],
                idle=0,
            ),
            "task": "ALE/Seaquest-v5",
        },
        do=press("1", "2"),
    ),
    LabelState(
        name="label-rows",
        title="Several numbers at once",
        sentence=(
            "Each number has a row; a digit chooses in the marked row and goes on to"
            " the next, and Enter answers."
        ),
        server={
            "words": of_kind(
                kind="several", counts=[3, 2, 5], names=["steer", "brake", "gear"]
            ),
            "task": "Truck-v0",
            "rows": [],
        },
        do=press("2", "0"),
    ),
    LabelState(
        name="label-switches",
        title="Switches",
        sentence=(
            "Each action is a set of switches; a digit or a click turns one on or"
            " off, and Enter answers."
        ),
        server={
            "words": of_kind(
                kind="switches",
                count=6,
                names=["inlet", "outlet", "pump", "heater", "stirrer", "alarm"],
            ),
            "task": "Plant-v0",
            "rows": [],
        },
        do=press("2", "4"),
    ),
]
