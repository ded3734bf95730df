"""Ask in stretches: from where doubt is high to where it has gone."""

from collections.abc import Set

import jax
import numpy as np
from jaxtyping import Bool, Float, Int, PRNGKeyArray

from novice.experts.asking.committee import doubt
from novice.experts.asking.visited import Visited, generator_of

# A stretch ends where doubt has fallen to this part of what began it.
CALM = 0.1
# Doubt flickers from step to step; it is averaged over so many before and after.
AROUND = 5


def bursts(visited: Visited, key: PRNGKeyArray) -> Bool[np.ndarray, "episodes time"]:
    """Stretches that begin in high doubt and end only when it is low.

    The two thresholds are LazyDAgger's, the second a tenth of the first, so that
    whoever answers seldom has to find their way into another situation (Hoque et al.
    2021, https://arxiv.org/abs/2104.00053). The doubt is a committee's. The first
    threshold is the highest that uses all questions up; the stretches that reached the
    highest doubt come first, and the last of them is cut short. Unlike there the steps
    are known beforehand, so doubt is averaged over those around.
    """
    fit_key, order_key = jax.random.split(key)
    valid = np.asarray(visited.trajectories.valid)
    level = np.zeros(valid.shape)
    level[valid] = doubt(visited, valid, fit_key)
    level = smoothed(level, valid)
    wanted = min(visited.at_most, int(visited.askable.sum()))
    stretches = stretch_numbers(in_doubt(level, valid, wanted, visited.askable))
    order = generator_of(order_key).permutation(int(stretches.max()) + 1)
    peak = np.full(len(order), -np.inf)
    np.maximum.at(peak, stretches[stretches >= 0], level[stretches >= 0])
    first = np.argsort(np.lexsort([order, -peak]))
    episode, step = np.nonzero(visited.askable & (stretches >= 0))
    taken = np.lexsort([step, episode, first[stretches[episode, step]]])[:wanted]
    asked = np.zeros_like(valid)
    asked[episode[taken], step[taken]] = True
    return asked


def smoothed(
    level: Float[np.ndarray, "episodes time"],
    valid: Bool[np.ndarray, "episodes time"],
) -> Float[np.ndarray, "episodes time"]:
    """The mean over the steps around each step, of its own episode; 0 in padding."""
    width = 2 * AROUND + 1
    sums, counts = (
        np.lib.stride_tricks.sliding_window_view(
            np.pad(each, [(0, 0), (AROUND, AROUND)]), width, axis=1
        ).sum(axis=2)
        for each in (np.where(valid, level, 0.0), valid.astype(float))
    )
    return np.where(valid, sums / np.maximum(counts, 1), 0.0)


def in_doubt(
    level: Float[np.ndarray, "episodes time"],
    valid: Bool[np.ndarray, "episodes time"],
    wanted: int,
    askable: Bool[np.ndarray, "episodes time"],
) -> Bool[np.ndarray, "episodes time"]:
    """The stretches of the highest threshold that hold as many askable states."""
    thresholds = np.unique(level[valid])
    low, high = 0, len(thresholds) - 1  # The lowest threshold holds every state.
    while low < high:
        middle = (low + high + 1) // 2
        held = gated(level, valid, begin=thresholds[middle])
        if (held & askable).sum() >= wanted:
            low = middle
        else:
            high = middle - 1
    return gated(level, valid, begin=thresholds[low])


def gated(
    level: Float[np.ndarray, "episodes time"],
    valid: Bool[np.ndarray, "episodes time"],
    *,
    begin: float,
) -> Bool[np.ndarray, "episodes time"]:
    """Where a gate is open that opens at `begin`, and closes below a part of it."""
    open_now = np.zeros(len(level), bool)
    found = np.zeros_like(valid)
    for step in range(level.shape[1]):
        now = level[:, step]
        open_now = (now >= begin) | (open_now & (now >= CALM * begin))
        found[:, step] = open_now & valid[:, step]
    return found


def stretch_numbers(
    states: Bool[np.ndarray, "episodes time"],
) -> Int[np.ndarray, "episodes time"]:
    """Which stretch of consecutive steps each state belongs to; -1: none."""
    begins = states.copy()
    begins[:, 1:] &= ~states[:, :-1]
    return np.where(states, np.cumsum(begins).reshape(states.shape) - 1, -1)


def context_switches(places: Set[tuple[int, int]]) -> int:
    """How often whoever answers has to find their way into another situation.

    `places` are the episodes and steps that were asked about. It is once for each
    stretch of consecutive steps. LazyDAgger counts the way back as well, which makes
    twice as many.
    """
    return sum((episode, step - 1) not in places for episode, step in places)
