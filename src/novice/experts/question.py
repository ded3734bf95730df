"""What a person is asked, and what they answer.

No JAX is imported here: the page's server starts at once.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float, Int, Num

from novice.errors import NoviceError

# One or several acceptable actions; these are wrong; can't tell; any is fine; give it
# to another; something is broken here.
Verdict = Literal["action", "wrong", "unsure", "any", "skip", "report"]
VERDICTS: tuple[str, ...] = get_args(Verdict)
# The verdicts that name actions, and from which a policy learns.
TELLING = ("action", "wrong")

# How long a person can look at one moment, in seconds; longer was a pause.
LONGEST_LOOK = 3600.0


class BadAnswerError(NoviceError):
    """An answer that cannot be one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """A visited state that somebody is asked about.

    `visit` counts the turns of acting: the policy of round `visit` - 1 went there.
    `episode` is the episode's number in the inbox, and `action` what was done there.
    """

    id: int
    visit: int
    episode: int
    step: int
    observation: Float[np.ndarray, " obs"] = field(repr=False)
    action: Num[np.ndarray, " actions"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What somebody said about a question, checked at birth.

    `actions` are the acceptable actions of the verdict "action" and the wrong ones of
    "wrong", each as numbers (indices from 0 where they are discrete). `seconds` is how
    long it took, `shown` what was on the screen, `lease` the number of the lease under
    which the question was handed out (0: none).
    """

    uuid: str
    question: int
    who: str
    verdict: str
    actions: tuple[tuple[int | float, ...], ...] = ()
    seconds: float = 0.0
    shown: Mapping[str, Any] = field(default_factory=dict)
    lease: int = 0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{32}", self.uuid):
            raise BadAnswerError(
                f"an answer's uuid is {self.uuid!r:.60}, but it must be 32 hex digits"
            )
        if self.verdict not in VERDICTS:
            raise BadAnswerError(
                f"the verdict is {self.verdict!r:.60}, but it is one of"
                f" {', '.join(VERDICTS)}"
            )
        if bool(self.actions) != (self.verdict in TELLING):
            raise BadAnswerError(
                f"the verdict {self.verdict!r} came with {len(self.actions)} actions;"
                f" {' and '.join(TELLING)} name at least one, the others none"
            )
        if not (math.isfinite(self.seconds) and 0 <= self.seconds <= LONGEST_LOOK):
            raise BadAnswerError(
                f"an answer took {self.seconds} seconds, but it must be 0 to"
                f" {LONGEST_LOOK:.0f}"
            )
        if not all(math.isfinite(number) for each in self.actions for number in each):
            raise BadAnswerError(f"the actions {self.actions} must be finite numbers")

    @property
    def telling(self) -> bool:
        """Whether a policy can learn from it."""
        return self.verdict in TELLING

    def marks(self, options: tuple[int, ...]) -> Int[np.ndarray, " marks"]:
        """The acceptable actions as marks: a row of 0 and 1 for each number's options.

        All marks together say nothing. Raises BadAnswerError for actions that the task
        does not have, and for sets that marks cannot say.
        """
        marks = np.zeros(sum(options), np.int8)
        if not self.telling:
            return marks + np.int8(1)
        starts = np.cumsum([0, *options[:-1]])
        for action in self.actions:
            check_action(action, options)
            marks[starts + np.asarray(action, np.int64)] = 1
        if self.verdict == "wrong":
            return wrong(marks, options)
        kinds = np.add.reduceat(marks, starts, dtype=np.int64)
        if np.prod(kinds) != len(set(self.actions)):
            raise BadAnswerError(
                f"the actions {self.actions} differ in several numbers at once; one"
                " answer can name one of them, or several that differ in one number"
            )
        return marks


def wrong(
    marks: Int[np.ndarray, " marks"], options: tuple[int, ...]
) -> Int[np.ndarray, " marks"]:
    """Every action but the marked ones."""
    if len(options) > 1:
        raise BadAnswerError(
            "an action of several numbers cannot be called wrong: nobody could tell"
            " which of its numbers is; say which action is right"
        )
    if marks.all():
        raise BadAnswerError("not every action can be wrong; say that you can't tell")
    return np.int8(1) - marks


def check_action(action: tuple[int | float, ...], options: tuple[int, ...]) -> None:
    """Raise BadAnswerError unless a task with these options has this action."""
    fits = len(action) == len(options) and all(
        number == int(number) and 0 <= number < count
        for number, count in zip(action, options, strict=True)
    )
    if not fits:
        ranges = ", ".join(f"0 to {count - 1}" for count in options)
        raise BadAnswerError(
            f"the action {list(action)} is not one of this task, whose actions are"
            f" {len(options)} whole number{'s' * (len(options) > 1)} from {ranges}"
        )
