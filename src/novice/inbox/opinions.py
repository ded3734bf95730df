"""Gather who judged which moment how, to measure how far people agree."""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from novice.evaluation.agreement import Opinions, Scale
from novice.experts.question import SEGMENTS


class Opinion(NamedTuple):
    """What one person said of one moment; numbers that they left out are NaN."""

    question: int
    who: str
    action: tuple[float, ...]


def opinions_in(connection: sqlite3.Connection, moments: Mapping[int, int]) -> Opinions:
    """The standing answers that name exactly one action, in order of arrival.

    Several acceptable actions and wrong ones leave open which one would be chosen, so
    they are no judgment that could be compared. Of a segment the keyframe at the
    moment itself counts, if there is one.
    """
    told = connection.execute("SELECT content FROM facts WHERE name = 'words'")
    row = told.fetchone()
    scale = scale_of(json.loads(row[0])["action"] if row else None)
    found = standing_opinions(connection)
    names = tuple(sorted({each.who for each in found}))
    places = {name: place for place, name in enumerate(names)}
    width = len(scale.options or scale.half_range)
    action = np.array([each.action for each in found], np.float64)
    return Opinions(
        item=np.array([moments[each.question] for each in found], np.int64),
        who=np.array([places[each.who] for each in found], np.int64),
        action=action.reshape(len(found), -1 if found else width),
        names=names,
        scale=scale,
    )


def standing_opinions(connection: sqlite3.Connection) -> list[Opinion]:
    """Each standing answer that names one action."""
    rows = connection.execute(
        "SELECT a.question, a.who, a.verdict, a.actions FROM standing s"
        " JOIN answers a ON a.id = s.answer"
        f" WHERE s.verdict IN {('action', *SEGMENTS)} ORDER BY a.id"
    )
    return [
        Opinion(question, who, action)
        for question, who, verdict, actions in rows
        if (action := judged(verdict, json.loads(actions))) is not None
    ]


def judged(verdict: str, actions: list[list[Any]]) -> tuple[float, ...] | None:
    """The action that an answer names for its moment, None where it names no single."""
    if verdict in SEGMENTS:
        steps_before, *numbers = actions[-1]
        return None if steps_before else with_gaps(numbers)
    return with_gaps(actions[0]) if len(actions) == 1 else None


def with_gaps(numbers: list[float | None]) -> tuple[float, ...]:
    """The numbers of an action, NaN where one was not given."""
    return tuple(np.nan if number is None else number for number in numbers)


def scale_of(action: Mapping[str, Any] | None) -> Scale:
    """How two actions differ, from the words of a task's page."""
    if action is None:
        return Scale()
    kind = action["kind"]
    if kind == "discrete":
        return Scale(options=(len(action["choices"]),))
    if kind == "several":
        return Scale(options=tuple(action["counts"]))
    if kind == "switches":
        return Scale(options=(2,) * action["count"])
    halves = action.get("half_range") or half_ranges(action["low"], action["high"])
    circular = action.get("circular") or [False] * len(halves)
    return Scale(half_range=tuple(map(float, halves)), circular=tuple(circular))


def half_ranges(low: list[Any], high: list[Any]) -> list[float]:
    """Half of each number's range, 1 where it has no bounds."""
    return [
        1.0 if least is None or most is None else (most - least) / 2
        for least, most in zip(low, high, strict=True)
    ]
