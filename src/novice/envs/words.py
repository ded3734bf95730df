"""Say in a person's words what a task shows and what can be done in it."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from novice.envs.actions import center_and_half_range
from novice.envs.joints import joints_driven, joints_seen, units_driven
from novice.envs.phrases import KNOWN, Bar, Choice, Phrases
from novice.envs.pictures import step_seconds
from novice.envs.places import idle_of, with_keys, with_places
from novice.envs.task import Task
from novice.errors import NoviceError

# An observation of more numbers than this is not shown as bars.
MOST_BARS = 600
# What lies beyond this is not a bound, but somebody's way to write infinity.
LARGEST_BOUND = 1e6
# How far a number goes that has no bounds.
USUAL_REACH = 10.0


class BadNamesError(NoviceError):
    """A task names more or fewer things than it has."""


def words(task: Task) -> dict[str, Any]:
    """What the pages call a task's numbers and actions, as JSON.

    A task's own `observation_names`, `observation_units`, `action_names` and
    `action_units` (attributes or metadata) come first, then what is known about it. An
    observation of very many numbers, such as a picture, has no bars. Raises
    BadNamesError.
    """
    environment = task.make()
    try:
        phrases = _phrases(task, environment)
        return {
            "observation": [bar._asdict() for bar in phrases.bars],
            "action": _action(task, phrases),
            "step_seconds": None if _is_in_turns(environment) else _length(environment),
        }
    finally:
        environment.close()


def _is_in_turns(environment: gymnasium.Env) -> bool:
    """Whether nothing happens until somebody acts."""
    module = type(environment.unwrapped).__module__
    return module.startswith("gymnasium.envs.toy_text")


def _length(environment: gymnasium.Env) -> float | None:
    seconds = step_seconds(environment)
    return None if seconds is None else round(seconds, 6)


def _phrases(task: Task, environment: gymnasium.Env) -> Phrases:
    """What is said about the task: its own words, or known ones, or general ones."""
    known = KNOWN.get(_family(task), Phrases())
    count = int(spaces.flatdim(task.observation_space))
    if not known.bars or len(known.bars) != count:
        known = known._replace(bars=_general_bars(task, environment, count))
    bars = _renamed(task, environment, known.bars, count)
    meanings = _own_actions(task, environment)
    units = _own_units(task, environment) or known.units
    units = units or units_driven(environment, _action_count(task))
    if meanings:
        choices = [Choice(name) for name in meanings]
        return Phrases(bars, with_places(choices), idle_of(choices), meanings, units)
    numbers = known.numbers or joints_driven(environment, _action_count(task))
    return known._replace(bars=bars, numbers=numbers, units=units)


def _family(task: Task) -> str:
    """The task's id without module and version."""
    name = task.id.split(":")[-1].split("/")[-1]
    return name.rpartition("-v")[0] or name


def _own(environment: gymnasium.Env, name: str) -> list[str] | None:
    """What the task itself says under this name, as texts."""
    said = getattr(environment.unwrapped, name, None)
    if said is None:
        said = environment.metadata.get(name)
    return None if said is None else [str(each) for each in said]


def _renamed(
    task: Task, environment: gymnasium.Env, bars: Sequence[Bar], count: int
) -> list[Bar]:
    """The bars with the names and units that the task gives them."""
    names = _own(environment, "observation_names")
    units = _own(environment, "observation_units")
    for what, said in (("observation_names", names), ("observation_units", units)):
        if said is not None and len(said) != count:
            raise BadNamesError(
                f"the {what} of {task.id} are {len(said)}, but an observation has"
                f" {count} numbers; give one for each"
            )
    if not bars:
        return []
    names = names or [bar.name for bar in bars]
    units = units or [bar.unit for bar in bars]
    return [
        bar._replace(name=name, unit=unit)
        for bar, name, unit in zip(bars, names, units, strict=True)
    ]


def _own_actions(task: Task, environment: gymnasium.Env) -> list[str]:
    """The names that the task gives its actions; none where it gives none."""
    names = _own(environment, "action_names")
    ask = getattr(environment.unwrapped, "get_action_meanings", None)
    if names is None and callable(ask):
        names = [str(name) for name in ask()]
    count = _action_count(task)
    if names is not None and len(names) != count:
        raise BadNamesError(
            f"the action_names of {task.id} are {len(names)}, but its actions are"
            f" {task.action_space}; give {count}"
        )
    return names or []


