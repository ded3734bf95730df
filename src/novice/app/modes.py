"""Tell whether a delivered policy takes the mean of several right answers."""

from typing import Any

from novice.app.folder import RunFolder
from novice.app.shift import learned_from
from novice.envs.task import Task
from novice.evaluation.modes import actions_at, mode_averaging


def final_modes(folder: RunFolder, number: int, task: Task) -> dict[str, Any]:
    """In how many states of the data a round's policy acts between two ways of acting.

    Empty where that cannot be told: for choices, histories, chunks and few episodes.
    """
    dataset = None if task.bounds is None else learned_from(folder, number)
    if dataset is None:
        return {}
    action = actions_at(folder.policy(number), dataset)
    found = None if action is None else mode_averaging(task, action, dataset)
    return {} if found is None else {"mode_averaging": found}
