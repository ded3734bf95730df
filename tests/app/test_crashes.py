"""Wherever a run is cut short between two things that it writes, it can go on."""

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
