"""Whoever answers without a browser keeps to the page's manners, and keeps at it."""

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from inbox.serving import PLENTY, Album, fill, served, serving, start
from novice.experts.simulated import Reply
from novice.inbox import visitor as visiting
from novice.inbox.limits import Allowance
from novice.inbox.security import Doorkeeper
from novice.inbox.server import label_app
from novice.inbox.store import Inbox
from novice.inbox.visitor import TurnedAwayError, Visitor, answer_all

QUESTIONS = 40


def the_sign(observation: np.ndarray) -> Reply:
    return Reply("action", ((int(observation[0] > 0),),), 0.01)


@dataclass
class Run:
    """A run that asks, and the address at which somebody may answer."""

    folder: Path
    inbox: Inbox
    token: str = field(init=False)

    def __post_init__(self) -> None:
        self.token = Doorkeeper(self.folder).invite("simulated ana")
        self.inbox.tell("phase", "waiting")

    def address(self, port: int) -> str:
        return f"http://127.0.0.1:{port}/?token={self.token}"

    def finish(self) -> None:
        self.inbox.tell("phase", "finished")

    def until(self, answers: int) -> None:
        """Wait for so many answers."""
        end = time.monotonic() + 20
        while self.inbox.answer_count() < answers:
            assert time.monotonic() < end, self.inbox.answer_count()
            time.sleep(0.01)

    def answered(self) -> list[int]:
        """The questions that were answered, in order of arrival."""
        return [kept.answer.question for kept in self.inbox.answers_after(0)]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with contextlib.closing(fill(tmp_path / "run", questions=QUESTIONS)) as inbox:
        yield Run(tmp_path / "run", inbox)


@contextlib.contextmanager
def somebody(
    address: str, reply: Callable[[np.ndarray], Reply] = the_sign, *, hurry: bool = True
) -> Iterator[list[int]]:
    """Somebody who answers beside the test; how many answers, when they are done."""
    given: list[int] = []
    stop = threading.Event()

    def work() -> None:
        given.append(answer_all(Visitor(address), reply, hurry=hurry, stop=stop))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield given
        thread.join(20)
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()


def test_every_question_is_answered_once_by_what_its_moment_shows(run: Run):
    with serving(run.folder) as server, somebody(run.address(server.port)) as given:
        run.until(QUESTIONS)
        run.finish()

    assert given == [QUESTIONS]
    assert sorted(run.answered()) == list(range(1, QUESTIONS + 1))
    for kept in run.inbox.answers_after(0):
        answer = kept.answer
        seen = run.inbox.question(answer.question).observation
        assert (answer.who, answer.verdict) == ("simulated ana", "action")
        assert answer.actions == ((int(seen[0] > 0),),)
        assert (answer.seconds, kept.late) == (0.01, False)


def test_a_killed_server_is_waited_for_and_nothing_is_lost_or_said_twice(run: Run):
    def slowly(observation: np.ndarray) -> Reply:
        return Reply("action", ((0,),), 0.02)

    first = start(run.folder)
    second = None
    try:
        with somebody(run.address(first.port), slowly, hurry=False):
            run.until(5)
            first.kill()
            before = run.inbox.answer_count()
            second = start(run.folder, port=first.port)
            assert second.port == first.port
            run.until(QUESTIONS)
            run.finish()
    finally:
        first.process.kill()
        if second is not None:
            second.kill()

    assert before < QUESTIONS
    assert sorted(run.answered()) == list(range(1, QUESTIONS + 1))


def test_whoever_is_told_to_slow_down_waits_and_goes_on(run: Run):
    # The third batch of 16 comes when the first two have used up what there is.
    few = Allowance(a_second=16.0, burst=32)
    app = label_app(run.folder, Doorkeeper(run.folder), run.inbox, Album(), answers=few)
    asked: list[int] = []

    async def counted(scope, receive, send):
        async def listened(message):
            if message["type"] == "http.response.start":
                asked.append(message["status"])
            await send(message)

        await app(scope, receive, listened)

    with served(counted) as port, somebody(run.address(port)):
        run.until(QUESTIONS)
        run.finish()

    assert 429 in asked
    assert len(run.answered()) == QUESTIONS


def test_a_finished_run_is_left_at_once(run: Run):
    run.finish()
    with (
        served(quick_app(run)) as port,
        somebody(run.address(port), hurry=False) as given,
    ):
        pass

    # What was open still is answered, as many as were fetched at a time.
    assert given == [16]


def quick_app(run: Run):
    """The page's server without limits."""
    doorkeeper = Doorkeeper(run.folder)
    return label_app(run.folder, doorkeeper, run.inbox, Album(), answers=PLENTY)


def test_in_a_hurry_nobody_answers_while_the_run_is_busy(run: Run):
    run.inbox.tell("phase", "fitting")
    with served(quick_app(run)) as port, somebody(run.address(port)):
        time.sleep(0.5)
        assert run.answered() == []
        run.inbox.tell("phase", "waiting")
        run.until(QUESTIONS)
        run.finish()


def test_without_a_hurry_each_answer_takes_its_time(run: Run):
    def slowly(observation: np.ndarray) -> Reply:
        return Reply("unsure", (), 0.03)

    run.inbox.tell("phase", "fitting")
    with (
        served(quick_app(run)) as port,
        somebody(run.address(port), slowly, hurry=False),
    ):
        run.until(20)
        run.finish()

    received = [kept.received for kept in run.inbox.answers_after(0)]
    assert min(np.diff(received)) > 0.02


def test_somebody_who_is_stopped_leaves_in_the_middle_of_a_thought(run: Run):
    stop = threading.Event()

    def lost_in_thought(observation: np.ndarray) -> Reply:
        stop.set()
        return Reply("action", ((0,),), 60.0)

    with served(quick_app(run)) as port:
        began = time.monotonic()
        given = answer_all(Visitor(run.address(port)), lost_in_thought, stop=stop)

    assert given == 0
    assert time.monotonic() - began < 5


def test_a_wrong_token_is_turned_away(run: Run):
    with (
        served(quick_app(run)) as port,
        pytest.raises(TurnedAwayError, match=f":{port} does not know this token"),
    ):
        Visitor(f"http://127.0.0.1:{port}/?token=guessed")


def test_an_answer_that_the_task_does_not_have_ends_it_in_the_server_s_words(run: Run):
    def too_far(observation: np.ndarray) -> Reply:
        return Reply("action", ((2,),), 0.01)

    with (
        served(quick_app(run)) as port,
        contextlib.closing(Visitor(run.address(port))) as visitor,
        pytest.raises(TurnedAwayError, match=r"^/api/answers: .*0 to 1|0 or 1"),
    ):
        answer_all(visitor, too_far, hurry=True)

    assert run.answered() == []


def test_a_server_that_does_not_come_back_is_given_up(
    run: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(visiting, "PATIENCE", 0.3)
    with served(quick_app(run)) as port:
        visitor = Visitor(run.address(port))
        visitor.greet()

    with pytest.raises(
        TurnedAwayError, match=re.escape(f"nobody answers at 127.0.0.1:{port}: ")
    ):
        visitor.ask("GET", "/api/progress")
