"""What a policy sees at once, and what it decides at once: windows of an episode."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int, Num

from novice.datasets.dataset import Answers, BadRowsError, Dataset, check_learns
from novice.learning.heads import AbstractHead


class Decided(NamedTuple):
    """The actions of several steps as one row, and which of their numbers are known.

    Where an action is not known, the last one before it stands in its place.
    """

    action: Num[np.ndarray, "rows numbers"]
    known: Bool[np.ndarray, "rows numbers"]


def seen_at_once(dataset: Dataset, history: int) -> Num[np.ndarray, "rows numbers"]:
    """The latest `history` observations of each row, oldest first.

    Before an episode's beginning stands its first observation. What was seen before a
    row is kept with it (`Answers.before`), or is itself among the rows. Raises
    BadRowsError where it is neither.
    """
    if history == 1:
        return dataset.column("observation")
    return np.concatenate([_seen(part, history) for part in dataset.parts])


def targets_at_once(
    dataset: Dataset, head: AbstractHead, chunk: int
) -> Num[np.ndarray, "rows targets"]:
    """What to make likelier in each row: its action and those of the steps after it.

    A head that learns from partly known actions is told which of them somebody gave.
    For any other the last action goes on where an episode ends, or somebody let go.
    Raises BadRowsError where actions are those of single moments.
    """
    if chunk == 1:
        return dataset.targets(head)
    if dataset.has_sets:
        raise BadRowsError(
            f"chunks of {chunk} actions are learned from what was done step by step,"
            " but somebody answered with sets of actions; leave --chunk away"
        )
    if dataset.has_gaps:
        check_learns(head, "partial", "with actions of which they know a part")
    decided = [decided_at_once(part, chunk) for part in dataset.parts]
    width = dataset.parts[0].action.shape[1]
    if not any(each.known[:, width:].any() for each in decided):
        raise BadRowsError(
            f"chunks of {chunk} actions are learned from stretches of an episode, but"
            " these answers are about single moments; leave --chunk away, or learn from"
            " demonstrations"
        )
    action = np.concatenate([each.action for each in decided])
    known = np.concatenate([each.known for each in decided])
    if "partial" in head.learns_from:
        action = np.where(known, action, 0)
        return np.concatenate([action, known], axis=1).astype(np.float32)
    return held(action, known, width)


def decided_at_once(part: Answers, chunk: int) -> Decided:
    """The actions of the steps from each row on, as far as the part holds them."""
    known_here: np.ndarray = np.ones(part.action.shape, bool)
    if part.known is not None:
        known_here = part.known
    here = np.arange(len(part))
    actions, known = [part.action], [known_here]
    for ahead in range(1, chunk):
        found = _rows_at(part, part.step + ahead)
        there = found >= 0
        actions.append(np.where(there[:, None], part.action[found], actions[-1]))
        known.append(known_here[np.where(there, found, here)] & there[:, None])
    return Decided(np.concatenate(actions, axis=1), np.concatenate(known, axis=1))


def _seen(part: Answers, history: int) -> Num[np.ndarray, "rows numbers"]:
    """The latest observations of a part's rows."""
    rows, past = len(part), history - 1
    if part.before is not None and part.before.shape[1] >= past:
        before = part.before[:, part.before.shape[1] - past :].reshape(rows, -1)
        return np.concatenate([before, part.observation], axis=1)
    each = []
    for ago in range(past, 0, -1):
        found = _rows_at(part, np.maximum(part.step - ago, 0))
        if (found < 0).any():
            row = int(np.flatnonzero(found < 0)[0])
            raise BadRowsError(
                f"a policy with a history of {history} sees what was there before, but"
                f" nobody kept what was seen {ago} steps before step {part.step[row]}"
                f" of episode {part.episode[row]} (answers of {part.origin.who}); leave"
                " --history away, or learn from whole demonstrations"
            )
        each.append(part.observation[found])
    return np.concatenate([*each, part.observation], axis=1)


def _rows_at(part: Answers, step: Int[np.ndarray, " rows"]) -> Int[np.ndarray, " rows"]:
    """The row of each row's own episode at another step; -1 where there is none."""
    span = int(max(part.step.max(initial=0), step.max(initial=0))) + 1
    place = part.episode.astype(np.int64) * span + part.step
    wanted = part.episode.astype(np.int64) * span + step
    order = np.argsort(place, kind="stable")
    found = np.minimum(np.searchsorted(place[order], wanted), len(order) - 1)
    return np.where(place[order][found] == wanted, order[found], -1)


def held(
    action: Num[np.ndarray, "rows numbers"],
    known: Bool[np.ndarray, "rows numbers"],
    width: int,
) -> Num[np.ndarray, "rows numbers"]:
    """The actions of `width` numbers each until one is not known, which goes on then.

    What somebody did after that is left to the rows in which they began it.
    """
    steps = action.reshape(len(action), -1, width)
    so_far = np.logical_and.accumulate(known[:, ::width], axis=1).sum(axis=1)
    ahead = np.minimum(np.arange(steps.shape[1]), so_far[:, None] - 1)
    return np.take_along_axis(steps, ahead[:, :, None], axis=1).reshape(action.shape)
