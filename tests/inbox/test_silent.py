"""Some questions measure who answers them: whom they reach, and what they tell."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import novice.inbox.queue
from inbox.asking import a_question, an_episode, ask, says
from novice.experts.question import Answer
from novice.inbox.queue import asker
from novice.inbox.store import BrokenInboxError, Inbox, Leased

WORDS = {"action": {"kind": "discrete", "choices": [{"name": n} for n in "abc"]}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inbox.sqlite"


@pytest.fixture
def inbox(path: Path) -> Iterator[Inbox]:
    """An empty inbox."""
    with closing(Inbox(path)) as inbox:
        inbox.tell("words", WORDS)
        yield inbox


def with_a_repeat(inbox: Inbox, others: int = 12) -> int:
    """Question 1, its repeat right behind it, and others; the repeat's number."""
    again = a_question(0, rank=0, repeats=0)
    rest = [a_question(step + 1, rank=step + 1) for step in range(others)]
    inbox.add_visit(0, [an_episode()], [a_question(0), again, *rest])
    return 2


def numbers(leased: list[Leased]) -> list[int]:
    return [each.question.id for each in leased]


def offered(inbox: Inbox, who: str) -> list[int]:
    """Everything that somebody could be asked now, without asking it."""

    class Undone(Exception):
        """Nothing was leased after all."""

    found: list[int] = []
    with pytest.raises(Undone), inbox._file.writing() as connection:
        leased = novice.inbox.queue.hand_out(
            connection, asker(who), [], want=99, seconds=60.0
        )
        found = [question for question, _ in leased]
        raise Undone
    assert inbox.tally(who, now=0.0).open == len(found)
    return found


# ------------------------------------------------------------- whom a repeat reaches


def test_a_repeat_comes_after_eight_others_to_who_answered_the_original(inbox: Inbox):
    again = with_a_repeat(inbox)
    inbox.store([says(1)])

    for question in range(3, 3 + 8):
        assert again not in offered(inbox, "ana")
        inbox.store([says(question)])

    # It was asked so long ago that it has the lowest rank of those that are open.
    assert offered(inbox, "ana")[0] == again
    assert again not in offered(inbox, "ben")
    assert numbers(inbox.lease("ana", want=1)) == [again]


def test_nobody_else_is_asked_a_repeat(inbox: Inbox):
    again = with_a_repeat(inbox)
    inbox.store([says(question, "ben") for question in range(3, 15)])

    assert offered(inbox, "ben") == [1]
    inbox.store([says(1, "ana")])
    assert offered(inbox, "ben") == []
    assert again not in offered(inbox, "ana")


@pytest.mark.parametrize("verdict", ["skip", "unsure", "any", "report"])
def test_what_was_not_answered_is_not_asked_again(inbox: Inbox, verdict: str):
    again = with_a_repeat(inbox)
    inbox.store([says(1, verdict=verdict)])
    inbox.store([says(question) for question in range(3, 15)])

    assert again not in offered(inbox, "ana")


def test_a_skip_is_no_answer_between(inbox: Inbox):
    again = with_a_repeat(inbox)
    inbox.store([says(1)])
    inbox.store([says(question, verdict="skip") for question in range(3, 6)])
    inbox.store([says(question) for question in range(6, 13)])
    assert again not in offered(inbox, "ana")

    inbox.store([says(13)])

    assert again in offered(inbox, "ana")


def test_who_corrects_the_original_remembers_it(inbox: Inbox):
    again = with_a_repeat(inbox)
    inbox.store([says(1)])
    inbox.store([says(question) for question in range(3, 12)])
    assert again in offered(inbox, "ana")

    inbox.store([says(1, actions=((1.0,),))])

    assert again not in offered(inbox, "ana")


def test_a_repeat_is_asked_once(inbox: Inbox):
    again = with_a_repeat(inbox)
    inbox.store([says(1)])
    inbox.store([says(question) for question in range(3, 12)])
    inbox.store([says(again)])

    assert again not in offered(inbox, "ana")


