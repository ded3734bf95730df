"""What a network has seen changes its numbers, never what it says."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from novice.learning.heads import Bernoulli, Categorical, gaussian
from novice.learning.network import mlp, with_more_seen, with_statistics
from novice.learning.policy import new_critic, new_policy, policy_from_config, trainable

NETWORK = mlp(3, (8,), 2, last_scale=1.0, key=jax.random.key(0))

more_seen = eqx.filter_jit(with_more_seen)
restandardized = eqx.filter_jit(with_statistics)
answer = eqx.filter_jit(lambda network, observation: network(observation))


def rows_of_numbers(rows: int, largest: float = 30.0):
    numbers = st.floats(-largest, largest, width=32)
    return hnp.arrays(np.float32, (rows, 3), elements=numbers)


def everything_counts(rows: int) -> np.ndarray:
    return np.ones(rows, bool)


@settings(max_examples=30)
@given(
    mean=hnp.arrays(np.float32, 3, elements=st.floats(-5, 5, width=32)),
    variance=hnp.arrays(np.float32, 3, elements=st.floats(0, 50, width=32)),
    observation=rows_of_numbers(4),
)
def test_new_statistics_keep_the_function(mean, variance, observation):
    seen = np.float32([[0, 1, 2], [4, 1, -2]])
    network = more_seen(NETWORK, seen, everything_counts(2))

    again = restandardized(network, mean, variance, jnp.float32(9))

    np.testing.assert_allclose(
        answer(again, observation), answer(network, observation), atol=2e-3
    )


@settings(max_examples=30)
@given(
    first=rows_of_numbers(6), second=rows_of_numbers(6), observation=rows_of_numbers(4)
)
def test_seeing_more_keeps_the_function(first, second, observation):
    network = more_seen(NETWORK, first, everything_counts(6))

    again = more_seen(network, second, everything_counts(6))

    np.testing.assert_allclose(
        answer(again, observation), answer(network, observation), atol=2e-3
    )


def test_a_network_that_has_seen_nothing_keeps_its_layers():
    seen = np.float32([[0, 10, 0], [2, 30, 0]])

    network = more_seen(NETWORK, seen, everything_counts(2))

    assert bool(eqx.tree_equal(network.layers, NETWORK.layers))
    standardized = network.normalizer(seen)
    np.testing.assert_allclose(standardized, [[-1, -1, 0], [1, 1, 0]], atol=1e-6)


@settings(max_examples=30)
@given(parts=st.lists(rows_of_numbers(6), min_size=1, max_size=5))
def test_statistics_are_those_of_everything_seen_together(parts):
    network = NETWORK
    for part in parts:
        network = more_seen(network, part, everything_counts(6))

    seen = np.concatenate(parts).astype(np.float64)
    normalizer = network.normalizer
    np.testing.assert_allclose(normalizer.mean, seen.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(
        normalizer.variance, seen.var(axis=0), rtol=1e-4, atol=1e-4
    )
    assert normalizer.count == len(seen)


@settings(max_examples=30)
@given(seen=rows_of_numbers(4), garbage=rows_of_numbers(2, largest=1e6))
def test_padding_never_counts_in_the_statistics(seen, garbage):
    padded = np.concatenate([seen[:1], garbage, seen[1:]])
    valid = np.array([True, False, False, True, True, True])

    got = more_seen(NETWORK, padded, valid)

    expected = more_seen(NETWORK, seen, everything_counts(4))
    assert got.normalizer.count == 4
    for name in ("mean", "variance", "scale"):
        np.testing.assert_allclose(
            getattr(got.normalizer, name),
            getattr(expected.normalizer, name),
            rtol=1e-5,
            atol=1e-5,
        )


def test_a_feature_that_never_varies_keeps_its_scale():
    network = more_seen(NETWORK, np.full((5, 3), 7, np.float32), everything_counts(5))

    np.testing.assert_array_equal(network.normalizer.scale, [1, 1, 1])
    np.testing.assert_array_equal(network.normalizer.mean, [7, 7, 7])


def test_everything_learns_but_the_normalizer():
    policy = new_policy(3, Categorical((2,)), hidden=(5, 4), key=jax.random.key(0))
    learns = trainable(policy)

    assert jax.tree.leaves(learns.trunk.normalizer) == [False] * 4
    assert jax.tree.leaves(learns.trunk.layers) == [True] * 6


def test_the_spread_of_real_actions_learns():
    policy = new_policy(3, gaussian((0.0,), (1.0,)), hidden=(8,), key=jax.random.key(0))

    assert trainable(policy).head.log_std is True


def test_a_new_policy_prefers_no_action():
    policy = new_policy(3, Categorical((4,)), hidden=(8,), key=jax.random.key(1))
    observation = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)

    p = jax.nn.softmax(answer(policy.trunk, observation))

    np.testing.assert_allclose(p, 1 / 4, atol=0.01)


def test_layers_begin_orthogonal():
    first, second, _ = mlp(3, (8, 8), 2, last_scale=0.01, key=jax.random.key(2)).layers

    for weight in (first.weight, second.weight):
        gram = np.asarray(weight) @ np.asarray(weight).T
        np.testing.assert_allclose(gram, gram[0, 0] * np.eye(len(gram)), atol=1e-5)


def test_no_hidden_layer_makes_a_linear_policy():
    policy = new_policy(3, Bernoulli(2), hidden=(), key=jax.random.key(0))

    assert [layer.weight.shape for layer in policy.trunk.layers] == [(3, 2)]


def test_a_critic_gives_one_value_for_each_observation():
    critic = new_critic(3, hidden=(5, 4), key=jax.random.key(0))

    assert answer(critic, np.zeros((5, 2, 3), np.float32)).shape == (5, 2)


@pytest.mark.parametrize(
    "head", [Categorical((2, 3)), Bernoulli(2), gaussian((0.0, 1.5), (1.0, 0.1))]
)
def test_a_policy_is_found_again_from_its_config(head):
    policy = new_policy(3, head, hidden=(5, 4), key=jax.random.key(3))
    again = policy_from_config(json.loads(json.dumps(policy.config())))

    numbers, _ = eqx.partition(policy, eqx.is_array)
    _, structure = eqx.partition(again, eqx.is_array)
    assert bool(eqx.tree_equal(eqx.combine(numbers, structure), policy))
    assert again.config() == policy.config()


def test_a_policy_of_an_unknown_kind_is_refused():
    with pytest.raises(KeyError, match="transformer"):
        policy_from_config({"kind": "transformer"})
