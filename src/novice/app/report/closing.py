"""End a report with what it took, what it was set to, and how to have it again."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from novice.app.report.contents import RunContents
from novice.app.report.facts import Facts
from novice.app.report.markup import Child, Html, joined, tag
from novice.app.report.numbers import duration
from novice.app.report.parts import section, shares_of_time
from novice.app.report.repetition import repetition
from novice.app.report.teacher import effort, marked, simulated, taught_by

_PHASES = ("collect", "label", "fit", "evaluate")


def closing(contents: RunContents, run: Facts) -> Html:
    """Time by phase, the command line, and everything that the result depends on."""
    return joined(time_section(run), repeat_section(contents, run))


def time_section(run: Facts) -> Html | None:
    """How long the run took and where the time went, if that was kept."""
    phases = phases_of(run.seconds)
    if sum(phases.values()) <= 0:
        return None
    note = f"{duration(sum(phases.values()))} in all."
    if run.seconds.get("compile"):
        note += f" Compiling took {duration(run.seconds['compile'])} of it."
    bar = shares_of_time(phases) if len(phases) > 1 else None
    return section("Where the time went", bar, note=marked(run, note))


def phases_of(seconds: Mapping[str, float]) -> dict[str, float]:
    """Seconds a phase in the order of the loop, and what is left of the total.

    Compiling is left out: it happens inside the other phases.
    """
    order = [name for name in _PHASES if name in seconds]
    order += [
        name for name in seconds if name not in (*order, "compile", "total", "other")
    ]
    phases = {name: seconds[name] for name in order}
    left = seconds.get("total", 0.0) - sum(phases.values())
    return {**phases, "other": left} if left > 0 else phases


def repeat_section(contents: RunContents, run: Facts) -> Html:
    """The command line, the settings and the versions, and who taught."""
    settings = contents.settings.get("settings") or {}
    typed = command_line(run.command, settings)
    return repetition(typed, contents.settings, note=_taught(run))


def _taught(run: Facts) -> Child:
    """Who taught, and that the command alone does not bring their answers back."""
    if run.teacher is None:
        return None
    by = joined(
        "Taught by ",
        taught_by(run.teacher, everybody=True),
        effort(run, run.teacher),
        ".",
    )
    told = " The command asks anew; what was answered is kept in the run's folder."
    return joined(tag("em", by) if simulated(run) else by, told)


def command_line(command: str, settings: Mapping[str, Any]) -> list[str]:
    """What to type to do the same again: the command, and each flag with its value.

    The demo always has the same task, and is not told it.
    """
    task = None if command == "demo" else settings.get("task")
    parts = [["novice", command] if task is None else ["novice", command, str(task)]]
    for name, value in settings.items():
        if name != "task":
            parts += _flags(name, value)
    return [shlex.join(words) for words in parts]


def _flags(name: str, value: Any) -> Iterator[list[str]]:
    """The words of the command line that set one setting, or a group of them."""
    flag = "--" + name.replace("_", "-")
    if name == "task_argument":
        for argument, content in (value or {}).items():
            plain = content if isinstance(content, str) else json.dumps(content)
            yield [flag, f"{argument}={plain}"]
    elif isinstance(value, Mapping):
        for inner, content in value.items():
            yield from _flags(inner, content)
    elif isinstance(value, bool):
        yield [flag if value else flag.replace("--", "--no-", 1)]
    elif isinstance(value, list | tuple):
        yield [flag, *map(str, value)]
    elif value is not None:
        yield [flag, str(value)]
