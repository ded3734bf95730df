"""Wherever a run is cut short between two things that it writes, it can go on."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import novice.app.folder
import novice.files
from app.commands import SHORT, contents, differing, done, said, short
from app.crashing import Killed, killed_after, killed_at
from novice.app.folder import RunFolder, named_arrays
from novice.datasets.dataset import Answers, Dataset, Origin
from novice.types import Round


@pytest.mark.parametrize(
    "name",
    [
        "settings.json",
        "dataset/001.safetensors",
        "001.part/hashes.json",
        "rounds/001",
        "metrics.jsonl",
        "timings.jsonl",
        "evaluation.json",
        "replays.json",
        "summary.json",
    ],
)
def test_a_run_of_dagger_goes_on_after_a_crash(
    name: str,
    made: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    words = short("dagger", "--out", tmp_path / "run", "--resume")
    with killed_after(name), pytest.raises(Killed):
        said(capsys, *words)

    done(capsys, *words)

    assert differing(made("dagger", *short("dagger")), tmp_path / "run") == []


@pytest.mark.parametrize("command", ["bc", "reinforce"])
@pytest.mark.parametrize(
    "name",
    ["settings.json", "rounds/000", "replays.json"],
)
def test_a_run_of_another_kind_goes_on_after_a_crash(
    command: str,
    name: str,
    made: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    words = short(command, "--out", tmp_path / "run", "--resume")
    with killed_after(name), pytest.raises(Killed):
        said(capsys, *words)

    done(capsys, *words)

    assert differing(made(command, *short(command)), tmp_path / "run") == []


@pytest.mark.parametrize("command", SHORT)
def test_a_run_that_was_cut_off_within_a_line_goes_on(
    command: str,
    made: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    words = short(command, "--out", tmp_path / "run", "--resume")
    with killed_after("evaluation.json"), pytest.raises(Killed):
        said(capsys, *words)
    metrics = tmp_path / "run" / "metrics.jsonl"
    os.truncate(metrics, metrics.stat().st_size - 9)

    done(capsys, *words)

    assert differing(made(command, *short(command)), tmp_path / "run") == []


SETTINGS = {"command": "dagger", "settings": {"hidden": [8]}, "version": "0"}


class Recorded:
    """The rounds of a run, which can be written down anywhere."""

    def __init__(self) -> None:
        self.rounds: list[Round] = []

    def written(self, folder: RunFolder) -> int:
        """Begin a run or go on with it; how many rounds were there already."""
        if not folder.settings_path.exists():
            folder.begin(SETTINGS)
        last = folder.last_round()
        known = 0 if last is None else last.number + 1
        for round in self.rounds[known:]:
            folder.save_round(round, {"fit": 0.5})
        return known


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """What a short run of DAgger gave its folder to write."""
    record = Recorded()
    real = RunFolder.save_round

    def listen(folder: RunFolder, round: Round, seconds: Any) -> None:
        record.rounds.append(round)
        real(folder, round, seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunFolder, "save_round", listen)
        folder = tmp_path_factory.mktemp("recorded")
        assert novice.app.cli.main(short("dagger", "--out", folder / "run")) == 0
    return record


@pytest.fixture(scope="module")
def requests(recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How often the disk is asked for something while those rounds are written."""
    folder = RunFolder(tmp_path_factory.mktemp("counted") / "run")
    with killed_at(10_000) as calls:
        recorded.written(folder)
    return len(calls)


def test_a_kill_between_any_two_requests_to_the_disk_loses_nothing(
    recorded: Recorded, requests: int, tmp_path: Path
):
    whole = RunFolder(tmp_path / "whole")
    recorded.written(whole)
    assert requests > 60

    for number in range(requests):
        folder = RunFolder(tmp_path / str(number))
        with killed_at(number), pytest.raises(Killed):
            recorded.written(folder)
        recorded.written(folder)
        assert differing(whole.path, folder.path) == [], number


def test_after_a_kill_the_last_complete_round_is_what_was_saved(
    recorded: Recorded, requests: int, tmp_path: Path
):
    for number in range(requests):
        folder = RunFolder(tmp_path / str(number))
        with killed_at(number), pytest.raises(Killed):
            recorded.written(folder)
        last = folder.last_round()
        if last is None:
            continue
        saved = recorded.rounds[last.number]
        found, wanted = named_arrays(last.learner), named_arrays(saved.learner)
        assert found.keys() == wanted.keys()
        assert all(np.array_equal(found[name], wanted[name]) for name in wanted)
        assert len(last.dataset) == len(saved.dataset)
        assert last.measures == saved.measures


