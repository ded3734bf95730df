"""How many seconds of a person's reaction are compensated."""

from pathlib import Path

import pytest

from app.recordings import record
from novice.app import shown
from novice.app.shown import lag_to_use, tells_lag
from novice.envs.task import make_task
from novice.evaluation.reaction import Lag
from novice.inbox.recording import read_recording

CARTPOLE = make_task("CartPole-v1")


@pytest.mark.parametrize(
    ("found", "used"),
    [
        (Lag(0.1, (0.09, 0.13), 8), 0.1),
        (Lag(0.4, (0.35, 0.45), 8), 0.4),
        # What is not sure is believed as far as most people need it.
        (Lag(0.1, (0.0, 0.3), 3), 0.1),
        (Lag(0.55, (0.0, 0.6), 3), 0.25),
        (Lag(0.4, (0.3, 0.6), 3), 0.3),
        (None, 0.0),
    ],
)
def test_what_is_measured_is_compensated(
    found: Lag | None, used: float, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shown, "measured_lag", lambda episodes, task: found)

    assert lag_to_use("auto", [], CARTPOLE) == used


def test_what_was_said_is_compensated_as_it_is():
    assert lag_to_use(0.3, [], CARTPOLE) == 0.3
    assert lag_to_use(0.0, [], CARTPOLE) is None


def test_three_episodes_in_which_somebody_acted_tell_a_lag(tmp_path: Path):
    record(tmp_path, 4, drives=lambda episode, step: episode > 0)
    episodes = read_recording(tmp_path).episodes

    assert not tells_lag("auto", episodes[:3])
    assert tells_lag("auto", episodes)
    assert tells_lag(0.1, [])
