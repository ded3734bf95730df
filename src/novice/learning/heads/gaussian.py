"""Real actions with independent Gaussian noise."""

import functools
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from novice.learning.heads.head import AbstractHead
from novice.types import AnyArray

# The spread of a Gaussian action, as log standard deviation in half-ranges.
SMALLEST_LOG_STD = -4.0
LARGEST_LOG_STD = 1.0


@functools.cache
def in_numbers(settings: tuple[float, ...]) -> Float[np.ndarray, " actions"]:
    """A tuple of settings as an array."""
    return np.asarray(settings, np.float32)


class Gaussian(AbstractHead):
    """Real actions with independent noise: a Box action space.

    The network speaks in half-ranges around `center`; an unbounded action has a
    half-range of 1. A sample may lie outside the bounds: it is stored as it is, and
    clipped on the way into the task. The spread is one learned number per dimension.
    """

    learns_from = frozenset({"exact", "weighted", "partial"})
    log_std: Float[AnyArray, " actions"]
    center: tuple[float, ...] = eqx.field(static=True)
    half_range: tuple[float, ...] = eqx.field(static=True)

    @property
    def outputs(self) -> int:
        return len(self.center)

    @property
    def options(self) -> tuple[int, ...]:
        return ()

    def option_logs(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> list[Float[jax.Array, "*lead options"]]:
        return []

    @property
    def width(self) -> int:
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
        xp = outputs.__array_namespace__()
        std = xp.exp(xp.clip(self.log_std, SMALLEST_LOG_STD, LARGEST_LOG_STD))
        center, half_range = in_numbers(self.center), in_numbers(self.half_range)
        return center + half_range * (outputs + std * noise)

    def best(
        self, outputs: Float[AnyArray, "*lead outputs"]
    ) -> Float[AnyArray, "*lead actions"]:
        return in_numbers(self.center) + in_numbers(self.half_range) * outputs

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
        half_range = jnp.asarray(self.half_range)
        std = self._std()
        z = ((action - jnp.asarray(self.center)) / half_range - outputs) / std
        return -0.5 * z**2 - jnp.log(std * half_range) - 0.5 * math.log(2 * math.pi)

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


def gaussian(
    center: tuple[float, ...], half_range: tuple[float, ...], *, log_std: float = -0.5
) -> Gaussian:
    """A Gaussian head whose samples spread exp(`log_std`) half-ranges at first."""
    return Gaussian(jnp.full(len(center), log_std), center, half_range)
