"""Seat somebody at the controls of a run: the page's server, and what it records."""

import contextlib
import json
import platform
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from novice.app.assignment import Assignment
from novice.app.options import PageOptions, UsageError, WheelOptions, simulated_name
from novice.app.page_server import (
    PageServer,
    page_flags,
    served,
    stand_back,
    wait_until_free,
)
from novice.app.record import TAKEOVER, Newest, Record
from novice.app.simulated_takeover import companion_for, riding_along
from novice.app.takeover import LOOK
from novice.envs.task import Task
from novice.envs.words import words
from novice.experts.companion import Companion
from novice.inbox.controls import controls
from novice.inbox.security import LOOPBACK


@dataclass(frozen=True, kw_only=True, eq=False)
class Seat:
    """Where somebody takes over; who does it instead of a person."""

    env: str
    kwargs: Mapping[str, Any]
    seed: int
    page: PageOptions
    wheel: WheelOptions
    person: Companion | None = None

    def command(self, folder: Path, *, watching: bool) -> list[str]:
        """The words after `novice` with which the page is served."""
        arguments = [
            f"{name}={json.dumps(value)}" for name, value in self.kwargs.items()
        ]
        flags = [word for each in arguments for word in ("--task-argument", each)]
        drives = ["--policy", str(folder), "--follow", "--drive", self.wheel.drive]
        return [
            *("play", self.env, *flags, "--seed", str(self.seed)),
            *("--out", str(folder / TAKEOVER), "--resume"),
            *("--speed", str(self.wheel.speed)),
            *(drives if watching else []),
            *page_flags(self.page),
        ]


def prepare_seat(
    task: Task, assignment: Assignment, page: PageOptions, wheel: WheelOptions
) -> Seat:
    """Find everything that driving needs, before anything is begun.

    Raises CannotPlayError where there are not enough keys, or why nobody can be
    simulated.
    """
    controls(words(task), task.id, takeover=True)
    person, simulation = None, assignment.simulation
    if simulation is not None:
        if len(simulation.everybody) > 1:
            raise UsageError(
                f"--by takeover seats one person at the controls, but"
                f" {len(simulation.everybody)} are described; give one number each"
            )
        page = PageOptions(**{**vars(page), "who": simulated_name(page.who)})
        person = companion_for(task, simulation, seed=assignment.seed)
    return Seat(
        env=assignment.env,
        kwargs=assignment.kwargs,
        seed=assignment.seed,
        page=page,
        wheel=wheel,
        person=person,
    )


class Chair:
    """The page's server of a run, from when there is something to do there."""

    def __init__(
        self,
        folder: Path,
        seat: Seat,
        stack: contextlib.ExitStack,
        *,
        say: Callable[[str], None],
    ):
        self.folder, self.seat, self._stack, self._say = folder, seat, stack, say
        self._server: PageServer | None = None
        self._watching = False

    @property
    def recording(self) -> Path:
        """Where what is done is kept."""
        return self.folder / TAKEOVER

    def done(self) -> bool:
        """Whether somebody has said that they are done."""
        return self._server is not None and self._server.done.is_set()

    def stop(self) -> None:
        """Let nobody play any more; whoever rides along gets off first."""
        self._stack.close()

    def start(self, watching: bool) -> None:
        """Let somebody play, and watch the policy from when there is one."""
        words = self.seat.command(self.folder, watching=watching)
        if self._server is None:
            self._serve(words, watching=watching)
        elif watching and not self._watching:
            self._wait_for_a_pause(self._server)
            self._server.restart(words)
        self._watching = watching

    def _serve(self, words: list[str], *, watching: bool) -> None:
        if (self.recording / "settings.json").exists():
            wait_until_free(self.recording)
        else:  # A kill may have come before anything was begun.
            shutil.rmtree(self.recording, ignore_errors=True)
        server = served(words, port=self.seat.page.port, may_finish=True)
        self._server = self._stack.enter_context(server)
        page, port, address = self.seat.page, self._server.port, self._server.address
        for line in invitation(page, port, address, watching=watching):
            self._say(line)
        stand_back()
        if self.seat.person is not None:
            self._stack.enter_context(riding_along(self.seat.person, address))

    def _wait_for_a_pause(self, server: PageServer) -> None:
        """Wait until nobody is in the middle of an episode."""
        newest = Newest(self.recording)
        while not server.done.is_set():
            tail = newest.look()
            # One that a killed server began has no end, but nobody plays it any more.
            if tail is None or tail.closed or tail.touched() < server.began:
                return
            time.sleep(LOOK)


@contextlib.contextmanager
def take_seat(
    folder: Path, seat: Seat, *, say: Callable[[str], None]
) -> Iterator[Record]:
    """What is recorded of somebody's driving, while a page is served for that."""
    with contextlib.ExitStack() as stack:
        chair = Chair(folder, seat, stack, say=say)
        yield Record(
            chair.recording, finished=chair.done, stop=chair.stop, start=chair.start
        )


def invitation(
    page: PageOptions, port: int, address: str, *, watching: bool
) -> list[str]:
    """How to get to the controls, from this machine and from another one."""
    lines = [f"Watch it here, and take over with Space:  {address}"]
    if not watching:
        lines = [
            "There is nothing to watch yet: you drive first, and the policy learns from"
            f" that:  {address}"
        ]
    if page.host in LOOPBACK:
        here = platform.node() or "this-machine"
        lines.append(
            f"From another machine:  ssh -L {port}:127.0.0.1:{port} {here}  and then"
            " the same address"
        )
    return [
        *lines,
        "Ctrl-C stops; every step is kept, and the same command goes on.",
    ]
