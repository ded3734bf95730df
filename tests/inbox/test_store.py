"""An inbox keeps every answer, and hands each question to as many as it wants."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import novice.inbox.queue
from inbox.asking import CLIP, a_question, an_episode, ask, asked, says
from novice.errors import NoviceError
from novice.experts.question import BadAnswerError
from novice.files import CannotWriteError
from novice.inbox.layout import SCHEMA
from novice.inbox.queue import asker
from novice.inbox.store import (
    BrokenInboxError,
    Inbox,
    Leased,
    NewerInboxError,
    Tally,
    UnknownQuestionError,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dataset" / "inbox.sqlite"


@pytest.fixture
def inbox(path: Path) -> Iterator[Inbox]:
    """An empty inbox."""
    inbox = Inbox(path)
    yield inbox
    inbox.close()


@pytest.fixture
def other(path: Path, inbox: Inbox) -> Iterator[Inbox]:
    """The same inbox, opened once more."""
    other = Inbox(path)
    yield other
    other.close()


class Clock:
    """The machine's monotonic clock and its boot, as a test sets them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, boot: Path) -> None:
        self.now = 1_000.0
        self._boot = boot
        self.start_machine("first")
        monkeypatch.setattr(novice.inbox.queue, "_BOOT", boot)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def start_machine(self, boot: str) -> None:
        self._boot.write_text(boot + "\n")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Clock:
    return Clock(monkeypatch, tmp_path / "boot_id")


def numbers(leased: list[Leased]) -> list[int]:
    return [each.question.id for each in leased]


