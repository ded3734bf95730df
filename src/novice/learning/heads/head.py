"""What every head can do: turn a network's numbers into actions.

A head is written once for both sides: its arithmetic works on NumPy arrays (acting in
a host task) and on JAX arrays (learning), whichever it is handed.
"""

import abc
import functools
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int, Num, PRNGKeyArray

from novice.types import AnyArray

# What each kind of head is for, and what it learns from.
ABOUT = {
    "categorical": (
        "it chooses among options, for Discrete and MultiDiscrete actions, and learns"
        " from exact and weighted answers, sets of them, and what is wrong"
    ),
    "bernoulli": (
        "it turns switches on and off, for MultiBinary actions, and learns from exact"
        " and weighted answers, sets of them, and what is wrong"
    ),
    "pairs": (
        "it lets every two options compete, for Discrete actions, and learns from exact"
        " and weighted answers, in imitation only"
    ),
    "gaussian": (
        "it is for real actions that are done in one way, and learns from exact,"
        " weighted and partly known answers"
    ),
    "squared": (
        "it is for real actions that are done in one way, and learns from exact,"
        " weighted and partly known answers"
    ),
    "mixture": (
        "it is for real actions that are done in a few ways, and learns from exact,"
        " weighted and partly known answers"
    ),
    "discretized": (
        "it is for real actions within bounds, done in any number of ways, and learns"
        " from exact and weighted answers"
    ),
    "flow": (
        "it is for real actions done in any number of ways, and learns from exact and"
        " weighted answers, in imitation only"
    ),
}


