"""GAE is what two loops say; normalized weights have mean 0 and spread 1."""

import equinox as eqx
import hypothesis
import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from novice.learning.advantage import generalized_advantage, normalized

ENVS, TIME = 3, 6
RATES = [(1.0, 1.0), (0.9, 1.0), (1.0, 0.0), (0.8, 0.0), (0.9, 0.7)]
numbers = hnp.arrays(np.float32, (ENVS, TIME), elements=st.floats(-9, 9, width=32))
flags = hnp.arrays(bool, (ENVS, TIME))


@eqx.filter_jit
def advantage_at_every_rate(*seen: np.ndarray) -> list[jax.Array]:
    return [
        generalized_advantage(*seen, discount=discount, smoothing=smoothing)
        for discount, smoothing in RATES
    ]


normalized_once = eqx.filter_jit(normalized)


def by_two_loops(
    reward, value, after, terminated, ended, valid, *, discount, smoothing
) -> np.ndarray:
    """Each step's own sum of residuals, up to the end of its episode."""
    got = np.zeros(reward.shape)
    for env, start in np.argwhere(valid):
        for step in range(start, reward.shape[1]):
            if not valid[env, step]:
                break
            future = 0.0 if terminated[env, step] else discount * after[env, step]
            residual = reward[env, step] + future - value[env, step]
            got[env, start] += (discount * smoothing) ** (step - start) * residual
            if ended[env, step]:
                break
    return got


def bootstrapped(reward, after, terminated, ended, valid, *, discount) -> np.ndarray:
    """Discounted rewards up to an end, and what is worth having behind it."""
    got = np.zeros(reward.shape)
    for env, start in np.argwhere(valid):
        for step in range(start, reward.shape[1]):
            got[env, start] += discount ** (step - start) * reward[env, step]
            last = step + 1 == reward.shape[1] or not valid[env, step + 1]
            if ended[env, step] or last:
                if not terminated[env, step]:
                    got[env, start] += discount ** (step - start + 1) * after[env, step]
                break
    return got


# Garbage where nothing is valid, be it at the end of a row or within; some episodes are
# terminated, some truncated, and some go on behind the last column.
episodes = given(
    reward=numbers,
    value=numbers,
    after=numbers,
    terminated=flags,
    truncated=flags,
    valid=flags,
)
CLOSE = {"rtol": 1e-4, "atol": 1e-3}


@settings(max_examples=60)
@episodes
def test_generalized_advantage_is_what_two_loops_say(
    reward, value, after, terminated, truncated, valid
):
    seen = (reward, value, after, terminated, terminated | truncated, valid)

    got = advantage_at_every_rate(*seen)

    for (discount, smoothing), advantage in zip(RATES, got, strict=True):
        expected = by_two_loops(*seen, discount=discount, smoothing=smoothing)
        np.testing.assert_allclose(advantage, expected, **CLOSE)


@settings(max_examples=60)
@episodes
def test_between_the_residual_and_the_rewards_to_go_lies_generalized_advantage(
    reward, value, after, terminated, truncated, valid
):
    """At λ = 0 it is the one, at λ = 1 the other, less the value."""
    ended = terminated | truncated
    goes_on = ~ended[:, :-1] & valid[:, 1:]
    after[:, :-1][goes_on] = value[:, 1:][goes_on]

    got = advantage_at_every_rate(reward, value, after, terminated, ended, valid)

    for (discount, smoothing), advantage in zip(RATES, got, strict=True):
        if smoothing == 0:
            worth = reward + discount * np.where(terminated, 0, after)
        elif smoothing == 1:
            worth = bootstrapped(
                reward, after, terminated, ended, valid, discount=discount
            )
        else:
            continue
        expected = np.where(valid, worth - value, 0)
        np.testing.assert_allclose(advantage, expected, **CLOSE)


def test_generalized_advantage_by_hand():
    """Two steps to a termination, two to a truncation, and one of a third episode."""
    got = generalized_advantage(
        np.float32([[1, 2, 3, 4, 5]]),
        np.float32([[10, 20, 30, 40, 50]]),
        np.float32([[20, 99, 40, 60, 70]]),
        np.array([[0, 1, 0, 0, 0]], bool),
        np.array([[0, 1, 0, 1, 0]], bool),
        np.ones((1, 5), bool),
        discount=0.5,
        smoothing=0.5,
    )

    second, fourth = 2 - 20, 4 + 0.5 * 60 - 40
    expected = [
        (1 + 0.5 * 20 - 10) + 0.25 * second,
        second,
        (3 + 0.5 * 40 - 30) + 0.25 * fourth,
        fourth,
        5 + 0.5 * 70 - 50,
    ]
    np.testing.assert_allclose(got, [expected])


def test_a_termination_ends_an_episode_even_if_nobody_says_so():
    ended = np.zeros((1, 3), bool)
    seen = [np.ones((1, 3), np.float32)] * 3
    terminated = np.array([[0, 1, 0]], bool)
    valid = np.ones((1, 3), bool)

    got, expected = (
        generalized_advantage(
            *seen, terminated, told, valid, discount=0.9, smoothing=0.9
        )
        for told in (ended, terminated)
    )

    np.testing.assert_array_equal(got, expected)


@settings(max_examples=30)
@given(weight=numbers, valid=flags)
def test_normalized_weights_have_mean_0_and_spread_1(weight, valid):
    got = np.asarray(normalized_once(weight, valid))

    assert not got[~valid].any()
    among = weight[valid].astype(np.float64)
    hypothesis.assume(among.size > 0 and among.std() > 1e-3)
    assert abs(got[valid].mean()) < 1e-3
    assert abs(got[valid].std() - 1) < 1e-3
    expected = (among - among.mean()) / among.std()
    np.testing.assert_allclose(got[valid], expected, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("count", [1, 2, 7, 30, 100, 1000])
def test_weights_that_are_all_alike_come_to_nothing(count):
    """Even where their mean is rounded to another number."""
    got = normalized_once(np.full(count, 0.1, np.float32), np.ones(count, bool))

    np.testing.assert_array_equal(got, np.zeros(count))


def test_normalized_by_hand():
    got = normalized(np.float32([1, 3, 99]), np.array([True, True, False]))

    np.testing.assert_allclose(got, [-1, 1, 0])
