"""The command `novice`: a verb, what it is about, and flags.

What a command needs is imported when it runs, so that help comes at once.
"""

import argparse
import contextlib
import dataclasses
import difflib
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NoReturn

from novice.algorithms.settings import (
    BcSettings,
    DaggerSettings,
    PeopleSettings,
    ReinforceSettings,
)
from novice.app.invitation_options import InvitationOptions
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
    built,
    refuse_false_name,
    task_arguments,
)
from novice.app.play_settings import PlaySettings
from novice.errors import NoviceError

OVERVIEW = """\
novice trains a policy the way a person is trained: it watches, it tries and is
corrected, it practices.

  novice demo              see a policy learn to land, three ways, in a minute
  novice bc TASK           watch: clone an expert's demonstrations
  novice dagger TASK       be corrected: act, ask the expert, learn, again (DAgger);
                           with --expert human you are asked, in the browser
  novice reinforce TASK    practice: make likelier what paid (REINFORCE)
  novice play TASK         show it yourself: act in the task, in the browser
  novice label RUN         answer a run's questions, in the browser
  novice evaluate RUN …    compare trained policies on the same fresh episodes
  novice lab EXPERIMENT    measure a claim: why clones fail, and what helps
  novice report RUN        write a run's report.html anew

TASK is any Gymnasium id (LunarLander-v3, module:MyTask-v0); RUN is a folder that
novice wrote. `novice COMMAND --help` lists a command's flags.
"""

HUMAN = "human"
# Nobody reacts slower to what moves all the time, in seconds.
LONGEST_LAG = 1.0
# What a person is asked for, unless told otherwise: less than a controller.
FROM_A_PERSON = {"labels": 1_000, "labels_per_round": 50}
# Who drives gives dozens of labels a second.
FROM_A_DRIVER = {"labels": 10_000, "labels_per_round": 500}
# A simulated driver's seconds from seeing to doing: more, and the lander tumbles.
DRIVER_REACTION = 0.1


class Terminated(KeyboardInterrupt):
    """The system asks the process to end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; known mistakes are one line on stderr and exit code 2."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    spell_what_can_be_spelled()
    try:
        with ended_by_the_system():
            status = answered(given)
            sys.stdout.flush()
            return status
    except NoviceError as error:
        print(f"novice: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"novice: {str(stop) or 'stopped'}", file=sys.stderr)
        return 143 if isinstance(stop, Terminated) else 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def spell_what_can_be_spelled() -> None:
    """Print a question mark for a sign that a terminal does not know."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def answered(given: list[str]) -> int:
    """Run the command that these words ask for."""
    if not given or given[0] in ("-h", "--help", "help"):
        print(OVERVIEW, end="")
        return 0
    if given[0] == "--version":
        from novice import __version__

        print(f"novice {__version__}")
        return 0
    return command_called(given[0])(given[1:])


