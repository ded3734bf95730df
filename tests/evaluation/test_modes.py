"""A policy that acts between two ways of doing it is found out."""

from pathlib import Path

import jax
import numpy as np
import pytest

from novice.datasets.dataset import Answers, Dataset, Origin
from novice.envs.task import make_task
from novice.evaluation.modes import (
    NEIGHBORS,
    actions_at,
    firsts,
    mode_averaging,
    neighbors,
    share_of,
    split_of,
    where_between,
)
from novice.learning.heads import gaussian
from novice.learning.policy import new_policy

EPISODES, STEPS = 40, 25
EPISODE = np.repeat(np.arange(EPISODES), STEPS)


def walks(random: np.random.Generator, numbers: int = 3) -> np.ndarray:
    """Observations that wander, episode after episode."""
    steps = random.normal(size=(EPISODES, STEPS, numbers))
    return np.cumsum(steps * 0.3, axis=1).reshape(-1, numbers)


def two_ways(random: np.random.Generator, actions: int = 1) -> np.ndarray:
    """What experts do who take one of two opposite ways, and scatter a little."""
    side = random.choice([-1.0, 1.0], (EPISODES * STEPS, 1))
    way = np.arange(1, actions + 1) / actions
    return side * way + 0.05 * random.normal(size=(EPISODES * STEPS, actions))


def dataset_of(observation: np.ndarray, action: np.ndarray, **columns) -> Dataset:
    rows = len(observation)
    answers = Answers(
        observation=observation.astype(np.float32),
        action=action.astype(np.float32),
        episode=EPISODE[:rows],
        step=np.tile(np.arange(STEPS), EPISODES)[:rows],
        origin=Origin(0, "demonstration", "Ada"),
        **columns,
    )
    return Dataset((answers,))


@pytest.mark.parametrize("actions", [1, 2, 5])
def test_the_mean_of_two_ways_is_between(actions: int):
    random = np.random.default_rng(0)
    observation, action = walks(random), two_ways(random, actions)

    found = where_between(observation, action, np.zeros_like(action), EPISODE)

    assert found.disagree.mean() > 0.9
    assert found.between.mean() > 0.9
    np.testing.assert_array_equal(found.between, found.disagree)


def test_who_takes_one_of_two_ways_is_not_between():
    random = np.random.default_rng(0)
    observation, action = walks(random), two_ways(random)

    found = where_between(observation, action, np.ones_like(action), EPISODE)

    assert found.disagree.mean() > 0.9
    assert not found.between.any()


def test_who_goes_beyond_both_ways_is_far_and_not_between():
    random = np.random.default_rng(0)
    observation, action = walks(random), two_ways(random)

    found = where_between(observation, action, 3 * np.ones_like(action), EPISODE)

    assert found.far.all()
    assert not found.between.any()


@pytest.mark.parametrize("actions", [1, 3])
@pytest.mark.parametrize("noise", ["normal", "laplace", "here and there"])
def test_one_way_with_noise_gives_no_alarm(actions: int, noise: str):
    shares = []
    for seed in range(4):
        random = np.random.default_rng(seed)
        observation = walks(random)
        mean = np.tanh(observation[:, :1]) * np.ones(actions)
        scatter = random.laplace if noise == "laplace" else random.normal
        level = 0.2 * np.ones((len(mean), 1))
        if noise == "here and there":
            level = 0.02 + 0.3 * (np.abs(observation[:, 1:2]) > 1)
        drawn = [mean + level * scatter(size=mean.shape) for _ in range(2)]
        of_mean = where_between(observation, drawn[0], mean, EPISODE)
        of_other = where_between(observation, drawn[0], drawn[1], EPISODE)
        shares.append(
            [
                of_mean.disagree.mean(),
                of_mean.between.mean(),
                of_other.between.mean(),
                of_mean.far.mean(),
                of_other.far.mean(),
            ]
        )

    disagree, mean, other, mean_far, other_far = np.mean(shares, axis=0)

    assert max(disagree, mean, other) < 0.002
    assert mean_far < 0.01
    assert other_far == pytest.approx(0.01, abs=0.006)


def test_a_wrong_action_beside_the_only_way_is_far_and_not_between():
    random = np.random.default_rng(0)
    observation = walks(random)
    action = 0.1 * random.normal(size=(len(observation), 1))

    found = where_between(observation, action, action + 1, EPISODE)

    assert found.far.mean() > 0.9
    assert not found.between.any()


def test_neighbors_are_of_other_episodes_and_each_of_another():
    random = np.random.default_rng(0)

    row, neighbor = neighbors(walks(random), EPISODE)

    assert len(row) == len(EPISODE)
    of = np.sort(EPISODE[neighbor], axis=1)
    assert (np.diff(of, axis=1) > 0).all()
    assert (EPISODE[neighbor] != EPISODE[row][:, None]).all()


def test_neighbors_are_the_nearest():
    line = np.arange(EPISODES, dtype=float)[:, None]

    row, neighbor = neighbors(line, np.arange(EPISODES))

    np.testing.assert_array_equal(row, np.arange(EPISODES))
    assert set(neighbor[20]) == {*range(14, 20), *range(21, 27)}


def test_units_of_observations_do_not_matter():
    random = np.random.default_rng(0)
    observation = walks(random)

    alike = neighbors(observation * [1, 1000, 0.001], EPISODE)[1]

    np.testing.assert_array_equal(neighbors(observation, EPISODE)[1], alike)


