"""Estimate from people's blind answers how often a policy was wrong."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Num

from novice.algorithms.asking import most_apart
from novice.envs.task import Task
from novice.evaluation.audit import audited
from novice.experts.question import Answer, Question
from novice.inbox.collect import rows_of
from novice.inbox.store import Inbox

# What the policy chose at a question's moment.
Done = Callable[[Question], Num[np.ndarray, " actions"]]


class Slice(NamedTuple):
    """The reserved questions of a visit, and what people have said to them."""

    visit: int
    asked: list[Question]
    said: dict[int, dict[str, Answer]]


def newest_audit(
    inbox: Inbox, task: Task, *, since: int, until: int, done: Done
) -> dict[str, Any]:
    """What the newest visit tells whose slice was completed between two answers.

    Nothing where none was. Only when every question of a slice has been answered are
    those with an answer a fair choice: the others may be the hard ones. Who can't tell,
    or skips, has said so, and counts among neither the right nor the wrong.
    """
    before = {each.visit for each in complete_slices(inbox, until=since)}
    after = complete_slices(inbox, until=until)
    new = [each for each in after if each.visit not in before]
    told = [(each, distances(each, task, done)) for each in new]
    known = [(each, apart) for each, apart in told if apart]
    if not known:
        return {}
    newest, apart = known[-1]
    chances = inbox.reserved()
    asked = {question.id: question for question in newest.asked}
    value = np.array(list(apart.values()))
    found = audited(
        value,
        np.array([asked[number].episode for number in apart]),
        np.array([chances[number] for number in apart]),
        most=most_apart(task, value),
    )
    return {"visit": newest.visit, "audit": found.as_json()}


def complete_slices(inbox: Inbox, *, until: int) -> list[Slice]:
    """The slices of which somebody had said something to every question by then."""
    said: dict[int, dict[str, Answer]] = {}
    for kept in inbox.answers_after(0):
        if kept.id <= until:
            said.setdefault(kept.answer.question, {})[kept.answer.who] = kept.answer
    slices: dict[int, Slice] = {}
    for number in inbox.reserved():
        question = inbox.question(number)
        found = slices.setdefault(question.visit, Slice(question.visit, [], said))
        found.asked.append(question)
    return [
        slices[visit]
        for visit in sorted(slices)
        if all(question.id in said for question in slices[visit].asked)
    ]


def distances(slice: Slice, task: Task, done: Done) -> dict[int, float]:
    """How far the policy was from people's answers, by question.

    Several people's answers to one question count together as one.
    """
    found = {}
    for question in slice.asked:
        each = [
            distance(answer, question, task, task.clip(done(question)))
            for answer in slice.said[question.id].values()
            if answer.telling
        ]
        known = [apart for apart in each if apart is not None]
        if known:
            found[question.id] = float(np.mean(known))
    return found


def distance(
    answer: Answer, question: Question, task: Task, did: Num[np.ndarray, " actions"]
) -> float | None:
    """The share of choices that are not acceptable, or the distance in half-ranges.

    None where the answer is about other steps than the moment.
    """
    options = task.head.options
    now = [row for row in rows_of(answer, question, options) if row.before == 0]
    if not now:
        return None
    told, known = now[0].told, now[0].known
    if options:
        starts = np.cumsum([0, *options[:-1]])
        return float(1 - told[starts + did.astype(np.int64)].mean())
    apart = np.abs(task.clip(told) - did) / task.half_range
    return float(apart[known].mean())
