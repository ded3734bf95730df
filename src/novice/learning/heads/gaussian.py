"""Real actions with independent Gaussian noise."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Float

from novice.learning.heads.normal import AbstractNormalHead
from novice.types import AnyArray

# The spread of a Gaussian action, as log standard deviation in half-ranges.
SMALLEST_LOG_STD = -4.0
LARGEST_LOG_STD = 1.0


class Gaussian(AbstractNormalHead):
    """Real actions with independent noise.

    The spread is one learned number per dimension, in half-ranges. Between two ways of
    acting, the likeliest action is their mean, which may be neither.
    """

    log_std: Float[AnyArray, " actions"]
    center: tuple[float, ...] = eqx.field(static=True)
    half_range: tuple[float, ...] = eqx.field(static=True)

    @property
    def _std(self) -> Any:
        xp = self.log_std.__array_namespace__()
        return xp.exp(xp.clip(self.log_std, SMALLEST_LOG_STD, LARGEST_LOG_STD))

    def config(self) -> dict[str, Any]:
        return {
            "kind": "gaussian",
            "center": list(self.center),
            "half_range": list(self.half_range),
        }


def gaussian(
    center: tuple[float, ...], half_range: tuple[float, ...], *, log_std: float = -0.5
) -> Gaussian:
    """A Gaussian head whose samples spread exp(`log_std`) half-ranges at first."""
    spread = jnp.full(len(center), log_std)
    return Gaussian(log_std=spread, center=center, half_range=half_range)
