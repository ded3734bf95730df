"""Turn what people answered into rows that a policy can learn from."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from novice.datasets.dataset import Answers, Dataset, Origin
from novice.experts.question import Answer, Question
from novice.inbox.store import KeptAnswer

# Whose answer to which question; a later one replaces an earlier one.
Place = tuple[str, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Harvest:
    """What came in since the last round, as it stands.

    `last` is the newest answer's number, `seconds` the people's time, and `corrected`
    says for each telling answer whether the policy had done something else.
    """

    last: int
    parts: tuple[Answers, ...]
    labels: int
    seconds: float
    corrected: Bool[np.ndarray, " labels"]


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


def harvest(
    kept: Sequence[KeptAnswer],
    question: Callable[[int], Question],
    options: tuple[int, ...],
    *,
    known: Collection[Place],
    round: int,
) -> Harvest:
    """The rows of one round, a part for each person, in the order of their names.

    What tells nothing ("can't tell", "any is fine") becomes a row only where it takes
    an answer back that is `known` to the dataset.
    """
    standing: dict[Place, Answer] = {}
    for each in kept:
        answer = each.answer
        standing.pop((answer.who, answer.question), None)
        standing[answer.who, answer.question] = answer
    rows = {
        place: answer
        for place, answer in standing.items()
        if answer.telling or place in known
    }
    telling = [answer for answer in rows.values() if answer.telling]
    corrected = [
        not accepts(answer.marks(options), question(answer.question).action, options)
        for answer in telling
    ]
    people = sorted({who for who, _ in rows})
    return Harvest(
        last=kept[-1].id,
        parts=tuple(
            part_of(
                [answer for answer in rows.values() if answer.who == who],
                question,
                options,
                Origin(round, "correction", who),
            )
            for who in people
        ),
        labels=len(telling),
        seconds=float(sum(each.answer.seconds for each in kept)),
        corrected=np.array(corrected, bool),
    )


def part_of(
    answers: Sequence[Answer],
    question: Callable[[int], Question],
    options: tuple[int, ...],
    origin: Origin,
) -> Answers:
    """The answers of one person as rows."""
    asked = [question(answer.question) for answer in answers]
    marks = np.stack([answer.marks(options) for answer in answers])
    return Answers(
        observation=np.stack([each.observation for each in asked]),
        action=first_marked(marks, options),
        episode=np.array([each.episode for each in asked], np.int32),
        step=np.array([each.step for each in asked], np.int32),
        origin=origin,
        marks=marks,
        question=np.array([each.id for each in asked], np.int64),
    )


def first_marked(
    marks: Int[np.ndarray, "rows marks"], options: tuple[int, ...]
) -> Int[np.ndarray, "rows actions"]:
    """The first acceptable option of each number."""
    each = np.split(marks, np.cumsum(options)[:-1], axis=1)
    return np.stack([choice.argmax(axis=1) for choice in each], axis=1).astype(np.int32)


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
) -> dict[str, dict[str, int | float]]:
    """Answers given after a look at what each action leads to, beside the others.

    For both: how many tell something, the share that corrected the policy, and the mean
    seconds. Empty where nobody looked.
    """
    told: dict[str, list[tuple[bool, float]]] = {"looked": [], "not_looked": []}
    for each in kept:
        if each.answer.telling:
            asked = question(each.answer.question)
            corrected = not accepts(each.answer.marks(options), asked.action, options)
            side = "looked" if each.answer.shown.get("consequences") else "not_looked"
            told[side].append((corrected, each.answer.seconds))
    if not told["looked"]:
        return {}
    return {
        side: {
            "answers": len(answers),
            "corrected": float(np.mean([corrected for corrected, _ in answers])),
            "seconds": float(np.mean([seconds for _, seconds in answers])),
        }
        for side, answers in told.items()
        if answers
    }
