"""A head's probabilities are those of the textbook, on both sides alike."""

import functools
import itertools
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from novice.learning.heads import (
    Bernoulli,
    Categorical,
    Gaussian,
    Squared,
    gaussian,
    head_from_config,
    marks_of,
)
from novice.learning.heads.gaussian import LARGEST_LOG_STD, SMALLEST_LOG_STD

# A steering angle in [-1, 1], and a throttle in [0, 10].
STEERING = gaussian((0.0, 5.0), (1.0, 5.0), log_std=-0.3)
HEADS = {
    "one choice": Categorical((3,)),
    "several choices": Categorical((2, 3)),
    "switches": Bernoulli(2),
    "real numbers": STEERING,
    "squared error": Squared((0.0, 5.0), (1.0, 5.0)),
}
heads = pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)


# Each is one compiled program, where step by step every operation would be one.
@eqx.filter_jit
def log_probability(head, outputs, action):
    return head.log_probability(outputs, action)


@eqx.filter_jit
def entropy(head, outputs):
    return head.entropy(outputs)


def test_a_choice_between_equals_has_probability_one_half():
    outputs, action = np.zeros((1, 2), np.float32), np.int32([[1]])

    got = log_probability(Categorical((2,)), outputs, action)

    np.testing.assert_allclose(got, [np.log(1 / 2)], rtol=1e-6)


def test_a_choice_has_the_probability_and_entropy_of_scipy():
    outputs = np.float32([[0.0, 1.0, -2.0], [3.0, 3.0, 0.5]])
    head, action = Categorical((3,)), np.int32([[1], [2]])

    p = scipy.special.softmax(outputs.astype(np.float64), axis=1)
    law = scipy.stats.multinomial(1, p)

    np.testing.assert_allclose(
        log_probability(head, outputs, action), law.logpmf(np.eye(3)[[1, 2]]), 1e-5
    )
    np.testing.assert_allclose(
        entropy(head, outputs), scipy.stats.entropy(p, axis=1), 1e-5
    )


def test_choices_side_by_side_are_independent():
    outputs = np.float32([[0.5, -0.5, 1.0, 0.0, 2.0]])
    both = Categorical((2, 3))

    first, second = outputs[:, :2], outputs[:, 2:]
    p, q = (scipy.special.softmax(some[0]) for some in (first, second))

    np.testing.assert_allclose(
        log_probability(both, outputs, np.int32([[1, 2]])), [np.log(p[1] * q[2])], 1e-5
    )
    np.testing.assert_allclose(
        entropy(both, outputs), [scipy.stats.entropy(np.outer(p, q).ravel())], 1e-5
    )


def test_switches_have_the_probability_and_entropy_of_scipy():
    outputs = np.float32([[0.0, 2.0, -30.0], [-1.0, 0.3, 30.0]])
    action = np.int32([[1, 0, 0], [0, 1, 1]])
    law = scipy.stats.bernoulli(scipy.special.expit(outputs.astype(np.float64)))

    np.testing.assert_allclose(
        log_probability(Bernoulli(3), outputs, action),
        law.logpmf(action).sum(axis=1),
        rtol=1e-5,
    )
    np.testing.assert_allclose(
        entropy(Bernoulli(3), outputs), law.entropy().sum(axis=1), rtol=1e-5
    )


def test_real_numbers_have_the_density_and_entropy_of_scipy():
    outputs = np.float32([[0.0, 0.5], [-1.5, 0.2]])
    action = np.float32([[0.3, 9.0], [-2.0, 4.0]])
    # The network speaks in half-ranges around the center: 5 + 5 * 0.5 = 7.5.
    center, half_range = np.array([0.0, 5.0]), np.array([1.0, 5.0])
    law = scipy.stats.norm(center + half_range * outputs, np.exp(-0.3) * half_range)

    np.testing.assert_allclose(
        log_probability(STEERING, outputs, action),
        law.logpdf(action).sum(axis=1),
        rtol=1e-5,
    )
    np.testing.assert_allclose(
        entropy(STEERING, outputs), law.entropy().sum(axis=1), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("learned", "used"), [(-9.0, SMALLEST_LOG_STD), (5.0, LARGEST_LOG_STD)]
)
def test_the_spread_of_real_numbers_stays_within_its_limits(learned, used):
    head = gaussian((0.0,), (1.0,), log_std=learned)

    got = entropy(head, np.zeros((1, 1), np.float32))

    np.testing.assert_allclose(got, [scipy.stats.norm(0, np.exp(used)).entropy()], 1e-5)


