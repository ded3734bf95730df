"""Keep the pairs of a run whose answers contradict each other, and what was decided."""

import heapq
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool

from novice.app.data.choices import choice_in, chosen_in, rows_right, sides
from novice.app.data.deciding import with_filled_in
from novice.app.data.doubting import points_of
from novice.app.data.holding import holding_of
from novice.app.data.pair_words import (
    author_told,
    closing,
    reason_for,
    side_told,
    wording_of,
)
from novice.app.data.provenance import DOUBTS, Labels
from novice.datasets.dataset import Dataset
from novice.datasets.ledger import (
    Entry,
    TwoRows,
    Verdicts,
    What,
    change_ledger,
    read_ledger,
    read_verdicts,
    stretches,
    verdicts_of,
)
from novice.datasets.standing import STANDS, reasons
from novice.envs.task import Task
from novice.evaluation.contradictions import Contradictions, contradictions
from novice.files import BrokenFileError, read_json
from novice.inbox.settling import (
    CannotSettleError,
    Decision,
    StalePairError,
    UnknownPairError,
)


class Docket:
    """The pairs of a run, as a page shows them and keeps what is decided about them.

    Pairs are found once. Rows that a settled pair put in quarantine are among those
    compared, so that the same pairs are there after a restart, and what was decided can
    be changed. What was skipped comes last, as long as this docket lives.
    """

    def __init__(self, labels: Labels, task: Task) -> None:
        self._labels, self._called = labels, wording_of(task)
        self._folder = labels.path / "dataset"
        self._counts = np.asarray(reasons(labels.parts) == STANDS)
        self.found = found_pairs(labels, task)
        self._apart = {pair.rows: pair.distance for pair in self.found.pairs}
        self._place = places(labels, [*self._apart])
        self._skipped: dict[TwoRows, int] = {}
        self._rows = {row for pair in self._apart for row in pair}
        self._changed = self._verdicts().entries

    def facts(self) -> Mapping[str, Any]:
        settings = self._labels.settings
        return {
            "run": str(self._labels.path),
            "task": settings["settings"]["task"],
            "words": self._called.words,
        }

    def has_row(self, row: int) -> bool:
        return row in self._rows or any(
            row in pair for pair in self._verdicts().settled
        )

    def upcoming(self, most: int) -> Sequence[Mapping[str, Any]]:
        """First those that were not skipped, about rows of which least was said."""
        verdicts = self._verdicts()
        judged = Counter(row for pair in verdicts.settled for row in pair)

        def turn(pair: TwoRows) -> tuple[int, int, int]:
            said = judged[pair[0]] + judged[pair[1]]
            return self._skipped.get(pair, 0), said, self._place[pair]

        first = heapq.nsmallest(most, self.open(verdicts), key=turn)
        return [self._told(pair) for pair in first]

    def open(self, verdicts: Verdicts) -> list[TwoRows]:
        """The pairs about which nothing is decided: both rows count, and disagree."""
        return [pair for pair in self._apart if choice_in(pair, verdicts) is None]

    def decide(self, who: str, decision: Decision) -> Mapping[str, Any]:
        pair, choice = decision.pair, decision.choice
        wanted = None if choice == "skip" else choice

        def more(entries: Sequence[Entry]) -> Sequence[Entry]:
            verdicts = verdicts_of(entries)
            self._check_known(pair, verdicts)
            now, chosen = choice_in(pair, verdicts), chosen_in(pair, verdicts)
            if now is None and wanted is None:
                return []
            moves = self._moves(pair, wanted, entries)
            if chosen == wanted and not any(rows.any() for rows in moves.values()):
                return []  # It was sent twice.
            if now not in (decision.before, wanted):
                raise StalePairError(
                    "this pair was settled in another way meanwhile; look at it again"
                )
            return entries_for(who, pair, wanted, moves)

        change_ledger(self._folder, more)
        entries = read_ledger(self._folder)
        self._skipped.pop(pair, None)
        if wanted is None:
            self._skipped[pair] = 1 + max(self._skipped.values(), default=0)
            return self._told(pair) | self._standing(pair, entries)
        return self._told(pair) | self._revealed(pair, entries)

    def decided(self, who: str, back: int) -> Mapping[str, Any] | None:
        entries = read_ledger(self._folder)
        own = self._own(who, verdicts_of(entries))
        if back >= len(own):
            return None
        pair = own[-1 - back]
        return self._told(pair) | self._revealed(pair, entries)

    def progress(self, who: str) -> Mapping[str, Any]:
        verdicts = self._verdicts()
        choices = [choice_in(pair, verdicts) for pair in verdicts.settled]
        left = self.open(verdicts)
        return {
            "settled": sum(choice is not None for choice in choices),
            "open": len(left),
            "skipped": sum(pair in self._skipped for pair in left),
            "mine": len(self._own(who, verdicts)),
            "closing": closing(
                self._labels,
                fine=sum(map(verdicts.both_fine, verdicts.settled)),
                settled=sum(choice is not None for choice in choices),
                aside=len(self._aside(verdicts)),
            ),
        }

    def is_empty(self) -> bool:
        """Whether there are no pairs, and there never were any."""
        return not (self._apart or self._verdicts().settled)

    def changed(self) -> bool:
        """Whether anything was decided since this docket was opened."""
        return self._verdicts().entries > self._changed

    def _own(self, who: str, verdicts: Verdicts) -> list[TwoRows]:
        """What somebody settled, the latest last."""
        return [
            pair
            for pair, entry in verdicts.settled.items()
            if entry.by == who and pair[1] < len(self._labels)
        ]

    def _aside(self, verdicts: Verdicts) -> set[int]:
        """The rows in quarantine that stand in settled pairs."""
        return {
            row
            for pair in verdicts.settled
            for row in pair
            if row in verdicts.quarantined
        }

    def _verdicts(self) -> Verdicts:
        # Other commands decide too, so the file is asked every time.
        return read_verdicts(self._folder)

    def _check_known(self, pair: TwoRows, verdicts: Verdicts) -> None:
        """Raise UnknownPairError unless this pair is, or was, a contradiction."""
        known = pair in self._apart or pair in verdicts.settled
        if not known or pair[1] >= len(self._labels):
            raise UnknownPairError(
                f"the rows {pair[0]} and {pair[1]} are no pair of this run"
            )

    def _moves(
        self, pair: TwoRows, choice: str | None, entries: Sequence[Entry]
    ) -> dict[What, Bool[np.ndarray, " rows"]]:
        """Which rows a decision lets out, and which it puts in.

        Only what pairs put in is let out, and of that nothing that another pair finds
        wrong. Raises CannotSettleError.
        """
        right, holding = rows_right(pair, choice), holding_of(entries)
        held = self._these(holding.entries)
        others = {row for row, pairs in holding.found_wrong.items() if pairs - {pair}}
        out = self._with_filled_in(right) & self._these(holding.by_pairs)
        out &= ~self._with_filled_in(others)
        into = self._with_filled_in({*pair} - {*right}) & self._counts & ~held
        if not (self._counts & ~into & (~held | out)).any():
            raise CannotSettleError(
                "that would leave nothing to learn from; choose one of them"
            )
        return {"restore": out, "quarantine": into}

    def _these(self, rows: Iterable[int]) -> Bool[np.ndarray, " rows"]:
        """Those of these rows that are there."""
        count = len(self._labels)
        found = np.zeros(count, bool)
        found[[row for row in rows if row < count]] = True
        return found

    def _with_filled_in(self, rows: Iterable[int]) -> Bool[np.ndarray, " rows"]:
        return with_filled_in(self._labels, self._these(rows))

    def _told(self, pair: TwoRows) -> dict[str, Any]:
        """A pair as the page is told it before somebody has chosen."""
        apart = self._apart.get(pair)
        return {
            "id": f"{pair[0]}-{pair[1]}",
            "steps_apart": None if apart is None else round(apart, 3),
            "sides": [
                side_told(self._labels, row, self._called) for row in sides(pair)
            ],
            "choice": None,
            "chosen": None,
        }

    def _standing(self, pair: TwoRows, entries: Sequence[Entry]) -> dict[str, Any]:
        """What was chosen, and what stands where other decisions count as well."""
        verdicts, holding = verdicts_of(entries), holding_of(entries)
        chosen = chosen_in(pair, verdicts)
        right = rows_right(pair, chosen)
        return {
            "choice": choice_in(pair, verdicts),
            "chosen": chosen,
            "stays": [
                {"side": side, "row": row, "because": holding.why(row, pair)}
                for side, row in zip(("left", "right"), sides(pair), strict=True)
                if row in right and row in holding.entries
            ],
        }

    def _revealed(self, pair: TwoRows, entries: Sequence[Entry]) -> dict[str, Any]:
        """What was chosen, and who said what and when."""
        entry = verdicts_of(entries).settled.get(pair)
        return {
            **self._standing(pair, entries),
            "by": None if entry is None else entry.by,
            "at": None if entry is None else entry.when,
            "people": [
                author_told(self._labels, row, self._called) for row in sides(pair)
            ],
        }


