"""Improve a policy by what it just did.

∇J ≈ 1/N Σ_i Σ_t ∇ log π_θ(a_t given s_t) · weight over N trajectories (Williams 1992,
https://doi.org/10.1007/BF00992696): what an action weighs is `weigh`'s, how a step is
taken `stepping`'s; here both meet, and the critic learns.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Bool, Float, Int, Num, PRNGKeyArray

from novice.learning.fit import (
    VALUE_ERROR,
    Plan,
    fit,
    no_longer_than,
    shuffled_plan,
)
from novice.learning.fragments import weigh_fragments
from novice.learning.network import with_more_seen
from novice.learning.policy import Policy, calibrated, in_rewards
from novice.learning.signal import Signal, each_gradient, signal_of
from novice.learning.stepping import (
    NO_GUIDES,
    Guides,
    Rates,
    Stepping,
    stepped,
    with_demonstrations,
)
from novice.learning.trust import (
    divergence,
    remembered,
)
from novice.learning.weigh import (
    estimate_of,
    flat,
    value_batch,
    weigh_trajectories,
)
from novice.learning.weighing import Weighing
from novice.types import AnyArray, Batch, Fragments, Learner, Trajectories

# Rows in a minibatch of the critic.
CRITIC_BATCH = 512
# How many batches' worth of steps a critic learns before the policy does.
WARM_UP = 10
# Into no more groups is a batch of fragments parted to see how far they agree.
MOST_GROUPS = 64


class Practice(NamedTuple):
    """How a batch is turned into a step; hashable, so that it compiles once.

    `critic_steps` are those of the steps gradient and natural; with clip and kl the
    critic takes as many as the policy.
    """

    weighing: Weighing
    stepping: Stepping
    critic_steps: int


class Practiced(NamedTuple):
    """The learner after a step, and what can be said about the step."""

    learner: Learner
    steps: Int[jax.Array, ""]  # of the batch, those that are valid
    mean_return: Float[jax.Array, ""]  # undiscounted; NaN where no episode ended
    entropy: Float[jax.Array, ""]  # nats, mean over the visited states
    loss: Float[jax.Array, ""]
    value_loss: Float[jax.Array, ""]  # a row, in the critic's units; 0 without one
    divergence: Float[jax.Array, ""]  # KL(before, after), nats a row
    signal: Signal | None  # where it was asked for, else NaN; one episode can't say


@eqx.filter_jit
def practice(
    learner: Learner,
    trajectories: Trajectories,
    how: Practice,
    rates: Rates,
    guides: Guides = NO_GUIDES,
    *,
    key: PRNGKeyArray,
) -> Practiced:
    """Learn from whole episodes."""
    trajectories = jax.tree.map(jnp.asarray, trajectories)
    batch, to_value = weigh_trajectories(
        trajectories, learner.policy, learner.critic, how.weighing
    )
    total = jnp.sum(trajectories.reward, axis=1, where=trajectories.valid)
    episodes = trajectories.seed.shape[0]
    return improved(
        learner,
        batch,
        to_value,
        how,
        rates,
        guides,
        groups=episodes,
        normalizer=jnp.float32(episodes),
        mean_return=jnp.mean(total),
        key=key,
    )


@eqx.filter_jit
def practice_on_fragments(
    learner: Learner,
    fragments: Fragments,
    how: Practice,
    rates: Rates,
    guides: Guides = NO_GUIDES,
    *,
    key: PRNGKeyArray,
) -> Practiced:
    """Learn from stretches of steps, whose ends the critic's word stands in for."""
    fragments = jax.tree.map(jnp.asarray, fragments)
    batch, to_value = weigh_fragments(fragments, learner.critic, how.weighing)
    ended = (fragments.terminated | fragments.truncated) & fragments.valid
    returned = jnp.sum(fragments.returned, where=ended) / jnp.sum(ended)
    return improved(
        learner,
        batch,
        to_value,
        how,
        rates,
        guides,
        groups=groups_of(fragments.valid.shape[0]),
        normalizer=jnp.sum(batch.valid).astype(jnp.float32),
        mean_return=returned,
        key=key,
    )


def groups_of(environments: int) -> int:
    """Into how many equal groups environments are parted to see how far they agree."""
    most = min(environments, MOST_GROUPS)
    return next(n for n in range(most, 0, -1) if environments % n == 0)


