"""Decide about rows: put them in quarantine, let them out, vouch for imported ones."""

import getpass
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from novice.app.data.holding import holding_of
from novice.app.data.provenance import QUARANTINED, Labels, names_in
from novice.app.options import UsageError
from novice.datasets.answers import INTERPOLATED
from novice.datasets.ledger import Entry, What, add_entry, stretches


@dataclass(frozen=True, kw_only=True)
class Named:
    """Rows as somebody names them: by their numbers, by who gave them, or all."""

    rows: str | None = None
    who: str | None = None
    everything: bool = False


def rows_named(text: str, count: int) -> Int[np.ndarray, " rows"]:
    """The rows of "3,5-9"; raises UsageError for what is none, or not there."""
    found: set[int] = set()
    for word in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,12})(?:-(\d{1,12}))?\s*", word)
        if match is None:
            raise UsageError(
                f"--rows is {text!r}, but rows are numbers and stretches of them, such"
                " as 3,5-9"
            )
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise UsageError(f"--rows has {word.strip()}, which ends before it starts")
        if last >= count:
            raise UsageError(
                f"--rows has {word.strip()}, but the rows are 0 to {count - 1}"
            )
        found |= set(range(first, last + 1))
    return np.array(sorted(found), np.int64)


def chosen(labels: Labels, named: Named) -> Bool[np.ndarray, " rows"]:
    """The rows that somebody names, and what was filled in between them."""
    if named.everything:
        return np.ones(len(labels), bool)
    if named.who is not None:
        check_known(labels, named.who)
        return np.asarray(labels.who == named.who)
    rows = np.zeros(len(labels), bool)
    rows[rows_named(named.rows or "", len(labels))] = True
    return with_filled_in(labels, rows)


def check_known(labels: Labels, who: str) -> None:
    """Raise UsageError unless some rows are this person's."""
    if who not in labels.who:
        known = ", ".join(names_in(labels.who))
        raise UsageError(
            f"--who is {who!r}, but no row of {labels.path} is theirs (there are rows"
            f" of {known})"
        )


def with_filled_in(
    labels: Labels, rows: Bool[np.ndarray, " rows"]
) -> Bool[np.ndarray, " rows"]:
    """These rows, and those that were filled in between keyframes among them."""
    start, answered = 0, set()
    for part in labels.parts:
        mine = rows[start : start + len(part)]
        start += len(part)
        if part.question is not None:
            answered |= {
                (part.origin.round, part.origin.who, int(question))
                for question in part.question[mine]
            }
    rows, start = rows.copy(), 0
    for part in labels.parts:
        if part.origin.source == INTERPOLATED and part.question is not None:
            places = [
                (part.origin.round, part.origin.who, int(question)) in answered
                for question in part.question
            ]
            rows[start : start + len(part)] |= np.array(places, bool)
        start += len(part)
    return rows


def quarantine(
    labels: Labels, rows: Bool[np.ndarray, " rows"], *, by: str, because: str
) -> int:
    """Put the rows that count in quarantine; how many these were.

    Those that are there for a settled pair alone are named as well: they stay when that
    is taken back.
    """
    held = np.array(sorted(holding_of(labels.entries).by_pairs), np.int64)
    for_pairs = np.zeros(len(labels), bool)
    for_pairs[held[held < len(labels)]] = True
    these = rows & (labels.stands | for_pairs)
    if not these.any():
        return 0
    if not (labels.stands & ~these).any():
        raise UsageError(
            f"that would leave nothing to learn from in {labels.path}; name fewer rows"
        )
    return decide(labels, "quarantine", these, by=by, because=because)


def restore(
    labels: Labels, rows: Bool[np.ndarray, " rows"], *, by: str, because: str
) -> int:
    """Let rows out of quarantine; how many these were."""
    these = rows & (labels.why == QUARANTINED)
    if not these.any():
        return 0
    return decide(labels, "restore", these, by=by, because=because)


def decide(
    labels: Labels,
    what: What,
    rows: Bool[np.ndarray, " rows"],
    *,
    by: str,
    because: str,
) -> int:
    """Write down what somebody decided about rows; how many these are."""
    entry = Entry(
        what=what,
        by=by,
        when=round(time.time(), 3),
        because=because,
        rows=stretches(np.flatnonzero(rows).tolist()),
    )
    add_entry(labels.path / "dataset", entry)
    return int(rows.sum())


def trust(labels: Labels, who: str | None, *, by: str, because: str) -> Sequence[str]:
    """Vouch for what was imported, of one person or of all; of whom."""
    if who is not None:
        check_known(labels, who)
    people = [
        name
        for name in names_in(labels.who[labels.untrusted])
        if who is None or name == who
    ]
    if people:
        entry = Entry(
            what="trust",
            by=by,
            when=round(time.time(), 3),
            because=because,
            people=tuple(people),
        )
        add_entry(labels.path / "dataset", entry)
    return people


def somebody() -> str:
    """The name of whoever is logged in, as far as the system knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
