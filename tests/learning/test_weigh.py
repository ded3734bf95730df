"""What each action counts, by hand; and padding never counts."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from learning.episodes import (
    OBSERVATION,
    POLICY,
    REWARDS,
    TWO_LENGTHS,
    VALID,
    arrays,
    batch_of,
    critic_that_sees,
    lengths,
    lengths_as_valid,
    trajectories_of,
)
from novice.learning.weigh import (
    full_return,
    once,
    rewards_to_go,
    value_where_truncated,
    weigh_trajectories,
)
from novice.learning.weighing import BASELINES, ESTIMATES, Weighing
from novice.types import Batch, Trajectories

to_go = eqx.filter_jit(rewards_to_go)
whole = eqx.filter_jit(full_return)


def test_full_return_by_hand():
    reward = np.float32([[1, 2, 4, 8], [3, 5, 99, 99], [-1, 99, 99, 99]])

    got = whole(reward, VALID)

    expected = [[15, 15, 15, 15], [8, 8, 0, 0], [-1, 0, 0, 0]]
    np.testing.assert_array_equal(got, expected)


def test_rewards_to_go_by_hand():
    reward = np.float32([[1, 2, 4, 8], [3, 5, 99, 99], [-1, 99, 99, 99]])

    got = to_go(reward, VALID, discount=0.5)

    expected = [
        [1 + 0.5 * (2 + 0.5 * (4 + 0.5 * 8)), 2 + 0.5 * (4 + 0.5 * 8), 8, 8],
        [3 + 0.5 * 5, 5, 0, 0],
        [-1, 0, 0, 0],
    ]
    np.testing.assert_array_equal(got, expected)


def test_rewards_to_go_without_a_discount_are_sums():
    reward = np.float32([[1, 2, 4, 8]])

    got = rewards_to_go(reward, np.ones((1, 4), bool))

    np.testing.assert_array_equal(got, [[15, 14, 12, 8]])


def test_the_tail_follows_the_last_valid_step():
    reward = np.float32([[1, 1, 1, 1], [1, 1, 99, 99], [1, 99, 99, 99]])

    got = to_go(reward, VALID, discount=0.5, tail=np.float32([16, 8, 4]))

    expected = [
        [1 + 0.5 + 0.25 + 0.125 + 16 / 16, 1 + 0.5 + 0.25 + 2, 1 + 0.5 + 4, 1 + 8],
        [1 + 0.5 + 0.25 * 8, 1 + 0.5 * 8, 0, 0],
        [1 + 0.5 * 4, 0, 0, 0],
    ]
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("terminated", "expected"),
    [
        ([True, True], [0, 0]),
        ([False, False], [40, 70]),
        ([True, False], [0, 70]),
    ],
)
def test_what_was_truncated_would_have_gone_on_and_what_was_terminated_not(
    terminated, expected
):
    seen = trajectories_of(
        np.zeros((2, 3)),
        TWO_LENGTHS,
        observation=OBSERVATION,
        terminated=np.array(terminated),
    )

    got = value_where_truncated(critic_that_sees(10.0), seen)

    np.testing.assert_allclose(got, expected)


def test_only_a_truncated_episode_bootstraps():
    seen = trajectories_of(
        np.ones((2, 3)),
        TWO_LENGTHS,
        observation=OBSERVATION,
        terminated=np.array([True, False]),
    )

    how = Weighing("rewards-to-go", "value", 0.5)

    _, to_value = weigh_trajectories(seen, POLICY, critic_that_sees(10.0), how)

    expected = [1.75, 1.5, 1, 1 + 0.5 + 0.25 * 70, 1 + 0.5 * 70, 0]
    np.testing.assert_allclose(to_value.target[:, 0], expected)


def test_discounted_weights_count_from_the_start_and_values_from_now_on():
    seen = trajectories_of(
        REWARDS,
        TWO_LENGTHS,
        observation=OBSERVATION,
        terminated=np.array([True, False]),
    )
    how = Weighing("discounted", "value", 0.5)

    batch, to_value = weigh_trajectories(seen, POLICY, critic_that_sees(10.0), how)

    # What was truncated goes on with V(7) = 70.
    to_go = [1 + 0.5 * (2 + 0.5 * 4), 2 + 0.5 * 4, 4, 8 + 0.5 * (16 + 35), 16 + 35]
    less = [3 - 10, 0.5 * (4 - 20), 0.25 * (4 - 30), 33.5 - 50, 0.5 * (51 - 60)]
    np.testing.assert_allclose(to_value.target[:5, 0], to_go)
    np.testing.assert_allclose(batch.weight[:5], less)


def test_the_critic_aims_at_the_advantage_and_the_value():
    seen = trajectories_of(
        REWARDS,
        TWO_LENGTHS,
        observation=OBSERVATION,
        terminated=np.array([True, False]),
    )
    how = Weighing("gae", "value", 0.5, 0.5)

    batch, to_value = weigh_trajectories(seen, POLICY, critic_that_sees(10.0), how)

    third, fifth = 4 - 30, 16 + 0.5 * 70 - 60
    second = 2 + 0.5 * 30 - 20 + 0.25 * third
    advantage = [1 + 0.5 * 20 - 10 + 0.25 * second, second, third]
    advantage += [8 + 0.5 * 60 - 50 + 0.25 * fifth, fifth]
    value = np.array([10, 20, 30, 50, 60])
    np.testing.assert_allclose(batch.weight[:5], advantage)
    np.testing.assert_allclose(to_value.target[:5, 0], advantage + value)


def test_normalized_weights_are_those_of_the_batch_less_mean_over_spread():
    seen = trajectories_of(REWARDS, TWO_LENGTHS)
    how = {"weigh": "rewards-to-go", "baseline": "mean"}
    plain = batch_of(seen, **how).weight[:5]

    batch = batch_of(seen, **how, normalize=True)

    expected = (plain - plain.mean()) / plain.std()
    np.testing.assert_allclose(batch.weight[:5], expected, rtol=1e-5)


def test_a_critic_is_listened_to_only_where_values_are_the_baseline():
    seen = trajectories_of(
        REWARDS, TWO_LENGTHS, observation=OBSERVATION, terminated=np.zeros(2, bool)
    )
    how = {"weigh": "rewards-to-go", "baseline": "none"}

    with_critic, without = (
        batch_of(seen, critic, **how) for critic in (critic_that_sees(10.0), None)
    )

    np.testing.assert_array_equal(with_critic.weight, without.weight)


def test_a_weight_is_the_estimate_less_the_baseline():
    seen = trajectories_of(np.float32([[1, 2, 4], [8, 16, 99]]), TWO_LENGTHS)

    batch = batch_of(seen, weigh="rewards-to-go", baseline="mean")

    # To go: 7, 6, 4 and 24, 16; the others at the same step: 24, 16, (24 + 16) / 2.
    expected = [7 - 24, 6 - 16, 4 - 20, 24 - 7, 16 - 6, 0]
    np.testing.assert_allclose(batch.weight, expected)


def test_a_weight_is_the_estimate_less_the_learned_value():
    seen = trajectories_of(
        np.float32([[1, 2, 4], [8, 16, 99]]), TWO_LENGTHS, observation=OBSERVATION
    )

    batch = batch_of(
        seen, critic_that_sees(10.0), weigh="rewards-to-go", baseline="value"
    )

    expected = [7 - 10, 6 - 20, 4 - 30, 24 - 50, 16 - 60]
    np.testing.assert_allclose(batch.weight[:5], expected)


def test_what_was_sampled_is_made_likelier_and_not_what_was_executed():
    seen = trajectories_of(np.ones((2, 3)), TWO_LENGTHS)

    batch = batch_of(seen, weigh="full-return", baseline="none")

    np.testing.assert_array_equal(batch.target[:, 0], [0, 1, 2, 3, 4, 5])


def test_an_action_goes_with_the_observation_before_it():
    seen = trajectories_of(np.ones((2, 3)), TWO_LENGTHS, observation=OBSERVATION)

    batch = batch_of(seen, weigh="full-return", baseline="none")

    np.testing.assert_array_equal(batch.observation[:, 0], [1, 2, 3, 5, 6, 7])
    np.testing.assert_array_equal(batch.valid, TWO_LENGTHS.ravel())


def test_an_answer_counts_once():
    batch = once(np.zeros((3, 1), np.float32), np.int32([[1], [0], [1]]), VALID[0][:3])

    np.testing.assert_array_equal(batch.weight, [1, 1, 1])


WAYS = [Weighing(*way, 0.9) for way in itertools.product(ESTIMATES[:3], BASELINES)]
WAYS.append(Weighing("gae", "value", 0.9))


@eqx.filter_jit
def weighed_in_every_way(seen: Trajectories) -> list[tuple[Batch, Batch]]:
    critic = critic_that_sees(2.0)
    return [weigh_trajectories(seen, POLICY, critic, how) for how in WAYS]


@settings(max_examples=25)
@given(
    reward=arrays(3, 4),
    observation=hnp.arrays(np.float32, (3, 5, 1), elements=st.integers(-3, 3)),
    lengths=lengths,
    terminated=hnp.arrays(bool, 3),
    garbage=arrays(5, 8),
)
def test_padding_never_counts(reward, observation, lengths, terminated, garbage):
    """Two more episodes, three more steps and whatever stands there change nothing."""
    valid = lengths_as_valid(lengths, 4)
    plain = trajectories_of(
        np.where(valid, reward, 0),
        valid,
        observation=observation,
        terminated=terminated,
    )
    padded = trajectories_of(
        garbage[:, :7],
        lengths_as_valid([*lengths, 0, 0], 7),
        observation=garbage[:, :, None].copy(),
        terminated=np.append(terminated, [True, False]),
    )
    padded.reward[:3, :4][valid] = reward[valid]
    padded.action_sampled[:3, :4] = plain.action_sampled
    for episode, length in enumerate(lengths):
        padded.observation[episode, : length + 1] = observation[episode, : length + 1]

    alone, among = (
        jax.tree.map(np.asarray, weighed_in_every_way(seen)) for seen in (plain, padded)
    )

    for way, expected, got in zip(WAYS, alone, among, strict=True):
        for batch, other in zip(got, expected, strict=True):
            assert batch.valid.sum() == other.valid.sum() == sum(lengths)
            for name in ("observation", "weight", "target"):
                np.testing.assert_allclose(
                    getattr(batch, name)[batch.valid],
                    getattr(other, name)[other.valid],
                    rtol=1e-4,
                    atol=1e-2,
                    err_msg=f"{name} of {way}",
                )


@settings(max_examples=30)
@given(reward=arrays(3, 4), lengths=lengths, factor=st.sampled_from([-2.0, 0.5, 4.0]))
def test_weights_scale_with_the_rewards(reward, lengths, factor):
    valid = lengths_as_valid(lengths, 4)
    weights = [
        batch_of(
            trajectories_of(rewards, valid), weigh="rewards-to-go", baseline="mean"
        ).weight
        for rewards in (reward, reward * np.float32(factor))
    ]

    np.testing.assert_allclose(
        weights[1], np.float32(factor) * np.asarray(weights[0]), rtol=1e-4, atol=1e-2
    )


def test_weights_are_computed_alike_from_numpy_and_jax():
    seen = trajectories_of(np.float32([[1, 2, 4], [8, 16, 99]]), TWO_LENGTHS)
    how = {"weigh": "rewards-to-go", "baseline": "mean"}

    host = batch_of(seen, **how)
    device = batch_of(jax.tree.map(jnp.asarray, seen), **how)

    np.testing.assert_array_equal(host.weight, device.weight)
