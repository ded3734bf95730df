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


for kind in (Walk, Unpaid):
    gymnasium.register(f"{kind.__name__}-v0", entry_point=kind, max_episode_steps=10)
