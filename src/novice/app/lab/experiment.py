"""What all experiments of `novice lab` do alike, from the flags to the files."""

import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from novice.algorithms.settings import as_json
from novice.app.options import UsageError

Told = tuple[Mapping[str, Any], list[str]]

# How an experiment is carried out and told, which is not what it is about.
_MANNER = ("out", "resume", "report", "json", "quiet")


def check_seed(seed: int) -> None:
    """Raise UsageError for what is no seed."""
    if not 0 <= seed < 2**32:
        raise UsageError(f"--seed is {seed}, but it must be 0 to {2**32 - 1}")


def carry_out(experiment: Callable[[], Told], *, alone: bool) -> int:
    """Print what an experiment says: its lines, or its summary as JSON and `alone`."""
    aside = contextlib.redirect_stdout(sys.stderr) if alone else None
    with aside or contextlib.nullcontext():
        summary, lines = experiment()
    print(json.dumps(summary, sort_keys=True) if alone else "\n".join(lines))
    return 0


def values_of(options: Any) -> dict[str, Any]:
    """What options say about an experiment, as plain values."""
    values = json.loads(json.dumps(as_json(options)))
    return {name: value for name, value in values.items() if name not in _MANNER}


def settings_of(command: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """What settings.json says."""
    from novice import __version__
    from novice.app.machine import versions
    from novice.experts.schema import SCHEMA

    return {
        "schema": SCHEMA,
        "command": command,
        "version": __version__,
        "settings": dict(values),
        "versions": versions(),
    }


def folder_for(
    name: str, out: str | None, settings: Mapping[str, Any], *, resume: bool
) -> Path:
    """The folder to begin in, or the one to go on in; by default one of this name."""
    from novice.app.assignment import check_same, refuse_what_is_there
    from novice.app.folder import RunFolder, free_name

    usual = Path("runs") / name.replace("/", "-").replace(":", "-")
    path = usual if out is None else Path(out)
    if resume:
        if (path / "settings.json").exists():
            check_same(RunFolder(path).settings(), settings, path)
        return path
    if out is None:
        return free_name(usual)
    refuse_what_is_there(path)
    return path


def finish(
    path: Path, summary: Mapping[str, Any], page: Callable[[], str], options: Any
) -> list[str]:
    """Write the summary and the page; the line that says where the page is."""
    from novice.files import write_json, write_text

    told = []
    if options.report:
        write_text(path / "report.html", page())
        told = [] if options.quiet else [f"report: {path / 'report.html'}"]
    write_json(path / "summary.json", summary)
    return told
