"""Say which labels to look at first, and what to do about them.

What it reads was found before (`novice.app.data.found`), so no JAX is needed here.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from novice.app.data.provenance import DOUBTS
from novice.app.data.telling import listed, many

DATA_DOUBT = "novice data doubt RUN"
DATA_SETTLE = "novice data settle"

# A person is worth a look from so large a share of doubted labels on, if it is also so
# many times that of the least doubted one.
NOTABLE = 0.05
TIMES = 3.0
# So many pairs and rows are told in lines.
MOST_LINES = 10


def first_rows(told: Mapping[str, Any], share: float) -> list[int]:
    """The most doubtful rows, this share of all that were judged."""
    ranked = told.get("doubts", {}).get("ranked", [])
    if not ranked:
        return []
    return list(ranked[: max(1, math.floor(len(ranked) * share + 1e-9))])


def notable(told: Mapping[str, Any]) -> list[str]:
    """The people whose labels are doubted far more often than others' are."""
    people = told.get("doubts", {}).get("people", {})
    least = min((each["share"] for each in people.values()), default=0.0)
    return [
        who
        for who, each in sorted(people.items(), key=lambda one: -one[1]["share"])
        if len(people) > 1 and each["share"] > max(NOTABLE, TIMES * least)
    ]


def worth_a_look(told: Mapping[str, Any]) -> float:
    """The share of the labels to look at: half again as many as are doubted.

    By so much the ranking overshoots where it finds most of what is wrong
    (bench/DOUBT.md).
    """
    doubted = told.get("doubts", {}).get("share", 0.0)
    return min(1.0, math.ceil(100 * 1.5 * doubted) / 100) or 0.01


def doubt_lines(
    told: Mapping[str, Any], run: str, share: float | None = None
) -> Iterator[str]:
    """What is doubtful in a run's labels, a line each, and what to do next."""
    share = share or worth_a_look(told)
    yield f"{run}: {many(told['labels'], 'label')} that count"
    yield f"{'pairs':<9}{pairs_sentence(told['contradictions'])}"
    for pair in told["contradictions"]["shown"][:MOST_LINES]:
        yield f"{'':<9}{pair_line(pair)}"
    if told["contradictions"]["pairs"]:
        yield f"{'':<9}{settle_sentence(run)}"
    doubts = told.get("doubts")
    if doubts is None:
        yield (
            f"{'ranking':<9}none: from fewer than 200 labels, or of fewer than 4"
            " episodes, no policy can be learned that would tell"
        )
        return
    for place, (who, each) in enumerate(doubts["people"].items()):
        yield (
            f"{'people' if not place else '':<9}{who}: {each['labels']:,} labels,"
            f" {percent(each['share'])} of them doubted"
        )
    first = first_rows(told, share)
    for place, row in enumerate(doubts["shown"][: min(MOST_LINES, len(first))]):
        yield f"{'ranking' if not place else '':<9}{row_line(row)}"
    yield f"{'next':<9}{next_step(told, run, share)}"


def pairs_sentence(found: Mapping[str, Any]) -> str:
    """How many nearly equal observations were answered differently."""
    if not found["near"]:
        return "no two labels are about nearly equal observations"
    return (
        f"of {many(found['near'], 'pair')} of nearly equal observations (less than half"
        f" a step apart), {found['pairs']:,} were answered differently"
        f"{settled_words(found.get('settled', 0))}"
    )


def settled_words(count: int) -> str:
    """How many more pairs differ of which somebody has said that both are fine."""
    if not count:
        return ""
    is_settled = "is settled: both answers are fine" if count == 1 else "are settled"
    return f"; {count:,} more {is_settled}"


def settle_sentence(run: str) -> str:
    """How a person says which of two answers is right."""
    return f"which is right? {DATA_SETTLE} {run} shows each pair in the browser"


def open_pairs_sentence(run: str, doubts: Mapping[str, Any] | None) -> str:
    """How many contradictions wait for somebody; empty where none are known.

    `doubts` is None where the file with them is broken.
    """
    if doubts is None:
        return (
            f"{Path(run) / DOUBTS} is broken, so it does not say how many labels"
            f" contradict each other; novice data doubt {run} makes it anew"
        )
    count = doubts.get("contradictions", {}).get("pairs", 0)
    if not count:
        return ""
    return f"{many(count, 'contradiction')} between labels; {settle_sentence(run)}"


def pair_line(pair: Mapping[str, Any]) -> str:
    """Two rows that contradict each other."""
    one, other = pair["sides"]
    return (
        f"row {one['row']}: {one['who']} says {one['says']}; row {other['row']}:"
        f" {other['who']} says {other['says']}"
    )


def row_line(row: Mapping[str, Any]) -> str:
    """A doubtful row: who says what, and what the others' answers lead to."""
    return (
        f"row {row['row']}: {row['who']} says {row['says']}, the other labels lead to"
        f" {row['instead']}; wrong with probability {row['wrong']:.2f}"
    )


def next_step(told: Mapping[str, Any], run: str, share: float | None = None) -> str:
    """What whoever reads this can do."""
    share = share or worth_a_look(told)
    count = len(first_rows(told, share))
    people = notable(told)
    if not people and told["doubts"]["share"] < NOTABLE:
        return (
            "little speaks against these labels: look at the first rows (novice data"
            f" inspect {run} --row N), and leave the others alone"
        )
    about = (
        f"look at what {people[0]} was shown and told, then set aside"
        if people
        else "look at the first rows, then set aside"
    )
    return (
        f"{about} the first {count:,}: novice data quarantine {run} --top {share:g}"
        ' --because "…"; novice data restore takes it back'
    )


def imported_sentence(labels: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Which labels were imported, who vouches for them, and how doubtful they are.

    Empty where none were; `found` may be empty, where nothing was measured.
    """
    imported = {
        who: each
        for who, each in labels.get("people", {}).items()
        if each.get("imported")
    }
    if not imported:
        return ""
    count = sum(each["labels"] for each in imported.values())
    files = sorted({file for each in imported.values() for file in each["imported"]})
    told = f"{many(count, 'label')} {'was' if count == 1 else 'were'} imported from"
    told += f" {listed(files)}, {vouching(imported)}"
    doubts = found.get("doubts", {}).get("people", {})
    doubted = sum(
        doubts[who]["share"] * doubts[who]["labels"]
        for who in imported
        if who in doubts
    )
    if doubts:
        told += f"; about {percent(doubted / max(count, 1))} of them are doubted"
    return f"{told}."


def vouching(imported: Mapping[str, Mapping[str, Any]]) -> str:
    """Who has vouched for imported labels, and whether all of them."""
    names = sorted(
        {name for each in imported.values() for name in each.get("vouched", ())}
    )
    if not names:
        return "and nobody has vouched for them (novice data trust RUN does)"
    left = any(each["untrusted"] for each in imported.values())
    return f"for {'some of which' if left else 'which'} {listed(names)} vouched"


def percent(share: float) -> str:
    """A share in percent: 31 %, 0.5 %."""
    return f"{100 * share:.2g} %" if share < 0.995 else "100 %"
