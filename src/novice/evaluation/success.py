"""Say how often episodes succeed, and how far that can be trusted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special
from jaxtyping import Bool


@dataclass(frozen=True)
class SuccessRate:
    """The share of episodes that succeeded; `ci95` holds the true one 19 times of 20.

    Unlike a bootstrap interval it is one also where all succeed, or none.
    """

    rate: float
    ci95: tuple[float, float]
    episodes: int

    def as_json(self) -> dict[str, Any]:
        """The numbers as they stand in summary.json."""
        return {"rate": self.rate, "ci95": list(self.ci95), "episodes": self.episodes}


def success_rate(success: Bool[np.ndarray, " episodes"]) -> SuccessRate:
    """What these episodes say about all episodes there could be."""
    count, episodes = int(success.sum()), len(success)
    return SuccessRate(count / episodes, exact_interval(count, episodes), episodes)


def exact_interval(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a probability by so many trials (Clopper and Pearson 1934).

    https://doi.org/10.2307/2331986
    """
    failures = trials - successes
    low = scipy.special.betaincinv(successes, failures + 1, 0.025) if successes else 0.0
    high = scipy.special.betaincinv(successes + 1, failures, 0.975) if failures else 1.0
    return float(low), float(high)
