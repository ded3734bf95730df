"""Fit a policy to everything answered so far: step 1 of every round of imitation."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Num, PRNGKeyArray

from novice.algorithms.settings import BadSettingError, FitSettings
from novice.datasets.dataset import Dataset, batch_of
from novice.datasets.windows import seen_at_once, targets_at_once
from novice.envs.task import Task
from novice.evaluation.trust import Trusted
from novice.learning.fit import (
    ADAM,
    PARTIAL_LIKELIHOOD,
    SET_LIKELIHOOD,
    WEIGHTED_LIKELIHOOD,
    WEIGHTED_LOSS,
    Objective,
    fit,
    minibatch_plan,
    new_learner,
)
from novice.learning.network import with_statistics
from novice.learning.policy import Policy, new_policy
from novice.types import Learner, Round

# The steps of a fit are taken in equal stretches, so that a longer first round runs
# the same compiled program as the later ones.
STRETCH = 500
# How many times the standard deviation of an input may grow before a policy that has
# learned from less is in the way of learning more.
GROWN = 4.0


def beginner(task: Task, settings: FitSettings, *, key: PRNGKeyArray) -> Policy:
    """A policy for the task that has seen nothing yet.

    Raises BadSettingError where the task has no place for what is set.
    """
    if settings.residual and task.picture is not None:
        raise BadSettingError(
            "--residual is for numbers, but this task shows pictures, which have a"
            " network of their own; leave it away"
        )
    trunk_key, head_key = jax.random.split(key)
    if settings.head == "auto" and settings.chunk == 1:
        head, trunk_key = task.head, key
    else:
        head = task.head_called(settings.head, settings.chunk, key=head_key)
    return new_policy(
        task.observation_size,
        head,
        hidden=settings.layers,
        residual=settings.residual,
        history=settings.history,
        chunk=settings.chunk,
        execute=settings.executed,
        picture=task.picture,
        key=trunk_key,
    )


def standardized(trunk: Any, seen: Num[np.ndarray, "rows numbers"]) -> Any:
    """The same function, its inputs standardized by what was seen."""
    if not hasattr(trunk, "normalizer"):
        return trunk
    numbers = seen.astype(np.float64)
    mean = numbers.mean(axis=0).astype(np.float32)
    variance = numbers.var(axis=0).astype(np.float32)
    return with_statistics(trunk, mean, variance, np.float32(len(numbers)))


def outgrown(before: Round, dataset: Dataset) -> bool:
    """Whether a dataset varies so much more than before that its policy is in the way.

    Inputs are standardized by what was seen, and the first layer takes up the
    difference: where demonstrations hardly varied and what is visited does, its weights
    grow as the standard deviation did, its tanh saturates, and a policy that goes on
    from there hardly learns. One that knows more than its answers is kept.
    """
    policy = before.learner.policy
    trunk = policy.trunk
    if not hasattr(trunk, "normalizer") or not len(before.dataset):
        return False
    if int(trunk.normalizer.count) != len(before.dataset):
        return False
    seen = seen_at_once(dataset, policy.history)
    scale = standardized(trunk, seen).normalizer.scale
    return bool(np.any(scale > GROWN * trunk.normalizer.scale))


def undecided(policy: Policy) -> Policy:
    """The policy with a last layer of zeros: every choice is as likely as another.

    Whoever is certain is not persuaded by somebody who may err: where π(a) is nearly 0,
    so is the slope of log Σ π mark. What earlier rounds were certain of, and wrong,
    could not be corrected; what the layers before the last have found is kept.
    """
    last = policy.trunk.layers[-1]
    zeros = jax.tree.map(jnp.zeros_like, last)
    return eqx.tree_at(lambda p: p.trunk.layers[-1], policy, zeros)


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
    trust: Trusted | None = None,
) -> tuple[Learner, float]:
    """Make the answers likelier; the learner and the mean loss of its last steps.

    At least `steps` steps are taken, in whole stretches of 500. Without `trust` every
    row that stands counts once.

    The optimizer starts anew: what it remembers of older answers would mislead it.
    Where answers are doubted the policy starts out `undecided`.
    """
    seen = seen_at_once(dataset, policy.history)
    policy = eqx.tree_at(lambda p: p.trunk, policy, standardized(policy.trunk, seen))
    if trust is not None and trust.doubts:
        policy = undecided(policy)
    learner = new_learner(policy)
    if trust is None:
        how = {"target": targets_at_once(dataset, policy.head, policy.chunk)}
    else:
        how = {"weight": trust.weight, "target": trust.target}
    batch = batch_of(dataset, policy.head, capacity=capacity, observation=seen, **how)
    batch = jax.tree.map(jnp.asarray, batch)
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
            objective=objective_of(dataset, policy, trust),
            optimizer=ADAM,
            normalizer=jnp.float32(settings.batch_size),
        )
    return learner, float(losses[-100:].mean())


def objective_of(
    dataset: Dataset, policy: Policy, trust: Trusted | None = None
) -> Objective:
    """What makes the targets of a dataset likelier, whatever people said in them."""
    if dataset.has_sets if trust is None else trust.marked:
        return SET_LIKELIHOOD
    if dataset.has_gaps or (policy.chunk > 1 and "partial" in policy.head.learns_from):
        return PARTIAL_LIKELIHOOD
    return WEIGHTED_LIKELIHOOD if policy.head.has_likelihood else WEIGHTED_LOSS


def power_of_two(rows: int) -> int:
    """The smallest power of two that holds this many rows."""
    return 1 << max(rows - 1, 1).bit_length()