def edited(path: Path, *statements: str) -> None:
    """Change the file behind novice's back."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_every_connection_syncs_each_commit(inbox: Inbox, other: Inbox):
    for each in (inbox, other):
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = [
            each._file.connection.execute(f"PRAGMA {p}").fetchone()[0] for p in pragmas
        ]

        assert found == ["wal", 2, 1, 10_000]


@pytest.mark.parametrize(
    ("wish", "instead", "said"),
    [
        ("synchronous = FULL", "synchronous = NORMAL", "synchronous is 1 there inst"),
        ("journal_mode = WAL", "journal_mode = DELETE", "journal_mode is 'delete'"),
        ("foreign_keys = ON", "foreign_keys = OFF", "foreign_keys is 0 there"),
    ],
)
def test_a_connection_that_does_not_do_as_it_is_told_is_refused(
    wish: str, instead: str, said: str, path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Deaf(sqlite3.Connection):
        def execute(self, statement: str, *rest: Any) -> sqlite3.Cursor:
            return super().execute(statement.replace(wish, instead), *rest)

    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: real(*a, **k, factory=Deaf))

    with pytest.raises(CannotWriteError, match=said):
        Inbox(path)


@pytest.mark.parametrize(
    "table",
    ["visits", "episodes", "questions", "clips", "answers", "retirements", "news"],
)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET digest = x'00'",
        "DELETE FROM {}",
        "REPLACE INTO {} SELECT * FROM {}",
    ],
)
def test_what_was_written_once_stays(statement: str, table: str, inbox: Inbox):
    ask(inbox, 2, clip=CLIP)
    inbox.store([says(1)])
    inbox.retire(before=1)
    inbox.announce({"sentence": "Round 1"})
    # As another program would open it: without, REPLACE deletes unseen by triggers.
    inbox._file.connection.execute("PRAGMA recursive_triggers = OFF")
    rows = f"SELECT * FROM {table}"
    before = inbox._file.connection.execute(rows).fetchall()

    with pytest.raises(sqlite3.IntegrityError, match=f"{table} are written once"):
        inbox._file.connection.execute(statement.format(table, table))

    assert before and inbox._file.connection.execute(rows).fetchall() == before


def test_an_answer_cannot_be_replaced_by_one_with_its_uuid(inbox: Inbox):
    ask(inbox, 1)
    inbox.store([says(1)])
    inbox._file.connection.execute("PRAGMA recursive_triggers = OFF")

    with pytest.raises(sqlite3.IntegrityError, match="answers are written once"):
        inbox._file.connection.execute(
            "REPLACE INTO answers SELECT 2, uuid, question, who, 'skip', actions,"
            " seconds, shown, lease, received, late, digest FROM answers"
        )


def test_a_newer_inbox_is_refused_in_one_line(path: Path):
    Inbox(path).close()
    edited(path, f"PRAGMA user_version = {SCHEMA + 1}")

    with pytest.raises(NewerInboxError) as refusal:
        Inbox(path)

    assert str(refusal.value) == (
        f"{path} was written by a newer novice (schema {SCHEMA + 1}), but this version"
        f" reads schema {SCHEMA}; upgrade novice"
    )


def test_the_file_of_another_program_is_refused_and_left_alone(path: Path):
    path.parent.mkdir()
    edited(path, "CREATE TABLE notes (content TEXT)")
    before = path.read_bytes()[100:]

    with pytest.raises(BrokenInboxError, match="it is not an inbox"):
        Inbox(path)

    assert path.read_bytes()[100:] == before


@pytest.mark.parametrize("content", [b"notes\n" * 100, b"\x00" * 8192])
def test_a_file_that_is_no_database_is_refused(content: bytes, path: Path):
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(BrokenInboxError, match=r"inbox\.sqlite was damaged by some"):
        Inbox(path)

    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER answers_no_update",
        "DROP INDEX queue_open",
        "DROP TABLE news",
        "CREATE TABLE notes (content TEXT)",
    ],
)
def test_an_inbox_that_was_rebuilt_is_refused(statement: str, path: Path):
    Inbox(path).close()
    edited(path, statement)

    with pytest.raises(BrokenInboxError, match="its tables are not those of an inbox"):
        Inbox(path)


def test_commits_that_wait_for_a_lost_file_are_not_thrown_away(path: Path):
    inbox = asked(path, 3)
    log = path.with_name("inbox.sqlite-wal")
    waiting = log.read_bytes()
    inbox.close()
    path.unlink()
    log.write_bytes(waiting)

    with pytest.raises(BrokenInboxError, match="it is empty, but inbox"):
        Inbox(path)

    assert log.read_bytes() == waiting


def test_a_file_that_was_only_just_created_becomes_an_inbox(path: Path):
    path.parent.mkdir()
    path.touch()

    inbox = asked(path, 1)

    inbox.check()
    inbox.close()


def test_many_may_create_the_inbox_at_once(path: Path):
    def open_and_ask(visit: int) -> None:
        inbox = Inbox(path)
        ask(inbox, 1, visit=visit)
        inbox.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(open_and_ask, range(8)))

    inbox = Inbox(path)
    inbox.check()
    assert inbox.visits() == 8
    inbox.close()


def test_questions_belong_to_the_episodes_of_their_visit(inbox: Inbox):
    actions = np.array([[0.25, -1.0]], np.float32)
    second = an_episode(3, episode=4, seed=11, actions=actions, replays=False)
    seen = np.array([1e-9, 3], np.float32)
    ask(inbox, 1)

    inbox.add_visit(
        3,
        [an_episode(3), second],
        [
            a_question(0, episode=1, observation=seen, action=actions[0], clip=CLIP),
            a_question(2, episode=0),
        ],
    )

    question, episode = inbox.question(2), inbox.episode(3)
    assert (question.id, question.visit, question.episode, question.step) == (
        2,
        3,
        3,
        0,
    )
    assert question.observation.dtype == np.float32
    assert question.observation.tolist() == seen.tolist()
    assert question.action.tolist() == [0.25, -1.0]
    assert (episode.id, episode.visit, episode.episode, episode.seed) == (3, 3, 4, 11)
    assert episode.actions.dtype == np.float32 and not episode.replays
    assert episode.actions.tolist() == actions.tolist()
    assert inbox.clip_of(2) == CLIP
    assert inbox.clip_of(3) is None and inbox.question(3).episode == 2
    assert inbox.visits() == 4


def test_a_visit_that_is_there_already_is_left_as_it_is(inbox: Inbox, other: Inbox):
    ask(inbox, 2)

    ask(other, 5)

    assert inbox.tally("ana", now=0.0).open == 2
    inbox.check()


def test_a_visit_is_added_whole_or_not_at_all(inbox: Inbox):
    with pytest.raises(IndexError):
        inbox.add_visit(0, [an_episode()], [a_question(0), a_question(1, episode=1)])

    assert inbox.visits() == 0
    assert inbox.lease("ana", want=8) == []


@pytest.mark.parametrize("look", ["question", "episode"])
def test_a_number_that_nothing_has_is_named(look: str, inbox: Inbox):
    with pytest.raises(UnknownQuestionError, match=f"holds no {look} 7"):
        getattr(inbox, look)(7)


def test_facts_are_replaced(inbox: Inbox, other: Inbox):
    inbox.tell("phase", "acting")
    inbox.tell("phase", "asking")
    inbox.tell("render", None)

    assert other.told("phase") == "asking"
    assert other.told("words") is None
    assert other.facts() == {"phase": "asking", "render": None}


def test_a_fact_that_a_browser_cannot_read_is_not_told(inbox: Inbox):
    with pytest.raises(ValueError, match="not JSON compliant"):
        inbox.tell("loss", float("nan"))


def test_news_are_added(inbox: Inbox, other: Inbox):
    assert inbox.announce({"sentence": "one"}) == 1
    assert inbox.announce({"sentence": "two", "id": 99}) == 2

    assert other.news(0) == [
        {"id": 1, "sentence": "one"},
        {"id": 2, "sentence": "two"},
    ]
    assert other.news(1) == other.news(0)[1:]


def test_an_answer_comes_back_as_it_was_given(inbox: Inbox, other: Inbox):
    ask(inbox, 1)
    answer = says(
        1,
        "änne\u2028'; DROP TABLE answers; --",
        actions=((2.0,), (0.0,)),
        seconds=0.1 + 0.2,
        shown={"clip": True, "replays": 2},
        lease=3,
    )

    before = time.time()
    (number,) = inbox.store([answer])

    (kept,) = other.answers_after(0)
    assert kept.answer == answer
    assert (kept.id, kept.late, number) == (1, False, 1)
    assert before <= kept.received <= time.time()


def test_answers_come_in_order_of_arrival(inbox: Inbox):
    ask(inbox, 3)
    first, second, third = says(3), says(1), says(2)
    inbox.store([first])
    inbox.store([second, third])

    assert [each.answer for each in inbox.answers_after(0)] == [first, second, third]
    assert [each.answer for each in inbox.answers_after(1, most=1)] == [second]
    assert inbox.last_answer() == inbox.answer_count() == 3


def test_nothing_is_stored_when_one_question_is_unknown(inbox: Inbox):
    ask(inbox, 1)

    with pytest.raises(UnknownQuestionError, match="holds no question 99"):
        inbox.store([says(1), says(99)])

    assert inbox.last_answer() == 0


def test_a_keyframe_before_the_episode_is_refused(inbox: Inbox):
    """Question 3 is asked in step 2: nothing was there three steps before."""
    ask(inbox, 3)
    two = {"verdict": "hold", "actions": ((1.0,), (0.0,))}

    with pytest.raises(BadAnswerError, match="3 steps before the moment"):
        inbox.store([says(1), says(3, **two, steps=(3, 0))])

    assert inbox.last_answer() == 0
    inbox.store([says(3, **two, steps=(2, 0))])


def test_the_same_answer_ten_thousand_times_is_one_row(inbox: Inbox, other: Inbox):
    ask(inbox, 2)
    inbox.store([says(2)])
    answer = says(1)

    def post(number: int) -> list[int]:
        return (inbox, other)[number % 2].store([answer])

    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(post, range(10_000)))

    assert replies == [[2]] * 10_000
    assert [each.answer for each in inbox.answers_after(1)] == [answer]


def test_an_answer_three_times_in_one_request_is_one_row(inbox: Inbox):
    ask(inbox, 1)
    answer = says(1)

    assert inbox.store([answer] * 3) == [1, 1, 1]
    assert inbox.last_answer() == 1


def test_a_correction_is_a_new_row_and_the_latest_stands(inbox: Inbox):
    ask(inbox, 2)
    first, other, second = says(1), says(2), says(1, actions=((0.0,),))
    inbox.store([first, other, second])

    history = [kept.answer for _, kept in inbox.history("ana")]

    assert inbox.last_answer() == 3
    assert history == [second, other]


def test_the_history_goes_back_page_by_page(inbox: Inbox):
    ask(inbox, 5)
    inbox.store([says(number) for number in (1, 2, 3, 4, 5)] + [says(2, "ben")])

    pages = [inbox.history("ana", most=2)]
    while pages[-1]:
        pages.append(inbox.history("ana", before=pages[-1][-1][1].id, most=2))

    found = [[(question.id, kept.id) for question, kept in page] for page in pages]
    assert found == [[(5, 5), (4, 4)], [(3, 3), (2, 2)], [(1, 1)], []]


def test_the_newest_visit_is_asked_first_then_by_rank(inbox: Inbox):
    inbox.add_visit(0, [an_episode()], [a_question(0, rank=0)])
    ranks = [2, 0, 1, 0]
    inbox.add_visit(1, [an_episode(1)], [a_question(rank, rank=rank) for rank in ranks])

    assert numbers(inbox.lease("ana", want=5)) == [3, 5, 4, 2, 1]


def test_a_leased_question_is_not_handed_to_another(inbox: Inbox, other: Inbox):
    ask(inbox, 3)

    assert numbers(inbox.lease("ana", want=2)) == [1, 2]
    assert numbers(other.lease("ben", want=2)) == [3]


def test_each_lease_of_a_question_has_the_next_number(inbox: Inbox):
    ask(inbox, 1)

    found = []
    for who in ("ana", "ana", "ben"):
        found.append([each.lease for each in inbox.lease(who, want=1)])
        if who == "ana":
            continue
    inbox.release("ana", [1])
    found.append([each.lease for each in inbox.lease("ben", want=1)])

    assert found == [[1], [2], [], [3]]


def test_a_question_that_wants_two_is_with_two(inbox: Inbox):
    ask(inbox, 1, wanted=2)

    assert numbers(inbox.lease("ana", want=1)) == [1]
    assert numbers(inbox.lease("ben", want=1)) == [1]
    assert inbox.lease("eva", want=1) == []
    inbox.store([says(1, "ana")])
    assert inbox.lease("ana", want=1) == inbox.lease("eva", want=1) == []
    inbox.release("ben", [1])
    assert numbers(inbox.lease("eva", want=1)) == [1]


def test_a_question_in_hand_is_not_handed_out_once_more(inbox: Inbox):
    ask(inbox, 3)
    held = numbers(inbox.lease("ana", want=2))

    assert numbers(inbox.lease("ana", want=2, holding=held)) == [3]


def test_a_page_that_was_loaded_anew_gets_its_questions_again(inbox: Inbox):
    ask(inbox, 3)
    inbox.lease("ana", want=2)

    assert numbers(inbox.lease("ana", want=2)) == [1, 2]


def test_a_lease_ends_when_its_seconds_are_over(inbox: Inbox, clock: Clock):
    ask(inbox, 1)
    inbox.lease("ana", want=1, seconds=60.0)

    clock.now += 59.9
    assert inbox.lease("ben", want=1) == []
    clock.now += 0.1
    assert numbers(inbox.lease("ben", want=1)) == [1]


def test_holding_renews_a_lease(inbox: Inbox, clock: Clock):
    ask(inbox, 1)
    inbox.lease("ana", want=1, seconds=60.0)

    clock.now += 50
    inbox.lease("ana", want=0, holding=[1], seconds=60.0)
    clock.now += 59.9

    assert inbox.lease("ben", want=1) == []


def test_a_lease_that_ran_out_is_renewed_where_nobody_took_it(
    inbox: Inbox, clock: Clock
):
    ask(inbox, 1)
    inbox.lease("ana", want=1, seconds=60.0)

    clock.now += 3_600
    inbox.lease("ana", want=0, holding=[1])

    assert inbox.lease("ben", want=1) == []


def test_a_lease_that_another_took_over_is_not_renewed(inbox: Inbox, clock: Clock):
    ask(inbox, 1)
    inbox.lease("ana", want=1, seconds=60.0)
    clock.now += 60
    inbox.lease("ben", want=1, seconds=60.0)

    inbox.lease("ana", want=0, holding=[1])
    inbox.store([says(1, "ana"), says(1, "ben")])

    assert [each.late for each in inbox.answers_after(0)] == [True, False]


def test_leases_of_before_the_machine_was_restarted_are_void(
    inbox: Inbox, clock: Clock
):
    ask(inbox, 1)
    inbox.lease("ana", want=1)

    clock.now = 3.0
    clock.start_machine("second")

    assert inbox.tally("ben", now=0.0).open == 1
    assert numbers(inbox.lease("ben", want=1)) == [1]


@pytest.mark.parametrize("jump", [-3_600, 3_600])
def test_a_jump_of_the_wall_clock_changes_no_lease(
    jump: int, inbox: Inbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    ask(inbox, 2)
    inbox.lease("ana", want=1, seconds=60.0)
    wall = time.time() + jump
    monkeypatch.setattr(time, "time", lambda: wall)

    assert numbers(inbox.lease("ben", want=2)) == [2]
    clock.now += 60
    assert numbers(inbox.lease("eva", want=2)) == [1, 2]


def test_the_clock_of_leases_is_monotonic_and_of_this_boot():
    first, second = asker("ana"), asker("ana")

    assert first.boot == second.boot != ""
    assert 0 <= second.now - first.now < 1
    assert abs(second.now - time.clock_gettime(time.CLOCK_MONOTONIC)) < 1


def test_without_a_boot_number_leases_still_end(
    inbox: Inbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(novice.inbox.queue, "_BOOT", Path("/proc/none"))
    ask(inbox, 1)
    inbox.lease("ana", want=1, seconds=60.0)

    assert inbox.lease("ben", want=1) == []
    clock.now += 60
    assert numbers(inbox.lease("ben", want=1)) == [1]


def test_a_late_answer_is_an_extra_opinion_and_the_winner_stays(
    inbox: Inbox, clock: Clock
):
    ask(inbox, 1)
    (first,) = inbox.lease("ana", want=1, seconds=60.0)
    clock.now += 60
    (second,) = inbox.lease("ben", want=1, seconds=60.0)
    winner = says(1, "ben", lease=second.lease)
    late = says(1, "ana", actions=((0.0,),), lease=first.lease)
    inbox.store([winner])

    inbox.store([late])

    kept = [(each.answer, each.late) for each in inbox.answers_after(0)]
    assert kept == [(winner, False), (late, True)]


def test_a_late_answer_that_nobody_forestalled_is_not_late(inbox: Inbox, clock: Clock):
    ask(inbox, 1)
    (leased,) = inbox.lease("ana", want=1, seconds=60.0)
    clock.now += 3_600

    inbox.store([says(1, "ana", lease=leased.lease)])

    assert [each.late for each in inbox.answers_after(0)] == [False]
    assert inbox.lease("ben", want=1) == []


def test_a_correction_is_as_late_as_what_it_corrects(inbox: Inbox):
    ask(inbox, 1)
    inbox.store([says(1, "ana"), says(1, "ben")])

    inbox.store([says(1, "ben"), says(1, "ana")])

    assert [each.late for each in inbox.answers_after(0)] == [False, True, True, False]


def test_what_was_answered_or_skipped_does_not_come_back_to_the_same_person(
    inbox: Inbox,
):
    ask(inbox, 4)
    verdicts = ("skip", "unsure", "any", "wrong")
    answers = [says(1 + n, verdict=verdict) for n, verdict in enumerate(verdicts)]
    inbox.store(answers)

    assert inbox.lease("ana", want=4) == []
    assert numbers(inbox.lease("ben", want=4)) == [1]


def test_a_reported_question_leaves_the_queue_until_that_is_undone(inbox: Inbox):
    ask(inbox, 1, wanted=2)
    inbox.store([says(1, "ana", verdict="report")])
    assert inbox.lease("ben", want=1) == []

    inbox.store([says(1, "ana", verdict="any")])

    assert numbers(inbox.lease("ben", want=1)) == [1]


def test_an_answer_corrected_to_a_skip_opens_the_question_again(inbox: Inbox):
    ask(inbox, 1)
    inbox.store([says(1, "ana")])

    inbox.store([says(1, "ana", verdict="skip")])

    assert numbers(inbox.lease("ben", want=1)) == [1]
    inbox.check()


def test_retired_questions_are_kept_but_not_asked(inbox: Inbox):
    ask(inbox, 3)
    ask(inbox, 1, visit=1)
    inbox.store([says(1)])

    assert inbox.retire(before=1) == 2
    assert inbox.retire(before=1) == 0

    assert numbers(inbox.lease("ben", want=9)) == [4]
    assert inbox.question(2).visit == 0


def test_an_answer_to_a_retired_question_is_as_good(inbox: Inbox):
    ask(inbox, 1)
    (leased,) = inbox.lease("ana", want=1)
    inbox.retire(before=1)

    inbox.store([says(1, lease=leased.lease)])

    assert [each.late for each in inbox.answers_after(0)] == [False]
    assert inbox.tally("ana", now=0.0).mine == 1
    inbox.check()


def test_a_tally_by_hand(inbox: Inbox, monkeypatch: pytest.MonkeyPatch):
    ask(inbox, 10)
    now = 10_000.0
    for ago, answer in [
        (400, says(1, "ana")),
        (120, says(2, "ana", verdict="wrong")),
        (90, says(3, "ana", verdict="unsure")),
        (60, says(4, "ana")),
        (30, says(5, "ben", seconds=4.0)),
        (20, says(6, "ben", verdict="skip")),
        (10, says(7, "ana", verdict="skip")),
    ]:
        monkeypatch.setattr(time, "time", lambda ago=ago: now - ago)
        inbox.store([answer])
    inbox.lease("ben", want=1)

    # Ben holds 7; Ana skipped it, so it is not hers anyway. 6, 8, 9, 10 are.
    assert inbox.tally("ana", now=now) == Tally(
        answered=4, mine=3, stored=5, seconds=13.0, open=4, rate=60 * 2 / 120
    )
    # Ben skipped 6; 7, 8, 9, 10 are left.
    assert inbox.tally("ben", now=now) == Tally(
        answered=4, mine=1, stored=2, seconds=13.0, open=4, rate=1.0
    )


def test_corrections_do_not_count_twice(inbox: Inbox):
    ask(inbox, 3)
    inbox.store([says(1), says(1), says(1)])
    once = inbox.tally("ana", now=time.time())

    inbox.store([says(1, verdict="unsure")])
    never = inbox.tally("ana", now=time.time())

    assert (once.answered, once.mine, once.open, once.rate) == (1, 1, 2, 1.0)
    assert (never.answered, never.mine, never.open, never.rate) == (0, 0, 2, 0.0)
    # It is kept all the same, and so is the time.
    assert (once.stored, never.stored) == (1, 1)
    assert never.seconds == 4 * 1.5


def test_what_is_with_others_is_not_open(inbox: Inbox, clock: Clock):
    ask(inbox, 5)
    ask(inbox, 2, visit=1, wanted=2)
    inbox.lease("ben", want=4, seconds=60.0)

    # Ben holds 6, 7, 1, 2; of 6 and 7 somebody else is wanted too.
    assert inbox.tally("ana", now=0.0).open == 5
    assert inbox.tally("ben", now=0.0).open == 7
    clock.now += 60
    assert inbox.tally("ana", now=0.0).open == 7


def test_open_counts_what_a_lease_would_give(inbox: Inbox):
    random = np.random.default_rng(5)
    for visit in range(3):
        ask(inbox, 12, visit=visit, wanted=1 + visit % 2)
    verdicts = ("action", "wrong", "unsure", "any", "skip", "report")
    for turn in range(150):
        who = str(random.choice(["ana", "ben", "eva"]))
        if turn % 3 == 0:
            inbox.lease(who, want=int(random.integers(4)))
        if turn == 75:
            inbox.retire(before=1)
        verdict = str(random.choice(verdicts, p=[0.2, 0.1, 0.1, 0.1, 0.4, 0.1]))
        inbox.store([says(int(random.integers(1, 37)), who, verdict=verdict)])
        for each in ("ana", "ben", "eva", "new"):
            offered = inbox.tally(each, now=0.0).open
            with pytest.raises(Undone), inbox._file.writing():
                found = len(nested_lease(inbox, each))
                raise Undone
            assert offered == found
    inbox.check()


class Undone(Exception):
    """What was done inside the transaction is taken back."""


def nested_lease(inbox: Inbox, who: str) -> list[tuple[int, int]]:
    return novice.inbox.queue.hand_out(
        inbox._file.connection, asker(who), [], want=99, seconds=60.0
    )


def test_leasing_goes_through_the_index_in_its_order(inbox: Inbox):
    plan = inbox._file.connection.execute(
        "EXPLAIN QUERY PLAN " + novice.inbox.queue._CHOICE,
        {"who": "ana", "boot": "", "now": 0.0, "most": 8},
    )
    steps = [row[3] for row in plan]

    assert steps[0] == "SCAN q USING INDEX queue_open"
    assert not any("TEMP B-TREE" in step for step in steps)
    assert all("SCAN" not in step for step in steps[1:])


class Referee:
    """Notes who holds what, and every time that two hold the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: dict[int, str] = {}
        self.overlaps: list[tuple[int, str, str]] = []

    def takes(self, who: str, questions: list[int]) -> None:
        with self._lock:
            for each in questions:
                other = self._holder.setdefault(each, who)
                if other != who:
                    self.overlaps.append((each, other, who))

    def lets_go(self, question: int) -> None:
        with self._lock:
            del self._holder[question]


