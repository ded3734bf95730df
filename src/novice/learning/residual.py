"""Map an observation to numbers: blocks of layers, each beside a way past it."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from novice.learning.heads.layers import silu
from novice.learning.network import Layer, Normalizer, nothing_seen, orthogonal
from novice.types import AnyArray


class ResidualMlp(eqx.Module):
    """Normalized observations through blocks that add to what passes them.

    He et al. 2016 (Deep residual learning, https://arxiv.org/abs/1512.03385). The
    layers are the first, an inner and an outer one of each block, and the last. Fitted
    for long it learns what tanh layers of more weights don't (`bench/pusht.py`).
    """

    normalizer: Normalizer
    layers: tuple[Layer, ...]

    def __call__(
        self, observation: Float[AnyArray, "*lead obs"]
    ) -> Float[AnyArray, "*lead outputs"]:
        first, *blocks, last = self.layers
        numbers = first(self.normalizer(observation))
        for inner, outer in zip(blocks[::2], blocks[1::2], strict=True):
            numbers = numbers + outer(silu(inner(silu(numbers))))
        return last(silu(numbers))

    def config(self) -> dict[str, Any]:
        """What `residual_mlp_from_config` needs to build this network anew, as JSON."""
        size, width = self.layers[0].weight.shape
        hidden = [width] * (len(self.layers) // 2)
        return {"kind": "residual", "observation": size, "hidden": hidden}


def residual_mlp(
    inputs: int,
    hidden: tuple[int, ...],
    outputs: int,
    *,
    last_scale: float,
    key: PRNGKeyArray,
) -> ResidualMlp:
    """A first layer, a block for each further size, all of one size, and a last layer.

    Blocks add little at first, the less the more of them there are: so that what
    passes them keeps its size (Zhang et al. 2019, Fixup, https://arxiv.org/abs/1901.09321).
    """
    width, blocks = hidden[0], len(hidden) - 1
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))

    def new(rows: int, columns: int, scale: float) -> Layer:
        weight = np.float32(scale) * orthogonal(rows, columns, generator)
        return Layer(jnp.asarray(weight), jnp.zeros(columns))

    layers = [new(inputs, width, 2**0.5)]
    for _ in range(blocks):
        layers += [new(width, width, 2**0.5), new(width, width, blocks**-0.5)]
    layers.append(new(width, outputs, last_scale))
    return ResidualMlp(nothing_seen(inputs), tuple(layers))


def residual_mlp_from_config(config: dict[str, Any], outputs: int) -> ResidualMlp:
    """A network of this shape, whose learned numbers the caller fills in."""
    size, hidden = config["observation"], tuple(config["hidden"])
    return residual_mlp(size, hidden, outputs, last_scale=1.0, key=jax.random.key(0))
