"""Map an observation to numbers: a normalizer, and layers."""

from typing import Any, Protocol, TypeVar, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, PRNGKeyArray

from novice.types import AnyArray

# A feature that varied less than this in the data keeps its own scale.
SMALLEST_STD = 1e-3


class Normalizer(eqx.Module):
    """Shifts and scales observations; its numbers are measured, never learned.

    `count` is how many observations they were measured on; `scale` is the standard
    deviation, or 1 for a feature that hardly varied.
    """

    mean: Float[AnyArray, " obs"]
    variance: Float[AnyArray, " obs"]
    scale: Float[AnyArray, " obs"]
    count: Float[AnyArray, ""]

    def __call__(
        self, observation: Float[AnyArray, "*lead obs"]
    ) -> Float[AnyArray, "*lead obs"]:
        return (observation - self.mean) / self.scale


class Layer(eqx.Module):
    """A matrix and a shift, applied to the last axis."""

    weight: Float[AnyArray, "inputs outputs"]
    bias: Float[AnyArray, " outputs"]

    def __call__(
        self, numbers: Float[AnyArray, "*lead inputs"]
    ) -> Float[AnyArray, "*lead outputs"]:
        return numbers @ self.weight + self.bias


class Mlp(eqx.Module):
    """Normalized observations through tanh layers; the last layer is linear."""

    normalizer: Normalizer
    layers: tuple[Layer, ...]

    def __call__(
        self, observation: Float[AnyArray, "*lead obs"]
    ) -> Float[AnyArray, "*lead outputs"]:
        xp = observation.__array_namespace__()
        numbers = self.normalizer(observation)
        for layer in self.layers[:-1]:
            numbers = xp.tanh(layer(numbers))
        return self.layers[-1](numbers)

    def config(self) -> dict[str, Any]:
        """What `mlp_from_config` needs to build this network anew, as JSON."""
        hidden = [layer.bias.shape[0] for layer in self.layers[:-1]]
        size = self.layers[0].weight.shape[0]
        return {"kind": "mlp", "observation": size, "hidden": hidden}


@runtime_checkable
class _Standardized(Protocol):
    @property
    def normalizer(self) -> Normalizer: ...

    @property
    def layers(self) -> tuple[Layer, ...]: ...


# A network whose first layer is told standardized observations.
Standardized = TypeVar("Standardized", bound=_Standardized)


def orthogonal(
    rows: int, columns: int, generator: np.random.Generator
) -> Float[np.ndarray, "rows columns"]:
    """A random matrix whose shorter side is orthonormal, uniform over all of them.

    Made on the host: compiling a QR decomposition takes longer than a short run.
    """
    normal = generator.normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(normal)
    q = q * np.sign(np.diag(r))
    return (q if rows >= columns else q.T).astype(np.float32)


def mlp(
    inputs: int,
    hidden: tuple[int, ...],
    outputs: int,
    *,
    last_scale: float,
    key: PRNGKeyArray,
) -> Mlp:
    """Orthogonal layers (Saxe et al. 2014, https://arxiv.org/abs/1312.6120), no shift.

    `last_scale` makes the first answers small, so that no action starts out preferred.
    """
    sizes = [inputs, *hidden, outputs]
    generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    scales = [2**0.5] * len(hidden) + [last_scale]
    layers = []
    for rows, columns, scale in zip(sizes[:-1], sizes[1:], scales, strict=True):
        weight = scale * orthogonal(rows, columns, generator)
        layers.append(Layer(jnp.asarray(weight), jnp.zeros(columns)))
    return Mlp(nothing_seen(inputs), tuple(layers))


def nothing_seen(inputs: int) -> Normalizer:
    """What leaves observations as they are."""
    zeros, ones = jnp.zeros(inputs), jnp.ones(inputs)
    return Normalizer(zeros, zeros, ones, jnp.zeros(()))


def mlp_from_config(config: dict[str, Any], outputs: int) -> Mlp:
    """A network of this shape, whose learned numbers the caller fills in."""
    hidden = tuple(config["hidden"])
    size, key = config["observation"], jax.random.key(0)
    return mlp(size, hidden, outputs, last_scale=1.0, key=key)


@eqx.filter_jit
def with_statistics(
    network: Standardized,
    mean: Float[AnyArray, " obs"],
    variance: Float[AnyArray, " obs"],
    count: Float[AnyArray, ""],
) -> Standardized:
    """The same function of raw observations, normalized by new statistics.

    The first layer takes up the difference, so nothing that was learned is lost. A
    network that has seen nothing yet has nothing to lose: it keeps its first layer.
    """
    std = jnp.sqrt(variance)
    scale = jnp.where(std < SMALLEST_STD, 1.0, std)
    old, first = network.normalizer, network.layers[0]
    new = old.count == 0
    ratio = jnp.where(new, 1.0, scale / old.scale)
    shift = jnp.where(new, 0.0, (mean - old.mean) / old.scale)
    taken_up = Layer(first.weight * ratio[:, None], first.bias + shift @ first.weight)
    normalizer = Normalizer(
        jnp.asarray(mean), jnp.asarray(variance), scale, jnp.asarray(count)
    )
    layers = (taken_up, *network.layers[1:])
    return eqx.tree_at(_measured_and_layers, network, (normalizer, layers))


def _measured_and_layers(network: Any) -> tuple[Any, ...]:
    return network.normalizer, network.layers


def with_more_seen(
    network: Standardized,
    observation: Float[AnyArray, "rows obs"],
    valid: Bool[AnyArray, " rows"],
) -> Standardized:
    """The same function, its statistics merged with those of the valid rows.

    Chan, Golub and LeVeque 1979 (http://i.stanford.edu/pub/cstr/reports/cs/tr/79/773).
    """
    old = network.normalizer
    count = jnp.sum(valid).astype(jnp.float32)
    mean = jnp.mean(observation, axis=0, where=valid[:, None])
    spread = jnp.var(observation, axis=0, where=valid[:, None])
    total = old.count + count
    share = count / total
    variance = (
        (1 - share) * old.variance
        + share * spread
        + share * (1 - share) * (mean - old.mean) ** 2
    )
    merged = old.mean + share * (mean - old.mean)
    return with_statistics(network, merged, variance, total)
