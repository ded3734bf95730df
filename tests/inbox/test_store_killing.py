"""Processes that are killed, or that work at once, lose and repeat no answer."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from inbox.asking import asked
from novice.inbox.store import Inbox

HERE = Path(__file__).parent


def toll_of(folder: Path, rounds: int) -> dict[str, float]:
    told = subprocess.run(
        [sys.executable, HERE / "killing_clerks.py", folder, str(rounds)],
        capture_output=True,
        text=True,
        timeout=60 + rounds,
    )
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


@pytest.mark.slow
def test_no_kill_loses_or_repeats_an_acknowledged_answer(tmp_path: Path):
    toll = toll_of(tmp_path, 20)

    assert toll["rounds"] == 20 and toll["acknowledged"] > 100
    assert (toll["lost"], toll["duplicated"]) == (0, 0)
    assert toll["slowest_open"] < 2


@pytest.mark.soak
def test_not_one_of_two_thousand_kills_loses_or_repeats_an_answer(tmp_path: Path):
    toll = toll_of(tmp_path, 2_000)

    assert toll["rounds"] == 2_000 and toll["acknowledged"] > 10_000
    assert (toll["lost"], toll["duplicated"]) == (0, 0)
    assert toll["slowest_open"] < 2


@pytest.mark.slow
def test_processes_at_once_answer_each_question_once(tmp_path: Path):
    path = tmp_path / "inbox.sqlite"
    asked(path, 200).close()
    people = [
        subprocess.Popen(
            [sys.executable, HERE / "labeling.py", path, f"person {number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(8)
    ]

    for each in people:
        assert each.stdout is not None and each.stdout.readline() == "ready\n"
    for each in people:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    done = [each.communicate(timeout=60)[0] for each in people]

    inbox = Inbox(path)
    inbox.check()
    kept = inbox.answers_after(0)
    inbox.close()
    assert [each.returncode for each in people] == [0] * 8
    answered = [question for each in done for question in json.loads(each)]
    assert sorted(answered) == list(range(1, 201))
    assert [each.id for each in kept] == list(range(1, 201))
    assert not any(each.late for each in kept)
    assert len({each.answer.who for each in kept}) > 1
