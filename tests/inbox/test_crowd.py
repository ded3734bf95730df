"""Many people answer at once: nothing is handed out twice, lost or left over."""

import os
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

import novice.inbox.queue
import novice.inbox.store
from inbox.conftest import Desk
from inbox.crowd import Crowd, Mix, begin, visit, wait_for
from inbox.ledger import (
    Book,
    Confirmed,
    Granted,
    asked_again,
    double_assignments,
    late_claims,
    winners,
)
from inbox.serving import answer
from novice.inbox.queue import OTHERS_BETWEEN, Asker
from novice.inbox.store import Inbox

PEOPLE = 20


@dataclass(frozen=True)
class Outcome:
    """What a crowd did, what it saw, and what is kept of it."""

    folder: Path
    book: Book
    wanted: dict[int, int]
    repeats: dict[int, int]
    lease_seconds: float

    def open(self) -> Inbox:
        return Inbox(self.folder / "dataset" / "inbox.sqlite")


def answered_by_a_crowd(
    folder: Path, mix: Mix, *, lease_seconds: float, seconds: float, **other: Any
) -> Outcome:
    """Let a crowd answer all of a mix, while the server is killed and stopped."""
    wanted = begin(folder, mix)
    inbox = Inbox(folder / "dataset" / "inbox.sqlite")
    repeats = inbox.repeats()
    once = {question for question in wanted if question not in repeats}
    crowd = Crowd(folder, people=PEOPLE, lease_seconds=lease_seconds, **other)
    confirmed = crowd.book.confirmed

    def labeled() -> bool:
        found = winners(inbox)
        return all(found[question] >= wanted[question] for question in once)

    with crowd.answering():
        for part, kill in ((1 / 3, True), (2 / 3, False)):
            so_many = part * len(once)
            wait_for(lambda most=so_many: len(confirmed) > most, seconds=seconds)
            crowd.restart(kill=kill)
        wait_for(labeled, seconds=seconds)
    inbox.close()
    return Outcome(folder, crowd.book, wanted, repeats, lease_seconds)


def check(outcome: Outcome) -> None:
    """Nothing was handed out twice, nothing is lost, and everything is labeled."""
    book, inbox = outcome.book, outcome.open()
    inbox.check()
    uuids = Counter(each.answer.uuid for each in inbox.answers_after(0))
    found = winners(inbox)
    inbox.close()
    seconds = outcome.lease_seconds
    assert book.wrong == []
    assert double_assignments(book, outcome.wanted, lease_seconds=seconds) == []
    assert asked_again(book) == []
    assert max(uuids.values()) == 1, "stored twice"
    assert {each.uuid for each in book.confirmed} <= uuids.keys() <= book.sent
    # Each is labeled in time by exactly as many as it wants; of repeats each at most.
    for question, wanted in outcome.wanted.items():
        least = 0 if question in outcome.repeats else wanted
        assert least <= found[question] <= wanted, question
    check_repeats(outcome, found)
    # Some vanished with questions that others answered then.
    assert len(book.vanished) >= len(outcome.wanted) // 100
    assert any(each.number > 1 for each in book.granted)


def check_repeats(outcome: Outcome, found: Counter[int]) -> None:
    """A repeat came to whoever answered the original, and had done others since."""
    said = sorted(outcome.book.confirmed, key=lambda each: each.received)
    for each in outcome.book.granted:
        of = outcome.repeats.get(each.question)
        if of is None or each.renewal:
            continue
        mine = [one for one in said if one.who == each.who and one.sent < each.received]
        (first,) = [place for place, one in enumerate(mine) if one.question == of]
        assert mine[first].verdict == "action"
        others = [one for one in mine[first + 1 :] if one.verdict != "skip"]
        assert len(others) >= OTHERS_BETWEEN
    assert sum(found[question] for question in outcome.repeats) > 0


