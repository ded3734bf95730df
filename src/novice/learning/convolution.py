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
# The first two layers of Mnih et al. 2015 (https://doi.org/10.1038/nature14236) with
# half their channels: a step takes a CPU milliseconds, and pictures are small here.
FILTERS: Filters = ((16, 8, 4), (32, 4, 2))


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
        lead = observation.shape[:-1]
        numbers = in_channels(observation, self.picture, self.history)
        for i, (_, kernel, stride) in enumerate(self.filters):
            cut = squares(numbers, stride)
            # Bytes are cut while they are bytes: they are moved four times as fast.
            cut = cut if i else shades(cut)
            patched = convolved(self.layers[i], cut, kernel // stride)
            numbers = xp.maximum(patched, 0)
        numbers = numbers.reshape(*lead, -1)
        for layer in self._dense[:-1]:
            numbers = xp.maximum(layer(numbers), 0)
        return self._dense[-1](numbers)

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


def shades(numbers: Num[AnyArray, "*lead size"]) -> Float[AnyArray, "*lead size"]:
    """Bytes from 0 to 255 as numbers from -1 to 1."""
    xp = numbers.__array_namespace__()
    return numbers.astype(xp.float32) * np.float32(1 / 127.5) - np.float32(1)


def in_channels(
    observation: Num[AnyArray, "*lead obs"], picture: Shape, history: int
) -> Num[AnyArray, "*lead height width channels"]:
    """Flattened pictures, one moment after the other, as channels of one picture."""
    lead = observation.shape[:-1]
    if history == 1:
        return observation.reshape(*lead, *picture)
    xp = observation.__array_namespace__()
    height, width, channels = picture
    moments = observation.reshape(*lead, history, height, width, channels)
    together = xp.moveaxis(moments, -4, -2)
    return together.reshape(*lead, height, width, history * channels)


def squares(
    numbers: Num[AnyArray, "*lead height width channels"], side: int
) -> Num[AnyArray, "*lead rows columns square"]:
    """A picture cut into squares, each listed as the channels of one pixel.

    What is left over at the right and at the bottom is dropped.
    """
    xp = numbers.__array_namespace__()
    *lead, height, width, channels = numbers.shape
    rows, columns = height // side, width // side
    cut = numbers[..., : rows * side, : columns * side, :]
    apart = cut.reshape(*lead, rows, side, columns, side, channels)
    listed = xp.moveaxis(apart, -4, -3)
    return listed.reshape(*lead, rows, columns, side**2 * channels)


def convolved(
    layer: Layer, cut: Float[AnyArray, "*lead rows columns square"], across: int
) -> Float[AnyArray, "*lead fewer_rows fewer_columns channels"]:
    """What a layer says of every patch of `across` times `across` squares.

    A convolution whose kernel is whole strides wide is a few matrix products, one for
    each place of a square in a patch: here that is faster than a convolution, and it
    is the same in NumPy (`bench/pictures.py`).
    """
    rows, columns, size = cut.shape[-3:]
    parts = layer.weight.reshape(across, across, size, -1)
    down, right = rows - across + 1, columns - across + 1
    return layer.bias + sum(
        cut[..., i : i + down, j : j + right, :] @ parts[i, j]
        for i in range(across)
        for j in range(across)
    )


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
            side // stride - kernel // stride + 1 for side in (height, width)
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
