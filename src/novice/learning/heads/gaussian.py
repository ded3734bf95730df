"""Real actions with independent Gaussian noise."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Float, PRNGKeyArray

from novice.learning.heads.head import AbstractRealHead
from novice.types import AnyArray

# The spread of a Gaussian action, as log standard deviation in half-ranges.
SMALLEST_LOG_STD = -4.0
LARGEST_LOG_STD = 1.0


class Gaussian(AbstractRealHead):
    """Real actions with independent noise.

    The spread is one learned number per dimension, in half-ranges. Between two ways of
    acting, the likeliest action is their mean, which may be neither.
    """

    learns_from = frozenset({"exact", "weighted", "partial"})
    log_std: Float[AnyArray, " actions"]
    center: tuple[float, ...] = eqx.field(static=True)
    half_range: tuple[float, ...] = eqx.field(static=True)

    @property
    def outputs(self) -> int:
        return len(self.center)

    def noise(
        self, key: PRNGKeyArray, lead: tuple[int, ...]
    ) -> Float[jax.Array, "*lead noise"]:
        return jax.random.normal(key, (*lead, self.outputs))

    def _std(self) -> Any:
        xp = self.log_std.__array_namespace__()
        return xp.exp(xp.clip(self.log_std, SMALLEST_LOG_STD, LARGEST_LOG_STD))

    def sample(
        self, outputs: Float[AnyArray, "*lead outputs"], noise: Float[AnyArray, "..."]
    ) -> Float[AnyArray, "*lead actions"]:
        return self.in_units(outputs + self._std() * noise)

    def best(
        self, outputs: Float[AnyArray, "*lead outputs"]
    ) -> Float[AnyArray, "*lead actions"]:
        return self.in_units(outputs)

    def log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Float[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        return jnp.sum(self.number_logs(outputs, action), axis=-1)

    def number_logs(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Float[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead actions"]:
        logs = normal_logs(self.in_half_ranges(action), outputs, self._std())
        return logs - jnp.log(jnp.asarray(self.half_range))

    def entropy(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> Float[jax.Array, "*lead"]:
        spread = jnp.log(self._std() * jnp.asarray(self.half_range))
        each = spread + 0.5 * math.log(2 * math.pi * math.e)
        return jnp.broadcast_to(jnp.sum(each), outputs.shape[:-1])

    def config(self) -> dict[str, Any]:
        return {
            "kind": "gaussian",
            "center": list(self.center),
            "half_range": list(self.half_range),
        }


def normal_logs(
    place: Float[jax.Array, "..."],
    mean: Float[jax.Array, "*lead actions"],
    std: Float[AnyArray, "..."],
) -> Float[jax.Array, "*lead actions"]:
    """The logarithm of a normal density, number by number."""
    z = (place - mean) / std
    return -0.5 * z**2 - jnp.log(std) - 0.5 * math.log(2 * math.pi)


def gaussian(
    center: tuple[float, ...], half_range: tuple[float, ...], *, log_std: float = -0.5
) -> Gaussian:
    """A Gaussian head whose samples spread exp(`log_std`) half-ranges at first."""
    spread = jnp.full(len(center), log_std)
    return Gaussian(log_std=spread, center=center, half_range=half_range)