def improved(
    learner: Learner,
    batch: Batch,
    to_value: Batch,
    how: Practice,
    rates: Rates,
    guides: Guides,
    *,
    groups: int,
    normalizer: Float[jax.Array, ""],
    mean_return: Float[jax.Array, ""],
    key: PRNGKeyArray,
) -> Practiced:
    """The policy's step on weighted rows, then the critic's.

    What is seen in this batch standardizes the inputs of the next one.
    """
    step_key, critic_key = jax.random.split(key)
    policy = learner.policy
    entropy = jnp.mean(policy.entropy(batch.observation), where=batch.valid)
    signal = believed(policy, batch, groups, rates.look) if groups > 1 else None
    learner, loss = stepped(
        learner,
        with_demonstrations(batch, guides.demonstrations, rates.demonstrations),
        batch,
        how.stepping,
        rates,
        guides.anchor,
        normalizer=normalizer,
        key=step_key,
    )
    apart = jnp.zeros(())
    if how.stepping.step != "gradient":
        apart = divergence(learner.policy, remembered(policy, batch))
    value_loss = jnp.zeros(())
    if learner.critic is not None:
        learner, value_loss = fit_critic(
            learner, to_value, how, rate=rates.critic, key=critic_key
        )
    learner = with_seen(learner, batch.observation, batch.valid)
    steps = jnp.sum(batch.valid)
    return Practiced(
        learner, steps, mean_return, entropy, loss, value_loss, apart, signal
    )


def believed(
    policy: Policy, batch: Batch, groups: int, look: Bool[AnyArray, ""]
) -> Signal:
    """How far this step can be believed, if asked for: it costs a gradient more."""

    def looked() -> Signal:
        return signal_of(each_gradient(policy, batch, groups), groups)

    def unknown() -> Signal:
        return Signal(*[jnp.full((), jnp.nan)] * 4)

    return jax.lax.cond(look, looked, unknown)


def fit_critic(
    learner: Learner,
    batch: Batch,
    how: Practice,
    *,
    rate: Float[jax.Array, ""],
    key: PRNGKeyArray,
) -> tuple[Learner, Float[jax.Array, ""]]:
    """Bring the critic's values closer to what came."""
    rows = batch.valid.shape[0]
    share = jnp.mean(batch.valid.astype(jnp.float32))
    stepping = how.stepping
    if stepping.step in ("clip", "kl"):
        plan = shuffled_plan(rows, stepping.epochs, stepping.minibatches, rate, key=key)
    else:
        chosen = jax.random.randint(key, (how.critic_steps, CRITIC_BATCH), 0, rows)
        plan = Plan(chosen, jnp.full(how.critic_steps, rate))
    learner, losses = fit(
        learner,
        batch,
        plan,
        objective=VALUE_ERROR,
        optimizer=no_longer_than(stepping.longest),
        normalizer=plan.rows.shape[1] * share,
    )
    return learner, losses.mean()


def with_seen(
    learner: Learner, observation: Num[jax.Array, "rows obs"], valid: jax.Array
) -> Learner:
    """The same learner, its inputs standardized by these observations too."""

    def seen_by(trunk: Any) -> Any:
        """Pictures have their range: nothing is measured of them."""
        if not hasattr(trunk, "normalizer"):
            return trunk
        return with_more_seen(trunk, observation, valid)

    policy = learner.policy.trunk
    learner = eqx.tree_at(lambda whole: whole.policy.trunk, learner, seen_by(policy))
    if learner.critic is None:
        return learner
    critic = learner.critic.trunk
    return eqx.tree_at(lambda whole: whole.critic.trunk, learner, seen_by(critic))


@eqx.filter_jit
def looked_around(
    learner: Learner,
    trajectories: Trajectories,
    how: Practice,
    rates: Rates,
    *,
    key: PRNGKeyArray,
) -> Learner:
    """The learner with its scales measured on what was seen, its critic forewarned.

    The policy learns nothing yet. A critic that knew nothing would make the first steps
    of a policy that was learned elsewhere worse than none.
    """
    trajectories = jax.tree.map(jnp.asarray, trajectories)
    valid = trajectories.valid
    seen = flat(trajectories.observation[:, :-1])
    learner = with_seen(learner, seen, flat(valid))
    if learner.critic is None:
        return learner
    weigh = "full-return" if how.weighing.weigh == "full-return" else "rewards-to-go"
    returns = estimate_of(
        trajectories, None, weigh=weigh, discount=how.weighing.discount
    )
    critic = calibrated(learner.critic, returns, valid)
    learner = eqx.tree_at(lambda whole: whole.critic, learner, critic)
    batch = value_batch(trajectories, returns)
    longer = how._replace(critic_steps=WARM_UP * how.critic_steps, stepping=Stepping())
    learner, _ = fit_critic(learner, batch, longer, rate=rates.critic, key=key)
    return learner


@eqx.filter_jit
def looked_around_fragments(
    learner: Learner, fragments: Fragments, *, unit: float = 1.0
) -> Learner:
    """The learner with its scales measured on what was seen and paid.

    The critic counts in `unit` typical rewards.
    """
    fragments = jax.tree.map(jnp.asarray, fragments)
    learner = with_seen(learner, flat(fragments.observation), flat(fragments.valid))
    critic = in_rewards(learner.critic, fragments.reward, fragments.valid, unit=unit)
    return eqx.tree_at(lambda whole: whole.critic, learner, critic)
