"""Measure which of a dataset's labels are to be doubted, with policies fitted to it."""

import functools
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Num

from novice.algorithms.imitate import beginner, imitate, power_of_two
from novice.algorithms.settings import FitSettings
from novice.datasets.dataset import Dataset, sets_of
from novice.datasets.episodes import episode_numbers
from novice.envs.task import Task
from novice.evaluation.contradictions import Contradictions, Points, contradictions
from novice.evaluation.doubt import Doubts, Predicted, Said, doubts
from novice.evaluation.trust import Trusted, authors_of, with_gaps
from novice.learning.policy import Policy

# The fits are small: what is wrong shows before everything is learned.
STEPS = 500
MOST_STEPS = 2_000
ROWS_A_STEP = 10
# Rows whose answers are judged at once; pictures are large.
AT_ONCE = 4_096


@dataclass(frozen=True, eq=False)
class Findings:
    """What is doubtful in a dataset; `doubts` is None where too little can tell."""

    contradictions: Contradictions
    doubts: Doubts | None


def findings(dataset: Dataset, task: Task) -> Findings:
    """The labels that contradict each other, and those that others don't predict."""
    said = said_in(dataset, task)
    fit = functools.partial(fitted, dataset, task)
    return Findings(contradictions(points_of(dataset, task)), doubts(said, fit))


def said_in(dataset: Dataset, task: Task) -> Said:
    """The labels of a dataset, by their episodes and whoever gave them."""
    return Said(
        episode=episode_numbers(dataset),
        who=authors_of(dataset),
        chance=chances(dataset, task),
        counts=dataset.taught(),
    )


def points_of(dataset: Dataset, task: Task) -> Points:
    """The labels of a dataset beside what was seen."""
    head = task.head
    marks = None
    if head.options:
        marks = np.concatenate([sets_of(part, head) for part in dataset.parts])
    half_range = np.asarray(task.half_range, np.float64)
    action = np.concatenate([with_gaps(part) for part in dataset.parts]) / half_range
    return Points(
        observation=dataset.column("observation"),
        episode=episode_numbers(dataset),
        step=dataset.column("step"),
        counts=dataset.taught(),
        action=action,
        marks=marks,
        options=head.options,
    )


def chances(dataset: Dataset, task: Task) -> Float[np.ndarray, " rows"]:
    """The logarithm of how likely each answer is for somebody who answers at random.

    Choices are equally likely, and so are real actions within a task's bounds.
    """
    head = task.head
    if head.options:
        marks = np.concatenate([sets_of(part, head) for part in dataset.parts])
        each = np.split(marks, np.cumsum(head.options)[:-1], axis=1)
        shares = [part.mean(axis=1).clip(1e-6) for part in each]
        return np.asarray(np.log(np.stack(shares, axis=1)).sum(axis=1), np.float64)
    known = np.concatenate([np.isfinite(with_gaps(part)) for part in dataset.parts])
    width = 2 * np.broadcast_to(np.asarray(task.half_range, np.float64), known.shape)
    return np.asarray(-np.where(known, np.log(width), 0.0).sum(axis=1))


def fitted(
    dataset: Dataset, task: Task, weight: Float[np.ndarray, " rows"], number: int
) -> Predicted:
    """What a small policy that was fitted to some rows makes of every row."""
    settings = FitSettings()
    beginner_key, fit_key = jax.random.split(jax.random.key(number))
    policy = beginner(task, settings, key=beginner_key)
    target = dataset.targets(policy.head)
    rows = len(dataset)
    learner, _ = imitate(
        policy,
        dataset,
        settings,
        steps=min(MOST_STEPS, max(STEPS, rows // ROWS_A_STEP)),
        capacity=power_of_two(rows),
        key=fit_key,
        trust=Trusted(weight, target, dataset.has_sets, {}),
    )
    return judged(learner.policy, dataset, target)


def judged(
    policy: Policy, dataset: Dataset, target: Num[np.ndarray, "rows targets"]
) -> Predicted:
    """How likely a policy finds each row's answer, and what it would do."""
    said = "set" if dataset.has_sets else "partial" if dataset.has_gaps else "exact"
    seen, rows = dataset.column("observation"), len(dataset)
    likely, action = [], []
    for start in range(0, rows, AT_ONCE):
        part = slice(start, start + AT_ONCE)
        short = max(0, start + AT_ONCE - rows) if start else 0
        # Each stretch has the same shape, so that this compiles once.
        padded = [np.pad(each[part], [(0, short), (0, 0)]) for each in (seen, target)]
        found = likelihood(policy, *map(jnp.asarray, padded), said=said)
        likely.append(np.asarray(found[0], np.float64)[: rows - start])
        action.append(np.asarray(found[1])[: rows - start])
    return Predicted(np.concatenate(likely), np.concatenate(action))


@eqx.filter_jit
def likelihood(
    policy: Policy,
    observation: Num[jax.Array, "rows obs"],
    target: Num[jax.Array, "rows targets"],
    *,
    said: str,
) -> tuple[Float[jax.Array, " rows"], Num[jax.Array, "rows actions"]]:
    """The logarithm of each answer's probability, and the likeliest action."""
    action, _ = policy.best(policy.start(), observation)
    if said == "set":
        return policy.set_log_probability(observation, target), action
    if said == "partial":
        told, known = jnp.split(target, 2, axis=-1)
        found = policy.partial_log_probability(observation, told, known > 0)
        return found, action
    return policy.log_probability(observation, target), action