def test_the_likelihood_of_squared_error_is_squared_error():
    """With a spread of exp(-1/2), half a squared distance counts e times."""
    outputs, right = np.float32([[0.0, 0.5]]), np.float32([[0.0, 7.5]])
    off = np.float32([[0.3, 7.5], [0.0, 8.5], [0.3, 8.5]])

    best = log_probability(HEADS["squared error"], outputs, right)
    other = log_probability(HEADS["squared error"], np.repeat(outputs, 3, 0), off)

    squares = np.array([0.3**2, 0.2**2, 0.3**2 + 0.2**2])
    np.testing.assert_allclose(best - other, np.e / 2 * squares, rtol=1e-4)
    np.testing.assert_allclose(
        entropy(HEADS["squared error"], outputs),
        scipy.stats.norm(0, np.exp(-0.5) * np.array([1, 5])).entropy().sum(),
        rtol=1e-5,
    )


def test_imitation_costs_what_an_action_is_unlikely():
    outputs, action = jnp.zeros((1, 3)), jnp.array([[1]])

    cost = Categorical((3,)).loss(outputs, action, jax.random.key(0))

    np.testing.assert_allclose(cost, [np.log(3)], rtol=1e-6)


def test_several_actions_at_once_are_made_of_the_same_numbers_as_one():
    several = gaussian((0.0, 5.0) * 4, (1.0, 5.0) * 4)

    assert several.one_action(4) == STEERING.one_action()
    assert STEERING.one_action() == {"center": [0, 5], "half_range": [1, 5]}
    assert Categorical((2, 3, 2, 3)).one_action(2) == {"options": [2, 3]}
    assert Bernoulli(6).one_action(3) == {"options": [2, 2]}


@heads
def test_hopeless_outputs_leave_probabilities_finite(head):
    outputs = np.full((1, head.outputs), 1e4, np.float32)
    outputs[:, ::2] *= -1

    assert np.isfinite(log_probability(head, outputs, head.best(-outputs))).all()
    assert np.isfinite(entropy(head, outputs)).all()


# Those that learn from sets of actions.
CHOOSERS = {
    "one choice": Categorical((3,)),
    "several choices": Categorical((2, 3)),
    "switches": Bernoulli(2),
}
choosers = pytest.mark.parametrize("head", CHOOSERS.values(), ids=CHOOSERS)


@eqx.filter_jit
def set_log_probability(head, outputs, marks):
    return head.set_log_probability(outputs, marks)


@eqx.filter_jit
def slope_of_set(head, outputs, marks):
    """How the set's log-probability grows with each output."""
    return jax.grad(lambda numbers: head.set_log_probability(numbers, marks).sum())(
        outputs
    )


def every_action(head) -> np.ndarray:
    combinations = itertools.product(*(range(count) for count in head.options))
    return np.array(list(combinations), np.int32)


def test_a_set_of_two_of_three_has_the_sum_of_their_probabilities():
    """The outputs are logarithms of 1, 2 and 5: the probabilities are eighths."""
    outputs = np.log(np.float32([[1, 2, 5]] * 3))
    marks = np.int8([[1, 1, 0], [0, 1, 1], [1, 0, 1]])

    got = set_log_probability(Categorical((3,)), outputs, marks)

    np.testing.assert_allclose(np.exp(got), [3 / 8, 7 / 8, 6 / 8], rtol=1e-6)


