"""Act by a policy in NumPy: its weights fetched once, and what it remembers."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float, Int, Num, PRNGKeyArray

from novice.learning.heads.head import AbstractHead
from novice.learning.network import Mlp
from novice.learning.policy import Policy
from novice.types import AnyArray


@dataclass(frozen=True, eq=False)
class Memory:
    """What a policy remembers within an episode.

    `seen` are the observations before this one, the latest last; `rest` is what it has
    decided and not done yet; `decisions` counts how often it has decided.
    """

    seen: tuple[np.ndarray, ...] = ()
    rest: tuple[np.ndarray, ...] = ()
    decisions: int = 0


NOTHING = Memory()


class HostPolicy:
    """A policy as plain NumPy matrices, so that a step costs microseconds.

    Actions are the head's own: it works on NumPy numbers as it does on JAX's. A policy
    without a likeliest action `draws` one; whoever calls brings the noise.
    """

    def __init__(self, policy: Policy):
        host = jax.tree.map(np.asarray, policy)
        self.outputs = in_numpy(host.trunk)
        self.head = host.head
        self._acting = without_wrapping(host.head)
        self.history, self.chunk = policy.history, policy.chunk
        self.execute = policy.execute
        self.draws = not policy.head.likeliest

    @property
    def remembers(self) -> bool:
        """Whether an action depends on more than the present observation."""
        return self.history > 1 or self.chunk > 1

    def best(
        self,
        observation: Num[np.ndarray, "slots obs"],
        noise: Float[np.ndarray, "slots noise"] | None = None,
    ) -> Num[np.ndarray, "slots actions"]:
        """The likeliest decision in each slot, or the one that the noise picks."""
        outputs = self.outputs(observation)
        if not self.draws:
            return self._acting.best(outputs)
        return self._acting.sample(outputs, noise)

    def sample(
        self,
        observation: Num[np.ndarray, "slots obs"],
        noise: Float[np.ndarray, "slots noise"],
    ) -> Num[np.ndarray, "slots actions"]:
        """The decision that the noise picks in each slot."""
        return self._acting.sample(self.outputs(observation), noise)

    def act(
        self,
        memories: Sequence[Memory],
        observation: Num[np.ndarray, "slots obs"],
        noise_of: Callable[[Sequence[int]], Float[np.ndarray, "some noise"]],
    ) -> tuple[Num[np.ndarray, "slots actions"], list[Memory]]:
        """What is done in each slot, and what is remembered afterwards.

        Slots in which something decided earlier is still to be done do not decide
        anew. `noise_of` gives the noise of the slots that do.
        """
        seen = [
            (*memory.seen, now)[-self.history :]
            for memory, now in zip(memories, observation, strict=True)
        ]
        rest = [memory.rest for memory in memories]
        due = [slot for slot, decided in enumerate(rest) if not decided]
        if due:
            looked = np.stack([self.window(seen[slot]) for slot in due])
            noise = noise_of(due) if self.draws else None
            for slot, decision in zip(due, self.best(looked, noise), strict=True):
                steps = decision.reshape(self.chunk, -1)
                rest[slot] = tuple(steps[: self.execute])
        after = [
            Memory(seen[slot], rest[slot][1:], memory.decisions + (slot in due))
            for slot, memory in enumerate(memories)
        ]
        return np.stack([decided[0] for decided in rest]), after

    def at_once(
        self, observation: Num[np.ndarray, "slots obs"]
    ) -> Num[np.ndarray, "slots actions"]:
        """What is done in each slot by who remembers nothing."""
        if not (self.remembers or self.draws):
            return self.best(observation)
        remembered = Remembered(self, jax.random.key(0))
        return remembered.act(observation)

    def window(self, seen: Sequence[np.ndarray]) -> Num[np.ndarray, " numbers"]:
        """What was seen as the policy takes it; before the beginning is the first."""
        missing = self.history - len(seen)
        return np.concatenate([*[seen[0]] * missing, *seen])


def in_numpy(trunk: Any) -> Callable[[Any], Any]:
    """A trunk of NumPy weights as a function, without what a call of a module costs."""
    if not isinstance(trunk, Mlp):
        return trunk
    mean, scale = trunk.normalizer.mean, trunk.normalizer.scale
    hidden = [(layer.weight, layer.bias) for layer in trunk.layers[:-1]]
    last = (trunk.layers[-1].weight, trunk.layers[-1].bias)

    def outputs(
        observation: Num[np.ndarray, "slots obs"],
    ) -> Float[np.ndarray, "slots outputs"]:
        numbers = (observation - mean) / scale
        for weight, bias in hidden:
            numbers = np.tanh(numbers @ weight + bias)
        weight, bias = last
        return numbers @ weight + bias

    return outputs


def without_wrapping(head: AbstractHead) -> Any:
    """The head's numbers and functions, in an object that is no module.

    Every time that a method of a module is looked up, it is wrapped, which takes longer
    than a head's arithmetic on a few numbers. What a property says is worked out once.
    """
    kind = type(head)
    members = {}
    for name in dir(kind):
        member = inspect.getattr_static(kind, name)
        if name.startswith(("__", "_abc_")):
            continue
        if isinstance(member, property) and member.fget:
            member = functools.cached_property(member.fget)
        elif not isinstance(member, staticmethod | classmethod):
            member = getattr(kind, name)
        members[name] = member
    twin = type(kind.__name__, (), members)()
    for field in dataclasses.fields(head):
        setattr(twin, field.name, getattr(head, field.name))
    return twin


@eqx.filter_jit
def noise_at(
    shape_noise: Callable,
    key: PRNGKeyArray,
    episode: Int[AnyArray, " slots"],
    decision: Int[AnyArray, " slots"],
) -> Float[jax.Array, "slots noise"]:
    """The randomness of these decisions, each by its episode and its number."""

    def of_one(episode: jax.Array, decision: jax.Array) -> jax.Array:
        episode_key = jax.random.fold_in(key, episode)
        return shape_noise(jax.random.fold_in(episode_key, decision), ())

    return jax.vmap(of_one)(episode, decision)


class Remembered:
    """A policy that acts in several slots, with a memory for each.

    What it draws depends on the key, the episode and the number of the decision, not
    on how many others act beside it.
    """

    def __init__(self, policy: HostPolicy, key: PRNGKeyArray):
        self._policy, self._key = policy, key
        self._memories: list[Memory] = []
        self._episode: dict[int, int] = {}

    def begin(self, slot: int, episode: int) -> None:
        """A new episode starts in a slot: nothing is remembered there."""
        self._episode[slot] = episode
        if slot < len(self._memories):
            self._memories[slot] = NOTHING

    def replan(self, *, forget: bool = False) -> None:
        """What was decided for later steps is void; `forget`: what was seen, too."""
        self._memories = [
            replace(memory, rest=(), seen=() if forget else memory.seen)
            for memory in self._memories
        ]

    def act(
        self, observation: Num[np.ndarray, "slots obs"]
    ) -> Num[np.ndarray, "slots actions"]:
        """What is done in each slot."""
        if not self._memories:
            self._memories = [NOTHING] * len(observation)
        action, self._memories = self._policy.act(
            self._memories, observation, self._noise
        )
        return action

    def _noise(self, due: Sequence[int]) -> Float[np.ndarray, "some noise"]:
        slots = range(len(self._memories))
        episode = np.array([self._episode.get(slot, 0) for slot in slots])
        decision = np.array([memory.decisions for memory in self._memories])
        drawn = noise_at(self._policy.head.noise, self._key, episode, decision)
        return np.asarray(drawn)[list(due)]
