"""Turn what people answered into rows that a policy can learn from."""

import dataclasses
import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from novice.datasets.dataset import INTERPOLATED, Answers, Dataset, Origin
from novice.experts.question import Answer, Question, marked
from novice.inbox.store import KeptAnswer

# Whose answer to which question; a later one replaces an earlier one.
Place = tuple[str, int]
# What was seen so many steps before a question's moment.
Observed = Callable[[Question, int], Float[np.ndarray, " obs"]]

# A real number is another than the policy's where it is further from it than this, in
# half-ranges: a tenth of the whole range.
ANOTHER = 0.2


@dataclass(frozen=True, kw_only=True, eq=False)
class Harvest:
    """What came in since the last round, as it stands.

    `last` is the newest answer's number, `labels` counts the rows that somebody gave,
    `seconds` is the people's time, and `corrected` says for each telling answer about
    the moment itself whether the policy had done something else.
    """

    last: int
    parts: tuple[Answers, ...]
    labels: int
    seconds: float
    corrected: Bool[np.ndarray, " judged"]


class Row(NamedTuple):
    """What somebody said about one step, or what follows from it.

    `told` are marks where actions are to choose from; else it is a real action, and
    `known` says which of its numbers somebody gave.
    """

    question: Question
    before: int  # steps before the question's moment
    told: Num[np.ndarray, " told"]
    known: Bool[np.ndarray, " actions"]


def places_of(dataset: Dataset) -> set[Place]:
    """Whose answers to which questions a dataset holds."""
    return {
        (part.origin.who, int(question))
        for part in dataset.parts
        if part.question is not None
        for question in part.question
    }


def harvest_nothing(last: int) -> Harvest:
    """Nothing has come in since answer number `last`."""
    return Harvest(
        last=last, parts=(), labels=0, seconds=0.0, corrected=np.zeros(0, bool)
    )


def nothing_before(question: Question, before: int) -> Float[np.ndarray, " obs"]:
    """Nobody knows what was seen before a moment."""
    raise LookupError(f"what was seen before question {question.id} is not at hand")


def harvest(
    kept: Sequence[KeptAnswer],
    question: Callable[[int], Question],
    options: tuple[int, ...],
    *,
    known: Collection[Place],
    round: int,
    half_range: Float[np.ndarray, " actions"] | float = 1.0,
    observed: Observed = nothing_before,
    past: int = 0,
    chances: Mapping[int, float] | None = None,
) -> Harvest:
    """The rows of one round, in the order of the people's names.

    Each has a part with what they said, and another with what lies between their
    keyframes, if they gave some. What tells nothing ("can't tell", "any is fine")
    becomes a row only where it takes an answer back that is `known` to the dataset.
    Real actions have no `options`, but a `half_range` (1 without bounds). With each row
    the `past` observations before it are kept, and with which of the `chances` its
    question was drawn, where chance alone did so.
    """
    said = [
        (answer, rows_of(answer, question(answer.question), options))
        for answer in standing_answers(kept, known)
    ]
    telling = [own for answer, own in said if answer.telling]
    judged = [corrected(own, options, half_range) for own in telling]
    parts: list[Answers] = []
    for who in sorted({answer.who for answer, _ in said}):
        theirs = [each for each in said if each[0].who == who]
        own = [row for _, rows in theirs for row in rows]
        between = [row for each in theirs for row in filled_in(*each)]
        for source, rows in (("correction", own), (INTERPOLATED, between)):
            if rows:
                origin = Origin(round, source, who)
                part = part_of(rows, options, origin, observed, past)
                parts.append(with_chances(part, rows, chances or {}))
    return Harvest(
        last=kept[-1].id,
        parts=tuple(parts),
        labels=sum(map(len, telling)),
        seconds=float(sum(each.answer.seconds for each in kept)),
        corrected=np.array([each for each in judged if each is not None], bool),
    )


def standing_answers(
    kept: Sequence[KeptAnswer], known: Collection[Place]
) -> list[Answer]:
    """The last answer of each person to each question, where it makes a difference."""
    standing: dict[Place, Answer] = {}
    for each in kept:
        answer = each.answer
        standing.pop((answer.who, answer.question), None)
        standing[answer.who, answer.question] = answer
    return [
        answer for place, answer in standing.items() if answer.telling or place in known
    ]


def rows_of(answer: Answer, asked: Question, options: tuple[int, ...]) -> list[Row]:
    """What an answer says, a row for each step that it is about.

    Keyframes before the episode's beginning are about nothing that was seen.
    """
    if not options:
        told, known = answer.numbers(len(asked.action))
    elif answer.segment:
        told = np.stack([marked([action], options) for action in answer.actions])
        known = np.ones((len(told), len(options)), bool)
    else:
        told, known = answer.marks(options)[None], np.ones((1, len(options)), bool)
    places = zip(answer.steps or (0,), told, known, strict=True)
    return [Row(asked, *place) for place in places if place[0] <= asked.step]


