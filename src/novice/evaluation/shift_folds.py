"""Learn to tell two sides apart, fold by fold, and see how well chance does it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Bool, Float, Int

FOLDS = 10
# What is added to every feature's variance of 1 before the classifier divides by it.
_RIDGE = 0.3


@dataclass(frozen=True, eq=False)
class Cells:
    """For each row its side, its episode, its stretch of time and its fold.

    Episodes are numbered through both sides, the dataset's first. Rows of one fold and
    one stretch are a cell: only they are compared.
    """

    is_policy: Bool[np.ndarray, " rows"]
    episode: Int[np.ndarray, " rows"]
    stretch: Int[np.ndarray, " rows"]
    fold: Int[np.ndarray, " rows"]

    @property
    def stretches(self) -> int:
        return int(self.stretch.max()) + 1

    @cached_property
    def cell(self) -> Int[np.ndarray, " rows"]:
        """The number of each row's cell."""
        return np.asarray(self.fold * self.stretches + self.stretch)

    def counts(self) -> tuple[Int[np.ndarray, " cells"], Int[np.ndarray, " cells"]]:
        """How many of the dataset's and of the policy's rows each cell has."""
        cells = FOLDS * self.stretches
        data = np.bincount(self.cell[~self.is_policy], minlength=cells)
        return data, np.bincount(self.cell[self.is_policy], minlength=cells)

    def rows_by_stretch(
        self,
    ) -> tuple[Int[np.ndarray, " stretches"], Int[np.ndarray, " stretches"]]:
        """How many of the dataset's and of the policy's rows each stretch has."""
        data, policy = (each.reshape(FOLDS, -1).sum(axis=0) for each in self.counts())
        return data, policy

    def episodes_in(self, stretch: int) -> tuple[int, int]:
        """How many of the dataset's and of the policy's episodes a stretch has."""
        here = self.stretch == stretch
        data, policy = (
            len(np.unique(self.episode[here & (self.is_policy == side)]))
            for side in (False, True)
        )
        return data, policy

    def pairs(
        self,
    ) -> Iterator[tuple[tuple[int, int], Int[np.ndarray, " _"], Int[np.ndarray, " _"]]]:
        """Fold and stretch of each cell with both sides, and both sides' rows."""
        data, policy = self.counts()
        for cell in np.flatnonzero((data > 0) & (policy > 0)).tolist():
            here = self.cell == cell
            yield (
                divmod(cell, self.stretches),
                np.flatnonzero(here & ~self.is_policy),
                np.flatnonzero(here & self.is_policy),
            )


class Chances(NamedTuple):
    """What chance does: `p` is how often it is as good.

    `spread` is how much more the result varies when the classifiers are learned anew
    than with them as they are.
    """

    p: float
    spread: float


def dealt(episodes: int, generator: np.random.Generator) -> Int[np.ndarray, " _"]:
    """The fold of each episode: as many in each as can be, dealt at random."""
    return np.asarray(generator.permutation(episodes) % FOLDS)


def differences(
    rows: Float[np.ndarray, "rows features"], cells: Cells
) -> Float[np.ndarray, "folds features"]:
    """In each fold, the policy's mean features minus the dataset's, at equal times.

    A cell counts as much as the harmonic mean of both sides' rows in it; all cells
    together count 1.
    """
    data, policy = cells.counts()
    weight = data * policy / np.maximum(data + policy, 1)
    weight = weight / max(weight.sum(), 1e-300)
    own = np.where(cells.is_policy, policy[cells.cell], data[cells.cell])
    share = weight[cells.cell] / own
    signed = np.where(cells.is_policy, share, -share)
    return np.stack(
        [signed[cells.fold == k] @ rows[cells.fold == k] for k in range(FOLDS)]
    )


def discriminants(
    rows: Float[np.ndarray, "rows features"],
    cells: Cells,
    apart: Float[np.ndarray, "folds features"],
) -> Float[np.ndarray, "folds others features"]:
    """The directions that tell the sides apart, by the folds that may be learned from.

    A fold's classifier is the sum over the others; its own part is 0. Whatever it is
    judged on, the covariance included, comes from the other folds alone.
    """
    blocks = [rows[cells.fold == k] for k in range(FOLDS)]
    products = np.stack([block.T @ block for block in blocks])
    sizes = np.array([len(block) for block in blocks])
    learned = np.zeros((FOLDS, FOLDS, rows.shape[1]))
    for fold in range(FOLDS):
        others = np.arange(FOLDS) != fold
        covariance = products[others].sum(axis=0) / max(sizes[others].sum(), 1)
        ridge = covariance + _RIDGE * np.eye(len(covariance))
        solved = scipy.linalg.solve(ridge, apart[others].T, assume_a="pos")
        learned[fold, others] = solved.T
    return learned


def swapped(
    apart: Float[np.ndarray, "folds features"],
    learned: Float[np.ndarray, "folds others features"],
) -> Chances:
    """The sides change places in every choice of folds, and all is learned anew.

    What is compared is how far apart the sides' mean scores are in the held-out folds.
    """
    product = np.einsum("kf,kjf->kj", apart, learned)
    # Swapping all folds changes nothing, so the first one never swaps.
    rest = itertools.product([1.0, -1.0], repeat=FOLDS - 1)
    sign = np.array([(1.0, *signs) for signs in rest])
    score = np.einsum("sk,kj,sj->s", sign, product, sign, optimize=True)
    tolerance = 1e-9 * np.abs(product).sum()
    fixed = np.sum(product.sum(axis=1) ** 2)
    spread = np.sqrt(score.var() / fixed) if fixed > 0 else 1.0
    return Chances(float(np.mean(score >= score[0] - tolerance)), float(spread))
