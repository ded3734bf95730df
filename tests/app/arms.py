"""Tasks that say whether they succeeded, each in a way of its own."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TimeLimit

from app.homemade import Walk
from novice.envs.seeds import FIRST_TEST_SEED

STEPS = 10


class Arm(Walk):
    """Says `success` on even seeds, and takes it back: a door may fall shut again."""

    word = "success"

    def __init__(self, at: tuple[int, ...] = (3, 4)):
        self.at = at  # the steps in which it is said

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        observation, told = super().reset(seed=seed)
        self.steps, self.skilled = 0, seed is not None and seed % 2 == 0
        return observation, told

    def step(self, action: Any) -> tuple:
        self.steps += 1
        seen, paid, terminated, truncated, _ = super().step(action)
        succeeds = self.skilled and self.steps in self.at
        return seen, paid, terminated, truncated, self.said(succeeds)

    def said(self, succeeds: bool) -> dict[str, Any]:
        return {self.word: succeeds}


class Reaching(Arm):
    """The other word, as a number of NumPy's."""

    word = "is_success"

    def said(self, succeeds: bool) -> dict[str, Any]:
        return {self.word: np.float32(succeeds)}


class Exulting(Arm):
    """Speaks only when it succeeds, which it does in final episodes alone."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        told = super().reset(seed=seed)
        self.skilled = self.skilled and seed is not None and seed >= FIRST_TEST_SEED
        return told

    def said(self, succeeds: bool) -> dict[str, Any]:
        return {"success": True} if succeeds else {}


class Toiling(Arm):
    """Pays nothing."""

    def pay(self) -> float:
        return 0.0


class Boasting(Arm):
    """Says in its resets that it succeeded, which nobody may believe."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        observation, _ = super().reset(seed=seed)
        self.last = STEPS if seed is None else STEPS - seed % 3
        return observation, {"success": True}

    def step(self, action: Any) -> tuple:
        seen, paid, _, truncated, told = super().step(action)
        return seen, paid, self.steps == self.last, truncated, told


class SideBySide(SyncVectorEnv):
    """Arms as a task that is vectorized by itself has them."""

    made = 0

    def __init__(self, num_envs: int, max_episode_steps: int):
        type(self).made += 1
        super().__init__(
            [lambda: TimeLimit(Arm(), max_episode_steps)] * num_envs,
            autoreset_mode=AutoresetMode.NEXT_STEP,
        )


for kind in (Arm, Reaching, Exulting, Toiling, Boasting):
    gymnasium.register(f"{kind.__name__}-v0", entry_point=kind, max_episode_steps=STEPS)
gymnasium.register(
    "Arms-v0",
    entry_point=Arm,
    vector_entry_point=SideBySide,
    max_episode_steps=STEPS,
)
