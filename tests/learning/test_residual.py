"""Blocks of layers that add to what passes them."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from novice.learning.heads import Squared
from novice.learning.network import with_statistics
from novice.learning.policy import Policy, new_policy, policy_from_config, trainable
from novice.learning.residual import residual_mlp

OBSERVATIONS = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)


def policy(*hidden: int) -> Policy:
    head = Squared((0.0,), (1.0,))
    return new_policy(3, head, hidden=hidden, residual=True, key=jax.random.key(1))


def silu(numbers: np.ndarray) -> np.ndarray:
    return numbers / (1 + np.exp(-numbers))


def test_a_block_adds_to_what_passes_it():
    network = residual_mlp(3, (5, 5), 2, last_scale=1.0, key=jax.random.key(0))
    first, inner, outer, last = network.layers
    passes = OBSERVATIONS @ first.weight + first.bias

    added = silu(silu(passes) @ inner.weight) @ outer.weight

    expected = silu(passes + added) @ last.weight
    np.testing.assert_allclose(network(OBSERVATIONS), expected, atol=1e-5)


@pytest.mark.parametrize("blocks", [1, 3, 12])
def test_what_passes_keeps_its_size_however_many_blocks_there_are(blocks):
    spread = {}
    for count in (0, blocks):
        hidden = (64,) * (count + 1)
        network = residual_mlp(3, hidden, 64, last_scale=1.0, key=jax.random.key(0))
        assert len(network.layers) == 2 * count + 2
        spread[count] = np.std(network(OBSERVATIONS))

    assert 0.5 < spread[blocks] / spread[0] < 2


def test_new_statistics_keep_the_function_and_the_kind():
    network = residual_mlp(3, (8, 8), 2, last_scale=1.0, key=jax.random.key(0))
    seen = with_statistics(network, jnp.ones(3), jnp.full(3, 4.0), jnp.float32(9))

    again = with_statistics(seen, jnp.zeros(3), jnp.ones(3), jnp.float32(20))

    assert type(again) is type(network)
    np.testing.assert_allclose(again(OBSERVATIONS), seen(OBSERVATIONS), atol=1e-4)


def test_a_policy_of_blocks_is_built_anew_from_its_settings():
    one = policy(8, 8, 8)

    again = policy_from_config(json.loads(json.dumps(one.config())))

    assert again.config() == one.config()
    assert one.config()["hidden"] == [8, 8, 8]
    assert jax.tree.structure(again) == jax.tree.structure(one)


def test_every_layer_of_a_block_learns():
    learns = trainable(policy(8, 8))

    assert jax.tree.leaves(learns.trunk.layers) == [True] * 8
    assert jax.tree.leaves(learns.trunk.normalizer) == [False] * 4


def test_numpy_and_jax_say_the_same():
    one = policy(8, 8)
    on_the_host = jax.tree.map(np.asarray, one.trunk)

    said = eqx.filter_jit(one.trunk)(jnp.asarray(OBSERVATIONS))

    np.testing.assert_allclose(on_the_host(OBSERVATIONS), said, atol=1e-5)
