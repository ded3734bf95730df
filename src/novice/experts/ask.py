"""Collect the expert's answers in the states asked about, and choose these simply."""

import jax
import numpy as np
from jaxtyping import Bool, Num, PRNGKeyArray

from novice.datasets.dataset import Answers, Origin
from novice.envs.task import Task
from novice.experts.expert import AbstractExpert
from novice.types import Trajectories


def everything(
    trajectories: Trajectories, *, at_most: int, key: PRNGKeyArray | None = None
) -> Bool[np.ndarray, "episodes time"]:
    """Every visited state in the order of the visits, until `at_most` are chosen."""
    valid = np.asarray(trajectories.valid)
    return valid & (np.cumsum(valid).reshape(valid.shape) <= at_most)


def at_random(
    trajectories: Trajectories, *, at_most: int, key: PRNGKeyArray
) -> Bool[np.ndarray, "episodes time"]:
    """A uniform choice of `at_most` visited states: all places, all moments alike."""
    valid = np.asarray(trajectories.valid)
    visited = np.flatnonzero(valid)
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    count = min(at_most, len(visited))
    asked = np.zeros(valid.size, bool)
    asked[generator.choice(visited, count, replace=False)] = True
    return asked.reshape(valid.shape)


def as_done(
    trajectories: Trajectories,
    asked: Bool[np.ndarray, "episodes time"],
    *,
    origin: Origin,
    past: int = 0,
) -> Answers:
    """What whoever acted chose in these states: a demonstration answers by itself.

    The choice counts as it was made, whatever noise did to it on the way. With each
    state the `past` observations before it are kept.
    """
    action = np.asarray(trajectories.action_sampled)[asked]
    return collected(trajectories, asked, action, origin, past)


def answers(
    expert: AbstractExpert,
    task: Task,
    trajectories: Trajectories,
    asked: Bool[np.ndarray, "episodes time"],
    *,
    origin: Origin,
    past: int = 0,
) -> Answers:
    """What the expert would have done in each of the states asked about.

    An expert with a memory sees each episode from its start, as it happened.
    """
    given = [
        along_episode(
            expert,
            task,
            trajectories.observation[episode],
            steps,
            seed=int(trajectories.seed[episode]),
        )
        for episode, steps in enumerate(asked)
        if steps.any()
    ]
    return collected(trajectories, asked, np.concatenate(given), origin, past)


def collected(
    trajectories: Trajectories,
    asked: Bool[np.ndarray, "episodes time"],
    action: Num[np.ndarray, "rows actions"],
    origin: Origin,
    past: int,
) -> Answers:
    """The states asked about with their answers, as rows."""
    episode, step = np.nonzero(asked)
    seen = np.asarray(trajectories.observation)
    ago = np.maximum(step[:, None] - np.arange(past, 0, -1), 0)
    return Answers(
        observation=np.asarray(trajectories.observation)[:, :-1][asked],
        action=action,
        episode=episode.astype(np.int32),
        step=step.astype(np.int32),
        origin=origin,
        before=seen[episode[:, None], ago] if past else None,
    )


def along_episode(
    expert: AbstractExpert,
    task: Task,
    observation: np.ndarray,
    asked: Bool[np.ndarray, " time"],
    *,
    seed: int,
) -> Num[np.ndarray, "rows actions"]:
    """The expert's answers at the steps asked about, in one episode."""
    memory = expert.begin(seed)
    given = []
    for step in range(np.flatnonzero(asked)[-1] + 1):
        if not (asked[step] or expert.remembers):
            continue
        seen = task.observation_of(observation[step])
        action, memory = expert.act(memory, seen)
        if asked[step]:
            given.append(task.action_vector(action, by=expert.name))
    return np.stack(given)
