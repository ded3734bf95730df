"""Keep what people decided about rows of a dataset: a ledger beside its parts.

Nothing is ever taken out of it: what was put in quarantine and let out again stands in
it twice. It names rows by their place among all rows of the folder, which only grows.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from novice.datasets.answers import Answers
from novice.files import BrokenFileError, only_one, read_described, write_json

SCHEMA = 1
LEDGER = "ledger.json"

# Rows are put in quarantine and let out; for people's imported rows somebody vouches;
# of two rows that contradict each other somebody says which is right, or takes that
# back.
What = Literal["quarantine", "restore", "trust", "settle", "reopen"]
ABOUT_PAIRS = ("settle", "reopen")
_FIELDS = {"what", "by", "when", "because", "rows", "people", "digest"}

# Two rows, the lower one first.
TwoRows = tuple[int, int]


@dataclass(frozen=True)
class Entry:
    """What somebody decided: which rows or whose, who decided it, when and why.

    `rows` are the first and the last row of each stretch; `when` is Unix time. Of a
    pair that is settled, the rows that are `right`; that the others are put in
    quarantine is an entry of its own.
    """

    what: What
    by: str
    when: float
    because: str = ""
    rows: tuple[tuple[int, int], ...] = ()
    people: tuple[str, ...] = ()
    right: tuple[int, ...] = ()

    def names(self) -> list[int]:
        """Every row that is named."""
        return [row for a, b in self.rows for row in range(a, b + 1)]

    @property
    def pair(self) -> TwoRows:
        """The two rows that were settled, or opened again."""
        one, other = self.names()
        return one, other

    def as_json(self) -> dict[str, Any]:
        """The entry as plain values; only what settles says who is right."""
        told = dataclasses.asdict(self)
        told |= {"rows": [list(each) for each in self.rows]}
        told |= {"people": list(self.people), "right": list(self.right)}
        if self.what != "settle":
            del told["right"]
        return told


@dataclass(frozen=True)
class Verdicts:
    """What a ledger comes to: the rows in quarantine, and who vouches for whom.

    `settled` has the newest word about each pair that somebody settled, in the order
    of these words.
    """

    quarantined: frozenset[int] = frozenset()
    vouched: Mapping[str, str] = dataclasses.field(default_factory=dict)
    entries: int = 0
    settled: Mapping[TwoRows, Entry] = dataclasses.field(default_factory=dict)

    def both_fine(self, pair: TwoRows) -> bool:
        """Whether somebody said that two different answers are both right."""
        return pair in self.settled and self.settled[pair].right == pair

    def vouched_for(self, part: Answers) -> Answers:
        """A part, with who has vouched for it if it was imported."""
        origin = part.origin
        if not origin.untrusted or origin.who not in self.vouched:
            return part
        vouched = dataclasses.replace(origin, vouched=self.vouched[origin.who])
        return dataclasses.replace(part, origin=vouched)

    def check_reach(self, rows: int, folder: Path) -> None:
        """Raise BrokenFileError if rows are named that are not there."""
        last = max(self.quarantined, default=-1)
        if last >= rows:
            raise BrokenFileError(
                f"{folder / LEDGER} names row {last}, but the dataset has {rows} rows;"
                " they don't belong together: restore both from one copy"
            )


def stretches(rows: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Rows as the first and the last of each stretch."""
    found: list[tuple[int, int]] = []
    for row in sorted(set(rows)):
        if found and found[-1][1] == row - 1:
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
    return tuple(found)


def verdicts_of(entries: Sequence[Entry]) -> Verdicts:
    """What entries come to, one after the other."""
    quarantined: set[int] = set()
    vouched: dict[str, str] = {}
    settled: dict[TwoRows, Entry] = {}
    for entry in entries:
        if entry.what == "quarantine":
            quarantined |= set(entry.names())
        elif entry.what == "restore":
            quarantined -= set(entry.names())
        elif entry.what == "trust":
            vouched |= dict.fromkeys(entry.people, entry.by)
        else:
            settled.pop(entry.pair, None)
            if entry.what == "settle":
                settled[entry.pair] = entry
    return Verdicts(frozenset(quarantined), vouched, len(entries), settled)


