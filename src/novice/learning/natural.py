"""The natural gradient: the step that changes what a policy does, not its numbers.

Kakade 2001 (https://papers.nips.cc/paper/2073-a-natural-policy-gradient), with a step
length normalized as in Rajeswaran et al. 2017 (https://arxiv.org/abs/1703.02660).
"""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Bool, Float, Int, PRNGKeyArray

from novice.learning.policy import Policy, trainable
from novice.types import AnyArray, Batch

# How many times the Fisher matrix is multiplied to solve one step.
PRODUCTS = 10
# It is solved when no more than this share is left.
TOLERANCE = 1e-5
# What is added to its diagonal, so that directions nobody acts in stay short.
DAMPING = 1e-4
# Rows on which the Fisher matrix is measured: it needs fewer than the gradient.
FISHER_ROWS = 8192
# A step whose curvature is less goes nowhere.
SMALLEST = 1e-20

Row = Float[jax.Array, " parameters"]


class Search(NamedTuple):
    """Where conjugate gradients have come to."""

    found: Row
    rest: Row  # what product(found) is still away from
    along: Row
    error: Float[jax.Array, ""]  # the square of rest


def natural_step(
    policy: Policy,
    batch: Batch,
    acted: Batch,
    loss: Callable[[Policy, Batch, PRNGKeyArray], Float[jax.Array, ""]],
    *,
    normalizer: Float[jax.Array, ""],
    divergence: Float[AnyArray, ""],
    key: PRNGKeyArray,
) -> tuple[Policy, Float[jax.Array, ""]]:
    """The policy after one step along -F⁻¹∇loss, and the loss before it.

    The step is as long as makes KL(old, new) ≈ `divergence`, in nats a row, to second
    order: √(2 divergence / gᵀF⁻¹g). F is the mean of ∇log π ∇log πᵀ over the rows in
    which the policy `acted` itself, so any head will do that says how likely an action
    is.
    """
    learning, fixed = eqx.partition(policy, trainable(policy))
    start, unravel = ravel_pytree(learning)
    rows = some(acted)

    def logs(at: Row) -> Float[jax.Array, " rows"]:
        whole = eqx.combine(unravel(at), fixed)
        return whole.log_probability(rows.observation, rows.target)

    def cost(at: Row) -> Float[jax.Array, ""]:
        return loss(eqx.combine(unravel(at), fixed), batch, key) / normalizer

    value, gradient = jax.value_and_grad(cost)(start)
    times_fisher = fisher_product(logs, start, rows.valid)
    direction = solved(times_fisher, -gradient)
    curvature = jnp.dot(direction, times_fisher(direction))
    step = jnp.sqrt(2 * divergence / jnp.maximum(curvature, SMALLEST)) * direction
    return eqx.combine(unravel(start + step), fixed), value


def some(batch: Batch) -> Batch:
    """Every so many-th row, so that there are no more than `FISHER_ROWS`."""
    stride = -(-batch.valid.shape[0] // FISHER_ROWS)
    return jax.tree.map(lambda column: column[::stride], batch)


def fisher_product(
    logs: Callable[[Row], Float[jax.Array, " rows"]],
    at: Row,
    valid: Bool[jax.Array, " rows"],
) -> Callable[[Row], Row]:
    """The product (F + damping) v for any v, without ever writing F down."""
    _, along = jax.linearize(logs, at)
    back = jax.linear_transpose(along, at)
    count = jnp.maximum(jnp.sum(valid), 1)

    def product(vector: Row) -> Row:
        (found,) = back(jnp.where(valid, along(vector), 0.0) / count)
        return found + DAMPING * vector

    return product


def solved(product: Callable[[Row], Row], wanted: Row) -> Row:
    """The x for which product(x) ≈ wanted, by conjugate gradients.

    Hestenes and Stiefel 1952 (https://doi.org/10.6028/jres.049.044), at most `PRODUCTS`
    times. `jax.scipy.sparse.linalg.cg` is not used: inside a larger compiled
    program it gave NaN or zero on a CPU (jaxlib 0.10.2).
    """
    enough = TOLERANCE**2 * jnp.dot(wanted, wanted)

    def searched(_: Int[jax.Array, ""], now: Search) -> Search:
        turned = product(now.along)
        far = now.error / jnp.dot(now.along, turned)
        rest = now.rest - far * turned
        error = jnp.dot(rest, rest)
        along = rest + error / now.error * now.along
        then = Search(now.found + far * now.along, rest, along, error)
        # Beyond that, what is left is rounding, and leads anywhere.
        going = now.error > enough
        return jax.tree.map(lambda old, new: jnp.where(going, new, old), now, then)

    start = Search(jnp.zeros_like(wanted), wanted, wanted, jnp.dot(wanted, wanted))
    return jax.lax.fori_loop(0, PRODUCTS, searched, start).found
