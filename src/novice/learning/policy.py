"""Map an observation to a distribution over actions, or to a value."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Bool, Float, Num, PRNGKeyArray

from novice.learning.convolution import Shape, cnn, cnn_from_config
from novice.learning.heads import AbstractHead, head_from_config
from novice.learning.network import mlp, mlp_from_config
from novice.learning.residual import residual_mlp, residual_mlp_from_config
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

    It may see several observations at once, its `history`, and decide a `chunk` of
    actions at once, of which it executes the first few before it looks again. Here an
    observation is then all that it sees, oldest first, and an action all that it
    decides, the present step's first. `memory` is what a policy carries from step to
    step; without history and chunks it carries nothing. With them, it is
    `envs.host_policy` that remembers.
    """

    trunk: Any
    head: AbstractHead
    history: int = eqx.field(static=True, default=1)
    chunk: int = eqx.field(static=True, default=1)
    execute: int = eqx.field(static=True, default=1)

    @property
    def remembers(self) -> bool:
        """Whether an action depends on more than the present observation."""
        return self.history > 1 or self.chunk > 1

    def start(self) -> tuple[()]:
        return ()

    def sample(
        self,
        memory: tuple[()],
        observation: Num[AnyArray, "*lead obs"],
        key: PRNGKeyArray,
    ) -> tuple[Num[AnyArray, "*lead actions"], tuple[()]]:
        """An action drawn from the distribution."""
        noise = self.head.noise(key, observation.shape[:-1])
        return self.head.sample(self.trunk(observation), noise), memory

    def best(
        self, memory: tuple[()], observation: Num[AnyArray, "*lead obs"]
    ) -> tuple[Num[AnyArray, "*lead actions"], tuple[()]]:
        """The likeliest action."""
        return self.head.best(self.trunk(observation)), memory

    def log_probability(
        self,
        observation: Num[jax.Array, "*lead obs"],
        action: Num[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        return self.head.log_probability(self.trunk(observation), action)

    def loss(
        self,
        observation: Num[jax.Array, "*lead obs"],
        action: Num[jax.Array, "*lead actions"],
        key: PRNGKeyArray,
    ) -> Float[jax.Array, "*lead"]:
        """What not doing this action costs, as the head counts it."""
        return self.head.loss(self.trunk(observation), action, key)

    def set_log_probability(
        self,
        observation: Num[jax.Array, "*lead obs"],
        marks: Num[jax.Array, "*lead marks"],
    ) -> Float[jax.Array, "*lead"]:
        return self.head.set_log_probability(self.trunk(observation), marks)

    def partial_log_probability(
        self,
        observation: Num[jax.Array, "*lead obs"],
        action: Num[jax.Array, "*lead actions"],
        known: Bool[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        outputs = self.trunk(observation)
        return self.head.partial_log_probability(outputs, action, known)

    def entropy(
        self, observation: Num[jax.Array, "*lead obs"]
    ) -> Float[jax.Array, "*lead"]:
        return self.head.entropy(self.trunk(observation))

    def config(self) -> dict[str, Any]:
        """What `policy_from_config` needs to build this policy anew, as JSON."""
        usual = {"history": 1, "chunk": 1, "execute": 1}
        told = {name: getattr(self, name) for name in usual}
        memory = {name: told[name] for name in usual if told[name] != usual[name]}
        return {**self.trunk.config(), "head": self.head.config(), **memory}


class Critic(eqx.Module):
    """The return to expect from an observation onwards, V(o), in units of reward.

    The network speaks in units of `scale` around `center`: both are measured once, on
    the first returns seen, so that rewards of any size are learned at the same pace.
    """

    trunk: Any
    center: Float[AnyArray, ""]
    scale: Float[AnyArray, ""]

    def __call__(
        self, observation: Num[AnyArray, "*lead obs"]
    ) -> Float[AnyArray, "*lead"]:
        return self.center + self.scale * self.trunk(observation)[..., 0]


def new_policy(
    observation_size: int,
    head: AbstractHead,
    *,
    hidden: tuple[int, ...] = (64, 64),
    history: int = 1,
    chunk: int = 1,
    execute: int = 1,
    picture: Shape | None = None,
    residual: bool = False,
    key: PRNGKeyArray,
) -> Policy:
    """A policy that has learned nothing yet: nearly the same answer everywhere.

    The head decides all actions of a chunk at once. Where observations are pictures of
    a shape, the policy looks at their patches. Numbers go through layers one after
    another, or through `residual` blocks.
    """
    size, scale = history * observation_size, 1.0 if head.embeds else 0.01
    if picture is None:
        of_numbers = residual_mlp if residual else mlp
        trunk: Any = of_numbers(size, hidden, head.outputs, last_scale=scale, key=key)
    else:
        trunk = cnn(picture, history, hidden, head.outputs, last_scale=scale, key=key)
    return Policy(trunk, head, history, chunk, execute)


def with_spread(policy: Policy, least: float) -> Policy:
    """The same likeliest actions, tried around by at least so many half-ranges.

    Only where the spread is one number for each action: others are left as they are.
    """
    log_std = getattr(policy.head, "log_std", None)
    if not least or log_std is None:
        return policy
    wider = jnp.maximum(log_std, jnp.log(least))
    return eqx.tree_at(lambda whole: whole.head.log_std, policy, wider)


def new_critic(
    observation_size: int,
    *,
    hidden: tuple[int, ...] = (64, 64),
    picture: Shape | None = None,
    key: PRNGKeyArray,
) -> Critic:
    """A critic that has learned nothing yet."""
    if picture is None:
        trunk: Any = mlp(observation_size, hidden, 1, last_scale=1.0, key=key)
    else:
        trunk = cnn(picture, 1, hidden, 1, last_scale=1.0, key=key)
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


def in_rewards(
    critic: Critic,
    reward: Float[AnyArray, "*lead"],
    valid: Bool[AnyArray, "*lead"],
    *,
    unit: float = 1.0,
) -> Critic:
    """The critic counting in so many typical rewards, the root of their mean square.

    That is for a critic that learns from its own word: it begins near nothing and grows
    with what is paid.
    """
    typical = jnp.sqrt(jnp.mean(jnp.asarray(reward) ** 2, where=valid))
    scale = unit * jnp.where(typical > 0, typical, 1.0)
    return Critic(critic.trunk, jnp.zeros(()), scale)


def policy_from_config(config: dict[str, Any]) -> Policy:
    """A policy of this shape, whose learned numbers the caller fills in.

    Raises KeyError for a kind of policy or head that this version does not know.
    """
    trunk_from_config = {
        "mlp": mlp_from_config,
        "residual": residual_mlp_from_config,
        "cnn": cnn_from_config,
    }[config["kind"]]
    head = head_from_config(config["head"])
    memory = {name: config.get(name, 1) for name in ("history", "chunk", "execute")}
    trunk: Any = trunk_from_config(config, head.outputs)
    return Policy(trunk, head, **memory)