def _own_units(task: Task, environment: gymnasium.Env) -> list[str]:
    """The units that the task gives its actions; none where it gives none."""
    units = _own(environment, "action_units") or []
    if units and len(units) != _action_count(task):
        raise BadNamesError(
            f"the action_units of {task.id} are {len(units)}, but its actions are"
            f" {task.action_space}; give {_action_count(task)}"
        )
    return units


def _action_count(task: Task) -> int:
    """How many choices there are, or how many parts an action has."""
    if isinstance(task.action_space, spaces.Discrete):
        return int(task.action_space.n)
    return int(np.prod(task.action_space.shape or ()))


def _general_bars(task: Task, environment: gymnasium.Env, count: int) -> list[Bar]:
    """A bar for each number, by where it stands in the observation."""
    if count > MOST_BARS or task.picture is not None:
        return []
    bars = _bars_of(task.observation_space, "")
    joints = joints_seen(environment)
    return joints if len(joints) == count else bars


def _bars_of(space: spaces.Space[Any], name: str) -> list[Bar]:
    """The bars of a space, in the order in which it is flattened."""
    within = f"{name} " if name else ""
    if isinstance(space, spaces.Dict):
        each = [_bars_of(part, f"{within}{key}") for key, part in space.items()]
        return [bar for bars in each for bar in bars]
    if isinstance(space, spaces.Tuple):
        each = [_bars_of(part, f"{within}part {i}") for i, part in enumerate(space)]
        return [bar for bars in each for bar in bars]
    if isinstance(space, spaces.Box):
        low, high = space.low.ravel().tolist(), space.high.ravel().tolist()
        ends = [within_reach(*both) for both in zip(low, high, strict=True)]
        alone = name if len(ends) == 1 and name else ""
        return [
            Bar(alone or f"{name or 'number'} {i}", "", *both)
            for i, both in enumerate(ends)
        ]
    if isinstance(space, spaces.Discrete):
        first = int(space.start)
        names = [f"{name or 'state'} {first + i}" for i in range(int(space.n))]
        return [Bar(each, "", 0, 1) for each in names]
    count = int(spaces.flatdim(space))
    return [Bar(f"{name or 'number'} {i}", "", 0, 1) for i in range(count)]


def within_reach(low: float, high: float) -> tuple[float, float]:
    """The bounds of a bar: finite ones, whatever the task says."""
    low_bounded, high_bounded = abs(low) < LARGEST_BOUND, abs(high) < LARGEST_BOUND
    if not low_bounded:
        low = min(-USUAL_REACH, high - USUAL_REACH) if high_bounded else -USUAL_REACH
    if not high_bounded:
        high = max(USUAL_REACH, low + USUAL_REACH)
    return float(low), float(high)


def _action(task: Task, phrases: Phrases) -> dict[str, Any]:
    """What there is to do, in the form that the space has."""
    space: Any = task.action_space
    names = [*phrases.numbers]
    if isinstance(space, spaces.Discrete):
        count = int(space.n)
        first = int(space.start)
        choices = [*phrases.choices]
        if len(choices) != count:
            choices = [Choice(f"action {first + i}") for i in range(count)]
            phrases = phrases._replace(idle=None)
        return {
            "kind": "discrete",
            "choices": with_keys(choices),
            "idle": phrases.idle,
        }
    width = _action_count(task)
    if len(names) != width:
        names = [f"part {i + 1}" for i in range(width)]
    if isinstance(space, spaces.MultiDiscrete):
        counts = [int(count) for count in space.nvec.ravel()]
        return {"kind": "several", "counts": counts, "names": names}
    if isinstance(space, spaces.MultiBinary):
        return {"kind": "switches", "count": width, "names": names}
    center, half_range = center_and_half_range(space)
    units = [*phrases.units]
    ends = zip(space.low.ravel().tolist(), space.high.ravel().tolist(), strict=True)
    low, high = zip(*(within_steps(*both) for both in ends), strict=True)
    return {
        "kind": "real",
        "low": list(low),
        "high": list(high),
        "names": names,
        "units": units if len(units) == width else [""] * width,
        "center": list(center),
        "half_range": list(half_range),
    }


def within_steps(low: float, high: float) -> tuple[float, float]:
    """The bounds of a real action: finite ones, one from 0 where the task has none."""
    low_bounded, high_bounded = abs(low) < LARGEST_BOUND, abs(high) < LARGEST_BOUND
    if not low_bounded:
        low = min(-1.0, high - 2.0) if high_bounded else -1.0
    if not high_bounded:
        high = max(1.0, low + 2.0)
    return float(low), float(high)
