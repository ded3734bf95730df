"""How far a step of practice can be believed.

Every trajectory says by itself where to go; how much they differ tells how much of the
step is chance. All of it is measured on the gradients that the step is made of.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Float, Int

from novice.learning.fit import negative_weighted_likelihood
from novice.learning.policy import Policy, trainable
from novice.types import AnyArray, Batch


class Signal(NamedTuple):
    """What the trajectories of a batch say together, and against each other.

    `squared` is the squared length of the gradient, less what chance adds to it: it may
    be negative where there is hardly any. `variance` is how much one trajectory's
    gradient differs from that, summed over the parameters. `agreement` is the cosine
    between what two halves of the batch say, and `effective` how many trajectories the
    step is made of, as (Σ|g|)² / Σ|g|²: Kish's effective sample size of the lengths.
    """

    squared: Float[AnyArray, ""]
    variance: Float[AnyArray, ""]
    agreement: Float[AnyArray, ""]
    effective: Float[AnyArray, ""]


def each_gradient(
    policy: Policy, batch: Batch, episodes: int
) -> Callable[[Int[jax.Array, ""]], Float[jax.Array, " parameters"]]:
    """The ascent direction that each trajectory alone asks for, by its number.

    Their mean is the batch's. The rows of a batch are those of one trajectory after
    another, all padded to the same length.
    """
    learning, fixed = eqx.partition(policy, trainable(policy))
    key = jax.random.key(0)
    apart = jax.tree.map(
        lambda column: column.reshape(episodes, -1, *column.shape[1:]), batch
    )

    def of_one(number: Int[jax.Array, ""]) -> Float[jax.Array, " parameters"]:
        rows = jax.tree.map(lambda column: column[number], apart)

        def gain(part: Policy) -> Float[jax.Array, ""]:
            whole = eqx.combine(part, fixed)
            return -negative_weighted_likelihood(whole, rows, key)

        row, _ = ravel_pytree(jax.grad(gain)(learning))
        return row

    return of_one


def signal_of(
    gradient: Callable[[Int[jax.Array, ""]], Float[jax.Array, " parameters"]],
    count: int,
) -> Signal:
    """What can be believed of the mean of so many gradients; there are at least two.

    One after another is added up, so that never more than a few are kept.
    """

    def add(sums: tuple, number: Int[jax.Array, ""]) -> tuple:
        halves, squares, lengths = sums
        found = gradient(number)
        square = jnp.sum(found**2)
        second = (number >= count // 2).astype(jnp.int32)
        halves = halves.at[second].add(found)
        return (halves, squares + square, lengths + jnp.sqrt(square)), None

    shape = jax.eval_shape(gradient, jnp.int32(0)).shape
    start = (jnp.zeros((2, *shape)), jnp.zeros(()), jnp.zeros(()))
    (halves, squares, lengths), _ = jax.lax.scan(add, start, jnp.arange(count))
    length = jnp.sum((jnp.sum(halves, axis=0) / count) ** 2)
    variance = jnp.maximum(squares - count * length, 0) / (count - 1)
    sizes = jnp.linalg.norm(halves[0]) * jnp.linalg.norm(halves[1])
    return Signal(
        squared=length - variance / count,
        variance=variance,
        agreement=_share(jnp.dot(halves[0], halves[1]), sizes),
        effective=_share(lengths**2, squares),
    )


def _share(
    part: Float[jax.Array, ""], whole: Float[jax.Array, ""]
) -> Float[jax.Array, ""]:
    """A quotient, or nothing of nothing."""
    return jnp.where(whole > 0, part / jnp.where(whole > 0, whole, 1.0), 0.0)


def noise_scale(squared: float, variance: float) -> float:
    """How many trajectories make noise and gradient equally long; inf without any.

    McCandlish et al. 2018 (An empirical model of large-batch training, equation 2.8,
    https://arxiv.org/abs/1812.06162). Of several batches, the means of both numbers are
    to be given: the mean of quotients would say too much.
    """
    return variance / squared if squared > 0 else math.inf
