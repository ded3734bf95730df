"""Find what a command names: a task, an expert, another run's policy or answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from novice.algorithms.settings import BadSettingError
from novice.app.assignment import Assignment
from novice.app.folder import NotARunError, RunFolder
from novice.app.shown import LagSetting, lag_to_use, reactions_told, shown_in
from novice.datasets.arrays import demonstrations_from
from novice.datasets.dataset import Dataset
from novice.envs.task import Task
from novice.errors import NoviceError
from novice.experts.controllers import built_in_expert
from novice.experts.expert import AbstractExpert, UnknownExpertError
from novice.experts.find import callable_expert
from novice.experts.policy_expert import PolicyExpert
from novice.files import read_json
from novice.inbox.recording import Recording, read_recording
from novice.learning.policy import Policy


class MisfitError(NoviceError):
    """What a run brings along was not made for this task."""


def policy_of_run(run: str, *, which: str) -> tuple[Policy, int]:
    """A run's policy and its round; `which` is "best", "last" or a number.

    The best one is the one that the run delivers, as validation chose it.
    """
    folder = RunFolder(Path(run))
    folder.settings()
    count = folder.round_count()
    if not count:
        raise NotARunError(f"{run} has not finished a single round yet")
    if which == "best":
        number = folder.best_round()
    elif which == "last":
        number = count - 1
    elif which.isdecimal() and int(which) < count:
        number = int(which)
    else:
        raise BadSettingError(
            f"there is no round {which!r} in {run}; say best, last or a number from 0"
            f" to {count - 1}"
        )
    return folder.policy(number), number


@dataclass(frozen=True, eq=False)
class Luggage:
    """What a new run takes over from other ones."""

    policy: Policy | None = None
    answers: Dataset | None = None
    expert: tuple[Policy, str] | None = None
    human_seconds: float = 0.0
    people: tuple[str, ...] = ()
    reactions: Mapping[str, Any] = field(default_factory=dict)

    def unpack(self, folder: RunFolder) -> None:
        """Copy it all into the run, so that the run can be repeated alone."""
        folder.clear_start()
        if self.policy is not None or self.answers is not None:
            human = {
                "seconds": self.human_seconds,
                "people": list(self.people),
                **self.reactions,
            }
            folder.save_start(self.policy, self.answers, human)
        if self.expert is not None:
            folder.save_expert(*self.expert)


def luggage_of(assignment: Assignment, task: Task) -> Luggage:
    """What an assignment takes over, once it is found to fit the task.

    Practice goes on with a policy; correction needs the answers behind it, too; a clone
    needs the answers alone.
    """
    policy, answers, seconds = None, None, 0.0
    people: tuple[str, ...] = ()
    reactions: Mapping[str, Any] = {}
    fit = getattr(assignment.settings, "fit", None)
    past = 0 if fit is None else fit.history - 1
    for run in (assignment.data, assignment.start):
        if run is not None and (run == assignment.data or asks(assignment)):
            answers = answers_of_run(run, task, past=past)
            seconds = human_seconds_of(run)
            people = people_of(run)
            if is_recording(run):
                answers, reactions = paired(run, task, assignment.lag, past=past)
            elif assignment.lag and not assignment.by_takeover:
                raise MisfitError(
                    f"--lag pairs what somebody did with what they had seen, which only"
                    f" a recording tells, but {run} is none; leave --lag away"
                )
    if assignment.start is not None and not only_shows(assignment.start):
        policy, _ = policy_of_run(assignment.start, which="best")
        check_fits(policy, task, assignment.start)
    elif assignment.start is not None and not asks(assignment):
        kind = "file" if is_file(assignment.start) else "recording"
        raise MisfitError(
            f"{assignment.start} is a {kind}, which holds no policy to practice"
            f" with; novice bc {task.id} --data {assignment.start} makes one"
        )
    asked = None
    if is_run(assignment.expert) and not assignment.by_people:
        asked = policy_asked(assignment.expert, task)
    return Luggage(policy, answers, asked, seconds, people, reactions)


def asks(assignment: Assignment) -> bool:
    """Whether an assignment goes on with the answers of another run."""
    return assignment.command == "dagger" or practices_what_was_shown(assignment)


def practices_what_was_shown(assignment: Assignment) -> bool:
    """Whether practice goes on learning from the demonstrations of its policy's run."""
    settings = assignment.settings
    wanted = assignment.command == "reinforce" and bool(settings.demonstrations)
    return wanted and assignment.data is None


def is_recording(run: str) -> bool:
    """Whether a folder holds what somebody played."""
    path = Path(run) / "settings.json"
    if not path.exists():
        return False
    settings = read_json(path)
    return isinstance(settings, dict) and settings.get("command") == "play"


def is_file(run: str) -> bool:
    """Whether demonstrations are in a file of arrays, recorded elsewhere."""
    return Path(run).suffix == ".npz" and not Path(run).is_dir()


