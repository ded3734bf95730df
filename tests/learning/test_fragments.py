"""What actions weigh whose episodes go on elsewhere, by hand."""

import equinox as eqx
import jax
import numpy as np
import pytest

from learning.episodes import critic_that_sees
from novice.learning.fragments import weigh_fragments
from novice.learning.weighing import Weighing
from novice.types import Batch, Fragments

# V(o) = 10 o.
CRITIC = critic_that_sees(10.0)
HOW = Weighing("gae", "value", discount=0.5, smoothing=0.5)


def row(*numbers: float) -> np.ndarray:
    return np.float32(numbers)


# Above an episode is terminated in the second step, and another one goes on after the
# third. Below, the first step is truncated, the second only begins, the third goes on.
SEEN = Fragments(
    valid=np.array([[1, 1, 1], [1, 0, 1]], bool),
    observation=np.stack([row(1, 2, 5), row(3, 7, 1)])[..., None],
    after=np.stack([row(2, 3, 6), row(7, 1, 2)])[..., None],
    action_sampled=np.int32([[0, 1, 1], [1, 0, 0]])[..., None],
    reward=np.stack([row(1, 2, 4), row(8, 0, 16)]),
    terminated=np.array([[0, 1, 0], [0, 0, 0]], bool),
    truncated=np.array([[0, 0, 0], [1, 0, 0]], bool),
    returned=np.stack([row(1, 3, 4), row(8, 0, 16)]),
)
# What a step brings more than was expected of it.
TERMINATED = 2 - 20
GOES_ON = 4 + 0.5 * 60 - 50
FIRST = 1 + 0.5 * 20 - 10
TRUNCATED = 8 + 0.5 * 70 - 30
AFTER_BEGINNING = 16 + 0.5 * 20 - 10
ADVANTAGE = np.array(
    [FIRST + 0.25 * TERMINATED, TERMINATED, GOES_ON, TRUNCATED, 0, AFTER_BEGINNING]
)
VALUE = np.array([10, 20, 50, 30, 70, 10])
COUNTS = np.array([1, 1, 1, 1, 0, 1], bool)


def weighed(seen: Fragments = SEEN, how: Weighing = HOW) -> tuple[Batch, Batch]:
    return jax.tree.map(np.asarray, weigh_fragments(seen, CRITIC, how))


def test_weights_by_hand():
    batch, _ = weighed()

    np.testing.assert_allclose(batch.weight, ADVANTAGE, rtol=1e-5)
    np.testing.assert_array_equal(batch.valid, COUNTS)


def test_after_a_truncation_the_critic_has_the_word_and_the_next_episode_none():
    seen = eqx.tree_at(
        lambda one: (one.terminated, one.truncated),
        SEEN,
        (np.zeros_like(SEEN.terminated), SEEN.terminated),
    )

    batch, _ = weighed(seen)

    cut_off = 2 + 0.5 * 30 - 20
    expected = [FIRST + 0.25 * cut_off, cut_off, GOES_ON]
    np.testing.assert_allclose(batch.weight[:3], expected, rtol=1e-5)


def test_the_rows_are_what_was_seen_and_sampled():
    batch, to_value = weighed()

    np.testing.assert_array_equal(batch.observation[:, 0], [1, 2, 5, 3, 7, 1])
    np.testing.assert_array_equal(batch.target[:, 0], [0, 1, 1, 1, 0, 0])
    np.testing.assert_array_equal(to_value.observation, batch.observation)


def test_the_critic_learns_what_it_said_and_what_came_besides():
    _, to_value = weighed()

    np.testing.assert_allclose(
        to_value.target[COUNTS, 0], (VALUE + ADVANTAGE)[COUNTS], rtol=1e-5
    )
    np.testing.assert_array_equal(to_value.weight, 1)
    np.testing.assert_array_equal(to_value.valid, COUNTS)


def test_with_a_smoothing_of_one_the_critic_has_the_last_word_only():
    """As of A2C: rewards up to the end, and what the critic says of what follows."""
    seen = eqx.tree_at(lambda one: one.terminated, SEEN, np.zeros_like(SEEN.terminated))

    _, to_value = weighed(seen, HOW._replace(smoothing=1.0))

    last = 4 + 0.5 * 60
    second = 2 + 0.5 * last
    expected = [1 + 0.5 * second, second, last]
    # V(after) and V(the next observation) differ where nothing ended in between.
    seam = 0.5 * (30 - 50)
    expected = [expected[0] + 0.5 * seam, expected[1] + seam, expected[2]]
    np.testing.assert_allclose(to_value.target[:3, 0], expected, rtol=1e-5)


def test_normalized_weights_have_mean_0_and_spread_1_and_the_critic_does_not_care():
    batch, to_value = weighed(how=HOW._replace(normalize=True))

    known = ADVANTAGE[COUNTS]
    np.testing.assert_allclose(
        batch.weight[COUNTS], (known - known.mean()) / known.std(), rtol=1e-4
    )
    assert batch.weight[~COUNTS] == 0
    np.testing.assert_allclose(to_value.target, weighed()[1].target, rtol=1e-5)


@pytest.mark.parametrize("normalize", [False, True])
def test_what_is_in_a_step_that_only_begins_does_not_matter(normalize):
    how = HOW._replace(normalize=normalize)
    garbled = eqx.tree_at(
        lambda one: (one.reward, one.after, one.terminated),
        SEEN,
        (
            np.where(SEEN.valid, SEEN.reward, np.float32(99)),
            np.where(SEEN.valid[..., None], SEEN.after, np.float32(-40)),
            SEEN.terminated | ~SEEN.valid,
        ),
    )

    for clean, dirty in zip(weighed(how=how), weighed(garbled, how), strict=True):
        np.testing.assert_array_equal(dirty.weight[COUNTS], clean.weight[COUNTS])
        np.testing.assert_array_equal(dirty.target[COUNTS], clean.target[COUNTS])
        np.testing.assert_array_equal(dirty.valid, clean.valid)


def test_nothing_is_learned_through_the_weights():
    def total(critic) -> jax.Array:
        batch, to_value = weigh_fragments(SEEN, critic, HOW)
        return batch.weight.sum() + to_value.target.sum()

    slopes = eqx.filter_grad(total)(jax.tree.map(jax.numpy.asarray, CRITIC))

    assert all(not np.any(leaf) for leaf in jax.tree.leaves(slopes))