def test_a_set_of_pairs_has_the_product_of_their_probabilities():
    """Of 1 : 3 both are fine, of 1 : 2 : 5 only the first or the last."""
    outputs = np.log(np.float32([[1, 3, 1, 2, 5]] * 2))
    marks = np.int8([[1, 1, 1, 0, 1], [0, 1, 1, 0, 1]])

    got = set_log_probability(Categorical((2, 3)), outputs, marks)

    np.testing.assert_allclose(np.exp(got), [6 / 8, 3 / 4 * 6 / 8], rtol=1e-6)


def test_switches_that_may_be_either_count_for_nothing():
    """The first is on with 3/4, the second with 1/5; its two marks allow both."""
    outputs = np.log(np.float32([[3, 1 / 4]] * 3))
    marks = np.int8([[0, 1, 1, 1], [1, 0, 0, 1], [1, 1, 1, 1]])

    got = set_log_probability(Bernoulli(2), outputs, marks)

    np.testing.assert_allclose(np.exp(got), [3 / 4, 1 / 4 * 1 / 5, 1], rtol=1e-6)


@choosers
def test_one_acceptable_action_is_the_ordinary_likelihood(head):
    actions = every_action(head)
    outputs = np.random.default_rng(3).normal(size=(len(actions), head.outputs))
    outputs = outputs.astype(np.float32)

    got = set_log_probability(head, outputs, marks_of(actions, head.options))

    np.testing.assert_allclose(
        got, log_probability(head, outputs, actions), rtol=1e-5, atol=1e-6
    )


def test_all_but_one_is_the_likelihood_of_anything_else():
    outputs = np.float32([[0.3, -1.0, 2.0]] * 3)
    p = scipy.special.softmax(outputs[0].astype(np.float64))

    got = set_log_probability(Categorical((3,)), outputs, 1 - np.eye(3, dtype=np.int8))

    np.testing.assert_allclose(got, np.log(1 - p), rtol=1e-5)


@choosers
def test_all_actions_together_say_nothing(head):
    outputs = np.random.default_rng(3).normal(size=(5, head.outputs)) * 4
    outputs = outputs.astype(np.float32)
    marks = np.ones((5, sum(head.options)), np.int8)

    np.testing.assert_allclose(set_log_probability(head, outputs, marks), 0, atol=1e-5)
    np.testing.assert_allclose(slope_of_set(head, outputs, marks), 0, atol=1e-6)


@choosers
@settings(max_examples=30)
@given(data=st.data())
def test_a_sets_probability_is_the_sum_over_its_actions(head, data):
    some = st.floats(-8, 8, width=32)
    outputs = data.draw(hnp.arrays(np.float32, (1, head.outputs), elements=some))
    marked = [
        data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(any))
        for n in head.options
    ]
    actions = np.array(
        [
            action
            for action in every_action(head).tolist()
            if all(marks[index] for marks, index in zip(marked, action, strict=True))
        ],
        np.int32,
    )

    got = set_log_probability(head, outputs, np.int8([[*itertools.chain(*marked)]]))

    padded = np.resize(actions, (len(every_action(head)), head.width))
    each = log_probability(head, np.repeat(outputs, len(padded), axis=0), padded)
    expected = scipy.special.logsumexp(np.float64(each)[: len(actions)])
    np.testing.assert_allclose(got, [expected], rtol=1e-4, atol=1e-5)


def test_what_is_called_wrong_although_it_is_certain_can_still_be_unlearned():
    """With outputs (1000, 0, 0), 1 - p is 2 exp(-1000), below every float32."""
    outputs, marks = np.float32([[1000, 0, 0]]), np.int8([[0, 1, 1]])
    head = Categorical((3,))

    got = set_log_probability(head, outputs, marks)

    np.testing.assert_allclose(got, [np.log(2) - 1000], rtol=1e-6)
    np.testing.assert_allclose(
        slope_of_set(head, outputs, marks), [[-1, 0.5, 0.5]], atol=1e-6
    )


@choosers
def test_hopeless_outputs_leave_the_slopes_of_sets_finite(head):
    outputs = np.full((2, head.outputs), 1e4, np.float32)
    outputs[:, ::2] *= -1
    best, worst = head.best(outputs), head.best(-outputs)
    alone = marks_of(np.concatenate([best[:1], worst[:1]]), head.options)

    assert np.isfinite(set_log_probability(head, outputs, alone)).all()
    assert np.isfinite(slope_of_set(head, outputs, alone)).all()


