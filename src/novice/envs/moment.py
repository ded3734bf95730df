"""Name a visited state, by the seed and the actions that lead there again."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Num

from novice.envs.task import Task

# A clip has at most so many frames, and covers about so many seconds.
CLIP_FRAMES = 12
CLIP_SECONDS = 0.5


@dataclass(frozen=True, eq=False)
class Moment:
    """One visited state: a task, a reset seed and the actions executed since."""

    task: Task
    seed: int
    actions: Num[np.ndarray, "steps actions"] = field(repr=False)

    def observation(self) -> Num[np.ndarray, " obs"]:
        """What is seen there, found by replaying the episode so far."""
        environment = self.task.make()
        try:
            seen, _ = environment.reset(seed=self.seed)
            for action in self.actions:
                seen, *_ = environment.step(self.task.executable(action))
            return self.task.vector(seen)
        finally:
            environment.close()


class Clip(NamedTuple):
    """Frames up to a moment, oldest first, and how fast the task lives them.

    Between two frames lie `every` steps; 0 where nobody knows, or there is only one.
    """

    frames: list[np.ndarray]
    frames_per_second: float
    every: int = 0
