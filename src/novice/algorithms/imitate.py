"""Fit a policy to everything answered so far: step 1 of every round of imitation."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from novice.algorithms.settings import FitSettings
from novice.datasets.dataset import Dataset, batch_of
from novice.envs.task import Task
from novice.learning.fit import (
    ADAM,
    SET_LIKELIHOOD,
    WEIGHTED_LIKELIHOOD,
    fit,
    minibatch_plan,
    new_learner,
)
from novice.learning.policy import Mlp, Policy, new_policy, with_statistics
from novice.types import Learner

# The steps of a fit are taken in equal stretches, so that a longer first round runs
# the same compiled program as the later ones.
STRETCH = 500


def beginner(task: Task, settings: FitSettings, *, key: PRNGKeyArray) -> Policy:
    """A policy for the task that has seen nothing yet."""
    return new_policy(task.observation_size, task.head, hidden=settings.hidden, key=key)


def standardized(trunk: Mlp, dataset: Dataset) -> Mlp:
    """The same function, its inputs standardized by what the dataset has seen."""
    seen = dataset.column("observation").astype(np.float64)
    mean = seen.mean(axis=0).astype(np.float32)
    variance = seen.var(axis=0).astype(np.float32)
    return with_statistics(trunk, mean, variance, np.float32(len(seen)))


def whole_stretches(steps: int) -> int:
    """The steps that are taken when `steps` are asked for: whole stretches of them."""
    return -(-steps // STRETCH) * STRETCH


def imitate(
    policy: Policy,
    dataset: Dataset,
    settings: FitSettings,
    *,
    steps: int,
    capacity: int,
    key: PRNGKeyArray,
) -> tuple[Learner, float]:
    """Make the answers likelier; the learner and the mean loss of its last steps.

    At least `steps` steps are taken, in whole stretches of 500.

    The optimizer starts anew: what it remembers of older answers would mislead it.
    """
    policy = eqx.tree_at(lambda p: p.trunk, policy, standardized(policy.trunk, dataset))
    learner = new_learner(policy)
    batch = jax.tree.map(jnp.asarray, batch_of(dataset, policy.head, capacity=capacity))
    objective = SET_LIKELIHOOD if dataset.has_sets else WEIGHTED_LIKELIHOOD
    steps = whole_stretches(steps)
    plan = minibatch_plan(
        int(batch.valid.sum()),
        steps=steps,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        key=key,
    )
    for start in range(0, steps, STRETCH):
        part = slice(start, start + STRETCH)
        learner, losses = fit(
            learner,
            batch,
            jax.tree.map(lambda numbers, part=part: numbers[part], plan),
            objective=objective,
            optimizer=ADAM,
            normalizer=jnp.float32(settings.batch_size),
        )
    return learner, float(losses[-100:].mean())


def power_of_two(rows: int) -> int:
    """The smallest power of two that holds this many rows."""
    return 1 << max(rows - 1, 1).bit_length()
