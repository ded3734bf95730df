"""A network for pictures is a convolution, in NumPy as in JAX."""

import json
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from novice.learning.convolution import (
    Cnn,
    cnn,
    cnn_from_config,
    convolved,
    patches,
    rows_last,
    shades,
    squares,
)
from novice.learning.heads import Categorical
from novice.learning.network import Layer
from novice.learning.policy import Policy, trainable

PICTURE = (24, 20, 3)
NETWORK = cnn(PICTURE, 1, (8,), 4, last_scale=1.0, key=jax.random.key(0))


def bytes_of(rows: int, size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (rows, size), dtype=np.uint8)


def on_host(network: Cnn) -> Cnn:
    return jax.tree.map(np.asarray, network)


@eqx.filter_jit
def by_convolution(network: Cnn, seen: np.ndarray) -> jax.Array:
    """The same network made of JAX's own convolutions."""
    numbers = jnp.asarray(seen.reshape(-1, *network.picture), jnp.float32) / 127.5 - 1
    for layer, (channels, kernel, stride) in zip(
        network.layers, network.filters, strict=False
    ):
        lacking = [(0, -side % stride) for side in numbers.shape[1:3]]
        numbers = jnp.pad(numbers, ((0, 0), *lacking, (0, 0)), mode="edge")
        across = kernel // stride
        parts = layer.weight.reshape(across, across, stride, stride, -1, channels)
        numbers = jax.lax.conv_general_dilated(
            numbers,
            parts.transpose(0, 2, 1, 3, 4, 5).reshape(kernel, kernel, -1, channels),
            (stride, stride),
            "VALID",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        numbers = jnp.maximum(numbers + layer.bias, 0)
    numbers = numbers.transpose(0, 3, 1, 2).reshape(len(seen), -1)
    *dense, last = network.layers[len(network.filters) :]
    for layer in dense:
        numbers = jnp.maximum(layer(numbers), 0)
    return last(numbers)


def test_bytes_become_numbers_from_minus_one_to_one():
    got = shades(np.uint8([0, 51, 255]))

    np.testing.assert_allclose(got, [-1, -0.6, 1], atol=1e-6)


def test_a_picture_is_cut_into_squares_and_the_last_pixels_fill_them_up():
    picture = np.arange(6).reshape(1, 2, 3, 1)

    cut = squares(picture, 2)

    np.testing.assert_array_equal(cut[:, 0, 0, 0], [0, 1, 3, 4])
    np.testing.assert_array_equal(cut[:, 0, 1, 0], [2, 2, 5, 5])
    assert cut.shape == (4, 1, 2, 1)


@pytest.mark.parametrize("picture", [(20, 20, 1), (48, 48, 1), (53, 41, 1)], ids=str)
def test_no_pixel_goes_unseen(picture):
    network = on_host(cnn(picture, 1, (8,), 4, last_scale=1.0, key=jax.random.key(5)))
    black = np.zeros(math.prod(picture), np.uint8)
    edge = np.flatnonzero(
        np.pad(np.zeros([n - 2 for n in picture[:2]]), 1, constant_values=1)
    )

    lit = np.tile(black, (len(edge), 1))
    lit[np.arange(len(edge)), edge] = 255

    said = network(lit)
    assert (np.abs(said - network(black)).max(axis=1) > 1e-6).all()


def test_a_patch_by_hand():
    # Two squares across, of one pixel each: 1 * a + 10 * b + 100 * c + 1000 * d.
    layer = Layer(np.float32([[1], [10], [100], [1000]]), np.float32([0.5]))
    picture = np.float32([[1, 2, 3], [4, 5, 6]]).reshape(1, 2, 3, 1)

    said = convolved(layer, patches(picture, across=2))

    np.testing.assert_allclose(said.ravel(), [5421.5, 6532.5])


def test_several_moments_become_channels_the_oldest_first():
    first, second = np.zeros((2, 2, 1), np.uint8), np.ones((2, 2, 1), np.uint8)
    row = np.concatenate([first.ravel(), second.ravel()])

    together = rows_last(np.stack([row, 2 * row]), (2, 2, 1), 2)

    assert together.shape == (2, 2, 2, 2)
    assert together[:, 1, 0].tolist() == [[0, 0], [1, 2]]


def test_the_colors_of_one_moment_stay_together():
    assert rows_last(np.arange(4), (1, 1, 2), 2).ravel().tolist() == [0, 1, 2, 3]


def test_colors_become_channels():
    row = np.arange(2 * 1 * 3)

    together = rows_last(row, (2, 1, 3), 1)

    assert together[:, :, 0, 0].tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize(
    "picture", [(20, 20, 1), (48, 48, 3), (52, 40, 3), (31, 45, 4)], ids=str
)
def test_it_says_what_a_convolution_says(picture):
    network = cnn(picture, 1, (6,), 2, last_scale=1.0, key=jax.random.key(1))
    seen = bytes_of(3, math.prod(picture))

    np.testing.assert_allclose(
        on_host(network)(seen), by_convolution(network, seen), atol=1e-4
    )


def test_layers_of_other_strides_say_what_convolutions_say():
    network = cnn(
        (30, 30, 2),
        1,
        (),
        3,
        filters=((4, 8, 4), (4, 6, 2), (5, 2, 1)),
        last_scale=1.0,
        key=jax.random.key(1),
    )
    seen = bytes_of(2, 1800)

    np.testing.assert_allclose(
        on_host(network)(seen), by_convolution(network, seen), atol=1e-4
    )


def test_it_says_the_same_in_numpy():
    seen = bytes_of(5, math.prod(PICTURE))

    here = on_host(NETWORK)(seen)

    assert isinstance(here, np.ndarray)
    there = eqx.filter_jit(NETWORK)(jnp.asarray(seen))
    np.testing.assert_allclose(here, there, atol=1e-4)


@pytest.mark.parametrize("lead", [(), (2,), (3, 2)])
def test_it_takes_any_leading_axes(lead):
    seen = bytes_of(math.prod(lead), math.prod(PICTURE))
    shaped = seen.reshape(*lead, -1)

    said = on_host(NETWORK)(shaped)

    assert said.shape == (*lead, 4)
    np.testing.assert_allclose(
        said.reshape(-1, 4), on_host(NETWORK)(seen), rtol=1e-4, atol=1e-5
    )


def test_bytes_that_came_as_floats_mean_the_same():
    seen = bytes_of(2, math.prod(PICTURE))

    np.testing.assert_allclose(
        on_host(NETWORK)(seen.astype(np.float32)), on_host(NETWORK)(seen), rtol=1e-6
    )


def test_a_history_is_seen():
    network = on_host(cnn(PICTURE, 2, (8,), 4, last_scale=1.0, key=jax.random.key(0)))
    old, new, other = bytes_of(3, math.prod(PICTURE))

    said = [
        network(np.concatenate(seen)) for seen in ([old, new], [other, new], [new, old])
    ]

    assert not np.allclose(said[0], said[1])
    assert not np.allclose(said[0], said[2])


def test_a_network_is_built_anew_from_its_config():
    network = cnn(PICTURE, 3, (8, 5), 4, last_scale=0.01, key=jax.random.key(3))

    again = cnn_from_config(json.loads(json.dumps(network.config())), 4)

    assert jax.tree.structure(again) == jax.tree.structure(network)
    shapes = [leaf.shape for leaf in jax.tree.leaves(network)]
    assert [leaf.shape for leaf in jax.tree.leaves(again)] == shapes


def test_a_config_says_how_many_numbers_are_seen():
    network = cnn(PICTURE, 3, (8,), 4, last_scale=0.01, key=jax.random.key(3))

    assert network.config()["observation"] == 3 * 24 * 20 * 3


def test_nobody_has_an_opinion_before_learning():
    network = cnn(PICTURE, 1, (8,), 4, last_scale=0.01, key=jax.random.key(0))

    assert np.abs(on_host(network)(bytes_of(20, math.prod(PICTURE)))).max() < 0.1


def test_all_layers_learn():
    policy = Policy(NETWORK, Categorical((4,)))

    learns = trainable(policy)

    assert all(jax.tree.leaves(learns.trunk))
    assert len(jax.tree.leaves(learns.trunk)) == 2 * 4


@pytest.mark.slow
def test_it_learns_where_a_spot_is():
    picture, rows = (20, 20, 1), 64
    generator = np.random.default_rng(0)
    right = generator.integers(0, 2, rows)
    place = np.stack(
        [generator.integers(0, 16, rows), right * 10 + generator.integers(0, 6, rows)],
        1,
    )
    seen = np.zeros((rows, *picture), np.uint8)
    for row, (top, left) in enumerate(place):
        seen[row, top : top + 4, left : left + 4] = 255
    seen = jnp.asarray(seen.reshape(rows, -1))
    network = cnn(picture, 1, (8,), 2, last_scale=0.01, key=jax.random.key(0))
    optimizer = optax.adam(3e-3)

    @eqx.filter_jit
    def step(network: Cnn, state):
        def loss_of(network):
            said = network(seen)
            return optax.softmax_cross_entropy_with_integer_labels(said, right).mean()

        gradient = eqx.filter_grad(loss_of)(network)
        change, state = optimizer.update(gradient, state)
        return eqx.apply_updates(network, change), state

    state = optimizer.init(eqx.filter(network, eqx.is_inexact_array))
    for _ in range(40):
        network, state = step(network, state)

    assert (network(seen).argmax(axis=1) == right).mean() > 0.98
