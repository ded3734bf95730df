"""Choose among options: categorical choices and switches."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, PRNGKeyArray

from novice.learning.heads.head import AbstractHead, added_up, choices
from novice.types import AnyArray


class AbstractChoosingHead(AbstractHead):
    """Several choices side by side, each among its own number of options."""

    counts: eqx.AbstractVar[tuple[int, ...]]

    @property
    def options(self) -> tuple[int, ...]:
        return self.counts

    @property
    def width(self) -> int:
        return len(self.counts)


def picked(
    each: list[Float[AnyArray, "*lead _"]],
) -> Int[AnyArray, "*lead actions"]:
    """The place of the largest number in each choice."""
    places = [numbers.argmax(-1) for numbers in each]
    if len(places) == 1:
        return places[0][..., None].astype(np.int32)
    xp = places[0].__array_namespace__()
    return xp.stack(places, axis=-1).astype(np.int32)


class Categorical(AbstractChoosingHead):
    """Several choices side by side, each among its own number of actions.

    One choice is a Discrete action space, several are a MultiDiscrete one.
    """

    learns_from = frozenset({"exact", "weighted", "set", "negative"})
    counts: tuple[int, ...] = eqx.field(static=True)

    @property
    def outputs(self) -> int:
        return sum(self.counts)

    def noise(
        self, key: PRNGKeyArray, lead: tuple[int, ...]
    ) -> Float[jax.Array, "*lead noise"]:
        return jax.random.gumbel(key, (*lead, self.outputs))

    def sample(
        self, outputs: Float[AnyArray, "*lead outputs"], noise: Float[AnyArray, "..."]
    ) -> Int[AnyArray, "*lead actions"]:
        return picked(choices(outputs + noise, self.counts))

    def best(
        self, outputs: Float[AnyArray, "*lead outputs"]
    ) -> Int[AnyArray, "*lead actions"]:
        return picked(choices(outputs, self.counts))

    def log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Int[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        return added_up(self._logs_of(outputs, action))

    def number_logs(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Int[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead actions"]:
        return jnp.stack(self._logs_of(outputs, action), axis=-1)

    def _logs_of(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Int[jax.Array, "*lead actions"],
    ) -> list[Float[jax.Array, "*lead"]]:
        return [
            jnp.take_along_axis(log, action[..., i, None], axis=-1)[..., 0]
            for i, log in enumerate(self.option_logs(outputs))
        ]

    def option_logs(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> list[Float[jax.Array, "*lead options"]]:
        return [jax.nn.log_softmax(choice) for choice in choices(outputs, self.counts)]

    def entropy(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> Float[jax.Array, "*lead"]:
        logs = self.option_logs(outputs)
        return added_up([-jnp.sum(jnp.exp(log) * log, axis=-1) for log in logs])

    def config(self) -> dict[str, Any]:
        return {"kind": "categorical", "counts": list(self.counts)}


class Bernoulli(AbstractHead):
    """Independent switches: a MultiBinary action space."""

    learns_from = frozenset({"exact", "weighted", "set", "negative"})
    count: int = eqx.field(static=True)

    @property
    def outputs(self) -> int:
        return self.count

    @property
    def options(self) -> tuple[int, ...]:
        return (2,) * self.count

    @property
    def width(self) -> int:
        return self.count

    def noise(
        self, key: PRNGKeyArray, lead: tuple[int, ...]
    ) -> Float[jax.Array, "*lead noise"]:
        return jax.random.logistic(key, (*lead, self.count))

    def sample(
        self, outputs: Float[AnyArray, "*lead outputs"], noise: Float[AnyArray, "..."]
    ) -> Int[AnyArray, "*lead actions"]:
        return (outputs + noise > 0).astype(np.int32)

    def best(
        self, outputs: Float[AnyArray, "*lead outputs"]
    ) -> Int[AnyArray, "*lead actions"]:
        return (outputs > 0).astype(np.int32)

    def log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Int[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        return jnp.sum(self.number_logs(outputs, action), axis=-1)

    def number_logs(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Int[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead actions"]:
        return jax.nn.log_sigmoid(jnp.where(action == 1, outputs, -outputs))

    def option_logs(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> list[Float[jax.Array, "*lead options"]]:
        both = jax.nn.log_sigmoid(jnp.stack([-outputs, outputs], axis=-1))
        return [both[..., i, :] for i in range(self.count)]

    def entropy(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> Float[jax.Array, "*lead"]:
        on, off = jax.nn.log_sigmoid(outputs), jax.nn.log_sigmoid(-outputs)
        return -jnp.sum(jnp.exp(on) * on + jnp.exp(off) * off, axis=-1)

    def config(self) -> dict[str, Any]:
        return {"kind": "bernoulli", "count": self.count}
