"""Decide which question goes to whom, and until when."""

import sqlite3
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from novice.experts.question import TELLING

# Somebody answers so many other questions before one is asked again, at least.
OTHERS_BETWEEN = 8

# Another number after each start of the machine, where there is such a thing.
_BOOT = Path("/proc/sys/kernel/random/boot_id")

# The terms are those of the indexes, word for word: SQLite compares them.
OPEN = "q.given < q.wanted AND q.reports = 0 AND q.retired = 0"
NOT_RESERVED = "q.question NOT IN (SELECT question FROM reserved)"
_UNSEEN = (
    "NOT EXISTS (SELECT 1 FROM standing s WHERE s.question = q.question"
    " AND s.who = :who)"
)
# Live leases of others count as if they had been answered. The + keeps SQLite from
# looking through all that are alive for each question.
_FULL = (
    "q.given + (SELECT count(*) FROM leases l WHERE l.question = q.question"
    " AND l.who <> :who AND +l.boot = :boot AND +l.deadline > :now) >= q.wanted"
)
# A repeat is for those whose answer to the original stands, and is old enough. What
# does not name q is looked up once.
_LONG_AGO = (
    "(SELECT answer FROM standing WHERE who = :who AND verdict <> 'skip'"
    f" ORDER BY answer DESC LIMIT 1 OFFSET {OTHERS_BETWEEN - 1})"
)
_FOR_OTHERS = (
    "EXISTS (SELECT 1 FROM repeats r WHERE r.question = q.question"
    " AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.question = r.of"
    f" AND s.who = :who AND s.verdict IN {TELLING} AND s.answer < {_LONG_AGO}))"
)
_CHOICE = (
    f"SELECT q.question, q.leases + 1 FROM queue q WHERE {OPEN} AND {_UNSEEN}"
    f" AND NOT {_FOR_OTHERS} AND NOT {_FULL}"
    " ORDER BY q.visit DESC, q.rank, q.question LIMIT :most"
)
# Each term takes away what the terms before it have left.
# What is left of these from older visits comes first: it is about a policy of its own.
_LEFT = _CHOICE.replace("q.visit DESC, q.rank", "q.visit, q.rank").replace(
    f" WHERE {OPEN}",
    f" JOIN reserved r ON r.question = q.question WHERE {OPEN}"
    " AND q.visit < (SELECT max(id) FROM visits)",
)
_COUNT = (
    f"SELECT (SELECT count(*) FROM queue q WHERE {OPEN})"
    f" - (SELECT count(*) FROM queue q WHERE {OPEN} AND q.people > 0 AND NOT {_UNSEEN})"
    " - (SELECT count(*) FROM queue q WHERE q.question IN"
    " (SELECT question FROM leases WHERE boot = :boot AND deadline > :now)"
    f" AND {OPEN} AND {_UNSEEN} AND {_FULL})"
    " - (SELECT count(*) FROM queue q WHERE q.question IN"
    f" (SELECT question FROM repeats) AND {OPEN} AND {_UNSEEN}"
    f" AND NOT {_FULL} AND {_FOR_OTHERS})"
)


@dataclass(frozen=True)
class Asker:
    """Somebody who asks for questions, and when.

    `now` is the machine's monotonic clock in seconds, which nobody sets: it begins
    anew with each `boot`, and leases of another boot are void.
    """

    who: str
    boot: str
    now: float


def asker(who: str) -> Asker:
    """Somebody who asks at this moment."""
    boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
    return Asker(who, boot, time.monotonic())


def renew(
    connection: sqlite3.Connection,
    asker: Asker,
    held: Collection[int],
    *,
    seconds: float,
) -> None:
    """Prolong the leases that somebody holds, and those that nobody took over."""
    connection.executemany(
        "UPDATE leases SET boot = ?, deadline = ? WHERE question = ? AND who = ?",
        [(asker.boot, asker.now + seconds, each, asker.who) for each in sorted(held)],
    )


def hand_out(
    connection: sqlite3.Connection,
    asker: Asker,
    held: Collection[int],
    *,
    want: int,
    seconds: float,
) -> list[tuple[int, int]]:
    """Lease the best open questions that somebody does not hold, with their numbers."""
    wanted = {**asdict(asker), "most": want + len(held)}
    left = connection.execute(_LEFT, wanted).fetchall()
    chosen = dict.fromkeys([*left, *connection.execute(_CHOICE, wanted)])
    leased = [row for row in chosen if row[0] not in held][:want]
    for question, number in leased:
        place = {**asdict(asker), "question": question, "number": number}
        # A lease that ran out cannot be renewed any more.
        connection.execute(
            "DELETE FROM leases WHERE question = :question"
            " AND (who = :who OR boot <> :boot OR deadline <= :now)",
            place,
        )
        connection.execute(
            "INSERT INTO leases (question, who, number, boot, deadline)"
            " VALUES (:question, :who, :number, :boot, :deadline)",
            {**place, "deadline": asker.now + seconds},
        )
        connection.execute(
            "UPDATE queue SET leases = :number WHERE question = :question", place
        )
    return leased


def comes_late(
    connection: sqlite3.Connection, asker: Asker, question: int
) -> bool | None:
    """Whether a question is with as many others as it wants, and no lease holds it.

    A correction is as late as what it corrects. None when there is no such question.
    """
    row: Any = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM leases WHERE question = :question"
        " AND who = :who AND boot = :boot AND deadline > :now), "
        "(SELECT a.late FROM standing s JOIN answers a ON a.id = s.answer"
        f" WHERE s.question = :question AND s.who = :who), {_FULL}"
        " FROM queue q WHERE q.question = :question",
        {**asdict(asker), "question": question},
    ).fetchone()
    if row is None:
        return None
    leased, earlier, full = row
    return bool(full and not leased if earlier is None else earlier)


def open_for(connection: sqlite3.Connection, asker: Asker) -> int:
    """How many questions somebody could get: all but those seen and those held."""
    ((count,),) = connection.execute(_COUNT, asdict(asker))
    return int(count)


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many questions were asked, and what became of them."""
    asked, answered, reported, retired = connection.execute(
        "SELECT count(*), total(given > 0), total(reports > 0), total(retired)"
        " FROM queue"
    ).fetchone()
    (still_open,) = connection.execute(
        f"SELECT count(*) FROM queue q WHERE {OPEN}"
    ).fetchone()
    return {
        "asked": int(asked),
        "answered": int(answered),
        "open": int(still_open),
        "reported": int(reported),
        "retired": int(retired),
    }
