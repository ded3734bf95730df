"""Call the command as people do, in this process or in one of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from novice.app.cli import main

# Runs of a second or two, most of which is starting up.
TINY = {
    "bc": ("bc", "CartPole-v1", "--demonstrations", "1", "--steps", "100"),
    "dagger": (
        *("dagger", "CartPole-v1", "--labels", "120", "--labels-per-round", "40"),
        *("--episodes-per-round", "1", "--first-steps", "100", "--steps", "50"),
    ),
    "reinforce": (
        *("reinforce", "CartPole-v1", "--env-steps", "600", "--rounds", "3"),
        *("--episodes-per-batch", "4", "--baseline", "value", "--critic-steps", "2"),
    ),
}
# The same for a task of ten steps an episode, which is run in a moment.
WALK = "app.homemade:Walk-v0"
WALKER = "app.homemade:to_the_middle"
SHORT = {
    "bc": ("--demonstrations", "4", "--steps", "100"),
    "dagger": (
        *("--labels", "60", "--labels-per-round", "20", "--episodes-per-round", "2"),
        *("--first-steps", "100", "--steps", "50"),
    ),
    "reinforce": (
        *("--env-steps", "300", "--rounds", "3", "--episodes-per-batch", "4"),
        *("--critic-steps", "2"),
    ),
}
QUICK = (
    *("--hidden", "8", "--test-episodes", "4", "--validation-episodes", "2"),
    "--no-report",
)


def tiny(command: str, *more: str | Path) -> list[str]:
    """The words of a tiny run of this command."""
    return [*TINY[command], *QUICK, *(str(word) for word in more)]


def short(command: str, *more: str | Path, task: str = WALK) -> list[str]:
    """The words of a short run of this command, to be called in this process."""
    words = [command, task, "--expert", WALKER, *SHORT[command], *QUICK]
    return [*words, *(str(word) for word in more)]


class Said(NamedTuple):
    """What a command left behind on its streams."""

    status: int
    out: str
    err: str


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> Said:
    """Run a command in this process."""
    capsys.readouterr()
    try:
        status = main([str(word) for word in words])
    except SystemExit as end:
        status = int(end.code or 0)
    return Said(status, *capsys.readouterr())


def refused(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """The one line with which a command refuses."""
    status, out, err = said(capsys, *words)
    assert (status, out) == (2, ""), (status, out, err)
    assert err.startswith("novice: ") and err.endswith("\n"), err
    assert err.count("\n") == 1, err
    return err.removeprefix("novice: ").rstrip("\n")


def done(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """What a command prints that succeeds."""
    status, out, err = said(capsys, *words)
    assert (status, err) == (0, ""), err
    return out


def spoken(
    *words: str | Path,
    cwd: Path,
    variables: dict[str, str] | None = None,
    options: tuple[str, ...] = (),
) -> Said:
    """Run a command in a process of its own."""
    ended = subprocess.run(
        [sys.executable, *options, "-m", "novice", *(str(word) for word in words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | (variables or {}),
        timeout=120,
    )
    return Said(ended.returncode, ended.stdout, ended.stderr)


def summary_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "summary.json").read_text())


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a run by its name, without the clock readings and the lock.

    The lock names the process that wrote the run.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir() or name in ("timings.jsonl", ".lock"):
            continue
        content = path.read_bytes()
        if name == "summary.json":
            summary = json.loads(content)
            del summary["seconds"]
            content = json.dumps(summary, sort_keys=True).encode()
        found[name] = content
    return found


def differing(one: Path, other: Path) -> list[str]:
    """The names of the files that two runs do not have in common, byte by byte."""
    a, b = contents(one), contents(other)
    return sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))