def read_verdicts(folder: Path, *, entries: int | None = None) -> Verdicts:
    """What the ledger of a folder comes to, after so many of its entries."""
    return verdicts_of(read_ledger(folder)[:entries])


def read_ledger(folder: Path) -> list[Entry]:
    """The entries of a folder's ledger; none where nobody has decided anything."""
    path = folder / LEDGER
    if not path.exists():
        return []
    content = read_described(path, "the ledger of a dataset", schema=SCHEMA)
    if not isinstance(content.get("entries"), list):
        raise BrokenFileError(f"{path} holds no entries; restore it from a copy")
    entries, digest = [], ""
    for number, told in enumerate(content["entries"]):
        entry = entry_of(told, path, number)
        digest = digest_of(entry, digest)
        if told["digest"] != digest:
            raise BrokenFileError(
                f"entry {number} of {path} was changed after it was written; restore"
                " the file from a copy"
            )
        entries.append(entry)
    return entries


def entry_of(told: Any, path: Path, number: int) -> Entry:
    """An entry of a ledger's file, checked."""
    broken = BrokenFileError(
        f"entry {number} of {path} is not one that novice wrote; restore the file from"
        " a copy"
    )
    if not isinstance(told, dict) or told.keys() - {"right"} != _FIELDS:
        raise broken
    if ("right" in told) != (told["what"] == "settle"):
        raise broken
    try:
        rows = tuple((int(a), int(b)) for a, b in told["rows"])
        right = tuple(int(row) for row in told.get("right", ()))
        when = float(told["when"])
        words = [told["by"], told["because"], *told["people"]]
    except (TypeError, ValueError) as error:
        raise broken from error
    if (
        told["what"] not in get_args(What)
        or not all(isinstance(word, str) for word in words)
        or not math.isfinite(when)
        or any(a < 0 or b < a for a, b in rows)
    ):
        raise broken
    entry = Entry(
        what=told["what"],
        by=told["by"],
        when=when,
        because=told["because"],
        rows=rows,
        people=tuple(told["people"]),
        right=right,
    )
    if entry.what in ABOUT_PAIRS and not is_about_a_pair(entry):
        raise broken
    return entry


def is_about_a_pair(entry: Entry) -> bool:
    """Whether two rows are named, and none but these, in order, found right."""
    if len(entry.rows) > 2 or any(b - a > 1 for a, b in entry.rows):
        return False
    rows = entry.names()
    two = len(rows) == 2 and rows == sorted(set(rows))
    return two and [row for row in rows if row in entry.right] == [*entry.right]


def digest_of(entry: Entry, before: str) -> str:
    """SHA-256 of an entry and of all that stand before it."""
    text = json.dumps(entry.as_json(), sort_keys=True, allow_nan=False)
    return hashlib.sha256((before + text).encode()).hexdigest()


def add_entry(folder: Path, entry: Entry) -> Verdicts:
    """Add to a folder's ledger, durably; what it comes to then.

    Raises TakenError while somebody else does.
    """
    return change_ledger(folder, lambda entries: [entry])


def change_ledger(
    folder: Path, more: Callable[[Sequence[Entry]], Sequence[Entry]]
) -> Verdicts:
    """Add what follows from a folder's entries, all of it or nothing, durably.

    Nobody adds anything between what `more` is told and what it says. Raises
    TakenError while somebody else does.
    """
    with only_one(folder):
        entries = read_ledger(folder)
        added = more(entries)
        if added:
            entries = [*entries, *added]
            write_ledger(folder, entries)
    return verdicts_of(entries)


def write_ledger(folder: Path, entries: Sequence[Entry]) -> None:
    """Write all entries, each with a digest of what stands before it."""
    written, digest = [], ""
    for each in entries:
        digest = digest_of(each, digest)
        written.append({**each.as_json(), "digest": digest})
    write_json(folder / LEDGER, {"schema": SCHEMA, "entries": written})
