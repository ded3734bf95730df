"""Run one of the three ways to learn, from its settings to its report."""

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import jax

from novice import __version__
from novice.algorithms.bc import bc
from novice.algorithms.dagger import dagger, watched
from novice.algorithms.reinforce import reinforce
from novice.algorithms.settings import as_json
from novice.app.classroom import Lesson, open_classroom, prepare_lesson
from novice.app.folder import RunFolder, check_finite, free_name
from novice.app.judge import SLOTS, Judge
from novice.app.machine import compile_seconds, keep_compiled_programs, versions
from novice.app.options import (
    PageOptions,
    RunOptions,
    SimulationOptions,
    UsageError,
    WheelOptions,
)
from novice.app.publish import publish
from novice.app.result import Verdict, final_verdict, summary_of, verdict_lines
from novice.app.runs import expert_named, luggage_of
from novice.app.seat import Seat, prepare_seat, take_seat
from novice.app.shown import LagSetting
from novice.app.takeover import Takeover
from novice.app.tasks import task_called
from novice.app.teaching import Teaching
from novice.app.teller import Stopwatch, Teller
from novice.datasets.dataset import Dataset
from novice.envs.slots import AbstractSlots, SeparateSlots, VectorSlots
from novice.envs.task import Task
from novice.errors import NoviceError
from novice.experts.expert import AbstractExpert
from novice.files import CannotWriteError, only_one, write_json
from novice.inbox.store import Inbox
from novice.types import Round


