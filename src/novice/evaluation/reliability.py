"""Estimate how often, or how nearly, each person is right.

Gold items tell it directly. Items that several people judged, or one person more than
once, tell it by how often they differ: `novice.evaluation.judging` holds the models.
"""

from dataclasses import dataclass

import numpy as np
import scipy.optimize
from jaxtyping import Float

from novice.evaluation.agreement import Opinions
from novice.evaluation.judging import AbstractJudging, Gold, judging

# Fewer items than this are too few to weigh anybody by.
FEWEST_ITEMS = 5
# How far the signed root of the likelihood ratio is at the end of a 95 % interval: it
# is about normal, and along a trait about straight, so that its end is found quickly.
_FAR = 1.959964
# How exactly the end of an interval is looked for.
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Reliability:
    """How far one person can be trusted, with a 95 % interval.

    `value` is the probability that their choice is right; of real actions the standard
    deviation of their numbers, in half-ranges. `items` is how many moments say so, and
    `weight` how much an answer of theirs should count (None: too few to say).
    """

    value: float
    ci95: tuple[float, float]
    items: int
    weight: float | None


def reliabilities(opinions: Opinions, gold: Gold) -> dict[str, Reliability]:
    """How reliable everybody is of whom anything is known.

    By maximum likelihood. An interval holds the values at which the profile likelihood,
    with the other people's values set to what suits best, is not too much smaller
    (Venzon and Moolgavkar 1988, https://doi.org/10.2307/2347496). Of two people who met
    on common items alone either may be the one who is wrong: then both intervals are
    wide. Gold and repeats tell.
    """
    model = judging(opinions, gold)
    if model is None:
        return {}
    best = _fitted(model, np.full(len(opinions.names), model.start))
    weights = model.weights(best)
    return {
        name: _reliability(model, best, place, float(weights[place]))
        for place, name in enumerate(opinions.names)
        if model.items[place]
    }


def _reliability(
    model: AbstractJudging,
    best: Float[np.ndarray, " people"],
    place: int,
    weight: float,
) -> Reliability:
    low, high = _profile_interval(model, best, place)
    items = int(model.items[place])
    return Reliability(
        value=model.shown(float(best[place])),
        ci95=(model.shown(low), model.shown(high)),
        items=items,
        weight=weight if items >= FEWEST_ITEMS else None,
    )


def _fitted(
    model: AbstractJudging,
    trait: Float[np.ndarray, " people"],
    *,
    held: int | None = None,
) -> Float[np.ndarray, " people"]:
    """The traits that make what was said likeliest; that of `held` stays as it is."""
    bounds = [model.bounds] * len(trait)
    if held is not None:
        bounds[held] = (trait[held], trait[held])

    def surprise(trait: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = model.likelihood(trait)
        return -value, -slope

    found = scipy.optimize.minimize(
        surprise, trait, jac=True, bounds=bounds, method="L-BFGS-B"
    )
    return np.asarray(found.x)


def _profile_interval(
    model: AbstractJudging, best: Float[np.ndarray, " people"], place: int
) -> tuple[float, float]:
    """The traits of one person that the profile likelihood does not exclude."""
    top = model.likelihood(best).value
    ends = []
    for bound in model.bounds:
        others = best.copy()

        def beyond(trait: float, others: np.ndarray = others) -> float:
            others[place] = trait
            others[:] = _fitted(model, others, held=place)
            fall = top - model.likelihood(others).value
            return float(np.sqrt(2 * max(fall, 0.0))) - _FAR

        if beyond(bound) <= 0:
            ends.append(bound)
            continue
        others[:] = best
        near = float(best[place])
        ends.append(scipy.optimize.brentq(beyond, near, bound, xtol=_TOLERANCE))
    return ends[0], ends[1]
