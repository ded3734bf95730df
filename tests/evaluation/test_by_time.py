"""What policies lose is told by the steps at which they lose it."""

import numpy as np

from novice.evaluation.by_time import (
    at_length,
    going_on,
    mean_in_stretches,
    over_seeds,
    reward_by_step,
    stretches,
)
from novice.types import Trajectories


def episodes() -> Trajectories:
    """Two episodes, of three steps and of one; what is padded must not count."""
    valid = np.array([[True, True, True], [True, False, False]])
    return Trajectories(
        valid=valid,
        observation=np.zeros((2, 4, 1), np.float32),
        action_sampled=np.zeros((2, 3, 1), np.int32),
        action_executed=np.zeros((2, 3, 1), np.int32),
        expert_acted=np.zeros((2, 3), bool),
        reward=np.array([[1, 2, 3], [5, 9, 9]], np.float32),
        terminated=np.array([True, True]),
        truncated=np.array([False, False]),
        seed=np.array([0, 1]),
    )


def test_an_episode_that_is_over_gets_nothing_more() -> None:
    np.testing.assert_allclose(reward_by_step(episodes(), 5), [3, 1, 1.5, 0, 0])
    np.testing.assert_allclose(going_on(episodes(), 5), [1, 0.5, 0.5, 0, 0])


def test_fewer_steps_may_be_asked_for_than_there_are() -> None:
    np.testing.assert_allclose(at_length([1.0, 2.0, 3.0], 2), [1, 2])


def test_stretches_are_equal_but_for_the_last_one() -> None:
    assert stretches(10, 4).tolist() == [3, 6, 9, 10]
    assert stretches(3, 40).tolist() == [1, 2, 3]
    assert stretches(200, 40).tolist() == list(range(5, 201, 5))


def test_a_stretch_counts_what_was_compared_and_says_where_nothing_was() -> None:
    found = mean_in_stretches(
        np.array([1.0, 2.0, 0.0, 0.0, 4.0]),
        np.array([1.0, 3.0, 0.0, 0.0, 2.0]),
        np.array([2, 4, 5]),
    )
    np.testing.assert_allclose(found, [3 / 4, np.nan, 2])


def test_the_interval_over_seeds_is_students() -> None:
    mean, low, high = over_seeds(np.array([1.0, 2.0, 3.0]))
    # The standard error is 1 / sqrt(3), and t for two degrees of freedom 4.303.
    np.testing.assert_allclose([mean, low, high], [2, -0.48414, 4.48414], 1e-4)


def test_one_seed_says_nothing_about_others() -> None:
    assert over_seeds(np.array([4.0])) == (4.0, -np.inf, np.inf)
