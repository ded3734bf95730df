"""Say what it costs to teach something, and which way of teaching costs least.

A policy has learned it when two evaluations in a row say so: one alone may be luck.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from novice.evaluation.by_time import over_seeds


def learned_at(normalized: Sequence[float], *, needed: float) -> int | None:
    """The first of two evaluations in a row that reach what is needed, if any do."""
    reached = [value >= needed for value in normalized]
    for place in range(len(reached) - 1):
        if reached[place] and reached[place + 1]:
            return place
    return None


@dataclass(frozen=True)
class Price:
    """What it costs over training seeds, in minutes or labels; None: not learned.

    Where every seed learned it there is a mean, and with two or more an interval
    (Student's t), which nothing less than nothing is part of.
    """

    each: tuple[float | None, ...]

    @property
    def learned(self) -> int:
        """How many seeds learned it."""
        return sum(cost is not None for cost in self.each)

    @property
    def paid(self) -> tuple[float, ...] | None:
        """The cost of every seed; None unless all learned it."""
        found = tuple(cost for cost in self.each if cost is not None)
        return found if len(found) == len(self.each) else None

    @property
    def mean(self) -> float | None:
        return None if self.paid is None else float(np.mean(self.paid))

    @property
    def ci95(self) -> tuple[float, float] | None:
        if self.paid is None or len(self.paid) < 2:
            return None
        _, low, high = over_seeds(np.array(self.paid))
        return max(0.0, low), high


@dataclass(frozen=True)
class Cheapest:
    """The way with the lowest mean cost, and by how much the others cost more.

    `more` has a mean and an interval for each other way. Of a way that a seed did not
    learn by, the whole budget is taken as its cost: it costs at least so much more.
    """

    name: str
    more: Mapping[str, tuple[float, float, float]]

    @property
    def is_sure(self) -> bool:
        """Whether every other way's interval says that it costs more."""
        return all(low > 0 for _, low, _ in self.more.values())

    @property
    def rivals(self) -> tuple[str, ...]:
        """The other ways that may be as cheap."""
        return tuple(name for name, (_, low, _) in self.more.items() if low <= 0)


def cheapest(prices: Mapping[str, Price], *, budget: float) -> Cheapest | None:
    """Compare the ways seed by seed; None where none was learned by in every seed."""
    means = {name: each.mean for name, each in prices.items() if each.mean is not None}
    if not means:
        return None
    best = min(means, key=lambda name: means[name])
    paid = np.array(prices[best].paid)
    more = {
        name: over_seeds(censored(price, budget) - paid)
        for name, price in prices.items()
        if name != best
    }
    return Cheapest(best, more)


def censored(price: Price, budget: float) -> np.ndarray:
    """The cost of every seed, at least: who did not learn it used up the budget."""
    return np.array([budget if cost is None else cost for cost in price.each])
