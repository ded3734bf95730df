"""Kill a process that stores answers, and see what became of the acknowledged ones.

Run as a program: python killing_clerks.py FOLDER ROUNDS prints a Toll as JSON.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from novice.experts.question import Answer
from novice.inbox.clerk import Clerk
from novice.inbox.store import AskedEpisode, Inbox, NewQuestion

QUESTIONS = 50
CLIENTS = 4
# A new inbox after so many kills, so that reading all of it stays quick.
ROUNDS_AN_INBOX = 25


@dataclass
class Toll:
    """What so many kills did."""

    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicated: int = 0
    unacknowledged: int = 0  # kept, though the kill came before the acknowledgment
    slowest_open: float = 0.0  # seconds


def prepare(path: Path) -> None:
    """A new inbox with questions to answer."""
    inbox = Inbox(path)
    episode = AskedEpisode(None, 0, 0, 1, np.zeros((QUESTIONS, 1), np.int32), True)
    seen, did = np.zeros(4, np.float32), np.zeros(1, np.int32)
    questions = [NewQuestion(0, step, step, seen, did) for step in range(QUESTIONS)]
    inbox.add_visit(0, [episode], questions)
    inbox.close()


def work(path: Path, acknowledgments: int) -> None:
    """Store answers for ever, and write each uuid down once it is acknowledged."""

    async def post(clerk: Clerk, client: int) -> None:
        chance = random.Random()
        while True:
            answer = Answer(
                uuid=uuid.uuid4().hex,
                question=chance.randint(1, QUESTIONS),
                who=f"client {client}",
                verdict="action",
                actions=((1.0,),),
            )
            await clerk.store([answer])
            os.write(acknowledgments, answer.uuid.encode() + b"\n")

    async def serve() -> None:
        clerk = Clerk(Inbox(path))
        await asyncio.gather(*(post(clerk, client) for client in range(CLIENTS)))

    asyncio.run(serve())


def acknowledged_before_a_kill(path: Path, seconds: float) -> list[str]:
    """Let a process work for a while and kill it; the uuids it wrote down."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        work(path, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        seen = pipe.read(33)  # it is at work
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        seen += pipe.read()
    return seen.decode().split()


def kill_again_and_again(folder: Path, rounds: int) -> Toll:
    """Kill at random moments; what is in the inbox each time goes into the toll."""
    toll, chance = Toll(), random.Random(rounds)
    acknowledged: set[str] = set()
    for number in range(rounds):
        path = folder / f"{number // ROUNDS_AN_INBOX}" / "inbox.sqlite"
        if not path.exists():
            acknowledged = set()
            prepare(path)
        seconds = chance.uniform(0.0, 0.03)
        acknowledged.update(acknowledged_before_a_kill(path, seconds))
        before = time.perf_counter()
        inbox = Inbox(path)
        spent = time.perf_counter() - before
        inbox.check()
        kept = [each.answer.uuid for each in inbox.answers_after(0)]
        inbox.close()
        toll.rounds += 1
        toll.lost += len(acknowledged - set(kept))
        toll.duplicated += len(kept) - len(set(kept))
        toll.slowest_open = max(toll.slowest_open, spent)
        if (number + 1) % ROUNDS_AN_INBOX == 0 or number + 1 == rounds:
            toll.acknowledged += len(acknowledged)
            toll.unacknowledged += len(set(kept) - acknowledged)
    return toll


if __name__ == "__main__":
    print(json.dumps(asdict(kill_again_and_again(Path(sys.argv[1]), int(sys.argv[2])))))
