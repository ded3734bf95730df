"""The experiment `novice lab cost`: what a human costs, and what they are worth."""

import argparse
from dataclasses import dataclass, field

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
    Traits,
    UsageError,
    add_flags,
    built,
    task_arguments,
)

COMMAND = "lab cost"
_ABOUT = (
    "What does a human cost? A simulated person teaches the same task in three ways:"
    " by demonstrations, by relabeling what the policy visited (DAgger), and by taking"
    " over from it (HG-DAgger). Measures the return against their minutes and their"
    " labels. The person's time is virtual: nothing waits. Example: novice lab cost"
    " LunarLander-v3"
)


@dataclass(frozen=True, kw_only=True)
class CostOptions:
    """What the experiment can be told."""

    minutes: float = setting(15.0, "of the simulated person's time, for each policy")
    rounds: int = setting(15, "times that each policy learns and is tried, in it")
    seeds: int = setting(5, "policies to teach in each way")
    needed: float = setting(
        0.9, "what counts as learned, from 0 (chance) to 1 (the expert)"
    )
    passes: int = setting(
        200, "times that a fit, each from the beginning, looks at every label"
    )
    validation_episodes: int = setting(50, "episodes of each try, the same for all")
    lapses: float = setting(
        0.05, "share of the person's answers, or of the time at the controls, at random"
    )
    tremor: float = setting(0.05, "how their real actions scatter, in half-ranges")
    unsure: float = setting(
        0.0, "share of questions that they can't tell, and of troubles not noticed"
    )
    reaction: float = setting(1.0, "seconds for an answer after the clip, in the mean")
    clip: float = setting(0.5, "seconds of the clip that they look at before it")
    delay: float = setting(0.2, "seconds from seeing to doing at the controls")
    speed: float = setting(0.5, "times the task's own speed, when they act or watch")
    compensate: bool = setting(
        True, "pair what they did with what they had seen, a delay before"
    )
    seed: int = setting(0, "where all randomness comes from")
    out: str | None = setting(
        None, "a folder for it (default: runs/lab-cost-TASK-SEED, or the next free)"
    )
    resume: bool = setting(False, "go on where a killed experiment in --out was")
    report: bool = setting(True, "write report.html")
    json: bool = setting(False, "print the summary as JSON, and nothing else")
    quiet: bool = setting(False, "print the result alone")
    fit: FitSettings = field(default_factory=FitSettings)

    def __post_init__(self) -> None:
        check(self, "seeds", low=1, high=100)
        check(self, "rounds", low=2, high=1000)
        check(self, "passes", low=1)
        check(self, "validation_episodes", low=2)
        check(self, "needed", low=0, high=1)
        check(self, "lapses", low=0, high=1)
        check(self, "tremor", low=0, high=2)
        check(self, "unsure", low=0, high=0.9)
        check(self, "clip", low=0, high=60)
        check(self, "delay", low=0, high=10)
        check(self, "speed", low=0.25, high=2)
        for name, most in (("minutes", 10_000), ("reaction", 60)):
            if not 0 < getattr(self, name) <= most:
                raise UsageError(
                    f"--{name} is {getattr(self, name):g}, but it must be more than 0,"
                    f" up to {most}"
                )
        check_seed(self.seed)
        if self.fit.chunk > 1:
            raise UsageError(
                f"--chunk is {self.fit.chunk}, but chunks are learned from stretches of"
                " actions and relabeling asks about single moments; leave it away"
            )

    @property
    def seconds_a_round(self) -> float:
        """How much of the person's time goes into each round."""
        return 60 * self.minutes / self.rounds

    def traits(self, reaction: float) -> Traits:
        """What the person is like; how fast depends on what they do."""
        return Traits(
            lapses=self.lapses,
            tremor=self.tremor,
            unsure=self.unsure,
            reaction=reaction,
        )


def run(arguments: list[str]) -> int:
    """Teach in every way, and tell what it cost."""
    parser = Parser(prog=f"novice {COMMAND}", description=_ABOUT, allow_abbrev=False)
    parser.add_argument(
        "task", metavar="TASK", help="a Gymnasium id such as LunarLander-v3"
    )
    parser.add_argument(
        "--task-argument",
        action="append",
        metavar="NAME=VALUE",
        help="a keyword argument of the task; may be given again",
    )
    parser.add_argument("--expert", default="auto", metavar="WHO", help=EXPERT)
    add_flags(parser, CostOptions)
    given = parser.parse_args(arguments)
    options = built(CostOptions, given)
    prepare_machine()
    return carry_out(lambda: measured_and_told(given, options), alone=options.json)


def measured_and_told(given: argparse.Namespace, options: CostOptions) -> Told:
    """Teach and measure, keep what was found; the summary, and its lines."""
    from novice.app.lab.cost_study import Study, measured
    from novice.app.report.cost import cost_lines, cost_table
    from novice.app.report.cost_page import cost_page
    from novice.app.teller import Teller

    kwargs = task_arguments(given.task_argument)
    about = {
        "task": given.task,
        "task_argument": dict(kwargs),
        "expert": given.expert,
    }
    settings = settings_of(COMMAND, about | values_of(options))
    name = f"lab-cost-{given.task}-{options.seed}"
    study = Study(
        env=given.task,
        kwargs=kwargs,
        expert=given.expert,
        options=options,
        path=folder_for(name, options.out, settings, resume=options.resume),
    )
    teller = Teller(quiet=options.quiet or options.json)
    summary = measured(study, settings, teller.say)
    lines = cost_lines(summary)
    lines = lines[:1] if options.quiet else ["", *cost_table(summary), "", *lines]
    told = finish(study.path, summary, lambda: cost_page(settings, summary), options)
    return summary, lines + told
