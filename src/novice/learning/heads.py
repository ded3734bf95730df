"""Turn a network's numbers into actions.

A head is written once for both sides: its arithmetic works on NumPy arrays (acting in
a host task) and on JAX arrays (learning), whichever it is handed.
"""

import abc
import functools
import math
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int, Num, PRNGKeyArray

from novice.types import AnyArray

# The spread of a Gaussian action, as log standard deviation in half-ranges.
SMALLEST_LOG_STD = -4.0
LARGEST_LOG_STD = 1.0


class AbstractHead(eqx.Module):
    """A family of distributions over actions.

    `learns_from` names the targets that a head can make likelier: "exact" actions,
    "weighted" ones, and, for heads that know how, "set", "negative" and "partial".
    `outputs` is how many numbers the head wants from the network, `width` how many
    numbers an action has, `noise_width` how many random numbers one sample takes.

    What was said of an action is a row of marks, one for each option of each number of
    it; `options` says how many options each number has (none where actions are real).
    """

    learns_from: ClassVar[frozenset[str]] = frozenset({"exact", "weighted"})

    @property
    @abc.abstractmethod
    def outputs(self) -> int: ...

    @property
    @abc.abstractmethod
    def width(self) -> int: ...

    @property
    def noise_width(self) -> int:
        return self.outputs

    @abc.abstractmethod
    def noise(
        self, key: PRNGKeyArray, lead: tuple[int, ...]
    ) -> Float[jax.Array, "*lead noise"]:
        """The randomness of one sample for each place in `lead`, drawn ahead."""

    @abc.abstractmethod
    def sample(
        self, outputs: Float[AnyArray, "*lead outputs"], noise: Float[AnyArray, "..."]
    ) -> Num[AnyArray, "*lead actions"]:
        """The action that this noise picks."""

    @abc.abstractmethod
    def best(
        self, outputs: Float[AnyArray, "*lead outputs"]
    ) -> Num[AnyArray, "*lead actions"]:
        """The likeliest action."""

    @abc.abstractmethod
    def log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Num[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        """The logarithm of the action's probability (density for real actions)."""

    @property
    @abc.abstractmethod
    def options(self) -> tuple[int, ...]: ...

    @abc.abstractmethod
    def option_logs(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> list[Float[jax.Array, "*lead options"]]:
        """The log-probability of each option, for each number of an action."""

    def set_log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        marks: Num[jax.Array, "*lead marks"],
    ) -> Float[jax.Array, "*lead"]:
        """The logarithm of the probability of what was said, log Σ π(a) mark(a).

        A mark says how likely that is where `a` is the right action, number by number.
        Marks of 0 and 1 are a set of acceptable actions: one marked action is the
        ordinary likelihood, all but one say that this one is wrong, all together say
        nothing. Real marks allow for errors of who said it: this is the "forward"
        correction of Patrini et al. (2017, Making deep neural networks robust to label
        noise, theorem 2): https://arxiv.org/abs/1609.03683
        """
        each = [
            jax.nn.logsumexp(_times(log, mark), axis=-1, where=mark > 0)
            for log, mark in zip(
                self.option_logs(outputs), choices(marks, self.options), strict=True
            )
        ]
        return sum(each[1:], start=each[0])

    @abc.abstractmethod
    def number_logs(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Num[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead actions"]:
        """The log-probability of each number of an action by itself."""

    def partial_log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Num[jax.Array, "*lead actions"],
        known: Bool[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        """The logarithm of the probability of the known numbers, whatever the others.

        The numbers of an action are independent, so the others sum to 1 and drop out:
        what stands in their place makes no difference, not even where it is NaN.
        """
        each = self.number_logs(outputs, jnp.where(known, action, 0))
        return jnp.sum(each, axis=-1, where=known)

    @abc.abstractmethod
    def entropy(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> Float[jax.Array, "*lead"]:
        """Entropy in nats."""

    @abc.abstractmethod
    def config(self) -> dict[str, Any]:
        """What `head_from_config` needs to build this head anew, as JSON."""


def choices(numbers: AnyArray, counts: tuple[int, ...]) -> list[AnyArray]:
    """The part of the last axis that belongs to each choice."""
    ends = [sum(counts[: i + 1]) for i in range(len(counts))]
    starts = [0, *ends[:-1]]
    return [numbers[..., a:b] for a, b in zip(starts, ends, strict=True)]


def _times(
    log: Float[jax.Array, "*lead options"], mark: Num[jax.Array, "*lead options"]
) -> Float[jax.Array, "*lead options"]:
    """The logarithm of a product with marks; -inf is where a real mark is 0.

    The marks of sets, which are whole numbers, leave it as it is.
    """
    if not jnp.issubdtype(mark.dtype, jnp.floating):
        return log
    return log + jnp.log(mark)


def marks_of(
    action: Int[np.ndarray, "rows actions"], options: tuple[int, ...]
) -> Int[np.ndarray, "rows marks"]:
    """Each action as the set that holds it alone."""
    starts = np.cumsum([0, *options[:-1]])
    marks = np.zeros((len(action), sum(options)), np.int8)
    np.put_along_axis(marks, action.astype(np.int64) + starts, 1, axis=1)
    return marks


def picked(
    numbers: Float[AnyArray, "*lead outputs"], counts: tuple[int, ...]
) -> Int[AnyArray, "*lead actions"]:
    """The place of the largest number in each choice."""
    if len(counts) == 1:
        return numbers.argmax(-1)[..., None].astype(np.int32)
    xp = numbers.__array_namespace__()
    each = [choice.argmax(-1) for choice in choices(numbers, counts)]
    return xp.stack(each, axis=-1).astype(np.int32)


class Categorical(AbstractHead):
    """Several choices side by side, each among its own number of actions.

    One choice is a Discrete action space, several are a MultiDiscrete one.
    """

    learns_from = frozenset({"exact", "weighted", "set", "negative"})
    counts: tuple[int, ...] = eqx.field(static=True)

    @property
    def outputs(self) -> int:
        return sum(self.counts)

    @property
    def options(self) -> tuple[int, ...]:
        return self.counts

    @property
    def width(self) -> int:
        return len(self.counts)

    def noise(
        self, key: PRNGKeyArray, lead: tuple[int, ...]
    ) -> Float[jax.Array, "*lead noise"]:
        return jax.random.gumbel(key, (*lead, self.outputs))

    def sample(
        self, outputs: Float[AnyArray, "*lead outputs"], noise: Float[AnyArray, "..."]
    ) -> Int[AnyArray, "*lead actions"]:
        return picked(outputs + noise, self.counts)

    def best(
        self, outputs: Float[AnyArray, "*lead outputs"]
    ) -> Int[AnyArray, "*lead actions"]:
        return picked(outputs, self.counts)

    def log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Int[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        each = self._logs_of(outputs, action)
        return sum(each[1:], start=each[0])

    def number_logs(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Int[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead actions"]:
        return jnp.stack(self._logs_of(outputs, action), axis=-1)

    def _logs_of(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Int[jax.Array, "*lead actions"],
    ) -> list[Float[jax.Array, "*lead"]]:
        return [
            jnp.take_along_axis(log, action[..., i, None], axis=-1)[..., 0]
            for i, log in enumerate(self.option_logs(outputs))
        ]

    def option_logs(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> list[Float[jax.Array, "*lead options"]]:
        return [jax.nn.log_softmax(choice) for choice in choices(outputs, self.counts)]

    def entropy(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> Float[jax.Array, "*lead"]:
        logs = self.option_logs(outputs)
        each = [-jnp.sum(jnp.exp(log) * log, axis=-1) for log in logs]
        return sum(each[1:], start=each[0])

    def config(self) -> dict[str, Any]:
        return {"kind": "categorical", "counts": list(self.counts)}


class Bernoulli(AbstractHead):
    """Independent switches: a MultiBinary action space."""

    learns_from = frozenset({"exact", "weighted", "set", "negative"})
    count: int = eqx.field(static=True)

    @property
    def outputs(self) -> int:
        return self.count

    @property
    def options(self) -> tuple[int, ...]:
        return (2,) * self.count

    @property
    def width(self) -> int:
        return self.count

    def noise(
        self, key: PRNGKeyArray, lead: tuple[int, ...]
    ) -> Float[jax.Array, "*lead noise"]:
        return jax.random.logistic(key, (*lead, self.count))

    def sample(
        self, outputs: Float[AnyArray, "*lead outputs"], noise: Float[AnyArray, "..."]
    ) -> Int[AnyArray, "*lead actions"]:
        return (outputs + noise > 0).astype(np.int32)

    def best(
        self, outputs: Float[AnyArray, "*lead outputs"]
    ) -> Int[AnyArray, "*lead actions"]:
        return (outputs > 0).astype(np.int32)

    def log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Int[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        return jnp.sum(self.number_logs(outputs, action), axis=-1)

    def number_logs(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Int[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead actions"]:
        return jax.nn.log_sigmoid(jnp.where(action == 1, outputs, -outputs))

    def option_logs(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> list[Float[jax.Array, "*lead options"]]:
        both = jax.nn.log_sigmoid(jnp.stack([-outputs, outputs], axis=-1))
        return [both[..., i, :] for i in range(self.count)]

    def entropy(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> Float[jax.Array, "*lead"]:
        on, off = jax.nn.log_sigmoid(outputs), jax.nn.log_sigmoid(-outputs)
        return -jnp.sum(jnp.exp(on) * on + jnp.exp(off) * off, axis=-1)

    def config(self) -> dict[str, Any]:
        return {"kind": "bernoulli", "count": self.count}


@functools.cache
def in_numbers(settings: tuple[float, ...]) -> Float[np.ndarray, " actions"]:
    """A tuple of settings as an array."""
    return np.asarray(settings, np.float32)


class Gaussian(AbstractHead):
    """Real actions with independent noise: a Box action space.

    The network speaks in half-ranges around `center`; an unbounded action has a
    half-range of 1. A sample may lie outside the bounds: it is stored as it is, and
    clipped on the way into the task. The spread is one learned number per dimension.
    """

    learns_from = frozenset({"exact", "weighted", "partial"})
    log_std: Float[AnyArray, " actions"]
    center: tuple[float, ...] = eqx.field(static=True)
    half_range: tuple[float, ...] = eqx.field(static=True)

    @property
    def outputs(self) -> int:
        return len(self.center)

    @property
    def options(self) -> tuple[int, ...]:
        return ()

    def option_logs(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> list[Float[jax.Array, "*lead options"]]:
        return []

    @property
    def width(self) -> int:
        return len(self.center)

    def noise(
        self, key: PRNGKeyArray, lead: tuple[int, ...]
    ) -> Float[jax.Array, "*lead noise"]:
        return jax.random.normal(key, (*lead, self.outputs))

    def _std(self) -> Any:
        xp = self.log_std.__array_namespace__()
        return xp.exp(xp.clip(self.log_std, SMALLEST_LOG_STD, LARGEST_LOG_STD))

    def sample(
        self, outputs: Float[AnyArray, "*lead outputs"], noise: Float[AnyArray, "..."]
    ) -> Float[AnyArray, "*lead actions"]:
        xp = outputs.__array_namespace__()
        std = xp.exp(xp.clip(self.log_std, SMALLEST_LOG_STD, LARGEST_LOG_STD))
        center, half_range = in_numbers(self.center), in_numbers(self.half_range)
        return center + half_range * (outputs + std * noise)

    def best(
        self, outputs: Float[AnyArray, "*lead outputs"]
    ) -> Float[AnyArray, "*lead actions"]:
        return in_numbers(self.center) + in_numbers(self.half_range) * outputs

    def log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Float[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        return jnp.sum(self.number_logs(outputs, action), axis=-1)

    def number_logs(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Float[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead actions"]:
        half_range = jnp.asarray(self.half_range)
        std = self._std()
        z = ((action - jnp.asarray(self.center)) / half_range - outputs) / std
        return -0.5 * z**2 - jnp.log(std * half_range) - 0.5 * math.log(2 * math.pi)

    def entropy(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> Float[jax.Array, "*lead"]:
        spread = jnp.log(self._std() * jnp.asarray(self.half_range))
        each = spread + 0.5 * math.log(2 * math.pi * math.e)
        return jnp.broadcast_to(jnp.sum(each), outputs.shape[:-1])

    def config(self) -> dict[str, Any]:
        return {
            "kind": "gaussian",
            "center": list(self.center),
            "half_range": list(self.half_range),
        }


def gaussian(
    center: tuple[float, ...], half_range: tuple[float, ...], *, log_std: float = -0.5
) -> Gaussian:
    """A Gaussian head whose samples spread exp(`log_std`) half-ranges at first."""
    return Gaussian(jnp.full(len(center), log_std), center, half_range)


def head_from_config(config: dict[str, Any]) -> AbstractHead:
    """The head that wrote this `config()`; learned numbers are filled in by the caller.

    Raises KeyError for a kind that this version does not know.
    """
    builders = {
        "categorical": lambda c: Categorical(tuple(c["counts"])),
        "bernoulli": lambda c: Bernoulli(c["count"]),
        "gaussian": lambda c: gaussian(tuple(c["center"]), tuple(c["half_range"])),
    }
    return builders[config["kind"]](config)
