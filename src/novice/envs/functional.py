"""Run Gymnasium's functional JAX tasks inside one compiled program.

The random keys are split as Gymnasium's own adapter splits them, so an episode here is
the episode that `gymnasium.make` plays with the same seed.
"""

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium import spaces
from jaxtyping import Float, Int, Num, PRNGKeyArray

from novice.envs.task import Task
from novice.learning.policy import Policy
from novice.learning.practice import (
    Practice,
    Practiced,
    practice,
    practice_on_fragments,
)
from novice.learning.stepping import Guides, Rates
from novice.types import Fragments, Learner, Trajectories


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
    guides: Guides,
    *,
    act_key: PRNGKeyArray,
    fit_key: PRNGKeyArray,
) -> Practiced:
    """Act in these episodes and learn from them, in one compiled program."""
    seen = functional_rollout(core, task, learner.policy, act_key, seeds, explore=True)
    return practice(learner, seen, how, rates, guides, key=fit_key)


class Going(eqx.Module):
    """Where environments are that go on from batch to batch."""

    state: Any
    shown: Num[jax.Array, "*environments obs"]
    steps: Int[jax.Array, "*environments"]
    returned: Float[jax.Array, "*environments"]


@eqx.filter_jit
def functional_beginning(
    core: Any, task: Task, key: PRNGKeyArray, *, count: int
) -> Going:
    """New episodes in so many environments."""
    state, shown = jax.vmap(partial(_new_episode, core))(jax.random.split(key, count))
    return Going(state, shown, jnp.zeros(count, jnp.int32), jnp.zeros(count))


@eqx.filter_jit
def functional_fragments(
    core: Any,
    task: Task,
    policy: Policy,
    going: Going,
    key: PRNGKeyArray,
    *,
    steps: int,
) -> tuple[Going, Fragments]:
    """So many steps in every environment, from where they are.

    Where an episode ends, a new one follows.
    """

    def step(going: Going, step_key: PRNGKeyArray) -> tuple[Going, dict]:
        action_key, *keys = jax.random.split(step_key, going.steps.shape[0] + 1)
        sampled, _ = policy.sample((), going.shown, action_key)
        return jax.vmap(partial(_onward, core, task))(going, sampled, jnp.stack(keys))

    going, happened = jax.lax.scan(step, going, jax.random.split(key, steps))
    columns = {name: jnp.swapaxes(each, 0, 1) for name, each in happened.items()}
    return going, Fragments(valid=jnp.ones_like(columns["terminated"]), **columns)


@eqx.filter_jit
def functional_practice_on_fragments(
    core: Any,
    task: Task,
    learner: Learner,
    going: Going,
    how: Practice,
    rates: Rates,
    guides: Guides,
    *,
    steps: int,
    act_key: PRNGKeyArray,
    fit_key: PRNGKeyArray,
) -> tuple[Going, Practiced]:
    """Go on, and learn from it, in one compiled program."""
    going, seen = functional_fragments(
        core, task, learner.policy, going, act_key, steps=steps
    )
    return going, practice_on_fragments(learner, seen, how, rates, guides, key=fit_key)


def _new_episode(core: Any, key: PRNGKeyArray) -> tuple[Any, jax.Array]:
    """A state in which an episode begins, and what is seen of it."""
    state = core.initial(rng=key)
    return state, jnp.asarray(core.observation(state, key), jnp.float32)


def _onward(
    core: Any, task: Task, going: Going, sampled: jax.Array, key: PRNGKeyArray
) -> tuple[Going, dict[str, jax.Array]]:
    """One step of one environment, and a new episode if this one has ended."""
    step_key, begin_key = jax.random.split(key)
    action = as_taken(task, executable(task, sampled))
    after = core.transition(going.state, action, step_key)
    led_to = jnp.asarray(core.observation(after, step_key), jnp.float32)
    reward = core.reward(going.state, action, after, step_key)
    reward = jnp.asarray(reward, jnp.float32)
    terminated = jnp.asarray(core.terminal(after, step_key), bool)
    truncated = ~terminated & (going.steps + 1 >= task.max_episode_steps)
    ended = terminated | truncated
    happened = {
        "observation": going.shown,
        "after": led_to,
        "action_sampled": sampled,
        "reward": reward,
        "terminated": terminated,
        "truncated": truncated,
        "returned": going.returned + reward,
    }
    new = Going(*_new_episode(core, begin_key), jnp.int32(0), jnp.float32(0))
    on = Going(after, led_to, going.steps + 1, going.returned + reward)
    return jax.tree.map(lambda a, b: jnp.where(ended, a, b), new, on), happened


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
