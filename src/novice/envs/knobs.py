"""Know what can be other than usual in a task, and with which values."""

import inspect
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces

from novice.envs.task import Task
from novice.errors import NoviceError

Kind = Literal[
    "argument",
    "attribute",
    "factor",
    "observation_noise",
    "action_noise",
    "observation_delay",
    "action_delay",
]

# The physics of Gymnasium's classic tasks that no argument sets. Nothing else of these
# classes is derived from them, but for what `_derive` renews.
_PHYSICS: Mapping[str, tuple[str, ...]] = {
    "CartPoleEnv": ("gravity", "masscart", "masspole", "length", "force_mag", "tau"),
    "PendulumEnv": ("m", "l", "dt"),
    "MountainCarEnv": ("force", "gravity"),
    "Continuous_MountainCarEnv": ("power",),
    "AcrobotEnv": (
        *("LINK_LENGTH_1", "LINK_LENGTH_2", "LINK_MASS_1", "LINK_MASS_2"),
        *("LINK_COM_POS_1", "LINK_COM_POS_2", "LINK_MOI", "dt", "torque_noise_max"),
    ),
}
# What MuJoCo's models can be scaled by, and the arrays that a factor goes to.
FACTORS: Mapping[str, tuple[str, ...]] = {
    "friction": ("geom_friction", "pair_friction"),
    "gravity": ("opt.gravity",),
    "mass": ("body_mass", "body_inertia"),
    "damping": ("dof_damping",),
    "strength": ("actuator_gear",),
}
# Arguments that do nothing unless another one has this value.
_SWITCHES: Mapping[str, tuple[str, Any]] = {
    "wind_power": ("enable_wind", True),
    "turbulence_power": ("enable_wind", True),
}
LONGEST_DELAY = 100  # steps


class CannotVaryError(NoviceError):
    """The task has nothing of this name to vary, or not with this value."""


@dataclass(frozen=True)
class Knob:
    """Something about a task that can be other than usual.

    `usual` is what it is in the task itself; `unit` says what its values mean.
    """

    name: str
    kind: Kind
    usual: Any
    unit: str


def knobs(task: Task) -> dict[str, Knob]:
    """Everything that can be varied in a task, by name.

    Of an argument and an attribute of the same name, the argument counts.
    """
    environment = task.make()
    try:
        groups = (
            _arguments(environment, task),
            _attributes(environment),
            _factors(environment),
            _noises_and_delays(task),
        )
    finally:
        environment.close()
    found: dict[str, Knob] = {}
    for knob in itertools.chain(*groups):
        found.setdefault(knob.name, knob)
    return found


def _arguments(environment: gymnasium.Env, task: Task) -> list[Knob]:
    """The keyword arguments that the task's class names, and those it was given."""
    given = dict(environment.spec.kwargs) if environment.spec else {}
    given |= task.kwargs
    named = inspect.signature(type(environment.unwrapped).__init__).parameters.values()
    usual = {
        each.name: each.default
        for each in named
        if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
        and each.default is not each.empty
    }
    return [
        Knob(name, "argument", value, "the task's own argument")
        for name, value in {**usual, **given}.items()
        if name != "render_mode" and _is_plain(value)
    ]


def _is_plain(value: Any) -> bool:
    """Whether a value can be typed: a number, a word, yes or no, or a list of these."""
    if isinstance(value, list | tuple):
        return all(_is_plain(each) for each in value)
    return isinstance(value, bool | int | float | str)


def _attributes(environment: gymnasium.Env) -> list[Knob]:
    """The numbers that physics is computed from, where no argument sets them."""
    inner: Any = environment.unwrapped
    kind = type(inner)
    if kind.__module__.startswith("gymnasium."):
        names = _PHYSICS.get(kind.__name__, ())
        unit = "the task's physics, in its own units"
    else:
        names = tuple(name for name in vars(inner) if not name.startswith("_"))
        unit = "set once the task is made; what it derived before stays as it was"
    values = {name: getattr(inner, name) for name in names}
    return [
        Knob(name, "attribute", value, unit)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]


def _factors(environment: gymnasium.Env) -> list[Knob]:
    """What a MuJoCo model can be scaled by."""
    model = getattr(environment.unwrapped, "model", None)
    if type(model).__module__.partition(".")[0] != "mujoco":
        return []
    return [Knob(name, "factor", 1.0, "times the model's own") for name in FACTORS]


def _noises_and_delays(task: Task) -> list[Knob]:
    """What can happen between any task and whoever acts in it."""
    what = "half-ranges, normally distributed"
    if task.bounds is None:
        what = "probability that a random action is done instead"
    found = [
        Knob("action_noise", "action_noise", 0.0, what),
        Knob("action_delay", "action_delay", 0, "steps until an action is done"),
        Knob("observation_delay", "observation_delay", 0, "steps behind the task"),
    ]
    if task.picture is not None or _is_real(task.observation_space):
        spread = "standard deviations of each number, normally distributed"
        found.insert(0, Knob("observation_noise", "observation_noise", 0.0, spread))
    return found


def _is_real(space: spaces.Space) -> bool:
    """Whether observations are real numbers, which noise can be added to."""
    return isinstance(space, spaces.Box) and np.issubdtype(space.dtype, np.floating)


def knob_called(task: Task, name: str) -> Knob:
    """What is called `name`; raises CannotVaryError that lists what there is."""
    found = knobs(task)
    if name not in found:
        raise CannotVaryError(
            f"{task.id} has no {name} to vary; it has {', '.join(found)}"
        )
    return found[name]


def check_value(task: Task, knob: Knob, value: Any) -> None:
    """Raise CannotVaryError unless the knob can be turned to this value."""
    name, number = knob.name, not isinstance(value, bool | str | list)
    if knob.kind == "argument":
        other, needed = _SWITCHES.get(name, (name, None))
        if other != name and task.kwargs.get(other) != needed:
            raise CannotVaryError(
                f"{name} does nothing in {task.id} unless {other} is on; add"
                f" --task-argument {other}=true"
            )
    elif not number or not np.isfinite(value):
        raise CannotVaryError(f"{name} is varied in numbers, but {value!r} is none")
    elif knob.kind in ("observation_delay", "action_delay"):
        if value != int(value) or not 0 <= value <= LONGEST_DELAY:
            raise CannotVaryError(
                f"{name} is {value}, but a delay is a whole number of steps, 0 to"
                f" {LONGEST_DELAY}"
            )
    elif knob.kind == "action_noise" and task.bounds is None:
        if not 0 <= value <= 1:
            raise CannotVaryError(
                f"{name} is {value}, but in {task.id} it is the probability of a"
                " random action, 0 to 1"
            )
    elif knob.kind in ("observation_noise", "action_noise") and value < 0:
        raise CannotVaryError(f"{name} is {value}, but noise is 0 or more")
    elif knob.kind == "factor" and not (value > 0 or name == "gravity"):
        raise CannotVaryError(f"{name} is {value}, but a factor is greater than 0")
