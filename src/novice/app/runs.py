"""Find what a command names: a task, an expert, another run's policy or answers."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from novice.algorithms.settings import BadSettingError
from novice.app.folder import NotARunError, RunFolder
from novice.datasets.dataset import Dataset
from novice.envs.slots import TaskCrashError
from novice.envs.task import Task, make_task
from novice.errors import NoviceError
from novice.experts.controllers import built_in_expert
from novice.experts.expert import AbstractExpert, UnknownExpertError
from novice.experts.find import callable_expert
from novice.experts.policy_expert import PolicyExpert
from novice.learning.policy import Policy

if TYPE_CHECKING:
    from novice.app.train import Assignment


class MisfitError(NoviceError):
    """What a run brings along was not made for this task."""


def task_called(id: str, kwargs: Mapping[str, Any]) -> Task:
    """The task of this id; one of somebody's own may lie in the current folder."""
    here = os.getcwd()
    if ":" in id and here not in sys.path:
        sys.path.insert(0, here)
    try:
        return make_task(id, kwargs)
    except NoviceError:
        raise
    except Exception as error:
        raise TaskCrashError(
            f"{id} cannot be made: {type(error).__name__}: {error}"
        ) from error


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

    def unpack(self, folder: RunFolder) -> None:
        """Copy it all into the run, so that the run can be repeated alone."""
        folder.clear_start()
        if self.policy is not None or self.answers is not None:
            folder.save_start(self.policy, self.answers)
        if self.expert is not None:
            folder.save_expert(*self.expert)


def luggage_of(assignment: "Assignment", task: Task) -> Luggage:
    """What an assignment takes over, once it is found to fit the task.

    Practice goes on with a policy; correction needs the answers behind it, too; a clone
    needs the answers alone.
    """
    expert, policy, answers = assignment.expert, None, None
    if assignment.data is not None:
        answers = answers_of_run(assignment.data, task)
    if assignment.start is not None:
        policy, _ = policy_of_run(assignment.start, which="best")
        check_fits(policy, task, assignment.start)
        if assignment.command == "dagger":
            answers = answers_of_run(assignment.start, task)
            check_budget(len(answers), assignment)
    asked = policy_asked(expert, task) if is_run(expert) else None
    return Luggage(policy, answers, asked)


def answers_of_run(run: str, task: Task) -> Dataset:
    """Everything that was answered in a run, if the task can use it."""
    folder = RunFolder(Path(run))
    folder.settings()
    dataset = folder.dataset()
    check_rows_fit(dataset, task, run)
    return dataset


def check_budget(answers: int, assignment: "Assignment") -> None:
    """Raise BadSettingError when no label is left to ask for."""
    budget = assignment.settings.labels
    if answers >= budget:
        raise BadSettingError(
            f"--labels is {budget}, but {assignment.start} brings {answers} answers"
            f" along, which count; say --labels {2 * answers} to ask for as many again"
        )


def is_run(expert: str) -> bool:
    """Whether an expert is named by the folder of a run."""
    return expert != "auto" and (":" not in expert or Path(expert).exists())


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
    sees = policy.config()["observation"]
    if sees != task.observation_size:
        raise MisfitError(
            f"the policy of {name} sees {sees} numbers, but {task.id} shows"
            f" {task.observation_size}; it was trained on another task"
        )
    if policy.head.config() != task.head.config():
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
    if real != (task.bounds is not None) or not task.acceptable(action).all():
        raise MisfitError(
            f"the answers of {name} are not actions of {task.id}, which takes"
            f" {task.action_space}; they were given in another task"
        )
