"""Whoever stops a run is told how to go on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import novice.app.compare
import novice.app.demo
import novice.app.train
from app.commands import Said, said, short, tiny

# Ten thousand rounds, of which a fast machine does a hundred in a second.
LONG = tiny("dagger", "--labels", "10000", "--labels-per-round", "1")


def stopped(folder: Path, number: signal.Signals) -> tuple[Said, float]:
    """What a long run says when it gets a signal, and the seconds that it takes.

    The signal comes after the first line about a round, when nearly all is left to do.
    """
    # A shell has what it runs in the background ignore SIGINT, and all it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "novice", *LONG],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    assert process.stdout is not None
    try:
        heard = ""
        while "round" not in heard:
            heard = process.stdout.readline()
            assert heard, process.communicate()
        sent = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return Said(process.returncode, out, err), time.monotonic() - sent


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_run_that_is_stopped_says_how_to_go_on(
    number: signal.Signals, status: int, tmp_path: Path
):
    ended, seconds = stopped(tmp_path, number)

    assert (ended.status, ended.err) == (
        status,
        "novice: stopped; --resume --out runs/dagger-CartPole-v1-0 goes on from here\n",
    )
    assert seconds < 10


def interrupt(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_a_run_under_the_next_free_name_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    taken = "bc-app.homemade-Walk-v0-0"
    (tmp_path / "runs" / taken).mkdir(parents=True)
    monkeypatch.setattr(novice.app.train, "run", interrupt)

    status, _, err = said(capsys, *short("bc"))

    assert status == 130
    assert err == f"novice: stopped; --resume --out runs/{taken}-2 goes on from here\n"


@pytest.mark.parametrize(
    ("words", "module", "function"),
    [
        (["evaluate", "runs/x"], novice.app.compare, "compare"),
        (["demo"], novice.app.demo, "demo"),
    ],
)
def test_what_cannot_be_resumed_does_not_speak_of_it(
    words: list[str],
    module: Any,
    function: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(module, function, interrupt)

    assert said(capsys, *words) == (130, "", "novice: stopped\n")


def test_a_command_leaves_the_signals_as_they_were(
    capsys: pytest.CaptureFixture[str],
):
    before = signal.getsignal(signal.SIGTERM)

    said(capsys, "--version")

    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.slow
def test_whoever_reads_only_the_first_line_gets_no_complaint(tmp_path: Path):
    command = f"{sys.executable} -m novice --help | head -1"

    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ,
        timeout=60,
    )

    assert ended.stderr == ""
