"""Make command line flags from settings, and settings from flags.

Nothing heavy is imported here: the help must come at once.
"""

import argparse
import dataclasses
import difflib
import json
import re
import types
import typing
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from novice.algorithms.settings import setting
from novice.errors import NoviceError

EXPERT = (
    "who knows what should be done: auto (the task's built-in controller),"
    " module:function, or the folder of a run (default: auto)"
)


class UsageError(NoviceError):
    """The command line cannot be understood."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What every command that writes a run can be told."""

    out: str | None = setting(
        None,
        "the run's folder (default: runs/COMMAND-TASK-SEED, or the next free name)",
    )
    resume: bool = setting(False, "go on where a killed run in this folder was")
    seed: int = setting(0, "where all randomness comes from")
    test_episodes: int = setting(100, "episodes behind the final numbers")
    validation_episodes: int = setting(
        20, "episodes that choose the best round; never those of the final numbers"
    )
    shift: bool = setting(
        True, "tell how far the policy's states are from those that it learned from"
    )
    report: bool = setting(True, "write report.html")
    json: bool = setting(False, "print the summary as JSON, and nothing else")
    quiet: bool = setting(False, "print the result alone")
    compile_cache: bool = setting(True, "keep compiled programs for the next run")

    def __post_init__(self) -> None:
        for name in ("test_episodes", "validation_episodes"):
            if getattr(self, name) < 2:
                flag = name.replace("_", "-")
                raise UsageError(
                    f"--{flag} is {getattr(self, name)}, but an interval needs at"
                    " least 2"
                )
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"--seed is {self.seed}, but it must be 0 to {2**32 - 1}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class PageOptions:
    """Where the page is served on which a person answers, and who that is."""

    who: str = setting("person", "the name under which answers are kept")
    host: str = setting("127.0.0.1", "address to serve the page at")
    port: int = setting(8642, "port to serve the page at, or the next free one")
    tls_cert: str | None = setting(None, "certificate, to serve the page by https")
    tls_key: str | None = setting(None, "the certificate's key")
    render: str | None = setting(
        None, "module:function that draws an observation as a picture"
    )
    instructions: str | None = setting(
        None, "a text file that the page shows to whoever asks what to do"
    )

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[\w][\w .-]{0,39}", self.who):
            raise UsageError(
                f"--who is {self.who!r}, but a name is up to 40 letters, digits,"
                " spaces, dots and dashes"
            )
        if self.host in ("0.0.0.0", "::"):
            raise UsageError(
                f"--host is {self.host}, which is every address of this machine; name"
                " the one that people will type, such as 192.168.1.5"
            )
        if not 1 <= self.port <= 65535:
            raise UsageError(f"--port is {self.port}, but it must be 1 to 65535")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise UsageError("--tls-cert and --tls-key belong together; give both")


@dataclasses.dataclass(frozen=True, kw_only=True)
class WheelOptions:
    """How people take the controls over, where they teach by that."""

    speed: float = setting(1.0, "times the task's own speed to begin with, 0.25 to 2")
    drive: typing.Literal["toggle", "hold"] = setting(
        "toggle", "take over by pressing Space, and again to hand back, or by holding"
    )

    def __post_init__(self) -> None:
        if not 0.25 <= self.speed <= 2:
            raise UsageError(f"--speed is {self.speed:g}, but it must be 0.25 to 2")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Traits:
    """What one simulated person is like."""

    lapses: float  # share of answers that is random
    tremor: float  # standard deviation of real actions, in half-ranges
    unsure: float  # share of questions that they can't tell
    reaction: float  # seconds for an answer, in the mean


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimulationOptions:
    """Simulated people instead of real ones, for tests and studies."""

    simulate: str | None = setting(
        None, "who answers instead of a person: auto, module:function or a run's folder"
    )
    lapses: tuple[float, ...] = setting(
        (0.0,), "share of a simulated person's answers that is random, one for each"
    )
    tremor: tuple[float, ...] = setting(
        (0.0,), "how their real actions scatter, in half-ranges, one for each person"
    )
    unsure: float = setting(0.0, "share of questions that they can't tell")
    reaction: float = setting(
        0.6,
        "seconds that they take for an answer, in the mean (take-over: from seeing to"
        " doing, 0.1)",
    )
    hurry: bool = setting(False, "let their time pass in thought only")

    def __post_init__(self) -> None:
        for name, values in (("lapses", self.lapses), ("unsure", (self.unsure,))):
            for value in values:
                if not 0 <= value <= 1:
                    raise UsageError(f"--{name} is {value}, but it is a share, 0 to 1")
        for value in self.tremor:
            if not 0 <= value <= 2:
                raise UsageError(
                    f"--tremor is {value}, but it is in half-ranges of an action,"
                    " 0 to 2"
                )
        if len({1, len(self.lapses), len(self.tremor)}) > 2:
            raise UsageError(
                f"--lapses describes {len(self.lapses)} people and --tremor"
                f" {len(self.tremor)}; give as many of each, or one for all"
            )
        if not 0 < self.reaction <= 60:
            raise UsageError(
                f"--reaction is {self.reaction}, but it is seconds, up to 60"
            )
        if self.simulate is None:
            self._refuse_traits_of_nobody()

    @property
    def everybody(self) -> tuple[Traits, ...]:
        """The simulated people: one for each number that was given."""
        many = max(len(self.lapses), len(self.tremor))
        return tuple(
            Traits(
                lapses=lapses,
                tremor=tremor,
                unsure=self.unsure,
                reaction=self.reaction,
            )
            for lapses, tremor in zip(
                for_each(self.lapses, many), for_each(self.tremor, many), strict=True
            )
        )

    def as_json(self) -> dict[str, Any]:
        """What settings.json says: a single person's numbers stand alone."""
        told = dataclasses.asdict(self)
        for name in ("lapses", "tremor"):
            values = told[name]
            told[name] = values[0] if len(values) == 1 else list(values)
        if not any(self.tremor):
            del told["tremor"]
        return told

    def _refuse_traits_of_nobody(self) -> None:
        """Raise UsageError for what a simulated person is like where there is none."""
        for field in dataclasses.fields(self):
            if getattr(self, field.name) != field.default:
                raise UsageError(
                    f"--{field.name} is what a simulated person is like; say --simulate"
                    " WHO as well"
                )


