"""Step several episodes of a host task side by side, each from a seed of its own."""

import abc
from collections.abc import Callable
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from jaxtyping import Bool, Float, Int, Num

from novice.envs.success import either, told_success, told_successes
from novice.envs.task import Task
from novice.errors import NoviceError


class BadStepError(NoviceError):
    """A task returned something that cannot be learned from."""


class TaskCrashError(NoviceError):
    """A task raised an exception while it was stepped."""


class Step(NamedTuple):
    """What came of one step in every slot; slots that were not live hold old values.

    `observation` is where the step led, also when the episode ended there. `success` is
    None unless the task says in a live slot whether it succeeded.
    """

    observation: Num[np.ndarray, "slots obs"]
    reward: Float[np.ndarray, " slots"]
    terminated: Bool[np.ndarray, " slots"]
    truncated: Bool[np.ndarray, " slots"]
    success: Bool[np.ndarray, " slots"] | None = None


class Onward(NamedTuple):
    """One step in every slot, after which episodes that ended have begun anew.

    `acted` is false where a slot did nothing but begin; `shown` is what each slot shows
    for the next step.
    """

    step: Step
    acted: Bool[np.ndarray, " slots"]
    shown: Num[np.ndarray, "slots obs"]


# Seeds for so many new episodes.
Fresh = Callable[[int], Int[np.ndarray, " episodes"]]


class AbstractSlots(abc.ABC):
    """A fixed number of places, in each of which one episode can be going on."""

    task: Task
    count: int

    @abc.abstractmethod
    def begin(
        self, slots: Int[np.ndarray, " some"], seeds: Int[np.ndarray, " some"]
    ) -> Num[np.ndarray, "slots obs"]:
        """Start an episode in each of `slots`; the observation of every slot."""

    @abc.abstractmethod
    def step(
        self, action: Num[np.ndarray, "slots actions"], live: Bool[np.ndarray, " slots"]
    ) -> Step:
        """Execute an action in each live slot."""

    def go_on(
        self,
        action: Num[np.ndarray, "slots actions"],
        late: Bool[np.ndarray, " slots"],
        fresh: Fresh,
    ) -> Onward:
        """Execute an action in every slot, and begin anew where an episode ends.

        Where it is `late`, this step is the last one that the task allows.
        """
        everybody = np.ones(self.count, bool)
        step = self.step(action, everybody)
        step = step._replace(truncated=(step.truncated | late) & ~step.terminated)
        ended = np.flatnonzero(step.terminated | step.truncated)
        shown = step.observation
        if len(ended):
            shown = self.begin(ended, fresh(len(ended)))
        return Onward(step, everybody, shown)

    @abc.abstractmethod
    def close(self) -> None: ...


