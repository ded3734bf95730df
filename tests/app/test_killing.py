"""A run that was killed at any moment ends with the bytes of one that was not."""

from pathlib import Path

import pytest

from app.commands import TINY, contents, differing
from app.killing import finish, killed_runs, start, undisturbed


def test_a_run_holds_what_it_should(common_folder: Path):
    folder = undisturbed("dagger", common_folder)

    assert {name.split("/")[0] for name in contents(folder)} == {
        "dataset",
        "evaluation.json",
        "metrics.jsonl",
        "replays.json",
        "rounds",
        "settings.json",
        "summary.json",
    }


@pytest.mark.slow
@pytest.mark.parametrize("command", TINY)
def test_a_killed_run_ends_with_the_same_bytes(
    command: str, common_folder: Path, tmp_path: Path
):
    reference = undisturbed(command, common_folder)

    for folder, _ in killed_runs(command, tmp_path, kills=2, seed=1, within=None):
        assert differing(reference, folder) == []


@pytest.mark.soak
@pytest.mark.parametrize(
    ("command", "kills"), [("bc", 16), ("dagger", 17), ("reinforce", 17)]
)
def test_fifty_random_kills_change_no_byte(
    command: str,
    kills: int,
    common_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    reference = undisturbed(command, common_folder)
    seconds = finish(start(command, tmp_path / "timed"))

    runs = killed_runs(command, tmp_path, kills=kills, seed=50, within=seconds)
    for folder, suffered in runs:
        with capsys.disabled():
            print("", *suffered, f"-> {folder.name} finished", sep="\n")
        assert differing(reference, folder) == []
