"""Map an observation to a distribution over actions, or to a value."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Bool, Float, Num, PRNGKeyArray

from novice.learning.heads import AbstractHead, head_from_config
from novice.learning.network import Mlp, mlp
from novice.types import AnyArray


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