class AbstractHead(eqx.Module):
    """A family of distributions over actions.

    `learns_from` names the targets that a head can make likelier: "exact" actions,
    "weighted" ones, and, for heads that know how, "set", "negative" and "partial".
    `outputs` is how many numbers the head wants from the network, `width` how many
    numbers an action has, `noise_width` how many random numbers one sample takes.
    A head may decide several actions at once: the numbers of the first come first.

    `likeliest` says whether `best` knows an action without noise; who acts with a head
    that doesn't draws one. `has_likelihood` says whether it can tell how likely an
    action is: a head that can't serves imitation only, through its `loss`. What a head
    does not define here is refused. `independent` says whether the numbers of an action
    are drawn each by itself. One that `embeds` takes the network's numbers for a
    description of the observation, of which it makes more: they must not begin alike.

    What was said of an action is a row of marks, one for each option of each number of
    it; `options` says how many options each number has (none where actions are real).
    """

    learns_from: ClassVar[frozenset[str]] = frozenset({"exact", "weighted"})
    likeliest: ClassVar[bool] = True
    has_likelihood: ClassVar[bool] = True
    independent: ClassVar[bool] = True
    embeds: ClassVar[bool] = False

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

    def log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Num[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        """The logarithm of the action's probability (density for real actions)."""
        raise cannot_say(self, "how likely an action is")

    def loss(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Num[jax.Array, "*lead actions"],
        key: PRNGKeyArray,
    ) -> Float[jax.Array, "*lead"]:
        """What one row costs in imitation."""
        return -self.log_probability(outputs, action)

    def one_action(self, chunk: int = 1) -> dict[str, list[Any]]:
        """What each of `chunk` actions decided at once is made of.

        Heads of any kind that say the same here act in the same tasks.
        """
        return {"options": list(self.options[: self.width // chunk])}

    @property
    @abc.abstractmethod
    def options(self) -> tuple[int, ...]: ...

    def option_logs(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> list[Float[jax.Array, "*lead options"]]:
        """The log-probability of each option, for each number of an action."""
        raise cannot_say(self, "how likely each option is")

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
        return added_up(each)

    def number_logs(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Num[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead actions"]:
        """The log-probability of each number of an action by itself."""
        raise cannot_say(self, "how likely a number of an action is")

    def partial_log_probability(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Num[jax.Array, "*lead actions"],
        known: Bool[jax.Array, "*lead actions"],
    ) -> Float[jax.Array, "*lead"]:
        """The logarithm of the probability of the known numbers, whatever the others.

        Where numbers are independent, the others sum to 1 and drop out: what stands in
        their place makes no difference, not even where it is NaN.
        """
        if not self.independent:
            raise cannot_say(self, "how likely a part of an action is")
        each = self.number_logs(outputs, jnp.where(known, action, 0))
        return jnp.sum(each, axis=-1, where=known)

    def entropy(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> Float[jax.Array, "*lead"]:
        """Entropy in nats."""
        raise cannot_say(self, "how undecided it is")

    @abc.abstractmethod
    def config(self) -> dict[str, Any]:
        """What `head_from_config` needs to build this head anew, as JSON."""


class AbstractRealHead(AbstractHead):
    """A family of distributions over real actions: a Box action space.

    The head speaks in half-ranges around `center`; an unbounded action has a half-range
    of 1. An action may lie outside the bounds: it is stored as it is, and clipped on
    the way into the task.
    """

    center: eqx.AbstractVar[tuple[float, ...]]
    half_range: eqx.AbstractVar[tuple[float, ...]]

    @property
    def width(self) -> int:
        return len(self.center)

    @property
    def noise_width(self) -> int:
        return self.width

    def noise(
        self, key: PRNGKeyArray, lead: tuple[int, ...]
    ) -> Float[jax.Array, "*lead noise"]:
        return jax.random.normal(key, (*lead, self.width))

    @property
    def options(self) -> tuple[int, ...]:
        return ()

    def option_logs(
        self, outputs: Float[jax.Array, "*lead outputs"]
    ) -> list[Float[jax.Array, "*lead options"]]:
        return []

    def one_action(self, chunk: int = 1) -> dict[str, list[Any]]:
        size = self.width // chunk
        return {
            "center": list(self.center[:size]),
            "half_range": list(self.half_range[:size]),
        }

    def in_half_ranges(
        self, action: Float[AnyArray, "*lead actions"]
    ) -> Float[AnyArray, "*lead actions"]:
        """How far an action is from the center, in half-ranges."""
        return (action - in_numbers(self.center)) / in_numbers(self.half_range)

    def in_units(
        self, place: Float[AnyArray, "*lead actions"]
    ) -> Float[AnyArray, "*lead actions"]:
        """The action that lies this many half-ranges from the center."""
        return in_numbers(self.center) + in_numbers(self.half_range) * place


@functools.cache
def in_numbers(settings: tuple[float, ...]) -> Float[np.ndarray, " actions"]:
    """A tuple of settings as an array."""
    return np.asarray(settings, np.float32)


def choices(numbers: AnyArray, counts: tuple[int, ...]) -> list[AnyArray]:
    """The part of the last axis that belongs to each choice."""
    ends = [sum(counts[: i + 1]) for i in range(len(counts))]
    starts = [0, *ends[:-1]]
    return [numbers[..., a:b] for a, b in zip(starts, ends, strict=True)]


def added_up(each: list[Float[jax.Array, "*lead"]]) -> Float[jax.Array, "*lead"]:
    """What all choices of an action say together."""
    return sum(each[1:], start=each[0])


def _times(
    log: Float[jax.Array, "*lead options"], mark: Num[jax.Array, "*lead options"]
) -> Float[jax.Array, "*lead options"]:
    """The logarithm of a product with marks; -inf is where a real mark is 0.

    The marks of sets, which are whole numbers, leave it as it is.
    """
    if not jnp.issubdtype(mark.dtype, jnp.floating):
        return log
    return log + jnp.log(mark)


def cannot_say(head: AbstractHead, what: str) -> TypeError:
    """The error of asking a head for a number that it does not know."""
    kind = head.config()["kind"]
    return TypeError(f"a {kind} head cannot say {what}; {ABOUT[kind]}")


def marks_of(
    action: Int[np.ndarray, "rows actions"], options: tuple[int, ...]
) -> Int[np.ndarray, "rows marks"]:
    """Each action as the set that holds it alone."""
    starts = np.cumsum([0, *options[:-1]])
    marks = np.zeros((len(action), sum(options)), np.int8)
    np.put_along_axis(marks, action.astype(np.int64) + starts, 1, axis=1)
    return marks
