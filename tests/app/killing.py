"""Kill the command while it runs, and let it go on, again and again."""

import fcntl
import multiprocessing
import os
import random
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.commands import tiny
from novice.app.cli import main

TESTS = Path(__file__).resolve().parents[1]
# A process that has imported everything, and forks others in no time.
_NURSERY = multiprocessing.get_context("forkserver")
_NURSERY.set_forkserver_preload(["pytest", "app.killing", "novice.app.teaching"])


@dataclass(frozen=True)
class Kill:
    """One kill, and what it left behind."""

    command: str
    seconds: float  # since the process was started
    began: bool  # whether there was a settings.json
    rounds: int
    half_written: bool

    def __str__(self) -> str:
        what = f"{self.rounds} rounds" if self.began else "nothing begun"
        half = ", something half written" if self.half_written else ""
        return f"{self.command:<9} killed after {self.seconds:5.2f} s: {what}{half}"


def carry_out(words: list[str], cwd: Path, said: Path) -> None:
    """Be the command, which speaks into a file."""
    from novice.app import classroom, page_server

    descriptor = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.chdir(cwd)
    os.environ["PYTHONPATH"] = str(TESTS)  # What it starts finds the tests' tasks.
    classroom.FAREWELL = 0.0  # Nobody reads that the run is over.
    page_server.NICENESS = 0  # Other tests keep their place.
    sys.exit(main(words))


@dataclass(frozen=True)
class Started:
    """A command in a process of its own."""

    process: Any
    said: Path

    def ended(self) -> int | None:
        """Its exit code; None while it runs."""
        return self.process.exitcode

    def says(self) -> str:
        """What it has said until now."""
        return self.said.read_text() if self.said.exists() else ""

    def give(self, seconds: float) -> None:
        """Let it work for so long, if it does not end before."""
        self.process.join(seconds)

    def wait(self, seconds: float) -> None:
        """Wait for its end; raises AssertionError when it takes longer."""
        self.give(seconds)
        assert self.ended() is not None, self.said.read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


def forked(words: Iterable[str], folder: Path) -> Started:
    """Run a command that writes this folder in a process of its own."""
    said = folder.with_name(f"{folder.name}.said")
    arguments = ([*words, "--out", str(folder)], folder.parent, said)
    process = _NURSERY.Process(target=carry_out, args=arguments)
    process.start()
    return Started(process, said)


def start(command: str, folder: Path) -> Started:
    """Run the tiny command, going on with what is there."""
    return forked(tiny(command, "--resume"), folder)


def finish(started: Started) -> float:
    """Let the command come to its end; how many seconds that took."""
    began = time.monotonic()
    started.wait(120)
    assert started.ended() == 0, started.said.read_text()
    return time.monotonic() - began


def traces(folder: Path) -> int:
    """A number that changes whenever the run writes something down."""
    return sum(1 for _ in folder.rglob("*"))


def wait_for_a_trace(started: Started, folder: Path) -> None:
    """Wait until the run writes something, or ends."""
    before = traces(folder)
    while started.ended() is None and traces(folder) == before:
        time.sleep(0.0005)


def kill(
    command: str, folder: Path, chance: random.Random, *, within: float | None
) -> Kill | None:
    """Start the command and kill it; None when it came to its end before.

    The moment is uniform within so many seconds. Without a limit it comes up to 20 ms
    after one of the next things that the run writes down.
    """
    began = time.monotonic()
    started = start(command, folder)
    if within is None:
        for _ in range(chance.randrange(1, 12)):
            wait_for_a_trace(started, folder)
        time.sleep(chance.uniform(0, 0.02))
    else:
        patience = chance.uniform(0, within)
        while started.ended() is None and time.monotonic() - began < patience:
            time.sleep(0.001)
    ended = started.ended()
    started.kill()
    if ended is not None:
        assert ended == 0, started.said.read_text()
        return None
    return Kill(
        command=command,
        seconds=time.monotonic() - began,
        began=(folder / "settings.json").exists(),
        rounds=len(list(folder.glob("rounds/[0-9][0-9][0-9]"))),
        half_written=any(folder.rglob("*.part")),
    )


def killed_runs(
    command: str, parent: Path, *, kills: int, seed: int, within: float | None
) -> Iterator[tuple[Path, list[Kill]]]:
    """Finished runs that were killed on their way, until `kills` kills have been.

    With a limit in seconds, every other kill comes at a moment within it; all the rest
    come when something is written.
    """
    chance = random.Random(seed)
    done = 0
    while done < kills:
        folder = parent / f"{command}-killed-{done}"
        suffered: list[Kill] = []
        while done < kills:
            limit = within if done % 2 == 0 else None
            killed = kill(command, folder, chance, within=limit)
            if killed is None:
                break
            suffered.append(killed)
            done += 1
        else:
            finish(start(command, folder))
        if suffered:
            yield folder, suffered
        else:
            shutil.rmtree(folder)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Do something in one process at a time."""
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def undisturbed(command: str, common: Path) -> Path:
    """The run as it is when nobody kills it, made once for all tests."""
    folder = common / command
    with alone(common / f"{command}.undisturbed"):
        if not (folder / "summary.json").exists():
            finish(start(command, folder))
    return folder
