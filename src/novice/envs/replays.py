"""Find out whether episodes happen again as they did."""

from typing import TYPE_CHECKING

import gymnasium
import numpy as np
from jaxtyping import Num

from novice.envs.task import Task
from novice.errors import NoviceError

if TYPE_CHECKING:
    import novice.types


class DoesNotReplayError(NoviceError):
    """The seed and the actions led somewhere else than they did before."""


def check_replayed(
    task: Task,
    seed: int,
    step: int,
    found: Num[np.ndarray, " obs"],
    seen: Num[np.ndarray, " obs"],
) -> None:
    """Raise DoesNotReplayError unless both are the same to the bit."""
    why = difference(task, seed, step, found, seen)
    if why is not None:
        raise DoesNotReplayError(why)


def difference(
    task: Task, seed: int, step: int, found: np.ndarray, seen: np.ndarray
) -> str | None:
    """What differs between two observations of a moment; None where nothing does."""
    found, seen = np.asarray(found, np.float32), np.asarray(seen, np.float32)
    where = f"step {step} of the episode with seed {seed}"
    if found.shape != seen.shape:
        return (
            f"{task.id} does not replay: at {where} it showed {found.size} numbers,"
            f" but {seen.size} were seen before"
        )
    differs = found.view(np.uint32) != seen.view(np.uint32)
    if not differs.any():
        return None
    entry = int(np.flatnonzero(differs)[0])
    return (
        f"{task.id} does not replay: at {where}, entry {entry} of the observation is"
        f" {found[entry]!s}, but {seen[entry]!s} was seen before; something in it does"
        " not follow from the seed and the actions"
    )


def replays(task: Task, trajectories: "novice.types.Trajectories") -> str | None:
    """Why these episodes cannot be visited again; None when all of them can."""
    return next((why for why in replay_faults(task, trajectories) if why), None)


def replay_faults(
    task: Task, trajectories: "novice.types.Trajectories"
) -> list[str | None]:
    """For each episode, why it cannot be visited again; None where it can.

    Each is stepped again without drawing, and every observation compared to the bit.
    They are taken in another order than they happened in: what leaves traces in an
    environment would else be repeated, traces and all.
    """
    environment = task.make()
    fresh = True
    faults: list[str | None] = []
    try:
        for episode in reversed(range(len(trajectories.seed))):
            why = _replay_fails(environment, task, trajectories, episode)
            if why is not None and not fresh:
                # An earlier episode may have left a trace in the environment.
                environment.close()
                environment = task.make()
                why = _replay_fails(environment, task, trajectories, episode)
            if why is not None:
                environment.close()
                environment = task.make()
            fresh = why is not None
            faults.append(why)
        return faults[::-1]
    finally:
        environment.close()


def _replay_fails(
    environment: gymnasium.Env,
    task: Task,
    trajectories: "novice.types.Trajectories",
    episode: int,
) -> str | None:
    seed = int(trajectories.seed[episode])
    seen = np.asarray(trajectories.observation[episode])
    length = int(trajectories.length[episode])
    step = 0
    try:
        found, _ = environment.reset(seed=seed)
        why = difference(task, seed, 0, task.vector(found), seen[0])
        for action in np.asarray(trajectories.action_executed[episode][:length]):
            if why is not None:
                return why
            step += 1
            found, *_ = environment.step(task.executable(action))
            why = difference(task, seed, step, task.vector(found), seen[step])
    except Exception as error:
        return (
            f"{task.id} does not replay: step {step} of the episode with seed {seed}"
            f" raised {type(error).__name__}: {error}"
        )
    return why
