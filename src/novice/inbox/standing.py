"""Keep up with which answer stands, and how much everybody answered."""

import sqlite3

from novice.experts.question import TELLING
from novice.inbox.content import KeptAnswer, gives

# Over how long the rate of answering is measured, and over how little, in seconds.
RATE_WINDOW = 300.0
SHORTEST_RATE_WINDOW = 60.0
# From how many answers it is found at most, so that it always takes as long.
MOST_FOR_RATE = 500


def let_stand(connection: sqlite3.Connection, kept: KeptAnswer) -> None:
    """Let a new answer stand, in place of the one that this person gave before."""
    answer = kept.answer
    place = (answer.question, answer.who)
    before = connection.execute(
        "SELECT verdict FROM standing WHERE question = ? AND who = ?", place
    ).fetchone()
    old = before[0] if before else None
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
            "more": (answer.verdict in TELLING) - (old in TELLING),
            "seconds": float(answer.seconds),
        },
    )
    connection.execute("DELETE FROM leases WHERE question = ? AND who = ?", place)


def answered(connection: sqlite3.Connection) -> dict[str, tuple[int, float]]:
    """Each person's standing telling answers, and the seconds of all their answers."""
    rows = connection.execute("SELECT who, answered, seconds FROM people")
    return {who: (count, seconds) for who, count, seconds in rows}


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
        "SELECT total(verdict IN (?, ?)), min(received)"
        f" FROM ({lately}) WHERE received >= ?",
        (*TELLING, who, MOST_FOR_RATE, now - RATE_WINDOW),
    )
    return 60 * count / max(now - (first or now), SHORTEST_RATE_WINDOW)
