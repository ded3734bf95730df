"""A task written in JAX plays the episodes that Gymnasium itself plays."""

import functools
import importlib.util

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
from gymnasium import spaces
from gymnasium.envs.functional_jax_env import FunctionalJaxEnv
from gymnasium.experimental.functional import FuncEnv

from novice.envs.functional import (
    functional_core,
    functional_practice,
    functional_rollout,
)
from novice.envs.host_policy import HostPolicy
from novice.envs.task import Task, make_task
from novice.learning.fit import new_learner
from novice.learning.policy import Policy, new_policy
from novice.learning.practice import Practice
from novice.learning.stepping import Guides, Rates, Stepping
from novice.learning.weighing import Weighing
from novice.types import Trajectories

needs_flax = pytest.mark.skipif(
    importlib.util.find_spec("flax") is None,
    reason="flax is missing (novice[jax-tasks]), so no task written in JAX is tested",
)
SEEDS = [3, 4, 1_500_000_000]
# One program adds in another order than many small ones.
ROUNDING = {"rtol": 1e-4, "atol": 1e-4}


def policy_of(task: Task) -> Policy:
    size = task.observation_size
    return new_policy(size, task.head, hidden=(8,), key=jax.random.key(0))


@functools.cache
def played(id: str) -> tuple[Trajectories, Task]:
    """Three episodes, explored."""
    task = make_task(id)
    seen = functional_rollout(
        functional_core(task),
        task,
        policy_of(task),
        jax.random.key(1),
        jnp.array(SEEDS),
        explore=True,
    )
    return jax.tree.map(np.asarray, seen), task


class Drift(FuncEnv):
    """A walk in which everything is left to chance a little, until it has gone far."""

    observation_space = spaces.Box(-np.inf, np.inf, (1,))
    action_space = spaces.Discrete(2, start=1)

    def initial(self, rng, params=None):
        return jax.random.normal(rng, (1,))

    def transition(self, state, action, rng, params=None):
        return state + action - 1.5 + jax.random.normal(rng, (1,))

    def observation(self, state, rng, params=None):
        return state + 0.1 * jax.random.normal(rng, (1,))

    def reward(self, state, action, next_state, rng, params=None):
        return jnp.sum(next_state - state) + jax.random.normal(rng)

    def terminal(self, state, rng, params=None):
        return jnp.abs(state[0]) > 3


gymnasium.register(
    "Drift-v0", entry_point=lambda: FunctionalJaxEnv(Drift()), max_episode_steps=20
)


@pytest.mark.parametrize(
    "id",
    [
        "Drift-v0",
        pytest.param("phys2d/CartPole-v1", marks=needs_flax),
        pytest.param("phys2d/Pendulum-v0", marks=needs_flax),
    ],
)
def test_an_episode_is_the_one_that_gymnasium_plays(id):
    seen, task = played(id)
    environment = task.make()

    for episode, seed in enumerate(SEEDS):
        observation, _ = environment.reset(seed=seed)
        ends = terminated = truncated = False
        step = 0
        while not ends:
            np.testing.assert_allclose(
                seen.observation[episode, step], observation, **ROUNDING
            )
            assert seen.valid[episode, step]
            action = task.executable(seen.action_executed[episode, step])
            observation, reward, terminated, truncated, _ = environment.step(action)
            np.testing.assert_allclose(seen.reward[episode, step], reward, **ROUNDING)
            step += 1
            ends = terminated or truncated
        assert seen.length[episode] == step
        np.testing.assert_allclose(
            seen.observation[episode, step], observation, **ROUNDING
        )
        assert bool(seen.terminated[episode]) == terminated
        assert bool(seen.truncated[episode]) == (truncated and not terminated)


@needs_flax
def test_after_its_end_an_episode_stays_where_it_is_and_pays_nothing():
    seen, _ = played("phys2d/CartPole-v1")

    for episode, steps in enumerate(seen.length):
        assert steps < seen.valid.shape[1]
        ended = seen.observation[episode, steps]
        assert (seen.observation[episode, steps:] == ended).all()
        assert not seen.reward[episode, steps:].any()


@needs_flax
def test_real_actions_are_stored_as_sampled_and_executed_within_the_bounds():
    seen, _ = played("phys2d/Pendulum-v0")

    assert np.abs(seen.action_sampled).max() > 2
    np.testing.assert_array_equal(
        seen.action_executed, np.clip(seen.action_sampled, -2, 2)
    )


@needs_flax
def test_without_exploring_the_key_does_not_matter():
    task = make_task("phys2d/CartPole-v1")
    policy, core = policy_of(task), functional_core(task)

    first, second = (
        functional_rollout(
            core, task, policy, jax.random.key(key), jnp.array(SEEDS), explore=False
        )
        for key in (0, 1)
    )

    np.testing.assert_array_equal(first.observation, second.observation)


def test_an_ordinary_task_is_not_written_in_jax():
    assert functional_core(make_task("CartPole-v1")) is None


@needs_flax
def test_one_program_acts_and_learns_from_the_same_episodes():
    seen, task = played("phys2d/CartPole-v1")
    policy = policy_of(task)

    practiced = functional_practice(
        functional_core(task),
        task,
        new_learner(policy),
        jnp.array(SEEDS),
        Practice(Weighing("full-return", "none"), Stepping(), 1),
        Rates(jnp.float32(0.01), jnp.float32(0.01)),
        Guides(),
        act_key=jax.random.key(1),
        fit_key=jax.random.key(2),
    )

    valid, steps = seen.valid, seen.length
    logits = HostPolicy(policy).outputs(seen.observation[:, :-1][valid])
    log_p = scipy.special.log_softmax(logits, axis=1)
    picked = np.take_along_axis(log_p, seen.action_sampled[valid], axis=1)[:, 0]
    # An episode of CartPole returns its length.
    loss = -np.sum(np.repeat(steps, steps) * picked) / len(SEEDS)
    assert practiced.steps == steps.sum()
    assert practiced.mean_return == pytest.approx(steps.mean())
    assert practiced.loss == pytest.approx(loss, rel=1e-4)
