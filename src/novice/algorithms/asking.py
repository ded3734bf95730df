"""Choose what a round asks about, and tell from it how often the policy is wrong."""

import dataclasses
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, Float, Num, PRNGKeyArray

from novice.algorithms.imitate import beginner, imitate, power_of_two
from novice.algorithms.settings import DaggerSettings
from novice.datasets.dataset import Answers, Dataset
from novice.envs.task import Task
from novice.evaluation.audit import audited
from novice.evaluation.disagreement import disagreement
from novice.evaluation.trust import Trusted
from novice.experts.asking.strategies import Asked, chosen
from novice.experts.asking.visited import Visited
from novice.learning.heads import AbstractHead
from novice.learning.policy import Policy
from novice.types import Round, Trajectories

# A layer of a committee's member has no more units than this: there are five of them.
SMALL = 32


def choose(
    task: Task,
    before: Round | None,
    seen: Trajectories,
    settings: DaggerSettings,
    *,
    at_most: int,
    share: float | None = None,
    askable: Bool[np.ndarray, "episodes time"] | None = None,
    key: PRNGKeyArray,
) -> Asked:
    """Which of the states that the policy of the round `before` visited to ask about.

    The `share` that chance alone chooses is the settings' by default. Where an expert
    answers, all that --ask random chooses is such a share.
    """
    dataset = Dataset() if before is None else before.dataset
    if share is None:
        share = settings.audited
        share = 1.0 if share and settings.ask == "random" else share

    def fitted(weight: Float[np.ndarray, " rows"], key: PRNGKeyArray) -> Policy:
        return small_policy(task, dataset, settings, weight, key=key)

    visited = Visited(
        trajectories=seen,
        askable=np.asarray(seen.valid) if askable is None else askable,
        at_most=at_most,
        policy=None if before is None else before.learner.policy,
        dataset=dataset,
        half_range=task.half_range,
        fitted=fitted,
    )
    return chosen(visited, ask=settings.ask, share=share, key=key)


def small_policy(
    task: Task,
    dataset: Dataset,
    settings: DaggerSettings,
    weight: Float[np.ndarray, " rows"],
    *,
    key: PRNGKeyArray,
) -> Policy:
    """A small policy, fitted anew to the rows of a dataset by what they weigh."""
    beginner_key, fit_key = jax.random.split(key)
    hidden = tuple(min(size, SMALL) for size in settings.fit.hidden)
    small = dataclasses.replace(settings.fit, hidden=hidden)
    policy = beginner(task, small, key=beginner_key)
    trust = Trusted(weight, dataset.targets(policy.head), dataset.has_sets, {})
    learner, _ = imitate(
        policy,
        dataset,
        small,
        steps=settings.steps,
        capacity=power_of_two(max(settings.labels, len(dataset))),
        key=fit_key,
        trust=trust,
    )
    return learner.policy


def head_of(task: Task, settings: DaggerSettings) -> AbstractHead:
    """The kind of head that a policy will have; its numbers don't matter."""
    small = dataclasses.replace(settings.fit, hidden=(1,))
    return beginner(task, small, key=jax.random.key(0)).head


def chosen_in(seen: Trajectories, given: Answers) -> Num[np.ndarray, "rows actions"]:
    """What whoever acted chose in the states that were answered, the hand steady."""
    return np.asarray(seen.action_sampled)[given.episode, given.step]


def audit_of(
    task: Task,
    given: Answers,
    done: Num[np.ndarray, "rows actions"],
    *,
    policy: int,
) -> dict[str, Any]:
    """How far what was `done` is from the answers, over all that was visited.

    It is estimated from the rows that chance alone chose; nothing where there are none.
    `policy` is the round whose policy acted.
    """
    if given.chance is None or not given.chance.any():
        return {}
    told = given.chance > 0
    apart = disagreement(task, task.clip(done[told]), task.clip(given.action[told]))
    found = audited(
        apart,
        given.episode[told],
        given.chance[told],
        most=most_apart(task, apart),
    )
    return {"audit": {**found.as_json(), "policy": policy}}


def most_apart(task: Task, apart: Float[np.ndarray, " rows"]) -> float:
    """How far two actions can be apart: all choices differ, or the whole range."""
    if task.bounds is None:
        return 1.0
    bounded = np.isfinite(np.stack(task.bounds)).all()
    return 2.0 if bounded else max(2.0, float(apart.max()))
