"""Compare policies on the episodes that all of them started from the same seeds."""

import numpy as np
from jaxtyping import Float

from novice.app.report.facts import Episodes, Score
from novice.evaluation.statistics import (
    normalized,
    normalized_interval,
    paired_difference,
)

Columns = Float[np.ndarray, "policies episodes"]


def returns_together(*policies: Episodes) -> Columns:
    """The returns of each on the seeds common to all, in the first one's order."""
    tables = [dict(zip(one.seed, one.total, strict=True)) for one in policies]
    common = [seed for seed in tables[0] if all(seed in table for table in tables)]
    return np.array([[table[seed] for seed in common] for table in tables], np.float64)


def difference(first: Episodes, second: Episodes) -> Score | None:
    """What `first` returns more than `second`, if there are seeds to compare on."""
    columns = returns_together(first, second)
    if columns.shape[1] < 2:
        return None
    found = paired_difference(*columns)
    low, high = found.ci95
    return Score(mean=found.mean, low=low, high=high, episodes=columns.shape[1])


def share_of_the_way(
    policy: Episodes, random: Episodes, expert: Episodes
) -> Score | None:
    """How far from random (0) to the expert (1) the policy is.

    The interval holds the doubt about both ends of the scale as well.
    """
    columns = returns_together(policy, random, expert)
    if columns.shape[1] < 2:
        return None
    share = normalized(*columns.mean(axis=1))
    interval = normalized_interval(*columns)
    if share is None or interval is None:
        return None
    low, high = interval
    return Score(mean=share, low=low, high=high, episodes=columns.shape[1])
