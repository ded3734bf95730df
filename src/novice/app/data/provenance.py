"""Follow every label of a run from the page to the weights.

No JAX is imported here: looking at labels needs nothing that learns.
"""

import contextlib
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, Shaped

from novice.app.run_settings import NotARunError, settings_in
from novice.datasets.answers import GOLD, INTERPOLATED, Answers
from novice.datasets.ledger import Entry, read_ledger, verdicts_of
from novice.datasets.parts import load_parts
from novice.datasets.standing import REASONS, STANDS, reasons
from novice.files import BrokenFileError, read_json, unchanged
from novice.inbox.store import Inbox, KeptAnswer

# What is doubtful in a run's labels lies here in its folder.
DOUBTS = "doubts.json"
# One more reason why a row does not count.
QUARANTINED = len(REASONS)


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of a run, as far as its complete rounds have them.

    `rounds` are the rounds' measures, and `delivered` the round whose policy the run
    delivers, None before its end.
    """

    path: Path
    settings: Mapping[str, Any]
    parts: tuple[Answers, ...]
    entries: tuple[Entry, ...]
    rounds: tuple[Mapping[str, Any], ...]
    delivered: int | None

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    @functools.cached_property
    def place(self) -> Int[np.ndarray, " rows"]:
        """The part of each row."""
        return np.repeat(np.arange(len(self.parts)), [len(part) for part in self.parts])

    @functools.cached_property
    def who(self) -> Shaped[np.ndarray, " rows"]:
        """Who gave each row."""
        return np.array([part.origin.who for part in self.parts])[self.place]

    @functools.cached_property
    def source(self) -> Shaped[np.ndarray, " rows"]:
        """What kind of source each row has."""
        return np.array([part.origin.source for part in self.parts])[self.place]

    @functools.cached_property
    def untrusted(self) -> Bool[np.ndarray, " rows"]:
        """Which rows were imported, and nobody has vouched for them."""
        return np.array([part.origin.untrusted for part in self.parts])[self.place]

    @functools.cached_property
    def why(self) -> Int[np.ndarray, " rows"]:
        """Why each row does not count, as a number of `REASONS` or QUARANTINED."""
        found = reasons(self.parts)
        held = list(verdicts_of(self.entries).quarantined)
        found[held] = np.where(found[held] == STANDS, QUARANTINED, found[held])
        return found

    @property
    def stands(self) -> Bool[np.ndarray, " rows"]:
        """Which rows count."""
        return np.asarray(self.why == STANDS)

    @functools.cached_property
    def ends(self) -> list[int]:
        """How many rows there were after each round."""
        return [rows_after(measures) for measures in self.rounds]

    def column(self, name: str) -> np.ndarray:
        """One column of all rows."""
        return np.concatenate([getattr(part, name) for part in self.parts])


def rows_after(measures: Mapping[str, Any]) -> int:
    """How many rows a dataset had after a round."""
    return int(measures.get("rows", measures["labels"]))


def labels_of(run: str) -> Labels:
    """The labels of a run's complete rounds. Raises NotARunError."""
    path = Path(run)
    settings = settings_in(path)
    folder = path / "dataset"
    if not (folder / "index.json").exists():
        raise NotARunError(
            f"{run} has no labels of its own: it is a {settings['command']} that"
            " nobody answered in"
        )
    rounds = measures_in(path)
    if not rounds:
        raise NotARunError(f"{run} has not finished a single round yet")
    entries = tuple(read_ledger(folder))
    verdicts = verdicts_of(entries)
    parts, rows, end = [], 0, rows_after(rounds[-1])
    for part in load_parts(folder):
        if rows >= end:
            break
        parts.append(verdicts.vouched_for(part))
        rows += len(part)
    verdicts.check_reach(rows, folder)
    summary = path / "summary.json"
    delivered = read_json(summary).get("best_round") if summary.exists() else None
    return Labels(path, settings, tuple(parts), entries, rounds, delivered)


def newest_doubts(labels: Labels) -> Mapping[str, Any] | None:
    """What was found doubtful, if nothing was decided and nobody answered since.

    None where the file is broken: anybody can have it made anew.
    """
    path = labels.path / DOUBTS
    if not path.exists():
        return {}
    try:
        told = read_json(path)
    except BrokenFileError:
        return None
    pairs = told.get("contradictions") if isinstance(told, dict) else None
    if not isinstance(pairs, dict) or not isinstance(pairs.get("pairs"), int):
        return None
    now = {"rows": len(labels), "ledger": len(labels.entries)}
    return told if told.items() >= now.items() else {}


def measures_in(path: Path) -> tuple[Mapping[str, Any], ...]:
    """What each complete round of a run measured."""
    found: list[Mapping[str, Any]] = []
    while (folder := path / "rounds" / f"{len(found):03d}").exists():
        found.append(read_json(unchanged(folder / "measures.json")))
    return tuple(found)


def learned_by(labels: Labels, row: int) -> list[tuple[int, float]]:
    """The rounds that learned from a row, and what it weighed there.

    Where answers are weighed by person, it is the weight of that person's rows on
    average.
    """
    who, found = labels.who[row], []
    for number, (measures, end) in enumerate(
        zip(labels.rounds, labels.ends, strict=True)
    ):
        if row >= end:
            continue
        known = verdicts_of(labels.entries[: int(measures.get("ledger", 0))])
        if row in known.quarantined or not stood(labels, row, end):
            continue
        told = measures.get("people", {}).get(who, {})
        found.append((number, float(told.get("weight", 1.0))))
    return found


def stood(labels: Labels, row: int, end: int) -> bool:
    """Whether a row counted when there were so many rows."""
    parts = parts_until(labels, end)
    return bool(reasons(parts)[row] == STANDS)


