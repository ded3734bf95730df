"""Real actions with independent normal noise around what the network says."""

import abc
import math
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Float

from novice.learning.heads.head import AbstractRealHead
from novice.types import AnyArray


class AbstractNormalHead(AbstractRealHead):
    """Real actions with independent noise that spreads alike everywhere.

    The network says the mean, in half-ranges.
    """

    learns_from = frozenset({"exact", "weighted", "partial"})

    @property
    @abc.abstractmethod
    def _std(self) -> Any:
        """How far a sample spreads, in half-ranges."""

    @property
    def outputs(self) -> int:
        return len(self.center)

    def sample(
        self, outputs: Float[AnyArray, "*lead outputs"], noise: Float[AnyArray, "..."]
    ) -> Float[AnyArray, "*lead actions"]:
        return self.in_units(outputs + self._std * noise)

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
        logs = normal_logs(self.in_half_ranges(action), outputs, self._std)
        return logs - jnp.log(jnp.asarray(self.half_range))

    def entropy(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> Float[jax.Array, "*lead"]:
        spread = jnp.log(self._std * jnp.asarray(self.half_range))
        each = spread + 0.5 * math.log(2 * math.pi * math.e)
        return jnp.broadcast_to(jnp.sum(each), outputs.shape[:-1])


def normal_logs(
    place: Float[jax.Array, "..."],
    mean: Float[jax.Array, "*lead actions"],
    std: Float[AnyArray, "..."] | float,
) -> Float[jax.Array, "*lead actions"]:
    """The logarithm of a normal density, number by number."""
    z = (place - mean) / std
    return -0.5 * z**2 - jnp.log(std) - 0.5 * math.log(2 * math.pi)
