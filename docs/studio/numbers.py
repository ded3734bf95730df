"""The states of the page where actions are numbers."""

from typing import Any

from inbox.fake_label_server import Backend
from studio.labeling import LabelState, answers, of_numbers, press
from studio.lander import NUMBERS

LANDER = {"task": NUMBERS, "policy": [0.42, -0.3]}
WALKER = ["hip 1", "knee 1", "hip 2", "knee 2"]
ROBOT = [
    f"{side} {joint}"
    for side in ("left", "right")
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
]
# A gamepad that lies still.
STICK = """
  const stick = {index: 0, id: "Wireless Controller (Vendor: 054c)", connected: true,
                 axes: [0, 0, 0, 0], buttons: [{pressed: false}, {pressed: false}]};
  Object.defineProperty(navigator, "getGamepads", {value: () => [null, stick]});
  Document.prototype.hasFocus = () => true;
"""
CHOSEN = ["Shift+ArrowUp", "Shift+ArrowUp", "ArrowDown", "ArrowRight", "ArrowRight"]


def named(task: str, *names: str, **action: Any) -> dict[str, Any]:
    """A task with numbers of these names, of which some are answered."""
    said = [[round(0.1 * (n + k) % 0.7, 1) for n in range(len(names))] for k in (0, 3)]
    return {
        "words": of_numbers(*names, **action),
        "task": task,
        "rows": answers(said, 24),
        "consequences": False,
    }


def change_keys(page: Any, backend: Backend) -> None:
    """Give zero another key, and try one that is taken."""
    page.click("#settings")
    page.click("button[aria-label^='Key of Zero:']")
    page.keyboard.press("n")
    page.click("button[aria-label^='Key of My previous answer:']")
    page.keyboard.press("z")


def stick_settings(page: Any, backend: Backend) -> None:
    """Open the settings where a gamepad is connected."""
    page.click("#settings")


NUMBERED = [
    LabelState(
        name="label-numbers",
        title="Two numbers",
        sentence=(
            "One point in a plane is two numbers at once: arrows, the mouse or a finger"
            " move it, and Enter answers. Each number has a slider and an exact field"
            " too, and an arrow over the picture draws what was chosen."
        ),
        server=LANDER,
        do=press(*CHOSEN),
        dark=True,
        side=True,
    ),
    LabelState(
        name="label-one-number",
        title="One number",
        sentence="A single number is a slider with its range and its unit.",
        server=named("Pendulum-v1", "torque", low=[-2], high=[2], units=["N m"]),
        do=press("Shift+ArrowRight", "ArrowRight"),
    ),
    LabelState(
        name="label-four-numbers",
        title="Four numbers",
        sentence=(
            "Four numbers are two planes; the bracket keys and Tab go from one to the"
            " next."
        ),
        server=named("BipedalWalker-v3", *WALKER),
        do=press("Shift+ArrowRight", "ArrowUp", "]", "Shift+ArrowLeft"),
    ),
    LabelState(
        name="label-many-numbers",
        title="Many numbers",
        sentence="More numbers are a list of sliders, each with its name.",
        server=named("Robot-v0", *ROBOT),
        do=press("Shift+ArrowRight", "]", "Shift+ArrowLeft"),
    ),
    LabelState(
        name="label-unknown",
        title="Partly known",
        sentence=(
            "K, or the tick beside its name, says that a number is not known; it is"
            " left out of the lesson, and only the others are learned from."
        ),
        server=LANDER,
        do=press("ArrowRight", "ArrowRight", "]", "k"),
    ),
    LabelState(
        name="label-number-consequences",
        title="What some numbers lead to",
        sentence=(
            "C replays the moment with what the policy did and with each number at its"
            " ends; a click answers from there."
        ),
        server=LANDER,
        do=press("c"),
    ),
    LabelState(
        name="label-number-back",
        title="Looking back at numbers",
        sentence=(
            "Z shows the numbers that were given at an earlier moment; they can be"
            " moved and answered anew."
        ),
        server=LANDER,
        do=press("ArrowUp", "Enter", "ArrowLeft", "Enter", "z", "z"),
    ),
    LabelState(
        name="label-number-bars",
        title="Numbers without a picture",
        sentence=(
            "Where a task draws nothing, what the agent observes takes the place of the"
            " picture, and there is no arrow."
        ),
        server={**LANDER, "pictures": False},
        do=press(*CHOSEN),
    ),
    LabelState(
        name="label-number-help",
        title="Keys for numbers",
        sentence="The question mark lists the keys that move and fill in numbers.",
        server={**LANDER, "every": 4},
        do=press("?"),
    ),
    LabelState(
        name="label-number-settings",
        title="Keys of one's own",
        sentence=(
            "Every key can be moved to another; one that means something else already"
            " is refused with its meaning, and all can be put back."
        ),
        server=LANDER,
        do=change_keys,
    ),
    LabelState(
        name="label-gamepad",
        title="A gamepad",
        sentence=(
            "The settings say which gamepad is connected and what it does, or why there"
            " is none."
        ),
        server=LANDER,
        do=stick_settings,
        script=STICK,
    ),
]
