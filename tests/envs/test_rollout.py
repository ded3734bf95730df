"""Many episodes side by side are what each would have been alone, to the bit."""

from typing import Any, NamedTuple

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from novice.envs.actor import RandomActor, SampleActor
from novice.envs.rollout import padded, rollout, unpadded
from novice.envs.slots import SeparateSlots, VectorSlots
from novice.envs.task import STEPS_WITHOUT_LIMIT, Task, make_task
from novice.learning.policy import Policy, new_policy
from novice.types import Trajectories
from toys import Choose, RowByRow, whim

TASKS = {name: make_task(name) for name in ("CartPole-v1", "Pendulum-v1", "Parade-v0")}
# An episode of Pendulum always takes 200 steps, so fewer are enough.
SEEDS = {"CartPole-v1": range(20), "Pendulum-v1": range(4), "Parade-v0": range(40)}
tasks = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


class Episode(NamedTuple):
    """What happened in one episode."""

    observation: np.ndarray
    action_sampled: np.ndarray
    action_executed: np.ndarray
    reward: np.ndarray
    terminated: bool
    truncated: bool


def played_alone(
    task: Task, environment: gymnasium.Env, first: Any, choose: Choose
) -> Episode:
    """The slow reference: one environment, one episode, one step after the other."""
    observations, sampled, executed, rewards = [task.vector(first)], [], [], []
    terminated = truncated = False
    while not (terminated or truncated):
        sampled.append(choose(observations[-1]))
        low, high = task.bounds or (-np.inf, np.inf)
        executed.append(np.minimum(np.maximum(sampled[-1], low), high))
        observation, reward, terminated, truncated, _ = environment.step(
            task.executable(executed[-1])
        )
        observations.append(task.vector(observation))
        rewards.append(reward)
    columns = (np.stack(steps) for steps in (observations, sampled, executed))
    return Episode(
        *columns, np.float32(rewards), terminated, truncated and not terminated
    )


def reference(task: Task, seed: int, choose: Choose) -> Episode:
    environment = task.make()
    first, _ = environment.reset(seed=int(seed))
    episode = played_alone(task, environment, first, choose)
    environment.close()
    return episode


def episode_of(seen: Trajectories, number: int) -> Episode:
    steps = int(seen.length[number])
    return Episode(
        seen.observation[number, : steps + 1],
        seen.action_sampled[number, :steps],
        seen.action_executed[number, :steps],
        seen.reward[number, :steps],
        bool(seen.terminated[number]),
        bool(seen.truncated[number]),
    )


def assert_same(episode: Episode, expected: Episode) -> None:
    for name in Episode._fields:
        np.testing.assert_array_equal(
            getattr(episode, name), getattr(expected, name), err_msg=name
        )


def rolled_out(task: Task, slots: int, *, seeds: Any = None) -> Trajectories:
    side_by_side = SeparateSlots(task, slots)
    seen = rollout(
        side_by_side,
        RowByRow(whim(task)),
        np.array(SEEDS[task.id] if seeds is None else seeds),
    )
    side_by_side.close()
    return seen


@tasks
@pytest.mark.parametrize("slots", [1, 3, 16])
def test_every_episode_is_what_it_would_have_been_alone(task, slots):
    seen = rolled_out(task, slots)

    for number, seed in enumerate(SEEDS[task.id]):
        assert_same(episode_of(seen, number), reference(task, seed, whim(task)))


def test_the_reference_tells_tasks_apart_that_differ_in_one_bit():
    task = TASKS["Pendulum-v1"]
    episode = reference(task, 0, whim(task))
    bent = episode._replace(reward=np.nextafter(episode.reward, np.float32(9)))

    with pytest.raises(AssertionError, match="reward"):
        assert_same(bent, episode)


def test_episodes_come_in_the_order_of_their_seeds():
    seen = rolled_out(TASKS["Parade-v0"], 3, seeds=[5, 1, 5, 9])

    np.testing.assert_array_equal(seen.seed, [5, 1, 5, 9])
    assert_same(episode_of(seen, 0), episode_of(seen, 2))


