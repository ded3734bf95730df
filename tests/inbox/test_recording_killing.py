"""Kill -9 the recorder at any moment: what it said is saved is there."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from inbox.played import HEAD, SHAPES, begun, record
from novice.inbox.journal import read_journal
from novice.inbox.recorder import Recorder
from novice.inbox.recording import journal_paths, read_recording

TESTS = Path(__file__).resolve().parents[1]
KILLS = 100


def forked_recorder(folder: Path) -> tuple[int, int]:
    """A child that records; its process id and the pipe on which it says what is saved.

    It is forked and touches nothing but the recorder, so that a hundred start at once.
    """
    hear, speak = os.pipe()
    child = os.fork()
    if child:
        os.close(speak)
        return child, hear
    try:
        os.dup2(speak, 1)
        from inbox.recorder_to_kill import main

        main(folder)
    finally:
        os._exit(1)


def told(pipe: int) -> int:
    """The last thing that the killed recorder said."""
    heard = b""
    while more := os.read(pipe, 65536):
        heard += more
    os.close(pipe)
    lines = heard.split(b"\n")[:-1]
    return int(lines[-1]) if lines else 0


def check(folder: Path, saved: int) -> int:
    """The readable steps: a prefix of what was done, with all that was told."""
    episodes = read_recording(folder).episodes
    for episode in episodes:
        np.testing.assert_array_equal(
            episode.observation[:, 0], np.arange(episode.steps)
        )
        thrown = [18, 19, 20] if episode.steps > 21 else []
        assert np.flatnonzero(episode.fumbled).tolist()[: len(thrown)] == thrown
    assert all(episode.steps == 40 for episode in episodes[:-1])
    steps = sum(
        entry["kind"] == "step"
        for path in journal_paths(folder)
        for entry in read_journal(path)
    )
    assert steps >= saved, f"{saved} steps were said to be saved, {steps} are there"
    return steps


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork.*:RuntimeWarning")
def test_a_hundred_kills_lose_nothing_that_was_said_to_be_saved(tmp_path: Path):
    chance = random.Random(0)
    saved_before_the_kill = []
    for number in range(KILLS):
        folder = begun(tmp_path / f"run-{number}")
        child, pipe = forked_recorder(folder)
        time.sleep(chance.uniform(0.002, 0.12))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        saved = told(pipe)
        check(folder, saved)
        saved_before_the_kill.append(saved)

    assert sum(saved > 0 for saved in saved_before_the_kill) > KILLS / 2


def test_a_killed_folder_is_gone_on_with_as_it_is(tmp_path: Path):
    folder = begun(tmp_path / "run")
    for kills in range(1, 4):
        with subprocess.Popen(
            [sys.executable, "-m", "inbox.recorder_to_kill", str(folder)],
            cwd=TESTS,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            for _ in range(20):
                said = int(process.stdout.readline())
            process.kill()
            rest = process.stdout.read().split(b"\n")[:-1]
        saved = int(rest[-1]) if rest else said
        assert saved > 0
        whole = [e for e in read_recording(folder).episodes if e.steps == 40]
        assert len(whole) >= saved // 46, kills

    recorder = Recorder(folder)
    recorder.begin({**HEAD, **SHAPES})
    record(recorder, steps=5)
    recorder.close()

    assert read_recording(folder).episodes[-1].steps == 5
