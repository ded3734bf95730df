"""Say what stands in a pair of contradicting answers, and what came of settling it."""

import math
import shlex
from typing import Any, NamedTuple

import numpy as np

from novice.app.data.found import Worded, row_told, wording
from novice.app.data.next_command import next_command
from novice.app.data.provenance import Labels, answer_to, part_and_place
from novice.app.data.telling import many
from novice.datasets.ledger import TwoRows
from novice.envs.task import Task
from novice.envs.words import words
from novice.errors import NoviceError

# What is told of a row before somebody has chosen: not who said it, and when.
BLIND = ("row", "step", "says")
AFTERWARDS = ("row", "who", "round", "source")


class Wording(NamedTuple):
    """What a task's numbers and actions are called, and whether actions are real."""

    words: dict[str, Any]
    worded: Worded
    real: bool


def wording_of(task: Task) -> Wording:
    """The words for a task; without names where it has none that fit."""
    try:
        found = words(task)
    except NoviceError:
        found = {"observation": [], "action": {}, "step_seconds": None}
    return Wording(found, wording(task), task.bounds is not None)


def side_told(labels: Labels, row: int, called: Wording) -> dict[str, Any]:
    """What was seen and said in a row, but not by whom."""
    part, at = part_and_place(labels, row)
    told = row_told(labels, row, called.worded)
    action = part.action[at].astype(np.float64)
    if part.known is not None:
        action = np.where(part.known[at], action, np.nan)
    seen = part.observation[at] if called.words["observation"] else ()
    return {
        **{name: told[name] for name in BLIND},
        "action": finite(action) if called.real else None,
        "observation": finite(seen),
    }


def finite(numbers: Any) -> list[float | None]:
    """Numbers as JSON has them, None for what is none."""
    return [float(each) if math.isfinite(each) else None for each in numbers]


def author_told(labels: Labels, row: int, called: Wording) -> dict[str, Any]:
    """Who gave the answer in a row, in which round, and when if it is known."""
    told = row_told(labels, row, called.worded)
    kept = answer_to(labels, row)
    when = None if kept is None else kept.received
    return {**{name: told[name] for name in AFTERWARDS}, "when": when}


def reason_for(pair: TwoRows, right: tuple[int, ...], *, is_open: bool = False) -> str:
    """Why rows are put in quarantine, or let out."""
    a, b = pair
    if is_open:
        return f"what was decided about rows {a} and {b} was taken back"
    if not right:
        return f"rows {a} and {b} contradict each other, and neither is right"
    if right == pair:
        return f"rows {a} and {b} both count"
    [wrong] = set(pair) - set(right)
    return f"row {wrong} contradicts row {right[0]}, which is right"


def closing(labels: Labels, *, settled: int, fine: int, aside: int) -> dict[str, str]:
    """What settling has come to, in a sentence, and what to type next."""
    told = [
        f"{many(aside, 'answer')} {'is' if aside == 1 else 'are'} set aside"
        * (aside > 0),
        f"in {many(fine, 'pair')} both are fine" * (fine > 0),
    ]
    came = " and ".join(each for each in told if each)
    sentence = f"{many(settled, 'pair')} settled{': ' * bool(came)}{came}."
    run = shlex.quote(str(labels.path))
    if not aside:
        return {"sentence": sentence, "next": f"novice data doubt {run}"}
    return {"sentence": sentence, "next": next_command(labels)}
