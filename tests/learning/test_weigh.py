"""What each action counts, by hand; and padding never counts."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from novice.learning.network import Layer, Mlp, Normalizer
from novice.learning.policy import Critic
from novice.learning.weigh import (
    full_return,
    leave_one_out_mean,
    once,
    rewards_to_go,
    value_where_truncated,
    weigh_by_return,
)
from novice.types import Batch, Trajectories

to_go = eqx.filter_jit(rewards_to_go)
whole = eqx.filter_jit(full_return)
others = eqx.filter_jit(leave_one_out_mean)

# Three episodes of 4, 2 and 1 steps.
VALID = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]], bool)


def critic_that_sees(slope: float) -> Critic:
    """V(o) = slope * o, for observations of one number."""
    nothing, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    layer = Layer(np.full((1, 1), slope, np.float32), nothing)
    trunk = Mlp(Normalizer(nothing, one, one, np.array(0, np.float32)), (layer,))
    return Critic(trunk, np.array(0, np.float32), np.array(1, np.float32))


def trajectories_of(
    reward: np.ndarray,
    valid: np.ndarray,
    *,
    observation: np.ndarray | None = None,
    terminated: np.ndarray | None = None,
) -> Trajectories:
    episodes, time = valid.shape
    if observation is None:
        observation = np.zeros((episodes, time + 1, 1), np.float32)
    if terminated is None:
        terminated = np.ones(episodes, bool)
    sampled = np.arange(episodes * time, dtype=np.float32).reshape(episodes, time, 1)
    return Trajectories(
        observation=observation,
        action_sampled=sampled,
        action_executed=np.clip(sampled, -1, 1),
        expert_acted=np.zeros((episodes, time), bool),
        reward=reward.astype(np.float32),
        valid=valid,
        terminated=terminated,
        truncated=~terminated,
        seed=np.arange(episodes),
    )


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


# Two episodes of 3 and 2 steps, whose observations are 1, 2, 3, …; V(o) = 10 o.
OBSERVATION = np.float32([[[1], [2], [3], [4]], [[5], [6], [7], [99]]])
TWO_LENGTHS = np.array([[1, 1, 1], [1, 1, 0]], bool)


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

    _, to_value = weigh_by_return(
        seen,
        critic_that_sees(10.0),
        weigh="rewards-to-go",
        baseline="value",
        discount=0.5,
    )

    expected = [1.75, 1.5, 1, 1 + 0.5 + 0.25 * 70, 1 + 0.5 * 70, 0]
    np.testing.assert_allclose(to_value.target[:, 0], expected)


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


def batch_of(seen: Trajectories, critic: Critic | None = None, **how: str):
    batch, _ = weigh_by_return(seen, critic, discount=1.0, **how)
    return jax.tree.map(np.asarray, batch)


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


numbers = st.floats(-1e3, 1e3, width=32)


def arrays(*shape: int):
    return hnp.arrays(np.float32, shape, elements=numbers)


def lengths_as_valid(lengths: list[int], time: int) -> np.ndarray:
    return np.arange(time)[None] < np.array(lengths)[:, None]


lengths = st.lists(st.integers(1, 4), min_size=3, max_size=3)
WAYS = [
    (weigh, baseline)
    for weigh in ("full-return", "rewards-to-go")
    for baseline in ("none", "mean", "value")
]


@eqx.filter_jit
def weighed_in_every_way(seen: Trajectories) -> list[tuple[Batch, Batch]]:
    return [
        weigh_by_return(
            seen, critic_that_sees(2.0), weigh=weigh, baseline=baseline, discount=0.9
        )
        for weigh, baseline in WAYS
    ]


@settings(max_examples=25)
@given(
    reward=arrays(3, 4),
    observation=arrays(3, 5, 1),
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
    for episode, length in enumerate(lengths):
        padded.observation[episode, : length + 1] = observation[episode, : length + 1]

    alone, among = (
        jax.tree.map(np.asarray, weighed_in_every_way(seen)) for seen in (plain, padded)
    )

    for way, expected, got in zip(WAYS, alone, among, strict=True):
        for batch, other in zip(got, expected, strict=True):
            assert batch.valid.sum() == other.valid.sum() == sum(lengths)
            for name in ("observation", "weight", "target"):
                # What was sampled differs: it counts the places in the arrays.
                if batch is got[0] and name == "target":
                    continue
                np.testing.assert_allclose(
                    getattr(batch, name)[batch.valid],
                    getattr(other, name)[other.valid],
                    rtol=1e-4,
                    atol=1e-2,
                    err_msg=f"{name} of {way}",
                )


@settings(max_examples=30)
@given(estimate=arrays(3, 4), changed=arrays(4), lengths=lengths)
def test_the_baseline_of_a_trajectory_does_not_depend_on_the_trajectory(
    estimate, changed, lengths
):
    valid = lengths_as_valid(lengths, 4)
    otherwise = estimate.copy()
    otherwise[1] = changed

    got, expected = others(otherwise, valid)[1], others(estimate, valid)[1]

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
