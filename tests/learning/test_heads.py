"""A head's probabilities are those of the textbook, on both sides alike."""

import functools
import json

import equinox as eqx
import jax
import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from novice.learning.heads import (
    LARGEST_LOG_STD,
    SMALLEST_LOG_STD,
    Bernoulli,
    Categorical,
    Gaussian,
    gaussian,
    head_from_config,
)

# A steering angle in [-1, 1], and a throttle in [0, 10].
STEERING = gaussian((0.0, 5.0), (1.0, 5.0), log_std=-0.3)
HEADS = {
    "one choice": Categorical((3,)),
    "several choices": Categorical((2, 3)),
    "switches": Bernoulli(2),
    "real numbers": STEERING,
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


@heads
def test_hopeless_outputs_leave_probabilities_finite(head):
    outputs = np.full((1, head.outputs), 1e4, np.float32)
    outputs[:, ::2] *= -1

    assert np.isfinite(log_probability(head, outputs, head.best(-outputs))).all()
    assert np.isfinite(entropy(head, outputs)).all()


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


@heads
def test_a_head_is_found_again_from_its_config(head):
    config = json.loads(json.dumps(head.config()))
    again = head_from_config(config)

    if isinstance(head, Gaussian):  # what was learned is not part of the config
        again = eqx.tree_at(lambda h: h.log_std, again, head.log_std)
    assert bool(eqx.tree_equal(head, again))


def test_a_head_of_an_unknown_kind_is_refused():
    with pytest.raises(KeyError, match="flow"):
        head_from_config({"kind": "flow"})
