"""Do an assignment from its first round to its summary, in its folder."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import gymnasium
import jax

from novice.algorithms.asking import head_of
from novice.algorithms.bc import bc
from novice.algorithms.dagger import dagger, watched
from novice.algorithms.reinforce import demonstrated, reinforce
from novice.app.assignment import Assignment
from novice.app.bulletin import announce
from novice.app.classroom import Lesson, open_classroom, prepare_lesson
from novice.app.data.concern import doubts_to_tell, labels_summary
from novice.app.enough import Watch, enough_facts, enough_line, held_by
from novice.app.folder import RunFolder, check_finite
from novice.app.judge import SLOTS, Judge
from novice.app.machine import compile_seconds
from novice.app.numbers import return_form
from novice.app.options import PageOptions, WheelOptions
from novice.app.result import Verdict, final_verdict, summary_of
from novice.app.runs import expert_named, luggage_of
from novice.app.seat import Seat, prepare_seat, take_seat
from novice.app.takeover import Takeover
from novice.app.tasks import task_called
from novice.app.teaching import Teaching
from novice.app.teller import Stopwatch, Teller
from novice.datasets.dataset import Dataset
from novice.envs.slots import AbstractSlots, SeparateSlots, VectorSlots
from novice.envs.task import Task
from novice.errors import NoviceError
from novice.experts.asking.strategies import check_strategy
from novice.experts.expert import AbstractExpert
from novice.files import only_one, write_json
from novice.inbox.store import Inbox
from novice.types import Round


class NothingLearnedError(NoviceError):
    """The budget is used up, and there is nothing to learn from."""


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
        if assignment.command == "dagger":
            settings = assignment.settings
            check_strategy(settings.ask, head_of(self.task, settings))
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
            self.learn(after)
            if not self.folder.round_count():
                raise NothingLearnedError(
                    f"nobody has said anything in {self.folder.path} that a policy can"
                    " learn from; choose another --out to begin anew"
                )
            with self.stopwatch.phase("evaluate"):
                return final_verdict(self.folder, self.judge)

    def learn(self, after: Round | None) -> None:
        """The rounds that are still to be done, each kept and told."""
        watch = self.watch()
        ends = self.assignment.stop == "enough"
        if watch is not None and watch.found and ends:
            self.dismiss()
            return
        for round in self.rounds(after):
            self.folder.save_round(round, self.stopwatch.lap())
            self.teller.round(round, self.references())
            if watch is None or not watch.sees(round.measures) or not watch.found:
                continue
            self.teller.say(enough_line(watch.found, stops=ends))
            if self.lesson is not None and self.inbox is not None:
                self.inbox.tell("enough", enough_facts(watch.found, stops=ends))
            if ends:
                if self.lesson is not None and self.inbox is not None:
                    announce(self.inbox, round)
                self.dismiss()
                return

    def watch(self) -> Watch | None:
        """Who knows when more labels no longer pay, where labels are asked for."""
        if self.assignment.command != "dagger":
            return None
        done = range(self.folder.round_count())
        return Watch(
            held_by(self.judge, by_people=self.assignment.by_people),
            so_far=[self.folder.measures(number) for number in done],
        )

    def dismiss(self) -> None:
        """Ask people nothing more, and let nobody drive any more."""
        if self.lesson is not None and self.inbox is not None:
            self.inbox.retire(before=self.inbox.visits())
        if self.seat is not None:
            self.played.end()

    def begin(self) -> None:
        """Write down what is to be done, unless it has begun already."""
        if self.luggage is not None:
            self.luggage.unpack(self.folder)
            self.folder.begin(self.assignment.as_json())

    def introduction(self) -> str:
        reference = self.judge.validation
        form = return_form(*self.references())
        chance = f"chance returns {reference.random.value.mean():{form}}"
        if reference.expert is None and not reference.random.value.any():
            chance = "chance gets no reward"
        who = f"{self.assignment.env} · {self.assignment.command}"
        if reference.expert is None or self.expert is None:
            return f"{who} · {chance}"
        returned = reference.expert.value.mean()
        role = "yardstick" if self.assignment.by_people else "expert"
        return f"{who} · {chance}, the {role} ({self.expert.name}) {returned:{form}}"

    def references(self) -> list[float]:
        """What chance returns, and the expert if there is one."""
        known = self.judge.validation
        everybody = (known.random, known.expert)
        return [float(each.value.mean()) for each in everybody if each is not None]

    def round_count(self) -> int:
        count = getattr(self.assignment.settings, "rounds", 1)
        # Whoever brings a policy is evaluated before practicing.
        return int(count) + self.folder.goes_on

    def evaluate(self, round: Round) -> Mapping[str, Any]:
        policy = round.learner.policy
        check_finite(policy, "the policy")
        with self.stopwatch.phase("evaluate"):
            return self.judge.validate(policy, round.dataset)

    @contextlib.contextmanager
    def slots(self) -> Iterator[AbstractSlots]:
        """Where the run acts."""
        slots = self.practice_slots() or SeparateSlots(self.task, self.side_by_side())
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

    def side_by_side(self) -> int:
        """How many environments a task without a vectorized form is stepped in."""
        settings = self.assignment.settings
        if self.assignment.command == "reinforce" and settings.fragment:
            return int(settings.environments)
        return SLOTS

    def practice_slots(self) -> AbstractSlots | None:
        """The task's own vectorized form, where nobody will ask about a moment."""
        functional = self.judge.core is not None
        if self.assignment.command != "reinforce" or functional:
            return None
        # The module in front of the colon has registered the task by now.
        registered = self.assignment.env.rpartition(":")[2]
        if gymnasium.spec(registered).vector_entry_point is None:
            return None
        settings = self.assignment.settings
        many = settings.environments if settings.fragment else None
        vector = gymnasium.make_vec(
            registered,
            num_envs=many or settings.episodes_per_batch,
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
                    slots,
                    settings,
                    policy=policy,
                    shown=None if brought is None else demonstrated(brought),
                    after=after,
                    **common,
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
        with self.stopwatch.phase("evaluate"):
            doubts = doubts_to_tell(
                self.folder.path, by_people=self.assignment.by_people
            )
        seconds = {
            phase: round(self.stopwatch.total.get(phase, 0.0), 3)
            for phase in ("collect", "label", "fit", "evaluate")
        }
        seconds["compile"] = round(compile_seconds(), 3)
        seconds["total"] = round(self.stopwatch.seconds(), 3)
        summary = summary_of(self.assignment, self.folder, self.judge, verdict, seconds)
        summary |= labels_summary(self.folder.path, doubts)
        write_json(self.folder.path / "evaluation.json", verdict.evaluation)
        write_json(self.folder.path / "replays.json", verdict.replays)
        write_json(self.folder.path / "summary.json", summary)
        return summary
