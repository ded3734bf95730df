"""Keep what is doubtful in a run's labels, in words that need no task to be read."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from novice.app.data.doubting import Findings, findings
from novice.app.data.provenance import DOUBTS, Labels, labels_of, part_and_place
from novice.app.tasks import task_called
from novice.datasets.dataset import Answers, Dataset
from novice.datasets.ledger import verdicts_of
from novice.envs.task import Task
from novice.envs.words import words
from novice.errors import NoviceError
from novice.evaluation.contradictions import Pair, each_once
from novice.evaluation.doubt import Doubts
from novice.files import write_json

# So many pairs and rows of what is found are told.
MOST_PAIRS = 20

# An action in words.
Worded = Callable[[Any], str]


def doubted(labels: Labels) -> Mapping[str, Any]:
    """What is doubtful in the labels of a run that count, kept in its folder."""
    settings = labels.settings["settings"]
    task = task_called(settings["task"], settings["task_argument"])
    held = verdicts_of(labels.entries)
    dataset = Dataset(labels.parts).without(
        held.quarantined, ledger=len(labels.entries)
    )
    told = told_of(labels, findings(dataset, task), task)
    write_json(labels.path / DOUBTS, told)
    return told


def doubts_in_words(run: str) -> Mapping[str, Any]:
    """What is doubtful in a run's labels, measured anew."""
    return doubted(labels_of(run))


def told_of(labels: Labels, found: Findings, task: Task) -> dict[str, Any]:
    """What was found, as plain values; the first pairs, and all rows by their rank."""
    worded = wording(task)
    verdicts, doubts = verdicts_of(labels.entries), found.doubts
    contradicting = found.contradictions.pairs
    pairs = tuple(each for each in contradicting if not verdicts.both_fine(each.rows))
    told: dict[str, Any] = {
        "rows": len(labels),
        "ledger": len(labels.entries),
        "labels": int((labels.stands & (labels.source != "interpolated")).sum()),
        "contradictions": {
            "near": found.contradictions.near,
            "pairs": len(pairs),
            "settled": len(contradicting) - len(pairs),
            "rows": len({row for pair in pairs for row in pair.rows}),
            "shown": [
                pair_told(labels, pair, worded) for pair in ordered(pairs, doubts)
            ],
        },
    }
    if doubts is not None:
        told["doubts"] = doubts_told(labels, doubts, worded)
    return told


def ordered(pairs: tuple[Pair, ...], doubts: Doubts | None) -> list[Pair]:
    """The pairs to look at first: those with the most doubtful rows."""
    order = list(pairs)
    if doubts is not None:
        wrong = np.nan_to_num(doubts.wrong)
        order.sort(key=lambda pair: -max(wrong[row] for row in pair.rows))
    return each_once(order)[:MOST_PAIRS]


def pair_told(labels: Labels, pair: Pair, worded: Worded) -> dict[str, Any]:
    """Two contradicting rows, what each says, and how near they are."""
    sides = [row_told(labels, row, worded) for row in pair.rows]
    return {"sides": sides, "steps_apart": round(pair.distance, 3)}


def row_told(labels: Labels, row: int, worded: Worded) -> dict[str, Any]:
    """Who said what in a row, and where."""
    part, at = part_and_place(labels, row)
    told = {
        "row": row,
        "who": part.origin.who,
        "round": part.origin.round,
        "source": part.origin.source,
        "episode": int(part.episode[at]),
        "step": int(part.step[at]),
        "says": said(part, at, worded),
    }
    if part.question is not None:
        told["question"] = int(part.question[at])
    return told


def said(part: Answers, at: int, worded: Worded) -> str:
    """What somebody said in a row: an action, or the several that they accept."""
    marks = None if part.marks is None else part.marks[at]
    if marks is None or part.action.shape[1] > 1 or marks.sum() == 1:
        return worded(part.action[at])
    return " or ".join(worded([option]) for option in np.flatnonzero(marks))


def doubts_told(labels: Labels, doubts: Doubts, worded: Worded) -> dict[str, Any]:
    """The rows by how doubtful they are, and how often each person is doubted."""
    ranked = doubts.ranked()
    return {
        "share": round(float(np.nanmean(doubts.wrong)), 4),
        "people": {
            who: {
                "labels": int((labels.who[ranked] == who).sum()),
                "share": round(share, 4),
            }
            for who, share in doubts.share.items()
        },
        "ranked": ranked.tolist(),
        "shown": [
            {
                **row_told(labels, int(row), worded),
                "wrong": round(float(doubts.wrong[row]), 4),
                "instead": worded(doubts.instead[row]),
            }
            for row in ranked[:MOST_PAIRS]
        ],
    }


def wording(task: Task) -> Worded:
    """How a task's actions are called."""
    names: list[str] = []
    try:
        choices = words(task)["action"].get("choices", ())
        names = [str(each["name"]) for each in choices]
    except NoviceError:
        pass

    def worded(action: Any) -> str:
        if task.bounds is None and len(action) == 1 and int(action[0]) < len(names):
            return names[int(action[0])]
        numbers = [f"{float(number):.3g}" for number in action]
        return numbers[0] if len(numbers) == 1 else f"({', '.join(numbers)})"

    return worded
