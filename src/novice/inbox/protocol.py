"""Read what the page sends, and word what it is told, without a server."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from novice.errors import NoviceError
from novice.experts.question import (
    LONGEST_LOOK,
    LONGEST_SEGMENT,
    TELLING,
    Answer,
    Question,
    Told,
)

# What one request may hold; the page sends its outbox in parts.
MOST_ANSWERS = 100
MOST_QUESTIONS = 64
MOST_HELD = 256
MOST_HISTORY = 100
MOST_ACTIONS = 64
# The largest integer that SQLite keeps.
LARGEST_ID = 2**63 - 1
# A bound is written as float32, and the page moves in steps: 0.7 may be 0.69999999.
_ROUNDING = 1e-6
# Beyond this nothing can be learned from a number: float32 holds its square still.
_LARGEST = 1e15


class BadRequestError(NoviceError):
    """A request that does not say what it must."""


@dataclass(frozen=True, kw_only=True)
class ActionKind:
    """Which actions a task has, as far as an answer can be checked.

    `kind` is "discrete", "several" (numbers from 0), "switches" (0 or 1) or "real".
    An action is as many numbers as there are bounds; None: there is no bound.
    """

    kind: str
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]

    @property
    def options(self) -> tuple[int, ...]:
        """How many each number has to choose from; none where actions are real."""
        if self.kind == "real":
            return ()
        return tuple(int(most or 0) + 1 for most in self.high)

    def action(self, numbers: Any) -> Told:
        """An action of the task, real ones known in part perhaps; BadRequestError."""
        if not isinstance(numbers, list) or len(numbers) != len(self.low):
            raise BadRequestError(
                f"an action of this task is a list of {len(self.low)} numbers, not"
                f" {_shortly(numbers)}"
            )
        return tuple(map(self._number, numbers, self.low, self.high))

    def _number(
        self, number: Any, low: float | None, high: float | None
    ) -> float | None:
        if number is None and self.kind == "real":
            return None
        least = -_LARGEST if low is None else low
        most = _LARGEST if high is None else high
        slack = 0.0
        if self.kind == "real":
            good = type(number) in (int, float)
            slack = _ROUNDING * max([1.0, *(abs(end) for end in (low, high) if end)])
        else:
            good = type(number) is int
        if not good or not least - slack <= number <= most + slack:
            raise BadRequestError(
                f"an action holds {_shortly(number)}, but here stands"
                f" {'a' if self.kind == 'real' else 'a whole'} number from {least:g} to"
                f" {most:g}"
            )
        return float(min(max(number, least), most))


def action_kind(words: Mapping[str, Any]) -> ActionKind:
    """The actions of a task from the words that its page shows."""
    action = words["action"]
    kind = action["kind"]
    if kind == "discrete":
        counts = [len(action["choices"])]
    elif kind == "several":
        counts = list(action["counts"])
    elif kind == "switches":
        counts = [2] * action["count"]
    else:
        low, high = map(_bounds, (action["low"], action["high"]))
        return ActionKind(kind="real", low=low, high=high)
    low, high = _bounds([0] * len(counts)), _bounds([count - 1 for count in counts])
    return ActionKind(kind=kind, low=low, high=high)


def _bounds(ends: list[Any]) -> tuple[float | None, ...]:
    return tuple(None if end is None else float(end) for end in ends)


@dataclass(frozen=True, kw_only=True)
class LeaseRequest:
    """What a page wants to be asked, goes on holding, and gives back."""

    want: int
    holding: tuple[int, ...]
    release: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class HistoryRequest:
    """Which earlier answers a page wants to see again."""

    before: int | None
    most: int


def parse_lease(body: bytes) -> LeaseRequest:
    """What the page asks for; raises BadRequestError."""
    content = _object(_json(body), "the request")
    return LeaseRequest(
        want=_whole(content.get("want", 0), "want", most=MOST_QUESTIONS),
        holding=_ids(content.get("holding", []), "holding"),
        release=_ids(content.get("release", []), "release"),
    )


def parse_answers(body: bytes, *, who: str, kind: ActionKind) -> list[Answer]:
    """What somebody answered, each checked for this task; raises BadRequestError."""
    content = _object(_json(body), "the request").get("answers")
    if not isinstance(content, list) or not 1 <= len(content) <= MOST_ANSWERS:
        raise BadRequestError(
            f"answers must be a list of 1 to {MOST_ANSWERS}, not {_shortly(content)}"
        )
    return [_answer(_object(each, "an answer"), who, kind) for each in content]


def parse_history(query: Mapping[str, str]) -> HistoryRequest:
    """Which page of the history is wanted; raises BadRequestError."""
    before = query.get("before")
    return HistoryRequest(
        before=None if before is None else parse_id(before, "before"),
        most=min(parse_id(query.get("most", "20"), "most"), MOST_HISTORY),
    )


def parse_object(body: bytes, name: str) -> Mapping[str, Any]:
    """The object that a request holds; raises BadRequestError."""
    return _object(_json(body), name)


def parse_id(text: str, name: str) -> int:
    """A number in an address; raises BadRequestError."""
    if not re.fullmatch("[0-9]{1,19}", text, re.ASCII):
        raise BadRequestError(f"{name} must be a number from 0, not {_shortly(text)}")
    return _whole(int(text), name)


def question_words(question: Question, *, lease: int) -> dict[str, Any]:
    """A question as the page is told it: nothing that came after, nor what was done."""
    return {
        "id": question.id,
        "lease": lease,
        "visit": question.visit,
        "episode": question.episode,
        "step": question.step,
        "observation": [
            float(number) if math.isfinite(number) else None
            for number in question.observation
        ],
    }


def answer_words(id: int, answer: Answer, question: Question) -> dict[str, Any]:
    """An earlier answer as the page is told it."""
    keyframes = {"steps": list(answer.steps)} if answer.segment else {}
    return {
        "answer": id,
        "verdict": answer.verdict,
        "actions": [list(action) for action in answer.actions],
        **keyframes,
        "question": question_words(question, lease=0),
    }


def minutes_left(
    budget: Mapping[str, Any], *, answered: int, seconds: float, a_minute: float
) -> float | None:
    """How long this person would be needed; None where nobody can know."""
    left = []
    if budget.get("labels") is not None and a_minute > 0:
        left.append((budget["labels"] - answered) / a_minute)
    if budget.get("minutes") is not None:
        left.append(budget["minutes"] - seconds / 60)
    return max(0.0, min(left)) if left else None


def _answer(content: Mapping[str, Any], who: str, kind: ActionKind) -> Answer:
    verdict = content.get("verdict")
    actions = content.get("actions", [])
    if not isinstance(actions, list) or len(actions) > MOST_ACTIONS:
        raise BadRequestError(
            f"actions must be a list of at most {MOST_ACTIONS} actions, not"
            f" {_shortly(actions)}"
        )
    answer = Answer(
        uuid=_text(content.get("uuid"), "uuid"),
        question=_whole(content.get("question"), "question"),
        who=who,
        verdict=_text(verdict, "verdict"),
        # What a page names beside a verdict that names none is Answer's to refuse.
        actions=tuple(kind.action(each) for each in actions)
        if verdict in TELLING
        else tuple(() for _ in actions),
        steps=_steps(content.get("steps", [])),
        seconds=_seconds(content.get("seconds", 0.0)),
        shown=_shown(content.get("shown", {})),
        lease=_whole(content.get("lease", 0), "lease"),
    )
    answer.check(kind.options, width=len(kind.low))
    return answer


def _steps(value: Any) -> tuple[int, ...]:
    """How many steps before the moment each keyframe lies."""
    if not isinstance(value, list) or len(value) > MOST_ACTIONS:
        raise BadRequestError(
            f"steps must be a list of at most {MOST_ACTIONS} numbers, not"
            f" {_shortly(value)}"
        )
    return tuple(_whole(each, "each of steps", most=LONGEST_SEGMENT) for each in value)


def _seconds(value: Any) -> float:
    """Seconds of looking; who went to lunch and came back must not lose the answer."""
    if type(value) not in (int, float) or not 0 <= value < math.inf:
        raise BadRequestError(f"seconds must be a number from 0, not {_shortly(value)}")
    return min(float(min(value, 1e9)), LONGEST_LOOK)


def _shown(value: Any) -> dict[str, Any]:
    """What was on the screen: a few short facts."""
    content = _object(value, "shown")
    for name, fact in content.items():
        named = len(content) <= 16 and re.fullmatch("[a-z_]{1,32}", name)
        small = (
            fact is None
            or type(fact) is bool
            or (type(fact) in (int, float) and abs(fact) <= 1e9)
            or (isinstance(fact, str) and len(fact) <= 64 and fact.isprintable())
        )
        if not (named and small):
            raise BadRequestError(
                "shown holds at most 16 short facts with names of a to z and _, not"
                f" {_shortly({name: fact})}"
            )
    return dict(content)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except RecursionError:
        raise BadRequestError(
            "the request is not JSON: it is nested too deep"
        ) from None
    except ValueError as error:
        raise BadRequestError(f"the request is not JSON ({error})"[:200]) from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadRequestError(f"{name} must be an object, not {_shortly(value)}")
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadRequestError(f"{name} must be a text, not {_shortly(value)}")
    return value


def _whole(value: Any, name: str, *, most: int = LARGEST_ID) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise BadRequestError(
            f"{name} must be a whole number from 0 to {most}, not {_shortly(value)}"
        )
    return value


def _ids(value: Any, name: str) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > MOST_HELD:
        raise BadRequestError(
            f"{name} must be a list of at most {MOST_HELD} numbers, not"
            f" {_shortly(value)}"
        )
    return tuple(_whole(each, f"each of {name}") for each in value)


def _shortly(value: Any) -> str:
    """A value in few characters, all of which can be printed and sent."""
    try:
        return ascii(value)[:60]
    except (RecursionError, ValueError):
        return f"something of type {type(value).__name__}"
