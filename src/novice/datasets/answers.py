"""Hold answers with where they come from: the rows of a dataset, checked at birth.

No JAX is imported here: whoever looks at a dataset need not be able to learn from it.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from novice.errors import NoviceError

# The sources of rows that are nobody's labels: what was filled in between a person's
# keyframes, which a policy learns from, and right answers, by which people are
# measured and nobody learns.
INTERPOLATED = "interpolated"
GOLD = "gold"


class BadRowsError(NoviceError):
    """Rows that must not enter a dataset."""


@dataclass(frozen=True)
class Origin:
    """Where some rows come from: the round, what kind of source, and who answered.

    What was `imported` names the file that it came from; nobody saw how it came about.
    It is untrusted until somebody has `vouched` for it.
    """

    round: int
    source: str  # "demonstration", "correction", "interpolated", …
    who: str
    imported: str = ""
    vouched: str = ""

    @property
    def untrusted(self) -> bool:
        """Whether it was imported, and nobody has vouched for it."""
        return bool(self.imported) and not self.vouched


@dataclass(frozen=True, eq=False)
class Answers:
    """Observations and the actions that somebody gave for them, checked at birth.

    `episode` counts within the round and `step` within the episode. Where a person
    answered, `question` is the question's number, and `marks` the actions that they
    found acceptable (`AbstractHead.set_log_probability` says how); `action` is then the
    first of these. Of real actions, `known` says which numbers somebody gave, where
    they did not give all; the others are 0. `before` holds what was seen in the steps
    before, the latest last, where a policy is to see that too; before an episode's
    beginning stands its first observation. Where some states were chosen by chance
    alone, so that they tell of all that were visited, `chance` is the probability with
    which each of them was, and 0 for the other rows.
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
    chance: Float[np.ndarray, " rows"] | None = None

    def __post_init__(self) -> None:
        rows = len(self.observation)
        for name, column in self.columns().items():
            if len(column) != rows:
                raise BadRowsError(
                    f"there are {rows} observations but {len(column)} rows of {name}"
                )
        self._check_known()
        if (
            self.chance is not None
            and not ((self.chance >= 0) & (self.chance <= 1)).all()
        ):
            raise BadRowsError("a chance is a probability, but some lie beyond 0 and 1")
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
        if self.chance is not None:
            columns["chance"] = self.chance
        return columns