def test_what_was_sampled_is_stored_and_what_is_executed_lies_within_the_bounds():
    seen = rolled_out(TASKS["Pendulum-v1"], 2)

    assert np.abs(seen.action_sampled).max() > 2
    assert np.abs(seen.action_executed).max() == 2
    np.testing.assert_array_equal(
        seen.action_executed, np.clip(seen.action_sampled, -2, 2)
    )


def test_padding_repeats_the_last_observation_and_pays_nothing():
    seen = rolled_out(TASKS["Parade-v0"], 3)

    for episode, steps in enumerate(seen.length):
        ended = seen.observation[episode, steps]
        assert (seen.observation[episode, steps:] == ended).all()
        assert not seen.reward[episode, steps:].any()
        assert not seen.valid[episode, steps:].any()


def test_some_episodes_of_the_toy_end_in_each_way():
    seen = rolled_out(TASKS["Parade-v0"], 3)

    assert set(seen.length) == {1, 2, 3, 4}
    assert seen.terminated.any() and seen.truncated.any()
    assert (seen.terminated ^ seen.truncated).all()


def test_an_episode_that_ends_when_its_time_is_up_is_terminated_and_not_truncated():
    seen = rolled_out(make_task("OnTime-v0"), 2, seeds=range(3))

    np.testing.assert_array_equal(seen.length, [3, 3, 3])
    assert seen.terminated.all() and not seen.truncated.any()


def test_a_task_without_a_time_limit_is_cut():
    seen = rolled_out(make_task("Patient-v0"), 1, seeds=[0])

    assert seen.length.tolist() == [STEPS_WITHOUT_LIMIT]
    assert seen.truncated.all() and not seen.terminated.any()


def test_there_may_be_fewer_episodes_than_slots():
    few, many = (rolled_out(TASKS["Parade-v0"], n, seeds=[3, 4]) for n in (1, 16))

    for number in range(2):
        assert_same(episode_of(few, number), episode_of(many, number))


def explored(task: Task, slots: int, seeds: range) -> Trajectories:
    side_by_side = SeparateSlots(task, slots)
    actor = SampleActor(
        POLICIES[task.id], jax.random.key(1), episodes=len(seeds), slots=slots
    )
    return rollout(side_by_side, actor, np.array(seeds))


POLICIES: dict[str, Policy] = {
    name: new_policy(
        task.observation_size, task.head, hidden=(8,), key=jax.random.key(0)
    )
    for name, task in TASKS.items()
}


@pytest.mark.parametrize("name", ["CartPole-v1", "Parade-v0"])
@pytest.mark.parametrize("slots", [3, 16])
def test_how_many_explore_beside_it_changes_nothing_in_an_episode(name, slots):
    task, seeds = TASKS[name], range(20)

    alone, together = (explored(task, count, seeds) for count in (1, slots))

    for number in range(len(seeds)):
        assert_same(episode_of(together, number), episode_of(alone, number))


def test_how_many_explore_beside_it_changes_real_actions_by_rounding_alone():
    """One row and sixteen are multiplied in another order, so the last bit differs."""
    alone, together = (explored(TASKS["Pendulum-v1"], n, range(4)) for n in (1, 16))

    for name in ("observation", "action_sampled", "reward"):
        np.testing.assert_allclose(
            getattr(together, name), getattr(alone, name), rtol=1e-3, atol=1e-3
        )


def test_chance_does_not_depend_on_how_many_act_by_it():
    task, seeds = TASKS["Pendulum-v1"], range(3)

    def by_chance(slots: int) -> Trajectories:
        actor = RandomActor(task, jax.random.key(0), episodes=3, slots=slots)
        return rollout(SeparateSlots(task, slots), actor, np.array(seeds))

    np.testing.assert_array_equal(
        by_chance(1).action_sampled, by_chance(2).action_sampled
    )


def test_slots_can_be_used_again():
    task = TASKS["Parade-v0"]
    slots = SeparateSlots(task, 3)

    first, again = (rollout(slots, RowByRow(whim(task)), range(7)) for _ in range(2))

    for number in range(7):
        assert_same(episode_of(again, number), episode_of(first, number))


MODES = list(AutoresetMode)


def test_episodes_side_by_side_end_at_different_times():
    """So a vector environment resets all but the last while others go on."""
    for name in ("CartPole-v1", "Parade-v0"):
        assert len(set(rolled_out(TASKS[name], 8, seeds=range(8)).length)) > 1


