"""Open a task in which one thing is other than usual.

What is other happens inside the environment, so whoever acts in it meets the same
change. Its chance comes from the episode's seed and not from what is done: with the
same seed everybody gets the same noise at the same step.
"""

import dataclasses
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gymnasium
import numpy as np
from jaxtyping import Float

from novice.envs.knobs import FACTORS, CannotVaryError, Kind, Knob, check_value
from novice.envs.opening import open_environment
from novice.envs.task import Task
from novice.types import Trajectories


def spread_of(trajectories: Trajectories) -> Float[np.ndarray, " obs"]:
    """The standard deviation of each number of the observations in these episodes."""
    valid = np.asarray(trajectories.valid)
    seen = np.asarray(trajectories.observation, np.float64)[:, :-1][valid]
    return seen.std(axis=0)


def perturbed(
    task: Task,
    knob: Knob,
    value: Any,
    *,
    spread: Float[np.ndarray, " obs"] | None = None,
) -> Task:
    """The same task with one thing other than usual.

    Noise in observations comes in units of `spread`. Raises CannotVaryError where the
    task does not take the value, or would be another task with it.
    """
    check_value(task, knob, value)
    if knob.kind == "argument":
        changed = dataclasses.replace(task, kwargs={**task.kwargs, knob.name: value})
        _check_same_spaces(changed)
        return changed
    same = {each.name: getattr(task, each.name) for each in dataclasses.fields(task)}
    return PerturbedTask(**same, knob=knob, value=value, spread=spread)


def _check_same_spaces(task: Task) -> None:
    """Raise CannotVaryError where arguments changed what is seen or done."""
    environment = open_environment(task.id, task.kwargs)
    seen, done = environment.observation_space, environment.action_space
    environment.close()
    if seen.shape != task.observation_space.shape or done != task.action_space:
        raise CannotVaryError(
            f"with {dict(task.kwargs)} {task.id} shows {seen} and takes {done}, but the"
            f" policies know {task.observation_space} and {task.action_space}"
        )


@dataclass(frozen=True, eq=False)
class PerturbedTask(Task):
    """A task whose environments are changed once they are made."""

    knob: Knob = field(kw_only=True)
    value: Any = field(kw_only=True)
    spread: np.ndarray | None = field(repr=False, kw_only=True, default=None)

    def make(self, render_mode: str | None = None) -> gymnasium.Env:
        return _CHANGES[self.knob.kind](Task.make(self, render_mode), self)


def _with_attribute(environment: gymnasium.Env, task: PerturbedTask) -> gymnasium.Env:
    setattr(environment.unwrapped, task.knob.name, task.value)
    derive(environment.unwrapped)
    return environment


def derive(inner: Any) -> None:
    """Renew what Gymnasium's classic tasks computed when they were made."""
    kind = type(inner)
    if kind.__module__.startswith("gymnasium.") and kind.__name__ == "CartPoleEnv":
        inner.total_mass = inner.masspole + inner.masscart
        inner.polemass_length = inner.masspole * inner.length


def _with_factor(environment: gymnasium.Env, task: PerturbedTask) -> gymnasium.Env:
    import mujoco

    inner: Any = environment.unwrapped
    for path in FACTORS[task.knob.name]:
        holder, _, name = path.rpartition(".")
        owner = getattr(inner.model, holder) if holder else inner.model
        getattr(owner, name)[:] *= task.value
    mujoco.mj_setConst(inner.model, inner.data)
    return environment


class NoisySenses(gymnasium.Wrapper):
    """Shows every number of an observation with normal noise of its own spread.

    A picture gets it where a policy sees it, after it is shrunk.
    """

    def __init__(
        self, environment: gymnasium.Env, task: Task, spread: np.ndarray
    ) -> None:
        super().__init__(environment)
        self._task = task
        self._spread = spread
        self._chance = np.random.default_rng(0)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, Any]:
        if seed is not None:
            self._chance = np.random.default_rng([seed, 1])
        observation, info = self.env.reset(seed=seed, options=options)
        return self._blurred(observation), info

    def step(self, action: Any) -> Any:
        observation, *rest = self.env.step(action)
        return self._blurred(observation), *rest

    def _blurred(self, observation: Any) -> np.ndarray:
        seen = np.asarray(observation)
        noise = self._spread * self._chance.standard_normal(self._spread.shape)
        if self._task.picture is None:
            return (seen + noise.reshape(seen.shape)).astype(seen.dtype)
        bytes_seen = np.clip(np.rint(self._task.vector(seen) + noise), 0, 255)
        return np.asarray(self._task.observation_of(bytes_seen.astype(np.uint8)))


class ShakyHand(gymnasium.Wrapper):
    """Does an action with noise: half-ranges if real, a random one at times if not."""

    def __init__(self, environment: gymnasium.Env, task: Task, level: float) -> None:
        super().__init__(environment)
        self._task = task
        self._level = level
        self._chance = np.random.default_rng(0)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, Any]:
        if seed is not None:
            self._chance = np.random.default_rng([seed, 2])
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> Any:
        return self.env.step(self._shaken(action))

    def _shaken(self, action: Any) -> Any:
        task, width = self._task, self._task.head.width
        if task.bounds is None:
            slip, place = self._chance.uniform(), self._chance.uniform(size=(1, width))
            slips = slip < self._level
            return task.executable(task.action_at(place)[0]) if slips else action
        shake = self._level * task.half_range * self._chance.standard_normal(width)
        return task.executable(task.clip(np.ravel(action) + shake))


class LateSenses(gymnasium.Wrapper):
    """Shows what was to be seen some steps ago; at first, the beginning."""

    def __init__(self, environment: gymnasium.Env, delay: int) -> None:
        super().__init__(environment)
        self._seen: deque[Any] = deque(maxlen=delay + 1)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, Any]:
        observation, info = self.env.reset(seed=seed, options=options)
        self._seen.extend([observation] * (self._seen.maxlen or 1))
        return observation, info

    def step(self, action: Any) -> Any:
        observation, *rest = self.env.step(action)
        self._seen.append(observation)
        return self._seen[0], *rest


class LateHand(gymnasium.Wrapper):
    """Does what was chosen some steps ago.

    Before anything arrives, real actions are as near to zero as the task lets them be,
    and choices are the first that was made: not every task has one that does nothing.
    """

    def __init__(self, environment: gymnasium.Env, task: Task, delay: int) -> None:
        super().__init__(environment)
        self._task = task
        self._delay = delay
        self._chosen: deque[Any] = deque()

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, Any]:
        self._chosen.clear()
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> Any:
        if not self._chosen:
            self._chosen.extend([self._idle(action)] * self._delay)
        self._chosen.append(action)
        return self.env.step(self._chosen.popleft())

    def _idle(self, first: Any) -> Any:
        if self._task.bounds is None:
            return first
        return self._task.executable(self._task.clip(np.zeros(self._task.head.width)))


def _with_noisy_senses(
    environment: gymnasium.Env, task: PerturbedTask
) -> gymnasium.Env:
    spread = np.ones(task.observation_size) if task.spread is None else task.spread
    return NoisySenses(environment, task, task.value * spread)


# How an environment becomes other, by what is other.
_CHANGES: Mapping[Kind, Callable[[gymnasium.Env, PerturbedTask], gymnasium.Env]] = {
    "attribute": _with_attribute,
    "factor": _with_factor,
    "observation_noise": _with_noisy_senses,
    "action_noise": lambda env, task: ShakyHand(env, task, float(task.value)),
    "observation_delay": lambda env, task: LateSenses(env, int(task.value)),
    "action_delay": lambda env, task: LateHand(env, task, int(task.value)),
}
