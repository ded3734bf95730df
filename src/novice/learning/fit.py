"""Make weighted actions likelier.

`fit` knows no algorithm. The weighted likelihood is the objective of watching, being
corrected and practicing alike; what differs is where the rows come from and what each
one weighs.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Float, Int, PRNGKeyArray, UInt32

from novice.learning.policy import Critic, Policy, trainable
from novice.types import AnyArray, Batch, Learner


class Objective(eqx.Module):
    """A loss summed over rows, and the part of the learner that it improves.

    Numbers that a loss needs besides are bound to it by a `jax.tree_util.Partial`, so
    that others compile nothing anew.
    """

    improves: str = eqx.field(static=True)  # "policy" or "critic"
    loss: Callable[[Any, Batch, PRNGKeyArray], Float[jax.Array, ""]]


def negative_weighted_likelihood(
    policy: Policy, batch: Batch, key: PRNGKeyArray
) -> Float[jax.Array, ""]:
    """Sum over valid rows of -weight * log π_θ(target given observation)."""
    log_probability = policy.log_probability(batch.observation, batch.target)
    return -jnp.sum(batch.weight * log_probability, where=batch.valid)


def weighted_loss(
    policy: Policy, batch: Batch, key: PRNGKeyArray
) -> Float[jax.Array, ""]:
    """Sum over valid rows of weight * what the head counts for missing the target.

    For heads that have no likelihood; what they draw comes from the key.
    """
    loss = policy.loss(batch.observation, batch.target, key)
    return jnp.sum(batch.weight * loss, where=batch.valid)


def negative_set_likelihood(
    policy: Policy, batch: Batch, key: PRNGKeyArray
) -> Float[jax.Array, ""]:
    """Sum over valid rows of -weight * log π_θ(the action is in the target's set).

    A target is a row of marks, as `AbstractHead.set_log_probability` has them.
    """
    log_probability = policy.set_log_probability(batch.observation, batch.target)
    return -jnp.sum(batch.weight * log_probability, where=batch.valid)


def negative_partial_likelihood(
    policy: Policy, batch: Batch, key: PRNGKeyArray
) -> Float[jax.Array, ""]:
    """Sum over valid rows of -weight * log π_θ(the known numbers given observation).

    A target is an action, and beside it which of its numbers are known (1, others 0).
    """
    action, known = jnp.split(batch.target, 2, axis=-1)
    log_probability = policy.partial_log_probability(
        batch.observation, action, known > 0
    )
    return -jnp.sum(batch.weight * log_probability, where=batch.valid)


def squared_value_error(
    critic: Critic, batch: Batch, key: PRNGKeyArray
) -> Float[jax.Array, ""]:
    """Half the squared distance between value and target, weighted, over valid rows.

    It is counted in the critic's own units, so its size does not hang on the rewards'.
    """
    error = (critic(batch.observation) - batch.target[:, 0]) / critic.scale
    return 0.5 * jnp.sum(batch.weight * error**2, where=batch.valid)


WEIGHTED_LIKELIHOOD = Objective("policy", negative_weighted_likelihood)
WEIGHTED_LOSS = Objective("policy", weighted_loss)
SET_LIKELIHOOD = Objective("policy", negative_set_likelihood)
PARTIAL_LIKELIHOOD = Objective("policy", negative_partial_likelihood)
VALUE_ERROR = Objective("critic", squared_value_error)

# Adam as in Kingma and Ba 2015 (https://arxiv.org/abs/1412.6980); the learning rate
# comes with each step's plan, so that a schedule never compiles anything anew.
ADAM = optax.scale_by_adam(eps=1e-5)


@functools.cache
def no_longer_than(longest: float) -> optax.GradientTransformation:
    """Adam on gradients that are cut to this length; 0 leaves them as they are.

    Its state is Adam's own. Made once for each length, so that it compiles once.
    """
    if not longest:
        return ADAM
    cut = optax.clip_by_global_norm(longest)

    def update(gradient: Any, state: Any, network: Any = None) -> tuple[Any, Any]:
        shorter, _ = cut.update(gradient, optax.EmptyState())
        return ADAM.update(shorter, state, network)

    return optax.GradientTransformation(ADAM.init, update)


class Plan(NamedTuple):
    """The steps to take: which rows each looks at, and how far it goes.

    `seed` is where what an objective draws comes from; None where it draws nothing.
    """

    rows: Int[AnyArray, "steps minibatch"]
    learning_rate: Float[AnyArray, " steps"]
    seed: UInt32[AnyArray, " steps"] | None = None


def minibatch_plan(
    row_count: int,
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    key: PRNGKeyArray,
) -> Plan:
    """Minibatches from one shuffle after another, the rate falling to 1 % by a cosine.

    The shape does not depend on the number of rows.
    """
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    shuffles = -(-steps * batch_size // row_count)
    rows = np.concatenate([generator.permutation(row_count) for _ in range(shuffles)])
    rows = rows[: steps * batch_size].reshape(steps, batch_size).astype(np.int32)
    fall = 0.5 * (1 + np.cos(np.pi * np.arange(steps) / steps))
    rate = learning_rate * (0.01 + 0.99 * fall)
    seed = generator.integers(2**32, size=steps, dtype=np.uint32)
    return Plan(rows, rate.astype(np.float32), seed)


def shuffled_plan(
    row_count: int,
    epochs: int,
    minibatches: int,
    learning_rate: Float[AnyArray, ""],
    *,
    key: PRNGKeyArray,
) -> Plan:
    """So many times over all rows, each time in another order, at one rate.

    Rows that do not fill a minibatch are left out of that time. May be compiled.
    """
    size = row_count // minibatches
    order_key, seed_key = jax.random.split(key)
    if minibatches == 1:
        order = jnp.tile(jnp.arange(row_count), (epochs, 1))
    else:
        keys = jax.random.split(order_key, epochs)
        order = jax.vmap(lambda key: jax.random.permutation(key, row_count))(keys)
    steps = epochs * minibatches
    rows = order[:, : size * minibatches].reshape(steps, size)
    seed = jax.random.bits(seed_key, (steps,))
    return Plan(rows, jnp.full(steps, learning_rate), seed)


def whole_batch_plan(
    row_count: int, learning_rate: Float[AnyArray, ""] | float
) -> Plan:
    """One step that looks at every row."""
    rate = jnp.asarray(learning_rate, jnp.float32)
    return Plan(jnp.arange(row_count)[None], rate[None])


@eqx.filter_jit
def new_learner(policy: Policy, critic: Critic | None = None) -> Learner:
    """A learner whose optimizers have seen nothing yet."""
    return Learner(
        policy=policy,
        policy_state=fresh_state(policy, ADAM),
        critic=critic,
        critic_state=None if critic is None else fresh_state(critic, ADAM),
    )


def fresh_state(
    network: eqx.Module, optimizer: optax.GradientTransformation
) -> optax.OptState:
    """The state of an optimizer that has taken no step."""
    return optimizer.init(eqx.filter(network, trainable(network)))


@eqx.filter_jit
def fit(
    learner: Learner,
    batch: Batch,
    plan: Plan,
    *,
    objective: Objective,
    optimizer: optax.GradientTransformation,
    normalizer: Float[AnyArray, ""] | float,
) -> tuple[Learner, Float[jax.Array, " steps"]]:
    """Take the plan's gradient steps; return the learner and the loss of each step.

    A step's loss is the objective over its rows divided by `normalizer`: the number of
    rows of a minibatch for imitation, the number of trajectories for REINFORCE.
    """
    network = getattr(learner, objective.improves)
    state = getattr(learner, objective.improves + "_state")
    learning, fixed = eqx.partition(network, trainable(network))

    def loss_of(
        learning: eqx.Module, minibatch: Batch, key: PRNGKeyArray
    ) -> Float[jax.Array, ""]:
        network = eqx.combine(learning, fixed)
        return objective.loss(network, minibatch, key) / normalizer

    def step(carry: tuple, planned: Plan) -> tuple:
        learning, state = carry
        minibatch = jax.tree.map(lambda column: column[planned.rows], batch)
        key = jax.random.key(0 if planned.seed is None else planned.seed)
        loss, gradient = jax.value_and_grad(loss_of)(learning, minibatch, key)
        direction, state = optimizer.update(gradient, state, learning)
        learning = jax.tree.map(
            lambda number, d: number - planned.learning_rate * d, learning, direction
        )
        return (learning, state), loss

    batch = jax.tree.map(jnp.asarray, batch)
    (learning, state), losses = jax.lax.scan(step, (learning, state), plan)
    network = eqx.combine(learning, fixed)
    if objective.improves == "policy":
        learner = Learner(network, state, learner.critic, learner.critic_state)
    else:
        learner = Learner(learner.policy, learner.policy_state, network, state)
    return learner, losses
