"""Visit a state again: replay its episode's seed and executed actions."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Num

from novice.envs.moment import CLIP_FRAMES, Moment
from novice.envs.pictures import (
    Frame,
    NoPictureError,
    Render,
    checked_picture,
    one_line,
    opened,
    step_seconds,
)
from novice.envs.replays import DoesNotReplayError, check_replayed
from novice.envs.task import Task
from novice.errors import NoviceError

# What a task that names no frames a second is taken to have.
FRAMES_PER_SECOND = 30.0
# Of the sparks that a lander's engines throw, those of so many steps are shown.
SPARKING_STEPS = 3


class TooSlowError(NoviceError):
    """The task takes too long to be replayed while somebody waits."""


def frames(
    moment: Moment, *, most: int, render: Render | None = None
) -> tuple[list[np.ndarray], float]:
    """At most `most` pictures of the episode so far, evenly spaced, and how many of
    them make a second of the task's time.

    A picture is (height, width, 3) bytes; the last one is the moment itself. Raises
    NoPictureError when the task has no renderer or it does not work here.
    """
    last = len(moment.actions)
    every = max(1, -(-last // max(most - 1, 1)))
    scene = Scene(moment.task, render)
    try:
        pictures = scene.visit(moment, [*range(0, last, every), last][-most:])
        return pictures, 1 / (scene.step_seconds * every)
    finally:
        scene.close()


class Scene:
    """One open environment, standing at some step of some episode.

    `render` draws from observations, for tasks that cannot draw themselves.
    """

    def __init__(self, task: Task, render: Render | None = None):
        self.task = task
        self.environment, self._draw = opened(task, render)
        self._bare: Any = self.environment.unwrapped
        self._sparks = self._draw is None and hasattr(self._bare, "_clean_particles")
        self._observation: Any = None
        self._seed: int | None = None
        self._path: np.ndarray | None = None
        self._steps = 0
        self._shape: tuple[int, ...] = ()
        self._resets = 0
        self.step_cost = 0.0  # seconds of our time that a step takes
        # What was drawn on the way here lately, by step.
        self.drawn: dict[int, np.ndarray] = {}

    @property
    def step_seconds(self) -> float:
        """How long a step takes in the task's own time, in seconds."""
        return step_seconds(self.environment) or 1 / FRAMES_PER_SECOND

    @property
    def is_unused(self) -> bool:
        """Whether no episode was begun in it yet."""
        return self._resets == 0

    @property
    def is_fresh(self) -> bool:
        """Whether no earlier episode can have left a trace in it."""
        return self._resets <= 1

    @property
    def observation(self) -> Num[np.ndarray, " obs"]:
        """What is seen here."""
        return self.task.vector(self._observation)

    def on_the_way_to(self, moment: Moment) -> bool:
        """Whether the moment comes after this step of the same episode."""
        if self._path is None or self._seed != moment.seed:
            return False
        done = len(self._path)
        return not done or np.array_equal(self._path, moment.actions[:done])

    def can_draw(self, moment: Moment, steps: Iterable[int]) -> bool:
        """Whether these steps of the moment's episode lie ahead or were drawn."""
        if not self.on_the_way_to(moment) or self._path is None:
            return False
        return all(step >= len(self._path) or step in self.drawn for step in steps)

    def visit(
        self,
        moment: Moment,
        steps: Sequence[int] = (),
        *,
        seen: Num[np.ndarray, " obs"] | None = None,
        deadline: float = np.inf,
    ) -> list[np.ndarray]:
        """Go to the moment, and return pictures of these steps on the way.

        Raises DoesNotReplayError unless exactly `seen` is seen there.
        """
        if not self.can_draw(moment, steps):
            self._begin(moment.seed)
        last = len(moment.actions)
        for stop in sorted({*steps, last}):
            if stop not in self.drawn:
                self._forward(moment, stop, draw=stop in steps, deadline=deadline)
        if seen is not None:
            check_replayed(self.task, moment.seed, last, self.observation, seen)
        found = [self.drawn[step] for step in steps]
        for step in sorted(self.drawn)[:-CLIP_FRAMES]:
            del self.drawn[step]
        return found

    def _begin(self, seed: int) -> None:
        self._seed, self._path, self._steps, self.drawn = seed, None, 0, {}
        self._resets += 1
        try:
            self._observation, _ = self.environment.reset(seed=seed)
        except Exception as error:
            raise self._failed(error) from error
        self._path = np.zeros(0)

    def _forward(
        self, moment: Moment, stop: int, *, draw: bool, deadline: float
    ) -> None:
        start, began = self._steps, time.perf_counter()
        for step in range(start, stop):
            if time.monotonic() > deadline:
                self._path = moment.actions[:step]
                raise self._too_slow(stop)
            self.step(moment.actions[step], sparking=draw and stop - step)
        self._path = moment.actions[:stop]
        if stop > start:
            self.step_cost = (time.perf_counter() - began) / (stop - start)
        if draw:
            self.drawn[stop] = self.picture()

    def _too_slow(self, stop: int) -> TooSlowError:
        return TooSlowError(
            f"{self.task.id} takes too long to be replayed up to step {stop} while"
            " somebody waits"
        )

    def step(self, action: Num[np.ndarray, " actions"], *, sparking: int = 0) -> bool:
        """Execute an action, and say whether the episode ended.

        A picture follows in `sparking` steps (0: none does).
        """
        if self._sparks:
            # Sparks fade only while they are drawn: those of steps that nobody sees
            # would all be there still, thousands of them.
            lit = 0 < sparking <= SPARKING_STEPS
            self._bare.render_mode = "rgb_array" if lit else None
        self._path = None  # until somebody says that this is an episode's own step
        self._steps += 1
        try:
            self._observation, _, terminated, truncated, _ = self.environment.step(
                self.task.executable(action)
            )
        except Exception as error:
            raise self._failed(error) from error
        return bool(terminated or truncated)

    def _failed(self, error: Exception) -> DoesNotReplayError:
        return DoesNotReplayError(
            f"{self.task.id} cannot be replayed: step {self._steps} of the episode with"
            f" seed {self._seed} raised {type(error).__name__}: {one_line(error)}"
        )

    def picture(self) -> Frame:
        """What it looks like here. Raises NoPictureError."""
        if self._sparks:
            self._bare.render_mode = "rgb_array"
        try:
            if self._draw is None:
                drawn: Any = self.environment.render()
            else:
                drawn = self._draw(self.task.observation_of(self.observation))
        except Exception as error:
            raise NoPictureError(
                f"{self.task.id} cannot be drawn here: {type(error).__name__}:"
                f" {one_line(error)}"
            ) from error
        if self._sparks:
            self._bare._clean_particles(True)
        picture = checked_picture(drawn, f"render() of {self.task.id}")
        self._shape = self._shape or picture.shape
        if picture.shape != self._shape:
            raise NoPictureError(
                f"the pictures of {self.task.id} change their size from {self._shape}"
                f" to {picture.shape}"
            )
        return picture

    def close(self) -> None:
        self.environment.close()