class SeparateSlots(AbstractSlots):
    """One environment a slot, stepped in turn: any episode can be replayed alone."""

    def __init__(self, task: Task, count: int, *, render_mode: str | None = None):
        self.task = task
        self.count = count
        self.environments = [task.make(render_mode) for _ in range(count)]
        self._seeds = np.full(count, -1, np.int64)
        self._steps = np.zeros(count, np.int64)
        self._step = Step(
            np.zeros((count, task.observation_size), task.observation_dtype),
            np.zeros(count, np.float32),
            np.zeros(count, bool),
            np.zeros(count, bool),
        )

    def begin(
        self, slots: Int[np.ndarray, " some"], seeds: Int[np.ndarray, " some"]
    ) -> Num[np.ndarray, "slots obs"]:
        observation = self._step.observation.copy()
        for slot, seed in zip(slots.tolist(), seeds, strict=True):
            self._seeds[slot], self._steps[slot] = seed, 0
            try:
                first, _ = self.environments[slot].reset(seed=int(seed))
            except Exception as error:
                raise self._crash(slot, "reset", error) from error
            observation[slot] = self._vector(first, slot)
        self._check(observation, self._step.reward)
        self._step = self._step._replace(observation=observation)
        return observation

    def step(
        self, action: Num[np.ndarray, "slots actions"], live: Bool[np.ndarray, " slots"]
    ) -> Step:
        observation = self._step.observation.copy()
        reward = np.zeros(self.count, np.float32)
        terminated = np.zeros(self.count, bool)
        truncated = np.zeros(self.count, bool)
        success = None
        self._steps += live
        playing = np.flatnonzero(live)
        actions = self.task.executables(action[playing])
        for slot, executed in zip(playing.tolist(), actions, strict=True):
            try:
                after, reward[slot], terminated[slot], truncated[slot], info = (
                    self.environments[slot].step(executed)
                )
            except Exception as error:
                raise self._crash(slot, "step", error) from error
            observation[slot] = self._vector(after, slot)
            if (said := told_success(info)) is not None:
                success = np.zeros(self.count, bool) if success is None else success
                success[slot] = said
        self._check(observation, reward)
        self._step = Step(observation, reward, terminated, truncated, success)
        return self._step

    def _vector(self, observation: Any, slot: int) -> np.ndarray:
        if self._usual(observation):
            return observation
        try:
            vector = self.task.vector(observation)
        except Exception:  # It is of another kind altogether.
            vector = np.zeros(0)
        if vector.shape != (self.task.observation_size,):
            shown = f"the observation {observation!r:.60}"
            if isinstance(observation, np.ndarray):
                kind = f" of {observation.dtype}" if self.task.picture else ""
                shown = f"an observation{kind} of shape {observation.shape}"
            raise BadStepError(
                f"{self._place(slot)} showed {shown}, but its observation_space is"
                f" {self.task.observation_space}"
            )
        return vector

    def _usual(self, observation: Any) -> bool:
        """Whether it is just what a policy sees, as a vector of another precision."""
        return (
            self.task.observation_is_flat
            and isinstance(observation, np.ndarray)
            and observation.shape == (self.task.observation_size,)
            and observation.dtype.kind == "f"
        )

    def _place(self, slot: int) -> str:
        return (
            f"{self.task.id} (environment {slot}, episode with seed"
            f" {self._seeds[slot]}, step {self._steps[slot]})"
        )

    def _check(self, observation: np.ndarray, reward: np.ndarray) -> None:
        check_finite(self.task, observation, reward, self._seeds, self._steps)

    def _crash(self, slot: int, verb: str, error: Exception) -> TaskCrashError:
        return TaskCrashError(
            f"{self._place(slot)} raised {type(error).__name__} in {verb}: {error}"
        )

    def close(self) -> None:
        for environment in self.environments:
            environment.close()


