"""An inbox of an older novice is brought up to date, and loses nothing."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from inbox.asking import a_question, an_episode, says
from novice.inbox.layout import SCHEMA, WRITTEN_ONCE
from novice.inbox.schema import BrokenInboxError, layout
from novice.inbox.store import Inbox

OLD = Path(__file__).with_name("inbox_of_schema_1.sql")
# What schema 1 wrote; `people` and `queue` follow from it.
TABLES = ("visits", "episodes", "questions", "clips", "answers", "retirements", "news",
          "facts", "queue", "standing", "people")  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file of schema 1, as the version that had it wrote it."""
    path = tmp_path / "inbox.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD.read_text())
    return path


@pytest.fixture
def inbox(old: Path) -> Iterator[Inbox]:
    """That file, opened by this version."""
    with closing(Inbox(old)) as inbox:
        yield inbox


def rows(path: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)
            for table in TABLES
        }


def schema_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_an_older_inbox_keeps_every_row(old: Path):
    before = rows(old)
    assert schema_of(old) == 1 and len(before["answers"]) == 6

    with closing(Inbox(old)) as inbox:
        inbox.check()

    assert rows(old) == before
    assert schema_of(old) == SCHEMA


def test_an_upgraded_inbox_has_the_tables_of_a_new_one(inbox: Inbox, tmp_path: Path):
    with closing(Inbox(tmp_path / "new.sqlite")) as new:
        assert layout(inbox._file.connection) == layout(new._file.connection)


def test_an_upgraded_inbox_takes_what_is_new(inbox: Inbox):
    gold, again = a_question(0, gold=(2.0,), gold_by="law"), a_question(1, repeats=0)

    inbox.add_visit(2, [an_episode(2)], [gold, again])
    inbox.store([says(6)])

    # Question 1 was about the same observation.
    assert inbox.golds() == {1: (2.0,), 6: (2.0,)}
    assert inbox.repeats() == {7: 6}
    inbox.check()


def test_an_older_inbox_is_upgraded_once_by_many(old: Path):
    with ThreadPoolExecutor(8) as threads:
        inboxes = list(threads.map(lambda _: Inbox(old), range(8)))

    for inbox in inboxes:
        assert inbox.answer_count() == 6
        inbox.close()
    assert schema_of(old) == SCHEMA


def test_an_upgrade_that_fails_leaves_the_old_inbox(
    old: Path, monkeypatch: pytest.MonkeyPatch
):
    def broken_off(*_: Any, **__: Any) -> Iterator[str]:
        yield "CREATE TABLE gold (question INTEGER)"
        raise KeyboardInterrupt

    before = rows(old)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("novice.inbox.schema.check_layout", lambda *_: None)
        patch.setattr("novice.inbox.schema.statements", broken_off)
        Inbox(old)

    assert schema_of(old) == 1
    with closing(Inbox(old)) as inbox:
        inbox.check()
    assert rows(old) == before


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TABLE standing", "its tables are not those of an inbox"),
        ("CREATE TABLE gold (question INTEGER)", "its tables are not those of"),
        ("PRAGMA user_version = 0", "no inbox has the schema 0"),
        ("PRAGMA user_version = -3", "no inbox has the schema -3"),
        ("PRAGMA application_id = 5", "it is not an inbox"),
    ],
)
def test_what_is_no_older_inbox_is_left_alone(old: Path, statement: str, said: str):
    with closing(sqlite3.connect(old)) as connection:
        connection.execute(statement)
    before = old.read_bytes()

    with pytest.raises(BrokenInboxError, match=said):
        Inbox(old)

    with closing(sqlite3.connect(old)) as connection:
        tables = "SELECT name FROM sqlite_schema WHERE name = 'silent'"
        assert connection.execute(tables).fetchall() == []
    assert len(before) == old.stat().st_size


@pytest.mark.parametrize("table", ["gold", "repeats", "silent"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET digest = x'00'",
        "DELETE FROM {}",
        "REPLACE INTO {} SELECT * FROM {}",
    ],
)
def test_what_measures_people_was_written_once(
    table: str, statement: str, inbox: Inbox
):
    assert table in WRITTEN_ONCE
    inbox.add_visit(2, [an_episode(2)], [a_question(gold=(1.0,), repeats=0)])
    inbox._file.connection.execute("PRAGMA recursive_triggers = OFF")

    with pytest.raises(sqlite3.IntegrityError, match=f"{table} are written once"):
        inbox._file.connection.execute(statement.format(table, table))
