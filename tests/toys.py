"""Small tasks that show what the usual ones don't, and actors to play them."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from novice.envs.actor import AbstractActor, Decision, by_novice
from novice.envs.task import Task


class Parade(gymnasium.Env):
    """Shows a Dict with a Tuple in it, for one to five steps, and pays by chance.

    Half of the episodes are terminated; the other half wait for the time limit.
    """

    observation_space = spaces.Dict(
        {
            "place": spaces.Box(-1, 1, (2, 2)),
            "kind": spaces.Tuple((spaces.Discrete(3, start=5), spaces.MultiBinary(2))),
        }
    )
    action_space = spaces.MultiDiscrete([2, 3], start=[1, -1])

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.left = int(self.np_random.integers(1, 6))
        self.ends = bool(self.np_random.integers(2))
        return self.seen(), {}

    def seen(self) -> dict[str, Any]:
        return {
            "place": self.np_random.uniform(-1, 1, (2, 2)).astype(np.float32),
            "kind": (
                self.np_random.integers(5, 8),
                self.np_random.integers(0, 2, 2).astype(np.int8),
            ),
        }

    def step(self, action: np.ndarray) -> tuple:
        assert self.action_space.contains(action), action
        self.left -= 1
        reward = float(self.np_random.normal()) + float(action[0])
        return self.seen(), reward, self.ends and self.left == 0, False, {}


class Patient(gymnasium.Env):
    """Counts its steps, and never ends (its patience does, for the tests' sake)."""

    observation_space = spaces.Discrete(4)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.steps = 0
        return 0, {}

    def step(self, action: int) -> tuple:
        self.steps += 1
        assert self.steps <= 5000, "nobody stops this episode"
        return self.steps % 4, 1.0, False, False, {}


class OnTime(Patient):
    """Is terminated in the very step in which its time is up."""

    def step(self, action: int) -> tuple:
        seen, reward, _, _, info = super().step(action)
        return seen, reward, self.steps == 3, False, info


class Trouble(gymnasium.Env):
    """Breaks its word in step 3 (in step 0: when it is reset)."""

    observation_space = spaces.Box(-1, 1, (2,))
    action_space = spaces.Discrete(2)

    def __init__(self, what: str = "", step: int = 3):
        self.what = what
        self.trouble = step

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.steps = 0
        return self.seen(), {}

    def seen(self) -> Any:
        ordinary = np.zeros(2, np.float32)
        if self.steps != self.trouble:
            return ordinary
        if self.what == "crash":
            raise RuntimeError("the wheel came off")
        return {
            "nan": np.float32([0, np.nan]),
            "shape": np.zeros((2, 1), np.float32),
            "nothing": None,
            "words": "fog",
        }.get(self.what, ordinary)

    def step(self, action: int) -> tuple:
        self.steps += 1
        now = self.steps == self.trouble
        reward = np.inf if now and self.what == "reward" else 0.0
        return self.seen(), reward, False, False, {}


gymnasium.register("Parade-v0", entry_point=Parade, max_episode_steps=4)
gymnasium.register("Patient-v0", entry_point=Patient)
gymnasium.register("OnTime-v0", entry_point=OnTime, max_episode_steps=3)
gymnasium.register("Trouble-v0", entry_point=Trouble, max_episode_steps=5)


def task_of(
    action_space: spaces.Space, observation_space: spaces.Space | None = None
) -> Task:
    """A task with these spaces, which nobody plays."""
    return Task(
        "Still-v0",
        observation_space=observation_space or spaces.Box(-1, 1, (2,)),
        action_space=action_space,
        max_episode_steps=10,
        reward_threshold=None,
    )


# Chooses an action vector for one observation vector.
Choose = Callable[[np.ndarray], np.ndarray]


def whim(task: Task) -> Choose:
    """Somebody erratic, whose action depends on the last bit of what is seen.

    Real actions often lie outside the bounds.
    """

    def choose(observation: np.ndarray) -> np.ndarray:
        mood = abs(float(np.sum(observation.astype(np.float64)))) * 1e4
        places = (mood * np.arange(1, task.head.width + 1)) % 1
        if task.bounds is None:
            return task.action_at(places[None])[0]
        low, high = task.bounds
        return (low + (1.5 * places - 0.25) * (high - low)).astype(np.float32)

    return choose


class RowByRow(AbstractActor):
    """Chooses in each slot by itself."""

    def __init__(self, choose: Choose):
        self._choose = choose

    def begin(self, slot: int, episode: int) -> None:
        pass

    def act(self, observation: np.ndarray) -> Decision:
        return by_novice(np.stack([self._choose(seen) for seen in observation]))
