"""The command `novice evaluate`: policies on the same fresh episodes."""

import json
from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from novice.algorithms.settings import setting
from novice.app.machine_settings import prepare_machine
from novice.app.options import (
    EXPERT,
    Parser,
    UsageError,
    add_flags,
    built,
    task_arguments,
)

_ABOUT = """\
Compare trained policies on the same fresh episodes.

  novice evaluate RUN --vary list            what this task can vary
  novice evaluate RUN --vary WHAT=V1,V2,V3   return at each value, as a table and a page

WHAT is an argument of the task (gravity, wind_power), a number of its physics
(CartPole's length), a factor of a MuJoCo model (friction, mass), or what comes between
any task and its policy: observation_noise, action_noise, observation_delay,
action_delay.
"""


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """What `novice evaluate` can be told."""

    episodes: int = setting(100, "fresh episodes each")
    round: str = setting("best", "which policy of a run: best, last or a number")
    shift: bool = setting(
        False, "say how far each policy's states are from those it learned from"
    )
    json: bool = setting(False, "print JSON alone")
    out: str | None = setting(
        None,
        "a new folder for the numbers and report.html (default: with --vary"
        " runs/evaluate-TASK or the next free name, else none)",
    )

    def __post_init__(self) -> None:
        if self.episodes < 2:
            raise UsageError(
                f"--episodes is {self.episodes}, but an interval needs at least 2"
            )


@dataclass(frozen=True)
class Wish:
    """Something to vary, and its values, as they were typed and as they are."""

    text: str
    what: str
    values: tuple[Any, ...]


def evaluate(arguments: list[str]) -> int:
    """Compare policies on the same fresh episodes."""
    parser = Parser(
        prog="novice evaluate",
        description=_ABOUT,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="folders of runs")
    parser.add_argument("--expert", default="auto", metavar="WHO", help=EXPERT)
    parser.add_argument(
        "--vary",
        action="append",
        metavar="WHAT=V1,V2",
        help="how the return depends on WHAT; list: what there is (can be repeated)",
    )
    parser.add_argument(
        "--task-argument",
        action="append",
        metavar="NAME=VALUE",
        help="make the task with this instead of as trained (can be repeated)",
    )
    add_flags(parser, EvaluateOptions)
    given = parser.parse_args(arguments)
    options = built(EvaluateOptions, given)
    task_argument = task_arguments(given.task_argument)
    if "list" in (given.vary or ()):
        prepare_machine()
        from novice.app.vary_table import print_knobs

        print_knobs(given.runs, task_argument, as_json=options.json)
        return 0
    wishes = wishes_in(given.vary or ())
    if options.shift and wishes:
        raise UsageError(
            "--shift compares with what a policy learned from, and --vary makes the"
            " task another; give one of them at a time"
        )
    prepare_machine()
    from novice.app.compare import Comparison, compare

    asked = Comparison(
        runs=given.runs,
        episodes=options.episodes,
        which=options.round,
        expert=given.expert,
        arguments=task_argument,
        wishes=wishes,
        shift=options.shift,
    )
    compare(asked, out=options.out, as_json=options.json)
    return 0


def wishes_in(texts: Sequence[str]) -> tuple[Wish, ...]:
    """What `--vary` asks for; values are JSON where they can be."""
    wishes = tuple(wish_in(text) for text in texts)
    names = [wish.what for wish in wishes]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(
            f"--vary {twice[0]} is given twice; give all its values at once:"
            f" --vary {twice[0]}=V1,V2,V3"
        )
    return wishes


def wish_in(text: str) -> Wish:
    """One thing to vary. Raises UsageError."""
    what, equals, listed = text.partition("=")
    try:
        values = json.loads(f"[{listed}]", parse_constant=no_value)
    except json.JSONDecodeError:
        values = [word_or_number(word.strip()) for word in listed.split(",")]
    if not (what and equals and values) or "" in values:
        raise UsageError(
            "--vary takes WHAT=V1,V2,V3, such as gravity=-8,-10,-12, or list, not"
            f" {text!r}"
        )
    return Wish(text, what, tuple(values))


def word_or_number(word: str) -> Any:
    """What a word says where the list it stands in is no JSON."""
    try:
        return json.loads(word, parse_constant=no_value)
    except json.JSONDecodeError:
        pass
    try:  # Such as .5, which JSON does not know.
        number = float(word)
    except ValueError:
        return word
    return number if abs(number) < float("inf") else no_value(word)


def no_value(word: str) -> NoReturn:
    """Refuse NaN and infinity, which nothing can be."""
    raise UsageError(f"--vary takes numbers and words, but {word} is neither")
