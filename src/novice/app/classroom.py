"""Bring a run and its people together: the inbox, the page's server, who answers."""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from novice.app.label import INBOX, instructions_in, invitation
from novice.app.options import PageOptions, simulated_name
from novice.app.simulation import answering, simulated_person
from novice.app.teaching import alive, check_askable, introduce
from novice.envs.task import Task
from novice.errors import NoviceError
from novice.experts.simulated import SimulatedPerson
from novice.inbox.store import Inbox

if TYPE_CHECKING:
    from novice.app.train import Assignment

# How far the run stands back for the page, as a niceness.
NICENESS = 10
# How long the page's server may take to start, and how long people can read that the
# run is over before it goes, in seconds.
START = 30.0
FAREWELL = 3.0


class NoServerError(NoviceError):
    """The page's server does not start."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """What people are to be asked with; whoever answers instead of them."""

    page: PageOptions
    instructions: str | None = None
    person: SimulatedPerson | None = None


def prepare_lesson(task: Task, assignment: "Assignment", page: PageOptions) -> Lesson:
    """Find everything that people's questions need, before anything is begun.

    Raises CannotAskError, NoInstructionsError, or why nobody can be simulated.
    """
    check_askable(task)
    instructions, simulation = instructions_in(page.instructions), assignment.simulation
    if simulation is None:
        return Lesson(page=page, instructions=instructions)
    return Lesson(
        page=dataclasses.replace(page, who=simulated_name(page.who)),
        instructions=instructions,
        person=simulated_person(task, simulation, seed=assignment.seed),
    )


@contextlib.contextmanager
def open_classroom(
    folder: Path,
    task: Task,
    assignment: "Assignment",
    lesson: Lesson,
    *,
    say: Callable[[str], None],
) -> Iterator[Inbox]:
    """The run's inbox, while a page is served on which people answer."""
    page = lesson.page
    with contextlib.closing(Inbox(folder / INBOX)) as inbox:
        inbox.check()
        introduce(inbox, folder, task, assignment.settings)
        inbox.tell("simulated", lesson.person is not None)
        inbox.tell("render", page.render)
        inbox.tell("instructions", lesson.instructions)
        with alive(inbox), served(folder, page) as server:
            for line in invitation(page, server.port, server.address):
                say(line)
            say("Ctrl-C stops; every answer is kept, and the same command goes on.")
            stand_back()
            with answered_by(lesson.person, server.address, assignment):
                yield inbox
            inbox.tell("phase", "finished")
            if lesson.person is None:
                time.sleep(FAREWELL)


@contextlib.contextmanager
def answered_by(
    person: SimulatedPerson | None, address: str, assignment: "Assignment"
) -> Iterator[None]:
    """A simulated person at work, if there is to be one."""
    if person is None or assignment.simulation is None:
        yield
        return
    with answering(person, address, hurry=assignment.simulation.hurry):
        yield


def stand_back() -> None:
    """Let whoever answers go first on a busy machine: every thread but the spawner."""
    spawner = {each.native_id for each in threading.enumerate() if each.name == SPAWNER}
    with contextlib.suppress(OSError):  # Only Linux has threads with a niceness.
        for thread in map(int, os.listdir("/proc/self/task")):
            if thread not in spawner:
                os.setpriority(os.PRIO_PROCESS, thread, NICENESS)


SPAWNER = "page server"


class PageServer:
    """The page's server as a process of its own, started again if it dies."""

    def __init__(self, folder: Path, page: PageOptions):
        self.folder, self.page = folder, page
        self.port, self.address = page.port, ""
        self._started = threading.Event()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        # A process inherits the niceness of the thread that spawns it.
        self._thread = threading.Thread(target=self._keep, name=SPAWNER, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until the page can be opened; raises NoServerError."""
        if not (self._started.wait(START) and self.address):
            self.stop()
            raise NoServerError(
                f"the page's server does not start; novice label {self.folder} says why"
            )

    def stop(self) -> None:
        """End the server, and wait until it has."""
        self._stopping.set()
        process = self._process
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
            process.kill()
        self._thread.join(timeout=5)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            self._run_once()
            self._stopping.wait(0.2)

    def _run_once(self) -> None:
        command = [sys.executable, "-m", "novice", "label", str(self.folder)]
        command += ["--json", "--until-alone", "--who", self.page.who]
        command += ["--host", self.page.host, "--port", str(self.port)]
        if self.page.tls_cert is not None:
            command += ["--tls-cert", self.page.tls_cert]
            command += ["--tls-key", str(self.page.tls_key)]
        # Ctrl-C is for the run, which ends its server in order.
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as self._process:
            assert self._process.stdout is not None
            line = self._process.stdout.readline()
            if line:
                told = json.loads(line)
                self.port, self.address = told["port"], told["address"]
            self._started.set()
            self._process.stdout.read()


@contextlib.contextmanager
def served(folder: Path, page: PageOptions) -> Iterator[PageServer]:
    """The page's server, as long as it is needed."""
    server = PageServer(folder, page)
    try:
        server.wait()
        yield server
    finally:
        server.stop()
