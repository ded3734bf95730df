"""Keep every answer ever given."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from novice.errors import NoviceError
from novice.learning.heads import AbstractHead, marks_of
from novice.learning.weigh import once
from novice.types import Batch


class BadRowsError(NoviceError):
    """Rows that must not enter a dataset."""


@dataclass(frozen=True)
class Origin:
    """Where some rows come from: the round, what kind of source, and who answered."""

    round: int
    source: str  # "demonstration", "correction", …
    who: str


@dataclass(frozen=True, eq=False)
class Answers:
    """Observations and the actions that somebody gave for them, checked at birth.

    `episode` counts within the round and `step` within the episode. Where a person
    answered, `question` is the question's number, and `marks` the actions that they
    found acceptable (`AbstractHead.set_log_probability` says how); `action` is then the
    first of these.
    """

    observation: Float[np.ndarray, "rows obs"]
    action: Num[np.ndarray, "rows actions"]
    episode: Int[np.ndarray, " rows"]
    step: Int[np.ndarray, " rows"]
    origin: Origin
    marks: Int[np.ndarray, "rows marks"] | None = None
    question: Int[np.ndarray, " rows"] | None = None

    def __post_init__(self) -> None:
        rows = len(self.observation)
        for name, column in self.columns().items():
            if len(column) != rows:
                raise BadRowsError(
                    f"there are {rows} observations but {len(column)} rows of {name}"
                )
        if self.marks is not None and not self.marks.any(axis=1).all():
            empty = int(np.flatnonzero(~self.marks.any(axis=1))[0])
            raise BadRowsError(f"row {empty} of the marks accepts no action at all")
        for name in ("observation", "action"):
            bad = np.flatnonzero(~np.isfinite(getattr(self, name)).all(axis=1))
            if bad.size:
                raise BadRowsError(
                    f"row {bad[0]} of the {name}s is {getattr(self, name)[bad[0]]},"
                    f" which is not finite ({bad.size} bad of {rows} rows)"
                )

    def __len__(self) -> int:
        return len(self.observation)

    def columns(self) -> dict[str, np.ndarray]:
        columns = {
            "observation": self.observation,
            "action": self.action,
            "episode": self.episode,
            "step": self.step,
        }
        if self.marks is not None:
            columns["marks"] = self.marks
        if self.question is not None:
            columns["question"] = self.question
        return columns


@dataclass(frozen=True, eq=False)
class Dataset:
    """Append-only: every part that was ever added, in order."""

    parts: tuple[Answers, ...] = ()

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def append(self, answers: Answers) -> "Dataset":
        """The dataset with these rows added; nothing is ever dropped.

        This is the "Aggregation" of DAgger (Ross et al. 2011, algorithm 3.1):
        https://arxiv.org/abs/1011.0686
        """
        return Dataset((*self.parts, answers))

    def first(self, rows: int) -> "Dataset":
        """The parts that make up the first `rows` rows."""
        parts: list[Answers] = []
        for part in self.parts:
            if sum(len(earlier) for earlier in parts) >= rows:
                break
            parts.append(part)
        return Dataset(tuple(parts))

    def column(self, name: str) -> Any:
        """One column of all rows."""
        return np.concatenate([getattr(part, name) for part in self.parts])

    @property
    def has_sets(self) -> bool:
        """Whether somebody answered with sets of actions."""
        return any(part.marks is not None for part in self.parts)

    def standing(self) -> Bool[np.ndarray, " rows"]:
        """Which rows still count.

        What somebody answered to a question before they answered it anew does not, nor
        does an answer that finds every action acceptable: there is nothing in it.
        """
        stands = np.ones(len(self), bool)
        newest: dict[tuple[str, int], int] = {}
        start = 0
        for part in self.parts:
            if part.marks is not None:
                stands[start : start + len(part)] = ~part.marks.all(axis=1)
            if part.question is not None:
                for row, question in enumerate(part.question.tolist(), start):
                    earlier = newest.get((part.origin.who, question))
                    if earlier is not None:
                        stands[earlier] = False
                    newest[part.origin.who, question] = row
            start += len(part)
        return stands

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

        Raises BadRowsError for sets where the head cannot learn from them.
        """
        if not self.has_sets:
            return self.column("action")
        if "set" not in head.learns_from:
            raise BadRowsError(
                "somebody answered with sets of actions, but a policy with the head"
                f" {head.config()['kind']} learns from exact actions only"
            )
        return np.concatenate(
            [
                marks_of(part.action, head.options)
                if part.marks is None
                else part.marks
                for part in self.parts
            ]
        )


def batch_of(dataset: Dataset, head: AbstractHead, *, capacity: int) -> Batch:
    """The rows that stand, each counting once, padded with zeros to `capacity` rows.

    The capacity does not grow with the dataset, so that fitting compiles once.
    """
    stands = dataset.standing()
    rows = int(stands.sum())
    if not rows:
        raise BadRowsError("the dataset is empty: there is nothing to learn from")
    if rows > capacity:
        raise ValueError(f"{rows} rows do not fit a capacity of {capacity}")

    def padded(column: np.ndarray) -> np.ndarray:
        room = np.zeros((capacity, *column.shape[1:]), column.dtype)
        room[:rows] = column[stands]
        return room

    valid = np.arange(capacity) < rows
    return once(
        padded(dataset.column("observation")), padded(dataset.targets(head)), valid
    )