def test_firsts_by_hand():
    found = firsts(np.array([[3, 1, 3, 2, 1], [0, 0, 0, 0, 0]]))

    np.testing.assert_array_equal(
        found, [[True, True, False, True, False], [True, False, False, False, False]]
    )


def test_a_split_by_hand():
    # Five at -2 and seven at 1: the mean is -0.25, and the groups explain everything.
    known = np.array([-2.0] * 5 + [1.0] * 7)[None, :, None]

    split = split_of(known)

    place = sorted([split.low[0], split.high[0]])
    assert split.explained[0] == pytest.approx(1)
    assert split.middle[0, 0] == pytest.approx(-0.25)
    assert place[1] - place[0] == pytest.approx(3)


def test_two_stragglers_are_no_second_way():
    random = np.random.default_rng(0)
    observation = walks(random)
    action = 0.01 * random.normal(size=(len(observation), 1))
    action[[0, 1, STEPS, STEPS + 1]] += 1

    found = where_between(observation, action, action * 0 + 0.5, EPISODE)

    assert not found.disagree.any()


def test_rows_that_are_all_alike_still_have_neighbors():
    action = np.random.default_rng(0).choice([-1.0, 1.0], (len(EPISODE), 1))

    found = where_between(np.ones((len(EPISODE), 2)), action, action * 0, EPISODE)

    assert len(found.row) > 0
    assert found.between.mean() > 0.9


def test_a_share_and_its_interval_come_from_whole_episodes():
    what = np.isin(EPISODE, [0, 1, 2, 3])

    found = share_of(what, EPISODE)

    assert found["mean"] == 0.1
    low, high = found["ci95"]
    # Four of 40 episodes; 100 of 1,000 rows alone would give 0.08 to 0.12.
    assert low < 0.05 and high > 0.18


def test_what_the_judge_reports():
    random = np.random.default_rng(0)
    dataset = dataset_of(walks(random), two_ways(random))
    task = make_task("Pendulum-v1")  # steers by up to 2

    action = np.zeros((len(dataset), 1), np.float32)
    found = mode_averaging(task, action, dataset)

    assert found == mode_averaging(task, action, dataset)
    assert found["mean"] > 0.9
    assert found["ci95"][0] <= found["mean"] <= found["ci95"][1]
    assert found["disagree"]["mean"] >= found["mean"]
    assert (found["rows"], found["episodes"]) == (1000, 40)


def test_discrete_actions_have_no_between():
    dataset = dataset_of(np.zeros((1000, 4)), np.zeros((1000, 1)))

    task = make_task("CartPole-v1")

    assert mode_averaging(task, np.zeros((1000, 1)), dataset) is None


def test_few_episodes_say_nothing():
    dataset = dataset_of(np.zeros((19 * STEPS, 3)), np.zeros((19 * STEPS, 1)))

    task = make_task("Pendulum-v1")

    assert mode_averaging(task, dataset.column("action"), dataset) is None


def test_of_partly_known_actions_nothing_is_made():
    random = np.random.default_rng(0)
    known = np.ones((1000, 1), bool)
    known[EPISODE % 2 == 0] = False
    dataset = dataset_of(walks(random), two_ways(random), known=known)

    found = mode_averaging(
        make_task("Pendulum-v1"), np.zeros((1000, 1), np.float32), dataset
    )

    assert found["episodes"] == 20


def test_who_does_nearly_what_is_always_done_is_not_far():
    random = np.random.default_rng(0)
    observation, action = walks(random), np.ones((EPISODES * STEPS, 1))

    found = where_between(observation, action, action - 0.005, EPISODE)
    other = where_between(observation, action, action - 0.05, EPISODE)

    assert not found.far.any()
    assert other.far.all()


def test_a_round_of_an_older_run_has_episodes_of_its_own():
    random = np.random.default_rng(0)
    observation, action = walks(random), two_ways(random)
    one, other = (
        dataset_of(observation[part::2][:500], action[part::2][:500]).parts[0]
        for part in (0, 1)
    )
    rounds = [(one, 1), (one, 2), (other, 1)]
    parts = [
        Answers(**part.columns(), origin=Origin(round, "correction", "Ada"))
        for part, round in rounds
    ]

    task = make_task("Pendulum-v1")
    found = mode_averaging(task, np.zeros((1500, 1)), Dataset(tuple(parts)))

    assert found is not None
    assert found["episodes"] == 60


def test_a_policy_that_looks_back_has_no_action_at_a_row():
    dataset = dataset_of(np.zeros((1000, 3)), np.zeros((1000, 1)))
    head, key = gaussian((0.0,), (2.0,)), jax.random.key(0)

    assert actions_at(new_policy(3, head, key=key), dataset).shape == (1000, 1)
    assert actions_at(new_policy(3, head, history=2, key=key), dataset) is None


@pytest.mark.data
def test_people_who_push_blocks_do_nothing_that_nobody_does(shared_data: Path):
    kept = np.load(shared_data / "pusht" / "pusht_206_lowdim.npz")
    state, action = kept["state"], kept["action"] / 256 - 1
    angle = state[:, 4:]
    observation = np.concatenate([state[:, :4], np.cos(angle), np.sin(angle)], axis=1)
    episode = np.searchsorted(kept["episode_ends"], np.arange(len(state)), "right")
    every = slice(None, None, 6)

    found = where_between(
        observation[every], action[every], action[every], episode[every]
    )

    assert len(found.row) > 0.9 * len(observation[every])
    assert found.far.mean() == pytest.approx(0.01, abs=0.002)
    assert found.disagree.mean() < 0.01
    assert NEIGHBORS == 12
