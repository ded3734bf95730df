"""What is played into a run's folder is noticed while somebody still plays there."""

from pathlib import Path

import numpy as np
import pytest

from app.recordings import record
from inbox.played import HEAD, begun
from novice.app import record as record_module
from novice.app.record import Newest, Record
from novice.inbox.driving import Decision
from novice.inbox.recorder import Recorder

STEP = np.array([0], np.int32)


def play(
    folder: Path, steps: int = 5, *, size: int = 2, ended: bool = True
) -> Recorder:
    """An episode of so many numbers a step, in a journal that is open still."""
    if not folder.exists():
        begun(folder)
    recorder = Recorder(folder)
    shapes = {"observation_size": size, "action_width": 1, "action_type": "int32"}
    recorder.begin({**HEAD, **shapes, "policy": "round 0"})
    step(recorder, steps, size)
    if ended:
        end(recorder, size)
    recorder.retry()
    return recorder


def step(recorder: Recorder, steps: int, size: int = 2) -> None:
    """Steps of the person."""
    seen = np.full(size, 1 / 3, np.float32)
    for number in range(steps):
        recorder.step(
            seen,
            Decision(STEP, STEP, "person", STEP, None),
            1.0,
            seen=number,
            applied=number,
            seconds=number / 50,
            speed=1.0,
        )


def end(recorder: Recorder, size: int = 2) -> None:
    """The task is over."""
    recorder.end(
        "truncated",
        np.full(size, 1 / 3, np.float32),
        terminated=False,
        truncated=True,
        seconds=1.0,
    )


def taught_in_the_last_one(record: Record) -> int | None:
    """How much there is to learn from the last episode; None while it goes on."""
    last = record.last_one()
    return None if last is None else int(last.taught.sum())


def test_the_end_of_an_episode_with_large_observations_is_noticed(tmp_path: Path):
    play(tmp_path / "run", steps=2, size=27_648).close()

    assert taught_in_the_last_one(Record(tmp_path / "run")) == 2


def test_what_is_said_after_the_end_counts(tmp_path: Path):
    recorder = play(tmp_path / "run")
    kept = Record(tmp_path / "run")
    assert taught_in_the_last_one(kept) == 5

    recorder.fumbled(3)
    recorder.retry()
    assert taught_in_the_last_one(kept) == 2

    recorder.rewound(1)
    recorder.retry()
    assert taught_in_the_last_one(kept) is None

    step(recorder, 2)
    recorder.retry()
    assert taught_in_the_last_one(kept) is None

    end(recorder)
    recorder.retry()
    assert taught_in_the_last_one(kept) == 3

    recorder.discard()
    assert taught_in_the_last_one(kept) is None
    recorder.close()


def test_an_end_that_is_not_whole_yet_is_none(tmp_path: Path):
    play(tmp_path / "run").close()
    path = tmp_path / "run/episodes/000.journal"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    newest = Newest(tmp_path / "run")

    first = newest.look()
    assert first is not None and not first.ended

    path.write_bytes(whole)
    second = newest.look()
    assert second is first and second.ended


def test_an_episode_is_read_once_however_often_it_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    recorder = play(tmp_path / "run")
    read: list[Path] = []
    really = record_module.read_journal
    monkeypatch.setattr(
        record_module, "read_journal", lambda path: read.append(path) or really(path)
    )
    kept = Record(tmp_path / "run", finished=lambda: False)
    for _ in range(10):
        assert taught_in_the_last_one(kept) == 5
    assert len(read) == 1

    recorder.fumbled(1)
    recorder.close()
    for _ in range(10):
        assert taught_in_the_last_one(kept) == 4
    assert len(read) == 2


def test_of_an_episode_that_goes_on_only_what_is_new_is_read(tmp_path: Path):
    recorder = play(tmp_path / "run", ended=False)
    newest = Newest(tmp_path / "run")
    tail = newest.look()
    assert tail is not None
    assert (tail.size, tail.closed) == (tail.path.stat().st_size, False)
    # What was read is not read again: it may as well be something else by now.
    content = tail.path.read_bytes()
    with tail.path.open("r+b") as file:
        file.write(b'{"kind":"end"}\n')
    newest.look()
    assert not tail.closed
    tail.path.write_bytes(content)

    end(recorder)
    recorder.close()
    newest.look()
    assert tail.closed


def test_the_newest_is_the_one_that_was_begun_last(tmp_path: Path):
    assert Newest(tmp_path).look() is None

    record(tmp_path, 1)
    newest = Newest(tmp_path)
    first = newest.look()
    assert first is not None and first.closed

    play(tmp_path, ended=False).close()
    second = newest.look()
    assert second is not None and second.path.name == "001.journal"
    assert not second.closed
