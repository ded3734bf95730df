"""Improve a policy by what it just did: one step of REINFORCE (M5).

∇J ≈ 1/N Σ_i Σ_t ∇ log π_θ(a_t given s_t) · weight over N trajectories; one step a batch
(Williams 1992, https://doi.org/10.1007/BF00992696).
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Float, Int, Num, PRNGKeyArray

from novice.learning.fit import (
    ADAM,
    VALUE_ERROR,
    WEIGHTED_LIKELIHOOD,
    Plan,
    fit,
    whole_batch_plan,
)
from novice.learning.network import with_more_seen
from novice.learning.policy import calibrated
from novice.learning.signal import Signal, each_gradient, signal_of
from novice.learning.weigh import (
    estimate_of,
    flat,
    value_batch,
    weigh_by_return,
)
from novice.types import AnyArray, Batch, Learner, Trajectories

# Rows in a minibatch of the critic.
CRITIC_BATCH = 512
# One step of so many is held against what each of its episodes says.
LOOKS = 4
# How many batches' worth of steps a critic learns before the policy does.
WARM_UP = 10


class Practice(NamedTuple):
    """How a batch is turned into a step; hashable, so that it compiles once."""

    weigh: str
    baseline: str
    discount: float
    critic_steps: int


class Rates(NamedTuple):
    """How far one step goes."""

    policy: Float[AnyArray, ""]
    critic: Float[AnyArray, ""]


class Practiced(NamedTuple):
    """The learner after a step, and what can be said about the step."""

    learner: Learner
    steps: Int[jax.Array, ""]  # of all episodes of the batch
    mean_return: Float[jax.Array, ""]  # undiscounted, over the batch's episodes
    entropy: Float[jax.Array, ""]  # nats, mean over the visited states
    loss: Float[jax.Array, ""]
    value_loss: Float[jax.Array, ""]  # a row, in the critic's units; 0 without one
    signal: Signal | None  # of every fourth step, else NaN; one episode can't say


@eqx.filter_jit
def practice(
    learner: Learner,
    trajectories: Trajectories,
    how: Practice,
    rates: Rates,
    *,
    key: PRNGKeyArray,
) -> Practiced:
    """One gradient step of the policy on these trajectories, then the critic's."""
    trajectories = jax.tree.map(jnp.asarray, trajectories)
    batch, to_value = weigh_by_return(
        trajectories,
        learner.critic,
        weigh=how.weigh,
        baseline=how.baseline,
        discount=how.discount,
    )
    entropy = jnp.mean(learner.policy.entropy(batch.observation), where=batch.valid)
    episodes = trajectories.seed.shape[0]
    signal = believed(learner, batch, episodes) if episodes > 1 else None
    learner, loss = ascended(learner, batch, episodes, rate=rates.policy)
    value_loss = jnp.zeros(())
    if learner.critic is not None:
        learner, value_loss = fit_critic(
            learner, to_value, how, rate=rates.critic, key=key
        )
    seen = flat(trajectories.observation[:, :-1])
    learner = with_seen(learner, seen, batch.valid)
    total = jnp.sum(trajectories.reward, axis=1, where=trajectories.valid)
    steps = jnp.sum(trajectories.valid)
    return Practiced(learner, steps, jnp.mean(total), entropy, loss, value_loss, signal)


def believed(learner: Learner, batch: Batch, episodes: int) -> Signal:
    """How far this step can be believed, now and then: it costs a gradient more."""

    def looked() -> Signal:
        return signal_of(each_gradient(learner.policy, batch, episodes), episodes)

    def unknown() -> Signal:
        return Signal(*[jnp.full((), jnp.nan)] * 4)

    now = learner.policy_state.count % LOOKS == 0
    return jax.lax.cond(now, looked, unknown)


def ascended(
    learner: Learner,
    batch: Batch,
    episodes: int,
    *,
    rate: Float[AnyArray, ""] | float,
    optimizer: optax.GradientTransformation = ADAM,
) -> tuple[Learner, Float[jax.Array, ""]]:
    """One step of the policy along Σ weight ∇ log π / episodes, and its loss."""
    learner, loss = fit(
        learner,
        batch,
        whole_batch_plan(batch.valid.shape[0], rate),
        objective=WEIGHTED_LIKELIHOOD,
        optimizer=optimizer,
        normalizer=jnp.float32(episodes),
    )
    return learner, loss[0]


def fit_critic(
    learner: Learner,
    batch: Batch,
    how: Practice,
    *,
    rate: Float[jax.Array, ""],
    key: PRNGKeyArray,
) -> tuple[Learner, Float[jax.Array, ""]]:
    """Bring the critic's values closer to what the trajectories returned."""
    shape = (how.critic_steps, CRITIC_BATCH)
    rows = jax.random.randint(key, shape, 0, batch.valid.shape[0])
    share = jnp.mean(batch.valid.astype(jnp.float32))
    learner, losses = fit(
        learner,
        batch,
        Plan(rows, jnp.full(how.critic_steps, rate)),
        objective=VALUE_ERROR,
        optimizer=ADAM,
        normalizer=CRITIC_BATCH * share,
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
    returns = estimate_of(trajectories, None, weigh=how.weigh, discount=how.discount)
    critic = calibrated(learner.critic, returns, valid)
    learner = eqx.tree_at(lambda whole: whole.critic, learner, critic)
    batch = value_batch(trajectories, returns)
    longer = how._replace(critic_steps=WARM_UP * how.critic_steps)
    learner, _ = fit_critic(learner, batch, longer, rate=rates.critic, key=key)
    return learner