def test_sixteen_people_never_hold_the_same_question(path: Path):
    count = 320
    shared = asked(path, count)
    inboxes = [shared, Inbox(path), Inbox(path), Inbox(path)]
    referee = Referee()

    def label(person: int) -> list[int]:
        who, inbox, done = f"person {person}", inboxes[person % 4], []
        while leased := inbox.lease(who, want=4):
            referee.takes(who, numbers(leased))
            for place, each in enumerate(leased):
                # Somebody gives a question back now and then.
                if place == 3 and person % 5 == 0 and len(done) % 8 < 4:
                    referee.lets_go(each.question.id)
                    inbox.release(who, [each.question.id])
                    continue
                # As it is stored, nobody can have it any more.
                inbox.store([says(each.question.id, who, lease=each.lease)])
                done.append(each.question.id)
        return done

    with ThreadPoolExecutor(16) as threads:
        done = list(threads.map(label, range(16)))

    assert referee.overlaps == []
    assert sorted(each for some in done for each in some) == list(range(1, count + 1))
    kept = shared.answers_after(0)
    assert [each.id for each in kept] == list(range(1, count + 1))
    assert not any(each.late for each in kept)
    shared.check()
    for inbox in inboxes:
        inbox.close()


def test_another_process_that_holds_the_file_for_long_is_named(
    inbox: Inbox, other: Inbox
):
    other._file.connection.execute("PRAGMA busy_timeout = 50")
    with inbox._file.writing(), pytest.raises(CannotWriteError) as refusal:
        other.tell("phase", "acting")

    assert "database is locked" in str(refusal.value)
    assert str(refusal.value).endswith(
        "end the other process that holds it, and try again"
    )
    other.tell("phase", "acting")


def test_a_mistake_in_the_program_keeps_its_own_error(inbox: Inbox):
    inbox.close()

    with pytest.raises(sqlite3.ProgrammingError) as error:
        inbox.last_answer()

    assert not isinstance(error.value, NoviceError)
