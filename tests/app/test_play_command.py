import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection, connect

from app.commands import refused, tiny
from inbox.played import HEAD, SHAPES, record
from novice.algorithms.settings import BadSettingError
from novice.app.options import PageOptions, UsageError
from novice.app.play import chosen_folder, conclude
from novice.app.play_settings import PlaySettings
from novice.envs.task import make_task
from novice.inbox.played import NotARecordingError
from novice.inbox.player import next_words, say
from novice.inbox.recorder import Recorder
from novice.inbox.recording import (
    begin_recording,
    read_recording,
    recording_settings,
)
from novice.inbox.visitor import Visitor

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
        ("drive", "hold", "--drive hold is about taking over from a policy; say"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(
    setting: str, value: object, said: str
):
    with pytest.raises(BadSettingError, match=re.escape(said)):
        PlaySettings(**{setting: value})  # type: ignore[arg-type]


def test_whoever_plays_alone_needs_no_policy_to_take_over_from():
    with pytest.raises(BadSettingError, match="--simulate plays alone, and --policy"):
        PlaySettings(policy="runs/x", simulate="auto", episodes=1)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--follow",), "--follow is about a run's policy; say --policy RUN as well"),
        (("--policy", "nothing"), "there is no folder nothing"),
        (("--policy", "recording"), "recording "),
    ],
)
def test_a_policy_that_is_not_there_is_refused_before_anything_is_begun(
    workplace: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    why: str,
):
    begin_recording(Path("recording"), {"settings": {"task": "CartPole-v1"}})

    line = refused(capsys, "play", "CartPole-v1", *words, "--out", "out")

    assert line.startswith(why), line
    assert not Path("out").exists()


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


def next_status(socket: ClientConnection, wanted: Callable[[dict], bool]) -> dict:
    """The first status from now on that is as wanted; the page says it is there."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        message = socket.recv(timeout=60)
        if isinstance(message, bytes):
            say(socket, {"kind": "alive", "seen": int.from_bytes(message[:8])})
            continue
        words = json.loads(message)
        if words["kind"] == "status" and wanted(words):
            return words
    raise AssertionError("what was waited for did not come")


def test_a_run_has_its_policy_watched_and_taken_over(
    made: Callable[..., Path], workplace: Path
):
    run = made("pilots", *tiny("dagger"))
    flags = ("--json", "--until-alone", "--follow", "--drive", "hold", "--turns", "yes")
    words = ("play", "CartPole-v1", "--policy", str(run), *flags, "--port", "8775")
    with subprocess.Popen(
        [sys.executable, "-m", "novice", *words, "--out", "out", "--who", "ana"],
        cwd=workplace,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        watchdog = threading.Timer(120, process.kill)
        watchdog.start()
        assert process.stdout is not None and process.stdin is not None
        told = json.loads(process.stdout.readline())
        assert (told["who"], f":{told['port']}/" in told["address"]) == ("ana", True)
        visitor = Visitor(told["address"])
        with connect(
            visitor.socket_address("/play/socket"), additional_headers=visitor.headers
        ) as socket:
            hello = next_words(socket, "hello")
            assert (hello["takeover"], hello["drive"], hello["axes"]) == (
                True,
                "hold",
                [],
            )
            assert (hello["heartbeat"], hello["stale_after"]) == (0.1, 0.3)
            assert (hello["undo_seconds"], hello["blend"]) == (3.0, 0.2)
            assert hello["rewinds"] and "entropy" in hello["uncertainty"]
            say(socket, {"kind": "wish", "wish": "go"})
            watched = next_status(socket, lambda now: now["steps"] >= 2)
            assert (watched["driver"], watched["policy"]) == ("policy", "round 2")
            assert watched["policy_action"] == watched["action"]
            assert 0 <= watched["uncertainty"] <= math.log(2) + 1e-6
            say(socket, {"kind": "wish", "wish": "take_over"})
            taken = next_status(socket, lambda now: now["driver"] == "person")
            pressed = {"kind": "pressed", "key": "ArrowLeft", "keys": ["ArrowLeft"]}
            say(socket, {**pressed, "seen": taken["frame"]})
            driven = next_status(socket, lambda now: now["person_steps"] == 1)
            assert (driven["label_total"], driven["undoable"]) == (1, 0.5)
            say(socket, {"kind": "wish", "wish": "hand_back"})
            next_status(socket, lambda now: now["driver"] == "policy")
        visitor.close()
        process.stdin.close()
        rest = process.stdout.read()
        assert (process.wait(timeout=60), rest) == (0, "")
        watchdog.cancel()

    (episode,) = read_recording(workplace / "out").episodes
    assert (episode.policy, episode.who) == ("round 2", "ana")
    assert episode.by_person.sum() == episode.taught.sum() == 1


def test_after_taking_over_it_says_how_much_was_driven(tmp_path: Path):
    run = tmp_path / "a run"
    run.mkdir()
    (run / "settings.json").write_text("{}")
    known = {"task": "CartPole-v1", "kwargs": {}, "policy": str(run)}
    begin_recording(tmp_path / "out", {"settings": known})
    recorder = Recorder(tmp_path / "out")
    recorder.begin({**HEAD, **SHAPES, "policy": "round 1"})
    record(recorder, steps=3, by="policy")
    record(recorder, steps=2, first=3)
    recorder.fumbled(1)
    recorder.close()
    said: list[str] = []

    conclude(read_recording(tmp_path / "out"), said.append)

    assert said[0].startswith("Recorded 1 episode, 5 steps, 0 seconds of your time: ")
    assert said[1] == "You drove 1 step of them; those are labels."
    assert said[-1] == (
        "Teach it on:     novice dagger CartPole-v1 --expert human --by takeover --from"
        f" '{run}'"
    )


def test_no_real_player_has_a_simulated_one_s_name(capsys: pytest.CaptureFixture[str]):
    line = refused(capsys, "play", "Nowhere-v0", "--who", "simulated ana")

    assert "--who is 'simulated ana', but names that begin with simulated" in line


ALONE = """
import threading, time
from novice.app.label import wait_alone
stop = threading.Event()
threading.Thread(target=wait_alone, args=(stop,), daemon=True).start()
time.sleep(0.2)
print(stop.is_set(), flush=True)
"""


def test_a_server_ends_in_order_although_its_stdin_is_open():
    with subprocess.Popen(
        [sys.executable, "-c", ALONE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        said = process.stdout.read(), process.stderr.read()

        assert (process.wait(timeout=30), *said) == (0, "False\n", "")
