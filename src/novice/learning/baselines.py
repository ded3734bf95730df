"""Say what was to be expected of an action, by what other trajectories were worth.

A baseline takes from the variance of the gradient and leaves its mean as it is, as
long as nothing of a trajectory enters its own baseline (Kool et al. 2019,
https://openreview.net/forum?id=r1lgTGL5DE). A trajectory that is alone has a baseline
of zero.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Bool, Float, Int, Num

from novice.learning.policy import Policy
from novice.learning.signal import each_gradient
from novice.types import AnyArray, Batch


def leave_one_out_constant(
    estimate: Float[AnyArray, "episodes time"], valid: Bool[AnyArray, "episodes time"]
) -> Float[jax.Array, " episodes"]:
    """What a step of the *other* trajectories was worth, whenever it was done."""
    worth = jnp.sum(jnp.asarray(estimate), axis=1, where=jnp.asarray(valid))
    steps = jnp.sum(jnp.asarray(valid), axis=1)
    return _of_others(worth) / jnp.maximum(_of_others(steps), 1)


def leave_one_out_mean(
    estimate: Float[AnyArray, "episodes time"], valid: Bool[AnyArray, "episodes time"]
) -> Float[jax.Array, "episodes time"]:
    """What the *other* trajectories were worth at the same time step.

    Where every other trajectory has ended, the mean over all their steps stands in.
    """
    alive = jnp.sum(valid, axis=0)[None, :] - valid
    worth = jnp.where(valid, estimate, 0.0)
    others_now = (jnp.sum(worth, axis=0)[None, :] - worth) / jnp.maximum(alive, 1)
    others_ever = leave_one_out_constant(estimate, valid)[:, None]
    return jnp.where(valid, jnp.where(alive > 0, others_now, others_ever), 0.0)


def leave_one_out_optimal(
    policy: Policy, batch: Batch, episodes: int
) -> Float[jax.Array, " episodes"]:
    """The constant that would have made the *others'* gradients vary least.

    With g = Σ_t ∇ log π_t of a trajectory and h = Σ_t Q_t ∇ log π_t, where Q is the
    estimate that the batch has for weights, the variance of h − b g, summed over the
    parameters, is least at b = E⟨g, h⟩ / E|g|² (Greensmith et al. 2004,
    https://jmlr.org/papers/v5/greensmith04a.html; Peters and Schaal 2008,
    https://doi.org/10.1016/j.neunet.2008.02.003). Where the others are few, both means
    may be next to nothing, so b is kept between the least and the most that a step of
    theirs was worth.
    """
    ones = eqx.tree_at(lambda rows: rows.weight, batch, jnp.ones(batch.valid.shape))
    plain = each_gradient(policy, ones, episodes)
    weighted = each_gradient(policy, batch, episodes)

    def of_one(number: Int[jax.Array, ""]) -> tuple[jax.Array, jax.Array]:
        score = plain(number)
        return jnp.dot(score, weighted(number)), jnp.dot(score, score)

    along, squared = jax.lax.map(of_one, jnp.arange(episodes))
    length = _of_others(squared)
    found = _of_others(along) / jnp.where(length > 0, length, 1.0)
    worth, valid = batch.weight.reshape(episodes, -1), batch.valid.reshape(episodes, -1)
    own = jnp.eye(episodes, dtype=bool)
    least = jnp.min(worth, axis=1, where=valid, initial=jnp.inf)
    most = jnp.max(worth, axis=1, where=valid, initial=-jnp.inf)
    least = jnp.min(jnp.where(own, jnp.inf, least[None, :]), axis=1)
    most = jnp.max(jnp.where(own, -jnp.inf, most[None, :]), axis=1)
    return jnp.where(length > 0, jnp.clip(found, least, most), 0.0)


def _of_others(each: Num[jax.Array, " episodes"]) -> Num[jax.Array, " episodes"]:
    """The sum over all the others; nobody's own number is added and taken away."""
    own = jnp.eye(each.shape[0], dtype=bool)
    return jnp.sum(jnp.where(own, 0, each[None, :]), axis=1)
