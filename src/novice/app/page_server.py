"""Serve a run's page from a process of its own, which ends with the run."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from novice.app.options import PageOptions
from novice.errors import NoviceError
from novice.files import TakenError, only_one

# How far the run stands back for the page, as a niceness.
NICENESS = 10
# How long the page's server may take to start, in seconds.
START = 60.0
# How long it may take to end in order; so does that of a run that was killed.
GOODBYE = 10.0
# How long nothing is done after a server died, in seconds.
BREATH = 0.2

SPAWNER = "page server"


class NoServerError(NoviceError):
    """The page's server does not start."""


def stand_back() -> None:
    """Let whoever is at the page go first: every thread but the one that spawns."""
    spawner = {each.native_id for each in threading.enumerate() if each.name == SPAWNER}
    with contextlib.suppress(OSError):  # Only Linux has threads with a niceness.
        for thread in map(int, os.listdir("/proc/self/task")):
            if thread not in spawner:
                os.setpriority(os.PRIO_PROCESS, thread, NICENESS)


def page_flags(page: PageOptions, *but: str) -> list[str]:
    """The flags of a command that serves the page, but for its port and these."""
    flags = ["--json", "--until-alone", "--who", page.who, "--host", page.host]
    for name in ("tls_cert", "tls_key", "render", "instructions"):
        value = getattr(page, name)
        if value is not None and name not in but:
            flags += ["--" + name.replace("_", "-"), value]
    return flags


class PageServer:
    """The page's server as a process of its own, started again if it dies.

    `words` are what stands behind `novice` on its command line. One that `may_finish`
    and ends by itself, with the exit code 0, has `done` its work: its person wanted to
    stop.
    """

    def __init__(self, words: Sequence[str], *, port: int, may_finish: bool = False):
        self.words = list(words)
        self.port, self.address = port, ""
        self.began = 0.0  # when the one that serves was started, in seconds since 1970
        self.done = threading.Event()
        self._may_finish = may_finish
        self._trouble = ""
        self._started = threading.Event()
        self._stopping = threading.Event()
        self._spawning = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._sent_away: subprocess.Popen[str] | None = None
        # A process inherits the niceness of the thread that spawns it.
        self._thread = threading.Thread(target=self._keep, name=SPAWNER, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until the page can be opened; raises NoServerError."""
        heard = self._started.wait(START)
        if not (heard and self.address):
            why = self._trouble if heard else f"nothing is heard for {START:g} seconds"
            self.stop()
            raise NoServerError(f"the page's server does not start: {why}")

    def restart(self, words: Sequence[str]) -> None:
        """End the server, and start another one that serves at the same place."""
        with self._spawning:
            self.words = list(words)
            self._sent_away = self._process
        end(self._sent_away)

    def stop(self) -> None:
        """End the server, and wait until it has."""
        with self._spawning:
            self._stopping.set()
            self._sent_away = self._process
        end(self._sent_away)
        self._thread.join(timeout=5)

    def _keep(self) -> None:
        while (process := self._spawned()) is not None:
            status = self._attend(process)
            by_itself = process is not self._sent_away
            if self._may_finish and by_itself and status == 0:
                self.done.set()
                return
            self._stopping.wait(BREATH)

    def _spawned(self) -> subprocess.Popen[str] | None:
        """A server that has just been started; None when there shall be none."""
        with self._spawning:
            if self._stopping.is_set():
                return None
            self.began = time.time()
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "novice", *self.words),
                    *("--port", str(self.port)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if not self.address else None,
                text=True,
                # Ctrl-C is for the run, which ends its server in order.
                start_new_session=True,
            )
            return self._process

    def _attend(self, process: subprocess.Popen[str]) -> int:
        """Hear what a server says until it has ended; how it did."""
        with process:
            assert process.stdout is not None
            line = process.stdout.readline()
            if line:
                told = json.loads(line)
                self.port, self.address = told["port"], told["address"]
            elif process.stderr is not None:
                lines = process.stderr.read().strip().splitlines()
                self._trouble = lines[-1] if lines else f"it ends with {process.wait()}"
                self._trouble = self._trouble.removeprefix("novice: ")
            self._started.set()
            if process.stderr is not None:
                threading.Thread(
                    target=show, args=(process.stderr,), daemon=True
                ).start()
            process.stdout.read()
            return process.wait()


def end(process: subprocess.Popen[str] | None) -> None:
    """End a server in order, or else as it goes."""
    if process is None:
        return
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=GOODBYE)
    process.kill()


def show(lines: Iterator[str]) -> None:
    """Print what a server says about its troubles as if it were the run."""
    with contextlib.suppress(OSError, ValueError):
        for line in lines:
            sys.stderr.write(line)


def wait_until_free(folder: Path) -> None:
    """Wait until a killed run's server has let go of a folder; raises TakenError."""
    patience = time.monotonic() + GOODBYE
    while True:
        try:
            with only_one(folder):
                return
        except TakenError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.1)


@contextlib.contextmanager
def served(
    words: Sequence[str], *, port: int, may_finish: bool = False
) -> Iterator[PageServer]:
    """The page's server, as long as it is needed."""
    server = PageServer(words, port=port, may_finish=may_finish)
    try:
        server.wait()
        yield server
    finally:
        server.stop()
