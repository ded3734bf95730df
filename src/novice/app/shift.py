"""Compare what a delivered policy visits and does with what a run's dataset holds."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from novice.app.folder import RunFolder
from novice.app.report.shift import EXPLANATION, FALSE_ALARMS, in_words, leaves_at
from novice.datasets.dataset import Answers, Dataset
from novice.datasets.episodes import episode_numbers
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
    """The same of a run's final episodes, with a `map` of both sides' states.

    Where nothing can be said, `shift_unknown` says why.
    """
    found = shift_measures(dataset, seen) or too_few(dataset, seen)
    lying = plane(rows_of(dataset), visits_of(seen)) if len(dataset) else None
    return found if lying is None else {**found, "map": lying.as_json()}


def too_few(dataset: Dataset, seen: Trajectories) -> dict[str, Any]:
    """Why a policy's episodes cannot be compared with a dataset."""
    episodes = rows_of(dataset).episodes if len(dataset) else 0
    return {
        "shift_unknown": f"its dataset has {episodes} episodes, and {len(seen.valid)}"
        f" were played; a comparison needs {FEWEST_EPISODES} on both sides, at equal"
        " steps"
    }


def visits_of(seen: Trajectories) -> Visits:
    """The states in which somebody acted; where an episode ended nobody did."""
    valid = np.asarray(seen.valid)
    episode, step = np.nonzero(valid)
    state = np.asarray(seen.observation)[:, :-1][valid]
    return Visits(state, episode.astype(np.int64), step.astype(np.int64))


def rows_of(dataset: Dataset, *, last: int | None = None) -> Visits:
    """The states of the rows that are learned from; of the `last` parts, if given."""
    parts, rows = dataset.parts, dataset.standing()
    if last is not None:
        place = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        rows &= place >= len(parts) - last
    step = dataset.column("step").astype(np.int64)
    number = episode_numbers(dataset)
    return Visits(dataset.column("observation")[rows], number[rows], step[rows])


def newest(parts: Sequence[Answers]) -> int:
    """How many parts the newest round has added."""
    rounds = [part.origin.round for part in reversed(parts)]
    return len(list(itertools.takewhile(lambda each: each == rounds[0], rounds)))


def shift_of_run(folder: RunFolder, number: int, seen: Trajectories) -> dict[str, Any]:
    """How far a policy's fresh episodes are from what a run's round learned from.

    Where nothing can be said, `shift_unknown` says why.
    """
    dataset = learned_from(folder, number)
    if dataset is None:
        return {"shift_unknown": "it learned from no dataset"}
    return shift_measures(dataset, seen) or too_few(dataset, seen)


def final_visits(folder: RunFolder, number: int, seen: Trajectories) -> dict[str, Any]:
    """What evaluation.json says of the states in the final episodes of a round.

    Nothing where the run learned from no dataset.
    """
    dataset = learned_from(folder, number)
    return {} if dataset is None else {"visited": visited(dataset, seen)}


def learned_from(folder: RunFolder, number: int) -> Dataset | None:
    """What a run's round learned from; None where that was no dataset."""
    if not folder.dataset_path.exists():
        return None
    measures = folder.measures(number)
    return folder.dataset().first(int(measures.get("rows", measures["labels"])))


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
