"""The same seed gives the same bytes, wherever and however the command is called."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.commands import SHORT, TINY, differing, done, short, spoken, tiny
from app.killing import undisturbed

# Whatever a person's machine may have set, and results must not hang on.
ELSEWHERE = {
    "PYTHONHASHSEED": "7",
    "LC_ALL": "C",
    "LANG": "tr_TR.UTF-8",
    "TZ": "Asia/Tokyo",
    "COLUMNS": "40",
}


@pytest.mark.slow
@pytest.mark.parametrize("command", TINY)
def test_the_same_seed_gives_the_same_bytes_elsewhere(
    command: str, common_folder: Path, tmp_path: Path
):
    reference = undisturbed(command, common_folder)
    here = tmp_path / "another folder"
    here.mkdir()

    ended = spoken(*tiny(command, "--out", "run"), cwd=here, variables=ELSEWHERE)

    assert ended.status == 0, ended.err
    assert differing(reference, here / "run") == []


@pytest.mark.parametrize("command", SHORT)
def test_the_same_seed_gives_the_same_bytes_within_a_process(
    command: str,
    made: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    done(capsys, *short(command, "--out", tmp_path / "again"))

    assert differing(made(command, *short(command)), tmp_path / "again") == []


@pytest.mark.parametrize("command", SHORT)
def test_another_seed_gives_another_policy(
    command: str,
    made: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    done(capsys, *short(command, "--seed", "1", "--out", tmp_path / "other"))

    different = differing(made(command, *short(command)), tmp_path / "other")
    assert "rounds/000/policy.safetensors" in different
    assert "metrics.jsonl" in different


@pytest.mark.parametrize("command", SHORT)
def test_what_is_measured_of_a_round_holds_no_clock_readings(
    command: str, made: Callable[..., Path]
):
    folder = made(command, *short(command))

    for path in [*folder.rglob("measures.json"), folder / "metrics.jsonl"]:
        words = path.read_text()
        assert "second" not in words and "time" not in words, path


def test_seconds_by_phase_are_kept_apart(made: Callable[..., Path]):
    timings = made("dagger", *short("dagger")) / "timings.jsonl"

    lines = timings.read_text().splitlines()
    assert [sorted(json.loads(line)) for line in lines] == [
        ["collect", "evaluate", "fit", "label", "round"]
    ] * 3
