"""Take the pictures of the pages for people, and write docs/pages.md around them.

`.venv/bin/python docs/pictures.py [STATE ...]` opens both pages in Chromium in every
state, or in the named ones, such as `label-question`. It needs no network.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.box2d.lunar_lander import heuristic
from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).resolve().parent
TESTS = DOCS.parent / "tests"
sys.path.insert(0, str(TESTS))
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

from inbox.fake_label_server import CARTPOLE, Backend, serving  # noqa: E402
from novice.envs.moment import Moment, Replayer, candidates  # noqa: E402
from novice.envs.task import make_task  # noqa: E402
from novice.envs.words import words  # noqa: E402
from novice.inbox.drawing import developed_branches, developed_clip  # noqa: E402

PICTURES = DOCS / "pages"
PAGE = DOCS / "pages.md"
CHROMIUM = "/usr/bin/chromium"
# Among the tests there is a task that draws nothing.
PLAY_COMMAND = """
import sys
import inbox.test_stage
from novice.app.cli import main
sys.exit(main())
"""
COLORS = 128
SIZES = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "narrow": {
        "viewport": {"width": 360, "height": 740},
        "has_touch": True,
        "is_mobile": True,
    },
}
ANSWERED = 412
FIRST, EVERY = 40, 9  # the steps of the lander's episode that are shown
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


@dataclass(frozen=True)
class State:
    """A state of a page: what a person sees there, and how to come to it."""

    name: str
    title: str
    sentence: str
    server: dict[str, Any]
    do: Callable[[Any, Backend], None] = lambda page, backend: None
    practiced: bool = True
    dark: bool = False


@dataclass(frozen=True)
class Lander:
    """Moments of a landing, drawn as the server draws them."""

    words: dict[str, Any]
    clips: list[tuple[bytes, str, int, int, int]]
    observations: list[list[float]]
    branches: tuple[bytes, str, int, int, int, list[dict[str, Any]]]


def landing() -> Lander:
    """One episode of Gymnasium's own clumsy pilot, seen at several moments."""
    task = make_task("LunarLander-v3", pictures=True)
    actions, seen = flown(seed=3)
    replayer = Replayer(task)
    clips, observations = [], []
    branches: Any = None
    flying = int(np.argmax(seen[:, 6:].any(axis=1)))  # until a leg is on the ground
    for step in range(FIRST, flying, EVERY):
        moment = Moment(task, 3, actions[:step])
        told, image = developed_clip(replayer.clip(moment, seen=seen[step]))
        clips.append((image, *sizes(told)))
        observations.append([float(number) for number in seen[step]])
        if branches is None:
            choices = candidates(task, actions[step])
            drawn = replayer.consequences(moment, choices, None, seen=seen[step])
            told, image = developed_branches(drawn)
            branches = (image, *sizes(told), told["branches"])
    replayer.close()
    return Lander(words(task), clips, observations, branches)


def sizes(told: dict[str, Any]) -> tuple[str, int, int, int]:
    """The media type of a strip, its frames, and the width and height of one."""
    return told["media"], told["frames"], told["width"], told["height"]


