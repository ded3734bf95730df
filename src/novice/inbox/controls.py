"""Find keys and sticks for the actions of a task."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from novice.errors import NoviceError
from novice.inbox.hands import (
    AbstractControls,
    Axis,
    Button,
    Choices,
    Chords,
    Pushes,
    Several,
    Switches,
)

# Keys that mean something else on the page, whatever the task is.
COMMANDS = frozenset(
    {"KeyP", "KeyR", "Backspace", "Enter", "Minus", "Equal", "Escape", "Tab"}
)
# Where a policy drives, this key takes the controls and gives them back.
HANDOVER = "Space"
# A key for less and a key for more, a pair for each number of a real action.
PAIRS = (
    ("ArrowLeft", "ArrowRight"),
    ("ArrowDown", "ArrowUp"),
    ("KeyA", "KeyD"),
    ("KeyS", "KeyW"),
    ("KeyJ", "KeyL"),
    ("KeyK", "KeyI"),
    ("KeyF", "KeyH"),
    ("KeyG", "KeyT"),
)
PLACES = ("left", "right", "down", "up")
# A row of keys for each part of an action of several choices.
ROWS = (
    tuple(f"Digit{number}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 0)),
    ("KeyQ", "KeyW", "KeyE", "KeyT", "KeyY", "KeyU", "KeyI", "KeyO"),
    ("KeyA", "KeyS", "KeyD", "KeyF", "KeyG", "KeyH", "KeyJ", "KeyK", "KeyL"),
    ("KeyZ", "KeyX", "KeyC", "KeyV", "KeyB", "KeyN", "KeyM"),
)
CHORDS = {
    "left": ("ArrowLeft", "KeyA"),
    "right": ("ArrowRight", "KeyD"),
    "up": ("ArrowUp", "KeyW"),
    "down": ("ArrowDown", "KeyS"),
    "fire": ("Space", "KeyX"),
}


class CannotPlayError(NoviceError):
    """There are not enough keys for the task's actions."""


def controls(
    words: Mapping[str, Any], task: str, *, takeover: bool = False
) -> AbstractControls:
    """The keys for a task's actions; raises CannotPlayError when they don't suffice.

    For a `takeover` the key that takes the controls is left out.
    """
    action = words["action"]
    if action["kind"] == "discrete":
        found: AbstractControls = choices(action, task)
    elif action["kind"] == "several":
        found = several(action, task)
    elif action["kind"] == "switches":
        found = switches(action, task)
    else:
        found = pushes(action, task)
    return without_key(found, HANDOVER, task) if takeover else found


def without_key(found: AbstractControls, key: str, task: str) -> AbstractControls:
    """The same buttons, none of which a key presses; raises CannotPlayError."""
    buttons = tuple(
        dataclasses.replace(
            button, keys=tuple(each for each in button.keys if each != key)
        )
        for button in found.buttons
    )
    without = next((button.name for button in buttons if not button.keys), None)
    if without is not None:
        raise CannotPlayError(
            f"{task} has no key for {without!r} but {key}, which takes the controls;"
            " play it without --policy, or give the action another key"
        )
    return dataclasses.replace(found, buttons=buttons)


def choices(action: Mapping[str, Any], task: str) -> AbstractControls:
    """The keys for one of several actions."""
    names = [choice["name"] for choice in action["choices"]]
    meanings = [directions(name) for name in names]
    if len(names) > 4 and None not in meanings and len(set(meanings)) == len(names):
        known = [meaning for meaning in meanings if meaning is not None]
        used = [name for name in CHORDS if any(name in each for each in known)]
        if frozenset() in known:
            buttons = tuple(Button(name, CHORDS[name], name) for name in used)
            return Chords(buttons=buttons, meanings=tuple(known))
    buttons = tuple(
        Button(
            choice["name"],
            tuple(key for key in choice["keys"] if key not in COMMANDS),
            choice.get("place"),
        )
        for choice in action["choices"]
    )
    if any(not button.keys for button in buttons):
        raise CannotPlayError(
            f"{task} has {len(buttons)} actions, for which there are not enough keys;"
            " wrap the task so that it has at most 10"
        )
    return Choices(buttons=buttons, idle=action.get("idle"))


