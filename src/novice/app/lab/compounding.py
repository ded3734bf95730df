"""The experiment `novice lab compounding`: how fast errors compound."""

import argparse
import dataclasses
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from novice.algorithms.settings import FitSettings, check, setting
from novice.app.lab.experiment import (
    Told,
    carry_out,
    check_seed,
    finish,
    folder_for,
    settings_of,
    values_of,
)
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
        check_seed(self.seed)


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
    if given.task is None:
        return carry_out(lambda: on_the_tightrope(options), alone=options.json)
    return carry_out(lambda: on_a_task(given, options, of_task), alone=options.json)


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


def on_the_tightrope(options: LabOptions) -> Told:
    """Measure the exponents; the summary, and the lines that tell it."""
    from novice.app.report.compounding import tightrope_page, verdict_lines
    from novice.app.teller import Teller
    from novice.evaluation.compounding import WAYS, Experiment
    from novice.files import make_folder, write_json

    began = time.perf_counter()
    settings = settings_of(COMMAND, values_of(options))
    name = f"lab-compounding-{options.seed}"
    path = folder_for(name, options.out, settings, resume=False)
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
    told = finish(path, summary, lambda: tightrope_page(settings, summary), options)
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
) -> Told:
    """Train on a task and measure by time; the summary, and the lines that tell it."""
    from novice.app.lab.compounding_task import Study, measured
    from novice.app.report.compounding_task import task_lines, task_page
    from novice.app.teller import Teller

    kwargs = task_arguments(given.task_argument)
    values = {
        "task": given.task,
        "task_argument": dict(kwargs),
        "expert": given.expert,
        **values_of(options),
        **values_of(of_task),
    }
    settings = settings_of(COMMAND, values)
    name = f"lab-compounding-{given.task}-{options.seed}"
    path = folder_for(name, options.out, settings, resume=of_task.resume)
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
    told = finish(path, summary, lambda: task_page(settings, summary), options)
    return summary, (lines[:1] if options.quiet else lines) + told
