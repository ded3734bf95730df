"""What the actions of stretches of steps weigh, whose episodes go on elsewhere."""

import equinox as eqx
import jax
import jax.numpy as jnp

from novice.learning.advantage import generalized_advantage, normalized
from novice.learning.policy import Critic
from novice.learning.weigh import flat
from novice.learning.weighing import Weighing
from novice.types import Batch, Fragments


@eqx.filter_jit
def weigh_fragments(
    fragments: Fragments, critic: Critic, how: Weighing
) -> tuple[Batch, Batch]:
    """What the policy learns from these steps, and what the critic does.

    What follows after a stretch, and after a truncation, is the critic's word; after a
    termination nothing follows.
    """
    observation = jnp.asarray(fragments.observation)
    value = critic(observation)
    advantage = generalized_advantage(
        jnp.asarray(fragments.reward),
        value,
        critic(jnp.asarray(fragments.after)),
        jnp.asarray(fragments.terminated),
        jnp.asarray(fragments.terminated | fragments.truncated),
        jnp.asarray(fragments.valid),
        discount=how.discount,
        smoothing=how.smoothing,
    )
    seen, valid = flat(observation), flat(fragments.valid)
    weight = flat(advantage)
    to_value = Batch(
        seen,
        (flat(value) + weight)[:, None],
        jnp.ones(valid.shape),
        valid,
    )
    if how.normalize:
        weight = normalized(weight, valid)
    batch = Batch(seen, flat(fragments.action_sampled), weight, valid)
    return jax.tree.map(jax.lax.stop_gradient, (batch, to_value))
