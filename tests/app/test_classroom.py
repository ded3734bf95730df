"""A run's page is served beside it, and is there again when its server dies."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.commands import WALK, WALKER
from novice.algorithms.settings import DaggerSettings
from novice.app import classroom
from novice.app.assignment import Assignment
from novice.app.classroom import open_classroom, prepare_lesson, words_for_page
from novice.app.label import NoInstructionsError
from novice.app.options import PageOptions, SimulationOptions
from novice.app.page_server import NoServerError, served
from novice.envs.task import make_task
from novice.experts.expert import UnknownExpertError
from novice.inbox.store import AskedEpisode, Inbox, NewQuestion
from novice.inbox.visitor import Visitor

PAGE = PageOptions(who="ana", port=8780)
CARTPOLE = make_task("CartPole-v1")


@pytest.fixture(autouse=True)
def in_no_hurry_to_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads that the run is over, and the tests keep their place."""
    monkeypatch.setattr(classroom, "FAREWELL", 0.0)
    monkeypatch.setattr(classroom, "stand_back", lambda: None)


def assignment(task: str = "CartPole-v1", **simulation: Any) -> Assignment:
    return Assignment(
        command="dagger",
        env=task,
        kwargs={},
        expert="human",
        settings=DaggerSettings(labels=30, labels_per_round=10, minutes=2.0),
        seed=0,
        test_episodes=2,
        validation_episodes=2,
        simulation=SimulationOptions(**simulation) if simulation else None,
    )


@contextlib.contextmanager
def opened(folder: Path, page: PageOptions = PAGE) -> Iterator[tuple[Inbox, str]]:
    """The inbox of a run, and the address that its person was told."""
    said: list[str] = []
    lesson = prepare_lesson(CARTPOLE, assignment(), page)
    with open_classroom(
        folder, CARTPOLE, assignment(), lesson, say=said.append
    ) as inbox:
        assert said[0].startswith("Answer here:  http://127.0.0.1:")
        yield inbox, said[0].split()[-1]


def ask(inbox: Inbox) -> None:
    """Questions about the first steps of an episode, of which pictures are drawn."""
    actions = np.arange(12, dtype=np.int32)[:, None] % 2
    questions = [
        NewQuestion(
            episode=0,
            step=step,
            rank=step,
            observation=np.zeros(4, np.float32),
            action=actions[step],
            clip=None,
        )
        for step in range(12)
    ]
    inbox.add_visit(0, [AskedEpisode(None, 0, 0, 3, actions, True)], questions)


def servers_of(folder: Path) -> list[int]:
    """The processes that serve this run's page."""
    words = ["ps", "-ww", "-eo", "pid,args"]
    listed = subprocess.run(words, capture_output=True, text=True).stdout
    return [
        int(line.split()[0])
        for line in listed.splitlines()
        if f"novice label {folder} " in line
    ]


def the_server_of(folder: Path) -> int:
    """The one process that serves; what it starts looks like it for a moment."""
    end = time.monotonic() + 10
    while len(found := servers_of(folder)) != 1:
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found[0]


def test_the_page_is_told_what_it_must_know(tmp_path: Path):
    text = tmp_path / "instructions.txt"
    text.write_text("Keep it upright.")
    page = PageOptions(port=8780, instructions=str(text), render="some.module:draw")

    with opened(tmp_path / "run", page) as (inbox, _):
        facts = inbox.facts()

    assert len(facts.pop("inbox")) == 32
    assert time.time() - facts.pop("alive") < 30
    assert facts.pop("words")["action"]["kind"] == "discrete"
    assert facts.pop("served")["port"] >= 8780
    assert facts == {
        "run": "run",
        "task": {"id": "CartPole-v1", "kwargs": {}, "folder": os.getcwd()},
        "budget": {"labels": 30, "minutes": 2.0},
        "labels_per_round": 10,
        "answers": "all",
        "phase": "starting",
        "simulated": False,
        "render": "some.module:draw",
        "instructions": "Keep it upright.",
    }


