"""Say how far a run's labels can be trusted, and what to do about them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from novice.app.data.suspects import (
    DATA_DOUBT,
    imported_sentence,
    next_step,
    notable,
    pairs_sentence,
    percent,
    settle_sentence,
)
from novice.app.data.telling import decision, listed, many
from novice.app.report.contents import Frame, RunContents
from novice.app.report.markup import Child, Html, joined, tag
from novice.app.report.parts import section, table
from novice.app.report.pictures import still

# Of more, the first ones are shown.
MOST_PAIRS, MOST_ROWS = 8, 12
# Pixels across.
PICTURE = 160


def trust_section(contents: RunContents) -> Html | None:
    """Contradictions, doubts and decisions; nothing where nothing is known of them."""
    labels, doubts = contents.labels, contents.doubts
    if not doubts and not remarkable(labels):
        return None
    sentences = [tag("p", each) for each in said(contents)]
    return section(
        "Can the labels be trusted?",
        joined(sentences),
        None if not doubts else pairs_table(doubts, contents.moments),
        None if not doubts else ranking(doubts),
        decisions(labels.get("decided", ())),
        note=None if not doubts else _NOTE,
    )


_NOTE = (
    "Two observations are nearly equal where they are less apart than half of what one"
    " step of the task moves them. A label is doubted where policies that learned from"
    " the other episodes find it less likely than a random answer, and the more, the"
    " more often its author is doubted. A doubt is no proof: look before you decide."
)


def remarkable(labels: Mapping[str, Any]) -> bool:
    """Whether somebody decided about labels, or should."""
    people = labels.get("people", {}).values()
    return bool(labels.get("decided")) or any(each.get("imported") for each in people)


def said(contents: RunContents) -> Iterator[str]:
    """What is known about the labels, in sentences that can be acted on."""
    labels, doubts = contents.labels, contents.doubts
    if sentence := imported_sentence(labels, doubts):
        yield sentence
    if count := labels.get("quarantined"):
        are, them = ("is", "it") if count == 1 else ("are", "them")
        yield (
            f"{many(count, 'label')} of {labels['rows']:,} {are} in quarantine: neither"
            f" later rounds nor other runs learn from {them}."
        )
    if not doubts:
        return
    yield f"{capital(pairs_sentence(doubts['contradictions']))}."
    if "doubts" in doubts:
        yield people_sentence(doubts)
        yield f"{capital(next_step(doubts, 'RUN'))}."
    if doubts["ledger"] < len(labels.get("decided", ())):
        yield (
            "This was measured before the last decision about these labels;"
            f" {DATA_DOUBT} measures it anew."
        )


def people_sentence(doubts: Mapping[str, Any]) -> str:
    """How often each person is doubted."""
    people = doubts["doubts"]["people"]
    shares = [
        f"{percent(each['share'])} of {who}\N{RIGHT SINGLE QUOTATION MARK}s"
        f" {each['labels']:,}"
        for who, each in sorted(people.items(), key=lambda one: -one[1]["share"])
    ]
    told = f"Doubted: {listed(shares)} labels."
    suspects = notable(doubts)
    if not suspects:
        return told
    return (
        f"{told} That is far more of {listed(suspects)} than of the others: a"
        " misunderstanding, a swapped key or haste looks like this."
    )


def pairs_table(doubts: Mapping[str, Any], moments: Mapping[int, Frame]) -> Html | None:
    """Pairs that contradict each other, side by side."""
    pairs = doubts["contradictions"]["shown"][:MOST_PAIRS]
    if not pairs:
        return None
    cells = [
        [
            *(side_told(side, moments) for side in pair["sides"]),
            f"{pair['steps_apart']:.2f}",
        ]
        for pair in pairs
    ]
    return joined(
        tag("h3", "Nearly the same moment, two answers"),
        tag("p", f"{capital(settle_sentence('RUN'))}."),
        table(["one", "other", "steps apart"], cells),
    )


def side_told(side: Mapping[str, Any], moments: Mapping[int, Frame]) -> Child:
    """Who said what in one row, and what they saw."""
    told = joined(
        tag("bdi", side["who"]),
        f": {side['says']} (row {side['row']}, round {side['round']})",
    )
    frame = moments.get(side["row"])
    if frame is None:
        return told
    what = f"What was seen in row {side['row']}"
    picture = tag("img", src=still(frame, width=PICTURE), alt=what)
    return joined(picture, tag("div", told))


def ranking(doubts: Mapping[str, Any]) -> Html | None:
    """The labels that the others predict least."""
    rows = doubts.get("doubts", {}).get("shown", ())[:MOST_ROWS]
    if not rows:
        return None
    cells: Sequence[Sequence[Child]] = [
        [
            row["row"],
            tag("bdi", row["who"]),
            row["round"],
            row["says"],
            row["instead"],
            f"{row['wrong']:.2f}",
        ]
        for row in rows
    ]
    head = ["row", "who", "round", "says", "the others lead to", "wrong with p"]
    return joined(tag("h3", "The most doubtful labels"), table(head, cells))


def decisions(entries: Sequence[Mapping[str, Any]]) -> Html | None:
    """What people decided about labels, and why."""
    if not entries:
        return None
    lines = [tag("li", tag("bdi", decision(entry))) for entry in entries]
    return joined(tag("h3", "What was decided"), tag("ul", lines))


def capital(sentence: str) -> str:
    """A sentence with its first letter large."""
    return sentence[:1].upper() + sentence[1:]
