"""Find the policy that a run delivered, and whoever a run calls its expert."""

from pathlib import Path

from novice.algorithms.settings import BadSettingError
from novice.app.folder import NotARunError, RunFolder
from novice.envs.task import Task
from novice.experts.controllers import built_in_expert
from novice.experts.expert import AbstractExpert, UnknownExpertError
from novice.experts.find import callable_expert
from novice.experts.policy_expert import PolicyExpert
from novice.learning.policy import Policy


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
    elif which.isdigit() and int(which) < count:
        number = int(which)
    else:
        raise BadSettingError(
            f"there is no round {which!r} in {run}; say best, last or a number from 0"
            f" to {count - 1}"
        )
    return folder.policy(number), number


def copy_start(run: str, folder: RunFolder, task: Task, command: str) -> None:
    """Copy what a run starts from into it, so that the run can be repeated alone.

    Practice goes on with a policy; correction needs the answers behind it, too.
    """
    policy, _ = policy_of_run(run, which="best")
    check_fits(policy, task, run)
    dataset = RunFolder(Path(run)).dataset() if command == "dagger" else None
    folder.save_start(policy, dataset)


def expert_named(name: str, task: Task, *, needed: bool) -> AbstractExpert | None:
    """The expert that a command names; None where there is none and none is needed."""
    if name == "auto":
        try:
            return built_in_expert(task.id, task.kwargs)
        except UnknownExpertError:
            if needed:
                raise
            return None
    if ":" in name and not Path(name).exists():
        return callable_expert(name)
    policy, number = policy_of_run(name, which="best")
    check_fits(policy, task, name)
    return PolicyExpert.of(policy, task, name=f"{name}, round {number}")


def check_fits(policy: Policy, task: Task, name: str) -> None:
    """Raise UnknownExpertError when a policy was trained for another kind of task."""
    sees = policy.config()["observation"]
    if sees != task.observation_size:
        raise UnknownExpertError(
            f"the policy of {name} sees {sees} numbers, but {task.id} shows"
            f" {task.observation_size}; it was trained on another task"
        )
    if policy.head.config() != task.head.config():
        raise UnknownExpertError(
            f"the policy of {name} acts by {policy.head.config()}, but {task.id} takes"
            f" {task.action_space}; it was trained on another task"
        )
