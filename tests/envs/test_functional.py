"""A task written in JAX plays the episodes that Gymnasium itself plays."""

import functools
import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from novice.envs.functional import functional_core, functional_rollout
from novice.envs.task import Task, make_task
from novice.learning.policy import new_policy
from novice.types import Trajectories

needs_flax = pytest.mark.skipif(
    importlib.util.find_spec("flax") is None,
    reason="flax is missing (novice[jax-tasks]), so no task written in JAX is tested",
)
SEEDS = [3, 4, 1_500_000_000]


@functools.cache
def played(id: str) -> tuple[Trajectories, Task]:
    """Three episodes, explored."""
    task = make_task(id)
    policy = new_policy(
        task.observation_size, task.head, hidden=(8,), key=jax.random.key(0)
    )
    seen = functional_rollout(
        functional_core(task),
        task,
        policy,
        jax.random.key(1),
        jnp.array(SEEDS),
        explore=True,
    )
    return jax.tree.map(np.asarray, seen), task


@needs_flax
@pytest.mark.parametrize("id", ["phys2d/CartPole-v1", "phys2d/Pendulum-v0"])
def test_an_episode_is_the_one_that_gymnasium_plays(id):
    seen, task = played(id)
    environment = task.make()

    for episode, seed in enumerate(SEEDS):
        observation, _ = environment.reset(seed=seed)
        ends = terminated = truncated = False
        step = 0
        while not ends:
            np.testing.assert_array_equal(seen.observation[episode, step], observation)
            assert seen.valid[episode, step]
            action = task.executable(seen.action_executed[episode, step])
            observation, reward, terminated, truncated, _ = environment.step(action)
            assert seen.reward[episode, step] == np.float32(reward)
            step += 1
            ends = terminated or truncated
        assert seen.length[episode] == step
        np.testing.assert_array_equal(seen.observation[episode, step], observation)
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
    policy = new_policy(4, task.head, hidden=(8,), key=jax.random.key(0))
    core = functional_core(task)

    first, second = (
        functional_rollout(
            core, task, policy, jax.random.key(key), jnp.array(SEEDS), explore=False
        )
        for key in (0, 1)
    )

    np.testing.assert_array_equal(first.observation, second.observation)


def test_an_ordinary_task_is_not_written_in_jax():
    assert functional_core(make_task("CartPole-v1")) is None
