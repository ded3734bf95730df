"""The commands that learn: what bc, dagger and reinforce are told."""

import argparse
import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

from novice.algorithms.practice_settings import (
    PRESETS,
    ReinforceSettings,
    after_imitation,
    preset,
)
from novice.algorithms.settings import (
    BcSettings,
    DaggerSettings,
    PeopleSettings,
)
from novice.app.machine_settings import prepare_machine
from novice.app.options import (
    EXPERT,
    PageOptions,
    Parser,
    RunOptions,
    SimulationOptions,
    UsageError,
    WheelOptions,
    add_flags,
    add_task,
    built,
    refuse_false_name,
    task_arguments,
)

HUMAN = "human"
# Nobody reacts slower to what moves all the time, in seconds.
LONGEST_LAG = 1.0
# What a person is asked for, unless told otherwise: less than a controller.
FROM_A_PERSON = {"labels": 1_000, "labels_per_round": 50}
# Who drives gives dozens of labels a second.
FROM_A_DRIVER = {"labels": 10_000, "labels_per_round": 500}
# A simulated driver's seconds from seeing to doing: more, and the lander tumbles.
DRIVER_REACTION = 0.1


def task_parser(command: str, summary: str, *, expert: str = EXPERT) -> Parser:
    """A parser for a command about a task."""
    parser = Parser(prog=f"novice {command}", description=summary, allow_abbrev=False)
    add_task(parser)
    parser.add_argument("--expert", default="auto", metavar="WHO", help=expert)
    add_flags(parser, RunOptions)
    return parser


def bc(arguments: list[str]) -> int:
    """Watch: clone an expert, or the answers of an earlier run."""
    parser = task_parser("bc", "Watch an expert's demonstrations and clone it.")
    parser.add_argument(
        "--data",
        metavar="RUN",
        help="learn from the answers kept in this run instead of asking the expert, or"
        " from demonstrations recorded elsewhere: an .npz file with observation, action"
        " and episode_ends",
    )
    add_lag(parser)
    add_flags(parser, BcSettings)
    return train(parser, arguments, "bc", BcSettings)


def dagger(arguments: list[str]) -> int:
    """Be corrected: act, ask, aggregate, fit, again."""
    parser = task_parser(
        "dagger",
        "Act, be corrected where you went, learn, again.",
        expert=EXPERT.replace("auto (", "human (you, in the browser), auto ("),
    )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="RUN",
        help="start from this run's policy and answers, such as a clone's, or from"
        " demonstrations: recorded by novice play, or an .npz file as for novice bc",
    )
    add_lag(parser)
    add_flags(parser, DaggerSettings)
    parser.add_argument(
        "--stop",
        choices=("labels", "enough"),
        default="labels",
        help="end when the labels are used up, or when enough: as soon as more of them"
        " no longer pay, by the validation episodes or the disagreement (default:"
        " labels)",
    )
    person = parser.add_argument_group("with --expert human")
    add_flags(person, PageOptions)
    add_flags(person, SimulationOptions)
    wheel = parser.add_argument_group("with --expert human --by takeover")
    add_flags(wheel, WheelOptions)
    given = parser.parse_args(arguments)
    if given.expert == HUMAN and given.by == "takeover":
        parser.set_defaults(**FROM_A_DRIVER, lag="auto")
        if given.simulate is not None:
            parser.set_defaults(reaction=DRIVER_REACTION)
    elif given.expert == HUMAN:
        parser.set_defaults(**FROM_A_PERSON)
    return train(parser, arguments, "dagger", DaggerSettings)


def add_lag(parser: Parser) -> None:
    """How long after seeing something a person acts on it."""
    parser.add_argument(
        "--lag",
        default="0",
        metavar="SECONDS",
        help="pair what a person did with what they had seen so many seconds before;"
        " auto: as many as their recording tells (default: 0; take-over: auto)",
    )


def lag_in(word: str) -> float | Literal["auto"]:
    """The value of --lag; raises UsageError."""
    if word == "auto":
        return "auto"
    with contextlib.suppress(ValueError):
        if 0 <= float(word) <= LONGEST_LAG:
            return float(word)
    raise UsageError(
        f"--lag is {word}, but it is seconds, 0 to {LONGEST_LAG:g}, or auto"
    )


# Practice of a policy that was brought is evaluated in so many episodes: it is to be
# replaced by what is surely better alone, and only by many is somebody sure.
SURE_EPISODES = 100


def reinforce(arguments: list[str]) -> int:
    """Practice: act, and make likelier what paid."""
    parser = task_parser("reinforce", "Practice: make likelier what paid.")
    parser.add_argument(
        "--from",
        dest="start",
        metavar="RUN",
        help="start from this run's policy, such as a clone's, and stay near it at"
        " first (without --preset: by PPO, with --anchor 0.03 --spread 0.05 --discount"
        " 0.999 --smoothing 0.95 --validation-episodes 100)",
    )
    parser.add_argument(
        "--data",
        metavar="RUN",
        help="demonstrations for --demonstrations: a run's, a recording's or an .npz"
        " file's, as for novice bc (default: those behind the policy of --from)",
    )
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        default="reinforce",
        help="what the usual names set, fitted to --environments and to the task's"
        " actions; what is said besides is done (default: reinforce; with --from, PPO"
        " held back, or the natural gradient for real actions)",
    )
    add_flags(parser, ReinforceSettings)
    brings = parser.parse_args(arguments).start is not None
    if brings:
        parser.set_defaults(preset=None, validation_episodes=SURE_EPISODES)
    given = parser.parse_args(arguments)
    if given.environments < 1:
        raise UsageError(f"--environments is {given.environments}, but it is 1 or more")
    parser.set_defaults(**usual_settings(given))
    given = parser.parse_args(arguments)
    refuse_what_needs_a_policy(given)
    return train(parser, arguments, "reinforce", ReinforceSettings)