def filled_in(answer: Answer, own: Sequence[Row]) -> list[Row]:
    """What follows for the steps between keyframes: held, or along a straight line."""
    rows = []
    for earlier, later in itertools.pairwise(own):
        steps = earlier.before - later.before
        for step in range(1, steps):
            told = earlier.told
            if answer.verdict == "linear":
                share = step / steps
                told = ((1 - share) * earlier.told + share * later.told).astype(
                    earlier.told.dtype
                )
            rows.append(earlier._replace(before=earlier.before - step, told=told))
    return rows


def part_of(
    rows: Sequence[Row],
    options: tuple[int, ...],
    origin: Origin,
    observed: Observed,
    past: int,
) -> Answers:
    """What one person said, or what follows from it, as rows of a dataset."""
    told = np.stack([row.told for row in rows])
    known = np.stack([row.known for row in rows])
    return Answers(
        observation=np.stack([seen_at(row, observed) for row in rows]),
        action=first_marked(told, options) if options else told,
        episode=np.array([row.question.episode for row in rows], np.int32),
        step=np.array([row.question.step - row.before for row in rows], np.int32),
        origin=origin,
        marks=told if options else None,
        question=np.array([row.question.id for row in rows], np.int64),
        known=None if options or known.all() else known,
        before=np.stack([seen_before(row, observed, past) for row in rows])
        if past
        else None,
    )


def with_chances(
    part: Answers, rows: Sequence[Row], chances: Mapping[int, float]
) -> Answers:
    """The rows, each about a moment that chance alone chose with its probability."""
    each = [0.0 if row.before else chances.get(row.question.id, 0.0) for row in rows]
    if part.origin.source == INTERPOLATED or not any(each):
        return part
    return dataclasses.replace(part, chance=np.array(each, np.float32))


def seen_at(row: Row, observed: Observed) -> Float[np.ndarray, " obs"]:
    """What was seen at the step that a row is about."""
    if not row.before:
        return row.question.observation
    return observed(row.question, row.before)


def seen_before(
    row: Row, observed: Observed, past: int
) -> Float[np.ndarray, "past obs"]:
    """What was seen in the steps before the one that a row is about, oldest first."""
    ago = [min(row.before + back, row.question.step) for back in range(past, 0, -1)]
    return np.stack([seen_at(row._replace(before=steps), observed) for steps in ago])


def first_marked(
    marks: Int[np.ndarray, "rows marks"], options: tuple[int, ...]
) -> Int[np.ndarray, "rows actions"]:
    """The first acceptable option of each number."""
    each = np.split(marks, np.cumsum(options)[:-1], axis=1)
    return np.stack([choice.argmax(axis=1) for choice in each], axis=1).astype(np.int32)


def corrected(
    own: Sequence[Row],
    options: tuple[int, ...],
    half_range: Float[np.ndarray, " actions"] | float,
) -> bool | None:
    """Whether an answer says something else than what the policy did.

    None where it says nothing about the moment itself, but about steps before it.
    """
    now = next((row for row in own if row.before == 0), None)
    if now is None:
        return None
    did = now.question.action
    if options:
        return not accepts(now.told, did, options)
    apart = np.abs(now.told - did) > ANOTHER * half_range
    return bool(apart[now.known].any())


def accepts(
    marks: Int[np.ndarray, " marks"],
    action: Int[np.ndarray, " actions"],
    options: tuple[int, ...],
) -> bool:
    """Whether an action is among the marked ones."""
    starts = np.cumsum([0, *options[:-1]])
    return bool(marks[starts + np.asarray(action, np.int64)].all())


def looked_ahead(
    kept: Sequence[KeptAnswer],
    question: Callable[[int], Question],
    options: tuple[int, ...],
    *,
    half_range: Float[np.ndarray, " actions"] | float = 1.0,
) -> dict[str, dict[str, int | float]]:
    """Answers given after a look at what each action leads to, beside the others.

    For both: how many tell something about the moment, the share that corrected the
    policy, and the mean seconds. Empty where nobody looked.
    """
    told: dict[str, list[tuple[bool, float]]] = {"looked": [], "not_looked": []}
    for each in kept:
        if not each.answer.telling:
            continue
        own = rows_of(each.answer, question(each.answer.question), options)
        judged = corrected(own, options, half_range)
        if judged is not None:
            side = "looked" if each.answer.shown.get("consequences") else "not_looked"
            told[side].append((judged, each.answer.seconds))
    if not told["looked"]:
        return {}
    return {
        side: {
            "answers": len(answers),
            "corrected": float(np.mean([judged for judged, _ in answers])),
            "seconds": float(np.mean([seconds for _, seconds in answers])),
        }
        for side, answers in told.items()
        if answers
    }
