"""Keep which questions measure who answers or the policy, and which moments are one.

Nothing that the page is told sets these questions apart from the others.
"""

import hashlib
import json
import sqlite3
from collections.abc import Sequence

from novice.inbox.content import NewQuestion, compact, digest_of

_INSERTS = {
    "gold": "INSERT INTO gold VALUES (?, ?, ?, ?)",
    "repeats": "INSERT INTO repeats VALUES (?, ?, ?)",
    "silent": "INSERT INTO silent VALUES (?, ?, ?, ?)",
    "reserved": "INSERT INTO reserved VALUES (?, ?, ?, ?)",
}


def add_silent(
    connection: sqlite3.Connection,
    visit: int,
    questions: Sequence[NewQuestion],
    numbers: Sequence[int],
) -> None:
    """Keep which of a visit's questions are gold, reserved, or repeat another."""
    gold, repeats = 0, 0
    among = sum(question.chance is not None for question in questions)
    for question, number in zip(questions, numbers, strict=True):
        if question.gold is not None:
            actions = compact([float(each) for each in question.gold], finite=True)
            _add(connection, "gold", (number, actions, question.gold_by))
            gold += 1
        if question.repeats is not None:
            _add(connection, "repeats", (number, numbers[question.repeats]))
            repeats += 1
        if question.chance is not None:
            _add(connection, "reserved", (number, question.chance, among))
    if gold or repeats:
        _add(connection, "silent", (visit, gold, repeats))


def _add(connection: sqlite3.Connection, table: str, row: tuple[object, ...]) -> None:
    connection.execute(_INSERTS[table], (*row, digest_of(row)))


def right_answers(connection: sqlite3.Connection) -> dict[int, tuple[float, ...]]:
    """The right action of each question that is gold."""
    rows = connection.execute("SELECT question, actions FROM gold ORDER BY question")
    return {question: tuple(json.loads(actions)) for question, actions in rows}


def repeats(connection: sqlite3.Connection) -> dict[int, int]:
    """The question that each repeat asks again."""
    return dict(connection.execute("SELECT question, of FROM repeats"))


def reserved(connection: sqlite3.Connection) -> dict[int, float]:
    """The questions that chance alone chose, and the probability of each."""
    rows = connection.execute("SELECT question, chance FROM reserved ORDER BY question")
    return dict(rows)


def measuring(connection: sqlite3.Connection) -> dict[str, int]:
    """How many questions several people are asked, are repeats, and are gold."""
    shared, again, gold = connection.execute(
        "SELECT (SELECT count(*) FROM queue WHERE wanted > 1),"
        " (SELECT count(*) FROM repeats), (SELECT count(*) FROM gold)"
    ).fetchone()
    return {"shared": shared, "repeats": again, "gold": gold}


class Moments:
    """Which questions are about the same moment: repeats, and equal observations.

    A moment is called by the first question about it. Each question is looked at once,
    and only a digest of what was observed there is kept.
    """

    def __init__(self) -> None:
        self._first: dict[bytes, int] = {}
        self._moment: dict[int, int] = {}
        self._last = 0

    def known(self, connection: sqlite3.Connection) -> dict[int, int]:
        """The moment of every question that is there by now."""
        rows = connection.execute(
            "SELECT q.id, q.observation, r.of FROM questions q"
            " LEFT JOIN repeats r ON r.question = q.id WHERE q.id > ? ORDER BY q.id",
            (self._last,),
        )
        for question, observation, of in rows:
            digest = hashlib.sha256(observation).digest()
            moment = self._first.setdefault(digest, question)
            self._moment[question] = self._moment.get(of, moment)
            self._last = question
        return self._moment
