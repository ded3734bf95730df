"""Map an observation to a distribution over actions, or to a value."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Num, PRNGKeyArray

from novice.learning.heads import AbstractHead, head_from_config
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
    zeros, ones = jnp.zeros(inputs), jnp.ones(inputs)
    nothing_seen = Normalizer(zeros, zeros, ones, jnp.zeros(()))
    return Mlp(nothing_seen, tuple(layers))


@eqx.filter_jit
def with_statistics(
    network: Mlp,
    mean: Float[AnyArray, " obs"],
    variance: Float[AnyArray, " obs"],
    count: Float[AnyArray, ""],
) -> Mlp:
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
    return Mlp(normalizer, (taken_up, *network.layers[1:]))


def with_more_seen(
    network: Mlp,
    observation: Float[AnyArray, "rows obs"],
    valid: Bool[AnyArray, " rows"],
) -> Mlp:
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


def trainable(network: Any) -> Any:
    """Which leaves of a network learn: its layers and its head, nothing measured."""
    nothing = jax.tree.map(lambda _: False, network)
    learns = jax.tree.map(eqx.is_inexact_array, network)
    return eqx.tree_at(learned_parts, nothing, learned_parts(learns))


def learned_parts(network: Any) -> tuple[Any, ...]:
    """The parts of a policy or critic that an optimizer may change."""
    head = (network.head,) if isinstance(network, Policy) else ()
    return (network.trunk.layers, *head)


class Policy(eqx.Module):
    """A distribution over actions for every observation, π_θ(a given o).

    `memory` is what a policy carries from step to step; this one carries nothing.
    """

    trunk: Mlp
    head: AbstractHead

    def start(self) -> tuple[()]:
        return ()

    def sample(
        self,
        memory: tuple[()],
        observation: Float[AnyArray, "*lead obs"],
        key: PRNGKeyArray,
    ) -> tuple[Num[AnyArray, "*lead actions"], tuple[()]]:
        """An action drawn from the distribution."""
        noise = self.head.noise(key, observation.shape[:-1])
        return self.head.sample(self.trunk(observation), noise), memory

    def best(
        self, memory: tuple[()], observation: Float[AnyArray, "*lead obs"]
    ) -> tuple[Num[AnyArray, "*lead actions"], tuple[()]]:
        """The likeliest action."""
        return self.head.best(self.trunk(observation)), memory

    def log_probability(
        self,
        observation: Float[jax.Array, "*lead obs"],
        action: Num[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        return self.head.log_probability(self.trunk(observation), action)

    def set_log_probability(
        self,
        observation: Float[jax.Array, "*lead obs"],
        marks: Num[jax.Array, "*lead marks"],
    ) -> Float[jax.Array, "*lead"]:
        return self.head.set_log_probability(self.trunk(observation), marks)

    def partial_log_probability(
        self,
        observation: Float[jax.Array, "*lead obs"],
        action: Num[jax.Array, "*lead actions"],
        known: Bool[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        outputs = self.trunk(observation)
        return self.head.partial_log_probability(outputs, action, known)

    def entropy(
        self, observation: Float[jax.Array, "*lead obs"]
    ) -> Float[jax.Array, "*lead"]:
        return self.head.entropy(self.trunk(observation))

    def config(self) -> dict[str, Any]:
        """What `policy_from_config` needs to build this policy anew, as JSON."""
        sizes = [layer.bias.shape[0] for layer in self.trunk.layers[:-1]]
        return {
            "kind": "mlp",
            "observation": self.trunk.layers[0].weight.shape[0],
            "hidden": sizes,
            "head": self.head.config(),
        }


class Critic(eqx.Module):
    """The return to expect from an observation onwards, V(o), in units of reward.

    The network speaks in units of `scale` around `center`: both are measured once, on
    the first returns seen, so that rewards of any size are learned at the same pace.
    """

    trunk: Mlp
    center: Float[AnyArray, ""]
    scale: Float[AnyArray, ""]

    def __call__(
        self, observation: Float[AnyArray, "*lead obs"]
    ) -> Float[AnyArray, "*lead"]:
        return self.center + self.scale * self.trunk(observation)[..., 0]


def new_policy(
    observation_size: int,
    head: AbstractHead,
    *,
    hidden: tuple[int, ...] = (64, 64),
    key: PRNGKeyArray,
) -> Policy:
    """A policy that has learned nothing yet: nearly the same answer everywhere."""
    trunk = mlp(observation_size, hidden, head.outputs, last_scale=0.01, key=key)
    return Policy(trunk, head)


def new_critic(
    observation_size: int, *, hidden: tuple[int, ...] = (64, 64), key: PRNGKeyArray
) -> Critic:
    """A critic that has learned nothing yet."""
    trunk = mlp(observation_size, hidden, 1, last_scale=1.0, key=key)
    return Critic(trunk, jnp.zeros(()), jnp.ones(()))


def calibrated(
    critic: Critic,
    returns: Float[AnyArray, "*lead"],
    valid: Bool[AnyArray, "*lead"],
) -> Critic:
    """The critic speaking in units of how much these returns differ."""
    spread = jnp.std(returns, where=valid)
    scale = jnp.where(spread > 0, spread, 1.0)
    return Critic(critic.trunk, jnp.mean(returns, where=valid), scale)


def policy_from_config(config: dict[str, Any]) -> Policy:
    """A policy of this shape, whose learned numbers the caller fills in.

    Raises KeyError for a kind of policy or head that this version does not know.
    """
    if config["kind"] != "mlp":
        raise KeyError(config["kind"])
    return new_policy(
        config["observation"],
        head_from_config(config["head"]),
        hidden=tuple(config["hidden"]),
        key=jax.random.key(0),
    )
