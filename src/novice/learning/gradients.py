"""The policy gradient as it is, where a task is small enough to say it.

What an estimator of ∇J is worth is shown against these: a task of a few states, of
which every trajectory can be listed, and a linear task whose return has a closed form.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Bool, Float, Int

from novice.learning.policy import Policy, trainable
from novice.types import AnyArray, Trajectories


class Tabular(eqx.Module):
    """A task of a few states, each of which is observed as it is.

    State s is shown as a row of zeros with a one in place s. Who gets into a state that
    `ends` has terminated; who has not after `limit` steps is truncated.
    """

    start: Float[AnyArray, " states"]
    transition: Float[AnyArray, "states actions states"]
    reward: Float[AnyArray, "states actions"]
    ends: Bool[AnyArray, " states"]
    limit: int = eqx.field(static=True)

    @property
    def states(self) -> int:
        return self.reward.shape[0]

    @property
    def observations(self) -> Float[np.ndarray, "states states"]:
        return np.eye(self.states, dtype=np.float32)


class Listed(eqx.Module):
    """Every trajectory of a task, and how likely the task makes each, θ apart."""

    trajectories: Trajectories
    chance: Float[np.ndarray, " episodes"]


class Linear(eqx.Module):
    """A task of `limit` steps: the next state is linear in state and action, and noise.

    x' = transition x + control u + noise·N(0, 1), at a reward of
    -(xᵀ state_cost x + uᵀ action_cost u). Episodes begin at N(0, spread²).
    """

    transition: Float[AnyArray, "states states"]
    control: Float[AnyArray, "states actions"]
    state_cost: Float[AnyArray, "states states"]
    action_cost: Float[AnyArray, "actions actions"]
    noise: float = eqx.field(static=True)
    spread: float = eqx.field(static=True)
    limit: int = eqx.field(static=True)


def expected_return(
    task: Tabular, policy: Policy, *, discount: float = 1.0
) -> Float[jax.Array, ""]:
    """J(θ) = E_τ[Σ_t γ^t r_t] by dynamic programming, backwards from the limit."""
    (log,) = policy.head.option_logs(policy.trunk(jnp.asarray(task.observations)))
    probability = jnp.exp(log)
    worth = jnp.zeros(task.states)
    for _ in range(task.limit):
        later = jnp.where(task.ends, 0.0, worth)
        of_action = task.reward + discount * task.transition @ later
        worth = jnp.sum(probability * of_action, axis=1)
    return task.start @ worth


def expected_cost(task: Linear, policy: Policy) -> Float[jax.Array, ""]:
    """-J(θ) of a linear policy with Gaussian noise, by its states' second moments.

    The state moves with closed loop A + B K, so E[x xᵀ] has a recursion of its own; a
    constant that stands beside the state carries what the policy adds to K x. The
    policy has one layer and has not been told how large states are.
    """
    head: Any = policy.head
    layer, spread = policy.trunk.layers[-1], jnp.exp(head.log_std)
    states = task.transition.shape[0]
    gain = jnp.concatenate([layer.weight, layer.bias[None]]).T
    closed = jnp.concatenate([task.transition, jnp.zeros((states, 1))], axis=1)
    closed = closed + task.control @ gain
    closed = jnp.concatenate([closed, jnp.eye(states + 1)[-1:]])
    shaken = task.control @ jnp.diag(spread**2) @ task.control.T
    shaken = shaken + task.noise**2 * jnp.eye(states)
    shaken = jnp.pad(shaken, (0, 1))
    moment = jnp.diag(jnp.append(jnp.full(states, task.spread**2), 1.0))
    total = jnp.zeros(())
    for _ in range(task.limit):
        acted = gain @ moment @ gain.T + jnp.diag(spread**2)
        total += jnp.trace(task.state_cost @ moment[:states, :states])
        total += jnp.trace(task.action_cost @ acted)
        moment = closed @ moment @ closed.T + shaken
    return total


def gradient(
    of: Callable[[Policy], Float[jax.Array, ""]], policy: Policy
) -> Float[jax.Array, " parameters"]:
    """The gradient by everything in a policy that learns, as one row of numbers."""
    learning, fixed = eqx.partition(policy, trainable(policy))
    found = jax.grad(lambda part: of(eqx.combine(part, fixed)))(learning)
    return as_row(found)


def as_row(learning: Any) -> Float[jax.Array, " parameters"]:
    """Everything that learns, as one row of numbers."""
    row, _ = ravel_pytree(learning)
    return row


def every_trajectory(task: Tabular) -> Listed:
    """All that can happen in a task, whoever acts."""
    paths = [*_paths(task)]
    count, time, width = len(paths), task.limit, task.states
    valid = np.zeros((count, time), bool)
    observation = np.zeros((count, time + 1, width), np.float32)
    action = np.zeros((count, time, 1), np.int32)
    reward = np.zeros((count, time), np.float32)
    terminated = np.zeros(count, bool)
    for number, (states, actions, _) in enumerate(paths):
        steps = len(actions)
        valid[number, :steps] = True
        observation[number, : steps + 1] = task.observations[states]
        action[number, :steps, 0] = actions
        reward[number, :steps] = task.reward[states[:-1], actions]
        terminated[number] = task.ends[states[-1]]
    trajectories = Trajectories(
        valid=valid,
        observation=observation,
        action_sampled=action,
        action_executed=action,
        expert_acted=np.zeros_like(valid),
        reward=reward,
        terminated=terminated,
        truncated=~terminated,
        seed=np.arange(count),
    )
    return Listed(trajectories, np.array([chance for *_, chance in paths]))


def _paths(task: Tabular) -> Iterator[tuple[list[int], list[int], float]]:
    """States, actions and the chance of each way through a task, depth first."""
    actions = range(task.reward.shape[1])
    going: list[tuple[list[int], list[int], float]] = [
        ([state], [], float(task.start[state]))
        for state in range(task.states)
        if task.start[state] > 0
    ]
    while going:
        states, done, chance = going.pop()
        here = states[-1]
        if len(done) == task.limit or (done and task.ends[here]):
            yield states, done, chance
            continue
        for action, after in itertools.product(actions, range(task.states)):
            likely = chance * float(task.transition[here, action, after])
            if likely:
                going.append(([*states, after], [*done, action], likely))


def probability_of(listed: Listed, policy: Policy) -> Float[jax.Array, " episodes"]:
    """p_θ(τ) of each listed trajectory."""
    seen = listed.trajectories
    shown, done = jnp.asarray(seen.observation), jnp.asarray(seen.action_sampled)
    log = policy.log_probability(shown[:, :-1], done)
    return jnp.asarray(listed.chance) * jnp.exp(jnp.sum(log, axis=1, where=seen.valid))


def expected_estimate(
    estimate: Callable[[Trajectories], Float[jax.Array, " parameters"]],
    listed: Listed,
    policy: Policy,
    *,
    episodes: int,
) -> tuple[Float[jax.Array, " parameters"], Float[jax.Array, ""]]:
    """What an estimate from so many episodes comes to in the mean, and its variance.

    Over every batch that there can be, each as likely as it is; the variance is summed
    over the parameters.
    """
    likely = np.asarray(probability_of(listed, policy), np.float64)
    members = np.array(
        list(itertools.product(range(len(likely)), repeat=episodes)), np.int32
    )
    weight = likely[members].prod(axis=1)

    def of_one(chosen: Int[jax.Array, " episodes"]) -> jax.Array:
        return estimate(
            jax.tree.map(
                lambda column: jnp.asarray(column)[chosen], listed.trajectories
            )
        )

    each = np.asarray(
        jax.lax.map(eqx.filter_jit(of_one), jnp.asarray(members), batch_size=1024),
        np.float64,
    )
    mean = weight @ each
    spread = weight @ ((each - mean) ** 2).sum(axis=1)
    return jnp.asarray(mean), jnp.asarray(spread)
