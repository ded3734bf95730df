"""Choose the round that a run delivers."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np


def latest_of_the_best(returns: Sequence[Sequence[float]]) -> int:
    """The latest round that the validation episodes cannot tell from the best one.

    `returns` holds each round's returns in the same episodes. Taking the highest mean
    would favor luck: of twenty rounds, one always does well in just these episodes.
    Later rounds have learned from more, so they win unless they are worse by more than
    twice the standard error of the paired difference.
    """
    table = np.asarray(returns, np.float64)
    best = int(table.mean(axis=1).argmax())
    behind = table[best] - table
    mean = behind.mean(axis=1)
    error = behind.std(axis=1, ddof=1) / np.sqrt(table.shape[1])
    return int(np.flatnonzero(mean <= 2 * error)[-1])


def promoted(returns: Sequence[Sequence[float]]) -> int:
    """The round to deliver where round 0 is a policy that came along to practice.

    It stays unless some round is surely better in the same episodes, by a paired test
    whose error of 2.5 % is shared among all rounds; of those that are, the choice is
    that of `latest_of_the_best`.
    """
    table = np.asarray(returns, np.float64)
    gain = table - table[0]
    error = gain.std(axis=1, ddof=1) / np.sqrt(table.shape[1])
    sure = NormalDist().inv_cdf(1 - 0.025 / max(1, len(table) - 1))
    better = np.flatnonzero(gain.mean(axis=1) > sure * error)
    if not len(better):
        return 0
    return int(better[latest_of_the_best(table[better].tolist())])
