import gymnasium
import numpy as np
import pytest

from novice.envs.task import make_task
from novice.evaluation.reaction import (
    Acting,
    latencies,
    latency_told,
    reaction_lag,
    seen_at,
)
from novice.experts.controllers import built_in_expert

FRAME = 0.05  # seconds


def acting(observation: np.ndarray, action: np.ndarray, *, behind: int = 0) -> Acting:
    """An episode of twenty steps a second in which the person did everything."""
    steps = len(action)
    return Acting(
        observation=observation,
        action=action,
        seconds=FRAME * np.arange(1, steps + 1),
        behind=np.full(steps, behind),
        counts=np.ones(steps, bool),
    )


def wanderer(lag: int, *, seed: int, behind: int = 0) -> Acting:
    """Somebody who says on which side a point is that wandered on `lag` steps ago."""
    steps = np.random.default_rng(seed).normal(size=300)
    place = np.convolve(steps, np.ones(10) / 10, mode="same")
    late = place[np.maximum(np.arange(300) - lag - behind, 0)]
    return acting(place[:, None], np.sign(late)[:, None], behind=behind)


def swinger(lag: int, *, seed: int) -> Acting:
    """The pendulum's controller, who sees everything `lag` steps later."""
    task = make_task("Pendulum-v1", {})
    expert = built_in_expert("Pendulum-v1", {})
    environment = gymnasium.make("Pendulum-v1")
    observation, _ = environment.reset(seed=seed)
    seen, done = [], []
    for step in range(200):
        seen.append(task.vector(observation))
        late = task.observation_of(seen[max(0, step - lag)])
        action, _ = expert.act(expert.start(), late)
        done.append(task.clip(task.action_vector(action, by="the law")))
        observation, *_ = environment.step(task.executable(done[-1]))
    return acting(np.array(seen), np.array(done))


def test_what_was_on_the_screen_by_hand():
    seconds = np.array([0.1, 0.2, 0.3, 0.4])
    at_once = np.zeros(4, int)

    assert seen_at(seconds, at_once, lag=0.0).tolist() == [0, 1, 2, 3]
    # At 0.05 s the first observation is there, at 0.15 s the second one.
    assert seen_at(seconds, at_once, lag=0.05).tolist() == [0, 1, 2, 3]
    assert seen_at(seconds, at_once, lag=0.15).tolist() == [-1, 0, 1, 2]
    # Just when a step was taken, what came of it is not there yet.
    assert seen_at(seconds, at_once, lag=0.2).tolist() == [-1, 0, 0, 1]
    # The picture was a frame older than that.
    assert seen_at(seconds, np.ones(4, int), lag=0.05).tolist() == [-1, 0, 1, 2]


def test_a_stalled_picture_is_counted_back_from_when_it_was_shown():
    """Frame 2 was seen, which stood until 0.5 s: 0.15 s before, it was there."""
    seconds = np.array([0.1, 0.2, 0.5, 0.6])

    assert seen_at(seconds, np.array([0, 0, 0, 1]), lag=0.15)[3] == 2


def test_nothing_is_seen_before_the_episode():
    seconds = np.array([0.1, 0.2])

    assert seen_at(seconds, np.zeros(2, int), lag=0.5).tolist() == [-1, -1]


@pytest.mark.parametrize("lag", [0, 2, 5])
def test_a_known_lag_is_found(lag):
    found = reaction_lag([wanderer(lag, seed=seed) for seed in range(5)])

    low, high = found.ci95
    assert found.seconds == pytest.approx(FRAME * lag, abs=0.021)
    assert low <= FRAME * lag + 1e-9 and FRAME * lag <= high
    assert high - low < 0.1
    assert found.episodes == 5


def test_what_the_network_took_is_no_reaction_of_the_person():
    found = reaction_lag([wanderer(2, seed=seed, behind=3) for seed in range(5)])

    assert found.seconds == pytest.approx(2 * FRAME, abs=0.021)


@pytest.mark.parametrize("lag", [3, 5])
def test_the_lag_of_somebody_who_moves_what_they_see_is_found(lag):
    found = reaction_lag([swinger(lag, seed=seed) for seed in range(10)])

    assert found.seconds == pytest.approx(FRAME * lag, abs=0.021)
    assert found.ci95[0] <= FRAME * lag + 1e-9 and FRAME * lag <= found.ci95[1]


def test_steps_that_do_not_count_say_nothing():
    rows = [wanderer(4, seed=seed) for seed in range(5)]
    for episode in rows:  # The policy drove every other second, at once.
        policy = np.arange(300) // 20 % 2 == 1
        episode.action[policy] = np.sign(episode.observation[policy])
        episode.counts[policy] = False

    assert reaction_lag(rows).seconds == pytest.approx(4 * FRAME, abs=0.021)


def test_nothing_can_be_told_of_little():
    always_the_same = [
        acting(np.random.default_rng(seed).normal(size=(50, 1)), np.ones((50, 1)))
        for seed in range(4)
    ]

    assert reaction_lag([]) is None
    assert reaction_lag([wanderer(2, seed=0), wanderer(2, seed=1)]) is None
    assert reaction_lag(always_the_same) is None
    short = acting(np.zeros((5, 1)), np.arange(5.0)[:, None])
    assert reaction_lag([short, short, short]) is None


def test_equal_recordings_give_equal_numbers():
    rows = [wanderer(3, seed=seed) for seed in range(4)]

    assert reaction_lag(rows) == reaction_lag(rows)


def test_latencies_by_hand():
    episode = Acting(
        observation=np.zeros((4, 1)),
        action=np.array([[0], [1], [1], [0]]),
        seconds=np.array([0.1, 0.2, 0.3, 0.4]),
        behind=np.array([0, 1, 1, 2]),
        counts=np.array([True, True, True, True]),
    )

    # The first action, the change to 1 a frame late, the change to 0 two frames late.
    np.testing.assert_allclose(latencies([episode]), [0, 100, 200], atol=1e-9)
    told = latency_told(latencies([episode]))
    assert told["inputs"] == [1, 0, 0, 0, 0, 1, 0, 1, 0, 0]
    assert told["milliseconds"][5] == 100 and told["milliseconds"][7] == 200
    assert told["median"] == 100


def test_there_are_no_latencies_where_nobody_did_anything():
    assert latencies([]).tolist() == []
