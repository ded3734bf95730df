"""Say how long directions are and how far two agree, chance in each taken out.

A direction is the mean of what each episode asks for. The length of a mean is partly
noise, and noise turns it away from any other: what is told here is of the gradient that
more and more episodes would come to. Intervals are of the jackknife's pseudovalues
(Arvesen 1969, Jackknifing U-statistics, https://doi.org/10.1214/aoms/1177697287).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from novice.evaluation.statistics import estimate

Each = Float[np.ndarray, "episodes parameters"]
# A statistic of sums over episodes, told for all of them or with each one left out.
Statistic = Callable[[list["Sums"]], Float[np.ndarray, " ways"]]


@dataclass(frozen=True, eq=False)
class Sums:
    """What episodes ask for, added up: one way, or one for each that is left out."""

    total: Float[np.ndarray, "ways parameters"]
    squares: Float[np.ndarray, " ways"]
    count: int

    @classmethod
    def of_all(cls, each: Each) -> "Sums":
        return cls(each.sum(axis=0)[None], np.array([np.sum(each**2)]), len(each))

    @classmethod
    def without_one(cls, each: Each) -> "Sums":
        squares = np.sum(each**2, axis=1)
        return cls(each.sum(axis=0) - each, squares.sum() - squares, len(each) - 1)

    def squared(self) -> Float[np.ndarray, " ways"]:
        """The squared length of the mean's expectation: products of different ones."""
        pairs = np.sum(self.total**2, axis=1) - self.squares
        return np.asarray(pairs / (self.count * (self.count - 1)))

    def product(self, other: "Sums") -> Float[np.ndarray, " ways"]:
        """How far along each other two means lie that share no episode."""
        along = np.sum(self.total * other.total, axis=1)
        return np.asarray(along / (self.count * other.count))


def squared_length(sums: list[Sums]) -> Float[np.ndarray, " ways"]:
    """Of one direction."""
    (only,) = sums
    return only.squared()


def cosine(sums: list[Sums]) -> Float[np.ndarray, " ways"]:
    """Between two directions; NaN where a length is lost in noise."""
    one, other = sums
    lengths = one.squared() * other.squared()
    known = (one.squared() > 0) & (other.squared() > 0)
    return np.where(
        known, one.product(other) / np.sqrt(np.where(known, lengths, 1.0)), np.nan
    )


def told(statistic: Statistic, *directions: Each) -> dict[str, Any] | None:
    """A statistic of directions with as many episodes each, and its 95 % interval.

    There are at least three. None where leaving an episode out leaves nothing to say.
    """
    count = len(directions[0])
    whole = statistic([Sums.of_all(each) for each in directions])
    without = statistic([Sums.without_one(each) for each in directions])
    pseudovalues = count * whole - (count - 1) * without
    if not np.isfinite(pseudovalues).all():
        return None
    found = estimate(pseudovalues)
    return {"mean": found.mean, "ci95": list(found.ci95)}


def length_told(each: Each, *, unit: float) -> dict[str, Any]:
    """How long a direction is, in so many of its units, and its interval from zero."""
    found = told(squared_length, each)
    assert found is not None
    low, mean, high = (
        float(np.sqrt(max(value, 0.0))) * unit
        for value in (found["ci95"][0], found["mean"], found["ci95"][1])
    )
    return {"mean": mean, "ci95": [low, high]}


def surely_some(each: Each) -> bool:
    """Whether a direction is longer than chance alone makes it."""
    found = told(squared_length, each)
    return found is not None and found["ci95"][0] > 0


def cosine_told(one: Each, other: Each) -> dict[str, Any] | None:
    """How far two directions agree, from -1 to 1.

    None where one of them is no longer than chance makes it: it points nowhere.
    """
    if not (surely_some(one) and surely_some(other)):
        return None
    found = told(cosine, one, other)
    if found is None:
        return None
    mean, low, high = np.clip([found["mean"], *found["ci95"]], -1, 1).tolist()
    return {"mean": mean, "ci95": [low, high]}