def flown(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The actions of an episode, and what was seen before each."""
    environment = gymnasium.make("LunarLander-v3")
    generator = np.random.default_rng(seed)
    observation, _ = environment.reset(seed=seed)
    actions, seen, over = [], [], False
    while not over:
        best = heuristic(environment.unwrapped, observation)
        action = int(generator.integers(4)) if generator.random() < 0.3 else best
        actions.append(action)
        seen.append(observation)
        observation, _, ended, cut, _ = environment.step(action)
        over = ended or cut
    environment.close()
    return np.array(actions, np.int32)[:, None], np.array(seen)


def answers(count: int) -> list[dict[str, Any]]:
    """Answers that a person gave before."""
    actions = [2, 2, 0, 1, 2, 3]
    return [
        {
            "uuid": f"{number:032x}",
            "question": number,
            "lease": 1,
            "verdict": "action",
            "actions": [[actions[number % len(actions)]]],
            "seconds": 1.5,
            "shown": {},
        }
        for number in range(1, count + 1)
    ]


def backend_of(lander: Lander, changes: dict[str, Any]) -> Backend:
    """A run in which the lander is taught, but for what a state changes."""
    usual = {
        "words": lander.words,
        "task": "LunarLander-v3",
        "run": "dagger-LunarLander-v3-0",
        "rows": answers(ANSWERED),
        "branches": lander.branches,
    }
    backend = Backend(**{**usual, **changes})
    if backend.words is lander.words:
        for number in range(1, backend.questions + 1):
            # The branches are those of the first question that is open.
            place = (number - len(backend.rows) - 1) % len(lander.clips)
            backend.clips[number] = lander.clips[place]
            backend.observations[number] = lander.observations[place]
    return backend


def press(*keys: str) -> Callable[[Any, Backend], None]:
    """Press these keys one after the other."""

    def do(page: Any, backend: Backend) -> None:
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_timeout(120)

    return do


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


def of_kind(**action: Any) -> dict[str, Any]:
    """The words of a task with actions of this kind."""
    return CARTPOLE | {"action": action, "step_seconds": None}


LABEL = [
    State(
        "first-run",
        "First visit",
        "The page says in a few sentences what is asked; the keys and buttons can be"
        " tried, nothing is saved, and Enter begins.",
        {"rows": []},
        press("ArrowLeft"),
        practiced=False,
    ),
    State(
        "question",
        "A question",
        "A short clip has stopped at the moment that is asked about; one key or button"
        " answers, and the next moment is there.",
        {},
        press("ArrowUp", "ArrowLeft", "s", "ArrowUp"),
        dark=True,
    ),
    State(
        "several",
        "Several answers are fine",
        "Shift and a key collects each action that is fine; Enter or Done answers with"
        " all of them.",
        {},
        press("Shift+ArrowLeft", "Shift+ArrowUp"),
    ),
    State(
        "wrong",
        "One action is wrong",
        "After X the frame turns red, and the next key names an action that would be"
        " wrong; X again takes it back.",
        {},
        press("x"),
    ),
    State(
        "consequences",
        "What each action leads to",
        "C replays the moment once for every action, side by side; a click or the"
        " action's key answers from there.",
        {},
        press("c"),
        dark=True,
    ),
    State(
        "back",
        "Looking back",
        "Z goes back through all earlier answers; a new answer counts from now on, the"
        " old one is kept beside it, and Esc returns.",
        {},
        press("ArrowUp", "ArrowLeft", "z", "z"),
    ),
    State(
        "help",
        "Keys and help",
        "The question mark lists every key and what it does.",
        {},
        press("?"),
    ),
    State(
        "instructions",
        "Instructions",
        "H shows what the person who began the run wrote for those who answer.",
        {"instructions": INSTRUCTIONS},
        press("h"),
    ),
    State(
        "settings",
        "Settings",
        "Every key can be changed, single keys can be turned off, and the buttons can"
        " lie under the left or the right hand.",
        {},
        open_settings,
    ),
    State(
        "keys-rest",
        "The keys rest",
        "While a button at the top has the focus, no key answers; a click on the"
        " picture or Esc lets them act again.",
        {},
        focus_help,
    ),
    State(
        "news",
        "News after a round",
        "After each round one sentence says what the answers changed; it waits until it"
        " is dismissed, and answering goes on.",
        {"news": [{"id": 1, "round": 3, "sentence": NEWS}]},
        press("ArrowUp"),
    ),
    State(
        "waiting",
        "Waiting for questions",
        "Everything that was asked is answered; the page says what the run is doing,"
        " and the next questions come by themselves.",
        {"questions": ANSWERED},
    ),
    State(
        "resting",
        "The run is not training",
        "Somebody stopped the run; the answers are saved, and questions come when it"
        " goes on.",
        {"questions": ANSWERED, "training": False},
    ),
    State(
        "fetching",
        "Fetching the next moment",
        "Whoever answers faster than pictures come sees a gray field for a moment; keys"
        " wait for their question, and Esc drops them.",
        {},
        answer_fast,
    ),
    State(
        "saving",
        "Saving",
        "The line at the top says how many answers are on their way; when they are on"
        " the disk it says Saved again.",
        {},
        save_slowly,
    ),
    State(
        "offline",
        "Offline",
        "Without a network the answers are kept in the browser and sent later; one can"
        " go on as long as there are questions.",
        {},
        go_offline,
    ),
    State(
        "lost",
        "The server does not answer",
        "Nothing is left to answer offline; the page tries again by itself and goes on"
        " where it was.",
        {},
        lose_server,
    ),
    State(
        "disk-full",
        "The disk is full",
        "The page shows the server's own sentence with the file and the free space; the"
        " answer is kept in the browser until there is room.",
        {},
        fill_disk,
    ),
    State(
        "signed-out",
        "Signed out",
        "The session ended; the printed address, opened once more, lets the page go on,"
        " and no answer is lost.",
        {},
        expire,
    ),
    State(
        "finished",
        "Finished",
        "The budget is used; the page says thank you and what the answers changed.",
        {
            "phase": "finished",
            "training": False,
            "labels": ANSWERED,
            "news": [{"id": 1, "round": 8, "sentence": NEWS}],
        },
    ),
    State(
        "simulated",
        "A simulated person",
        "Where a program answers instead of a person, the page carries a mark that says"
        " so.",
        {"simulated": True, "who": "simulated:ana"},
    ),
    State(
        "bars",
        "A task without a picture",
        "The numbers that the agent observes take the place of the picture, each with"
        " its name, its unit and a bar.",
        {"pictures": False},
    ),
    State(
        "many",
        "Many choices",
        "With more than ten actions one types the number and Enter, or clicks.",
        {
            "words": of_kind(
                kind="discrete",
                choices=[{"name": n, "keys": [], "place": None} for n in MOVES],
                idle=0,
            ),
            "task": "ALE/Seaquest-v5",
        },
        press("1", "2"),
    ),
    State(
        "rows",
        "Several numbers at once",
        "Each number has a row; a digit chooses in the marked row and goes on to the"
        " next, and Enter answers.",
        {
            "words": of_kind(
                kind="several", counts=[3, 2, 5], names=["steer", "brake", "gear"]
            ),
            "task": "Truck-v0",
            "rows": [],
        },
        press("2", "0"),
    ),
    State(
        "switches",
        "Switches",
        "Each action is a set of switches; a digit or a click turns one on or off, and"
        " Enter answers.",
        {
            "words": of_kind(
                kind="switches",
                count=6,
                names=["inlet", "outlet", "pump", "heater", "stirrer", "alarm"],
            ),
            "task": "Plant-v0",
            "rows": [],
        },
        press("2", "4"),
    ),
    State(
        "numbers",
        "Actions that are real numbers",
        "They are taught by playing; here one can skip a question or report it.",
        {
            "words": of_kind(kind="real", low=[-2], high=[2], names=["torque"]),
            "task": "Pendulum-v1",
            "rows": [],
            "consequences": False,
        },
    ),
]

PLAY = {
    "ready": (
        "Ready",
        "The episode has not begun: the first key of an action begins it, and nothing"
        " is recorded before.",
    ),
    "playing": (
        "Playing",
        "The orange frame says that each step is recorded; held keys act, and the side"
        " shows the return, the steps and the time.",
    ),
    "paused": (
        "Paused",
        "P, a hidden page or a lost connection pauses; nothing is recorded until Space"
        " or an action's key.",
    ),
    "over": (
        "The episode is over",
        "Enter keeps the episode and begins the next; Backspace discards it.",
    ),
    "done": (
        "Done",
        "All episodes are kept; the page says where, the terminal what to type next.",
    ),
    "lost": (
        "The link is lost",
        "The page could not reach the task; nothing is recorded, and it tries again by"
        " itself.",
    ),
    "watching": (
        "Watching",
        "A second page of the same run can look on, and take the controls with one"
        " click.",
    ),
    "help": (
        "Keys and help",
        "The question mark pauses the game and lists every key.",
    ),
    "bars": (
        "A task without a picture",
        "The task is played by its numbers; here each key press is one step.",
    ),
}
PLAY_DARK = {"playing"}


class Camera:
    """Keeps what pages look like, as small pictures, where they are wanted."""

    def __init__(self, wanted: set[str]) -> None:
        self.wanted = wanted

    def wants(self, name: str) -> bool:
        """Whether a state is to be shown at all."""
        return not self.wanted or name in self.wanted

    def shoot(self, page: Any, name: str, ending: str) -> None:
        """Keep a picture of the page under a state's name."""
        if not self.wants(name):
            return
        drawn = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        few = with_few_colors(drawn)
        few.save(PICTURES / f"{name}-{ending}.png", optimize=True)
        print(f"{name}-{ending}", flush=True)


def with_few_colors(drawn: Image.Image) -> Image.Image:
    """A picture with a palette in which small things keep their color too."""
    pixels = np.asarray(drawn).astype(np.int32) @ np.array([65536, 256, 1])
    packed, places, counts = np.unique(pixels, return_inverse=True, return_counts=True)
    colors = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1)
    chosen = [int(np.argmax(counts))]
    apart = np.sum((colors - colors[chosen[0]]) ** 2, axis=1)
    nearest = np.zeros(len(colors), np.uint8)
    while len(chosen) < COLORS and apart.any():
        # The next one is what would be drawn worst, large things first.
        chosen.append(int(np.argmax(apart * np.sqrt(counts))))
        distance = np.sum((colors - colors[chosen[-1]]) ** 2, axis=1)
        nearest[distance < apart] = len(chosen) - 1
        apart = np.minimum(apart, distance)
    few = Image.fromarray(nearest[places].reshape(pixels.shape), "P")
    few.putpalette(colors[chosen].astype(np.uint8).tobytes())
    return few


