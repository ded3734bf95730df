"""What a command prints, for people, for programs, and for a terminal."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.commands import SHORT, done, said, short, spoken, summary_of, tiny


@pytest.fixture(autouse=True)
def here(workplace: Path) -> Path:
    """An empty folder to work in."""
    return workplace


@pytest.mark.parametrize("command", SHORT)
def test_json_is_one_document_and_the_summary(
    command: str, here: Path, capsys: pytest.CaptureFixture[str]
):
    out = done(capsys, *short(command, "--json", "--out", "run"))

    assert json.loads(out) == summary_of(here / "run")
    assert out.count("\n") == 1


def test_json_of_a_finished_run_is_its_summary(
    made: Callable[..., Path], capsys: pytest.CaptureFixture[str]
):
    run = made("bc", *short("bc"))

    out = done(capsys, *short("bc", "--json", "--out", run, "--resume"))

    assert json.loads(out) == summary_of(run)


def test_json_stays_alone_when_a_task_talks(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    words = short("bc", "--json", "--out", "run", task="app.homemade:Loud-v0")

    status, out, err = said(capsys, *words)

    assert status == 0
    assert json.loads(out) == summary_of(here / "run")
    assert "a task that talks" in err


@pytest.mark.parametrize("command", SHORT)
def test_quiet_is_one_line_with_the_result(
    command: str, capsys: pytest.CaptureFixture[str]
):
    out = done(capsys, *short(command, "--quiet"))

    assert out.count("\n") == 1
    assert out.startswith("policy   ") and "chosen on other episodes" in out


def test_a_run_tells_each_round_in_a_line(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    lines = done(capsys, *short("dagger", "--report")).splitlines()

    assert lines[0] == (
        "app.homemade:Walk-v0 · dagger · chance returns 6.73, the expert"
        " (app.homemade:to_the_middle) 8.39"
    )
    rounds = [line for line in lines if line.startswith("round")]
    assert [line.split()[1] for line in rounds] == ["0", "1", "2"]
    assert all(
        re.fullmatch(
            r"round +\d +\d+ labels +\d+ steps  return +[\d.-]+ \[[\d.-]+, [\d.-]+\]"
            r"  normalized +[\d.-]+  disagreement [\d.]+",
            line,
        )
        for line in rounds
    )
    assert [line.split()[0] for line in lines[4:]] == [
        "random",
        "expert",
        "policy",
        "report:",
    ]
    assert lines[-1] == "report: runs/dagger-app.homemade-Walk-v0-0/report.html"
    assert Path(lines[-1].removeprefix("report: ")).exists()


def test_lines_for_a_file_hold_no_control_codes(capsys: pytest.CaptureFixture[str]):
    out = done(capsys, *short("dagger", "--report"))

    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f]", out) == []


def test_no_report_is_written_when_none_is_wanted(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    out = done(capsys, *short("bc", "--no-report", "--out", "run"))

    assert "report" not in out
    assert not (here / "run" / "report.html").exists()


def test_a_report_is_written_anew(here: Path, capsys: pytest.CaptureFixture[str]):
    done(capsys, *short("bc", "--out", "run"))

    assert done(capsys, "report", "run") == "run/report.html\n"
    assert (here / "run" / "report.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.slow
def test_a_terminal_that_knows_only_ascii_is_no_obstacle(here: Path):
    ended = spoken(
        *tiny("bc"),
        cwd=here,
        variables={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )

    assert (ended.status, ended.err) == (0, "")


class Screen:
    """What stands on a terminal after it was sent some text."""

    def __init__(self) -> None:
        self.lines = [""]
        self.row = 0
        self.cursor_shown = True

    def feed(self, text: str) -> None:
        for code, plain in re.findall(r"\x1b\[(\??[\d;]*[A-Za-z])|([^\x1b])", text):
            if code:
                self.control(code)
            else:
                self.write(plain)

    def control(self, code: str) -> None:
        if code.endswith("A"):
            self.row -= int(code[:-1] or 1)
        elif code == "2K":
            self.lines[self.row] = ""
        elif code in ("?25l", "?25h"):
            self.cursor_shown = code == "?25h"

    def write(self, plain: str) -> None:
        if plain == "\n":
            self.row += 1
            self.lines += [""] * (self.row + 1 - len(self.lines))
        elif plain == "\r":
            self.column = 0
        else:
            start = self.lines[self.row][: self.column]
            rest = self.lines[self.row][self.column + 1 :]
            self.lines[self.row] = start.ljust(self.column) + plain + rest
            self.column += 1

    column = 0


def on_a_terminal(words: list[str], folder: Path) -> str:
    """All that a command sends to a terminal."""
    ours, theirs = pty.openpty()
    # Without colors the bar is drawn by other means.
    colorful = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "novice", *words],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=colorful | {"TERM": "xterm-256color", "COLUMNS": "120"},
    )
    os.close(theirs)
    sent, patience = b"", time.monotonic() + 100
    try:
        while time.monotonic() < patience:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                heard = os.read(ours, 65_536)
            except OSError:  # Linux says so when the other end is closed.
                break
            if not heard:
                break
            sent += heard
        assert process.wait(10) == 0, sent.decode()
    finally:
        process.kill()
        os.close(ours)
    return sent.decode()


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a short run of DAgger sends to a terminal."""
    return on_a_terminal(tiny("dagger"), tmp_path_factory.mktemp("terminal"))


@pytest.mark.slow
def test_a_terminal_shows_how_far_a_run_is_and_how_long_it_takes(terminal: str):
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", terminal)

    clock = r"\d:\d\d:\d\d"
    phases = "collect|label|fit|evaluate"
    assert re.search(rf"({phases}) +[━╸╺]+ \d/3 rounds {clock} left", plain)
    assert re.search(rf" +[━╸╺]+ 2/3 rounds {clock} left {clock}", plain)


@pytest.mark.slow
def test_nothing_of_the_bar_is_left_on_a_terminal(terminal: str):
    screen = Screen()
    screen.feed(terminal)

    shown = [line.rstrip() for line in screen.lines if line.strip()]
    assert [line.split()[0] for line in shown] == [
        *("CartPole-v1", "round", "round", "enough", "round"),
        *("random", "expert", "policy"),
    ]
    assert "rounds" not in "".join(shown)


@pytest.mark.slow
def test_a_terminal_gets_its_cursor_back(terminal: str):
    screen = Screen()
    screen.feed(terminal)

    assert "\x1b[?25l" in terminal
    assert screen.cursor_shown


def test_a_comparison_is_printed_as_a_table(
    made: Callable[..., Path],
    here: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("COLUMNS", "120")
    (here / "one").symlink_to(made("bc", *short("bc")))
    (here / "other").symlink_to(made("dagger", *short("dagger")))

    out = done(capsys, "evaluate", "one", "other", "--episodes", "5")

    number = r"-?\d+\.\d\d"
    for who in ("chance", "one, round 0", "other, round 2"):
        assert re.search(rf"{who} +{number} \[{number}, {number}\]", out)
    assert re.search(
        r"other minus one: [+-]\d+\.\d\d \[[+-]\d+\.\d\d, [+-]\d+\.\d\d\]", out
    )


def test_a_comparison_as_json_is_one_document(
    made: Callable[..., Path], capsys: pytest.CaptureFixture[str]
):
    run = made("bc", *short("bc"))

    found = json.loads(done(capsys, "evaluate", run, "--episodes", "5", "--json"))

    assert found["command"] == "evaluate"
    assert found["policies"][0]["return"]["episodes"] == 5
