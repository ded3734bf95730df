"""The experiment `novice lab gradient`: two gradients through the same function."""

import argparse
from dataclasses import dataclass

from novice.algorithms.settings import check, check_layers, layers_of, setting
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
from novice.app.options import EXPERT, Parser, add_flags, built, task_arguments

COMMAND = "lab gradient"
_ABOUT = (
    "Watching and practicing make actions likelier by the same function, `fit`. What"
    " differs: where the data comes from, and what each action weighs. Measures both"
    " gradients side by side on one task, at a beginner, after cloning and after"
    " practice, and against the exact gradient of a task so small that it is known."
)


@dataclass(frozen=True, kw_only=True)
class GradientOptions:
    """What the experiment can be told."""

    episodes: int = setting(
        100, "of the expert, and of the policy itself wherever it is measured"
    )
    steps: int = setting(12, "gradient steps of cloning, and as many of practice")
    batch_episodes: int = setting(20, "fresh episodes behind each step of practice")
    learning_rate: float = setting(3e-3, "Adam's step size, in both")
    hidden: tuple[int, ...] = setting(
        (64, 64), "sizes of the hidden layers (0: none, a linear policy)"
    )
    seed: int = setting(0, "where all randomness comes from")
    out: str | None = setting(
        None, "a folder for it (default: runs/lab-gradient-TASK-SEED, or the next free)"
    )
    resume: bool = setting(False, "go on where a killed experiment in --out was")
    report: bool = setting(True, "write report.html")
    json: bool = setting(False, "print the summary as JSON, and nothing else")
    quiet: bool = setting(False, "print the result alone")

    def __post_init__(self) -> None:
        # Whether states can be told apart is measured from 20 episodes on.
        check(self, "episodes", low=20, high=10_000)
        check(self, "steps", low=1, high=10_000)
        check(self, "batch_episodes", low=2, high=10_000)
        check(self, "learning_rate", low=0, high=1)
        check_layers(self.hidden)
        check_seed(self.seed)

    @property
    def layers(self) -> tuple[int, ...]:
        """The sizes of the hidden layers, none where the policy is linear."""
        return layers_of(self.hidden)


def run(arguments: list[str]) -> int:
    """Measure both gradients, and tell."""
    parser = Parser(prog=f"novice {COMMAND}", description=_ABOUT, allow_abbrev=False)
    parser.add_argument(
        "task",
        nargs="?",
        default="CartPole-v1",
        metavar="TASK",
        help="a Gymnasium id (default: CartPole-v1)",
    )
    parser.add_argument(
        "--task-argument",
        action="append",
        metavar="NAME=VALUE",
        help="a keyword argument of the task; may be given again",
    )
    parser.add_argument("--expert", default="auto", metavar="WHO", help=EXPERT)
    add_flags(parser, GradientOptions)
    given = parser.parse_args(arguments)
    options = built(GradientOptions, given)
    prepare_machine()
    return carry_out(lambda: measured_and_told(given, options), alone=options.json)


def measured_and_told(given: argparse.Namespace, options: GradientOptions) -> Told:
    """Measure, and keep what was found; the summary, and its lines."""
    from novice.app.lab.gradient_study import Study, measured
    from novice.app.report.gradient import gradient_lines, gradient_table
    from novice.app.report.gradient_page import gradient_page
    from novice.app.teller import Teller

    kwargs = task_arguments(given.task_argument)
    about = {
        "task": given.task,
        "task_argument": dict(kwargs),
        "expert": given.expert,
    }
    settings = settings_of(COMMAND, about | values_of(options))
    name = f"lab-gradient-{given.task}-{options.seed}"
    study = Study(
        env=given.task,
        kwargs=kwargs,
        expert=given.expert,
        options=options,
        path=folder_for(name, options.out, settings, resume=options.resume),
    )
    teller = Teller(quiet=options.quiet or options.json)
    summary, drawn = measured(study, settings, teller.say)
    lines = gradient_lines(summary)
    table = ["", *gradient_table(summary), ""]
    lines = lines[:1] if options.quiet else [*table, *lines]
    told = finish(
        study.path, summary, lambda: gradient_page(settings, summary, drawn), options
    )
    return summary, lines + told
