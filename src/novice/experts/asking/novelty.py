"""Ask about what is unlike anything that was answered."""

import numpy as np
from jaxtyping import Bool, Float, Num, PRNGKeyArray

from novice.datasets.windows import seen_at_once
from novice.experts.asking.visited import Visited, by_rank, in_blocks, measures_of


def novelty(visited: Visited, key: PRNGKeyArray) -> Bool[np.ndarray, "episodes time"]:
    """States that are far from the nearest answered one.

    What the policy sees is standardized by the answered states; the distance is
    Euclidean.
    """
    assert visited.policy is not None
    answered = seen_at_once(visited.dataset, visited.policy.history)
    answered = answered[visited.dataset.standing()]
    mean, scale = measures_of(answered)
    known = ((answered - mean) / scale).astype(np.float32)
    score = in_blocks(
        lambda rows: nearest(((rows - mean) / scale).astype(np.float32), known),
        visited.windows(visited.askable),
    )
    return by_rank(visited, score, key)


def nearest(
    rows: Num[np.ndarray, "rows numbers"], known: Num[np.ndarray, "known numbers"]
) -> Float[np.ndarray, " rows"]:
    """The distance from each row to the nearest known one."""
    squares = (known**2).sum(axis=1) - 2 * rows @ known.T
    least = squares.min(axis=1) + (rows**2).sum(axis=1)
    return np.sqrt(np.maximum(least, 0))