def test_no_round_that_was_announced_is_lost(recorded: Recorded, tmp_path: Path):
    """When `save_round` has returned, only the disk itself can lose the round."""
    folder = RunFolder(tmp_path / "run")
    folder.begin(SETTINGS)

    for count, round in enumerate(recorded.rounds, start=1):
        folder.save_round(round, {})
        assert folder.round_count() == count
        assert not list(folder.path.rglob("*.part"))


def test_what_went_wrong_while_a_round_is_saved_is_not_called_a_success(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = RunFolder(tmp_path / "run")
    folder.begin(SETTINGS)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(novice.files.CannotWriteError):
        folder.save_round(recorded.rounds[0], {})

    assert folder.round_count() == 0
    assert not list(folder.path.rglob("*.part"))


def test_a_round_is_written_on_after_there_is_room_again(
    recorded: Recorded, tmp_path: Path
):
    whole, folder = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "run")
    recorded.written(whole)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(novice.files.CannotWriteError):
            recorded.written(folder)
    recorded.written(folder)

    assert contents(whole.path) == contents(folder.path)


def from_person(who: str, action: int, *, round: int, rows: int = 2) -> Answers:
    """What somebody answered to questions about the walk, always the same action."""
    return Answers(
        observation=np.zeros((rows, 1), np.float32),
        action=np.full((rows, 1), action, np.int32),
        episode=np.zeros(rows, np.int32),
        step=np.arange(rows, dtype=np.int32),
        origin=Origin(round, "correction", who),
        marks=np.repeat(np.eye(2, dtype=np.int8)[[action]], rows, axis=0),
        question=np.arange(rows, dtype=np.int64),
    )


def taught(recorded: Recorded, number: int, *parts: Answers) -> Round:
    """A round with these answers, of which a person's newest stand."""
    dataset = Dataset(parts)
    labels = int(dataset.standing().sum())
    return dataclasses.replace(
        recorded.rounds[number],
        dataset=dataset,
        measures={"labels": labels, "rows": len(dataset)},
    )


def held(dataset: Dataset) -> list[tuple[str, int, list[list[int]]]]:
    return [
        (part.origin.who, part.origin.round, part.action.tolist())
        for part in dataset.parts
    ]


def test_what_people_answered_after_a_kill_replaces_what_the_dead_attempt_wrote(
    recorded: Recorded, tmp_path: Path
):
    """Two had answered when the run was killed, both otherwise, and a third did then.

    However far the attempt came, the round before is as it was.
    """
    before = from_person("Ada", 0, round=0)
    zeroth = taught(recorded, 0, before)
    dead = [from_person("Ada", 0, round=1), from_person("Bob", 0, round=1, rows=3)]
    alive = [from_person(who, 1, round=1) for who in ("Ada", "Bob", "Cleo")]
    first = taught(recorded, 1, before, *alive)
    whole = RunFolder(tmp_path / "whole")
    for round in (zeroth, first):
        whole.save_round(round, {})
    with killed_at(10_000) as calls:
        attempt = RunFolder(tmp_path / "counted")
        attempt.save_round(zeroth, {})
        start = len(calls)
        attempt.save_round(taught(recorded, 1, before, *dead), {})
    announced = calls.index("rename", start) if "rename" in calls[start:] else 0
    assert announced - start > 10

    for number in range(announced - start):
        folder = RunFolder(tmp_path / str(number))
        folder.save_round(zeroth, {})
        with killed_at(number), pytest.raises(Killed):
            folder.save_round(taught(recorded, 1, before, *dead), {})
        last = folder.last_round()
        assert held(last.dataset) == held(zeroth.dataset), number

        folder.save_round(first, {})

        assert held(folder.last_round().dataset) == held(first.dataset)
        for name in ("index.json", *(f"{part:03d}.safetensors" for part in range(4))):
            found, wanted = (each.dataset_path / name for each in (folder, whole))
            assert found.read_bytes() == wanted.read_bytes(), (number, name)


def test_answers_brought_along_from_a_round_of_the_same_number_are_never_lost(
    recorded: Recorded, tmp_path: Path
):
    """A run that began with three rounds of another one is killed in its own second."""
    brought = [from_person("Ada", 0, round=number) for number in range(3)]
    zeroth = taught(recorded, 0, *brought, from_person("Bob", 1, round=0))
    first = taught(recorded, 1, *zeroth.dataset.parts, from_person("Bob", 1, round=1))

    for number in range(1000):
        folder = RunFolder(tmp_path / str(number))
        folder.save_round(zeroth, {})
        with killed_at(number) as calls:
            try:
                folder.save_round(first, {})
            except Killed:
                pass
            else:
                assert len(calls) > 10
                break
        last = folder.last_round()
        expected = zeroth if last.number == 0 else first
        assert held(last.dataset) == held(expected.dataset), number