@pytest.mark.parametrize(
    ("name", "count"),
    [("CartPole-v1", 8), ("Parade-v0", 8), ("OnTime-v0", 2), ("Pendulum-v1", 2)],
)
@pytest.mark.parametrize("mode", MODES, ids=[mode.value for mode in MODES])
def test_a_vector_environment_of_any_autoreset_mode_plays_the_same_episodes(
    name, count, mode
):
    task = make_task(name)
    vector = SyncVectorEnv([task.make] * count, autoreset_mode=mode)

    seen = rollout(VectorSlots(task, vector), RowByRow(whim(task)), range(count))

    for seed in range(count):
        assert_same(episode_of(seen, seed), reference(task, seed, whim(task)))
    vector.close()


def test_a_vector_environment_of_any_mode_can_be_used_again():
    task = TASKS["Parade-v0"]
    for mode in MODES:
        slots = VectorSlots(task, SyncVectorEnv([task.make] * 4, autoreset_mode=mode))
        for first in (0, 10):
            seeds = range(first, first + 4)
            seen = rollout(slots, RowByRow(whim(task)), seeds)
            for number, seed in enumerate(seeds):
                assert_same(episode_of(seen, number), reference(task, seed, whim(task)))


def test_gymnasiums_vectorized_cartpole_plays_the_episodes_of_its_own_starts():
    task, count = TASKS["CartPole-v1"], 8
    vector = gymnasium.make_vec(
        "CartPole-v1", num_envs=count, vectorization_mode="vector_entry_point"
    )
    seen = rollout(VectorSlots(task, vector), RowByRow(whim(task)), range(5, 5 + count))

    first, _ = vector.reset(seed=5)
    starts = vector.unwrapped.state.T
    environment = task.make()
    for number in range(count):
        environment.reset(seed=0)
        environment.unwrapped.state = starts[number]
        alone = played_alone(task, environment, first[number], whim(task))
        assert_same(episode_of(seen, number), alone)


def test_a_vector_environment_begins_all_its_episodes_together():
    task = TASKS["Parade-v0"]
    slots = VectorSlots(task, SyncVectorEnv([task.make] * 4))

    with pytest.raises(ValueError, match="all its 4 episodes together, not 3"):
        rollout(slots, RowByRow(whim(task)), range(3))


def test_longer_padding_changes_nothing_that_counts():
    seen = rolled_out(TASKS["Parade-v0"], 3)

    longer = padded(seen, limit=10)

    assert longer.valid.shape == (40, 16)
    for number in range(40):
        assert_same(episode_of(longer, number), episode_of(seen, number))
    assert (longer.observation[:, -1] == seen.observation[:, -1]).all()


@pytest.mark.parametrize(
    ("time", "limit", "length"),
    [(4, 500, 512), (4, 5, 8), (8, 8, 8), (3000, 5000, 4096)],
)
def test_padding_goes_up_to_a_power_of_two(time, limit, length):
    nothing = np.zeros((1, time), np.float32)
    seen = Trajectories(
        valid=nothing == 0,
        observation=np.zeros((1, time + 1, 1), np.float32),
        action_sampled=nothing[..., None],
        action_executed=nothing[..., None],
        expert_acted=nothing > 0,
        reward=nothing,
        terminated=np.array([True]),
        truncated=np.array([False]),
        seed=np.array([0]),
    )

    longer = padded(seen, limit=limit)

    assert longer.reward.shape == (1, length)
    assert longer.observation.shape == (1, length + 1, 1)
    assert longer.length == time


def test_without_padding_the_columns_hold_the_valid_steps_and_the_ends():
    seen = rolled_out(TASKS["Parade-v0"], 3)

    columns = unpadded(seen)

    starts = np.cumsum([0, *columns["length"]])
    for number in range(40):
        episode = episode_of(seen, number)
        rows = slice(starts[number], starts[number + 1])
        for name in ("action_sampled", "action_executed", "reward"):
            np.testing.assert_array_equal(columns[name][rows], getattr(episode, name))
        np.testing.assert_array_equal(
            [*columns["observation"][rows], columns["last_observation"][number]],
            episode.observation,
        )
