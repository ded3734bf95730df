"""Answers that arrive together are committed together, and nobody is told too early."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from inbox.asking import ask, says
from novice.experts.question import Answer
from novice.files import CannotWriteError
from novice.inbox.clerk import Clerk
from novice.inbox.store import Inbox, UnknownQuestionError


class Watched(Inbox):
    """An inbox that notes what each commit holds, and can be kept waiting."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.commits: list[int] = []
        self.may_commit = threading.Event()
        self.may_commit.set()

    def store(self, answers: Sequence[Answer]) -> list[int]:
        assert self.may_commit.wait(10)
        self.commits.append(len(answers))
        return super().store(answers)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Watched]:
    """An inbox with twenty questions."""
    inbox = Watched(tmp_path / "inbox.sqlite")
    ask(inbox, 20)
    yield inbox
    inbox.close()


def with_clerk(inbox: Inbox, use: Callable[[Clerk], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        clerk = Clerk(inbox)
        try:
            return await asyncio.wait_for(use(clerk), 30)
        finally:
            await clerk.close()

    return asyncio.run(run())


def test_each_gets_the_numbers_of_their_own_answers(inbox: Watched):
    handed_in = [[says(1)], [says(2), says(3)], [], [says(4)]]

    async def use(clerk: Clerk) -> list[list[int]]:
        return await asyncio.gather(*map(clerk.store, handed_in))

    numbers = with_clerk(inbox, use)

    kept = {each.id: each.answer for each in inbox.answers_after(0)}
    assert [[kept[number] for number in mine] for mine in numbers] == handed_in


def test_what_arrives_during_a_commit_is_the_next_one(inbox: Watched):
    async def use(clerk: Clerk) -> None:
        inbox.may_commit.clear()
        first = asyncio.create_task(clerk.store([says(1)]))
        await asyncio.sleep(0.05)
        others = [asyncio.create_task(clerk.store([says(n)])) for n in range(2, 12)]
        await asyncio.sleep(0.05)
        assert not first.done() and not any(other.done() for other in others)
        inbox.may_commit.set()
        await asyncio.gather(first, *others)

    with_clerk(inbox, use)

    assert inbox.commits == [1, 10]


def test_an_answer_is_in_the_file_when_it_is_acknowledged(inbox: Watched):
    other = Inbox(inbox.path)

    async def use(clerk: Clerk) -> None:
        async def hand_in(number: int) -> None:
            answer = says(number)
            (id,) = await clerk.store([answer])
            assert other.answers_after(id - 1, most=1)[0].answer == answer

        await asyncio.gather(*map(hand_in, range(1, 21)))

    with_clerk(inbox, use)
    other.close()

    assert inbox.last_answer() == 20


def test_the_event_loop_goes_on_during_a_commit(inbox: Watched):
    async def use(clerk: Clerk) -> int:
        inbox.may_commit.clear()
        task = asyncio.create_task(clerk.store([says(1)]))
        turns = 0
        while turns < 100:
            await asyncio.sleep(0)
            turns += 1
        inbox.may_commit.set()
        await task
        return turns

    assert with_clerk(inbox, use) == 100


def test_one_bad_answer_does_not_spoil_those_beside_it(inbox: Watched):
    async def use(clerk: Clerk) -> list[Any]:
        return await asyncio.gather(
            clerk.store([says(1)]),
            clerk.store([says(2), says(99)]),
            clerk.store([says(3)]),
            return_exceptions=True,
        )

    first, second, third = with_clerk(inbox, use)

    assert (first, third) == ([1], [2])
    assert isinstance(second, UnknownQuestionError)
    assert [each.answer.question for each in inbox.answers_after(0)] == [1, 3]


def test_when_nothing_can_be_written_all_are_told(inbox: Watched):
    async def use(clerk: Clerk) -> list[Any]:
        inbox._file.connection.execute("PRAGMA query_only = ON")
        refused = await asyncio.gather(
            *(clerk.store([says(n)]) for n in (1, 2)), return_exceptions=True
        )
        inbox._file.connection.execute("PRAGMA query_only = OFF")
        return [*refused, await clerk.store([says(3)])]

    *refused, numbers = with_clerk(inbox, use)

    assert [type(each) for each in refused] == [CannotWriteError] * 2
    assert numbers == [1] and inbox.last_answer() == 1


def test_who_goes_away_while_waiting_disturbs_nobody(inbox: Watched):
    async def use(clerk: Clerk) -> list[int]:
        inbox.may_commit.clear()
        gone = asyncio.create_task(clerk.store([says(1)]))
        stays = asyncio.create_task(clerk.store([says(2)]))
        await asyncio.sleep(0.05)
        gone.cancel()
        inbox.may_commit.set()
        return await stays

    numbers = with_clerk(inbox, use)

    assert numbers == [2]
    assert inbox.last_answer() == 2


def test_closing_finishes_what_was_handed_in(inbox: Watched):
    async def use() -> list[int]:
        clerk = Clerk(inbox)
        task = asyncio.create_task(clerk.store([says(1)]))
        await asyncio.sleep(0)
        await clerk.close()
        assert inbox.last_answer() == 1
        return await task

    assert asyncio.run(use()) == [1]


def test_a_storm_of_the_same_answer_through_the_clerk_is_one_row(inbox: Watched):
    answer = says(1)

    async def use(clerk: Clerk) -> list[list[int]]:
        return await asyncio.gather(*(clerk.store([answer]) for _ in range(1_000)))

    assert with_clerk(inbox, use) == [[1]] * 1_000
    assert inbox.last_answer() == 1
