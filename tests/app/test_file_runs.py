"""A run can learn from a file of demonstrations that were recorded elsewhere."""

from pathlib import Path

import numpy as np
import pytest

from app.commands import WALK, done, refused, short, summary_of
from novice.app.folder import RunFolder


@pytest.fixture
def shown(workplace: Path) -> Path:
    """Four walks of ten steps to the middle of the line, in the current folder."""
    place = np.tile(np.linspace(-1, 1, 10), 4)[:, None]
    np.savez(
        "walks.npz",
        observation=place,
        action=(place[:, 0] < 0).astype(int),
        episode_length=[10] * 4,
    )
    return Path("walks.npz")


def test_a_clone_learns_from_the_rows_of_a_file(
    shown: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *short("bc", "--data", shown, "--out", "run"))

    (part,) = RunFolder(Path("run")).dataset().parts
    np.testing.assert_array_equal(
        part.observation, np.load(shown)["observation"].astype(np.float32)
    )
    assert part.origin.who == "walks"
    assert summary_of(Path("run"))["rounds"][0]["env_steps"] == 0


def test_what_a_file_took_of_peoples_time_is_not_made_up(
    shown: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *short("bc", "--data", shown, "--out", "run"))

    summary = summary_of(Path("run"))
    assert "people" not in summary
    assert "human_seconds" not in str(summary)


def test_correction_begins_with_the_rows_of_a_file(
    shown: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *short("dagger", "--from", shown, "--labels", "20", "--out", "run"))

    labels = [entry["labels"] for entry in summary_of(Path("run"))["rounds"]]
    assert labels == [40, 60]


def test_a_run_needs_its_file_no_more(shown: Path, capsys: pytest.CaptureFixture[str]):
    done(capsys, *short("bc", "--data", shown, "--out", "run"))
    shown.unlink()

    done(capsys, *short("bc", "--data", "run", "--out", "another"))

    assert len(RunFolder(Path("another")).dataset()) == 40


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["bc", "CartPole-v1", "--data", "walks.npz"],
            "observation in walks.npz has the shape (40, 1), but CartPole-v1 shows 4"
            " numbers",
        ),
        (["bc", "CartPole-v1", "--data", "gone.npz"], "there is no file gone.npz"),
        (
            ["reinforce", "CartPole-v1", "--from", "walks.npz"],
            "walks.npz is a file, which holds no policy to practice with; novice bc"
            " CartPole-v1 --data walks.npz makes one",
        ),
        (
            ["bc", WALK, "--data", "walks.npz", "--lag", "0.2"],
            "walks.npz is none; leave --lag away",
        ),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    shown: Path, capsys: pytest.CaptureFixture[str], words: list[str], line: str
):
    assert line in refused(capsys, *words)
