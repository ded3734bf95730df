"""Tasks and experts as somebody might write them for themselves, and broken ones."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Walk(gymnasium.Env):
    """Stand in the middle of a line: ten steps, paid by how near it one is."""

    observation_space = spaces.Box(-2, 2, (1,))
    action_space = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.place = self.np_random.uniform(-1, 1)
        return self.seen(), {}

    def seen(self) -> np.ndarray:
        return np.array([self.place], np.float32)

    def step(self, action: int) -> tuple:
        self.place += 0.2 if action == 1 else -0.2
        return self.seen(), self.pay(), False, False, {}

    def pay(self) -> float:
        return 1 - abs(float(self.place))


class Unpaid(Walk):
    """The same, but nobody says what is good."""

    def pay(self) -> float:
        return 0.0


def to_the_middle(observation: np.ndarray) -> int:
    return int(observation[0] < 0)


class Loud(Walk):
    """The same, with a word at every beginning."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        print("a task that talks")
        return super().reset(seed=seed)


class Glide(Walk):
    """The same, but one chooses how far to go."""

    action_space = spaces.Box(-1, 1, (1,))

    def step(self, action: np.ndarray) -> tuple:
        self.place += 0.2 * float(action[0])
        return self.seen(), self.pay(), False, False, {}


TEN = 10


def away(observation: np.ndarray) -> int:
    return int(observation[0] > 0)


def too_far(observation: np.ndarray) -> int:
    return 2


def at_length(observation: np.ndarray) -> np.ndarray:
    """An action that fills many lines when it is shown."""
    return np.zeros(200)


for kind in (Walk, Unpaid, Loud, Glide):
    gymnasium.register(f"{kind.__name__}-v0", entry_point=kind, max_episode_steps=10)
