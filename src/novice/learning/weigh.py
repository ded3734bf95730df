"""Decide how much each action counts.

Imitation counts every answered row once. Practice counts an action by the rewards of
its trajectory: a weight is an estimate of how good it was, less a baseline. Dividing by
the number of trajectories (not of rows) is the caller's `normalizer` in `fit`.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Bool, Float, Num, Shaped

from novice.learning.advantage import advantage_of_episodes, normalized
from novice.learning.baselines import (
    leave_one_out_constant,
    leave_one_out_mean,
    leave_one_out_optimal,
)
from novice.learning.policy import Critic, Policy
from novice.learning.weighing import BadWeighingError, Weighing, check_weighing
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
    policy: Policy,
    critic: Critic | None,
    how: Weighing,
) -> Float[jax.Array, "episodes time"]:
    """What was to be expected anyway, in the units of the estimate."""
    valid = trajectories.valid
    if how.baseline == "none":
        return jnp.zeros_like(estimate)
    if how.baseline == "mean":
        return leave_one_out_mean(estimate, valid)
    if how.baseline == "value" and critic is not None:
        expected = critic(jnp.asarray(trajectories.observation)[:, :-1])
        if how.weigh == "discounted":
            expected = expected * since_the_start(valid.shape[1], how.discount)
        return expected
    if how.baseline == "constant":
        constant = leave_one_out_constant(estimate, valid)
    else:
        batch = practice_batch(trajectories, estimate)
        constant = leave_one_out_optimal(policy, batch, valid.shape[0])
    return jnp.broadcast_to(constant[:, None], estimate.shape)


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
def weigh_trajectories(
    trajectories: Trajectories, policy: Policy, critic: Critic | None, how: Weighing
) -> tuple[Batch, Batch]:
    """What the policy learns from these whole episodes, and what the critic does.

    The policy's rows weigh an estimate less a baseline, the critic's aim at what is to
    be expected from an observation on. `weighing.declared` says what comes of it in
    the mean. A critic is only listened to where the baseline is a learned value; it
    then also says what would have followed a truncation. Raises BadWeighingError for
    names that do not go together, and where nobody is there who knows values.
    """
    check_weighing(how)
    if how.has_critic and critic is None:
        raise BadWeighingError("the baseline is 'value', but there is no critic")
    weight, target = weight_and_target(
        trajectories, policy, critic if how.has_critic else None, how
    )
    if how.normalize:
        weight = normalized(weight, trajectories.valid)
    return practice_batch(trajectories, weight), value_batch(trajectories, target)


def weight_and_target(
    trajectories: Trajectories, policy: Policy, critic: Critic | None, how: Weighing
) -> tuple[Float[jax.Array, "episodes time"], Float[jax.Array, "episodes time"]]:
    """What each action weighs before weights are normalized, and the critic's aim."""
    if how.weigh == "gae" and critic is not None:
        return advantage_of_episodes(
            trajectories, critic, discount=how.discount, smoothing=how.smoothing
        )
    target = estimate_of(trajectories, critic, weigh=how.weigh, discount=how.discount)
    estimate = target
    if how.weigh == "discounted":
        estimate = target * since_the_start(target.shape[1], how.discount)
    expected = baseline_of(estimate, trajectories, policy, critic, how)
    return estimate - expected, target


def since_the_start(steps: int, discount: float) -> Float[jax.Array, " time"]:
    """How much a reward of each time step counts at the first: γ^t."""
    return jnp.float32(discount) ** jnp.arange(steps)