def test_marks_say_how_likely_an_answer_is_where_each_action_is_right():
    """Of 1 : 2 : 5, somebody right 8 times in 10 says the first, or the last."""
    outputs = np.log(np.float32([[1, 2, 5]] * 2))
    marks = np.float32([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]])

    got = set_log_probability(Categorical((3,)), outputs, marks)

    np.testing.assert_allclose(
        np.exp(got), [(0.8 + 0.2 + 0.5) / 8, (0.1 + 0.2 + 4) / 8], rtol=1e-6
    )


def test_the_slope_of_marks_by_hand():
    """What is right after the answer, less what was thought right before it."""
    outputs = np.log(np.float32([[1, 2, 5]]))
    marks = np.float32([[0.8, 0.1, 0.1]])

    after, before = np.array([0.8, 0.2, 0.5]) / 1.5, np.array([1, 2, 5]) / 8

    np.testing.assert_allclose(
        slope_of_set(Categorical((3,)), outputs, marks), [after - before], rtol=1e-5
    )


def test_marks_of_several_numbers_multiply():
    outputs = np.log(np.float32([[1, 3, 1, 2, 5]]))
    marks = np.float32([[0.9, 0.1, 0.2, 0.2, 0.6]])

    got = set_log_probability(Categorical((2, 3)), outputs, marks)

    expected = (0.9 + 0.3) / 4 * (0.2 + 0.4 + 3.0) / 8
    np.testing.assert_allclose(np.exp(got), [expected], rtol=1e-6)


@choosers
@settings(max_examples=30)
@given(data=st.data())
def test_real_marks_of_0_and_1_are_the_set_to_the_last_bit(head, data):
    some = st.floats(-50, 50, width=32)
    outputs = data.draw(hnp.arrays(np.float32, (1, head.outputs), elements=some))
    marked = [
        data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(any))
        for n in head.options
    ]
    marks = np.int8([[*itertools.chain(*marked)]])

    for of in (set_log_probability, slope_of_set):
        np.testing.assert_array_equal(
            of(head, outputs, np.float32(marks)), of(head, outputs, marks)
        )


@choosers
@settings(max_examples=30)
@given(data=st.data())
def test_equal_marks_teach_nothing(head, data):
    some = st.floats(-50, 50, width=32)
    outputs = data.draw(hnp.arrays(np.float32, (1, head.outputs), elements=some))
    marks = np.full((1, sum(head.options)), 0.25, np.float32)

    np.testing.assert_allclose(slope_of_set(head, outputs, marks), 0, atol=1e-6)


@choosers
def test_hopeless_outputs_leave_the_slopes_of_real_marks_finite(head):
    outputs = np.full((2, head.outputs), 1e4, np.float32)
    outputs[:, ::2] *= -1
    best, worst = head.best(outputs), head.best(-outputs)
    alone = marks_of(np.concatenate([best[:1], worst[:1]]), head.options)
    tiny = np.where(alone > 0, np.float32(1e-30), np.float32(0))

    for marks in (0.7 * alone.astype(np.float32), tiny, 1 - tiny):
        assert np.isfinite(set_log_probability(head, outputs, marks)).all()
        assert np.isfinite(slope_of_set(head, outputs, marks)).all()


def test_an_answer_against_a_certain_policy_still_moves_it():
    """With outputs (1000, 0, 0) and a sure mark elsewhere no doubt is left."""
    outputs, head = np.float32([[1000, 0, 0]]), Categorical((3,))

    sure = slope_of_set(head, outputs, np.float32([[0, 1, 0]]))
    doubted = slope_of_set(head, outputs, np.float32([[0.1, 0.8, 0.1]]))

    np.testing.assert_allclose(sure, [[-1, 1, 0]], atol=1e-6)
    # Who may err is not believed against certainty.
    np.testing.assert_allclose(doubted, [[0, 0, 0]], atol=1e-6)


