"""Say how an inbox's file is laid out, schema by schema."""

import sqlite3
from collections.abc import Iterator

# The newest schema; what `CHANGES` adds to the one before is never edited again.
SCHEMA = 3

# These rows are written once; each has a digest of its fields.
_CONTENT = """
CREATE TABLE visits (
    id INTEGER PRIMARY KEY,
    episodes INTEGER NOT NULL,
    questions INTEGER NOT NULL,
    clips INTEGER NOT NULL,
    digest BLOB NOT NULL
);
CREATE TABLE episodes (
    id INTEGER PRIMARY KEY,
    visit INTEGER NOT NULL REFERENCES visits,
    episode INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    actions BLOB NOT NULL,
    replays INTEGER NOT NULL,
    digest BLOB NOT NULL
);
CREATE TABLE questions (
    id INTEGER PRIMARY KEY,
    visit INTEGER NOT NULL REFERENCES visits,
    episode INTEGER NOT NULL REFERENCES episodes,
    step INTEGER NOT NULL,
    observation BLOB NOT NULL,
    action BLOB NOT NULL,
    rank INTEGER NOT NULL,
    wanted INTEGER NOT NULL,
    digest BLOB NOT NULL
);
CREATE TABLE clips (
    question INTEGER PRIMARY KEY REFERENCES questions,
    image BLOB NOT NULL,
    media TEXT NOT NULL,
    frames INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    frames_per_second REAL NOT NULL,
    digest BLOB NOT NULL
);
CREATE TABLE answers (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    question INTEGER NOT NULL REFERENCES questions,
    who TEXT NOT NULL,
    verdict TEXT NOT NULL,
    actions TEXT NOT NULL,
    seconds REAL NOT NULL,
    shown TEXT NOT NULL,
    lease INTEGER NOT NULL,
    received REAL NOT NULL,
    late INTEGER NOT NULL,
    digest BLOB NOT NULL
);
CREATE TABLE retirements (
    id INTEGER PRIMARY KEY,
    before INTEGER NOT NULL,
    last_question INTEGER NOT NULL,
    last_answer INTEGER NOT NULL,
    digest BLOB NOT NULL
);
CREATE TABLE news (
    id INTEGER PRIMARY KEY,
    content TEXT NOT NULL,
    digest BLOB NOT NULL
);
"""
_WRITTEN_ONCE = (
    "visits",
    "episodes",
    "questions",
    "clips",
    "answers",
    "retirements",
    "news",
)

# REPLACE deletes what it replaces without asking a trigger, so it is stopped before.
_APPEND_ONLY = """
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} are written once'); END;
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} are written once'); END;
CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})
BEGIN SELECT RAISE(ABORT, '{table} are written once'); END;
"""
_SAME = {
    "answers": "id = new.id OR uuid = new.uuid",
    "clips": "question = new.question",
    "gold": "question = new.question",
    "repeats": "question = new.question",
    "silent": "visit = new.visit",
    "reserved": "question = new.question",
}

# The facts that the page shows, each replaced by a newer one.
# Who holds which question; void after a restart of the machine.
# The rest follows from the content; `check` compares them.
_STATE = """
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    content TEXT NOT NULL,
    digest BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE leases (
    question INTEGER NOT NULL REFERENCES questions,
    who TEXT NOT NULL,
    number INTEGER NOT NULL,
    boot TEXT NOT NULL,
    deadline REAL NOT NULL,
    PRIMARY KEY (question, who)
) WITHOUT ROWID;
CREATE INDEX leases_alive ON leases (boot, deadline);
CREATE TABLE queue (
    question INTEGER PRIMARY KEY REFERENCES questions,
    visit INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    wanted INTEGER NOT NULL,
    people INTEGER NOT NULL DEFAULT 0,
    given INTEGER NOT NULL DEFAULT 0,
    reports INTEGER NOT NULL DEFAULT 0,
    retired INTEGER NOT NULL DEFAULT 0,
    leases INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX queue_open ON queue (visit DESC, rank, question)
WHERE given < wanted AND reports = 0 AND retired = 0;
CREATE INDEX queue_touched ON queue (question)
WHERE given < wanted AND reports = 0 AND retired = 0 AND people > 0;
CREATE TABLE standing (
    question INTEGER NOT NULL REFERENCES questions,
    who TEXT NOT NULL,
    answer INTEGER NOT NULL REFERENCES answers,
    verdict TEXT NOT NULL,
    received REAL NOT NULL,
    PRIMARY KEY (question, who)
) WITHOUT ROWID;
CREATE INDEX standing_by_who ON standing (who, answer, verdict, received);
CREATE TABLE people (
    who TEXT PRIMARY KEY,
    answered INTEGER NOT NULL,
    seconds REAL NOT NULL
) WITHOUT ROWID;
"""


# Schema 2: questions that measure who answers them. Of gold ones the right action is
# known, and a repeat asks somebody again. `silent` says how many of each a visit has.
_MEASURING = """
CREATE TABLE gold (
    question INTEGER PRIMARY KEY REFERENCES questions,
    actions TEXT NOT NULL,
    who TEXT NOT NULL,
    digest BLOB NOT NULL
);
CREATE TABLE repeats (
    question INTEGER PRIMARY KEY REFERENCES questions,
    of INTEGER NOT NULL REFERENCES questions,
    digest BLOB NOT NULL
);
CREATE TABLE silent (
    visit INTEGER PRIMARY KEY REFERENCES visits,
    gold INTEGER NOT NULL,
    repeats INTEGER NOT NULL,
    digest BLOB NOT NULL
);
"""
_MEASURING_ONCE = ("gold", "repeats", "silent")

# Schema 3: questions that chance alone chose from all that was visited, each with the
# same probability. So many of its visit are of this kind; `chance` is the probability.
_RESERVING = """
CREATE TABLE reserved (
    question INTEGER PRIMARY KEY REFERENCES questions,
    chance REAL NOT NULL,
    among INTEGER NOT NULL,
    digest BLOB NOT NULL
);
"""
_RESERVING_ONCE = ("reserved",)
# Every table whose rows are never changed.
WRITTEN_ONCE = _WRITTEN_ONCE + _MEASURING_ONCE + _RESERVING_ONCE


def _guarded(tables: tuple[str, ...]) -> str:
    """The triggers that keep these tables' rows as they were written."""
    return "".join(
        _APPEND_ONLY.format(table=table, same=_SAME.get(table, "id = new.id"))
        for table in tables
    )


# What each schema adds to the one before it.
CHANGES = {
    1: _CONTENT + _guarded(_WRITTEN_ONCE) + _STATE,
    2: _MEASURING + _guarded(_MEASURING_ONCE),
    3: _RESERVING + _guarded(_RESERVING_ONCE),
}


def statements(after: int = 0, until: int = SCHEMA) -> Iterator[str]:
    """The statements that lead from one schema to another, one at a time."""
    for schema in range(after + 1, until + 1):
        statement = ""
        for line in CHANGES[schema].splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                yield statement.strip()
                statement = ""