def directions(name: str) -> frozenset[str] | None:
    """The directions in a name such as "up right fire"; None when there is more."""
    plain = re.sub(r"[^a-z]", "", name.lower())
    if plain in ("noop", "nothing", "donothing"):
        return frozenset()
    found = re.fullmatch(r"(up|down)?(left|right)?(fire)?", plain)
    return frozenset(part for part in found.groups() if part) if found else None


def several(action: Mapping[str, Any], task: str) -> Several:
    """The keys for several choices at once."""
    counts, names = action["counts"], action["names"]
    if len(counts) > len(ROWS) or any(
        count > len(row) for count, row in zip(counts, ROWS, strict=False)
    ):
        raise CannotPlayError(
            f"an action of {task} is {len(counts)} choices of {counts}, for which there"
            f" are not enough keys; at most {len(ROWS)} choices of"
            f" {', '.join(str(len(row)) for row in ROWS)} can be played"
        )
    buttons = tuple(
        Button(str(choice), (ROWS[group][choice],), group=group)
        for group, count in enumerate(counts)
        for choice in range(count)
    )
    return Several(buttons=buttons, groups=tuple(names))


def switches(action: Mapping[str, Any], task: str) -> Switches:
    """The keys for several switches."""
    keys, names = ROWS[0], action["names"]
    if action["count"] > len(keys):
        raise CannotPlayError(
            f"an action of {task} is {action['count']} switches, but at most"
            f" {len(keys)} can be played"
        )
    buttons = tuple(
        Button(name, (key,)) for name, key in zip(names, keys, strict=False)
    )
    return Switches(buttons=buttons)


def pushes(action: Mapping[str, Any], task: str) -> Pushes:
    """The keys for real numbers."""
    low = [-1.0 if unbounded(end) else float(end) for end in action["low"]]
    high = [1.0 if unbounded(end) else float(end) for end in action["high"]]
    if len(low) > len(PAIRS):
        raise CannotPlayError(
            f"an action of {task} is {len(low)} numbers, but two hands can hold at most"
            f" {len(PAIRS)}; wrap the task so that it has fewer, or let a controller"
            " act (novice bc)"
        )
    names = tuple(action["names"])
    units = action.get("units") or [""] * len(names)
    buttons, axes = [], []
    for number, (less, more) in enumerate(pairs(names)):
        places = [arrow_place(key) for key in (less, more)]
        for key, sign, place in zip((less, more), "−+", places, strict=True):
            buttons.append(Button(f"{names[number]} {sign}", (key,), place, number))
        rest = min(max(0.0, low[number]), high[number])
        axes.append(
            Axis(
                names[number], low[number], rest, high[number], units[number], places[1]
            )
        )
    return Pushes(
        buttons=tuple(buttons),
        groups=names if len(names) > 1 else (),
        axes=tuple(axes),
    )


def arrow_place(key: str) -> str | None:
    """Where a key lies on the cross of arrow keys, if it is one of them."""
    return PLACES[_ARROWS.index(key)] if key in _ARROWS else None


_ARROWS = ("ArrowLeft", "ArrowRight", "ArrowDown", "ArrowUp")


def pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """A pair of keys for each number; what pushes upwards lies on the upright ones."""
    found = list(PAIRS[: len(names)])
    upright = r"main|throttle|thrust|gas|vertical|up"
    if len(found) > 1 and re.search(upright, names[0].lower()):
        found[:2] = found[1], found[0]
    # A number that grows to the left has its keys the other way round.
    leftwards = [re.search(r"left|counterclockwise", name.lower()) for name in names]
    return [
        (more, less) if leftward and less == "ArrowLeft" else (less, more)
        for (less, more), leftward in zip(found, leftwards, strict=True)
    ]


def unbounded(end: float | int | None) -> bool:
    """Whether a range has no end there."""
    return end is None or not np.isfinite(end)
