"""Every two options compete, and the votes and hinges are those of the textbook."""

import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from novice.learning.heads import head_from_config
from novice.learning.heads.pairs import Pairs, sides

KEY = jax.random.key(0)
margins = hnp.arrays(
    np.float32, (5, 10), elements=st.floats(-9, 9, width=32, allow_subnormal=False)
)


def test_the_sides_of_three_options_by_hand():
    # The pairs are 0 against 1, 0 against 2, and 1 against 2.
    np.testing.assert_array_equal(sides(3), [[1, 1, 0], [-1, 0, 1], [0, -1, -1]])


def test_the_option_that_wins_most_pairs_is_best_however_narrowly():
    # 1 beats 0 and 2 by a hair, while 0 beats 2 by far.
    assert Pairs((3,)).best(np.float32([-0.1, 9.0, 0.1])).tolist() == [1]


def test_a_tie_goes_to_the_larger_margins():
    # 0 beats 1, 1 beats 2 and 2 beats 0: each wins one, and 1 wins by most.
    assert Pairs((3,)).best(np.float32([1.0, -2.0, 4.0])).tolist() == [1]


@given(margins)
def test_nobody_wins_more_pairs_than_the_best(margins):
    best = Pairs((5,)).best(margins)[:, 0]

    wins = np.zeros((5, 5))
    for place, (one, other) in enumerate(itertools.combinations(range(5), 2)):
        wins[:, one] += np.sign(margins[:, place])
        wins[:, other] -= np.sign(margins[:, place])
    np.testing.assert_array_equal(wins[np.arange(5), best], wins.max(axis=1))


@given(margins)
def test_numpy_and_jax_find_the_same_winner(margins):
    # Sums of margins that differ by rounding alone may settle a tie either way.
    margins = np.round(margins)

    here, there = Pairs((5,)).best(margins), Pairs((5,)).best(jnp.asarray(margins))

    assert isinstance(here, np.ndarray)
    np.testing.assert_array_equal(here, there)


def test_a_row_costs_the_hinges_of_the_right_options_pairs():
    # 1 is right: against 0 its margin is 2, which costs nothing; against 2 it is -0.5,
    # which costs 1.5; what 0 and 2 have between them does not matter.
    outputs = jnp.float32([[-2.0, 7.0, -0.5]])

    cost = Pairs((3,)).loss(outputs, jnp.int32([[1]]), KEY)

    np.testing.assert_allclose(cost, [1.5])


def test_whoever_has_learned_nothing_pays_one_a_pair():
    cost = Pairs((26,)).loss(jnp.zeros((4, 325)), jnp.int32([[0], [1], [9], [25]]), KEY)

    np.testing.assert_allclose(cost, [25] * 4)


def test_only_pairs_with_the_right_option_that_are_not_yet_clear_are_moved():
    def cost(outputs):
        return Pairs((4,)).loss(outputs, jnp.int32([2]), KEY)

    # The pairs: 01, 02, 03, 12, 13, 23. That of 2 against 3 is clear.
    slope = jax.grad(cost)(jnp.float32([0.3, 0.3, 0.3, 0.3, 0.3, 1.2]))

    np.testing.assert_array_equal(slope, [0, 1, 0, 1, 0, 0])


def test_choices_side_by_side_cost_and_choose_by_themselves():
    head, alone = Pairs((2, 3)), (Pairs((2,)), Pairs((3,)))
    outputs = jnp.float32([[0.4, -0.1, 9.0, 0.1], [-0.4, 2.0, 0.2, -3.0]])
    action = jnp.int32([[1, 2], [0, 0]])

    cost, best = head.loss(outputs, action, KEY), head.best(outputs)

    first = alone[0].loss(outputs[:, :1], action[:, :1], KEY)
    second = alone[1].loss(outputs[:, 1:], action[:, 1:], KEY)
    np.testing.assert_allclose(cost, first + second)
    np.testing.assert_array_equal(best, [[0, 1], [1, 0]])
    assert (head.outputs, head.width, head.options) == (1 + 3, 2, (2, 3))


def test_a_sample_is_the_winner():
    head, outputs = Pairs((3,)), np.float32([[-0.1, 9.0, 0.1]] * 7)

    noise = head.noise(KEY, (7,))

    assert noise.shape == (7, head.noise_width)
    np.testing.assert_array_equal(head.sample(outputs, noise), head.best(outputs))


@pytest.mark.parametrize(
    "ask",
    [
        lambda head, outputs, action: head.log_probability(outputs, action),
        lambda head, outputs, action: head.number_logs(outputs, action),
        lambda head, outputs, action: head.option_logs(outputs),
        lambda head, outputs, action: head.partial_log_probability(
            outputs, action, action > 0
        ),
        lambda head, outputs, action: head.entropy(outputs),
    ],
)
def test_votes_have_no_probabilities(ask):
    head = Pairs((3,))

    assert not head.has_likelihood
    with pytest.raises(TypeError, match=r"^a pairs head cannot say how .*imitation"):
        ask(head, jnp.zeros((1, 3)), jnp.int32([[1]]))


def test_the_head_is_found_again_from_its_config():
    config = json.loads(json.dumps(Pairs((26, 4)).config()))

    found = head_from_config(config)

    assert isinstance(found, Pairs)
    assert found == Pairs((26, 4))


def test_a_linear_vote_tells_four_places_on_a_circle_apart():
    angles = np.arange(4) * np.pi / 2
    places = jnp.float32(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    head, right = Pairs((4,)), jnp.arange(4)[:, None]

    def cost(weight):
        return jnp.sum(head.loss(places @ weight, right, KEY))

    weight = jnp.zeros((2, head.outputs))
    for _ in range(20):
        weight = weight - 0.2 * jax.grad(cost)(weight)

    assert float(cost(weight)) == 0
    np.testing.assert_array_equal(head.best(places @ weight), right)
