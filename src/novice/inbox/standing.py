"""Keep up with which answer stands, and how much everybody answered."""

import json
import sqlite3
from dataclasses import dataclass

from novice.experts.question import SEGMENTS, TELLING
from novice.inbox.content import KeptAnswer, compact, gives

# Over how long the rate of answering is measured, and over how little, in seconds.
RATE_WINDOW = 300.0
SHORTEST_RATE_WINDOW = 60.0
# From how many answers it is found at most, so that it always takes as long.
MOST_FOR_RATE = 500


def labels_in(verdict: str | None, actions: str) -> int:
    """How many labels an answer is: one if it tells something, of a segment more.

    `actions` are those of the answer as JSON. Each keyframe of a segment is a label;
    what is filled in between them is none.
    """
    if verdict in SEGMENTS:
        return len(json.loads(actions))
    return int(verdict in TELLING)


def let_stand(connection: sqlite3.Connection, kept: KeptAnswer) -> None:
    """Let a new answer stand, in place of the one that this person gave before."""
    answer = kept.answer
    place = (answer.question, answer.who)
    before = connection.execute(
        "SELECT s.verdict, a.actions FROM standing s JOIN answers a ON a.id = s.answer"
        " WHERE s.question = ? AND s.who = ?",
        place,
    ).fetchone()
    old, old_actions = before or (None, "[]")
    connection.execute(
        "REPLACE INTO standing (question, who, answer, verdict, received)"
        " VALUES (?, ?, ?, ?, ?)",
        (*place, kept.id, answer.verdict, kept.received),
    )
    connection.execute(
        "UPDATE queue SET people = people + ?, given = given + ?, reports = reports + ?"
        " WHERE question = ?",
        (
            int(old is None),
            gives(answer.verdict) - gives(old),
            (answer.verdict == "report") - (old == "report"),
            answer.question,
        ),
    )
    connection.execute(
        "INSERT INTO people (who, answered, seconds) VALUES (:who, :more, :seconds)"
        " ON CONFLICT (who) DO UPDATE"
        " SET answered = answered + :more, seconds = seconds + :seconds",
        {
            "who": answer.who,
            "more": labels_in(answer.verdict, compact(answer.actions))
            - labels_in(old, old_actions),
            "seconds": float(answer.seconds),
        },
    )
    connection.execute("DELETE FROM leases WHERE question = ? AND who = ?", place)


def answered(connection: sqlite3.Connection) -> dict[str, tuple[int, float]]:
    """Each person's labels that stand, and the seconds of all their answers."""
    rows = connection.execute("SELECT who, answered, seconds FROM people")
    return {who: (count, seconds) for who, count, seconds in rows}


@dataclass(frozen=True)
class Standing:
    """How much one person has answered.

    `labels` stand, `seconds` went into all answers, and `last` is when the last of
    those that stand arrived, in Unix time (None: none stands).
    """

    labels: int
    seconds: float
    last: float | None


def standings(connection: sqlite3.Connection) -> dict[str, Standing]:
    """How much everybody has answered who has answered anything."""
    rows = connection.execute(
        "SELECT who, answered, seconds, (SELECT received FROM standing s"
        " WHERE s.who = p.who ORDER BY answer DESC LIMIT 1) FROM people p ORDER BY who"
    )
    return {who: Standing(*rest) for who, *rest in rows}


def stored(connection: sqlite3.Connection, who: str) -> int:
    """To how many questions an answer of this person is kept."""
    query = "SELECT count(*) FROM standing WHERE who = ?"
    (count,) = connection.execute(query, (who,)).fetchone()
    return int(count)


def rate(connection: sqlite3.Connection, who: str, *, now: float) -> float:
    """Telling answers a minute lately; a pause before the first does not count."""
    lately = (
        "SELECT verdict, received FROM standing WHERE who = ?"
        " ORDER BY answer DESC LIMIT ?"
    )
    ((count, first),) = connection.execute(
        f"SELECT total(verdict IN {TELLING}), min(received)"
        f" FROM ({lately}) WHERE received >= ?",
        (who, MOST_FOR_RATE, now - RATE_WINDOW),
    )
    return 60 * count / max(now - (first or now), SHORTEST_RATE_WINDOW)
