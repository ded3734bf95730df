"""Read all of an inbox and see that it is as it was written."""

import heapq
import itertools
import operator
import sqlite3
from collections.abc import Callable, Iterator, Set
from pathlib import Path
from typing import Any

from novice.inbox.content import NO_DIGEST, digest_of, gives
from novice.inbox.layout import WRITTEN_ONCE
from novice.inbox.schema import broken, check_pages
from novice.inbox.standing import labels_in

Rows = list[tuple[Any, ...]]


def audit(connection: sqlite3.Connection, path: Path) -> None:
    """Raise BrokenInboxError with the first row that is not as it was written."""
    check_pages(connection, path, "integrity_check")
    for table in (*WRITTEN_ONCE, "facts"):
        check_digests(connection, path, table)
    lost = connection.execute("PRAGMA foreign_key_check").fetchone()
    if lost:
        raise broken(
            path, f"a row of {lost[0]} belongs to one of {lost[2]} that is not there"
        )
    check_visits(connection, path)
    check_silent(connection, path)
    check_reserved(connection, path)
    check_what_follows(connection, path)


def check_digests(connection: sqlite3.Connection, path: Path, table: str) -> None:
    """Raise BrokenInboxError unless each row of a table has its fields' digest.

    That of an answer goes over the digest of the answer before it too.
    """
    before = NO_DIGEST if table == "answers" else b""
    for *fields, found in connection.execute(f"SELECT * FROM {table} ORDER BY 1"):
        expected = digest_of(fields, before)
        if found != expected:
            raise broken(
                path,
                f"row {fields[0]} of {table} has the digest {short(found)}, but its"
                f" content gives {short(expected)}",
            )
        before = expected if table == "answers" else b""


def short(digest: Any) -> str:
    """The beginning of a digest, or of what is there instead."""
    return digest.hex()[:12] + "…" if isinstance(digest, bytes) else repr(digest)[:12]


def check_visits(connection: sqlite3.Connection, path: Path) -> None:
    """Raise BrokenInboxError unless each visit has all that was written with it."""
    for table, rows in [
        ("episodes", "episodes WHERE visit = v.id"),
        ("questions", "questions WHERE visit = v.id"),
        ("clips", "clips c JOIN questions q ON q.id = c.question WHERE visit = v.id"),
    ]:
        incomplete = connection.execute(
            f"SELECT id, {table}, (SELECT count(*) FROM {rows}) AS found FROM visits v"
            f" WHERE found <> {table}"
        ).fetchone()
        if incomplete:
            visit, expected, found = incomplete
            raise broken(
                path, f"visit {visit} has {found} {table}, but {expected} were written"
            )


def check_silent(connection: sqlite3.Connection, path: Path) -> None:
    """Raise BrokenInboxError unless each visit has its gold and its repeats."""
    for table in ("gold", "repeats"):
        incomplete = connection.execute(
            f"SELECT v.id, ifnull(s.{table}, 0) AS expected, (SELECT count(*)"
            f" FROM {table} t JOIN questions q ON q.id = t.question"
            " WHERE q.visit = v.id) AS found"
            " FROM visits v LEFT JOIN silent s ON s.visit = v.id"
            " WHERE found <> expected"
        ).fetchone()
        if incomplete:
            visit, expected, found = incomplete
            raise broken(
                path,
                f"visit {visit} has {found} rows of {table}, but {expected} were"
                " written",
            )


def check_reserved(connection: sqlite3.Connection, path: Path) -> None:
    """Raise BrokenInboxError unless a visit's reserved questions are all there."""
    incomplete = connection.execute(
        "SELECT q.visit, max(r.among) AS expected, count(*) AS found FROM reserved r"
        " JOIN questions q ON q.id = r.question GROUP BY q.visit"
        " HAVING found <> expected"
    ).fetchone()
    if incomplete:
        visit, expected, found = incomplete
        raise broken(
            path,
            f"visit {visit} has {found} rows of reserved, but {expected} were written",
        )