def tell(outcome: Outcome) -> float:
    """Print how long a request for questions took; the 99th percentile."""
    claims = late_claims(outcome.book)
    middle, late = np.percentile(claims, [50, 99])
    print(
        f"\n{len(claims)} claims of {PEOPLE} people: p50 {middle:.1f} ms,"
        f" p99 {late:.1f} ms, max {claims.max():.1f} ms;"
        f" {len(outcome.book.vanished)} vanished"
    )
    return float(late)


@pytest.mark.slow
def test_twenty_people_label_everything_though_some_vanish_and_the_server_restarts(
    tmp_path: Path,
):
    outcome = answered_by_a_crowd(
        tmp_path, Mix(300), lease_seconds=3.0, seconds=200, guests=60, pause=0.01
    )

    check(outcome)
    tell(outcome)


@pytest.mark.soak
def test_twenty_people_label_a_thousand_with_leases_as_they_are(tmp_path: Path):
    outcome = answered_by_a_crowd(
        tmp_path, Mix(1000), lease_seconds=60.0, seconds=300, guests=100, pause=0.2
    )

    check(outcome)
    assert tell(outcome) <= 100


@pytest.mark.slow
def test_a_wall_clock_that_jumps_by_an_hour_hands_nothing_out_twice(tmp_path: Path):
    outcome = answered_by_a_crowd(
        tmp_path,
        Mix(150),
        lease_seconds=3.0,
        seconds=200,
        guests=40,
        pause=0.02,
        wall="jumping",
    )

    check(outcome)
    inbox = outcome.open()
    received = [each.received for each in inbox.answers_after(0)]
    inbox.close()
    # The clock that was written down beside the answers did jump.
    assert max(received) - min(received) > 3600


# ----------------------------------------------------------- an answer that comes late


def test_an_answer_after_its_lease_is_kept_and_the_winner_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    ahead = 0.0

    def asker(who: str) -> Asker:
        found = novice.inbox.queue.asker(who)
        return replace(found, now=found.now + ahead)

    monkeypatch.setattr(novice.inbox.store, "asker", asker)
    ana, ben, eva = (desk.labeler(who) for who in ("ana", "ben", "eva"))
    (first,) = leased(ana)
    ahead = 60.0
    (second,) = leased(ben)
    winner = answer(1, "b" * 32, lease=second["lease"], actions=[[0]])
    late = answer(1, "a" * 32, lease=first["lease"], actions=[[1]])

    replies = [store(ben, winner), store(ana, late), store(ana, late)]

    assert (first["id"], second["id"]) == (1, 1) and first["lease"] < second["lease"]
    assert [reply["stored"] for reply in replies] == [["b" * 32], *[["a" * 32]] * 2]
    kept = [(each.answer.uuid, each.late) for each in desk.inbox.answers_after(0)]
    assert kept == [("b" * 32, False), ("a" * 32, True)]
    for who, action in ((ben, [0]), (ana, [1])):
        (mine,) = who.get("/api/history").json()["items"]
        assert mine["actions"] == [action]
    # It counts as an opinion of hers, and nobody is asked a third time.
    assert replies[-1]["progress"]["answered"] == 2
    assert [each["id"] for each in leased(eva)] == [2]


def leased(client: TestClient) -> list[dict[str, Any]]:
    reply = client.post("/api/lease", json={"want": 1, "holding": [], "release": []})
    return reply.json()["questions"]


def store(client: TestClient, content: dict[str, Any]) -> Any:
    return client.post("/api/answers", json={"answers": [content]}).json()


# ------------------------------------------------------------------- for a long time


