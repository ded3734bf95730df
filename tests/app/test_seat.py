"""Somebody sits at a run's controls, and ends their episode before a policy comes."""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.commands import WALK, WALKER
from app.test_record import end, play
from novice.algorithms.settings import DaggerSettings, PeopleSettings
from novice.app import seat as seat_module
from novice.app.assignment import Assignment
from novice.app.options import (
    PageOptions,
    SimulationOptions,
    UsageError,
    WheelOptions,
)
from novice.app.page_server import PageServer
from novice.app.seat import Chair, Seat, prepare_seat
from novice.envs.task import make_task
from novice.inbox.recorder import Recorder

PAGE = PageOptions(who="ana")


class Server(PageServer):
    """A page's server that only notes what it is to serve."""

    def __init__(self) -> None:
        self.port, self.address, self.began = 8642, "http://somewhere", time.time()
        self.done = threading.Event()
        self.served: list[list[str]] = []

    def restart(self, words: Sequence[str]) -> None:
        self.served.append(list(words))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """What every chair of the test is served by."""
    found = Server()

    @contextlib.contextmanager
    def served(words: Sequence[str], **_: Any) -> Iterator[Server]:
        found.served.append(list(words))
        yield found

    monkeypatch.setattr(seat_module, "served", served)
    monkeypatch.setattr(seat_module, "stand_back", lambda: None)
    monkeypatch.setattr(seat_module, "LOOK", 0.01)
    return found


def seat(page: PageOptions = PAGE) -> Seat:
    return Seat(
        env=WALK,
        kwargs={"size": 2},
        seed=7,
        page=page,
        wheel=WheelOptions(drive="hold", speed=0.5),
    )


@pytest.fixture
def chair(tmp_path: Path, server: Server) -> Iterator[Chair]:
    """Where somebody drives until there is a policy."""
    with contextlib.ExitStack() as stack:
        found = Chair(tmp_path / "run", seat(), stack, say=lambda line: None)
        found.start(watching=False)
        yield found


def watching(chair: Chair) -> threading.Thread:
    """Let the policy of a first round be watched from now on, as soon as it can be."""
    thread = threading.Thread(target=chair.start, args=(True,), daemon=True)
    thread.start()
    return thread


def is_served(thread: threading.Thread, server: Server) -> bool:
    """Whether the policy is watched before long."""
    thread.join(timeout=5)
    return not thread.is_alive() and len(server.served) == 2


def recorded(chair: Chair, *, ended: bool) -> Recorder:
    """An episode in the run's recording."""
    return play(chair.recording, ended=ended)


def test_the_words_that_serve_the_page(tmp_path: Path):
    driven = seat().command(tmp_path, watching=False)
    watched = seat().command(tmp_path, watching=True)

    recording = str(tmp_path / "takeover")
    assert driven[:9] == [
        *("play", WALK, "--task-argument", "size=2", "--seed", "7"),
        *("--out", recording, "--resume"),
    ]
    assert [word for word in watched if word not in driven] == [
        *("--policy", str(tmp_path), "--follow", "--drive", "hold")
    ]


def test_nothing_is_begun_anew_for_who_watches_already(chair: Chair, server: Server):
    chair.start(watching=True)
    chair.start(watching=True)

    assert len(server.served) == 2
    assert "--policy" not in server.served[0]
    assert "--policy" in server.served[1]


def test_who_is_in_the_middle_of_an_episode_ends_it_first(chair: Chair, server: Server):
    recorder = recorded(chair, ended=False)
    thread = watching(chair)
    time.sleep(0.1)
    assert thread.is_alive() and len(server.served) == 1

    end(recorder)
    recorder.close()
    assert is_served(thread, server)


def test_who_threw_an_episode_away_is_in_none(chair: Chair, server: Server):
    recorder = recorded(chair, ended=False)
    recorder.discard()
    recorder.close()

    assert is_served(watching(chair), server)


def test_what_was_said_after_the_end_begins_no_episode(chair: Chair, server: Server):
    recorder = recorded(chair, ended=True)
    recorder.fumbled(2)
    recorder.close()

    assert is_served(watching(chair), server)


def test_an_episode_that_a_killed_server_began_is_nobodys(chair: Chair, server: Server):
    recorded(chair, ended=False).close()
    thread = watching(chair)
    time.sleep(0.05)
    assert thread.is_alive()

    server.began = time.time() + 1  # Another one serves now.
    assert is_served(thread, server)


def test_who_is_done_is_not_waited_for(chair: Chair, server: Server):
    recorded(chair, ended=False).close()
    server.done.set()

    assert is_served(watching(chair), server)
    assert chair.done()


def test_what_a_kill_cut_before_it_was_a_recording_is_begun_anew(
    tmp_path: Path, server: Server
):
    left = tmp_path / "run/takeover"
    left.mkdir(parents=True)
    (left / "settings.json.part").write_text("{")
    with contextlib.ExitStack() as stack:
        chair = Chair(tmp_path / "run", seat(), stack, say=lambda line: None)
        chair.start(watching=False)

    assert not left.exists()


def assignment(**simulation: Any) -> Assignment:
    return Assignment(
        command="dagger",
        env=WALK,
        kwargs={},
        expert="human",
        settings=DaggerSettings(people=PeopleSettings(by="takeover")),
        seed=0,
        test_episodes=2,
        validation_episodes=2,
        simulation=SimulationOptions(**simulation) if simulation else None,
    )


def test_nobody_takes_a_simulated_driver_for_a_real_one():
    task = make_task(WALK)

    found = prepare_seat(task, assignment(simulate=WALKER), PAGE, WheelOptions())
    real = prepare_seat(task, assignment(), PAGE, WheelOptions())

    assert found.page.who == "simulated ana" and found.person is not None
    assert real.page.who == "ana" and real.person is None


def test_one_person_sits_at_the_controls():
    two = assignment(simulate=WALKER, lapses=(0.0, 0.5))

    with pytest.raises(UsageError, match="seats one person at the controls, but 2"):
        prepare_seat(make_task(WALK), two, PAGE, WheelOptions())
