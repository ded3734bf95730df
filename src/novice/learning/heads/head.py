"""What every head can do: turn a network's numbers into actions.

A head is written once for both sides: its arithmetic works on NumPy arrays (acting in
a host task) and on JAX arrays (learning), whichever it is handed.
"""

import abc
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int, Num, PRNGKeyArray

from novice.types import AnyArray


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