def test_marks_of_actions_by_hand():
    got = marks_of(np.int32([[0, 2], [1, 0]]), (2, 3))

    assert got.tolist() == [[1, 0, 0, 0, 1], [0, 1, 1, 0, 0]]
    assert got.dtype == np.int8


@heads
def test_the_heads_that_learn_from_sets_are_those_with_options(head):
    assert ("set" in head.learns_from) == bool(head.options)
    assert ("negative" in head.learns_from) == bool(head.options)


@functools.cache
def noise_of(head_name: str) -> np.ndarray:
    return np.asarray(HEADS[head_name].noise(jax.random.key(7), (200, 100)))


def sampled(head_name: str, outputs: list[float]) -> np.ndarray:
    """20,000 actions for the same outputs."""
    noise = noise_of(head_name).reshape(20_000, -1)
    everywhere = np.tile(np.float32(outputs), (len(noise), 1))
    return head_in_numpy(HEADS[head_name]).sample(everywhere, noise)


def p_value_of_counts(actions: np.ndarray, probability: np.ndarray) -> float:
    counts = np.bincount(actions, minlength=len(probability))
    return scipy.stats.chisquare(counts, probability * len(actions)).pvalue


def test_sampled_choices_come_as_often_as_they_are_likely():
    outputs = [0.0, 1.0, -2.0]

    actions = sampled("one choice", outputs)

    assert p_value_of_counts(actions[:, 0], scipy.special.softmax(outputs)) > 1e-3


def test_pairs_of_sampled_choices_come_as_often_as_their_product_says():
    first, second = [0.0, 1.0], [0.5, -0.5, 0.0]

    actions = sampled("several choices", [*first, *second])

    pair = 3 * actions[:, 0] + actions[:, 1]
    expected = np.outer(scipy.special.softmax(first), scipy.special.softmax(second))
    assert p_value_of_counts(pair, expected.ravel()) > 1e-3


def test_pairs_of_sampled_switches_come_as_often_as_their_product_says():
    outputs = [0.7, -1.2]

    actions = sampled("switches", outputs)

    on = scipy.special.expit(outputs)
    expected = np.outer([1 - on[0], on[0]], [1 - on[1], on[1]])
    assert p_value_of_counts(2 * actions[:, 0] + actions[:, 1], expected.ravel()) > 1e-3


def test_sampled_real_numbers_follow_their_law():
    actions = sampled("real numbers", [0.5, -0.2])

    laws = scipy.stats.norm(0.5, np.exp(-0.3)), scipy.stats.norm(4, 5 * np.exp(-0.3))
    for column, law in zip(actions.T, laws, strict=True):
        assert scipy.stats.kstest(column, law.cdf).pvalue > 1e-3


def test_real_samples_may_lie_outside_the_bounds():
    assert (sampled("real numbers", [0.9, 0.0])[:, 0] > 1).any()


@pytest.mark.parametrize("name", HEADS)
def test_every_place_gets_randomness_of_its_own(name):
    noise = noise_of(name)

    assert noise.shape == (200, 100, HEADS[name].noise_width)
    assert len(np.unique(noise)) > 0.99 * noise.size


@pytest.mark.parametrize("name", HEADS)
def test_no_sampled_action_is_likelier_than_the_best(name):
    head = HEADS[name]
    outputs = np.random.default_rng(0).normal(size=(200, head.outputs))
    outputs = outputs.astype(np.float32)
    others = head_in_numpy(head).sample(outputs, noise_of(name)[:, 0])

    best = log_probability(head, outputs, head.best(outputs))

    assert (best >= log_probability(head, outputs, others)).all()


@eqx.filter_jit
def in_jax(head, outputs, noise):
    return head.sample(outputs, noise), head.best(outputs)


