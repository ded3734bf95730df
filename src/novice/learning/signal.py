"""How far a step of practice can be believed.

Every trajectory says by itself where to go; how much they differ tells how much of the
step is chance. All of it is measured on the gradients that the step is made of.
"""

import math
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Float

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


@eqx.filter_jit
def each_gradient(
    policy: Policy, batch: Batch, episodes: int
) -> Float[jax.Array, "episodes parameters"]:
    """The ascent direction that each trajectory alone asks for.

    Their mean is the batch's. The rows of a batch are those of one trajectory after
    another, all padded to the same length.
    """
    learning, fixed = eqx.partition(policy, trainable(policy))
    key = jax.random.key(0)

    def of_one(rows: Batch) -> Float[jax.Array, " parameters"]:
        def gain(part: Policy) -> Float[jax.Array, ""]:
            whole = eqx.combine(part, fixed)
            return -negative_weighted_likelihood(whole, rows, key)

        row, _ = ravel_pytree(jax.grad(gain)(learning))
        return row

    apart = jax.tree.map(
        lambda column: column.reshape(episodes, -1, *column.shape[1:]), batch
    )
    return jax.vmap(of_one)(apart)


@eqx.filter_jit
def signal_of(gradients: Float[AnyArray, "episodes parameters"]) -> Signal:
    """What can be believed of the mean of these gradients; there are at least two."""
    count = gradients.shape[0]
    mean = jnp.mean(gradients, axis=0)
    variance = jnp.sum((gradients - mean) ** 2) / (count - 1)
    lengths = jnp.sqrt(jnp.sum(gradients**2, axis=1))
    first = jnp.mean(gradients[: count // 2], axis=0)
    second = jnp.mean(gradients[count // 2 :], axis=0)
    sizes = jnp.linalg.norm(first) * jnp.linalg.norm(second)
    return Signal(
        squared=jnp.sum(mean**2) - variance / count,
        variance=variance,
        agreement=_share(jnp.dot(first, second), sizes),
        effective=_share(jnp.sum(lengths) ** 2, jnp.sum(lengths**2)),
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


def advice(scale: float, agreement: float, episodes: int) -> str:
    """What follows for whoever sets the size of a batch, in one sentence."""
    if scale <= episodes:
        return (
            f"{episodes} episodes are enough for a reliable step: the noise is as long"
            f" as the gradient at {scale:.2g}."
        )
    if scale > 100 * episodes:
        return (
            f"{episodes} episodes show no gradient: the halves of a batch agree by"
            f" {agreement:+.2f} (1: the same direction, 0: none). There may be nothing"
            " left to gain, or what is paid is too rare."
        )
    return (
        f"About {scale / episodes:.2g} times more episodes for a reliable step: with"
        f" {episodes} the noise is longer than the gradient."
    )
