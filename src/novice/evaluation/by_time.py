"""Say at which steps of their episodes policies lose reward, and err."""

from collections.abc import Sequence

import numpy as np
import scipy.special
from jaxtyping import Float, Int

from novice.types import Trajectories


def reward_by_step(seen: Trajectories, steps: int) -> Float[np.ndarray, " steps"]:
    """The mean reward at each step; episodes that are over get none."""
    valid, reward = np.asarray(seen.valid), np.asarray(seen.reward, np.float64)
    return at_length(np.where(valid, reward, 0.0).mean(axis=0), steps)


def going_on(seen: Trajectories, steps: int) -> Float[np.ndarray, " steps"]:
    """The share of the episodes that are not over yet at each step."""
    return at_length(np.asarray(seen.valid).mean(axis=0), steps)


def at_length(
    values: Float[np.ndarray, " _"] | Sequence[float | int], steps: int
) -> Float[np.ndarray, " steps"]:
    """The first `steps` values, with nothing at all where there are fewer."""
    room = np.zeros(steps)
    kept = np.asarray(values, np.float64)[:steps]
    room[: len(kept)] = kept
    return room


def stretches(steps: int, count: int) -> Int[np.ndarray, " ends"]:
    """The ends of about `count` stretches of equal length, the last one shorter."""
    width = max(1, -(-steps // count))
    return np.minimum(np.arange(width, steps + width, width), steps)


def mean_in_stretches(
    sums: Float[np.ndarray, " steps"],
    counts: Float[np.ndarray, " steps"],
    ends: Int[np.ndarray, " ends"],
) -> Float[np.ndarray, " ends"]:
    """The mean over each stretch of what was summed up by step, or NaN for nothing."""
    starts = np.concatenate([[0], ends[:-1]])
    total, count = (np.add.reduceat(each, starts) for each in (sums, counts))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def over_seeds(values: Float[np.ndarray, " seeds"]) -> tuple[float, float, float]:
    """The mean over training seeds and its 95 % interval (Student's t).

    Episodes of one seed share their policy, so that only the seeds count. One seed
    alone says nothing about the others: then the interval is without end.
    """
    count, mean = len(values), float(np.mean(values))
    if count < 2:
        return mean, float("-inf"), float("inf")
    quantile = float(scipy.special.stdtrit(count - 1, 0.975))
    half = quantile * float(np.std(values, ddof=1)) / count**0.5
    return mean, mean - half, mean + half
