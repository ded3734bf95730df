"""Many people who answer at once over HTTP, some of whom vanish.

As a program: `crowd.py FOLDER "SECONDS WALL" PORT` serves a run whose leases last so
many seconds; the wall clock jumps by an hour again and again where WALL is "jumping".
"""

import functools
import itertools
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np

from inbox.ledger import Book, Confirmed, Granted
from inbox.serving import WORDS, Client, Running, answer, start
from novice.inbox.connections import serve
from novice.inbox.darkroom import NotDrawnError
from novice.inbox.security import Doorkeeper
from novice.inbox.server import label_app
from novice.inbox.store import AskedEpisode, Inbox, NewQuestion

# Questions that a person fetches at a time.
WANT = 4
# Every so many-th question is given to another.
SKIPS = 29
# How long somebody waits who finds nothing to do, or no server, in seconds.
LOOK = 0.05
HOUR = 3600.0


# ------------------------------------------------------------------- what is asked


@dataclass(frozen=True)
class Mix:
    """What a visit asks: every so many-th is for two, gold, or asked again."""

    questions: int
    overlap: int = 5
    gold: int = 12
    repeats: int = 15

    def asked(self) -> list[NewQuestion]:
        """The questions; each repeat comes as soon as it may."""
        rows = np.random.default_rng(0).normal(size=(self.questions, 2))
        moments = [
            NewQuestion(
                episode=0,
                step=step,
                rank=step,
                observation=row.astype(np.float32),
                action=np.zeros(1, np.int32),
                wanted=1 if step % self.overlap else 2,
                gold=None if step % self.gold else (1.0,),
                gold_by="" if step % self.gold else "auto",
            )
            for step, row in enumerate(rows)
        ]
        again = [
            NewQuestion(
                episode=0,
                step=moments[of].step,
                rank=of,
                observation=moments[of].observation,
                action=moments[of].action,
                repeats=of,
            )
            for of in range(0, self.questions // 2, self.repeats)
        ]
        return [*moments, *again]


def begin(folder: Path, mix: Mix) -> dict[int, int]:
    """A run with one visit; how many people each question wants."""
    inbox = Inbox(folder / "dataset" / "inbox.sqlite")
    inbox.tell("words", WORDS)
    inbox.tell("task", {"id": "CartPole-v1", "kwargs": {}, "folder": "."})
    wanted = visit(inbox, 0, mix)
    inbox.close()
    return wanted


def visit(inbox: Inbox, number: int, mix: Mix) -> dict[int, int]:
    """Ask about one more visit; how many people each of its questions wants."""
    asked = mix.asked()
    actions = np.zeros((mix.questions, 1), np.int32)
    inbox.add_visit(number, [AskedEpisode(None, number, 0, 7, actions, True)], asked)
    first = 1 + number * len(asked)
    return {first + place: each.wanted for place, each in enumerate(asked)}


# ------------------------------------------------------------------- who answers


class LeftError(Exception):
    """It is over, and whoever is still at it goes home."""


@dataclass
class Labeler:
    """One person's page: fetches questions, answers them, and repeats what failed."""

    who: str
    connect: Callable[[], Client]  # to the server, where it is now
    book: Book
    chance: random.Random
    pause: float  # seconds that an answer takes, in the mean
    over: threading.Event
    vanishing: Iterator[bool]  # what happens at each time that somebody fetches some
    holding: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = self.connect()

    def work(self) -> None:
        """Answer until it is over, or until the person vanishes."""
        try:
            while self.fetch():
                for question in [*self.holding]:
                    self.rest(self.chance.uniform(0, 2 * self.pause))
                    self.say(question)
        except LeftError:
            return
        finally:
            self.client.close()

    def fetch(self) -> bool:
        """Get questions; false when the person vanishes, half of them answered."""
        wish = {"want": WANT, "holding": [*self.holding]}
        sent, received, reply = self.ask("/api/lease", wish)
        self.book.claims.append((sent, received - sent))
        for question, number in self.holding.items():
            self.book.granted.append(
                Granted(question, self.who, number, sent, received, renewal=True)
            )
        for each in reply["questions"]:
            got = Granted(each["id"], self.who, each["lease"], sent, received)
            self.book.granted.append(got)
            self.holding[got.question] = got.number
        if not reply["questions"]:
            self.rest(max(LOOK, self.pause))
        elif next(self.vanishing):
            for question in [*self.holding][: len(self.holding) // 2]:
                self.say(question)
            self.book.vanished.append(self.who)
            return False
        return True

    def say(self, question: int) -> None:
        """Answer one question, again and again until it is confirmed."""
        uuid = f"{self.chance.getrandbits(128):032x}"
        number = self.holding[question]
        content = answer(question, uuid, lease=number)
        if self.chance.randrange(SKIPS) == 0:
            content |= {"verdict": "skip", "actions": []}
        self.book.sent.add(uuid)
        began = time.monotonic()
        _, received, reply = self.ask("/api/answers", {"answers": [content]})
        if reply["stored"] != [uuid]:
            self.book.wrong.append(f"{uuid} was answered with {reply}")
        del self.holding[question]
        verdict = content["verdict"]
        self.book.confirmed.append(
            Confirmed(uuid, question, self.who, verdict, began, received)
        )

    def ask(self, path: str, content: Any) -> tuple[float, float, Any]:
        """When the attempt that succeeded was sent and answered, and the reply."""
        while True:
            if self.over.is_set():
                raise LeftError
            sent = time.monotonic()
            try:
                status, reply = self.client.ask("POST", path, content)
            except (OSError, HTTPException):
                self.client.close()
                self.rest(LOOK)
                self.client = self.connect()
                continue
            if status == 200:
                return sent, time.monotonic(), reply
            self.book.wrong.append(f"{path}: {status} {reply}")
            self.rest(1.0)

    def rest(self, seconds: float) -> None:
        if self.over.wait(seconds):
            raise LeftError


class Crowd:
    """So many people at once; the place of one who vanishes is taken by another.

    Every `vanishes`-th time that somebody fetches questions, they vanish with them, as
    long as there are guests to come.
    """

    def __init__(
        self,
        folder: Path,
        *,
        people: int,
        guests: int,
        pause: float,
        lease_seconds: float,
        vanishes: int = 20,
        wall: str = "steady",
    ):
        self.folder, self.book, self.over = folder, Book(), threading.Event()
        self._pause, self._mode = pause, f"{lease_seconds:g} {wall}"
        doorkeeper = Doorkeeper(folder)
        self._watcher = doorkeeper.invite("watcher")
        names = [f"labeler {number}" for number in range(people + guests)]
        self._people = iter([(who, doorkeeper.invite(who)) for who in names])
        vanishing = [*[False] * (vanishes - 1), True] * guests
        self._vanishing = itertools.chain(vanishing, itertools.repeat(False))
        self._lock = threading.Lock()
        self._seats = [
            threading.Thread(target=self._fill, name=f"seat {number}")
            for number in range(people)
        ]
        self.server = self.serve(0)

    def client(self, token: str = "") -> Client:
        """Somebody's connection; without a token, that of one who only looks."""
        return Client(self.server.port, token or self._watcher)

    def serve(self, port: int) -> Running:
        """Start the server."""
        return start(self.folder, mode=self._mode, port=port, program=__file__)

    def restart(self, *, kill: bool) -> None:
        """Stop the server, and start it again, at the same port if that is free."""
        if kill:
            self.server.kill()
        else:
            self.server.terminate()
            self.server.process.communicate()
        self.server = self.serve(self.server.port)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Everybody answers; in the end they are sent home, and the server ends."""
        for seat in self._seats:
            seat.start()
        try:
            yield
        finally:
            self.over.set()
            for seat in self._seats:
                seat.join(30)
            self.server.kill()
        assert not any(seat.is_alive() for seat in self._seats)

    def _fill(self) -> None:
        """Somebody sits here, and somebody else when they are gone."""
        while not self.over.is_set():
            with self._lock:
                who, token = next(self._people, ("", ""))
            if not who:
                return
            Labeler(
                who,
                functools.partial(self.client, token),
                self.book,
                random.Random(who),
                self._pause,
                self.over,
                self._vanishing,
            ).work()


def wait_for(condition: Callable[[], bool], *, seconds: float) -> None:
    """Until this is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


# ------------------------------------------------------------------- the server


class Blank:
    """A darkroom that has no pictures, and remembers nothing of what it is asked."""

    async def clip(self, question: int) -> Any:
        raise NotDrawnError("there are no pictures here")

    async def consequences(self, question: int) -> Any:
        raise NotDrawnError("there are no pictures here")

    def expect(self, questions: Sequence[int], *, consequences: bool) -> None:
        pass

    def forget(self, questions: Sequence[int]) -> None:
        pass

    async def close(self) -> None:
        pass


def jumping(time_of_day: Callable[[], float]) -> Callable[[], float]:
    """A wall clock that somebody sets an hour forth and back three times a second."""
    return lambda: time_of_day() + HOUR * (int(3 * time.monotonic()) % 3 - 1)


def main(folder: Path, mode: str, port: int) -> None:
    """Serve a run whose leases end soon until a signal comes."""
    seconds, wall = mode.split()
    if wall == "jumping":
        time.time = jumping(time.time)
    inbox = Inbox(folder / "dataset" / "inbox.sqlite")
    inbox.lease = functools.partial(  # type: ignore[method-assign]
        inbox.lease, seconds=float(seconds)
    )
    serve(
        label_app(folder, Doorkeeper(folder), inbox, Blank()),
        host="127.0.0.1",
        port=port,
        ready=lambda found: print(json.dumps({"port": found}), flush=True),
    )
    inbox.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
