"""Keep every answer ever given."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from novice.datasets.answers import (
    GOLD,
    INTERPOLATED,
    Answers,
    BadRowsError,
    Origin,
)
from novice.datasets.standing import standing_rows
from novice.learning.heads import AbstractHead, marks_of
from novice.learning.weigh import once
from novice.types import Batch

__all__ = [
    "GOLD",
    "INTERPOLATED",
    "Answers",
    "BadRowsError",
    "Dataset",
    "Origin",
    "batch_of",
    "check_learns",
    "sets_of",
    "with_known",
]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Append-only: every part that was ever added, in order.

    Rows that somebody has put in quarantine stay where they are and don't count;
    `ledger` is how many entries of the folder's ledger say so.
    """

    parts: tuple[Answers, ...] = ()
    quarantined: frozenset[int] = frozenset()
    ledger: int = 0

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def append(self, answers: Answers) -> "Dataset":
        """The dataset with these rows added; nothing is ever dropped.

        This is the "Aggregation" of DAgger (Ross et al. 2011, algorithm 3.1):
        https://arxiv.org/abs/1011.0686
        """
        return dataclasses.replace(self, parts=(*self.parts, answers))

    def first(self, rows: int) -> "Dataset":
        """The parts that make up the first `rows` rows."""
        parts: list[Answers] = []
        for part in self.parts:
            if sum(len(earlier) for earlier in parts) >= rows:
                break
            parts.append(part)
        return Dataset(tuple(parts)).without(self.quarantined, ledger=self.ledger)

    def without(self, rows: Iterable[int], *, ledger: int) -> "Dataset":
        """The same dataset with these rows, and no others, in quarantine."""
        there = frozenset(row for row in rows if row < len(self))
        return dataclasses.replace(self, quarantined=there, ledger=ledger)

    def column(self, name: str) -> Any:
        """One column of all rows."""
        return np.concatenate([getattr(part, name) for part in self.parts])

    @property
    def has_sets(self) -> bool:
        """Whether somebody answered with sets of actions."""
        return any(part.marks is not None for part in self.parts)

    @property
    def has_gaps(self) -> bool:
        """Whether somebody left numbers of an action open."""
        return any(part.known is not None for part in self.parts)

    def standing(self) -> Bool[np.ndarray, " rows"]:
        """Which rows still count: `standing_rows` that are not in quarantine.

        What somebody answered anew stays replaced where the new answer is quarantined.
        """
        stands = standing_rows(self.parts)
        stands[list(self.quarantined)] = False
        return stands

    def untrusted(self) -> Bool[np.ndarray, " rows"]:
        """Which rows were imported, and nobody has vouched for them."""
        each = [np.full(len(part), part.origin.untrusted) for part in self.parts]
        return np.concatenate([np.zeros(0, bool), *each])

    def taught(self) -> Bool[np.ndarray, " rows"]:
        """Which rows count and were somebody's own word: the labels."""
        own = [
            np.full(len(part), part.origin.source != INTERPOLATED)
            for part in self.parts
        ]
        return self.standing() & np.concatenate([np.zeros(0, bool), *own])

    def settled(self) -> "Dataset":
        """The rows that stand, for another run: no answer there replaces them.

        The questions of each run are numbered from the beginning, so theirs are left
        behind.
        """
        stands, parts, start = self.standing(), [], 0
        for part in self.parts:
            rows = stands[start : start + len(part)]
            start += len(part)
            if rows.any():
                columns = {name: each[rows] for name, each in part.columns().items()}
                columns.pop("question", None)
                parts.append(Answers(**columns, origin=part.origin))
        return Dataset(tuple(parts))

    def targets(self, head: AbstractHead) -> Num[np.ndarray, "rows targets"]:
        """What to make likelier in each row: its action, or sets if anybody gave some.

        Where somebody left numbers open, an action has beside it which of its numbers
        are known. Raises BadRowsError for what the head cannot learn from.
        """
        if self.has_sets:
            check_learns(head, "set", "with sets of actions")
            return np.concatenate([sets_of(part, head) for part in self.parts])
        if self.has_gaps:
            check_learns(head, "partial", "with actions of which they know a part")
            return np.concatenate([with_known(part) for part in self.parts])
        return self.column("action")


def check_learns(head: AbstractHead, target: str, how: str) -> None:
    """Raise BadRowsError unless a head learns from what somebody answered."""
    if target not in head.learns_from:
        raise BadRowsError(
            f"somebody answered {how}, from which a policy with the head"
            f" {head.config()['kind']} cannot learn"
        )


def sets_of(part: Answers, head: AbstractHead) -> Int[np.ndarray, "rows marks"]:
    """The acceptable actions of each row, of which one that was done is the only."""
    return marks_of(part.action, head.options) if part.marks is None else part.marks


def with_known(part: Answers) -> Float[np.ndarray, "rows targets"]:
    """Each action, and beside it a 1 for every number that is known, else 0."""
    known = np.ones(part.action.shape, bool) if part.known is None else part.known
    action = np.where(known, part.action, 0)
    return np.concatenate([action, known], axis=1).astype(np.float32)


def batch_of(
    dataset: Dataset,
    head: AbstractHead,
    *,
    capacity: int,
    weight: Float[np.ndarray, " rows"] | None = None,
    target: Num[np.ndarray, "rows targets"] | None = None,
    observation: Num[np.ndarray, "rows numbers"] | None = None,
) -> Batch:
    """The rows that count, padded with zeros to `capacity` rows.

    Each row that stands counts once, unless another `weight` is given; what counts
    nothing is left out. `target` replaces what the rows say, `observation` what was
    seen. The capacity does not grow with the dataset, so that fitting compiles once.
    """
    counts = dataset.standing() if weight is None else weight > 0
    rows = int(counts.sum())
    if not rows:
        raise BadRowsError("the dataset is empty: there is nothing to learn from")
    if rows > capacity:
        raise ValueError(f"{rows} rows do not fit a capacity of {capacity}")

    def padded(column: np.ndarray) -> np.ndarray:
        room = np.zeros((capacity, *column.shape[1:]), column.dtype)
        room[:rows] = column[counts]
        return room

    target = dataset.targets(head) if target is None else target
    seen = dataset.column("observation") if observation is None else observation
    valid = np.arange(capacity) < rows
    batch = once(padded(seen), padded(target), valid)
    if weight is None:
        return batch
    return dataclasses.replace(batch, weight=padded(weight.astype(np.float32)))