class VectorSlots(AbstractSlots):
    """A Gymnasium vector environment, in any autoreset mode, one episode a slot.

    All slots begin together, from one seed; after its first episode a slot is not
    looked at any more, so no autoreset step ever enters a batch. For tasks whose
    environments share a random generator, where no single episode can be replayed.
    """

    def __init__(self, task: Task, vector: gymnasium.vector.VectorEnv):
        self.task = task
        self.count = vector.num_envs
        self._vector = vector
        self._mode = vector.metadata["autoreset_mode"]
        self._seed = -1
        self._steps = 0
        self._ended = np.zeros(self.count, bool)
        self._shown = np.zeros(
            (self.count, task.observation_size), task.observation_dtype
        )

    def begin(
        self, slots: Int[np.ndarray, " some"], seeds: Int[np.ndarray, " some"]
    ) -> Num[np.ndarray, "slots obs"]:
        if len(slots) != self.count:
            raise ValueError(
                f"a vector environment begins all its {self.count} episodes together,"
                f" not {len(slots)}"
            )
        self._seed, self._steps = int(seeds[0]), 0
        self._ended = np.zeros(self.count, bool)
        first, _ = self._vector.reset(seed=self._seed)
        self._shown = observation = self._vectors(first)
        self._check(observation, np.zeros(self.count))
        return observation

    def step(
        self, action: Num[np.ndarray, "slots actions"], live: Bool[np.ndarray, " slots"]
    ) -> Step:
        if self._mode == AutoresetMode.DISABLED and self._ended.any():
            self._begin_again()
        self._steps += 1
        try:
            after, reward, terminated, truncated, info = self._vector.step(
                self._executable(action)
            )
        except Exception as error:
            raise TaskCrashError(
                f"{self.task.id} ({self.count} environments, seed {self._seed}, step"
                f" {self._steps}) raised {type(error).__name__} in step: {error}"
            ) from error
        observation = self._vectors(after)
        self._ended = terminated | truncated
        self._shown = observation
        if self._mode == AutoresetMode.SAME_STEP:
            observation = observation.copy()
            for slot in np.flatnonzero(self._ended):
                observation[slot] = self.task.vector(info["final_obs"][slot])
        reward = np.where(live, reward, 0).astype(np.float32)
        self._check(np.where(live[:, None], observation, 0), reward)
        success = self._success(info, live) if info else None
        return Step(observation, reward, terminated & live, truncated & live, success)

    def _success(
        self, info: dict[str, Any], live: Bool[np.ndarray, " slots"]
    ) -> Bool[np.ndarray, " slots"] | None:
        """Who succeeded; where a new episode has begun in this step, by the old one."""
        if self._mode != AutoresetMode.SAME_STEP:
            return told_successes(info, live)
        ended = told_successes(info.get("final_info", {}), live & self._ended)
        return either(told_successes(info, live & ~self._ended), ended)

    def go_on(
        self,
        action: Num[np.ndarray, "slots actions"],
        late: Bool[np.ndarray, " slots"],
        fresh: Fresh,
    ) -> Onward:
        # Vector environments bring their own limit of steps. What ended in the last
        # step only begins in this one, whatever is done.
        beginning = self._mode == AutoresetMode.NEXT_STEP
        acted = ~self._ended if beginning else np.ones(self.count, bool)
        step = self.step(action, acted)
        if self._mode == AutoresetMode.DISABLED and self._ended.any():
            self._begin_again()
        truncated = step.truncated & ~step.terminated
        return Onward(step._replace(truncated=truncated), acted, self._shown)

    def _begin_again(self) -> None:
        """New episodes where the last ones ended."""
        first, _ = self._vector.reset(options={"reset_mask": self._ended})
        self._shown = self._vectors(first)
        self._ended = np.zeros(self.count, bool)

    def _executable(self, action: np.ndarray) -> np.ndarray:
        space = self._vector.action_space
        start = getattr(self.task.action_space, "start", 0)
        return (action.reshape(space.shape) + start).astype(space.dtype)

    def _vectors(self, observations: Any) -> np.ndarray:
        if self.task.observation_is_flat:
            return np.array(observations, np.float32)
        each = gymnasium.vector.utils.iterate(
            self._vector.observation_space, observations
        )
        return np.stack([self.task.vector(observation) for observation in each])

    def _check(self, observation: np.ndarray, reward: np.ndarray) -> None:
        seeds = np.full(self.count, self._seed)
        steps = np.full(self.count, self._steps)
        check_finite(self.task, observation, reward, seeds, steps)

    def close(self) -> None:
        self._vector.close()


def check_finite(
    task: Task,
    observation: Num[np.ndarray, "slots obs"],
    reward: Float[np.ndarray, " slots"],
    seeds: Int[np.ndarray, " slots"],
    steps: Int[np.ndarray, " slots"],
) -> None:
    """Raise BadStepError that says which environment showed NaN or infinity."""
    # Bytes are finite, and there are many of them.
    seen = observation[:, :0] if task.picture else observation
    if np.isfinite(seen).all() and np.isfinite(reward).all():
        return
    bad = ~np.isfinite(seen).all(axis=1) | ~np.isfinite(reward)
    slot = int(np.flatnonzero(bad)[0])
    if np.isfinite(reward[slot]):
        entry = int(np.flatnonzero(~np.isfinite(observation[slot]))[0])
        what = f"the observation {observation[slot, entry]} at entry {entry}"
    else:
        what = f"the reward {reward[slot]}"
    raise BadStepError(
        f"{task.id} (environment {slot}, episode with seed {seeds[slot]}) returned"
        f" at step {steps[slot]} {what}; rewards and observations must be finite"
    )
