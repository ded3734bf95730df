"""Run one of the three ways to learn, from its settings to its report."""

import contextlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from novice.app.assignment import Assignment, open_folder
from novice.app.folder import RunFolder
from novice.app.machine import keep_compiled_programs
from novice.app.options import PageOptions, RunOptions, WheelOptions
from novice.app.publish import publish
from novice.app.result import verdict_lines
from novice.app.runner import Runner
from novice.app.teller import Teller
from novice.files import CannotWriteError


@dataclass(frozen=True, kw_only=True, eq=False)
class Finished:
    """What a finished run leaves behind."""

    folder: RunFolder
    summary: Mapping[str, Any]


def carry_out(
    assignment: Assignment,
    options: RunOptions,
    page: PageOptions | None = None,
    wheel: WheelOptions | None = None,
) -> None:
    """Run an assignment in its folder, and print what it came to as it is asked for."""
    folder = open_folder(assignment, options)
    try:
        with words_aside(options):
            finished = run(assignment, folder, options, page, wheel)
    except KeyboardInterrupt as stop:
        how = f"--resume --out {folder.path}"
        if assignment.by_people:
            what = "step" if assignment.by_takeover else "answer"
            how = f"every {what} is kept, and the same command"
        stop.args = (f"stopped; {how} goes on from here",)
        raise
    except CannotWriteError as error:
        if folder.settings_path.exists():
            error.args = (f"{error} (--resume --out {folder.path} goes on)",)
        raise
    close(finished, options)


def words_aside(options: RunOptions) -> contextlib.AbstractContextManager[Any]:
    """Keep what a task or an expert prints out of the way of JSON."""
    if options.json:
        return contextlib.redirect_stdout(sys.stderr)
    return contextlib.nullcontext()


def run(
    assignment: Assignment,
    folder: RunFolder,
    options: RunOptions,
    page: PageOptions | None = None,
    wheel: WheelOptions | None = None,
) -> Finished:
    """Do all of an assignment, or what is left of it, and say how it goes."""
    teller = Teller(quiet=options.quiet or options.json)
    if options.compile_cache:
        keep_compiled_programs()
    summary: Mapping[str, Any]
    if folder.finished:
        teller.say(f"{folder.path} is finished already")
        summary = folder.summary()
    else:
        summary = Runner(assignment, folder, teller, page, wheel).run()
    if options.report and not (folder.path / "report.html").exists():
        publish(folder.path)
    return Finished(folder=folder, summary=summary)


def close(finished: Finished, options: RunOptions) -> None:
    """Print what a run came to, as its options ask for."""
    if options.json:
        print(json.dumps(finished.summary, sort_keys=True))
        return
    lines = verdict_lines(finished.summary)
    if options.quiet:
        lines = lines[-1:]
    elif options.report:
        lines.append(f"report: {finished.folder.path / 'report.html'}")
    print("\n".join(lines))
