"""Visit a state again: replay its episode's seed and executed actions."""

from dataclasses import dataclass, field

import gymnasium
import numpy as np
from jaxtyping import Float, Num

from novice.envs.task import Task
from novice.errors import NoviceError


class NoPictureError(NoviceError):
    """The task cannot draw itself here."""


@dataclass(frozen=True, eq=False)
class Moment:
    """One visited state: a task, a reset seed and the actions executed since."""

    task: Task
    seed: int
    actions: Num[np.ndarray, "steps actions"] = field(repr=False)

    def observation(self) -> Float[np.ndarray, " obs"]:
        """What is seen there, found by replaying the episode so far."""
        environment = self.task.make()
        try:
            seen, _ = environment.reset(seed=self.seed)
            for action in self.actions:
                seen, *_ = environment.step(self.task.executable(action))
            return self.task.vector(seen)
        finally:
            environment.close()


def frames(moment: Moment, *, most: int) -> tuple[list[np.ndarray], float]:
    """At most `most` pictures of the episode so far, evenly spaced, and how many of
    them make a second of the task's time.

    A picture is (height, width, 3) bytes; the last one is the moment itself. Raises
    NoPictureError when the task has no renderer or it does not work here.
    """
    task = moment.task
    try:
        environment = task.make(render_mode="rgb_array")
    except Exception as error:
        raise NoPictureError(f"{task.id} cannot be drawn: {error}") from error
    every = max(1, -(-len(moment.actions) // max(most - 1, 1)))
    try:
        environment.reset(seed=moment.seed)
        pictures = [picture(environment)]
        for step, action in enumerate(moment.actions, start=1):
            environment.step(task.executable(action))
            if step % every == 0 or step == len(moment.actions):
                pictures.append(picture(environment))
    except Exception as error:
        raise NoPictureError(
            f"{task.id} cannot be drawn here: {type(error).__name__}: {error}"
        ) from error
    finally:
        environment.close()
    return pictures[-most:], float(environment.metadata.get("render_fps", 30)) / every


def picture(environment: gymnasium.Env) -> np.ndarray:
    """What the environment looks like now."""
    drawn = environment.render()
    if not isinstance(drawn, np.ndarray) or drawn.ndim != 3:
        raise NoPictureError(f"render() returned {type(drawn).__name__}, not a picture")
    return np.asarray(drawn, np.uint8)
