"""The experiment `novice lab fork`: what becomes of experts who do it in two ways."""

import contextlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from novice.algorithms.settings import FitSettings, as_json, check, setting
from novice.app.machine_settings import prepare_machine
from novice.app.options import Parser, UsageError, add_flags, built

COMMAND = "lab fork"
_ABOUT = (
    "Experts pass an obstacle left or right, and the mean of both drives into it."
    " Trains policies with several heads on the same demonstrations, and measures how"
    " many get past, and how often they do what nobody did."
)
# What it can be about: heads for real actions.
_HEADS = ("gaussian", "squared", "mixture", "discretized", "flow")


@dataclass(frozen=True, kw_only=True)
class ForkOptions:
    """What the experiment can be told."""

    heads: tuple[str, ...] = setting(_HEADS, "the heads to compare")
    seeds: int = setting(5, "policies to train with each head")
    demonstrations: int = setting(200, "episodes that the expert shows")
    steps: int = setting(5_000, "gradient steps, rounded up to 500s")
    chunk: int = setting(1, "actions decided at once")
    history: int = setting(1, "observations seen at once")
    turn: float = setting(0.8, "radians a step at full steering, of the task")
    test_episodes: int = setting(100, "fresh episodes of each policy")
    seed: int = setting(0, "where all randomness comes from")
    out: str | None = setting(
        None, "a folder for it (default: runs/lab-fork-SEED, or the next free name)"
    )
    resume: bool = setting(False, "go on where a killed experiment in --out was")
    report: bool = setting(True, "write report.html")
    json: bool = setting(False, "print the summary as JSON, and nothing else")
    quiet: bool = setting(False, "print the result alone")

    def __post_init__(self) -> None:
        known = get_args(get_type_hints(FitSettings)["head"])
        for head in self.heads:
            if head not in _HEADS:
                why = "takes no real actions" if head in known else "is no head"
                raise UsageError(
                    f"--heads has {head!r}, which {why}; it is some of"
                    f" {', '.join(_HEADS)}"
                )
        if len(set(self.heads)) < len(self.heads):
            raise UsageError(f"--heads has one twice: {' '.join(self.heads)}")
        check(self, "seeds", low=1, high=100)
        check(self, "demonstrations", low=20)
        check(self, "steps", low=1)
        check(self, "test_episodes", low=2)
        check(self, "turn", low=0.2, high=1.5)
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"--seed is {self.seed}, but it must be 0 to {2**32 - 1}")
        self.fit(self.heads[0])

    def fit(self, head: str) -> FitSettings:
        """What a policy with this head is fitted by."""
        values: dict[str, Any] = {"head": head}
        return FitSettings(**values, chunk=self.chunk, history=self.history)


def run(arguments: list[str]) -> int:
    """Train with every head, drive, and tell."""
    parser = Parser(prog=f"novice {COMMAND}", description=_ABOUT, allow_abbrev=False)
    add_flags(parser, ForkOptions)
    options = built(ForkOptions, parser.parse_args(arguments))
    prepare_machine()
    aside = contextlib.redirect_stdout(sys.stderr) if options.json else None
    with aside or contextlib.nullcontext():
        summary, lines = measured_and_told(options)
    print(json.dumps(summary, sort_keys=True) if options.json else "\n".join(lines))
    return 0


def measured_and_told(options: ForkOptions) -> tuple[Mapping[str, Any], list[str]]:
    """Measure all heads, keep what was found; the summary, and its lines."""
    from novice.app.lab.fork_study import Study, measured
    from novice.app.report.fork import fork_lines, fork_page, fork_table
    from novice.app.teller import Teller
    from novice.files import write_json, write_text

    settings = settings_of(options)
    path = folder_for(options, settings)
    teller = Teller(quiet=options.quiet or options.json)
    study = Study(options, path)
    summary, ways = measured(study, settings, teller.say)
    lines = fork_lines(summary)
    if not options.quiet:
        lines = [*fork_table(summary), "", *lines]
    if options.report:
        write_text(path / "report.html", fork_page(settings, summary, ways))
        if not options.quiet:
            lines.append(f"report: {path / 'report.html'}")
    write_json(path / "summary.json", summary)
    return summary, lines


def settings_of(options: ForkOptions) -> dict[str, Any]:
    """What settings.json says."""
    from novice import __version__
    from novice.app.machine import versions
    from novice.experts.kept import SCHEMA

    values = json.loads(json.dumps(as_json(options)))
    for name in ("out", "resume", "report", "json", "quiet"):
        del values[name]
    return {
        "schema": SCHEMA,
        "command": COMMAND,
        "version": __version__,
        "settings": values,
        "versions": versions(),
    }


def folder_for(options: ForkOptions, settings: Mapping[str, Any]) -> Path:
    """The folder to begin in, or the one to go on in."""
    from novice.app.assignment import check_same, refuse_what_is_there
    from novice.app.folder import RunFolder, free_name

    usual = Path("runs") / f"lab-fork-{options.seed}"
    path = usual if options.out is None else Path(options.out)
    if options.resume:
        if (path / "settings.json").exists():
            check_same(RunFolder(path).settings(), settings, path)
        return path
    if options.out is None:
        return free_name(usual)
    refuse_what_is_there(path)
    return path
