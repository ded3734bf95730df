"""Map a picture to numbers: matrices over its patches, then over all of it."""

import itertools
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Num, PRNGKeyArray

from novice.learning.network import Layer, orthogonal
from novice.types import AnyArray

# Height, width and channels.
Shape = tuple[int, int, int]
# Channels, kernel and stride of each layer of patches. A kernel is whole strides wide.
Filters = tuple[tuple[int, int, int], ...]
# What squares of 4 pixels show, and patches of 4 x 4 of these: on 48 x 48 pixels that
# is as good as wider kernels or a third layer, at half the time or less.
FILTERS: Filters = ((16, 4, 4), (32, 4, 2))


class Cnn(eqx.Module):
    """Pictures through layers of patches, then dense ones; the last layer is linear.

    An observation is one picture of bytes, flattened, or a `history` of several, the
    oldest first. Nothing is measured of what was seen: bytes have their range.
    """

    layers: tuple[Layer, ...]
    picture: Shape = eqx.field(static=True)
    history: int = eqx.field(static=True)
    filters: Filters = eqx.field(static=True)

    def __call__(
        self, observation: Num[AnyArray, "*lead obs"]
    ) -> Float[AnyArray, "*lead outputs"]:
        xp = observation.__array_namespace__()
        numbers = rows_last(observation, self.picture, self.history)
        for i, (_, kernel, stride) in enumerate(self.filters):
            cut = patches(squares(numbers, stride), kernel // stride)
            # Bytes are cut while they are bytes: they are moved four times as fast.
            cut = cut if i else shades(cut)
            numbers = xp.maximum(convolved(self.layers[i], cut), 0)
        numbers = numbers.reshape(-1, numbers.shape[-1]).T
        for layer in self._dense[:-1]:
            numbers = xp.maximum(layer(numbers), 0)
        return self._dense[-1](numbers).reshape(*observation.shape[:-1], -1)

    @property
    def _dense(self) -> tuple[Layer, ...]:
        return self.layers[len(self.filters) :]

    def config(self) -> dict[str, Any]:
        """What `cnn_from_config` needs to build this network anew, as JSON."""
        return {
            "kind": "cnn",
            "observation": math.prod(self.picture) * self.history,
            "picture": list(self.picture),
            "history": self.history,
            "filters": [list(each) for each in self.filters],
            "hidden": [layer.bias.shape[0] for layer in self._dense[:-1]],
        }


def shades(numbers: Num[AnyArray, "*shape"]) -> Float[AnyArray, "*shape"]:
    """Bytes from 0 to 255 as numbers from -1 to 1."""
    xp = numbers.__array_namespace__()
    return numbers.astype(xp.float32) * np.float32(1 / 127.5) - np.float32(1)


def rows_last(
    observation: Num[AnyArray, "*lead obs"], picture: Shape, history: int
) -> Num[AnyArray, "channels height width rows"]:
    """Flattened pictures with all rows side by side in the last axis.

    Those of several moments become channels of one picture. A matrix product is fast
    where its last axis is long, and rows are more than channels.
    """
    xp = observation.__array_namespace__()
    height, width, channels = picture
    moments = observation.reshape(-1, history, height, width, channels)
    first = xp.permute_dims(moments, (1, 4, 2, 3, 0))
    return first.reshape(history * channels, height, width, -1)


def squares(
    numbers: Num[AnyArray, "channels height width rows"], side: int
) -> Num[AnyArray, "square down right rows"]:
    """Pictures cut into squares, each listed as the channels of one pixel.

    At the right and at the bottom the last pixels are repeated where a square is not
    full: nothing at an edge goes unseen, where some tasks have their instruments.
    """
    xp = numbers.__array_namespace__()
    channels, height, width, rows = numbers.shape
    down, right = -(-height // side), -(-width // side)
    lacking = ((0, 0), (0, down * side - height), (0, right * side - width), (0, 0))
    full = xp.pad(numbers, lacking, mode="edge") if np.any(lacking) else numbers
    apart = full.reshape(channels, down, side, right, side, rows)
    listed = xp.permute_dims(apart, (2, 4, 0, 1, 3, 5))
    return listed.reshape(side**2 * channels, down, right, rows)


def patches(
    cut: Num[AnyArray, "square down right rows"], across: int
) -> Num[AnyArray, "patch fewer_down fewer_right rows"]:
    """The squares of every patch of `across` times `across` squares, listed."""
    xp = cut.__array_namespace__()
    down, right = cut.shape[1] - across + 1, cut.shape[2] - across + 1
    beside = [
        cut[:, i : i + down, j : j + right]
        for i in range(across)
        for j in range(across)
    ]
    return xp.concatenate(beside, axis=0)


def convolved(
    layer: Layer, cut: Float[AnyArray, "patch down right rows"]
) -> Float[AnyArray, "channels down right rows"]:
    """What a layer says of every patch, in one matrix product.

    Where a kernel is whole strides wide, a patch is a few squares, and this is faster
    here than a convolution, and the same in NumPy (`bench/pictures.py`).
    """
    patch, *place = cut.shape
    said = layer.weight.T @ cut.reshape(patch, -1) + layer.bias[:, None]
    return said.reshape(-1, *place)


def cnn(
    picture: Shape,
    history: int,
    hidden: tuple[int, ...],
    outputs: int,
    *,
    filters: Filters = FILTERS,
    last_scale: float,
    key: PRNGKeyArray,
) -> Cnn:
    """A network for pictures that has learned nothing yet; its layers are as `mlp`'s.

    `hidden` are the sizes of the dense layers between the patches and the outputs.
    """
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    height, width, depth = picture[0], picture[1], picture[2] * history
    sizes = []
    for channels, kernel, stride in filters:
        sizes.append((kernel**2 * depth, channels))
        height, width = (
            -(-side // stride) - kernel // stride + 1 for side in (height, width)
        )
        depth = channels
    widths = [height * width * depth, *hidden, outputs]
    sizes += list(itertools.pairwise(widths))
    scales = [math.sqrt(2)] * (len(sizes) - 1) + [last_scale]
    layers = []
    for (rows, columns), scale in zip(sizes, scales, strict=True):
        weight = np.float32(scale) * orthogonal(rows, columns, generator)
        layers.append(Layer(jnp.asarray(weight), jnp.zeros(columns)))
    return Cnn(tuple(layers), picture, history, filters)


def cnn_from_config(config: dict[str, Any], outputs: int) -> Cnn:
    """A network of this shape, whose learned numbers the caller fills in."""
    height, width, channels = config["picture"]
    return cnn(
        (height, width, channels),
        config.get("history", 1),
        tuple(config["hidden"]),
        outputs,
        filters=tuple(
            (count, kernel, stride) for count, kernel, stride in config["filters"]
        ),
        last_scale=0.01,
        key=jax.random.key(0),
    )