@contextmanager
def opened(browser: Any, size: str, **options: Any) -> Iterator[Any]:
    """A page of this size, on which no script may fail."""
    failed: list[str] = []
    window = browser.new_context(
        **SIZES[size], **{"reduced_motion": "reduce", **options}
    )
    page = window.new_page()
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    try:
        yield page
    finally:
        window.close()
    assert not failed, failed


def show_label(browser: Any, camera: Camera, lander: Lander) -> None:
    """Take the pictures of the page on which a person answers."""
    for state in LABEL:
        name = f"label-{state.name}"
        if not camera.wants(name):
            continue
        for size in SIZES:
            for scheme in ["light", "dark"] if state.dark else ["light"]:
                backend = backend_of(lander, state.server)
                ending = size if scheme == "light" else f"{size}-{scheme}"
                with (
                    serving(backend) as address,
                    opened(browser, size, color_scheme=scheme) as page,
                ):
                    if state.practiced:
                        kept = "JSON.stringify({practiced: true})"
                        page.add_init_script(
                            f"localStorage['novice.settings'] ??= {kept}"
                        )
                    page.goto(address)
                    page.wait_for_timeout(700)
                    state.do(page, backend)
                    page.wait_for_timeout(600)
                    camera.shoot(page, name, ending)


def show_play(browser: Any, camera: Camera) -> None:
    """Take the pictures of the page on which a person acts."""
    for size in SIZES:
        play_through(browser, camera, size)
        play_until_killed(browser, camera, size)
        play_by_numbers(browser, camera, size)


