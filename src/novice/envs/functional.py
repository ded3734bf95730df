"""Run Gymnasium's functional JAX tasks inside one compiled program.

The random keys are split as Gymnasium's own adapter splits them, so an episode here is
the episode that `gymnasium.make` plays with the same seed.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium import spaces
from jaxtyping import Int, PRNGKeyArray

from novice.envs.task import Task
from novice.learning.policy import Policy
from novice.learning.practice import Practice, Practiced, Rates, practice
from novice.types import Learner, Trajectories


def functional_core(task: Task) -> Any | None:
    """The pure functions of a functional JAX task that shows vectors; else None."""
    environment = task.make()
    core = getattr(environment.unwrapped, "func_env", None)
    environment.close()
    simple = isinstance(task.action_space, spaces.Discrete | spaces.Box)
    return core if task.observation_is_flat and simple else None


@eqx.filter_jit
def functional_rollout(
    core: Any,
    task: Task,
    policy: Policy,
    key: PRNGKeyArray,
    seeds: Int[jax.Array, " episodes"],
    *,
    explore: bool,
) -> Trajectories:
    """One whole episode for each seed, all at once on the device.

    Actions are sampled if `explore`, else the likeliest ones. A finished episode stays
    where it ended: padding is finite and never counts.
    """
    episode_keys = jax.vmap(lambda i: jax.random.fold_in(key, i))(
        jnp.arange(seeds.shape[0])
    )
    columns = jax.vmap(
        lambda seed, key: functional_episode(core, task, policy, explore, seed, key)
    )(seeds, episode_keys)
    return Trajectories(**columns)


@eqx.filter_jit
def functional_practice(
    core: Any,
    task: Task,
    learner: Learner,
    seeds: Int[jax.Array, " episodes"],
    how: Practice,
    rates: Rates,
    *,
    act_key: PRNGKeyArray,
    fit_key: PRNGKeyArray,
) -> Practiced:
    """Act in these episodes and learn from them, in one compiled program."""
    seen = functional_rollout(core, task, learner.policy, act_key, seeds, explore=True)
    return practice(learner, seen, how, rates, key=fit_key)


def functional_episode(
    core: Any,
    task: Task,
    policy: Policy,
    explore: bool,
    seed: Int[jax.Array, ""],
    key: PRNGKeyArray,
) -> dict[str, jax.Array]:
    """One episode of `max_episode_steps` steps, valid up to its end."""
    reset_key, task_key = jax.random.split(jax.random.PRNGKey(seed))
    state = core.initial(rng=reset_key)
    first = jnp.asarray(core.observation(state, reset_key), jnp.float32)

    def step(carry: tuple, _: None) -> tuple:
        state, seen, alive, key, task_key = carry
        key, action_key = jax.random.split(key)
        step_key, task_key = jax.random.split(task_key)
        sampled = chosen(policy, seen, action_key, explore=explore)
        executed = executable(task, sampled)
        after = core.transition(state, as_taken(task, executed), step_key)
        led_to = jnp.asarray(core.observation(after, step_key), jnp.float32)
        reward = core.reward(state, as_taken(task, executed), after, step_key)
        reward = jnp.asarray(reward, jnp.float32)
        terminal = jnp.asarray(core.terminal(after, step_key), bool)
        happened = (seen, sampled, executed, reward, alive, alive & terminal)
        going_on = alive & ~terminal
        # A state that has ended is not stepped further, so that it cannot blow up.
        state = jax.tree.map(lambda new, old: jnp.where(alive, new, old), after, state)
        seen = jnp.where(alive, led_to, seen)
        return (state, seen, going_on, key, task_key), happened

    start = (state, first, jnp.asarray(True), key, task_key)
    end, happened = jax.lax.scan(step, start, None, length=task.max_episode_steps)
    seen, sampled, executed, reward, valid, terminal = happened
    return {
        "observation": jnp.concatenate([seen, end[1][None]]),
        "action_sampled": sampled,
        "action_executed": executed,
        "expert_acted": jnp.zeros_like(valid),
        "reward": jnp.where(valid, reward, 0.0),
        "valid": valid,
        "terminated": terminal.any(),
        "truncated": ~terminal.any(),
        "seed": seed,
    }


def chosen(
    policy: Policy, observation: jax.Array, key: PRNGKeyArray, *, explore: bool
) -> jax.Array:
    """A sampled action, or the likeliest one."""
    if explore:
        action, _ = policy.sample((), observation, key)
    else:
        action, _ = policy.best((), observation)
    return action


def executable(task: Task, action: jax.Array) -> jax.Array:
    """The action within the bounds."""
    if task.bounds is None:
        return action
    return jnp.clip(action, *(jnp.asarray(bound) for bound in task.bounds))


def as_taken(task: Task, action: jax.Array) -> jax.Array:
    """An action vector as the task's functions take it."""
    if isinstance(task.action_space, spaces.Discrete):
        return action[0] + np.int32(task.action_space.start)
    return action.reshape(task.action_space.shape)