def for_each(values: tuple[float, ...], many: int) -> tuple[float, ...]:
    """A number for each of so many people; a single one is everybody's."""
    return values * many if len(values) == 1 else values


def simulated_name(who: str) -> str:
    """What a simulated person is called: nobody should take them for a real one."""
    return who if is_simulated(who) else f"simulated {who}"[:40]


def is_simulated(who: str) -> bool:
    """Whether a name is a simulated person's."""
    return who.casefold().startswith("simulated")


def refuse_false_name(who: str, flag: str = "--who") -> None:
    """Raise UsageError when a real person is to have a simulated one's name."""
    if is_simulated(who):
        raise UsageError(
            f"{flag} is {who!r}, but names that begin with simulated are those of"
            " simulated people, whose answers nobody counts as a person's; choose"
            " another name, or --simulate WHO"
        )


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments: "):
            given = message.removeprefix("unrecognized arguments: ").split()[0]
            message = f"there is no {given} here" + self._hint(given)
        raise UsageError(f"{message} ({self.prog} --help lists what there is)")

    def _hint(self, given: str) -> str:
        known = list(self._option_string_actions)
        close = difflib.get_close_matches(given.split("=")[0], known, n=1)
        return f"; did you mean {close[0]}?" if close else ""


def add_flags(parser: argparse._ActionsContainer, kind: type) -> None:
    """A flag for every field of a settings class, and of the settings in it."""
    for field in dataclasses.fields(kind):
        if dataclasses.is_dataclass(field.type):
            add_flags(parser, typing.cast(type, field.type))
        else:
            add_flag(parser, field)


def add_some_flags(
    parser: argparse._ActionsContainer, kind: type, names: Collection[str]
) -> None:
    """A flag for each of these fields of a settings class."""
    for field in dataclasses.fields(kind):
        if field.name in names:
            add_flag(parser, field)


def add_flag(parser: argparse._ActionsContainer, field: dataclasses.Field) -> None:
    """One flag, whose form follows the field's type."""
    flag = "--" + field.name.replace("_", "-")
    meaning, default = field.metadata["help"], typing.cast(Any, field.default)
    kind = plain_type(field.type)
    shown = "" if default is None else f" (default: {default})"
    if kind is tuple:
        shown = f" (default: {' '.join(str(size) for size in default)})"
        parser.add_argument(
            flag,
            nargs="+",
            type=typing.get_args(field.type)[0],
            metavar="N",
            default=None,
            help=meaning + shown,
        )
    elif kind is bool:
        action = parser.add_argument(
            flag, action=argparse.BooleanOptionalAction, default=default
        )
        action.help = f"{meaning} (default: {'yes' if default else 'no'})"
    elif typing.get_origin(kind) is typing.Literal:
        choices = typing.get_args(kind)
        parser.add_argument(
            flag, choices=choices, default=default, help=meaning + shown
        )
    else:
        parser.add_argument(
            flag,
            type=kind,
            default=default,
            metavar=kind.__name__.upper(),
            help=meaning + shown,
        )


def plain_type(kind: Any) -> Any:
    """The type without "or None", and `tuple` for any tuple."""
    if isinstance(kind, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    return tuple if typing.get_origin(kind) is tuple else kind


def built(kind: type, given: argparse.Namespace) -> Any:
    """The settings that the flags describe; raises NoviceError for bad values."""
    values = {}
    for field in dataclasses.fields(kind):
        if dataclasses.is_dataclass(field.type):
            values[field.name] = built(typing.cast(type, field.type), given)
            continue
        value = getattr(given, field.name)
        if plain_type(field.type) is tuple:
            value = field.default if value is None else tuple(value)
        values[field.name] = value
    return kind(**values)


def add_task(parser: Parser) -> None:
    """The task that a command is about, and its arguments."""
    parser.add_argument("task", metavar="TASK", help="a Gymnasium id")
    parser.add_argument(
        "--task-argument",
        action="append",
        metavar="NAME=VALUE",
        help="a keyword argument of the task; may be given again",
    )


def task_arguments(given: list[str] | None) -> Mapping[str, Any]:
    """`name=value` pairs for the task; values are JSON where they can be."""
    arguments: dict[str, Any] = {}
    for pair in given or []:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise UsageError(
                "--task-argument takes name=value, such as enable_wind=true, not"
                f" {pair!r}"
            )
        try:
            arguments[name] = json.loads(text, parse_constant=no_number)
        except json.JSONDecodeError:
            arguments[name] = text
    return arguments


def no_number(word: str) -> NoReturn:
    """Refuse NaN and infinity, which JSON does not have."""
    raise UsageError(f"--task-argument takes numbers, but {word} is none")