def entries_for(
    who: str,
    pair: TwoRows,
    choice: str | None,
    moves: Mapping[What, Bool[np.ndarray, " rows"]],
) -> list[Entry]:
    """What the ledger says about a decision, after who is let out and put in."""
    now, right = round(time.time(), 3), rows_right(pair, choice)
    because = reason_for(pair, right, is_open=choice is None)
    moved = [
        Entry(what, who, now, because, stretches(np.flatnonzero(rows).tolist()))
        for what, rows in moves.items()
        if rows.any()
    ]
    if choice is None:
        return [*moved, Entry("reopen", who, now, rows=stretches(pair))]
    return [*moved, Entry("settle", who, now, rows=stretches(pair), right=right)]


def found_pairs(labels: Labels, task: Task) -> Contradictions:
    """The contradictions among the rows that count, settled ones too."""
    verdicts = verdicts_of(labels.entries)
    settled = {row for pair in verdicts.settled for row in pair}
    held = verdicts.quarantined - settled
    dataset = Dataset(labels.parts).without(held, ledger=len(labels.entries))
    return contradictions(points_of(dataset, task))


def places(labels: Labels, pairs: Sequence[TwoRows]) -> dict[TwoRows, int]:
    """The place of each pair: those with the most doubtful rows first, if known.

    `pairs` are in the order of how near they are, which equally doubtful ones keep.
    """
    rank: dict[int, int] = {}
    path = labels.path / DOUBTS
    try:
        told = read_json(path) if path.exists() else {}
        if told.get("rows") == len(labels):
            ranked = told.get("doubts", {}).get("ranked", [])
            rank = {int(row): place for place, row in enumerate(ranked)}
    except (BrokenFileError, AttributeError, TypeError, ValueError):
        pass  # Any order is good enough.
    last = len(labels)
    order = sorted(pairs, key=lambda pair: min(rank.get(row, last) for row in pair))
    return {pair: place for place, pair in enumerate(order)}
