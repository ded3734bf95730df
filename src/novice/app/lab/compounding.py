"""The experiment `novice lab compounding`: how fast errors compound."""

import argparse
import contextlib
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from novice.algorithms.settings import FitSettings, as_json, check, setting
from novice.app.machine_settings import prepare_machine
from novice.app.options import (
    EXPERT,
    Parser,
    UsageError,
    add_flags,
    built,
    task_arguments,
)

COMMAND = "lab compounding"
_ABOUT = (
    "How fast do errors compound? Without TASK: on a tightrope where every learner errs"
    " at the same known rate, the exponent by which cost grows with length. With TASK:"
    " policies trained on it at equal numbers of labels, and at which steps they lose"
    " reward and disagree with the expert."
)


@dataclass(frozen=True, kw_only=True)
class LabOptions:
    """What the experiment can be told in any case."""

    out: str | None = setting(
        None, "a folder for it (default: runs/lab-compounding-SEED, or the next free)"
    )
    seed: int = setting(0, "where all randomness comes from")
    report: bool = setting(True, "write report.html")
    json: bool = setting(False, "print the summary as JSON, and nothing else")
    quiet: bool = setting(False, "print the result alone")

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"--seed is {self.seed}, but it must be 0 to {2**32 - 1}")


@dataclass(frozen=True, kw_only=True)
class TaskOptions:
    """What it can be told about a task."""

    labels: int = setting(2000, "right actions that each policy is told")
    seeds: int = setting(3, "policies to train in each way")
    noise: float = setting(
        0.1, "of the shaken demonstrator, in half-ranges or probability (DART)"
    )
    test_episodes: int = setting(20, "fresh episodes of each policy")
    resume: bool = setting(False, "go on where a killed experiment in --out was")
    fit: FitSettings = field(default_factory=FitSettings)

    def __post_init__(self) -> None:
        check(self, "labels", low=1)
        check(self, "seeds", low=2, high=100)
        check(self, "noise", low=0)
        check(self, "test_episodes", low=1)


def run(arguments: list[str]) -> int:
    """Measure it on the tightrope, or on a task."""
    parser = Parser(prog=f"novice {COMMAND}", description=_ABOUT, allow_abbrev=False)
    parser.add_argument(
        "task", nargs="?", metavar="TASK", help="a Gymnasium id (default: none)"
    )
    add_flags(parser, LabOptions)
    about_task = parser.add_argument_group("with TASK")
    about_task.add_argument(
        "--task-argument",
        action="append",
        metavar="NAME=VALUE",
        help="a keyword argument of the task; may be given again",
    )
    about_task.add_argument("--expert", default="auto", metavar="WHO", help=EXPERT)
    add_flags(about_task, TaskOptions)
    given = parser.parse_args(arguments)
    options, of_task = built(LabOptions, given), built(TaskOptions, given)
    if given.task is None:
        refuse_what_needs_a_task(given)
    prepare_machine()
    aside = contextlib.redirect_stdout(sys.stderr) if options.json else None
    with aside or contextlib.nullcontext():
        if given.task is None:
            summary, lines = on_the_tightrope(options)
        else:
            summary, lines = on_a_task(given, options, of_task)
    print(json.dumps(summary, sort_keys=True) if options.json else "\n".join(lines))
    return 0


def refuse_what_needs_a_task(given: argparse.Namespace) -> None:
    """Raise UsageError when something about a task was set, but none was named."""
    usual: dict[str, Any] = {"task_argument": None, "expert": "auto"}
    for kind in (TaskOptions, FitSettings):
        usual |= {each.name: each.default for each in dataclasses.fields(kind)}
    del usual["fit"]
    for name, value in usual.items():
        if getattr(given, name) not in (None, value):
            raise UsageError(
                f"--{name.replace('_', '-')} is about policies trained on a task; name"
                f" one: novice {COMMAND} TASK"
            )


def open_folder(name: str, options: LabOptions) -> Path:
    """The folder to begin in."""
    from novice.app.assignment import refuse_what_is_there
    from novice.app.folder import free_name

    if options.out is None:
        return free_name(Path("runs") / name.replace("/", "-").replace(":", "-"))
    path = Path(options.out)
    refuse_what_is_there(path)
    return path