def check_what_follows(connection: sqlite3.Connection, path: Path) -> None:
    """Raise BrokenInboxError unless the other tables say what the answers do."""
    course = course_of(connection)
    tables: list[tuple[str, str, Rows]] = [
        (
            "queue",
            "question, visit, rank, wanted, people, given, reports, retired",
            [tuple(row) for row in course.queue.values()],
        ),
        (
            "standing",
            "question, who, answer, verdict, received",
            [(*place, *rest) for place, rest in course.standing.items()],
        ),
        (
            "people",
            "who, answered, seconds",
            [(who, *rest) for who, rest in course.people.items()],
        ),
    ]
    for table, columns, expected in tables:
        check_rows(connection, path, table, columns, expected)


class Course:
    """What follows from questions and answers, found again one by one."""

    def __init__(self, questions: Rows, reserved: Set[int] = frozenset()) -> None:
        self.reserved = reserved
        self.queue = {row[0]: [*row, 0, 0, 0, 0] for row in questions}
        self.standing: dict[tuple[int, str], tuple[int, str, float]] = {}
        self.labels: dict[tuple[int, str], int] = {}
        self.people: dict[str, tuple[int, float]] = {}

    def answer(
        self,
        number: int,
        question: int,
        who: str,
        verdict: str,
        actions: str,
        seconds: float,
        received: float,
    ) -> None:
        """Let an answer stand, in place of the one that this person gave before."""
        _, old, _ = self.standing.get((question, who), (0, None, 0.0))
        self.standing[question, who] = (number, verdict, received)
        row = self.queue[question]
        row[4] += old is None
        row[5] += gives(verdict) - gives(old)
        row[6] += (verdict == "report") - (old == "report")
        count, spent = self.people.get(who, (0, 0.0))
        labels = labels_in(verdict, actions)
        count += labels - self.labels.get((question, who), 0)
        self.labels[question, who] = labels
        self.people[who] = (count, spent + seconds)

    def retire(self, _: int, before: int, last_question: int) -> None:
        """End what was open when the visits before this one were retired.

        What is reserved goes on, unless there was nothing else to ask about.
        """
        asked = [row for row in self.queue.values() if row[0] <= last_question]
        over = all(visit < before for _, visit, *_ in asked)
        for row in asked:
            number, visit, _, wanted, _, given, reports, _ = row
            if visit < before and (over or number not in self.reserved):
                row[7] = row[7] or int(given < wanted and not reports)


def course_of(connection: sqlite3.Connection) -> Course:
    """What follows from the rows that were written once, in the order they came."""
    questions = "SELECT id, visit, rank, wanted FROM questions ORDER BY id"
    reserved = connection.execute("SELECT question FROM reserved")
    course = Course(
        connection.execute(questions).fetchall(), {each for (each,) in reserved}
    )
    answers = connection.execute(
        "SELECT id, question, who, verdict, actions, seconds, received FROM answers"
        " ORDER BY id"
    )
    retirements = connection.execute(
        "SELECT last_answer, before, last_question FROM retirements ORDER BY id"
    )
    events: Iterator[tuple[tuple[int, int], Callable[..., None], tuple[Any, ...]]] = (
        heapq.merge(
            (((row[0], 0), course.answer, row) for row in answers),
            (((row[0], 1), course.retire, row) for row in retirements),
            key=operator.itemgetter(0),
        )
    )
    for _, happens, row in events:
        happens(*row)
    return course


def check_rows(
    connection: sqlite3.Connection,
    path: Path,
    table: str,
    columns: str,
    expected: Rows,
) -> None:
    """Raise BrokenInboxError unless a table has the rows that follow."""
    query = f"SELECT {columns} FROM {table} ORDER BY 1, 2"
    found = connection.execute(query)
    for row, right in itertools.zip_longest(found, sorted(expected)):
        if row != right:
            raise broken(
                path, f"{table} has the row {row}, but its answers give {right}"
            )
