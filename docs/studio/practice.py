"""The states of the five examples that a first visit begins with."""

from studio.labeling import Do, LabelState, press
from studio.lander import NUMBERS


def lesson(*keys: str) -> Do:
    """Go into the examples, and press these keys there."""
    return press("Enter", *keys)


PRACTICE = [
    LabelState(
        name="label-practice-1",
        title="Example 1: one answer",
        sentence="The first example asks for one key; a wrong one is explained.",
        server={"rows": []},
        do=lesson("ArrowRight"),
        practiced=False,
    ),
    LabelState(
        name="label-practice-2",
        title="Example 2: several answers",
        sentence="Two flags are as near, so both ways are fine, and both are said.",
        server={"rows": []},
        do=lesson("ArrowLeft", "Enter", "Shift+ArrowLeft"),
        practiced=False,
    ),
    LabelState(
        name="label-practice-3",
        title="Example 3: nobody can tell",
        sentence="Fog hides the flag; the honest answer has a key of its own.",
        server={"rows": []},
        do=lesson("ArrowLeft", "Enter", "Shift+ArrowLeft", "ArrowRight", "Enter", "u"),
        practiced=False,
    ),
    LabelState(
        name="label-practice-4",
        title="Example 4: going back",
        sentence="A slip is mended by going back to it.",
        server={"rows": []},
        do=lesson(
            "ArrowLeft",
            *["Enter", "Shift+ArrowLeft", "ArrowRight"],
            *["Enter", "u", "Enter"],
        ),
        practiced=False,
    ),
    LabelState(
        name="label-practice-5",
        title="Example 5: a run of frames",
        sentence=(
            "Two marked frames fill in those between them; Enter begins with the real"
            " questions."
        ),
        server={"rows": []},
        do=lesson(
            "ArrowLeft",
            *["Enter", "Shift+ArrowLeft", "ArrowRight"],
            *["Enter", "u", "Enter", "z", "Enter", "g"],
        ),
        practiced=False,
    ),
    LabelState(
        name="label-practice-numbers-1",
        title="Example 1 for numbers",
        sentence="Where actions are numbers, the first example asks to move a point.",
        server={"task": NUMBERS, "rows": []},
        do=lesson("Shift+ArrowRight", "ArrowRight", "Enter"),
        practiced=False,
    ),
    LabelState(
        name="label-practice-numbers-2",
        title="Example 2 for numbers",
        sentence="The second one asks to leave open what cannot be known.",
        server={"task": NUMBERS, "rows": []},
        do=lesson(
            *["Shift+ArrowRight", "Enter", "Enter"],
            *["]", "Shift+ArrowLeft", "]", "k"],
        ),
        practiced=False,
    ),
]