@pytest.mark.soak
@pytest.mark.parametrize("minutes", [3, 120])
def test_hours_of_labeling_need_no_more_memory_and_no_more_time(
    minutes: int, tmp_path: Path
):
    """Visit after visit, as a run asks; somebody looks at the overview meanwhile."""
    mix, wanted = Mix(500), begin(tmp_path, Mix(500))
    inbox = Inbox(tmp_path / "dataset" / "inbox.sqlite")
    crowd = Crowd(
        tmp_path, people=PEOPLE, guests=50, pause=1.0, lease_seconds=60.0, vanishes=1000
    )
    watcher, used = crowd.client(), []
    end = time.monotonic() + 60 * minutes
    with crowd.answering():
        while time.monotonic() < end:
            if inbox.tally("nobody", now=time.time()).open < 200:
                wanted |= visit(inbox, inbox.visits(), mix)
                inbox.retire(before=inbox.visits() - 1)
            assert watcher.ask("GET", "/api/progress")[0] == 200
            assert watcher.ask("GET", "/api/overview")[0] == 200
            used.append(resident(crowd.server.process.pid))
            time.sleep(2)
    watcher.close()
    inbox.check()
    inbox.close()

    assert crowd.book.wrong == []
    assert double_assignments(crowd.book, wanted, lease_seconds=60.0) == []
    tenth = len(used) // 10
    first, last = np.median(used[tenth : 2 * tenth]), np.median(used[-tenth:])
    early, _, late = np.array_split(late_claims(crowd.book), 3)
    slow, slower = np.percentile(early, 99), np.percentile(late, 99)
    print(
        f"\n{minutes} min, {len(crowd.book.confirmed)} answers: {first:.1f} to"
        f" {last:.1f} MB; claims p99 {slow:.1f} ms, then {slower:.1f} ms"
    )
    assert last - first < 50
    assert slower < 2 * slow + 20


def resident(process: int) -> float:
    """Megabytes of a process that are in memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


# ------------------------------------------------------------------- the check itself


def came(who: str, sent: float, received: float) -> Granted:
    return Granted(1, who, 1, sent, received)


def held(who: str, sent: float, received: float) -> Granted:
    return Granted(1, who, 1, sent, received, renewal=True)


def said(who: str, received: float, verdict: str = "action") -> Confirmed:
    return Confirmed("0" * 32, 1, who, verdict, received - 1, received)


@pytest.mark.parametrize(
    ("granted", "confirmed", "twice"),
    [
        # Ana's lease was asked for at 0, so that it lives until 10 at least.
        ([came("ana", 0, 1), came("ben", 2, 3)], [], True),
        ([came("ana", 0, 1), came("ben", 9, 10)], [], True),
        ([came("ana", 0, 1), came("ben", 9, 11)], [], False),
        ([came("ana", 0, 1), came("ben", 0, 2)], [], False),
        ([came("ana", 0, 1), came("ana", 2, 3)], [], False),
        # Renewed at 8, it lives until 18; renewed at 12, nobody knows.
        ([came("ana", 0, 1), held("ana", 8, 9), came("ben", 16, 17)], [], True),
        ([came("ana", 0, 1), held("ana", 12, 13), came("ben", 16, 17)], [], False),
        # Answered in time, it is taken for good; given away, from then on it is not.
        ([came("ana", 0, 1), came("ben", 50, 51)], [said("ana", 9)], True),
        ([came("ana", 0, 1), came("ben", 50, 51)], [said("ana", 40)], True),
        ([came("ana", 0, 1), came("ben", 20, 21)], [said("ana", 40)], False),
        ([came("ana", 0, 1), came("ben", 6, 7)], [said("ana", 5, "skip")], False),
        ([came("ana", 0, 1), came("ben", 2, 3)], [said("ana", 5, "skip")], True),
    ],
)
def test_what_counts_as_handed_out_twice(
    granted: list[Granted], confirmed: list[Confirmed], twice: bool
):
    book = Book(granted=granted, confirmed=confirmed)

    found = double_assignments(book, {1: 1}, lease_seconds=10)

    assert bool(found) == twice
    assert double_assignments(book, {1: 2}, lease_seconds=10) == []


def test_what_counts_as_asked_again():
    granted = [came("ana", 0, 1), came("ana", 5, 6), held("ana", 9, 10)]

    assert asked_again(Book(granted=granted, confirmed=[said("ana", 5.5)])) == []
    assert len(asked_again(Book(granted=granted, confirmed=[said("ana", 4)]))) == 1
