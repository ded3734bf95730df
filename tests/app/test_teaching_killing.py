"""A run with people in it may be killed at any moment; the same command goes on."""

import json
import random
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from app.commands import QUICK, WALK, WALKER
from app.killing import finish, forked
from novice.app.folder import RunFolder
from novice.inbox.collect import harvest
from novice.inbox.store import Inbox

WORDS = [
    *("dagger", WALK, "--expert", "human", "--simulate", WALKER, "--reaction", "0.01"),
    *("--labels", "60", "--labels-per-round", "20", "--episodes-per-round", "2"),
    *("--first-steps", "100", "--steps", "50", "--lapses", "0.1", *QUICK),
]


def run_through_kills(folder: Path, kills: int, *, seed: int) -> int:
    """Kill the run so often, then let it finish; how many kills hit it at work."""
    chance, hit = random.Random(seed), 0
    for _ in range(kills):
        process = forked(WORDS, folder)
        process.give(chance.uniform(0.2, 3))
        hit += process.ended() is None
        process.kill()
    finish(forked(WORDS, folder))
    return hit


def check_nothing_was_lost(folder: Path) -> None:
    """Every round holds exactly the answers up to its cut, as they stood then."""
    inbox, run = Inbox(folder / "dataset" / "inbox.sqlite"), RunFolder(folder)
    inbox.check()
    record, before, known = inbox.answers_after(0), 0, set()
    dataset = run.dataset()
    labels = 0
    for number in range(run.round_count()):
        path = run.round_path(number) / "cut.json"
        cut = json.loads(path.read_text())["answer"]
        come = harvest(
            [kept for kept in record if before < kept.id <= cut],
            inbox.question,
            (2,),
            known=known,
            round=number,
        )
        parts = [part for part in dataset.parts if part.origin.round == number]
        assert len(parts) == len(come.parts)
        for mine, theirs in zip(come.parts, parts, strict=True):
            for name, column in mine.columns().items():
                np.testing.assert_array_equal(column, theirs.columns()[name])
        labels += come.labels
        assert run.measures(number)["labels"] == labels
        before = cut
        known |= {(p.origin.who, int(q)) for p in come.parts for q in p.question}
    assert labels >= 60
    inbox.close()


def servers_of(folder: Path) -> list[str]:
    """Processes that still serve this run's page."""
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "args"], capture_output=True, text=True
    )
    return [
        line
        for line in listed.stdout.splitlines()
        if "novice label" in line and str(folder) in line
    ]


@pytest.mark.slow
def test_a_killed_run_goes_on_by_the_same_command(tmp_path):
    folder = tmp_path / "run"

    run_through_kills(folder, 4, seed=1)

    check_nothing_was_lost(folder)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["teacher"]["simulated"] is True


@pytest.mark.slow
def test_the_page_ends_with_its_run(tmp_path):
    folder = tmp_path / "run"
    process = forked(WORDS, folder)
    end = time.monotonic() + 30
    while "Answer here: " not in process.says():
        assert time.monotonic() < end and process.ended() is None
        time.sleep(0.05)
    assert servers_of(folder)

    process.kill()

    end = time.monotonic() + 5
    while servers_of(folder):
        assert time.monotonic() < end, "the page outlived its run"
        time.sleep(0.05)


@pytest.mark.soak
def test_many_kills_lose_nothing(tmp_path):
    hit = 0
    for seed in range(10):
        folder = tmp_path / f"run-{seed}"
        hit += run_through_kills(folder, 10, seed=seed)
        check_nothing_was_lost(folder)
    print(f"{hit} kills at work of 100")
