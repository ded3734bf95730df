"""The command `novice`: a verb, what it is about, and flags.

What a command needs is imported when it runs, so that help comes at once.
"""

import argparse
import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from novice.app.invitation_options import InvitationOptions
from novice.app.learning_commands import bc, dagger, reinforce
from novice.app.machine_settings import prepare_machine
from novice.app.options import (
    PageOptions,
    Parser,
    RunOptions,
    SimulationOptions,
    UsageError,
    add_flags,
    add_task,
    built,
    refuse_false_name,
    task_arguments,
)
from novice.app.play_settings import PlaySettings
from novice.app.subcommands import check_known
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
  novice data VERB RUN     who said what, which labels to doubt, quarantine and back
  novice report RUN        write a run's report.html anew

TASK is any Gymnasium id (LunarLander-v3, module:MyTask-v0); RUN is a folder that
novice wrote. `novice COMMAND --help` lists a command's flags.
"""


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
    check_known(name, COMMANDS, "command")
    return COMMANDS[name]


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


def data(arguments: list[str]) -> int:
    """Look at a run's labels, doubt them, or decide about them."""
    from novice.app.data.commands import data

    return data(arguments)


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
    "data": data,
    "report": report,
}
