"""What the keys and sticks that a person holds do in a task."""

import abc
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Num

from novice.inbox.wishes import Axes

# Keys by their places on the keyboard, the latest pressed last.
Keys = Sequence[str]
# An action, None where nothing was chosen yet.
Chosen = Num[np.ndarray, " actions"] | None
# While one of these is held, a real action is a third as strong.
GENTLY = ("ShiftLeft", "ShiftRight")


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


@dataclass(frozen=True)
class Axis:
    """A real number that a stick or a slider moves, as well as two keys.

    Pushed by -1, 0 and 1 it is `low`, `rest` and `high`. `place` is where a stick is
    pushed for more of it (left, right, up or down), if anywhere.
    """

    name: str
    low: float
    rest: float
    high: float
    unit: str = ""
    place: str | None = None

    def at(self, push: float) -> float:
        """The number of a push."""
        end = self.high if push > 0 else self.low
        return self.rest + abs(push) * (end - self.rest)

    def as_json(self) -> dict[str, Any]:
        """The axis as the page reads it."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, kw_only=True)
class AbstractControls(abc.ABC):
    """The buttons of a task, and what holding them does."""

    buttons: tuple[Button, ...]
    # What stands over each group of buttons; a single group needs no heading.
    groups: tuple[str, ...] = ()
    # What sticks and sliders move, the numbers of an action in their order.
    axes: tuple[Axis, ...] = ()

    @abc.abstractmethod
    def action(self, held: Keys, last: Chosen, pushed: Axes = ()) -> Chosen:
        """The action of the keys `held`, the latest pressed last, and of the axes.

        `last` is the action before. None when nothing was chosen yet and the task has
        no way of doing nothing.
        """

    def held_buttons(self, held: Keys) -> list[int]:
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

    def action(self, held: Keys, last: Chosen, pushed: Axes = ()) -> Chosen:
        down = self.held_buttons(held)
        if down:
            return np.array([down[-1]], np.int32)
        return last if self.idle is None else np.array([self.idle], np.int32)


@dataclass(frozen=True, kw_only=True)
class Chords(AbstractControls):
    """Actions that are directions together, such as an Atari joystick's."""

    meanings: tuple[frozenset[str], ...]  # the directions of each action

    def action(self, held: Keys, last: Chosen, pushed: Axes = ()) -> Chosen:
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

    def action(self, held: Keys, last: Chosen, pushed: Axes = ()) -> Chosen:
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

    def action(self, held: Keys, last: Chosen, pushed: Axes = ()) -> Chosen:
        switched = np.zeros(len(self.buttons), np.int32)
        switched[self.held_buttons(held)] = 1
        return switched


@dataclass(frozen=True, kw_only=True)
class Pushes(AbstractControls):
    """Real numbers: a key for less and a key for more of each, or an axis."""

    def action(self, held: Keys, last: Chosen, pushed: Axes = ()) -> Chosen:
        strength = 1 / 3 if any(key in held for key in GENTLY) else 1.0
        numbers = [axis.rest for axis in self.axes]
        for number in self.held_buttons(held):
            group = self.buttons[number].group
            numbers[group] = self.axes[group].at(strength if number % 2 else -strength)
        # Whoever touches a stick means the stick.
        for group, push in enumerate(pushed[: len(self.axes)]):
            if push is not None:
                numbers[group] = self.axes[group].at(push)
        return np.array(numbers, np.float32)
