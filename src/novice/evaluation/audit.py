"""Estimate how often a policy differs from who teaches it, from a blind random slice.

Whatever chose the other questions, the answers in the slice were chosen by chance from
all visited states, each with a known probability. Weighted by its inverse (Horvitz and
Thompson 1952, https://doi.org/10.1080/01621459.1952.10483446), and divided by the sum
of the weights, they estimate the mean over all states that the policy visits.

The steps of one episode are alike, so the variance is that between episodes (the ratio
estimate of cluster sampling: Cochran 1977, Sampling Techniques, chapters 6 and 9). Few
episodes differ less around their own mean than around the true one; what is missing is
filled up with one episode's share of the variance of independent answers, and less than
half of that is never believed. The interval is Wilson's (1927) with as many independent
answers as have this variance (Korn and Graubard 1998, Survey Methodology 24, 193-201).
Its quantile is Student's t, for the variance was estimated, with the degrees of freedom
of Satterthwaite (1946): one less than there are episodes for their part, any number for
the rest. Where no mistake was found nothing was estimated, and it is the normal one. Of
fewer than ten episodes luck may be taken for agreement: there it is never more than one
less than there are episodes.
Dean and Pagano compare others (2015, https://doi.org/10.1093/jssam/smv024).

In 72 made-up tasks, with single mistakes or runs of them, alike or not between
episodes, and a true mean of 0.01 to 0.38, it covered the truth in so many percent of
1000 repetitions:

    answers    episodes    mean    least    most
         25          10    96.1     92.7    98.3
         50          10    95.6     91.2    97.6
        100          10    94.9     89.0    97.4
         50          20    95.5     91.9    98.2
        100          20    95.2     91.9    97.4

With fewer episodes it is rather too wide: where the answers of an episode are alike to
a correlation of 0.3, it covered a truth of 0.2 in 100 % (2 episodes of 12 answers) and
94 % (3 of 25), and one of 0.1 in 99 % (4 of 10); but with one of 0.8 a truth of 0.3 in
84 % (4 of 12). The least is where a few episodes have nearly all mistakes. The most is
where the truth lies between what two counts of mistakes can tell: no interval from
counts covers it equally often everywhere (Brown, Cai and DasGupta 2001,
https://doi.org/10.1214/ss/1009213286). Five answers say next to nothing.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special
from jaxtyping import Float, Int

# So many episodes may agree by luck.
FEW = 10


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
        alone = float(share @ (value - mean) ** 2) * float(share @ share)
        apart = np.bincount(clusters, share * (value - mean))
        variance, freedom = spread(float(apart @ apart), alone, episodes)
        interval = wilson(
            mean,
            variance,
            rows=1 / float(share @ share),
            quantile=float(scipy.special.stdtrit(freedom, 0.975)),
            most=most,
        )
    return Audit(mean, interval, len(value), episodes)


def spread(between: float, alone: float, episodes: int) -> tuple[float, float]:
    """The variance of the mean, and its degrees of freedom.

    `between` is the sum of the squares of what each episode adds to the mean, `alone`
    the variance that independent answers would have.
    """
    variance = max(between + alone / episodes, alone / 2)
    most = math.inf if episodes >= FEW else float(episodes - 1)
    if not between:
        return variance, most
    return variance, min((episodes - 1) * (variance / between) ** 2, most)


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
