"""Keep every answer ever given."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Num

from novice.errors import NoviceError
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

    `episode` counts within the round and `step` within the episode.
    """

    observation: Float[np.ndarray, "rows obs"]
    action: Num[np.ndarray, "rows actions"]
    episode: Int[np.ndarray, " rows"]
    step: Int[np.ndarray, " rows"]
    origin: Origin

    def __post_init__(self) -> None:
        rows = len(self.observation)
        for name in ("action", "episode", "step"):
            if len(getattr(self, name)) != rows:
                raise BadRowsError(
                    f"there are {rows} observations but {len(getattr(self, name))} rows"
                    f" of {name}"
                )
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
        return {
            "observation": self.observation,
            "action": self.action,
            "episode": self.episode,
            "step": self.step,
        }


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


def batch_of(dataset: Dataset, *, capacity: int) -> Batch:
    """All rows, each counting once, padded with zeros to `capacity` rows.

    The capacity does not grow with the dataset, so that fitting compiles once.
    """
    if not len(dataset):
        raise BadRowsError("the dataset is empty: there is nothing to learn from")
    if len(dataset) > capacity:
        raise ValueError(f"{len(dataset)} rows do not fit a capacity of {capacity}")

    def padded(column: np.ndarray) -> np.ndarray:
        room = np.zeros((capacity, *column.shape[1:]), column.dtype)
        room[: len(column)] = column
        return room

    observation, action = dataset.column("observation"), dataset.column("action")
    valid = np.arange(capacity) < len(dataset)
    return once(padded(observation), padded(action), valid)