@heads
@settings(max_examples=20)
@given(data=st.data())
def test_numpy_and_jax_pick_the_same_action(head, data):
    # Eighths add up exactly, so that only the choice between them is tested.
    eighths = st.integers(-160, 160).map(lambda number: number / 8)
    some = hnp.arrays(np.float32, (4, head.outputs), elements=eighths)
    outputs, noise = data.draw(some), data.draw(some)

    sampled_in_jax, best_in_jax = in_jax(head, outputs, noise)

    host = head_in_numpy(head)
    sampled, best = host.sample(outputs, noise), host.best(outputs)
    np.testing.assert_allclose(sampled, sampled_in_jax, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(best, best_in_jax, rtol=1e-5, atol=1e-5)


def head_in_numpy(head):
    return jax.tree.map(np.asarray, head)


@heads
def test_acting_in_numpy_stays_in_numpy(head):
    outputs = np.ones((4, head.outputs), np.float32)

    sampled = head_in_numpy(head).sample(outputs, outputs)

    assert isinstance(sampled, np.ndarray)
    assert sampled.dtype in (np.float32, np.int32)


@eqx.filter_jit
def partial_log_probability(head, outputs, action, known):
    return head.partial_log_probability(outputs, action, known)


@eqx.filter_jit
def slopes_of_part(head, outputs, action, known):
    """How the part's log-probability grows with each output, and with the spread."""

    def total(learned):
        head, outputs = learned
        return head.partial_log_probability(outputs, action, known).sum()

    head, slope = eqx.filter_grad(total)((head, outputs))
    return slope, jax.tree.leaves(head)


def test_a_part_of_real_numbers_has_the_density_of_the_known_ones():
    """The throttle, around 5 with half-range 5, is known first, then the steering."""
    outputs = np.float32([[0.0, 0.5], [-1.5, 0.2], [0.1, 0.1]])
    action = np.float32([[0.3, 9.0], [-2.0, 4.0], [0.0, 0.0]])
    known = np.array([[False, True], [True, False], [False, False]])

    got = partial_log_probability(STEERING, outputs, action, known)

    throttle = scipy.stats.norm(5 + 5 * 0.5, np.exp(-0.3) * 5).logpdf(9)
    steering = scipy.stats.norm(-1.5, np.exp(-0.3)).logpdf(-2)
    np.testing.assert_allclose(got, [throttle, steering, 0], rtol=1e-5)


@heads
def test_a_part_that_is_the_whole_has_the_ordinary_likelihood(head):
    outputs = np.random.default_rng(3).normal(size=(6, head.outputs)).astype("f")
    action = head.best(-outputs)

    got = partial_log_probability(head, outputs, action, np.ones(action.shape, bool))

    np.testing.assert_allclose(got, log_probability(head, outputs, action), rtol=1e-6)


@pytest.mark.parametrize("number", [0.0, 1e6, np.nan, np.inf])
def test_what_is_not_known_has_no_slope_whatever_stands_there(number):
    outputs = np.float32([[0.2, 0.5], [0.7, 0.9]])
    action = np.float32([[0.3, number], [0.3, number]])
    known = np.array([[True, False], [True, False]])

    slope, (spread,) = slopes_of_part(STEERING, outputs, action, known)

    # With z = (a - mean) / std, d log p / d mean is z / std, d / d log_std z² - 1.
    std = np.exp(-0.3)
    z = (0.3 - outputs[:, 0]) / std
    np.testing.assert_allclose(slope, np.stack([z / std, [0, 0]], axis=1), rtol=1e-5)
    np.testing.assert_allclose(spread, [(z**2 - 1).sum(), 0], rtol=1e-5)


def test_only_real_numbers_are_learned_in_part():
    names = {name for name, head in HEADS.items() if "partial" in head.learns_from}

    assert names == {"real numbers", "squared error"}


@heads
def test_a_head_is_found_again_from_its_config(head):
    config = json.loads(json.dumps(head.config()))
    again = head_from_config(config)

    if isinstance(head, Gaussian):  # what was learned is not part of the config
        again = eqx.tree_at(lambda h: h.log_std, again, head.log_std)
    assert bool(eqx.tree_equal(head, again))


def test_a_head_of_an_unknown_kind_is_refused():
    with pytest.raises(KeyError, match="oracle"):
        head_from_config({"kind": "oracle"})