def parts_until(labels: Labels, end: int) -> tuple[Answers, ...]:
    """The parts of the first `end` rows."""
    ends = np.cumsum([len(part) for part in labels.parts])
    return labels.parts[: int(np.searchsorted(ends, end, side="left")) + 1]


def answer_to(labels: Labels, row: int) -> KeptAnswer | None:
    """The answer on the page that a row comes from; None where there was none."""
    part, at = part_and_place(labels, row)
    path = labels.path / "dataset" / "inbox.sqlite"
    if part.question is None or part.origin.source == GOLD or not path.exists():
        return None
    cut = labels.path / "rounds" / f"{part.origin.round:03d}" / "cut.json"
    last = int(read_json(unchanged(cut))["answer"]) if cut.exists() else None
    with contextlib.closing(Inbox(path)) as inbox:
        given = [
            kept
            for kept in inbox.answers_after(0, last)
            if kept.answer.who == part.origin.who
            and kept.answer.question == int(part.question[at])
        ]
    return given[-1] if given else None


def part_and_place(labels: Labels, row: int) -> tuple[Answers, int]:
    """The part that a row is in, and its place there."""
    number = int(labels.place[row])
    first = int(np.searchsorted(labels.place, number))
    return labels.parts[number], row - first


def label_told(labels: Labels, row: int) -> dict[str, Any]:
    """All that is known about one row, as plain values."""
    part, at = part_and_place(labels, row)
    origin, learned = part.origin, learned_by(labels, row)
    told: dict[str, Any] = {
        "row": row,
        "round": origin.round,
        "source": origin.source,
        "who": origin.who,
        "episode": int(part.episode[at]),
        "step": int(part.step[at]),
        "action": part.action[at].tolist(),
        "stands": bool(labels.stands[row]),
        "learned": [{"round": number, "weight": weight} for number, weight in learned],
        "decided": [
            entry.as_json() for entry in labels.entries if row in entry.names()
        ],
    }
    if part.marks is not None:
        told["marks"] = part.marks[at].tolist()
    if part.known is not None:
        told["known"] = part.known[at].tolist()
    if part.question is not None:
        told["question"] = int(part.question[at])
    if not labels.stands[row]:
        told["why"] = (*REASONS, "it is in quarantine")[labels.why[row]]
    for name in ("imported", "vouched"):
        if getattr(origin, name):
            told[name] = getattr(origin, name)
    kept = answer_to(labels, row)
    if kept is not None:
        told["answer"] = {
            "number": kept.id,
            "received": kept.received,
            "seconds": kept.answer.seconds,
            "verdict": kept.answer.verdict,
            "shown": dict(kept.answer.shown),
        }
    if labels.delivered is not None:
        rounds = [number for number, _ in learned]
        told["delivered"] = {
            "round": labels.delivered,
            "learned": labels.delivered in rounds,
        }
    return told


def run_told(labels: Labels, who: str | None = None) -> dict[str, Any]:
    """What there is to know about all rows, or about one person's, as plain values."""
    chosen = np.ones(len(labels), bool) if who is None else labels.who == who
    return {
        "run": str(labels.path),
        "rows": int(chosen.sum()),
        **counted(labels, chosen),
        "sources": {
            name: counted(labels, chosen & (labels.source == name))
            for name in names_in(labels.source[chosen])
        },
        "people": {
            name: {
                **counted(labels, chosen & (labels.who == name)),
                **imports(labels, name),
            }
            for name in names_in(labels.who[chosen])
        },
        "rounds": [
            round_told(labels, number, chosen) for number in range(len(labels.rounds))
        ],
        "decided": [entry.as_json() for entry in labels.entries],
    }


def names_in(column: Shaped[np.ndarray, " rows"]) -> Sequence[str]:
    """Each name once, in the order of the alphabet."""
    names: list[str] = np.unique(column.astype(str)).tolist()
    return names


def counted(labels: Labels, chosen: Bool[np.ndarray, " rows"]) -> dict[str, int]:
    """How many of these rows there are, and what became of them."""
    why = labels.why[chosen]
    own = labels.source[chosen] != INTERPOLATED
    return {
        "rows": len(why),
        "stand": int((why == STANDS).sum()),
        "labels": int(((why == STANDS) & own).sum()),
        "quarantined": int((why == QUARANTINED).sum()),
        "replaced": int((why != STANDS).sum() - (why == QUARANTINED).sum()),
        "untrusted": int((labels.untrusted[chosen] & (why == STANDS)).sum()),
    }


def imports(labels: Labels, who: str) -> dict[str, Any]:
    """The files that somebody's rows were imported from, and who vouches for them."""
    theirs = [part.origin for part in labels.parts if part.origin.who == who]
    files = sorted({origin.imported for origin in theirs if origin.imported})
    vouched = sorted({origin.vouched for origin in theirs if origin.vouched})
    told = {"imported": files, "vouched": vouched}
    return {name: each for name, each in told.items() if each}


def round_told(
    labels: Labels, number: int, chosen: Bool[np.ndarray, " rows"]
) -> dict[str, Any]:
    """How many rows came in with a round, and how many were in quarantine in it."""
    measures, end = labels.rounds[number], labels.ends[number]
    before = labels.ends[number - 1] if number else 0
    known = verdicts_of(labels.entries[: int(measures.get("ledger", 0))])
    held = [row for row in known.quarantined if row < end and chosen[row]]
    return {
        "round": number,
        "new": int(chosen[before:end].sum()),
        "rows": int(chosen[:end].sum()),
        "quarantined": len(held),
    }
