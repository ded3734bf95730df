"""Turn the keys that a person holds into an action of the task."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Num

from novice.errors import NoviceError

# Keys that mean something else on the page, whatever the task is.
COMMANDS = frozenset(
    {"KeyP", "KeyR", "Backspace", "Enter", "Minus", "Equal", "Escape", "Tab"}
)
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
# While one of these is held, a real action is a third as strong.
GENTLY = ("ShiftLeft", "ShiftRight")
CHORDS = {
    "left": ("ArrowLeft", "KeyA"),
    "right": ("ArrowRight", "KeyD"),
    "up": ("ArrowUp", "KeyW"),
    "down": ("ArrowDown", "KeyS"),
    "fire": ("Space",),
}


class CannotPlayError(NoviceError):
    """There are not enough keys for the task's actions."""


@dataclass(frozen=True)
class Button:
    """One thing that a key does: on a keyboard any of `keys`, on a screen the button.

    `place` is where it lies on a cross (left, right, up, down, fire), if anywhere, and
    `group` the number of the part of the action that it is about.
    """

    name: str
    keys: tuple[str, ...]
    place: str | None = None
    group: int = 0

    def as_json(self) -> dict[str, Any]:
        """The button as the page draws it."""
        return {
            "name": self.name,
            "keys": list(self.keys),
            "place": self.place,
            "group": self.group,
        }


@dataclass(frozen=True, kw_only=True)
class AbstractControls:
    """The buttons of a task, and what holding them does."""

    buttons: tuple[Button, ...]
    # What stands over each group of buttons; a single group needs no heading.
    groups: tuple[str, ...] = ()

    def action(
        self, held: Sequence[str], last: Num[np.ndarray, " actions"] | None
    ) -> Num[np.ndarray, " actions"] | None:
        """The action of the keys `held`, the latest pressed last.

        `last` is the action before. None when nothing was chosen yet and the task has
        no way of doing nothing.
        """
        raise NotImplementedError

    def held_buttons(self, held: Sequence[str]) -> list[int]:
        """The buttons that are held, in the order in which they were pressed."""
        places = {
            key: number
            for number, button in enumerate(self.buttons)
            for key in button.keys
        }
        return [places[key] for key in held if key in places]


@dataclass(frozen=True, kw_only=True)
class Choices(AbstractControls):
    """One of several actions: the latest pressed wins."""

    idle: int | None

    def action(
        self, held: Sequence[str], last: Num[np.ndarray, " actions"] | None
    ) -> Num[np.ndarray, " actions"] | None:
        down = self.held_buttons(held)
        if down:
            return np.array([down[-1]], np.int32)
        return last if self.idle is None else np.array([self.idle], np.int32)


@dataclass(frozen=True, kw_only=True)
class Chords(AbstractControls):
    """Actions that are directions together, such as an Atari joystick's."""

    meanings: tuple[frozenset[str], ...]  # the directions of each action

    def action(
        self, held: Sequence[str], last: Num[np.ndarray, " actions"] | None
    ) -> Num[np.ndarray, " actions"] | None:
        directions: list[str] = []
        for number in self.held_buttons(held):
            name = self.buttons[number].name
            against = {"left": "right", "right": "left", "up": "down", "down": "up"}
            directions = [d for d in directions if d != against.get(name)] + [name]
        while frozenset(directions) not in self.meanings:
            del directions[0]
        return np.array([self.meanings.index(frozenset(directions))], np.int32)


@dataclass(frozen=True, kw_only=True)
class Several(AbstractControls):
    """Several choices at once: a group of buttons each, of which the latest wins."""

    def action(
        self, held: Sequence[str], last: Num[np.ndarray, " actions"] | None
    ) -> Num[np.ndarray, " actions"] | None:
        chosen = (
            np.zeros(len(self.groups), np.int32) if last is None else np.array(last)
        )
        for number in self.held_buttons(held):
            group = self.buttons[number].group
            first = next(
                place for place, b in enumerate(self.buttons) if b.group == group
            )
            chosen[group] = number - first
        return chosen


@dataclass(frozen=True, kw_only=True)
class Switches(AbstractControls):
    """Several switches: on while they are held."""

    def action(
        self, held: Sequence[str], last: Num[np.ndarray, " actions"] | None
    ) -> Num[np.ndarray, " actions"] | None:
        switched = np.zeros(len(self.buttons), np.int32)
        switched[self.held_buttons(held)] = 1
        return switched


@dataclass(frozen=True, kw_only=True)
class Pushes(AbstractControls):
    """Real numbers: a key for less and a key for more of each."""

    low: tuple[float, ...]
    rest: tuple[float, ...]
    high: tuple[float, ...]

    def action(
        self, held: Sequence[str], last: Num[np.ndarray, " actions"] | None
    ) -> Num[np.ndarray, " actions"] | None:
        strength = 1 / 3 if any(key in held for key in GENTLY) else 1.0
        pushed = np.array(self.rest)
        for number in self.held_buttons(held):
            group = self.buttons[number].group
            end = (self.high if number % 2 else self.low)[group]
            pushed[group] = self.rest[group] + strength * (end - self.rest[group])
        return pushed.astype(np.float32)


def controls(words: Mapping[str, Any], task: str) -> AbstractControls:
    """The keys for a task's actions; raises CannotPlayError when they don't suffice."""
    action = words["action"]
    if action["kind"] == "discrete":
        return choices(action, task)
    if action["kind"] == "several":
        return several(action, task)
    if action["kind"] == "switches":
        return switches(action, task)
    return pushes(action, task)


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
    buttons = []
    for number, pair in enumerate(pairs(names)):
        for key, sign in zip(pair, "−+", strict=True):
            place = PLACES[_ARROWS.index(key)] if key in _ARROWS else None
            buttons.append(Button(f"{names[number]} {sign}", (key,), place, number))
    rest = [min(max(0.0, a), b) for a, b in zip(low, high, strict=True)]
    return Pushes(
        buttons=tuple(buttons),
        groups=names if len(names) > 1 else (),
        low=tuple(low),
        rest=tuple(rest),
        high=tuple(high),
    )


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
