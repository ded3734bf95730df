"""How far a step of practice may go: objectives that stay near what acted.

The target of a row is an action and, beside it, how likely it was when it was done: its
log-probability under the policy that acted.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Float, Num, PRNGKeyArray

from novice.learning.policy import Policy
from novice.types import AnyArray, Batch


def remembered(policy: Policy, batch: Batch) -> Batch:
    """The same rows, each with how likely its action is now."""
    now = policy.log_probability(batch.observation, batch.target)
    target = jnp.concatenate([batch.target.astype(jnp.float32), now[:, None]], axis=1)
    return Batch(batch.observation, target, batch.weight, batch.valid)


def log_ratio(policy: Policy, batch: Batch) -> Float[jax.Array, " rows"]:
    """How much likelier each action is than it was, as a logarithm."""
    action, before = batch.target[:, :-1], batch.target[:, -1]
    if policy.head.options:
        action = action.astype(jnp.int32)
    return policy.log_probability(batch.observation, action) - before


# What a nat beyond the limit costs, a row.
BEYOND = 10.0


def clipped(
    policy: Policy,
    batch: Batch,
    key: PRNGKeyArray,
    *,
    clip: Float[AnyArray, ""],
    limit: Float[AnyArray, ""],
) -> Float[jax.Array, ""]:
    """Sum over valid rows of -min(ratio * weight, ratio within 1 ± clip * weight).

    Schulman et al. 2017, equation 7: https://arxiv.org/abs/1707.06347. A clipped ratio
    no longer grows by itself, but others may carry it on; so what KL(as it was, as it
    is) exceeds the limit by, in nats a row, costs besides (0: there is no limit).
    """
    log = log_ratio(policy, batch)
    ratio = jnp.exp(log)
    within = jnp.clip(ratio, 1 - clip, 1 + clip)
    gain = jnp.minimum(ratio * batch.weight, within * batch.weight)
    apart = jnp.mean(jnp.expm1(log) - log, where=batch.valid)
    beyond = jnp.where(limit > 0, jnp.maximum(apart - limit, 0.0), 0.0)
    return BEYOND * beyond * jnp.sum(batch.valid) - jnp.sum(gain, where=batch.valid)


def penalized(
    policy: Policy, batch: Batch, key: PRNGKeyArray, *, penalty: Float[AnyArray, ""]
) -> Float[jax.Array, ""]:
    """Sum over valid rows of -ratio * weight + penalty * KL(as it was, as it is).

    Schulman et al. 2017, equation 8: https://arxiv.org/abs/1707.06347.
    """
    log = log_ratio(policy, batch)
    apart = jnp.expm1(log) - log
    loss = penalty * apart - jnp.exp(log) * batch.weight
    return jnp.sum(loss, where=batch.valid)


def divergence(policy: Policy, batch: Batch) -> Float[jax.Array, ""]:
    """KL(as it was, as it is), a row, estimated on the actions that were done.

    r - 1 - log r is never negative and has the divergence as its mean.
    """
    log = log_ratio(policy, batch)
    return jnp.mean(jnp.expm1(log) - log, where=batch.valid)


def anchored(
    policy: Policy,
    batch: Batch,
    key: PRNGKeyArray,
    *,
    loss: jax.tree_util.Partial,
    anchor: Policy,
    weight: Float[AnyArray, ""],
) -> Float[jax.Array, ""]:
    """A loss, and weight * KL(anchor, policy), summed over valid rows.

    It keeps a policy near another one where it goes by itself ("kickstarting", Schmitt
    et al. 2018, https://arxiv.org/abs/1803.03835, equation 4).
    """
    apart = away_from(anchor, policy, batch.observation, key)
    return loss(policy, batch, key) + weight * jnp.sum(apart, where=batch.valid)


def away_from(
    anchor: Policy,
    policy: Policy,
    observation: Num[jax.Array, "rows obs"],
    key: PRNGKeyArray,
) -> Float[jax.Array, " rows"]:
    """KL(anchor, policy) at each observation.

    Exact where actions are options, else estimated on one action that the anchor draws.
    """
    if anchor.head.options:
        known = anchor.head.option_logs(anchor.trunk(observation))
        now = policy.head.option_logs(policy.trunk(observation))
        each = [
            jnp.sum(jnp.exp(a) * (a - b), axis=-1)
            for a, b in zip(known, now, strict=True)
        ]
        return sum(each[1:], start=each[0])
    action, _ = anchor.sample((), observation, key)
    was = anchor.log_probability(observation, action)
    return jax.lax.stop_gradient(was) - policy.log_probability(observation, action)


def undecided(
    policy: Policy,
    batch: Batch,
    key: PRNGKeyArray,
    *,
    loss: jax.tree_util.Partial,
    worth: Float[AnyArray, ""],
) -> Float[jax.Array, ""]:
    """A loss, less what a policy's entropy is worth, summed over valid rows."""
    entropy = policy.entropy(batch.observation)
    return loss(policy, batch, key) - worth * jnp.sum(entropy, where=batch.valid)