def usual_settings(given: argparse.Namespace) -> dict[str, Any]:
    """What is not said, by the preset, the environments and the task's actions."""
    many = given.environments
    if given.preset in ("a2c", "npg"):
        return preset(given.preset, environments=many)
    real, longest = practiced(given)
    if given.preset is None:
        return after_imitation(many, real=real)
    return preset(given.preset, environments=many, real=real, longest=longest)


def practiced(given: argparse.Namespace) -> tuple[bool, int]:
    """Whether the task's actions are real numbers, and the limit of its steps."""
    prepare_machine()
    from novice.app.tasks import task_called

    task = task_called(given.task, task_arguments(given.task_argument))
    return task.bounds is not None, task.max_episode_steps


def refuse_what_needs_a_policy(given: argparse.Namespace) -> None:
    """Raise UsageError when practice from nothing is to keep to something."""
    if given.data and not given.demonstrations:
        raise UsageError(
            f"--data {given.data} is only learned from with --demonstrations SHARE,"
            " such as 0.1"
        )
    usual = ReinforceSettings()
    for name in (
        "warm_up",
        "anchor",
        "demonstrations",
        "demonstrations_fall",
        "spread",
    ):
        if getattr(given, name) != getattr(usual, name) and given.start is None:
            flag = "--" + name.replace("_", "-")
            raise UsageError(
                f"{flag} is about a policy that was learned elsewhere; say --from RUN"
                " as well"
            )


def train(parser: Parser, arguments: list[str], command: str, kind: type) -> int:
    """Run one of the three ways to learn."""
    given = parser.parse_args(arguments)
    options = built(RunOptions, given)
    settings = built(kind, given)
    kwargs = task_arguments(given.task_argument)
    human = given.expert == HUMAN
    if human and command != "dagger":
        raise UsageError(
            f"novice {command} asks nobody; novice play TASK records what you show, and"
            " novice dagger TASK --expert human asks you"
        )
    if command == "dagger":
        refuse_what_only_people_have(given, human=human)
    takeover = human and settings.people.by == "takeover"
    lag = lag_of(given, command, takeover=takeover)
    prepare_machine()
    from novice.app.assignment import Assignment
    from novice.app.train import carry_out

    page = built(PageOptions, given) if human else None
    simulation = built(SimulationOptions, given) if human else None
    if page is not None and simulation is not None and not simulation.simulate:
        refuse_false_name(page.who)
    assignment = Assignment(
        command=command,
        env=given.task,
        kwargs=kwargs,
        expert=given.expert,
        settings=settings,
        seed=options.seed,
        test_episodes=options.test_episodes,
        validation_episodes=options.validation_episodes,
        start=getattr(given, "start", None),
        data=getattr(given, "data", None),
        render=None if page is None else page.render,
        simulation=simulation if simulation and simulation.simulate else None,
        lag=lag,
        shift=options.shift,
        stop=getattr(given, "stop", "labels"),
    )
    wheel = built(WheelOptions, given) if takeover else None
    carry_out(assignment, options, page, wheel)
    return 0


def lag_of(
    given: argparse.Namespace, command: str, *, takeover: bool
) -> float | Literal["auto"]:
    """What --lag says; raises UsageError where no recording is learned from."""
    lag = lag_in(getattr(given, "lag", "0"))
    if lag and not (given.data if command == "bc" else given.start or takeover):
        flag = "--data" if command == "bc" else "--from"
        raise UsageError(
            f"--lag is about what a person did in a recording; say {flag} RECORDING"
        )
    return lag


def refuse_what_only_people_have(given: argparse.Namespace, *, human: bool) -> None:
    """Raise UsageError when a person's settings come with what knows no person."""
    if not human and given.minutes:
        raise UsageError("--minutes counts a person's time; say --expert human as well")
    if not human:
        refuse(
            given,
            (PageOptions, SimulationOptions, PeopleSettings, WheelOptions),
            "is about whoever answers at the page; say --expert human as well",
        )
    elif given.by == "takeover":
        refuse(
            given,
            (PeopleSettings,),
            "is about questions, but who takes over is asked none; leave it, or --by"
            " takeover, away",
            but="by",
        )
    else:
        refuse(
            given,
            (WheelOptions,),
            "is about driving; say --by takeover as well",
        )


def refuse(
    given: argparse.Namespace, kinds: Sequence[type], why: str, *, but: str = ""
) -> None:
    """Raise UsageError when something in these classes was set."""
    for kind in kinds:
        for field in dataclasses.fields(kind):
            value = getattr(given, field.name)
            if field.name != but and value not in (None, field.default):
                raise UsageError(f"--{field.name.replace('_', '-')} {why}")