def test_a_repeat_of_a_shared_question_goes_to_one_of_them(inbox: Inbox):
    again = a_question(0, rank=9, repeats=0)
    rest = [a_question(step + 1, wanted=2) for step in range(9)]
    inbox.add_visit(0, [an_episode()], [a_question(0, wanted=2), *rest, again])
    for who in ("ana", "ben"):
        inbox.store([says(question, who) for question in range(1, 11)])

    assert numbers(inbox.lease("ana", want=9)) == [11]
    assert inbox.lease("ben", want=9) == []
    inbox.store([says(11, "ana")])
    assert offered(inbox, "ben") == []


def test_repeats_are_no_reason_to_wait(inbox: Inbox):
    with_a_repeat(inbox, others=2)
    assert inbox.unanswered(0) == 3

    inbox.store([says(1), says(3), says(4, "ben", verdict="skip")])

    assert inbox.unanswered(0) == 0


def test_open_counts_what_a_lease_would_give_among_repeats(inbox: Inbox):
    random = np.random.default_rng(7)
    for visit in range(3):
        first = [a_question(step, wanted=1 + step % 2) for step in range(10)]
        again = [a_question(step, rank=step, repeats=step) for step in range(0, 10, 2)]
        inbox.add_visit(visit, [an_episode(visit)], first + again)
    seen: set[int] = set()
    for turn in range(200):
        who = str(random.choice(["ana", "ben", "eva"]))
        if turn % 3 == 0:
            inbox.lease(who, want=int(random.integers(3)))
        if turn == 150:
            inbox.retire(before=1)
        verdict = str(random.choice(["action", "skip", "unsure"], p=[0.7, 0.2, 0.1]))
        inbox.store([says(int(random.integers(1, 46)), who, verdict=verdict)])
        for each in ("ana", "ben", "eva", "new"):
            seen |= {question for question in offered(inbox, each)}
    # The random course came by repeats that could be asked.
    assert seen & set(inbox.repeats())
    inbox.check()


def test_a_claim_is_quick_where_many_label_and_much_is_repeated(inbox: Inbox):
    people = [f"person {number}" for number in range(20)]
    first = [a_question(step) for step in range(1000)]
    again = [a_question(step, rank=step, repeats=step) for step in range(0, 1000, 2)]
    inbox.add_visit(0, [an_episode()], first + again)
    answers = [says(n + 1, people[n % 20]) for n in range(1000)]
    inbox.store(answers[:400])
    seconds = []
    for number, answer in enumerate(answers[400:600]):
        began = time.thread_time()
        inbox.lease(people[number % 20], want=8)
        inbox.tally(people[number % 20], now=0.0)
        seconds.append(time.thread_time() - began)
        if number % 3 == 0:
            inbox.store([answer])

    # Of the processor: how long a commit takes is the disk's affair.
    assert np.quantile(seconds, 0.99) < 0.1, np.quantile(seconds, [0.5, 0.9, 0.99])


# ------------------------------------------------------------------- what is the same


def test_a_moment_is_called_by_the_first_question_about_it(inbox: Inbox):
    ask(inbox, 2)
    ask(inbox, 2, visit=1)
    gold = a_question(5, gold=(2.0,), gold_by="law")
    inbox.add_visit(2, [an_episode(2)], [gold, a_question(9, repeats=0)])
    inbox.store([says(1), says(3), says(4, "ben"), says(5, "ben"), says(6, "ben")])

    told = inbox.opinions()

    assert told.names == ("ana", "ben")
    assert told.item.tolist() == [1, 1, 2, 5, 5]
    assert told.who.tolist() == [0, 0, 1, 1, 1]
    assert told.scale.options == (3,)
    assert inbox.golds() == {5: (2.0,)}
    assert inbox.repeats() == {6: 5}


def test_a_gold_question_of_a_known_moment_has_both_numbers(inbox: Inbox):
    ask(inbox, 2)
    inbox.add_visit(1, [an_episode(1)], [a_question(1, gold=(0.0,))])

    assert inbox.golds() == {2: (0.0,), 3: (0.0,)}


def test_only_what_names_one_action_is_an_opinion(inbox: Inbox):
    ask(inbox, 8)
    inbox.store(
        [
            says(1, actions=((1.0,),)),
            says(2, actions=((0.0,), (1.0,))),
            says(3, verdict="wrong"),
            says(4, verdict="unsure"),
            says(5, verdict="any"),
            says(6),
            says(6, verdict="skip"),
            says(7, verdict="hold", actions=((0.0,), (2.0,)), steps=(5, 0)),
            says(8, verdict="hold", actions=((0.0,), (2.0,)), steps=(5, 1)),
        ]
    )

    told = inbox.opinions()

    assert told.item.tolist() == [1, 7]
    assert told.action.tolist() == [[1.0], [2.0]]


