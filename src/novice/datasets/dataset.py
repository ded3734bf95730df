"""Keep every answer ever given."""

import dataclasses
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from novice.errors import NoviceError
from novice.learning.heads import AbstractHead, marks_of
from novice.learning.weigh import once
from novice.types import Batch

# The sources of rows that are nobody's labels: what was filled in between a person's
# keyframes, which a policy learns from, and right answers, by which people are
# measured and nobody learns.
INTERPOLATED = "interpolated"
GOLD = "gold"


class BadRowsError(NoviceError):
    """Rows that must not enter a dataset."""


@dataclass(frozen=True)
class Origin:
    """Where some rows come from: the round, what kind of source, and who answered."""

    round: int
    source: str  # "demonstration", "correction", "interpolated", …
    who: str


@dataclass(frozen=True, eq=False)
class Answers:
    """Observations and the actions that somebody gave for them, checked at birth.

    `episode` counts within the round and `step` within the episode. Where a person
    answered, `question` is the question's number, and `marks` the actions that they
    found acceptable (`AbstractHead.set_log_probability` says how); `action` is then the
    first of these. Of real actions, `known` says which numbers somebody gave, where
    they did not give all; the others are 0. `before` holds what was seen in the steps
    before, the latest last, where a policy is to see that too; before an episode's
    beginning stands its first observation.
    """

    observation: Num[np.ndarray, "rows obs"]
    action: Num[np.ndarray, "rows actions"]
    episode: Int[np.ndarray, " rows"]
    step: Int[np.ndarray, " rows"]
    origin: Origin
    marks: Int[np.ndarray, "rows marks"] | None = None
    question: Int[np.ndarray, " rows"] | None = None
    known: Bool[np.ndarray, "rows actions"] | None = None
    before: Num[np.ndarray, "rows past obs"] | None = None

    def __post_init__(self) -> None:
        rows = len(self.observation)
        for name, column in self.columns().items():
            if len(column) != rows:
                raise BadRowsError(
                    f"there are {rows} observations but {len(column)} rows of {name}"
                )
        self._check_known()
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

    def _check_known(self) -> None:
        """What is known is said of every number, and of exact actions alone."""
        if self.known is None:
            return
        if self.marks is not None:
            raise BadRowsError(
                "rows have both marks and known numbers, but an action is either to"
                " choose from or real; give one of them"
            )
        if self.known.shape != self.action.shape or self.known.dtype != bool:
            raise BadRowsError(
                f"what is known is {self.known.dtype} of shape {self.known.shape}, but"
                f" it must be true or false for each of {self.action.shape} actions"
            )

    def __len__(self) -> int:
        return len(self.observation)

    @property
    def says_nothing(self) -> Bool[np.ndarray, " rows"]:
        """The rows in which there is nothing to learn: any action, or none at all."""
        if self.marks is not None:
            return np.asarray(self.marks.all(axis=1))
        if self.known is not None:
            return np.asarray(~self.known.any(axis=1))
        return np.zeros(len(self), bool)

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
        if self.known is not None:
            columns["known"] = self.known
        if self.before is not None:
            columns["before"] = self.before
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

    @property
    def has_gaps(self) -> bool:
        """Whether somebody left numbers of an action open."""
        return any(part.known is not None for part in self.parts)

    def standing(self) -> Bool[np.ndarray, " rows"]:
        """Which rows still count.

        What somebody answered before the round in which they answered anew does not;
        what they said in one round stands together. Nor does an answer that finds every
        action acceptable or knows none, what was filled in where the same person says
        something themselves, nor right answers by which people are measured.
        """
        current = current_rows(self.parts)
        said = places_said(self.parts, current)
        stands = [
            rows & ~part.says_nothing & ~filled_over(part, said)
            for part, rows in zip(self.parts, current, strict=True)
        ]
        return np.concatenate([np.zeros(0, bool), *stands])

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


def current_rows(parts: Sequence[Answers]) -> list[Bool[np.ndarray, " _"]]:
    """For each part, the rows whose question was not answered anew in a later round.

    Right answers by which people are measured are not among them.
    """
    newest: dict[tuple[str, int], int] = {}
    for part in parts:
        for question in asked_in(part):
            place = (part.origin.who, question)
            newest[place] = max(part.origin.round, newest.get(place, part.origin.round))
    current = []
    for part in parts:
        who, round = part.origin.who, part.origin.round
        rows = np.full(len(part), part.origin.source != GOLD)
        for row, question in enumerate(asked_in(part)):
            rows[row] &= newest[who, question] == round
        current.append(rows)
    return current


def asked_in(part: Answers) -> list[int]:
    """The question of each row; none where nobody asked."""
    return [] if part.question is None else part.question.tolist()


def places_said(
    parts: Sequence[Answers], current: Sequence[Bool[np.ndarray, " _"]]
) -> set[tuple[str, int, int]]:
    """Who says something themselves about which step of which episode."""
    return {
        (part.origin.who, int(part.episode[row]), int(part.step[row]))
        for part, rows in zip(parts, current, strict=True)
        if part.question is not None and part.origin.source != INTERPOLATED
        for row in np.flatnonzero(rows & ~part.says_nothing)
    }


def filled_over(
    part: Answers, said: Set[tuple[str, int, int]]
) -> Bool[np.ndarray, " rows"]:
    """The rows that were filled in where the same person says something themselves."""
    if part.origin.source != INTERPOLATED:
        return np.zeros(len(part), bool)
    places = zip(part.episode.tolist(), part.step.tolist(), strict=True)
    return np.array([(part.origin.who, *place) in said for place in places], bool)


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