@contextmanager
def played(task: str, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of `novice play` and its process, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-c", PLAY_COMMAND, "play", task, *options],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(TESTS)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            lines = iter(process.stdout or [])
            found = next(filter(None, (re.search(r"http\S+", line) for line in lines)))
            yield found[0], process
        finally:
            process.kill()
            process.communicate()


def until(page: Any, state: str) -> None:
    """Wait until the page is in this state."""
    page.wait_for_selector(f'body[data-state="{state}"]', timeout=15_000)


def begin(page: Any) -> None:
    """Fall for a while, then brake."""
    page.keyboard.down("ArrowDown")
    until(page, "playing")
    page.wait_for_timeout(700)
    page.keyboard.down("ArrowUp")
    page.keyboard.up("ArrowDown")
    page.wait_for_timeout(150)


def play_through(browser: Any, camera: Camera, size: str) -> None:
    """One episode from its beginning to its end."""
    with (
        played("LunarLander-v3", "--episodes", "1") as (address, _),
        opened(browser, size) as page,
    ):
        page.goto(address)
        until(page, "ready")
        page.wait_for_timeout(600)
        camera.shoot(page, "play-ready", size)
        page.keyboard.press("?")
        page.wait_for_timeout(200)
        camera.shoot(page, "play-help", size)
        page.keyboard.press("Escape")
        begin(page)
        camera.shoot(page, "play-playing", size)
        page.emulate_media(color_scheme="dark")
        page.wait_for_timeout(100)
        camera.shoot(page, "play-playing", f"{size}-dark")
        page.emulate_media(color_scheme="light")
        page.keyboard.up("ArrowUp")
        page.click("#pause")
        until(page, "paused")
        camera.shoot(page, "play-paused", size)
        second = page.context.new_page()
        second.goto(page.url)
        until(second, "watching")
        second.wait_for_timeout(400)
        camera.shoot(second, "play-watching", size)
        second.close()
        page.bring_to_front()
        page.keyboard.down("ArrowLeft")
        until(page, "over")
        page.keyboard.up("ArrowLeft")
        page.wait_for_timeout(400)
        camera.shoot(page, "play-over", size)
        page.keyboard.press("Enter")
        until(page, "done")
        page.wait_for_timeout(200)
        camera.shoot(page, "play-done", size)


def play_until_killed(browser: Any, camera: Camera, size: str) -> None:
    """A server that goes away in the middle of an episode."""
    if not camera.wants("play-lost"):
        return
    with (
        played("LunarLander-v3") as (address, process),
        opened(browser, size) as page,
    ):
        page.goto(address)
        until(page, "ready")
        begin(page)
        process.kill()
        until(page, "lost")
        page.wait_for_timeout(200)
        camera.shoot(page, "play-lost", size)


def play_by_numbers(browser: Any, camera: Camera, size: str) -> None:
    """A task that draws nothing and waits for each key."""
    if not camera.wants("play-bars"):
        return
    with played("Room-v0") as (address, _), opened(browser, size) as page:
        page.goto(address)
        until(page, "ready")
        for _ in range(3):
            page.keyboard.press("Digit1")
            page.wait_for_timeout(100)
        camera.shoot(page, "play-bars", size)


def shown(name: str, title: str, sentence: str, *, dark: bool) -> str:
    """A state's part of docs/pages.md."""
    lines = [f"### {title}", "", textwrap.fill(sentence, 88), "", "<p>"]
    for ending in ["", "-dark"] if dark else [""]:
        shade = ", dark" if ending else ""
        lines += [
            f'<img src="pages/{name}-{size}{ending}.png" width="{width}"'
            f' alt="{title}, {size}{shade}">'
            for size, width in [("wide", 560), ("narrow", 162)]
        ]
    return "\n".join([*lines, "</p>", ""])


def write_page() -> None:
    """Write docs/pages.md."""
    parts = [
        "# The pages for people",
        "",
        "Two pages let a person teach: on one they answer questions about moments that"
        " the\npolicy got into, on the other they act themselves. This is every state"
        " of both, on a\nwide screen and on a phone. Both follow the light or dark"
        " setting of the system; three\nstates are shown both ways.",
        "",
        "The pictures are taken by `.venv/bin/python docs/pictures.py`.",
        "",
        "## Answering",
        "",
        "`novice dagger TASK --expert human` and `novice label RUN` serve this page.",
        "",
        *[
            shown(f"label-{each.name}", each.title, each.sentence, dark=each.dark)
            for each in LABEL
        ],
        "## Playing",
        "",
        "`novice play TASK` serves this page.",
        "",
        *[
            shown(f"play-{name}", title, sentence, dark=name in PLAY_DARK)
            for name, (title, sentence) in PLAY.items()
        ],
    ]
    PAGE.write_text("\n".join(parts).rstrip("\n") + "\n")


def main(wanted: set[str]) -> None:
    """Take the wanted pictures, or all of them."""
    known = {f"label-{state.name}" for state in LABEL} | {f"play-{n}" for n in PLAY}
    if unknown := wanted - known:
        sys.exit(
            f"no such state: {', '.join(sorted(unknown))}; there are {sorted(known)}"
        )
    PICTURES.mkdir(exist_ok=True)
    camera = Camera(wanted)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        if any(name.startswith("label-") for name in wanted or known):
            show_label(browser, camera, landing())
        if any(name.startswith("play-") for name in wanted or known):
            show_play(browser, camera)
        browser.close()
    write_page()
    kept = sum(path.stat().st_size for path in PICTURES.glob("*.png"))
    print(f"{kept / 1e6:.2f} MB of pictures in {PICTURES}")


if __name__ == "__main__":
    main(set(sys.argv[1:]))
