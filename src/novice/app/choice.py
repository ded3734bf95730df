"""Choose the round that a run delivers."""

from collections.abc import Sequence

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
    """The round that nothing since has surely surpassed, where round 0 was brought.

    A later one takes the place of the best so far only if it is better in the same
    episodes by more than twice the standard error of the paired difference.
    """
    table = np.asarray(returns, np.float64)
    best = 0
    for number, row in enumerate(table):
        gain = row - table[best]
        error = gain.std(ddof=1) / np.sqrt(len(gain))
        if gain.mean() > 2 * error:
            best = number
    return best
