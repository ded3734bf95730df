"""Real actions learned by squared error."""

import math
from typing import Any

import equinox as eqx

from novice.learning.heads.normal import AbstractNormalHead

# How far a sample spreads, in half-ranges: as far as a Gaussian's does at first.
STD = math.exp(-0.5)


class Squared(AbstractNormalHead):
    """Real actions with independent noise whose spread is never learned.

    The likelihood of such a head is the squared error in half-ranges, but for its unit:
    what behavioral cloning with a plain regression minimizes.
    """

    center: tuple[float, ...] = eqx.field(static=True)
    half_range: tuple[float, ...] = eqx.field(static=True)

    @property
    def _std(self) -> float:
        return STD

    def config(self) -> dict[str, Any]:
        return {
            "kind": "squared",
            "center": list(self.center),
            "half_range": list(self.half_range),
        }
