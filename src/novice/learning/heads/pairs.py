"""Let every two options compete: one-against-one linear machines, learned by hinges."""

import functools
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, PRNGKeyArray

from novice.learning.heads.choosing import AbstractChoosingHead, picked
from novice.learning.heads.head import added_up, choices
from novice.types import AnyArray


@functools.cache
def sides(count: int) -> Float[np.ndarray, "options pairs"]:
    """Each option's side in each pair of `count` options: 1 first, -1 second, else 0.

    Pairs come in the order (0, 1), (0, 2), … (1, 2), …
    """
    first, second = np.triu_indices(count, 1)
    options = np.arange(count)[:, None]
    return (options == first).astype(np.float32) - (options == second)


class Pairs(AbstractChoosingHead):
    """One choice or several side by side, decided by a vote of all pairs of options.

    A network without hidden layers under this head is K(K - 1)/2 support vector
    machines for each choice among K options, one for each pair: the "one-against-one"
    method of Hsu and Lin (2002, A comparison of methods for multiclass support vector
    machines, https://www.csie.ntu.edu.tw/~cjlin/papers/multisvm.pdf). A pair's number
    is positive where its first option is the better one. A vote has no probabilities,
    so a sample is the winner.
    """

    learns_from = frozenset({"exact", "weighted"})
    has_likelihood = False
    counts: tuple[int, ...] = eqx.field(static=True)

    @property
    def outputs(self) -> int:
        return sum(self._pairs)

    @property
    def _pairs(self) -> tuple[int, ...]:
        """The number of pairs in each choice."""
        return tuple(count * (count - 1) // 2 for count in self.counts)

    @property
    def noise_width(self) -> int:
        return 0

    def noise(
        self, key: PRNGKeyArray, lead: tuple[int, ...]
    ) -> Float[jax.Array, "*lead noise"]:
        return jnp.zeros((*lead, 0))

    def sample(
        self, outputs: Float[AnyArray, "*lead outputs"], noise: Float[AnyArray, "..."]
    ) -> Int[AnyArray, "*lead actions"]:
        return self.best(outputs)

    def best(
        self, outputs: Float[AnyArray, "*lead outputs"]
    ) -> Int[AnyArray, "*lead actions"]:
        """The option that wins most of its pairs; of several, by the larger margins."""
        return picked([votes(margins, n) for margins, n in self._choices(outputs)])

    def loss(
        self,
        outputs: Float[jax.Array, "*lead outputs"],
        action: Int[jax.Array, "*lead actions"],
        key: PRNGKeyArray,
    ) -> Float[jax.Array, "*lead"]:
        """The hinge losses of the pairs that the right action is in, added up."""
        return added_up(
            [
                hinges(margins, action[..., place], count)
                for place, (margins, count) in enumerate(self._choices(outputs))
            ]
        )

    def _choices(self, outputs: AnyArray) -> Iterator[tuple[AnyArray, int]]:
        """The margins of each choice's pairs, and the number of its options."""
        return zip(choices(outputs, self._pairs), self.counts, strict=True)

    def config(self) -> dict[str, Any]:
        return {"kind": "pairs", "counts": list(self.counts)}


def votes(
    margins: Float[AnyArray, "*lead pairs"], count: int
) -> Float[AnyArray, "*lead options"]:
    """The pairs that each option wins less those it loses, and a bit of its margins.

    The bit is less than a third of a vote either way, so it settles ties alone.
    """
    xp = margins.__array_namespace__()
    side = sides(count).T
    margin = margins @ side
    return xp.sign(margins) @ side + margin / (3 * (xp.abs(margin) + 1))


def hinges(
    margins: Float[jax.Array, "*lead pairs"], right: Int[jax.Array, "*lead"], count: int
) -> Float[jax.Array, "*lead"]:
    """Sum over the pairs with the right option of max(0, 1 - its margin)."""
    side = jnp.asarray(sides(count))[right]
    return jnp.sum(jax.nn.relu(1 - side * margins), axis=-1, where=side != 0)
