"""What a query strategy may look at before it chooses."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import numpy as np
from jaxtyping import Bool, Float, Int, Num, PRNGKeyArray

from novice.datasets.dataset import Dataset
from novice.learning.network import SMALLEST_STD
from novice.learning.policy import Policy
from novice.types import Trajectories

# Fits a small policy to the dataset, each row counting what it weighs.
Fitted = Callable[[Float[np.ndarray, " rows"], PRNGKeyArray], Policy]
# Rows that are worked on at once, always so many: compiled once, whatever was visited.
BLOCK = 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Visited:
    """What happened, who acted, and what is known so far.

    Of the visited states only those that are `askable` may be asked about, `at_most` so
    many. `policy` acted there (None: the expert, or chance). `half_range` is that of
    each real action, by which distances are measured. `fitted` makes a small policy of
    the dataset.
    """

    trajectories: Trajectories
    askable: Bool[np.ndarray, "episodes time"]
    at_most: int
    policy: Policy | None
    dataset: Dataset
    half_range: Float[np.ndarray, " actions"]
    fitted: Fitted

    @property
    def knows_nothing(self) -> bool:
        """Whether there is no policy yet, or nothing that one was fitted to."""
        return self.policy is None or not self.dataset.standing().any()

    @property
    def trajectories_askable(self) -> Trajectories:
        """What happened, as if only the askable states had been visited."""
        return replace(self.trajectories, valid=self.askable)

    def windows(
        self, states: Bool[np.ndarray, "episodes time"]
    ) -> Num[np.ndarray, "rows numbers"]:
        """What the policy sees in each of these states, its history included."""
        return self.windows_at(*np.nonzero(states))

    def windows_at(
        self, episode: Int[np.ndarray, " rows"], step: Int[np.ndarray, " rows"]
    ) -> Num[np.ndarray, "rows numbers"]:
        """What the policy sees at these places, the latest observation last."""
        history = 1 if self.policy is None else self.policy.history
        ago = np.maximum(step[:, None] - np.arange(history - 1, -1, -1), 0)
        seen = np.asarray(self.trajectories.observation)[episode[:, None], ago]
        return seen.reshape(len(step), -1)


def generator_of(key: PRNGKeyArray) -> np.random.Generator:
    """NumPy's randomness from one of JAX's keys."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)))


def in_blocks(
    function: Callable[[np.ndarray], np.ndarray], rows: np.ndarray
) -> np.ndarray:
    """What a function says of each row, worked out in blocks of equal size."""
    missing = -len(rows) % BLOCK
    padded = np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)])
    blocks = np.split(padded, len(padded) // BLOCK)
    return np.concatenate([function(each) for each in blocks])[: len(rows)]


def measures_of(
    rows: Num[np.ndarray, "rows numbers"],
) -> tuple[Float[np.ndarray, " numbers"], Float[np.ndarray, " numbers"]]:
    """The mean of each number, and how much it varies; 1 where it hardly does."""
    mean, std = rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)
    return mean, np.where(std < SMALLEST_STD, 1.0, std)


def by_rank(
    visited: Visited, score: Float[np.ndarray, " rows"], key: PRNGKeyArray
) -> Bool[np.ndarray, "episodes time"]:
    """Draw askable states, one of rank r with a weight of 1/r: mostly high scores.

    Taking the highest scores alone would ask about neighbors that teach the same. This
    is "softrank acquisition" (Kirsch et al. 2023, Stochastic batch acquisition):
    https://arxiv.org/abs/2106.12059. Equal scores are ranked by chance.
    """
    generator = generator_of(key)
    order = np.lexsort([generator.permutation(len(score)), -score])
    rank = np.empty(len(score))
    rank[order] = np.arange(1, len(score) + 1)
    weight = 1 / rank
    count = min(visited.at_most, len(score))
    drawn = generator.choice(
        len(score), count, replace=False, p=weight / weight.sum(), shuffle=False
    )
    asked = np.zeros(len(score), bool)
    asked[drawn] = True
    states = np.zeros_like(visited.askable)
    states[visited.askable] = asked
    return states
