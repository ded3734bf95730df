"""Real actions learned by squared error."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Float, PRNGKeyArray

from novice.learning.heads.gaussian import normal_logs
from novice.learning.heads.head import AbstractRealHead
from novice.types import AnyArray

# How far a sample spreads, in half-ranges: as far as a Gaussian's does at first.
STD = math.exp(-0.5)


class Squared(AbstractRealHead):
    """Real actions with independent noise whose spread is never learned.

    The likelihood of such a head is the squared error in half-ranges, but for its unit:
    what behavioral cloning with a plain regression minimizes.
    """

    learns_from = frozenset({"exact", "weighted", "partial"})
    center: tuple[float, ...] = eqx.field(static=True)
    half_range: tuple[float, ...] = eqx.field(static=True)

    @property
    def outputs(self) -> int:
        return len(self.center)

    def noise(
        self, key: PRNGKeyArray, lead: tuple[int, ...]
    ) -> Float[jax.Array, "*lead noise"]:
        return jax.random.normal(key, (*lead, self.outputs))

    def sample(
        self, outputs: Float[AnyArray, "*lead outputs"], noise: Float[AnyArray, "..."]
    ) -> Float[AnyArray, "*lead actions"]:
        return self.in_units(outputs + STD * noise)

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
        logs = normal_logs(self.in_half_ranges(action), outputs, jnp.asarray(STD))
        return logs - jnp.log(jnp.asarray(self.half_range))

    def entropy(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> Float[jax.Array, "*lead"]:
        each = jnp.log(STD * jnp.asarray(self.half_range))
        total = jnp.sum(each + 0.5 * math.log(2 * math.pi * math.e))
        return jnp.broadcast_to(total, outputs.shape[:-1])

    def config(self) -> dict[str, Any]:
        return {
            "kind": "squared",
            "center": list(self.center),
            "half_range": list(self.half_range),
        }