def settings_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What settings.json says."""
    from novice import __version__
    from novice.app.machine import versions
    from novice.experts.kept import SCHEMA

    return {
        "schema": SCHEMA,
        "command": COMMAND,
        "version": __version__,
        "settings": dict(values),
        "versions": versions(),
    }


def finish(
    path: Path,
    settings: Mapping[str, Any],
    summary: Mapping[str, Any],
    page: Callable[[Mapping[str, Any], Mapping[str, Any]], str],
    options: LabOptions,
) -> list[str]:
    """Write the summary and the page; the line that says where the page is."""
    from novice.files import write_json, write_text

    told = []
    if options.report:
        write_text(path / "report.html", page(settings, summary))
        told = [] if options.quiet else [f"report: {path / 'report.html'}"]
    write_json(path / "summary.json", summary)
    return told


def on_the_tightrope(options: LabOptions) -> tuple[Mapping[str, Any], list[str]]:
    """Measure the exponents; the summary, and the lines that tell it."""
    from novice.app.report.compounding import tightrope_page, verdict_lines
    from novice.app.teller import Teller
    from novice.evaluation.compounding import WAYS, Experiment
    from novice.files import make_folder, write_json

    began = time.perf_counter()
    path = open_folder(f"lab-compounding-{options.seed}", options)
    settings = settings_of({"seed": options.seed})
    make_folder(path)
    write_json(path / "settings.json", settings)
    teller = Teller(quiet=options.quiet or options.json)
    experiment = Experiment()
    teller.say(
        f"Tightrope: {len(experiment.lengths)} ropes of {experiment.lengths[0]} to"
        f" {experiment.lengths[-1]:,} paces. Every learner errs once in"
        f" {1 / experiment.error_rate:,.0f} of the states it was taught about. Less"
        " than a minute."
    )
    teller.say(f"\n{'':<12}{'one error costs, in paces':>28}  grows with length to the")
    shortest, longest = experiment.lengths[0], experiment.lengths[-1]
    teller.say(f"{'':<12}{f'rope of {shortest}':>14}{f'of {longest:,}':>14}  power of")
    ways = []
    for number, name in enumerate(WAYS):
        ways.append(way_of(name, number, experiment, options.seed))
        teller.say(way_line(ways[-1], experiment.error_rate))
    summary = {
        "command": COMMAND,
        "env": "novice/Tightrope-v0",
        "seed": options.seed,
        "version": settings["version"],
        "experiment": json.loads(json.dumps(dataclasses.asdict(experiment))),
        "ways": ways,
        "seconds": {"total": round(time.perf_counter() - began, 3)},
    }
    teller.say("")
    lines = verdict_lines(summary)
    told = finish(path, settings, summary, tightrope_page, options)
    return summary, (lines[:1] if options.quiet else lines) + told


def way_of(name: str, number: int, experiment: Any, seed: int) -> dict[str, Any]:
    """What one way to learn came to, on ropes of every length."""
    import numpy as np

    from novice.evaluation.compounding import (
        WAYS,
        exact_cost,
        power,
        slopes,
        walked,
    )

    learn, forgiving = WAYS[name]
    experiment = dataclasses.replace(experiment, forgiving=forgiving)
    random = np.random.default_rng([seed, number])
    found = [walked(learn, each, experiment, random) for each in experiment.lengths]
    exponent, ends = power(found, random)
    exact = [
        exact_cost(
            each,
            error_rate=experiment.error_rate,
            recovery=experiment.recovery,
            knows_the_way=name in ("bc-noise", "dagger"),
            forgiving=forgiving,
        )
        for each in experiment.lengths
    ]
    by_calculation = slopes(experiment.lengths, np.array([exact]))[0]
    return {
        "name": name,
        "exponent": {"mean": exponent.exponent, "ci95": list(exponent.ci95)},
        "exact_exponent": float(by_calculation),
        "ropes": [
            {
                "length": each.length,
                "learners": each.learners,
                "erred": len(each.cost),
                "erred_twice": each.erred_twice,
                "cost": {"mean": each.mean, "ci95": list(interval)},
                "exact_cost": expected,
                "wrong_where_taught": each.wrong_where_taught,
                "wrong_where_it_went": each.wrong_where_it_went,
            }
            for each, interval, expected in zip(found, ends, exact, strict=True)
        ],
    }


def way_line(way: Mapping[str, Any], error_rate: float) -> str:
    """One way as a line of the table."""
    ends = way["ropes"][0], way["ropes"][-1]
    costs = [rope["cost"]["mean"] / (error_rate * rope["length"]) for rope in ends]
    low, high = way["exponent"]["ci95"]
    told = "".join(f"{cost:>14,.1f}" for cost in costs)
    mean = way["exponent"]["mean"]
    return f"{way['name']:<12}{told}  {mean:.2f} [{low:.2f}, {high:.2f}]"


def on_a_task(
    given: argparse.Namespace, options: LabOptions, of_task: TaskOptions
) -> tuple[Mapping[str, Any], list[str]]:
    """Train on a task and measure by time; the summary, and the lines that tell it."""
    from novice.app.lab.compounding_task import Study, measured
    from novice.app.report.compounding_task import task_lines, task_page
    from novice.app.teller import Teller

    kwargs = task_arguments(given.task_argument)
    values = {
        "task": given.task,
        "task_argument": dict(kwargs),
        "expert": given.expert,
        "seed": options.seed,
        **json.loads(json.dumps(as_json(of_task))),
    }
    del values["resume"]
    settings = settings_of(values)
    path = folder_of_task(given.task, options, of_task, settings)
    teller = Teller(quiet=options.quiet or options.json)
    study = Study(
        env=given.task,
        kwargs=kwargs,
        expert=given.expert,
        options=of_task,
        seed=options.seed,
        path=path,
    )
    summary = measured(study, settings, teller.say)
    lines = task_lines(summary)
    told = finish(path, settings, summary, task_page, options)
    return summary, (lines[:1] if options.quiet else lines) + told


def folder_of_task(
    task: str,
    options: LabOptions,
    of_task: TaskOptions,
    settings: Mapping[str, Any],
) -> Path:
    """The folder to begin in, or the one to go on in."""
    from novice.app.assignment import check_same
    from novice.app.folder import RunFolder

    name = f"lab-compounding-{task}-{options.seed}"
    if not of_task.resume:
        return open_folder(name, options)
    path = Path(options.out or Path("runs") / name.replace("/", "-").replace(":", "-"))
    if (path / "settings.json").exists():
        check_same(RunFolder(path).settings(), settings, path)
    return path
