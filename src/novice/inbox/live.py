"""A task in the middle of an episode, which can go back where it came from."""

import hashlib
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from jaxtyping import Float, Num

from novice.envs.task import Task
from novice.errors import NoviceError
from novice.inbox.screen import Screen

# Below this many frames a second of the task's time, nobody waits for the clock.
FEWEST_FRAMES = 10.0


class BrokenTaskError(NoviceError):
    """The task gave a number that nothing can be learned from."""


class Outcome(NamedTuple):
    """What came of a step."""

    observation: Float[np.ndarray, " obs"]
    reward: float
    terminated: bool
    truncated: bool


def goes_by_turns(environment: gymnasium.Env, *, drawn: bool) -> bool:
    """Whether a task waits for its player rather than for the clock."""
    frames = environment.metadata.get("render_fps")
    return not drawn or not frames or frames < FEWEST_FRAMES


class LiveTask:
    """An environment, and the actions that led to where it is.

    Going back means replaying in a second environment, which takes the first one's
    place only where every observation on the way is, to the bit, what it was.
    """

    def __init__(self, task: Task, screen: Screen):
        self._task, self._screen = task, screen
        self._environment: gymnasium.Env | None = screen.open()
        self._spare: gymnasium.Env | None = None
        self.by_turns = goes_by_turns(self._environment, drawn=screen.draws)
        frames = self._environment.metadata.get("render_fps") or 30
        self.frames_per_second = float(frames)
        spec = self._environment.spec
        self.rewinds = not (spec is not None and spec.nondeterministic)
        self._seed = 0
        self._actions: list[Num[np.ndarray, " actions"]] = []
        self._prints: list[bytes] = []

    @property
    def name(self) -> str:
        return self._task.id

    @property
    def blank(self) -> Float[np.ndarray, " obs"]:
        """An observation of nothing, for as long as there is none."""
        return np.zeros(self._task.observation_size, np.float32)

    def begin(self, seed: int) -> Float[np.ndarray, " obs"]:
        """What is seen first in the episode of a seed."""
        if self._environment is None:
            self._environment = self._screen.open()
        self._seed, self._actions = seed, []
        observation, _ = self._environment.reset(seed=seed)
        vector = self._checked(observation)
        self._prints = [fingerprint(vector)]
        return vector

    def step(self, action: Num[np.ndarray, " actions"]) -> Outcome:
        """Take a step; raises BrokenTaskError, or what the task raises."""
        assert self._environment is not None, "no episode was begun"
        result = self._environment.step(self._task.executable(action))
        seen, paid, terminated, truncated, _ = result
        observation = self._checked(seen)
        if not np.isfinite(float(paid)):
            raise BrokenTaskError("the reward is not finite")
        self._actions.append(action)
        self._prints.append(fingerprint(observation))
        return Outcome(observation, float(paid), bool(terminated), bool(truncated))

    def go_back(self, step: int) -> Float[np.ndarray, " obs"] | None:
        """Go on from before this step: what is seen there.

        None where replaying leads elsewhere; then nothing has changed.
        """
        try:
            spare = self._spare = self._spare or self._screen.open()
            observation = self._replayed(spare, step)
        except Exception:
            # A task that fails here has not failed where the person is.
            return None
        if observation is None:
            return None
        self._environment, self._spare = spare, self._environment
        del self._actions[step:], self._prints[step + 1 :]
        return observation

    def _replayed(
        self, environment: gymnasium.Env, step: int
    ) -> Float[np.ndarray, " obs"] | None:
        """What is seen before a step; None as soon as anything is not what it was."""
        seen, _ = environment.reset(seed=self._seed)
        observation = self._task.vector(seen)
        for number, action in enumerate(self._actions[:step]):
            if fingerprint(observation) != self._prints[number]:
                return None
            seen, *_ = environment.step(self._task.executable(action))
            observation = self._task.vector(seen)
        same = fingerprint(observation) == self._prints[step]
        return observation if same else None

    def picture(self, observation: Float[np.ndarray, " obs"]) -> bytes | None:
        """What there is to see now, as an image file; None where there is none."""
        if self._environment is None:
            return None
        return self._screen.picture(self._environment, observation)

    def _checked(self, observation: Any) -> Float[np.ndarray, " obs"]:
        """The observation as a vector; raises BrokenTaskError."""
        vector = self._task.vector(observation)
        if not np.isfinite(vector).all():
            place = int(np.flatnonzero(~np.isfinite(vector))[0])
            raise BrokenTaskError(f"number {place} of the observation is not finite")
        return vector

    def close(self) -> None:
        """Let go of what is there, whatever it says to that."""
        environments, self._environment = [self._environment, self._spare], None
        self._spare = None
        for environment in environments:
            if environment is not None:
                close_quietly(environment)


def fingerprint(observation: Float[np.ndarray, " obs"]) -> bytes:
    """What only the same numbers have, to the bit."""
    return hashlib.blake2b(observation.tobytes(), digest_size=16).digest()


def close_quietly(environment: gymnasium.Env) -> None:
    """Close what failed, whatever it says to that."""
    try:
        environment.close()
    except Exception:
        return