def test_a_number_that_was_left_open_is_nan(inbox: Inbox):
    inbox.tell("words", {"action": {
        "kind": "real", "low": [-2, None], "high": [2, 3], "half_range": [2.0, 1.0],
    }})  # fmt: skip
    ask(inbox, 1)
    inbox.store([says(1, actions=((0.5, None),))])

    told = inbox.opinions()

    np.testing.assert_array_equal(told.action, [[0.5, np.nan]])
    assert told.scale.half_range == (2.0, 1.0)
    assert told.scale.circular == (False, False)


@pytest.mark.parametrize(
    ("action", "options"),
    [
        ({"kind": "several", "counts": [3, 2]}, (3, 2)),
        ({"kind": "switches", "count": 3}, (2, 2, 2)),
    ],
)
def test_the_scale_follows_the_words(
    inbox: Inbox, action: dict[str, Any], options: tuple[int, ...]
):
    inbox.tell("words", {"action": action})

    told = inbox.opinions()

    assert told.scale.options == options
    assert told.action.shape == (0, len(options))


# ------------------------------------------------------------------- what is counted


def segment(question: int, keyframes: int, **other: Any) -> Answer:
    return says(
        question,
        verdict="hold",
        actions=tuple((1.0,) for _ in range(keyframes)),
        steps=tuple(range(keyframes - 1, -1, -1)),
        **other,
    )


def test_each_keyframe_of_a_segment_is_a_label(inbox: Inbox):
    ask(inbox, 7)

    inbox.store([segment(5, 3), says(6), segment(7, 2, who="ben")])

    assert inbox.tally("ana", now=0.0).mine == 4
    assert inbox.tally("ana", now=0.0).answered == 6
    assert inbox.people()["ben"].labels == 2
    inbox.store([segment(5, 5)])
    assert inbox.tally("ana", now=0.0).mine == 6
    inbox.store([says(5, verdict="unsure")])
    assert inbox.tally("ana", now=0.0).mine == 1
    inbox.check()


def test_what_measures_people_is_counted(inbox: Inbox):
    questions = [
        a_question(0, wanted=2, gold=(1.0,)),
        a_question(1, wanted=2),
        a_question(2, repeats=0),
        a_question(3, gold=(0.0,)),
        a_question(4, gold=(0.0,)),
    ]
    inbox.add_visit(0, [an_episode()], questions)
    inbox.store([says(1), says(1, "ben"), says(2), says(4, verdict="report")])

    assert inbox.measuring() == {"shared": 2, "repeats": 1, "gold": 3}
    assert inbox.queue_counts() == {
        "asked": 5,
        "answered": 3,
        "open": 3,
        "reported": 1,
        "retired": 0,
    }


# --------------------------------------------------------------------- what is found


def edited(path: Path, *statements: str) -> None:
    """Change the closed file behind novice's back, triggers or not."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        triggers = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        known = connection.execute(triggers).fetchall()
        for name, _ in known:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in known:
            connection.execute(sql)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE gold SET actions = '[1.0]'", "row 1 of gold has the digest"),
        ("UPDATE repeats SET of = 3", "row 2 of repeats has the digest"),
        ("UPDATE silent SET gold = 0", "row 0 of silent has the digest"),
        ("DELETE FROM gold WHERE question = 3", "visit 0 has 1 rows of gold, but 2"),
        ("DELETE FROM repeats", "visit 0 has 0 rows of repeats, but 1 were"),
        ("DELETE FROM silent", "visit 0 has 2 rows of gold, but 0 were"),
        ("UPDATE people SET answered = 1", "people has the row"),
    ],
)
def test_a_change_is_found(path: Path, change: str, said: str):
    with closing(Inbox(path)) as inbox:
        gold = a_question(0, gold=(2.0,)), a_question(2, gold=(0.5,))
        inbox.add_visit(0, [an_episode()], [gold[0], a_question(1, repeats=0), gold[1]])
        inbox.store([segment(3, 3)])
        inbox.check()

    edited(path, change)

    with closing(Inbox(path)) as inbox, pytest.raises(BrokenInboxError, match=said):
        inbox.check()
