"""Ask about everything in order, or about a uniform choice."""

import numpy as np
from jaxtyping import Bool, PRNGKeyArray

from novice.experts.ask import at_random, everything
from novice.experts.asking.visited import Visited


def in_order(visited: Visited, key: PRNGKeyArray) -> Bool[np.ndarray, "episodes time"]:
    """Every state in the order of the visits, as many as there are questions."""
    return everything(visited.trajectories_askable, at_most=visited.at_most)


def random(visited: Visited, key: PRNGKeyArray) -> Bool[np.ndarray, "episodes time"]:
    """A uniform choice: all places, all moments alike."""
    at_most = visited.at_most
    return at_random(visited.trajectories_askable, at_most=at_most, key=key)
