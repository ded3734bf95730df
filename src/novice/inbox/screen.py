"""Draw a task as the page shows it."""

import io
from typing import Any

import gymnasium
import numpy as np
from PIL import Image

from novice.envs.pictures import Frame, Render, checked_picture, one_line, quick_to_draw
from novice.envs.task import Task

# A picture of fewer pixels is kept to the pixel; a larger one as a photograph, which
# takes a fifth of the time.
FEW_PIXELS = 50_000
MOST_WIDTH = 640


class Screen:
    """Makes a task's environment, and pictures of it, if it can be drawn here.

    `draw` makes a picture of the task's own observation; without it, the task's own
    renderer is tried. `draws` and `reason` say what came of it once `open` was called.
    """

    def __init__(self, task: Task, draw: Render | None = None):
        self._task, self._draw = task, draw
        self.draws = draw is not None
        self.reason = ""

    def open(self) -> gymnasium.Env:
        """An environment of the task, which the caller closes."""
        environment = self._task.make()
        if self._draw is not None or self.reason:
            return environment
        if "rgb_array" not in environment.metadata.get("render_modes", ()):
            self.reason = f"{self._task.id} has no pictures."
            return environment
        try:
            drawn = quick_to_draw(self._task)
            drawn.reset(seed=0)
            checked_picture(drawn.render(), f"render() of {self._task.id}")
        except Exception as error:
            self.reason = f"{self._task.id} cannot be drawn here: {one_line(error)}"
            return environment
        environment.close()
        self.draws = True
        return drawn

    def picture(
        self, environment: gymnasium.Env, observation: np.ndarray
    ) -> bytes | None:
        """The environment now as PNG or JPEG; None where there is no picture."""
        if not self.draws:
            return None
        try:
            if self._draw is None:
                drawn: Any = environment.render()
            else:
                drawn = self._draw(self._task.observation_of(observation))
            return encoded(checked_picture(drawn, "the drawing function"))
        except Exception as error:
            self.draws = False
            self.reason = f"Drawing failed: {type(error).__name__}: {one_line(error)}"
            return None


def encoded(frame: Frame) -> bytes:
    """A picture as PNG where pixels count, as JPEG where there are many."""
    picture = Image.fromarray(frame)
    file = io.BytesIO()
    if picture.width * picture.height <= FEW_PIXELS:
        picture.save(file, "PNG", compress_level=1)
        return file.getvalue()
    if picture.width > MOST_WIDTH:
        height = max(1, round(picture.height * MOST_WIDTH / picture.width))
        picture = picture.resize((MOST_WIDTH, height), Image.Resampling.BILINEAR)
    picture.save(file, "JPEG", quality=88)
    return file.getvalue()
