"""Say what is decided about pairs of answers that contradict each other."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args, runtime_checkable

from novice.datasets.ledger import TwoRows
from novice.errors import NoviceError
from novice.inbox.protocol import BadRequestError, parse_object

# Which answer of a pair is right. What is skipped stays open, or is open again.
Choice = Literal["left", "right", "both", "neither", "skip"]
CHOICES: tuple[str, ...] = get_args(Choice)
_FIELDS = {"pair", "choice", "before"}


class UnknownPairError(NoviceError):
    """Two rows that contradict each other nowhere."""


class StalePairError(NoviceError):
    """A pair about which something else was decided meanwhile."""


class CannotSettleError(NoviceError):
    """A decision that would leave nothing to learn from."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What somebody chose about a pair; `before` is what they saw chosen, or None."""

    pair: TwoRows
    choice: Choice
    before: str | None


@runtime_checkable
class Docket(Protocol):
    """The pairs of a run, and what was decided about them; pairs are plain values."""

    def facts(self) -> Mapping[str, Any]:
        """What the page is told once: the run, its task, the words for both."""
        ...

    def upcoming(self, most: int) -> Sequence[Mapping[str, Any]]:
        """The pairs to be settled next, without saying who answered what."""
        ...

    def decide(self, who: str, decision: Decision) -> Mapping[str, Any]:
        """Keep a decision for good; the pair, and who answered what.

        Raises UnknownPairError, StalePairError or CannotSettleError.
        """
        ...

    def decided(self, who: str, back: int) -> Mapping[str, Any] | None:
        """What somebody decided so many decisions before their last; None: nothing."""
        ...

    def progress(self, who: str) -> Mapping[str, Any]:
        """How many pairs are settled and open, how many by `who`, what came of it."""
        ...

    def has_row(self, row: int) -> bool:
        """Whether a row stands in a pair."""
        ...


def pair_called(name: Any) -> TwoRows:
    """The rows of "12-57"; raises BadRequestError."""
    text = name if isinstance(name, str) else ""
    found = re.fullmatch(r"(\d{1,12})-(\d{1,12})", text, re.ASCII)
    if found is None:
        raise BadRequestError("a pair is two rows, such as 12-57")
    one, other = int(found[1]), int(found[2])
    if one >= other:
        raise BadRequestError("of a pair the lower row comes first, such as 12-57")
    return one, other


def parse_decision(body: bytes) -> Decision:
    """What the page sends; raises BadRequestError."""
    content = parse_object(body, "a decision")
    if content.keys() != _FIELDS:
        raise BadRequestError("a decision has a pair, a choice, and what stood before")
    choice, before = content["choice"], content["before"]
    if choice not in CHOICES:
        raise BadRequestError(f"a choice is one of {', '.join(CHOICES)}")
    if before is not None and (before not in CHOICES or before == "skip"):
        raise BadRequestError("before is what was chosen earlier, or null")
    return Decision(pair=pair_called(content["pair"]), choice=choice, before=before)
