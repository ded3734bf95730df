"""Tell which rows of a dataset still count, and which were answered anew."""

from collections.abc import Sequence, Set

import numpy as np
from jaxtyping import Bool, Int

from novice.datasets.answers import GOLD, INTERPOLATED, Answers

# Why a row does not count, as far as the answers themselves tell, by number.
STANDS, ANEW, NOTHING, FILLED_OVER, KNOWN_ANSWER = range(5)
REASONS = (
    "",
    "answered anew",
    "it says nothing",
    "filled in where the same person says something themselves",
    "a right answer that measures people",
)


def standing_rows(parts: Sequence[Answers]) -> Bool[np.ndarray, " rows"]:
    """Which rows of these parts count, as far as the answers themselves tell.

    What somebody answered before the round in which they answered anew does not;
    what they said in one round stands together. Nor does an answer that finds every
    action acceptable or knows none, what was filled in where the same person says
    something themselves, nor right answers by which people are measured.
    """
    return np.asarray(reasons(parts) == STANDS)


def reasons(parts: Sequence[Answers]) -> Int[np.ndarray, " rows"]:
    """Why each row does not count, as the number of one of the `REASONS`."""
    current = current_rows(parts)
    said = places_said(parts, current)
    found = [np.zeros(0, np.int8)]
    for part, rows in zip(parts, current, strict=True):
        why = np.full(len(part), STANDS, np.int8)
        why[filled_over(part, said)] = FILLED_OVER
        why[part.says_nothing] = NOTHING
        why[~rows] = KNOWN_ANSWER if part.origin.source == GOLD else ANEW
        found.append(why)
    return np.concatenate(found)


def current_rows(parts: Sequence[Answers]) -> list[Bool[np.ndarray, " _"]]:
    """For each part, the rows whose question was not answered anew in a later round.

    Right answers by which people are measured are not among them.
    """
    newest: dict[tuple[str, int], int] = {}
    for part in parts:
        for question in asked_in(part):
            place = (part.origin.who, question)
            newest[place] = max(part.origin.round, newest.get(place, part.origin.round))
    current = []
    for part in parts:
        who, round = part.origin.who, part.origin.round
        rows = np.full(len(part), part.origin.source != GOLD)
        for row, question in enumerate(asked_in(part)):
            rows[row] &= newest[who, question] == round
        current.append(rows)
    return current


def asked_in(part: Answers) -> list[int]:
    """The question of each row; none where nobody asked."""
    return [] if part.question is None else part.question.tolist()


def places_said(
    parts: Sequence[Answers], current: Sequence[Bool[np.ndarray, " _"]]
) -> set[tuple[str, int, int]]:
    """Who says something themselves about which step of which episode."""
    return {
        (part.origin.who, int(part.episode[row]), int(part.step[row]))
        for part, rows in zip(parts, current, strict=True)
        if part.question is not None and part.origin.source != INTERPOLATED
        for row in np.flatnonzero(rows & ~part.says_nothing)
    }


def filled_over(
    part: Answers, said: Set[tuple[str, int, int]]
) -> Bool[np.ndarray, " rows"]:
    """The rows that were filled in where the same person says something themselves."""
    if part.origin.source != INTERPOLATED:
        return np.zeros(len(part), bool)
    places = zip(part.episode.tolist(), part.step.tolist(), strict=True)
    return np.array([(part.origin.who, *place) in said for place in places], bool)
