import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from novice.algorithms.settings import BadSettingError
from novice.app.options import PageOptions, UsageError
from novice.app.play import chosen_folder, conclude
from novice.app.play_settings import PlaySettings
from novice.envs.task import make_task
from novice.inbox.recording import (
    NotARecordingError,
    begin_recording,
    read_recording,
    recording_settings,
)

SERVE = """
import sys
from novice.app.options import PageOptions
from novice.app.play import play
from novice.app.play_settings import PlaySettings
from novice.errors import NoviceError
try:
    sys.exit(play("CartPole-v1", {}, PlaySettings(), PageOptions(port=8760)))
except NoviceError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("episodes", -1, "--episodes is -1"),
        ("speed", 0.1, "--speed is 0.1, but it must be 0.25 to 2"),
        ("speed", 3.0, "--speed is 3"),
        ("seed", -1, "--seed is -1"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(
    setting: str, value: object, said: str
):
    with pytest.raises(BadSettingError, match=re.escape(said)):
        PlaySettings(**{setting: value})  # type: ignore[arg-type]


def test_a_folder_of_its_own_is_begun_each_time(workplace: Path):
    task = make_task("CartPole-v1")

    folders = [chosen_folder(task, PlaySettings(), PageOptions()) for _ in range(2)]

    assert [str(folder) for folder in folders] == [
        "runs/play-CartPole-v1-0",
        "runs/play-CartPole-v1-0-2",
    ]
    settings = recording_settings(folders[0])
    assert settings["settings"]["task"] == "CartPole-v1"
    assert "gymnasium" in settings["versions"]


def test_what_is_there_is_added_to_only_when_asked_and_only_of_the_same_task(
    workplace: Path,
):
    task, page = make_task("CartPole-v1"), PageOptions()
    out = chosen_folder(task, PlaySettings(out="here"), page)

    with pytest.raises(UsageError, match="here is there already; --resume adds"):
        chosen_folder(task, PlaySettings(out="here"), page)
    assert chosen_folder(task, PlaySettings(out="here", resume=True), page) == out
    other = make_task("Acrobot-v1")
    with pytest.raises(NotARecordingError, match="here holds CartPole-v1"):
        chosen_folder(other, PlaySettings(out="here", resume=True), page)


def test_nothing_played_is_said_so(tmp_path: Path):
    begin_recording(tmp_path, {"settings": {"task": "CartPole-v1", "kwargs": {}}})
    said: list[str] = []

    conclude(read_recording(tmp_path), said.append)

    assert said == [f"Nothing was recorded. The folder is {tmp_path}."]


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)]
)
def test_a_signal_ends_it_in_order(workplace: Path, number: int, status: int):
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", SERVE],
        cwd=workplace,
        env=os.environ | {"PYGAME_HIDE_SUPPORT_PROMPT": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    assert re.match(r"Play at http://127\.0\.0\.1:\d+/play\?token=\S{20,}$", lines[0])
    assert "ssh -L" in lines[1], lines
    began = time.monotonic()
    process.send_signal(number)
    rest, _ = process.communicate(timeout=30)
    watchdog.cancel()

    assert process.returncode == status, rest
    assert rest == "Nothing was recorded. The folder is runs/play-CartPole-v1-0.\n"
    assert time.monotonic() - began < 10
    people = (workplace / "runs/play-CartPole-v1-0/people.json").read_text()
    assert lines[0].partition("token=")[2].strip() not in people
