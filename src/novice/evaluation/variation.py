"""Say how much of what a policy can it keeps where a task is other than usual."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from novice.evaluation.statistics import normalized, normalized_interval

# Less than this share of what a policy usually returns above chance counts as lost.
KEPT = 0.9


@dataclass(frozen=True)
class Share:
    """What is kept: 1 is the usual return, 0 chance's in the usual task.

    `ci95` is None where these episodes cannot tell the policy from chance.
    """

    mean: float
    ci95: tuple[float, float] | None

    def as_json(self) -> dict[str, Any]:
        return {"mean": self.mean, "ci95": None if self.ci95 is None else [*self.ci95]}


def kept(
    other: Float[np.ndarray, " episodes"],
    usual: Float[np.ndarray, " episodes"],
    chance: Float[np.ndarray, " episodes"],
) -> Share | None:
    """(other - chance) / (usual - chance), from returns on the same seeds.

    `chance` is that of the usual task: then the share says what became of the return,
    also where the changed task is easy for anybody. None where even the usual return is
    no better than chance.
    """
    mean = normalized(other.mean(), chance.mean(), usual.mean())
    if mean is None:
        return None
    return Share(mean, normalized_interval(other, chance, usual))


def weights(values: Sequence[Any]) -> Float[np.ndarray, " values"]:
    """How much each value counts in a mean over all of them: the trapezoid rule.

    Values stand in rising order. What are no numbers counts equally.
    """
    if len(values) < 2 or not all(is_number(value) for value in values):
        return np.full(len(values), 1 / len(values))
    gaps = np.diff(np.asarray(values, np.float64))
    each = (np.append(gaps, 0) + np.append(0, gaps)) / 2
    return each / each.sum()


def over_range(
    returns: Float[np.ndarray, "values episodes"], values: Sequence[Any]
) -> Float[np.ndarray, " episodes"]:
    """Each seed's mean return over the whole range of values: the area, per width."""
    return weights(values) @ returns


def stretch(
    values: Sequence[Any], shares: Sequence[float], usual: Any, *, least: float = KEPT
) -> tuple[Any, ...]:
    """The neighboring values, with the usual one among them, that keep `least`.

    The usual value keeps everything, whether it was tried or not. Where it is no number
    the longest such stretch is told; of what are no numbers, all that keep `least`.
    """
    pairs = list(zip(values, shares, strict=True))
    if not all(is_number(value) for value in values):
        return tuple(value for value, share in pairs if share >= least)
    if is_number(usual):
        pairs = sorted([(v, s) for v, s in pairs if v != usual] + [(usual, 1.0)])
    runs: list[list[Any]] = [[]]
    for value, share in pairs:
        if share >= least:
            runs[-1].append(value)
        else:
            runs.append([])
    if is_number(usual):
        return next(tuple(run) for run in runs if usual in run)
    longest: list[Any] = max(runs, key=len)
    return tuple(longest)


def is_number(value: Any) -> bool:
    """Whether a value has a place on an axis."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
    )
