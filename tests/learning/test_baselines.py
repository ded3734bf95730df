"""A baseline is what the others were worth, and knows nothing of its own episode."""

import equinox as eqx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning.episodes import (
    REWARDS,
    TWO_LENGTHS,
    VALID,
    arrays,
    batch_of,
    lengths,
    lengths_as_valid,
    trajectories_of,
)
from novice.learning.baselines import leave_one_out_constant, leave_one_out_mean

others = eqx.filter_jit(leave_one_out_mean)
others_ever = eqx.filter_jit(leave_one_out_constant)


def test_leave_one_out_mean_by_hand():
    estimate = np.float32([[1, 2, 3, 4], [10, 20, 99, 99], [100, 99, 99, 99]])

    got = others(estimate, VALID)

    expected = [
        # Nobody else is alive from the third step on: all that the others ever did.
        [(10 + 100) / 2, 20, (10 + 20 + 100) / 3, (10 + 20 + 100) / 3],
        [(1 + 100) / 2, 2, 0, 0],
        [(1 + 10) / 2, 0, 0, 0],
    ]
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_an_episode_that_is_alone_has_a_baseline_of_zero():
    got = leave_one_out_mean(np.float32([[5, 7]]), np.ones((1, 2), bool))

    np.testing.assert_array_equal(got, [[0, 0]])


def test_leave_one_out_constant_by_hand():
    estimate = np.float32([[1, 2, 3, 4], [10, 20, 99, 99], [100, 99, 99, 99]])

    got = others_ever(estimate, VALID)

    expected = [(10 + 20 + 100) / 3, (10 + 100) / 5, (10 + 10 + 20) / 6]
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_the_optimal_constant_by_hand():
    """∇ log N(a; m, s) by m and log s is (a − m) and (a − m)² − 1, where s = 1."""
    batch = batch_of(
        trajectories_of(REWARDS, TWO_LENGTHS), weigh="rewards-to-go", baseline="optimal"
    )

    # Actions of 0, 1, 2 and 3, 4, a mean of -1: the scores of the steps are (1, 0),
    # (2, 3), (3, 8) and (4, 15), (5, 24); g = (6, 11) and (9, 39).
    h = [(7 + 2 * 6 + 3 * 4, 3 * 6 + 8 * 4), (4 * 24 + 5 * 16, 15 * 24 + 24 * 16)]
    of_first = (9 * h[1][0] + 39 * h[1][1]) / (9**2 + 39**2)
    of_second = (6 * h[0][0] + 11 * h[0][1]) / (6**2 + 11**2)
    expected = [7 - of_first, 6 - of_first, 4 - of_first, 24 - of_second]
    np.testing.assert_allclose(batch.weight[:4], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        # g = (-0.01, 0.02): the quotient would be -143 or 177.
        ([1, -1.01], 16),
        ([-1.01, 1], 24),
        ([1, -1], 0),
    ],
)
def test_the_optimal_constant_stays_between_what_others_were_worth(away, expected):
    seen = trajectories_of(REWARDS, TWO_LENGTHS)
    seen.action_sampled[1, :2, 0] = np.float32(away) - 1

    batch = batch_of(seen, weigh="rewards-to-go", baseline="optimal")

    np.testing.assert_allclose(batch.weight[:3], np.array([7, 6, 4]) - expected)


def test_the_optimal_constant_of_a_trajectory_knows_nothing_of_it():
    seen = trajectories_of(REWARDS, TWO_LENGTHS)
    other = trajectories_of(REWARDS * np.float32([[1], [-3]]), TWO_LENGTHS)
    other.action_sampled[1] = 5

    weight, changed = (
        batch_of(one, weigh="discounted", baseline="optimal").weight[3:5]
        for one in (seen, other)
    )

    np.testing.assert_allclose(
        np.array([24, 16]) - weight, np.array([-72, -48]) - changed, rtol=1e-5
    )


@pytest.mark.parametrize("baseline", ["constant", "mean", "optimal"])
def test_an_episode_that_is_alone_weighs_what_it_was_worth(baseline):
    seen = trajectories_of(REWARDS[:1], TWO_LENGTHS[:1])

    batch = batch_of(seen, weigh="rewards-to-go", baseline=baseline)

    np.testing.assert_array_equal(batch.weight, [7, 6, 4])


@settings(max_examples=30)
@given(estimate=arrays(3, 4), changed=arrays(4), lengths=lengths)
def test_the_baseline_of_a_trajectory_does_not_depend_on_the_trajectory(
    estimate, changed, lengths
):
    valid = lengths_as_valid(lengths, 4)
    otherwise = estimate.copy()
    otherwise[1] = changed

    for of in (others, others_ever):
        got, expected = of(otherwise, valid)[1], of(estimate, valid)[1]
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-2)


@settings(max_examples=30)
@given(estimate=arrays(3, 4), lengths=lengths, length=st.integers(1, 4))
def test_the_baseline_of_a_trajectory_does_not_depend_on_how_long_it_lasted(
    estimate, lengths, length
):
    valid = lengths_as_valid(lengths, 4)
    otherwise = lengths_as_valid([lengths[0], length, lengths[2]], 4)
    both = valid[1] & otherwise[1]

    got, expected = others(estimate, otherwise)[1], others(estimate, valid)[1]

    np.testing.assert_allclose(got[both], expected[both], rtol=1e-4, atol=1e-2)