def test_whoever_was_named_comes_in_by_the_address_that_was_printed(tmp_path: Path):
    with (
        opened(tmp_path / "run") as (_, address),
        contextlib.closing(Visitor(address)) as visitor,
    ):
        hello = visitor.greet()

    assert (hello["who"], hello["run"], hello["simulated"]) == ("ana", "run", False)
    assert hello["budget"] == {"labels": 30, "minutes": 2.0}


def test_at_the_end_the_page_says_so_and_its_server_goes(tmp_path: Path):
    with opened(tmp_path / "run"):
        assert len(servers_of(tmp_path / "run")) == 1

    assert servers_of(tmp_path / "run") == []
    with contextlib.closing(
        Inbox(tmp_path / "run" / "dataset" / "inbox.sqlite")
    ) as inbox:
        assert inbox.told("phase") == "finished"


def test_a_run_that_fails_takes_its_server_along(tmp_path: Path):
    with pytest.raises(RuntimeError), opened(tmp_path / "run") as (inbox, _):
        inbox.tell("phase", "fitting")
        raise RuntimeError

    assert servers_of(tmp_path / "run") == []


@pytest.mark.slow
def test_a_killed_server_is_back_at_its_port_and_knows_its_visitors(tmp_path: Path):
    folder = tmp_path / "run"
    with (
        opened(folder) as (inbox, address),
        contextlib.closing(Visitor(address)) as visitor,
    ):
        ask(inbox)
        visitor.greet()
        for _ in range(2):
            # Pictures are on their way to be drawn, by a process of their own.
            held = visitor.ask("POST", "/api/lease", {"want": 4, "holding": []})
            server = the_server_of(folder)
            began = time.monotonic()
            os.kill(server, signal.SIGKILL)
            progress = visitor.ask("GET", "/api/progress")
            took = time.monotonic() - began

            assert took < 2.0
            assert progress["training"]
            assert len(held["questions"]) == 4
            assert servers_of(folder) != [server]


def test_a_page_that_cannot_be_served_is_said_so(tmp_path: Path):
    # An address for examples, which no machine has.
    page = PageOptions(host="203.0.113.1", port=8780)
    Inbox(tmp_path / "dataset" / "inbox.sqlite").close()

    with (
        pytest.raises(NoServerError, match=r"203\.0\.113\.1:8780 cannot be served at"),
        served(words_for_page(tmp_path, page), port=page.port),
    ):
        pass


def test_what_the_page_shows_is_said_once(tmp_path: Path):
    page = PageOptions(who="ana", render="some.module:draw", instructions="text.txt")

    assert words_for_page(tmp_path, page) == [
        *("label", str(tmp_path), "--json", "--until-alone"),
        *("--who", "ana", "--host", "127.0.0.1"),
    ]


def test_instructions_that_cannot_be_read_are_refused(tmp_path: Path):
    (tmp_path / "noise").write_bytes(b"\xff\xfe\x00")

    for name, why in (("gone", "No such file"), ("noise", "codec can't decode")):
        page = PageOptions(instructions=str(tmp_path / name))
        with pytest.raises(NoInstructionsError, match=why) as refusal:
            prepare_lesson(CARTPOLE, assignment(), page)
        assert str(refusal.value).startswith(f"--instructions {tmp_path / name} cannot")
        assert str(refusal.value).endswith("; name a text file")


def test_nobody_takes_a_simulated_person_for_a_real_one():
    simulated = assignment(simulate="auto", lapses=(0.25,))

    lesson = prepare_lesson(CARTPOLE, simulated, PAGE)

    assert lesson.page.who == "simulated ana"
    (person,) = lesson.simulated
    assert person.lapses == 0.25


def test_somebody_simulated_whom_nobody_knows_is_refused():
    with pytest.raises(UnknownExpertError, match="no expert 'nonsense'"):
        prepare_lesson(CARTPOLE, assignment(simulate="nonsense"), PAGE)


def test_a_simulated_person_is_the_same_with_the_same_seed():
    walk = make_task(WALK)
    told = assignment(WALK, simulate=WALKER, lapses=(0.5,), unsure=0.5)

    said = []
    for _ in range(2):
        (person,) = prepare_lesson(walk, told, PAGE).simulated
        said.append([person.reply(np.float32([0.5])) for _ in range(20)])

    assert said[0] == said[1]