class NothingLearnedError(NoviceError):
    """The budget is used up, and there is nothing to learn from."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Everything that a run's result depends on."""

    command: str
    env: str
    kwargs: Mapping[str, Any]
    expert: str
    settings: Any
    seed: int
    test_episodes: int
    validation_episodes: int
    start: str | None = None
    data: str | None = None
    simulation: SimulationOptions | None = None
    render: str | None = None
    lag: LagSetting = 0.0
    shift: bool = True

    @property
    def by_people(self) -> bool:
        """Whether people teach, in the browser."""
        return self.expert == "human"

    @property
    def by_takeover(self) -> bool:
        """Whether they do so by taking the controls over."""
        return self.by_people and self.settings.people.by == "takeover"

    def as_json(self) -> dict[str, Any]:
        """What settings.json says."""
        values = {
            "task": self.env,
            "task_argument": dict(self.kwargs),
            "expert": self.expert,
            "seed": self.seed,
            "test_episodes": self.test_episodes,
            "validation_episodes": self.validation_episodes,
            **json.loads(json.dumps(as_json(self.settings))),
        }
        if self.start is not None:
            values["from"] = self.start
        if self.data is not None:
            values["data"] = self.data
        if self.render is not None:
            values["render"] = self.render
        if self.lag:
            values["lag"] = self.lag
        if not self.shift:
            values["shift"] = False
        if self.simulation is not None:
            values["simulation"] = self.simulation.as_json()
        return {
            "command": self.command,
            "version": __version__,
            "settings": values,
            "versions": versions(),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Finished:
    """What a finished run leaves behind."""

    folder: RunFolder
    summary: Mapping[str, Any]


def carry_out(
    assignment: Assignment,
    options: RunOptions,
    page: PageOptions | None = None,
    wheel: WheelOptions | None = None,
) -> None:
    """Run an assignment in its folder, and print what it came to as it is asked for."""
    folder = open_folder(assignment, options)
    try:
        with words_aside(options):
            finished = run(assignment, folder, options, page, wheel)
    except KeyboardInterrupt as stop:
        how = f"--resume --out {folder.path}"
        if assignment.by_people:
            what = "step" if assignment.by_takeover else "answer"
            how = f"every {what} is kept, and the same command"
        stop.args = (f"stopped; {how} goes on from here",)
        raise
    except CannotWriteError as error:
        if folder.settings_path.exists():
            error.args = (f"{error} (--resume --out {folder.path} goes on)",)
        raise
    close(finished, options)


def words_aside(options: RunOptions) -> contextlib.AbstractContextManager[Any]:
    """Keep what a task or an expert prints out of the way of JSON."""
    if options.json:
        return contextlib.redirect_stdout(sys.stderr)
    return contextlib.nullcontext()


def run(
    assignment: Assignment,
    folder: RunFolder,
    options: RunOptions,
    page: PageOptions | None = None,
    wheel: WheelOptions | None = None,
) -> Finished:
    """Do all of an assignment, or what is left of it, and say how it goes."""
    teller = Teller(quiet=options.quiet or options.json)
    if options.compile_cache:
        keep_compiled_programs()
    summary: Mapping[str, Any]
    if folder.finished:
        teller.say(f"{folder.path} is finished already")
        summary = folder.summary()
    else:
        summary = Runner(assignment, folder, teller, page, wheel).run()
    if options.report and not (folder.path / "report.html").exists():
        publish(folder.path)
    return Finished(folder=folder, summary=summary)


def close(finished: Finished, options: RunOptions) -> None:
    """Print what a run came to, as its options ask for."""
    if options.json:
        print(json.dumps(finished.summary, sort_keys=True))
        return
    lines = verdict_lines(finished.summary)
    if options.quiet:
        lines = lines[-1:]
    elif options.report:
        lines.append(f"report: {finished.folder.path / 'report.html'}")
    print("\n".join(lines))


def open_folder(assignment: Assignment, options: RunOptions) -> RunFolder:
    """The run's folder: one to begin in, or the one to go on in."""
    name = f"{assignment.command}-{assignment.env}-{assignment.seed}"
    default = Path("runs") / name.replace("/", "-").replace(":", "-")
    path = Path(options.out) if options.out else default
    # What a person answered goes on by the same command.
    if not (options.resume or assignment.by_people):
        if options.out:
            refuse_what_is_there(path)
        return RunFolder(path if options.out else free_name(path))
    folder = RunFolder(path)
    folder.check_free()
    if folder.settings_path.exists():
        check_same(folder.settings(), assignment.as_json(), path)
    return folder


def refuse_what_is_there(path: Path) -> None:
    """Raise UsageError when a folder to begin in is not empty."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    on = "--resume goes on with it, " if (path / "settings.json").exists() else ""
    raise UsageError(f"{path} is there already; {on}--out names another folder")


def check_same(there: Mapping[str, Any], here: Mapping[str, Any], path: Path) -> None:
    """Raise UsageError when a run is to go on with other settings than it had."""
    before, now = flags_of(there), flags_of(here)
    names = before.keys() | now.keys()
    for name in sorted(names, key=lambda name: (name.startswith("-"), name)):
        old, new = (each.get(name, "not given") for each in (before, now))
        if old != new:
            raise UsageError(
                f"{path} was begun with {name} {old}, but now it is {new}; repeat the"
                " old value, or choose another --out"
            )


def flags_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """What settings.json says, by the words of the command line."""
    flags = {"COMMAND": content["command"]}
    for name, value in content["settings"].items():
        if name == "task":
            flags["TASK"] = value
        elif isinstance(value, dict) and name != "task_argument":
            flags |= flags_of({**content, "settings": value})
        else:
            flags["--" + name.replace("_", "-")] = value
    return flags


class Runner:
    """The parts of one run: task, expert, judge, stopwatch, folder."""

    def __init__(
        self,
        assignment: Assignment,
        folder: RunFolder,
        teller: Teller,
        page: PageOptions | None = None,
        wheel: WheelOptions | None = None,
    ):
        self.assignment = assignment
        self.folder = folder
        self.teller = teller
        self.stopwatch = Stopwatch(teller)
        self.task: Task = task_called(assignment.env, assignment.kwargs)
        self.lesson: Lesson | None = None
        self.seat: Seat | None = None
        if assignment.by_takeover:
            self.seat = prepare_seat(
                self.task, assignment, page or PageOptions(), wheel or WheelOptions()
            )
        elif assignment.by_people:
            self.lesson = prepare_lesson(self.task, assignment, page or PageOptions())
        # Where people answer, the task's own controller is only what they are measured
        # against.
        self.expert: AbstractExpert | None = expert_named(
            "auto" if assignment.by_people else assignment.expert,
            self.task,
            needed=assignment.command != "reinforce"
            and assignment.data is None
            and not assignment.by_people,
            kept=folder,
        )
        begun = folder.settings_path.exists()
        self.luggage = None if begun else luggage_of(assignment, self.task)
        self.judge = Judge(
            self.task,
            self.expert,
            assignment.validation_episodes,
            assignment.test_episodes,
            measures_shift=assignment.shift,
        )

    def run(self) -> Mapping[str, Any]:
        """All rounds, the final evaluation and the summary."""
        with self.stopwatch.phase("evaluate"):
            self.teller.say(self.introduction())
        with only_one(self.folder.path):
            self.begin()
            return self.finish(self.learned())

    def learned(self) -> Verdict:
        """All rounds, and how good the delivered one is."""
        after = self.folder.last_round()
        self.stopwatch.add(self.folder.seconds())
        done = 0 if after is None else after.number + 1
        with self.classroom(), self.teller.progress(self.round_count(), done):
            for round in self.rounds(after):
                self.folder.save_round(round, self.stopwatch.lap())
                self.teller.round(round)
            if not self.folder.round_count():
                raise NothingLearnedError(
                    f"nobody has said anything in {self.folder.path} that a policy can"
                    " learn from; choose another --out to begin anew"
                )
            with self.stopwatch.phase("evaluate"):
                return final_verdict(self.folder, self.judge)

    def begin(self) -> None:
        """Write down what is to be done, unless it has begun already."""
        if self.luggage is not None:
            self.luggage.unpack(self.folder)
            self.folder.begin(self.assignment.as_json())

    def introduction(self) -> str:
        reference = self.judge.validation
        chance = f"chance returns {reference.random.value.mean():.1f}"
        if reference.expert is None and not reference.random.value.any():
            chance = "chance gets no reward"
        who = f"{self.assignment.env} · {self.assignment.command}"
        if reference.expert is None or self.expert is None:
            return f"{who} · {chance}"
        returned = reference.expert.value.mean()
        role = "yardstick" if self.assignment.by_people else "expert"
        return f"{who} · {chance}, the {role} ({self.expert.name}) {returned:.1f}"

    def round_count(self) -> int:
        return getattr(self.assignment.settings, "rounds", 1)

    def evaluate(self, round: Round) -> Mapping[str, Any]:
        policy = round.learner.policy
        check_finite(policy, "the policy")
        with self.stopwatch.phase("evaluate"):
            return self.judge.validate(policy, round.dataset)

    @contextlib.contextmanager
    def slots(self) -> Iterator[AbstractSlots]:
        """Where the run acts."""
        slots = self.practice_slots() or SeparateSlots(self.task, SLOTS)
        try:
            yield slots
        finally:
            slots.close()

    @contextlib.contextmanager
    def classroom(self) -> Iterator[None]:
        """Where people answer or drive, if this run needs any."""
        self.inbox: Inbox | None = None
        if self.seat is not None:
            with take_seat(
                self.folder.path, self.seat, say=self.teller.address
            ) as self.played:
                yield
            return
        if self.lesson is None:
            yield
            return
        with open_classroom(
            self.folder.path,
            self.task,
            self.assignment,
            self.lesson,
            say=self.teller.address,
        ) as self.inbox:
            yield

    def taught(self, slots: AbstractSlots, after: Round | None) -> Iterator[Round]:
        """Rounds of what people answer."""
        assert self.inbox is not None and self.lesson is not None
        yield from Teaching(
            slots,
            self.inbox,
            self.folder.path,
            self.assignment.settings,
            key=jax.random.key(self.assignment.seed),
            evaluate=self.evaluate,
            brought=self.folder.start_dataset(),
            brought_seconds=self.folder.start_seconds(),
            knows=self.lesson.knows,
            phase=self.stopwatch.phase,
            warn=self.teller.say,
        ).rounds(after)

    def taken_over(self, after: Round | None) -> Iterator[Round]:
        """Rounds of what people do at the controls."""
        yield from Takeover(
            self.task,
            self.played,
            self.assignment.settings,
            key=jax.random.key(self.assignment.seed),
            evaluate=self.evaluate,
            brought=self.folder.start_dataset(),
            brought_seconds=self.folder.start_seconds(),
            lag=self.assignment.lag,
            phase=self.stopwatch.phase,
        ).rounds(after)

    def practice_slots(self) -> AbstractSlots | None:
        """The task's own vectorized form, where nobody will ask about a moment."""
        functional = self.judge.core is not None
        if self.assignment.command != "reinforce" or functional:
            return None
        # The module in front of the colon has registered the task by now.
        registered = self.assignment.env.rpartition(":")[2]
        if gymnasium.spec(registered).vector_entry_point is None:
            return None
        vector = gymnasium.make_vec(
            registered,
            num_envs=self.assignment.settings.episodes_per_batch,
            vectorization_mode="vector_entry_point",
            **self.assignment.kwargs,
        )
        return VectorSlots(self.task, vector)

    def rounds(self, after: Round | None) -> Iterator[Round]:
        """The rounds that are still to be done."""
        key = jax.random.key(self.assignment.seed)
        settings, command = self.assignment.settings, self.assignment.command
        common: dict[str, Any] = {
            "key": key,
            "evaluate": self.evaluate,
            "phase": self.stopwatch.phase,
        }
        start, brought = self.folder.start(), self.folder.start_dataset()
        if self.seat is not None:
            yield from self.taken_over(after or start)
            return
        with self.slots() as slots:
            if self.assignment.by_people:
                yield from self.taught(slots, after or start)
                return
            if command == "bc" and after is None:
                yield from bc(slots, self.teacher(), settings, **common)
            if command == "dagger":
                assert self.expert is not None
                after = after or start
                if after is None and brought is not None:
                    after = watched(self.task, brought, settings, **common)
                    yield after
                yield from dagger(
                    slots,
                    self.expert,
                    settings,
                    after=after,
                    brought=len(brought or ()),
                    **common,
                )
            if command == "reinforce":
                policy = None if start is None else start.learner.policy
                yield from reinforce(
                    slots, settings, policy=policy, after=after, **common
                )

    def teacher(self) -> AbstractExpert | Dataset:
        """Whom or what a clone learns from."""
        if self.assignment.data is None:
            assert self.expert is not None
            return self.expert
        answers = self.folder.start_dataset()
        assert answers is not None
        return answers

    def finish(self, verdict: Verdict) -> Mapping[str, Any]:
        """Write what the run came to; the summary comes last and says it is done."""
        seconds = {
            phase: round(self.stopwatch.total.get(phase, 0.0), 3)
            for phase in ("collect", "label", "fit", "evaluate")
        }
        seconds["compile"] = round(compile_seconds(), 3)
        seconds["total"] = round(self.stopwatch.seconds(), 3)
        summary = summary_of(self.assignment, self.folder, self.judge, verdict, seconds)
        write_json(self.folder.path / "evaluation.json", verdict.evaluation)
        write_json(self.folder.path / "replays.json", verdict.replays)
        write_json(self.folder.path / "summary.json", summary)
        return summary