@contextlib.contextmanager
def ended_by_the_system() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does: in order, and saying how to go on."""

    def end(number: int, frame: Any) -> NoReturn:
        raise Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def command_called(name: str) -> Callable[[list[str]], int]:
    """The command of this name; raises UsageError."""
    if name in COMMANDS:
        return COMMANDS[name]
    close = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(COMMANDS)}"
    raise UsageError(f"there is no command {name!r}; {hint}")


def add_task(parser: Parser) -> None:
    """The task that a command is about, and its arguments."""
    parser.add_argument("task", metavar="TASK", help="a Gymnasium id")
    parser.add_argument(
        "--task-argument",
        action="append",
        metavar="NAME=VALUE",
        help="a keyword argument of the task; may be given again",
    )


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


def reinforce(arguments: list[str]) -> int:
    """Practice: act, and make likelier what paid."""
    parser = task_parser("reinforce", "Practice: make likelier what paid.")
    parser.add_argument(
        "--from", dest="start", metavar="RUN", help="start from this run's policy"
    )
    add_flags(parser, ReinforceSettings)
    return train(parser, arguments, "reinforce", ReinforceSettings)


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
    lag = lag_in(getattr(given, "lag", "0"))
    takeover = human and settings.people.by == "takeover"
    if lag and not (given.data if command == "bc" else given.start or takeover):
        raise UsageError(
            "--lag is about what a person did in a recording; say --data RECORDING"
            if command == "bc"
            else "--lag is about what a person did in a recording; say --from RECORDING"
        )
    prepare_machine()
    from novice.app.train import Assignment, carry_out

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
    )
    carry_out(
        assignment, options, page, built(WheelOptions, given) if takeover else None
    )
    return 0


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


def play(arguments: list[str]) -> int:
    """Let a person act in the task, and keep what they show."""
    parser = Parser(
        prog="novice play",
        description="Act in the task yourself, in the browser; what you do is kept.",
        allow_abbrev=False,
    )
    add_task(parser)
    add_flags(parser, PlaySettings)
    add_flags(parser, PageOptions)
    # A run that serves its own page says so: the policy is always its newest, and the
    # page goes when the run does.
    for flag in ("--follow", "--until-alone", "--json"):
        parser.add_argument(flag, action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    settings, page = built(PlaySettings, given), built(PageOptions, given)
    if given.follow and settings.policy is None:
        raise UsageError("--follow is about a run's policy; say --policy RUN as well")
    # A run may serve its page for somebody simulated.
    if not (settings.simulate or given.until_alone):
        refuse_false_name(page.who)
    kwargs = task_arguments(given.task_argument)
    prepare_machine()
    from novice.app.play import play

    return play(
        given.task,
        kwargs,
        settings,
        page,
        follow=given.follow,
        until_alone=given.until_alone,
        as_json=given.json,
    )


def label(arguments: list[str]) -> int:
    """Serve the page on which a run's questions are answered."""
    parser = Parser(
        prog="novice label",
        description="Answer a run's questions, in the browser.",
        allow_abbrev=False,
    )
    parser.add_argument("run", metavar="RUN", help="a run with --expert human")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    # A run that serves its own page says so: the page goes when the run does.
    parser.add_argument("--until-alone", action="store_true", help=argparse.SUPPRESS)
    add_flags(parser, PageOptions)
    add_flags(parser, SimulationOptions)
    add_flags(parser.add_argument_group("who may come in"), InvitationOptions)
    given = parser.parse_args(arguments)
    page, simulation = built(PageOptions, given), built(SimulationOptions, given)
    invitations = built(InvitationOptions, given)
    if invitations.wanted:
        from novice.app.invitations import carry_out

        return carry_out(given.run, invitations, as_json=given.json)
    # A run may serve its page for somebody simulated.
    if not (simulation.simulate or given.until_alone):
        refuse_false_name(page.who)
    prepare_machine()
    from novice.app.label import label

    return label(
        given.run,
        page,
        simulation,
        as_json=given.json,
        until_alone=given.until_alone,
    )


def evaluate(arguments: list[str]) -> int:
    """Compare policies on the same fresh episodes."""
    from novice.app.evaluation import evaluate

    return evaluate(arguments)


def lab(arguments: list[str]) -> int:
    """Run an experiment that measures a claim."""
    from novice.app.lab import lab

    return lab(arguments)


def report(arguments: list[str]) -> int:
    """Write a run's page anew."""
    parser = Parser(
        prog="novice report",
        description="Write a run's report.html anew from what its folder holds.",
        allow_abbrev=False,
    )
    parser.add_argument("run", metavar="RUN", help="the folder of a run")
    given = parser.parse_args(arguments)
    prepare_machine()
    from novice.app.publish import publish

    print(publish(given.run))
    return 0


def demo(arguments: list[str]) -> int:
    """Show all three ways to learn."""
    parser = Parser(
        prog="novice demo",
        description="See a policy learn to land: watch, be corrected, practice.",
        allow_abbrev=False,
    )
    parser.add_argument("--out", metavar="FOLDER", help="default: runs/demo")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    given = parser.parse_args(arguments)
    options = RunOptions(out=given.out, seed=given.seed)
    prepare_machine()
    from novice.app.demo import demo

    demo(out=options.out, seed=options.seed)
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "demo": demo,
    "bc": bc,
    "dagger": dagger,
    "reinforce": reinforce,
    "play": play,
    "label": label,
    "evaluate": evaluate,
    "lab": lab,
    "report": report,
}
