"""Runs in which somebody takes over, from the command to the report."""

import json
import random
import time
from pathlib import Path

import pytest

from app.commands import QUICK, WALK, WALKER, differing, done, summary_of
from app.killing import Started, finish, forked
from app.recordings import record
from novice.app import page_server
from novice.inbox.recording import read_recording

DRIVEN = ("dagger", WALK, "--expert", "human", "--by", "takeover")
BUDGET = (
    *("--labels", "20", "--labels-per-round", "10"),
    *("--first-steps", "100", "--steps", "50"),
)
SIMULATED = ("--simulate", WALKER, "--hurry", "--who", "ana")


def without_clock(names: list[str]) -> list[str]:
    """Files that are not about the page or the clock."""
    return [name for name in names if not name.startswith("takeover/")]


@pytest.mark.slow
def test_a_simulated_person_teaches_by_taking_over(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    folder = tmp_path / "run"
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.setattr(page_server, "NICENESS", 0)  # Other tests keep their place.

    words = (*DRIVEN, *SIMULATED, *BUDGET, *QUICK, "--port", "8795")
    out = done(capsys, *words, "--out", folder)

    summary = summary_of(folder)
    assert "There is nothing to watch yet: you drive first" in out
    assert summary["teacher"]["people"] == ["simulated ana"]
    assert summary["teacher"]["simulated"] is True
    assert summary["rounds"][-1]["labels"] >= 20
    played = read_recording(folder / "takeover").episodes
    assert played[0].policy is None and played[0].by_person.all()
    assert {part for part in summary["rounds"][0]} >= {"human_seconds", "labels"}


def start(folder: Path, *words: str) -> Started:
    """A run whose people have driven enough already."""
    return forked([*DRIVEN, *words], folder)


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path: Path):
    words = ("--labels", "40", "--labels-per-round", "8", "--lag", "0")
    words += (*BUDGET[4:], *QUICK)
    folders = [tmp_path / "whole", tmp_path / "killed"]
    for folder in folders:  # Ten episodes with four steps of the person in each.
        record(folder / "takeover", 11)
    whole, killed = folders
    begun(whole, *words, "--port", "8796")
    seconds = finish(start(whole, *words, "--port", "8796"))

    begun(killed, *words, "--port", "8797")
    chance = random.Random(0)
    for _ in range(4):
        process = start(killed, *words, "--port", "8797")
        process.give(chance.uniform(0, seconds))
        process.kill()
    finish(start(killed, *words, "--port", "8797"))

    assert json.loads((whole / "rounds/004/cut.json").read_text()) == {"episode": 9}
    assert without_clock(differing(whole, killed)) == []


def begun(folder: Path, *words: str) -> None:
    """Begin a run around what was recorded, and stop it at once."""
    recording = folder / "takeover"
    aside = folder.with_name(f"{folder.name}-played")
    recording.rename(aside)
    folder.rmdir()
    process = start(folder, *words)
    while not (folder / "settings.json").exists():
        assert process.ended() is None, process.said.read_text()
        time.sleep(0.001)
    process.kill()
    if recording.exists():
        recording.rename(folder.with_name(f"{folder.name}-nothing"))
    aside.rename(recording)
