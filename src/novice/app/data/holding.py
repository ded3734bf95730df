"""Say what holds rows in quarantine: settled pairs, or somebody on their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from novice.datasets.ledger import Entry, TwoRows


@dataclass(frozen=True)
class Holding:
    """What a ledger says about why rows are held.

    `entries` has the newest entry that put each held row aside, and `by_pairs` those
    rows for which that was somebody settling a pair. `found_wrong` has the settled
    pairs in which a row is wrong, as far as nobody let it out since.
    """

    entries: Mapping[int, Entry]
    by_pairs: frozenset[int]
    found_wrong: Mapping[int, frozenset[TwoRows]]

    def wrong_beside(self, row: int, pair: TwoRows) -> list[TwoRows]:
        """The other settled pairs in which a row is wrong."""
        return sorted(self.found_wrong.get(row, frozenset()) - {pair})

    def why(self, row: int, pair: TwoRows) -> str:
        """Why a row stays aside, whatever is decided about this pair."""
        others = self.wrong_beside(row, pair)
        if others:
            beside = next(each for each in others[0] if each != row)
            return f"it was found wrong beside row {beside}, in another pair"
        entry = self.entries[row]
        because = f": {entry.because}" * bool(entry.because)
        return f"{entry.by} put it in quarantine{because}"


def holding_of(entries: Sequence[Entry]) -> Holding:
    """What holds each row after all entries."""
    newest: dict[int, Entry] = {}
    by_pairs: set[int] = set()
    wrong: dict[int, frozenset[TwoRows]] = {}
    for number, entry in enumerate(entries):
        rows = entry.names()
        if entry.what == "quarantine":
            newest |= dict.fromkeys(rows, entry)
            settled = belongs_to_a_pair(entry, entries[number + 1 : number + 2])
            by_pairs = by_pairs | {*rows} if settled else by_pairs - {*rows}
        elif entry.what == "restore":
            by_pairs -= {*rows}
            for row in rows:
                newest.pop(row, None)
                wrong.pop(row, None)
        elif entry.what in ("settle", "reopen"):
            for row in rows:
                is_wrong = entry.what == "settle" and row not in entry.right
                now = {entry.pair} if is_wrong else set()
                wrong[row] = wrong.get(row, frozenset()) - {entry.pair} | now
    return Holding(newest, frozenset(by_pairs), wrong)


def belongs_to_a_pair(entry: Entry, following: Sequence[Entry]) -> bool:
    """Whether rows were put aside with the decision about a pair that follows."""
    return any(
        (each.what, each.by, each.when) == ("settle", entry.by, entry.when)
        for each in following
    )
