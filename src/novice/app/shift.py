"""Compare what a delivered policy visits and does with what a run's dataset holds."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from novice.app.folder import RunFolder
from novice.app.report.shift import EXPLANATION, FALSE_ALARMS, in_words, leaves_at
from novice.datasets.dataset import Answers, Dataset
from novice.envs.task import Task
from novice.evaluation.modes import actions_at, mode_averaging
from novice.evaluation.shift import FEWEST_EPISODES, Visits, shift
from novice.evaluation.shift_map import plane
from novice.types import Trajectories


def shift_measures(dataset: Dataset, seen: Trajectories) -> dict[str, Any]:
    """How far fresh episodes are from a dataset, as a round reports it.

    `shift` compares with all of it, `shift_by_time` says when, and `shift_new` compares
    with what its newest round has added. What too few episodes can't tell is absent.
    """
    found: dict[str, Any] = {}
    if not len(dataset):
        return found
    visited = visits_of(seen)
    everything = shift(rows_of(dataset), visited)
    if everything is not None:
        found["shift"] = everything.as_json()
        found["shift_by_time"] = [part.as_json() for part in everything.by_time]
    added = newest(dataset.parts)
    if 0 < added < len(dataset.parts):
        new = shift(rows_of(dataset, last=added), visited)
        if new is not None:
            found["shift_new"] = new.as_json()
    return found


def visited(dataset: Dataset, seen: Trajectories) -> dict[str, Any]:
    """The same of a run's final episodes, with a `map` of both sides' states."""
    found = shift_measures(dataset, seen)
    lying = plane(rows_of(dataset), visits_of(seen)) if len(dataset) else None
    return found if lying is None else {**found, "map": lying.as_json()}


def visits_of(seen: Trajectories) -> Visits:
    """The states in which somebody acted; where an episode ended nobody did."""
    valid = np.asarray(seen.valid)
    episode, step = np.nonzero(valid)
    state = np.asarray(seen.observation)[:, :-1][valid]
    return Visits(state, episode.astype(np.int64), step.astype(np.int64))


def rows_of(dataset: Dataset, *, last: int | None = None) -> Visits:
    """The states of the rows that are learned from; of the `last` parts, if given.

    Answers of one round are about the same episodes, whoever gave them; demonstrations
    count their episodes within their part.
    """
    parts, rows = dataset.parts, dataset.standing()
    sizes = [len(part) for part in parts]
    if last is not None:
        place = np.repeat(np.arange(len(parts)), sizes)
        rows &= place >= len(parts) - last
    source = np.repeat(sources(parts), sizes)
    episode = np.stack([source, dataset.column("episode")], axis=1)[rows]
    number = np.unique(episode, axis=0, return_inverse=True)[1].reshape(-1)
    step = dataset.column("step").astype(np.int64)
    return Visits(dataset.column("observation")[rows], number, step[rows])


def sources(parts: Sequence[Answers]) -> list[int]:
    """A number for each part; those with the same one speak of the same episodes.

    Parts of one round stand beside each other, and are about what was visited in it,
    unless they are demonstrations: whoever demonstrates has episodes of their own.
    """
    numbers = [0] * len(parts)
    for place, (one, other) in enumerate(itertools.pairwise(parts), start=1):
        shown = "demonstration" in (one.origin.source, other.origin.source)
        same = one.origin.round == other.origin.round and not shown
        numbers[place] = numbers[place - 1] + (not same)
    return numbers


def newest(parts: Sequence[Answers]) -> int:
    """How many parts the newest round has added."""
    rounds = [part.origin.round for part in reversed(parts)]
    return len(list(itertools.takewhile(lambda each: each == rounds[0], rounds)))


def shift_of_run(folder: RunFolder, number: int, seen: Trajectories) -> dict[str, Any]:
    """How far a policy's fresh episodes are from what a run's round learned from.

    Where nothing can be said, `shift_unknown` says why.
    """
    if not folder.dataset_path.exists():
        return {"shift_unknown": "it learned from no dataset"}
    dataset = folder.dataset().first(rows_at(folder, number))
    found = shift_measures(dataset, seen)
    if "shift" not in found:
        episodes = rows_of(dataset).episodes if len(dataset) else 0
        return {
            "shift_unknown": f"its dataset has {episodes} episodes, and"
            f" {len(seen.valid)} were played; a comparison needs {FEWEST_EPISODES} on"
            " both sides, at equal steps"
        }
    return found


def final_visits(folder: RunFolder, number: int, seen: Trajectories) -> dict[str, Any]:
    """What evaluation.json says of the states in the final episodes of a round.

    Nothing where the run learned from no dataset.
    """
    if not folder.dataset_path.exists():
        return {}
    dataset = folder.dataset().first(rows_at(folder, number))
    return {"visited": visited(dataset, seen)}


def final_modes(folder: RunFolder, number: int, task: Task) -> dict[str, Any]:
    """In how many states of the data a round's policy acts between two ways of acting.

    Empty where that cannot be told: for choices, histories, chunks and few episodes.
    """
    if not folder.dataset_path.exists() or task.bounds is None:
        return {}
    dataset = folder.dataset().first(rows_at(folder, number))
    action = actions_at(folder.policy(number), dataset)
    found = None if action is None else mode_averaging(task, action, dataset)
    return {} if found is None else {"mode_averaging": found}


def rows_at(folder: RunFolder, number: int) -> int:
    """How many rows a run's dataset had after a round."""
    measures = folder.measures(number)
    return int(measures.get("rows", measures["labels"]))


def shift_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What a comparison of policies found about their states, in plain lines."""
    if any("shift" in entry for entry in found["policies"]):
        yield EXPLANATION
    for entry in found["policies"]:
        if "shift_unknown" in entry:
            yield f"{entry['run']}: no AUC: {entry['shift_unknown']}"
        elif "shift" in entry:
            told = entry["shift"]
            low, high = told["ci95"]
            yield (
                f"{entry['run']}: AUC {told['auc']:.2f} [{low:.2f},"
                f" {high:.2f}]: {in_words(told)}"
                f"{when(told, entry.get('shift_by_time', ()))}"
            )


def when(told: Mapping[str, Any], stretches: Sequence[Mapping[str, Any]]) -> str:
    """From which step on the two are told apart for sure, if they are."""
    start = leaves_at(stretches) if told["p"] <= FALSE_ALARMS else None
    return "" if start is None else f", from step {start} on"
