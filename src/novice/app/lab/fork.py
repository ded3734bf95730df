"""The experiment `novice lab fork`: what becomes of experts who do it in two ways."""

import functools
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

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
        check_seed(self.seed)
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
    return carry_out(lambda: measured_and_told(options), alone=options.json)


def measured_and_told(options: ForkOptions) -> Told:
    """Measure all heads, keep what was found; the summary, and its lines."""
    from novice.app.lab.fork_study import Study, measured
    from novice.app.report.fork import fork_lines, fork_page, fork_table
    from novice.app.teller import Teller

    settings = settings_of(COMMAND, values_of(options))
    name = f"lab-fork-{options.seed}"
    path = folder_for(name, options.out, settings, resume=options.resume)
    teller = Teller(quiet=options.quiet or options.json)
    summary, ways = measured(Study(options, path), settings, teller.say)
    lines = fork_lines(summary)
    if not options.quiet:
        lines = [*fork_table(summary), "", *lines]
    page = functools.partial(fork_page, settings, summary, ways)
    return summary, lines + finish(path, summary, page, options)
