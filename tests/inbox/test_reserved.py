"""What chance alone chose is asked until it is answered, and without help."""

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from inbox.asking import a_question, an_episode, ask, says
from inbox.serving import Album, fill
from novice.inbox.layout import WRITTEN_ONCE
from novice.inbox.security import Doorkeeper
from novice.inbox.server import BLIND, label_app
from novice.inbox.store import BrokenInboxError, Inbox


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inbox.sqlite"


@pytest.fixture
def inbox(path: Path) -> Iterator[Inbox]:
    """An inbox with five questions of which the second and fourth are reserved."""
    with closing(Inbox(path)) as inbox:
        with_a_slice(inbox)
        yield inbox


def with_a_slice(inbox: Inbox, visit: int = 0) -> None:
    questions = [
        a_question(step, chance=0.125 if step in (1, 3) else None) for step in range(5)
    ]
    inbox.add_visit(visit, [an_episode(visit)], questions)


def offered(inbox: Inbox, who: str = "ana") -> list[int]:
    return [each.question.id for each in inbox.lease(who, want=99)]


def test_the_inbox_knows_what_chance_chose(inbox):
    assert inbox.reserved() == {2: 0.125, 4: 0.125}
    inbox.check()


def test_within_its_visit_it_is_asked_like_any_other(inbox):
    assert offered(inbox) == [1, 2, 3, 4, 5]


def test_a_newer_policy_retires_only_the_others(inbox):
    inbox.store([says(2)])
    ask(inbox, 2, visit=1)

    assert inbox.retire(before=1) == 3
    inbox.check()

    # Number 4 comes first: the newest policy's questions are many.
    assert offered(inbox) == [4, 6, 7]
    inbox.store([says(4, "ana")])
    inbox.release("ana", [6, 7])
    assert offered(inbox, "ben") == [6, 7]
    inbox.check()


def test_several_older_slices_come_in_their_order(inbox):
    with_a_slice(inbox, visit=1)
    ask(inbox, 1, visit=2)
    inbox.retire(before=2)

    assert offered(inbox) == [2, 4, 7, 9, 11]


def test_nobody_gets_a_question_twice(inbox):
    ask(inbox, 1, visit=1)
    inbox.retire(before=1)
    inbox.store([says(4, "ana", verdict="skip")])

    assert offered(inbox, "ana") == [2, 6]
    assert offered(inbox, "ben") == [4]


def test_at_the_end_nothing_is_asked_any_more(inbox):
    assert inbox.retire(before=inbox.visits()) == 5

    assert offered(inbox) == []
    inbox.check()


def test_a_repeat_of_a_reserved_question_is_none_itself(path):
    with closing(Inbox(path)) as inbox:
        asked = [a_question(0, chance=0.5), a_question(0, rank=1, repeats=0)]
        inbox.add_visit(0, [an_episode()], asked)

        assert inbox.reserved() == {1: 0.5}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reserved SET chance = 1",
        "DELETE FROM reserved",
        "REPLACE INTO reserved SELECT * FROM reserved",
    ],
)
def test_a_slice_was_written_once(inbox, statement):
    assert "reserved" in WRITTEN_ONCE
    inbox._file.connection.execute("PRAGMA recursive_triggers = OFF")

    with pytest.raises(sqlite3.IntegrityError, match="reserved are written once"):
        inbox._file.connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE reserved SET chance = 1", "row 2 of reserved has the digest"),
        (
            "DELETE FROM reserved WHERE question = 2",
            "visit 0 has 1 rows of reserved, but 2 were written",
        ),
        ("DELETE FROM reserved", "queue has the row"),
    ],
)
def test_a_damaged_slice_is_found(path, statement, said):
    with closing(Inbox(path)) as inbox:
        with_a_slice(inbox)
        ask(inbox, 1, visit=1)
        inbox.retire(before=1)
    with closing(sqlite3.connect(path)) as damaged, damaged:
        for (trigger,) in damaged.execute(
            "SELECT sql FROM sqlite_schema WHERE type = 'trigger'"
            " AND tbl_name = 'reserved'"
        ).fetchall():
            name = trigger.split()[2]
            damaged.execute(f"DROP TRIGGER {name}")
        damaged.execute(statement)
        for sql in TRIGGERS:
            damaged.execute(sql)

    with closing(Inbox(path)) as inbox, pytest.raises(BrokenInboxError, match=said):
        inbox.check()


def triggers() -> list[str]:
    with contextlib.closing(sqlite3.connect(":memory:")) as empty:
        from novice.inbox.layout import statements

        for statement in statements():
            empty.execute(statement)
        query = (
            "SELECT sql FROM sqlite_schema WHERE type = 'trigger'"
            " AND tbl_name = 'reserved'"
        )
        return [sql for (sql,) in empty.execute(query)]


TRIGGERS = triggers()


def test_the_page_gives_no_help_with_a_question_that_chance_chose(tmp_path):
    folder = tmp_path / "run"
    inbox = fill(folder, questions=1)
    inbox.add_visit(1, [an_episode(1)], [a_question(1, chance=0.1), a_question(2)])
    doorkeeper = Doorkeeper(folder)
    app = label_app(folder, doorkeeper, inbox, Album(), allowed_hosts={"testserver"})
    with TestClient(app) as client:
        client.headers["Authorization"] = f"Bearer {doorkeeper.invite('ana')}"
        leased = client.post("/api/lease", json={"want": 9}).json()["questions"]
        replies = {
            (number, what): client.get(f"/api/questions/{number}/{what}")
            for number in (2, 3)
            for what in ("action", "consequences")
        }
    inbox.close()

    assert {each["id"] for each in leased} == {1, 2, 3}
    assert leased[0]["id"] == 2  # What chance alone chose comes first.
    refused = {place for place, reply in replies.items() if reply.status_code == 403}
    assert refused == {(2, "action"), (2, "consequences")}
    assert replies[2, "action"].json()["error"] == BLIND
    assert replies[3, "action"].json() == {"action": [1]}
