"""What a crowd saw of a server, and what may not be in it."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from novice.inbox.store import Inbox


@dataclass(frozen=True)
class Granted:
    """A question came to somebody, asked for at `sent` and there at `received`.

    A `renewal` prolongs a lease that lives, and one that ended if nobody else came.
    """

    question: int
    who: str
    number: int
    sent: float
    received: float
    renewal: bool = False


@dataclass(frozen=True)
class Confirmed:
    """An answer is kept; first sent at `sent`, confirmed at `received`."""

    uuid: str
    question: int
    who: str
    verdict: str
    sent: float
    received: float


@dataclass
class Book:
    """Everything that a crowd saw of the server; lists of many threads."""

    granted: list[Granted] = field(default_factory=list)
    confirmed: list[Confirmed] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    # When each request for questions was sent, and how long its reply took.
    claims: list[tuple[float, float]] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Stay:
    """A question was certainly taken by somebody, from one moment to another."""

    who: str
    start: float
    end: float


def double_assignments(
    book: Book, wanted: Mapping[int, int], *, lease_seconds: float
) -> list[str]:
    """Questions that were handed out though as many as they want had them.

    Only what is certain counts: whoever has a question has it from the reply that
    brought it, and at least until the lease would end that was asked for, or for ever
    where the answer was confirmed before that.
    """
    taken = stays(book, lease_seconds)
    return [
        f"question {each.question} came to {each.who} (lease {each.number}) while it"
        f" was with {', '.join(others)}"
        for each in book.granted
        if not each.renewal
        and len(others := others_with(each, taken[each.question]))
        >= wanted[each.question]
    ]


def others_with(granted: Granted, taken: Sequence[Stay]) -> set[str]:
    """Who else had a question all the while that it was handed out."""
    return {
        stay.who
        for stay in taken
        if stay.who != granted.who
        and stay.start <= granted.sent
        and granted.received <= stay.end
    }


def stays(book: Book, lease_seconds: float) -> dict[int, list[Stay]]:
    """When each question was with whom."""
    leases, answers = defaultdict(list), defaultdict(list)
    for each in sorted(book.granted, key=lambda one: one.sent):
        leases[each.question, each.who].append(each)
    for each in book.confirmed:
        answers[each.question, each.who].append(each)
    found: dict[int, list[Stay]] = defaultdict(list)
    for (question, who), held in leases.items():
        for since, until in unbroken(held, lease_seconds):
            stay = Stay(who, since, until)
            found[question].append(shortened(stay, answers, question))
    for (question, who), said in answers.items():
        found[question] += [
            Stay(who, each.received, math.inf)
            for each in said
            if each.verdict != "skip"
        ]
    return found


def unbroken(
    held: Sequence[Granted], lease_seconds: float
) -> Iterator[tuple[float, float]]:
    """The times of a lease and its renewals, as one where each came in time."""
    start, end = held[0].received, held[0].sent + lease_seconds
    for each in held[1:]:
        if each.received <= end:
            end = each.sent + lease_seconds
        elif not each.renewal:
            yield start, end
            start, end = each.received, each.sent + lease_seconds
    yield start, end


def shortened(
    stay: Stay, answers: Mapping[tuple[int, str], Sequence[Confirmed]], question: int
) -> Stay:
    """Until the person gave the question away, or for ever if they answered in time."""
    for each in answers.get((question, stay.who), ()):
        if each.verdict == "skip" and each.received >= stay.start:
            return Stay(stay.who, stay.start, min(stay.end, each.sent))
        if each.verdict != "skip" and stay.start <= each.received <= stay.end:
            return Stay(stay.who, stay.start, math.inf)
    return stay


def asked_again(book: Book) -> list[str]:
    """Questions that came once more to somebody who had answered them already."""
    done = {(each.question, each.who): each.received for each in book.confirmed}
    return [
        f"question {each.question} came again to {each.who}"
        for each in book.granted
        if not each.renewal
        and done.get((each.question, each.who), math.inf) < each.sent
    ]


def late_claims(book: Book) -> np.ndarray:
    """Milliseconds that each request for questions took, in the order of asking."""
    return 1000 * np.array([seconds for _, seconds in sorted(book.claims)])


def winners(inbox: Inbox) -> Counter[int]:
    """How many people's answers to each question came in time."""
    kept = inbox.answers_after(0)
    return Counter(
        each.answer.question
        for each in kept
        if each.answer.verdict == "action" and not each.late
    )
