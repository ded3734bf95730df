"""Every query strategy by its name, and the slice that chance alone chooses."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, Float, PRNGKeyArray

from novice.experts.ask import at_random
from novice.experts.asking.bursts import bursts
from novice.experts.asking.chance import in_order, random
from novice.experts.asking.committee import committee
from novice.experts.asking.entropy import check_entropy, entropy
from novice.experts.asking.novelty import novelty
from novice.experts.asking.risk import risk
from novice.experts.asking.visited import Visited
from novice.learning.heads import AbstractHead

# Which of the askable states are asked about.
Strategy = Callable[[Visited, PRNGKeyArray], Bool[np.ndarray, "episodes time"]]

STRATEGIES: Mapping[str, Strategy] = {
    "random": random,
    "everything": in_order,
    "entropy": entropy,
    "committee": committee,
    "novelty": novelty,
    "risk": risk,
    "bursts": bursts,
}
# Those that need no policy and no answers to choose.
_NEED_NOTHING = ("random", "everything")


class Asked(NamedTuple):
    """Which states are asked about, and which of these chance alone chose.

    `chance` is the probability with which each visited state came among the reserved.
    """

    states: Bool[np.ndarray, "episodes time"]
    reserved: Bool[np.ndarray, "episodes time"]
    chance: float

    @property
    def chances(self) -> Float[np.ndarray, " rows"] | None:
        """For each state asked about its chance where it is reserved, else 0.

        None where nothing is reserved.
        """
        if not self.reserved.any():
            return None
        return np.where(self.reserved[self.states], self.chance, 0).astype(np.float32)


def check_strategy(name: str, head: AbstractHead) -> None:
    """Raise NeverUndecidedError where this head does not say what a strategy needs."""
    if name == "entropy":
        check_entropy(head)


def chosen(visited: Visited, *, ask: str, share: float, key: PRNGKeyArray) -> Asked:
    """What to ask about; chance chooses a `share` of it from all visited states.

    Before anybody has learned anything a strategy has nothing to go by, and chance
    chooses; then there is no policy either whose mistakes could be estimated. The share
    is drawn first, so that no strategy has a say in it.
    """
    strategy = STRATEGIES[ask]
    if ask not in _NEED_NOTHING and visited.knows_nothing:
        strategy = random
    nobody = np.zeros_like(visited.askable)
    if not share or visited.policy is None:
        return Asked(strategy(visited, key), nobody, 0.0)
    visits = int(np.sum(visited.trajectories.valid))
    if share == 1:
        slice_key, choice_key = key, None
    else:
        slice_key, choice_key = jax.random.split(key)
    count = max(1, round(share * min(visited.at_most, visits)))
    reserved = at_random(visited.trajectories, at_most=count, key=slice_key)
    chance = int(reserved.sum()) / visits
    rest = replace(
        visited,
        askable=visited.askable & ~reserved,
        at_most=visited.at_most - int(reserved.sum()),
    )
    if choice_key is None or rest.at_most < 1 or not rest.askable.any():
        return Asked(reserved, reserved, chance)
    return Asked(reserved | strategy(rest, choice_key), reserved, chance)
