"""Say what was chosen about a pair of contradicting answers, and what came of it."""

import zlib

from novice.datasets.ledger import TwoRows, Verdicts


def sides(pair: TwoRows) -> TwoRows:
    """Which row stands on the left, and which on the right.

    It looks like chance, and is the same every time: who answered first must not show.
    """
    swapped = zlib.crc32(f"{pair[0]}-{pair[1]}".encode()) & 1
    return (pair[1], pair[0]) if swapped else pair


def rows_right(pair: TwoRows, choice: str | None) -> tuple[int, ...]:
    """The rows of a pair that are right; where nothing is decided, both count."""
    left, right = sides(pair)
    if choice == "left":
        return (left,)
    if choice == "right":
        return (right,)
    return () if choice == "neither" else pair


def choice_in(pair: TwoRows, verdicts: Verdicts) -> str | None:
    """What came of a pair; None where both rows count and disagree.

    What else was decided about its rows counts as well: whoever lets a row out of
    quarantine opens its pair again.
    """
    count = [row not in verdicts.quarantined for row in sides(pair)]
    if all(count):
        return "both" if verdicts.both_fine(pair) else None
    if not any(count):
        return "neither"
    return "left" if count[0] else "right"


def chosen_in(pair: TwoRows, verdicts: Verdicts) -> str | None:
    """What somebody chose about a pair, whatever else was decided about its rows."""
    if pair not in verdicts.settled:
        return None
    right = verdicts.settled[pair].right
    if len(right) != 1:
        return "both" if right else "neither"
    return "left" if right[0] == sides(pair)[0] else "right"