def only_shows(run: str) -> bool:
    """Whether something was shown in a run, and no policy was made of it."""
    return is_file(run) or is_recording(run)


def answers_of_run(run: str, task: Task, *, past: int = 0) -> Dataset:
    """Everything that was answered or shown in a run, if the task can use it."""
    if is_file(run):
        return demonstrations_from(Path(run), task)
    if is_recording(run):
        dataset = demonstrations_in(read_recording(Path(run)), past=past)
    else:
        folder = RunFolder(Path(run))
        folder.settings()
        dataset = folder.dataset().settled()
    if not len(dataset):
        raise NotARunError(f"{run} holds no answers yet")
    check_rows_fit(dataset, task, run)
    return dataset


def demonstrations_in(
    recording: Recording, *, lag: float | None = None, past: int = 0
) -> Dataset:
    """What people did in a recording: they showed it, or took over from a policy."""
    return shown_in(recording.episodes, lag=lag, past=past)


def paired(
    run: str, task: Task, setting: LagSetting, *, past: int
) -> tuple[Dataset, Mapping[str, Any]]:
    """What people did in a recording beside what they had seen; how they reacted."""
    recording = read_recording(Path(run))
    lag = lag_to_use(setting, recording.episodes, task)
    told = reactions_told(recording.episodes, task, used=lag)
    return demonstrations_in(recording, lag=lag, past=past), told


def human_seconds_of(run: str) -> float:
    """The people's time that a run has cost, 0 where nobody was asked.

    Files do not say how long it took to record them, so theirs is not counted.
    """
    if is_file(run):
        return 0.0
    if is_recording(run):
        return read_recording(Path(run)).seconds
    folder = RunFolder(Path(run))
    count = folder.round_count()
    measures = folder.measures(count - 1) if count else {}
    return float(measures.get("human_seconds", folder.start_seconds()))


def people_of(run: str) -> tuple[str, ...]:
    """The people whose time went into a run, simulated ones, too."""
    if is_file(run):
        return ()
    if is_recording(run):
        return tuple(
            sorted({played.who for played in read_recording(Path(run)).episodes})
        )
    return RunFolder(Path(run)).people()


def is_run(expert: str) -> bool:
    """Whether an expert is named by the folder of a run."""
    return expert not in ("auto", "human") and (
        ":" not in expert or Path(expert).exists()
    )


def expert_named(
    name: str, task: Task, *, needed: bool, kept: RunFolder | None = None
) -> AbstractExpert | None:
    """The expert that a command names; None where there is none and none is needed.

    A run that is `kept` in a folder already asks the policy that is kept there.
    """
    if name == "auto":
        try:
            return built_in_expert(task.id, task.kwargs)
        except UnknownExpertError:
            if needed:
                raise
            return None
    if not is_run(name):
        return callable_expert(name)
    policy, full_name = (kept.expert() if kept else None) or policy_asked(name, task)
    return PolicyExpert.of(policy, task, name=full_name)


def policy_asked(run: str, task: Task) -> tuple[Policy, str]:
    """The policy of a run that is an expert, and what it is called."""
    if not Path(run).exists():
        raise UnknownExpertError(
            f"there is no expert {run!r}: an expert is auto (the task's built-in"
            " controller), module:function, or the folder of a run"
        )
    policy, number = policy_of_run(run, which="best")
    check_fits(policy, task, run)
    return policy, f"{run}, round {number}"


def check_fits(policy: Policy, task: Task, name: str) -> None:
    """Raise MisfitError when a policy was trained for another kind of task."""
    sees = policy.trunk.config()["observation"] // policy.history
    if sees != task.observation_size:
        raise MisfitError(
            f"the policy of {name} sees {sees} numbers, but {task.id} shows"
            f" {task.observation_size}; it was trained on another task"
        )
    if policy.head.one_action(policy.chunk) != task.head.one_action():
        raise MisfitError(
            f"the policy of {name} acts by {policy.head.config()}, but {task.id} takes"
            f" {task.action_space}; it was trained on another task"
        )


def check_rows_fit(dataset: Dataset, task: Task, name: str) -> None:
    """Raise MisfitError when answers were given in another kind of task."""
    sees, acts = (dataset.column(each).shape[1] for each in ("observation", "action"))
    if (sees, acts) != (task.observation_size, task.head.width):
        raise MisfitError(
            f"the answers of {name} are {acts} numbers for observations of {sees}, but"
            f" {task.id} takes {task.head.width} and shows {task.observation_size};"
            " they were given in another task"
        )
    action = dataset.column("action")
    real = np.issubdtype(action.dtype, np.floating)
    options = sum(task.head.options)
    fits = all(
        part.marks is None or part.marks.shape[1] == options for part in dataset.parts
    )
    if (
        real != (task.bounds is not None)
        or not task.acceptable(action).all()
        or not fits
    ):
        raise MisfitError(
            f"the answers of {name} are not actions of {task.id}, which takes"
            f" {task.action_space}; they were given in another task"
        )
