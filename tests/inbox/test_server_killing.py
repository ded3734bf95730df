"""A server that is killed while people answer loses nothing that it confirmed."""

import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest

from inbox.serving import Client, Nursery, answer, fill, start
from novice.inbox.security import Doorkeeper
from novice.inbox.store import Inbox

QUESTIONS = 500
PEOPLE = ["ana", "ben", "cem", "dee"]


@dataclass
class Poster:
    """A page whose outbox keeps what was not confirmed, and sends it again."""

    token: str
    chance: random.Random
    confirmed: list[str] = field(default_factory=list)
    outbox: list[str] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)

    def post(self, port: int) -> None:
        """Answer until the server is gone."""
        client = Client(port, self.token)
        try:
            while self.send(client):
                self.outbox += self.more()
        except (OSError, HTTPException):
            return
        finally:
            client.close()

    def more(self) -> list[str]:
        count = self.chance.randint(1, 5)
        return [f"{self.chance.getrandbits(128):032x}" for _ in range(count)]

    def send(self, client: Client) -> bool:
        self.outbox = self.outbox or self.more()
        self.sent.update(self.outbox)
        answers = [answer(1 + int(u, 16) % QUESTIONS, u) for u in self.outbox]
        status, reply = client.ask("POST", "/api/answers", {"answers": answers})
        assert (status, reply["stored"]) == (200, self.outbox)
        self.confirmed += self.outbox
        self.outbox = []
        return True


def killed(folder: Path, *, kills: int, seed: int) -> tuple[list[Poster], list[float]]:
    """What four people sent and had confirmed; how long each new server took."""
    chance = random.Random(seed)
    doorkeeper = Doorkeeper(folder)
    posters = [
        Poster(doorkeeper.invite(who), random.Random(f"{seed} {who}")) for who in PEOPLE
    ]
    nursery, starts = Nursery(folder), []
    for _ in range(kills):
        began = time.monotonic()
        server, port = nursery.start()
        starts.append(time.monotonic() - began)
        threads = [
            threading.Thread(target=poster.post, args=(port,)) for poster in posters
        ]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0, 0.08))
        os.kill(server, signal.SIGKILL)
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
    nursery.close()
    return posters, starts


def check(folder: Path, posters: list[Poster]) -> None:
    """Compare what people had confirmed with what is there; it is whole."""
    inbox = Inbox(folder / "dataset" / "inbox.sqlite")
    inbox.check()
    kept = [each.answer.uuid for each in inbox.answers_after(0)]
    inbox.close()
    confirmed = {uuid for poster in posters for uuid in poster.confirmed}
    sent = {uuid for poster in posters for uuid in poster.sent}
    assert len(kept) == len(set(kept)), "stored twice"
    assert confirmed - set(kept) == set(), "confirmed and lost"
    assert set(kept) - sent == set(), "never sent"


def check_kills(folder: Path, *, kills: int, seed: int) -> None:
    fill(folder, questions=QUESTIONS, wanted=100).close()

    posters, starts = killed(folder, kills=kills, seed=seed)

    check(folder, posters)
    # Kills came before anything was confirmed, and amid thousands of answers.
    total = sum(len(poster.confirmed) for poster in posters)
    assert total > 5 * kills
    assert max(starts) < 2.0, sorted(starts)[-5:]
    running = start(folder)
    try:
        assert running.seconds < 2.0
        for poster in posters:
            client = Client(running.port, poster.token)
            poster.send(client)
            client.close()
    finally:
        running.kill()
    check(folder, posters)
    assert not any(poster.outbox for poster in posters)


@pytest.mark.slow
def test_two_hundred_kills_lose_no_confirmed_answer(tmp_path: Path):
    check_kills(tmp_path, kills=200, seed=0)


@pytest.mark.soak
def test_two_thousand_kills_lose_no_confirmed_answer(tmp_path: Path):
    check_kills(tmp_path, kills=2000, seed=1)
