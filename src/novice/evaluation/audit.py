"""Estimate how often a policy differs from who teaches it, from a blind random slice.

Whatever chose the other questions, the answers in the slice were chosen by chance from
all visited states, each with a known probability. Weighted by its inverse (Horvitz and
Thompson 1952, https://doi.org/10.1080/01621459.1952.10483446), and divided by the sum
of the weights, they estimate the mean over all states that the policy visits.

The steps of one episode are alike, so the variance is that between episodes (the ratio
estimate of cluster sampling: Cochran 1977, Sampling Techniques, chapters 6 and 9), with
one degree of freedom less than there are episodes. Where these differ less than
independent answers would, which few episodes do by luck, it is the mean of both
variances, with the degrees of freedom of Welch and Satterthwaite. The interval is
Wilson's with as many independent answers as have this variance, and the quantile of
Student's t (others are compared by Dean and Pagano 2015,
https://doi.org/10.1093/jssam/smv024).

In 18 made-up tasks, with mistakes that come in runs and a true mean of 0.03 to 0.45, it
covered the truth in 92 to 99 % of 400 repetitions for 25 answers in 5 episodes, 94 to
99 % for 25 in 10, 91 to 98 % for 50 in 20, and 88 to 96 % for 100 in 10: the least
where a few episodes have nearly all mistakes. Five answers say next to nothing.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special
from jaxtyping import Float, Int


@dataclass(frozen=True)
class Audit:
    """The mean disagreement over what a policy visits, and what it rests on.

    `ci95` would hold the truth in 95 of 100 repetitions.
    """

    mean: float
    ci95: tuple[float, float]
    answers: int
    episodes: int

    def as_json(self) -> dict[str, Any]:
        """The numbers as they stand in a round's measures."""
        return {
            "mean": self.mean,
            "ci95": list(self.ci95),
            "answers": self.answers,
            "episodes": self.episodes,
        }


def audited(
    value: Float[np.ndarray, " answers"],
    episode: Int[np.ndarray, " answers"],
    chance: Float[np.ndarray, " answers"],
    *,
    most: float = 1.0,
) -> Audit:
    """The mean of a value between 0 and `most` over all states, from a slice of them.

    `chance` is the probability with which each answer's state came into the slice.
    """
    weight = 1 / np.asarray(chance, np.float64)
    share = weight / weight.sum()
    mean = min(max(float(share @ value), 0.0), most)
    clusters = np.unique(episode, return_inverse=True)[1]
    episodes = int(clusters.max()) + 1
    interval = (0.0, most)
    if episodes > 1:
        spread = float(share @ (value - mean) ** 2)
        alone = spread * float(share @ share)
        apart = np.bincount(clusters, share * (value - mean))
        between = episodes / (episodes - 1) * float(apart @ apart)
        variance, freedom = between, float(episodes - 1)
        if between < alone:
            variance = (between + alone) / 2
            parts = between**2 / (episodes - 1) + alone**2 / (len(value) - 1)
            freedom = (2 * variance) ** 2 / parts
        interval = wilson(
            mean,
            variance,
            rows=1 / float(share @ share),
            quantile=float(scipy.special.stdtrit(freedom, 0.975)),
            most=most,
        )
    return Audit(mean, interval, len(value), episodes)


def wilson(
    mean: float, variance: float, *, rows: float, quantile: float, most: float
) -> tuple[float, float]:
    """Wilson's interval (1927) of a mean between 0 and `most` with this variance.

    Where nothing varies, so many `rows` count as independent answers.
    """
    place = mean / most
    independent = place * (1 - place) * most**2 / variance if variance > 0 else rows
    slack = quantile**2 / independent
    middle = (place + slack / 2) / (1 + slack)
    inner = max(place * (1 - place) / independent, 0) + (slack / (2 * quantile)) ** 2
    half = quantile / (1 + slack) * math.sqrt(inner)
    return most * max(middle - half, 0.0), most * min(middle + half, 1.0)
