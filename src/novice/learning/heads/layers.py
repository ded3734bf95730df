"""The parts of the networks that some heads have of their own."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PRNGKeyArray

from novice.learning.network import Layer
from novice.types import AnyArray


def generator_of(key: PRNGKeyArray) -> np.random.Generator:
    """NumPy's chance that goes with a JAX key."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)))


def new_layer(
    inputs: int, outputs: int, generator: np.random.Generator, *, scale: float = 1.0
) -> Layer:
    """A layer of random numbers that keeps the size of what it is given.

    LeCun et al. 1998 (Efficient backprop, equation 16,
    http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf). It shifts nothing yet.
    """
    weight = scale / math.sqrt(inputs) * generator.normal(size=(inputs, outputs))
    return Layer(jnp.asarray(weight, jnp.float32), jnp.zeros(outputs))


def silu(numbers: Float[AnyArray, "*lead"]) -> Float[AnyArray, "*lead"]:
    """Each number times its logistic function, which never overflows.

    Elfwing et al. 2018 (https://arxiv.org/abs/1702.03118).
    """
    xp = numbers.__array_namespace__()
    half = np.float32(0.5) * numbers
    return half + half * xp.tanh(half)
