"""A task whose pictures say when they were drawn: what bench/live.py looks at."""

import time
from typing import Any

import gymnasium
import numpy as np

SIZE = 256  # pixels, both ways
FRAMES_PER_SECOND = 30
# Numbers stand in the picture as rows of 32 squares, white for a one.
BITS, SQUARE = 32, 8


class Clock(gymnasium.Env):
    """A hand goes round, and can be steered.

    The top of each picture holds its number and the machine's monotonic clock in
    microseconds, whose upper half comes first.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": FRAMES_PER_SECOND}  # noqa: RUF012
    observation_space = gymnasium.spaces.Box(-1, 1, (2,))
    action_space = gymnasium.spaces.Box(-1, 1, (1,))
    observation_names = ("across", "up")
    action_names = ("steer",)

    def __init__(self, render_mode: str | None = None):
        self.render_mode = render_mode
        self.angle, self.drawn = 0.0, 0
        blocks = np.random.default_rng(0).integers(0, 60, (SIZE // 8, SIZE // 8, 3))
        self.ground = blocks.astype(np.uint8).repeat(8, 0).repeat(8, 1)
        self.rows, self.columns = np.mgrid[:SIZE, :SIZE]

    def reset(
        self, *, seed: int | None = None, options: Any = None
    ) -> tuple[np.ndarray, dict]:
        """Begin anywhere."""
        super().reset(seed=seed)
        self.angle = float(self.np_random.uniform(0, 2 * np.pi))
        return self._observation(), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        """Go on a little, faster or slower."""
        self.angle += 0.05 + 0.04 * float(action[0])
        return self._observation(), 0.0, False, False, {}

    def _observation(self) -> np.ndarray:
        return np.array([np.cos(self.angle), np.sin(self.angle)], np.float32)

    def render(self) -> np.ndarray:
        """The hand as a disk on a ground of many colors."""
        across, up = SIZE / 2 + 80 * self._observation()
        picture = self.ground.copy()
        near = (self.columns - across) ** 2 + (self.rows - up) ** 2 < 24**2
        picture[near] = (230, 159, 0)
        now = time.monotonic_ns() // 1000
        for row, number in enumerate((self.drawn, now >> BITS, now % 2**BITS)):
            picture[row * SQUARE : (row + 1) * SQUARE] = written(number)
        self.drawn += 1
        return picture


def written(number: int) -> np.ndarray:
    """A number as a row of black and white squares, as pixels of one line."""
    ones = [number >> place & 1 for place in reversed(range(BITS))]
    line = np.repeat(np.array(ones, np.uint8) * 255, SQUARE)
    return np.broadcast_to(line[:, None], (SIZE, 3))


def steer(observation: np.ndarray) -> np.ndarray:
    """What an expert would do: faster on the right, slower on the left."""
    return observation[:1]


gymnasium.register("Clock-v0", entry_point=Clock, max_episode_steps=900)
