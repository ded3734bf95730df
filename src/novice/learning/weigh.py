"""Decide how much each action counts.

Imitation counts every answered row once. Practice counts an action by the rewards of
its trajectory: a weight is an estimate of how good it was, less a baseline. Dividing by
the number of trajectories (not of rows) is the caller's `normalizer` in `fit`.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Bool, Float, Num, Shaped

from novice.learning.policy import Critic
from novice.types import AnyArray, Batch, Trajectories


def once(
    observation: Num[AnyArray, "rows obs"],
    target: Num[AnyArray, "rows actions"],
    valid: Bool[AnyArray, " rows"],
) -> Batch:
    """Every valid row counts once: maximum likelihood."""
    return Batch(observation, target, jnp.ones(valid.shape), valid)


def full_return(
    reward: Float[AnyArray, "episodes time"], valid: Bool[AnyArray, "episodes time"]
) -> Float[jax.Array, "episodes time"]:
    """Each action counts as the whole return of its trajectory, Σ_t' r_t'."""
    total = jnp.sum(reward, axis=1, where=valid)
    return jnp.where(valid, total[:, None], 0.0)


def rewards_to_go(
    reward: Float[AnyArray, "episodes time"],
    valid: Bool[AnyArray, "episodes time"],
    *,
    discount: float = 1.0,
    tail: Float[AnyArray, " episodes"] | None = None,
) -> Float[jax.Array, "episodes time"]:
    """Each action counts as the discounted rewards from its own step on.

    `tail` is the value of the place where each episode stopped: zero where it was
    terminated, an estimate where it was truncated. Without one nothing follows.
    """

    def earlier(later: jax.Array, step: tuple[jax.Array, jax.Array]) -> tuple:
        reward_now, valid_now = step
        to_go = jnp.where(valid_now, reward_now + discount * later, later)
        return to_go, jnp.where(valid_now, to_go, 0.0)

    start = jnp.zeros(reward.shape[0]) if tail is None else jnp.asarray(tail)
    steps = (jnp.asarray(reward).T, jnp.asarray(valid).T)
    _, to_go = jax.lax.scan(earlier, start, steps, reverse=True)
    return to_go.T


def leave_one_out_mean(
    estimate: Float[AnyArray, "episodes time"], valid: Bool[AnyArray, "episodes time"]
) -> Float[jax.Array, "episodes time"]:
    """What the *other* trajectories were worth at the same time step.

    Nothing of a trajectory enters its own baseline, so the gradient's expectation stays
    (Kool et al. 2019, https://openreview.net/forum?id=r1lgTGL5DE). Where every other
    trajectory has ended, the mean over all their steps stands in; a trajectory that is
    alone has a baseline of zero.
    """
    alive = jnp.sum(valid, axis=0)[None, :] - valid
    worth = jnp.where(valid, estimate, 0.0)
    others_now = (jnp.sum(worth, axis=0)[None, :] - worth) / jnp.maximum(alive, 1)
    steps = jnp.sum(valid) - jnp.sum(valid, axis=1)
    total = jnp.sum(worth) - jnp.sum(worth, axis=1)
    others_ever = (total / jnp.maximum(steps, 1))[:, None]
    return jnp.where(valid, jnp.where(alive > 0, others_now, others_ever), 0.0)


def value_where_truncated(
    critic: Critic, trajectories: Trajectories
) -> Float[jax.Array, " episodes"]:
    """The critic's word for what would have followed: zero after a termination."""
    episodes = jnp.arange(trajectories.seed.shape[0])
    stopped = jnp.asarray(trajectories.observation)[episodes, trajectories.length]
    return jnp.where(trajectories.terminated, 0.0, critic(stopped))


def estimate_of(
    trajectories: Trajectories,
    critic: Critic | None,
    *,
    weigh: str,
    discount: float,
) -> Float[jax.Array, "episodes time"]:
    """What each action was worth, by the name of the estimator."""
    if weigh == "full-return":
        return full_return(trajectories.reward, trajectories.valid)
    tail = None if critic is None else value_where_truncated(critic, trajectories)
    return rewards_to_go(
        trajectories.reward, trajectories.valid, discount=discount, tail=tail
    )


def baseline_of(
    estimate: Float[jax.Array, "episodes time"],
    trajectories: Trajectories,
    critic: Critic | None,
    *,
    baseline: str,
) -> Float[jax.Array, "episodes time"]:
    """What was to be expected anyway, by the name of the baseline."""
    if baseline == "mean":
        return leave_one_out_mean(estimate, trajectories.valid)
    if baseline == "value" and critic is not None:
        return critic(jnp.asarray(trajectories.observation)[:, :-1])
    return jnp.zeros_like(estimate)


def practice_batch(
    trajectories: Trajectories, weight: Float[jax.Array, "episodes time"]
) -> Batch:
    """The steps of all trajectories as rows: the actions as *sampled*, with weights."""
    return Batch(
        flat(trajectories.observation[:, :-1]),
        flat(trajectories.action_sampled),
        flat(weight),
        flat(trajectories.valid),
    )


def value_batch(
    trajectories: Trajectories, estimate: Float[jax.Array, "episodes time"]
) -> Batch:
    """The steps of all trajectories as rows whose target is what they were worth."""
    valid = flat(trajectories.valid)
    observation = flat(trajectories.observation[:, :-1])
    return Batch(observation, flat(estimate)[:, None], jnp.ones(valid.shape), valid)


def flat(steps: Shaped[AnyArray, "episodes time *rest"]) -> jax.Array:
    """Episodes and time steps as one axis of rows."""
    return jnp.reshape(jnp.asarray(steps), (-1, *steps.shape[2:]))


@eqx.filter_jit
def weigh_by_return(
    trajectories: Trajectories,
    critic: Critic | None,
    *,
    weigh: str,
    baseline: str,
    discount: float,
) -> tuple[Batch, Batch]:
    """What the policy learns from these trajectories, and what the critic does.

    The policy's rows weigh estimate minus baseline; the critic's rows aim at the
    estimate itself.
    """
    estimate = estimate_of(trajectories, critic, weigh=weigh, discount=discount)
    expected = baseline_of(estimate, trajectories, critic, baseline=baseline)
    batch = practice_batch(trajectories, estimate - expected)
    return batch, value_batch(trajectories, estimate)
