"""Real actions as a choice among bins, one number after another."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, PRNGKeyArray

from novice.learning.heads.head import AbstractRealHead, cannot_say
from novice.learning.heads.layers import generator_of, new_layer, silu
from novice.learning.network import Layer
from novice.types import AnyArray

# The bins of each number.
BINS = 64
# The numbers that hold what is known so far: the observation and the numbers chosen.
HIDDEN = 64
# What is told of a number chosen: itself, and waves of this many lengths.
WAVES = 4
TOLD = 1 + 2 * WAVES
# The largest share of a sum of float32 that surely stays below the whole.
MOST = np.float32(1 - 1e-6)
TINY = np.finfo(np.float32).tiny


class Chain(eqx.Module):
    """The bins' log-odds of each number, given the observation and the numbers before.

    What is known is a sum, to which every number adds its part once it is chosen, so
    that all numbers of a known action are scored in one pass. This is the NADE of
    Larochelle and Murray 2011 (The neural autoregressive distribution estimator,
    https://proceedings.mlr.press/v15/larochelle11a.html) with a second layer.
    """

    heard: Float[AnyArray, "actions told hidden"]
    own: Float[AnyArray, "actions hidden"]
    deeper: Layer
    weight: Float[AnyArray, "actions hidden bins"]
    bias: Float[AnyArray, "actions bins"]

    def scores(
        self, known: Float[AnyArray, "*lead hidden"], number: int
    ) -> Float[AnyArray, "*lead bins"]:
        """The log-odds of one number's bins."""
        return (
            self._deep(known + self.own[number]) @ self.weight[number]
            + (self.bias[number])
        )

    def all_scores(
        self,
        outputs: Float[jax.Array, "*lead hidden"],
        place: Float[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "actions *lead bins"]:
        """The log-odds of every number's bins, each given those before it."""
        parts = jnp.einsum("...af,afh->a...h", told(place), self.heard)
        before = jnp.tril(jnp.ones((len(self.own), len(self.own))), -1)
        known = outputs + jnp.einsum("ab,b...h->a...h", before, parts)
        own, bias = (
            jnp.expand_dims(each, tuple(range(1, outputs.ndim)))
            for each in (self.own, self.bias)
        )
        hidden = self._deep(known + own)
        return jnp.einsum("a...h,ahb->a...b", hidden, self.weight) + bias

    def _deep(self, known: Any) -> Any:
        hidden = silu(known)
        return hidden + silu(self.deeper(hidden))

    def with_number(
        self,
        known: Float[AnyArray, "*lead hidden"],
        number: int,
        place: Float[AnyArray, "*lead"],
    ) -> Float[AnyArray, "*lead hidden"]:
        """What is known once a number is chosen."""
        return known + told(place) @ self.heard[number]


def told(place: Float[AnyArray, "*lead"]) -> Float[AnyArray, "*lead told"]:
    """A chosen number, and waves of it, by which near places can be told apart."""
    xp = place.__array_namespace__()
    angle = place[..., None] * (np.pi * 2.0 ** np.arange(WAVES) / 2).astype(np.float32)
    return xp.concatenate([place[..., None], xp.sin(angle), xp.cos(angle)], axis=-1)


class Discretized(AbstractRealHead):
    """Real actions, each number in one of equal bins, given the numbers before it.

    Within a bin all places are equally likely, so that this is a density like others'.
    The middles of the outermost bins are the bounds, and what lies beyond counts as
    these do: an unbounded action is learned between -1 and 1 only.
    """

    learns_from = frozenset({"exact", "weighted"})
    independent = False
    chain: Chain
    center: tuple[float, ...] = eqx.field(static=True)
    half_range: tuple[float, ...] = eqx.field(static=True)

    @property
    def outputs(self) -> int:
        return self.chain.own.shape[1]

    @property
    def bins(self) -> int:
        return self.chain.bias.shape[1]

    @property
    def bin_width(self) -> float:
        """The width of a bin in half-ranges."""
        return 2 / (self.bins - 1)

    def noise(
        self, key: PRNGKeyArray, lead: tuple[int, ...]
    ) -> Float[jax.Array, "*lead noise"]:
        return jax.random.uniform(key, (*lead, self.width))

    def sample(
        self, outputs: Float[AnyArray, "*lead outputs"], noise: Float[AnyArray, "..."]
    ) -> Float[AnyArray, "*lead actions"]:
        known, places = outputs, []
        for number in range(self.width):
            scores = self.chain.scores(known, number)
            places.append(self._drawn(scores, noise[..., number]))
            known = self.chain.with_number(known, number, self._within(places[-1]))
        xp = outputs.__array_namespace__()
        return self.in_units(xp.stack(places, axis=-1))

    def best(
        self, outputs: Float[AnyArray, "*lead outputs"]
    ) -> Float[AnyArray, "*lead actions"]:
        """The likeliest place of each number, given those chosen before it.

        All numbers together may be likelier another way: a likely first number can
        leave a choice of many unlikely second ones.
        """
        known, places = outputs, []
        for number in range(self.width):
            places.append(self._peak(self.chain.scores(known, number)))
            known = self.chain.with_number(known, number, places[-1])
        xp = outputs.__array_namespace__()
        return self.in_units(xp.stack(places, axis=-1))

    def _drawn(self, scores: Any, share: Any) -> Any:
        """The place below which `share` of the probability lies.

        A share that rounding makes the whole would fall behind the last likely bin.
        """
        xp = scores.__array_namespace__()
        share = xp.minimum(share, MOST)
        odds = xp.exp(scores - scores.max(-1, keepdims=True))
        upto = xp.cumsum(odds, axis=-1)
        wanted = (share * upto[..., -1])[..., None]
        index = xp.minimum((upto <= wanted).sum(-1, keepdims=True), self.bins - 1)
        odd = xp.take_along_axis(odds, index, axis=-1)
        below = xp.take_along_axis(upto, index, axis=-1) - odd
        part = xp.clip((wanted - below) / xp.maximum(odd, TINY), 0, 1)[..., 0]
        place = (index[..., 0] + part - 0.5) * self.bin_width - 1
        return place.astype(np.float32)

    def _peak(self, scores: Any) -> Any:
        """The middle of the likeliest bin and its two neighbors, by their odds.

        Where an expert's action lies near a border, both bins have been seen, and the
        place between them is found more finely than a bin is wide.
        """
        xp = scores.__array_namespace__()
        index = scores.argmax(-1)[..., None] + np.arange(-1, 2)
        there = (index >= 0) & (index < self.bins)
        near = xp.take_along_axis(scores, xp.clip(index, 0, self.bins - 1), axis=-1)
        odds = xp.exp(near - near.max(-1, keepdims=True)) * there
        mean = (odds * index).sum(-1) / odds.sum(-1)
        return (mean * self.bin_width - 1).astype(np.float32)

    def _within(self, place: Any) -> Any:
        xp = place.__array_namespace__()
        return xp.clip(place, -1, 1)

    def log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Float[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        place = self._within(self.in_half_ranges(action))
        logs = jax.nn.log_softmax(self.chain.all_scores(outputs, place))
        bins = jnp.moveaxis(self.bin_of(place), -1, 0)[..., None]
        each = jnp.take_along_axis(logs, bins, axis=-1)[..., 0]
        return jnp.sum(each, axis=0) - self._log_volume()

    def bin_of(
        self, place: Float[jax.Array, "*lead actions"]
    ) -> Int[jax.Array, "*lead actions"]:
        """The bin in which each number lies, its place given in half-ranges."""
        index = jnp.round((place + 1) / self.bin_width).astype(jnp.int32)
        return jnp.clip(index, 0, self.bins - 1)

    def _log_volume(self) -> Any:
        """The logarithm of the volume of a bin of every number, in the task's units."""
        return jnp.sum(jnp.log(self.bin_width * jnp.asarray(self.half_range)))

    def number_logs(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Float[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead actions"]:
        raise cannot_say(self, "how likely a number is without those before it")

    def entropy(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> Float[jax.Array, "*lead"]:
        """Entropy in nats along the best action: exact for the first number."""
        place = self.in_half_ranges(self.best(outputs))
        logs = jax.nn.log_softmax(self.chain.all_scores(outputs, place))
        each = -jnp.sum(jnp.exp(logs) * logs, axis=-1)
        return jnp.sum(each, axis=0) + self._log_volume()

    def config(self) -> dict[str, Any]:
        return {
            "kind": "discretized",
            "center": list(self.center),
            "half_range": list(self.half_range),
            "bins": self.bins,
            "hidden": self.outputs,
        }


def discretized(
    center: tuple[float, ...],
    half_range: tuple[float, ...],
    *,
    bins: int = BINS,
    hidden: int = HIDDEN,
    key: PRNGKeyArray,
) -> Discretized:
    """A discretized head to which all bins are nearly alike at first."""
    generator, width = generator_of(key), len(center)
    heard = generator.normal(size=(width, TOLD, hidden)) / math.sqrt(width * TOLD)
    own = generator.normal(size=(width, hidden))
    weight = 0.1 * generator.normal(size=(width, hidden, bins)) / math.sqrt(hidden)
    chain = Chain(
        heard=jnp.asarray(heard, jnp.float32),
        own=jnp.asarray(own, jnp.float32),
        deeper=new_layer(hidden, hidden, generator),
        weight=jnp.asarray(weight, jnp.float32),
        bias=jnp.zeros((width, bins)),
    )
    return Discretized(chain=chain, center=center, half_range=half_range)
