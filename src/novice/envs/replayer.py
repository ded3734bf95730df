"""Draw moments of a task, keeping environments open where it has been."""

import time
from collections.abc import Sequence

import numpy as np
from jaxtyping import Num

from novice.envs.branches import (
    Act,
    Branch,
    Consequences,
    branched,
    look_alike,
    small,
)
from novice.envs.moment import CLIP_FRAMES, CLIP_SECONDS, Clip, Moment
from novice.envs.pictures import Render
from novice.envs.replays import DoesNotReplayError
from novice.envs.scene import Scene, TooSlowError
from novice.envs.task import Task
from novice.errors import NoviceError

# A clip of a task that is played in turns has at least so many.
FEWEST_FRAMES = 4
# How many frames a second are shown of each branch.
BRANCH_FRAMES_PER_SECOND = 8


class Replayer:
    """Draws moments of a task, keeping environments open where it has been.

    Going on in an episode costs only the steps in between; going back costs a reset
    and the steps so far. Where an environment that was used before shows something
    else than was seen, a new one is tried, before DoesNotReplayError is raised.
    `patience` is how many seconds a drawing may take, before TooSlowError.
    """

    def __init__(
        self,
        task: Task,
        *,
        render: Render | None = None,
        most_open: int = 8,
        patience: float = 15.0,
    ):
        self.task = task
        self._render = render
        self._most_open = most_open
        self._patience = patience
        self._scenes: list[Scene] = []  # the one used last comes last
        self._side: list[Scene] = []  # where branches are tried: at most one

    def clip(
        self, moment: Moment, *, seen: Num[np.ndarray, " obs"] | None = None
    ) -> Clip:
        """About half a second up to the moment, in twelve frames at most.

        `seen` is what was seen at the moment, and must be seen again.
        """
        steps = self._clip_steps(moment)
        scene = self._best_scene(moment, steps)
        _, pictures = self._visited(self._scenes, scene, moment, steps, seen)
        every = steps[1] - steps[0] if len(steps) > 1 else 0
        return Clip(pictures, 1 / (self._step_seconds * max(every, 1)), every)

    @property
    def _step_seconds(self) -> float:
        scene = next(iter([*self._scenes, *self._side]), None)
        if scene is None:
            scene = Scene(self.task, self._render)
            self._scenes.append(scene)
        return scene.step_seconds

    def _clip_steps(self, moment: Moment) -> list[int]:
        """The steps that a clip shows: the last one is the moment."""
        last, covered = len(moment.actions), CLIP_SECONDS / self._step_seconds
        every = max(1, round(covered / (CLIP_FRAMES - 1)))
        wanted = min(CLIP_FRAMES, max(FEWEST_FRAMES, round(covered / every) + 1))
        count = min(wanted, last // every + 1)
        return [last - every * i for i in reversed(range(count))]

    def _best_scene(self, moment: Moment, steps: Sequence[int]) -> Scene:
        """The scene from which these steps are drawn soonest."""
        ready = [scene for scene in self._scenes if scene.can_draw(moment, steps)]
        if ready:
            return ready[-1]
        # One that has gone past the moment is of use to later ones, most likely.
        unused = [scene for scene in self._scenes if scene.is_unused]
        if unused:
            return unused[0]
        if len(self._scenes) < self._most_open:
            scene = Scene(self.task, self._render)
            self._scenes.append(scene)
            return scene
        return self._scenes[0]

    def _visited(
        self,
        scenes: list[Scene],
        scene: Scene,
        moment: Moment,
        steps: Sequence[int],
        seen: np.ndarray | None,
        deadline: float | None = None,
    ) -> tuple[Scene, list[np.ndarray]]:
        """A scene of `scenes` that stands at the moment, and pictures on the way."""
        deadline = deadline or time.monotonic() + self._patience
        try:
            pictures = scene.visit(moment, steps, seen=seen, deadline=deadline)
        except TooSlowError:
            # It has come some way, and goes on from there the next time.
            raise
        except NoviceError as error:
            scenes.remove(scene)
            scene.close()
            if scene.is_fresh or not isinstance(error, DoesNotReplayError):
                raise
            scene = Scene(self.task, self._render)
            scenes.append(scene)
            return self._visited(scenes, scene, moment, steps, seen, deadline)
        scenes.remove(scene)
        scenes.append(scene)
        return scene, pictures

    def consequences(
        self,
        moment: Moment,
        actions: Sequence[Num[np.ndarray, " actions"]],
        act: Act | None,
        *,
        seen: Num[np.ndarray, " obs"] | None = None,
        hold: float = 0.3,
        seconds: float = 1.0,
    ) -> Consequences:
        """What each action leads to, held for `hold` seconds, when `act` goes on then.

        All branches see the same random numbers, because each is replayed from the
        same seed. Without `act` the action is held to the end.
        """
        deadline = time.monotonic() + self._patience
        length = self._step_seconds
        every = max(1, round(1 / (BRANCH_FRAMES_PER_SECOND * length)))
        count = max(1, round(seconds / (length * every)))
        held = max(1, round(hold / length)) if act is not None else every * count
        first = self._first_frame(moment)
        told = []
        for number, action in enumerate(actions):
            if not self._side:
                self._side.append(Scene(self.task, self._render))
            steps = [] if first is not None else [len(moment.actions)]
            scene, drawn = self._visited(
                self._side, self._side[0], moment, steps, seen, deadline
            )
            if first is None:
                first = small(drawn[0])
            left = len(actions) - number
            self._check_time(scene, left, len(moment.actions), every * count, deadline)
            frames, ended = branched(
                scene, action, act or _never, held=held, every=every, count=count
            )
            told.append((action, [first, *frames], ended))
        alike = look_alike([frames for _, frames, _ in told])
        branches = [Branch(*each, alike=a) for each, a in zip(told, alike, strict=True)]
        return Consequences(branches, 1 / (length * every))

    def _first_frame(self, moment: Moment) -> np.ndarray | None:
        """A small picture of the moment, if it was drawn for a clip."""
        for scene in self._scenes:
            if scene.on_the_way_to(moment) and len(moment.actions) in scene.drawn:
                return small(scene.drawn[len(moment.actions)])
        return None

    def _check_time(
        self, scene: Scene, left: int, steps: int, ahead: int, deadline: float
    ) -> None:
        """Raise TooSlowError early where the branches will not be done in time."""
        needed = scene.step_cost * (left * ahead + (left - 1) * steps)
        if time.monotonic() + needed > deadline:
            raise TooSlowError(
                f"{self.task.id} takes about {needed:.0f} seconds to show what"
                f" {left} actions lead to after {steps} steps, which is too long to"
                " wait for"
            )

    def close(self) -> None:
        """Close all environments."""
        for scene in [*self._scenes, *self._side]:
            scene.close()
        self._scenes, self._side = [], []


def _never(observation: np.ndarray) -> np.ndarray:
    raise AssertionError("the action is held to the end")
