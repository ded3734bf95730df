"""What a person is asked, and what they answer.

No JAX is imported here: the page's server starts at once.
"""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from novice.errors import NoviceError

# One or several acceptable actions; these are wrong; keyframes of the steps up to here,
# each held until the next, or with straight lines between them; can't tell; any is
# fine; give it to another; something is broken here.
Verdict = Literal[
    "action", "wrong", "hold", "linear", "unsure", "any", "skip", "report"
]
VERDICTS: tuple[str, ...] = get_args(Verdict)
# The verdicts that name actions, and from which a policy learns.
TELLING = ("action", "wrong", "hold", "linear")
# Those of them that are about several steps.
SEGMENTS = ("hold", "linear")
# How many steps before the moment a keyframe can lie.
LONGEST_SEGMENT = 2_000

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


# An action as somebody told it; None is a number that they do not know.
Told = tuple[int | float | None, ...]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What somebody said about a question, checked at birth.

    `actions` are the acceptable actions of the verdict "action" and the wrong ones of
    "wrong", each as numbers (indices from 0 where they are discrete). A real action may
    be known in part. Those of "hold" and "linear" are keyframes, and `steps` says how
    many steps before the moment each of them lies, the oldest first. `seconds` is how
    long it took, `shown` what was on the screen, `lease` the number of the lease under
    which the question was handed out (0: none).
    """

    uuid: str
    question: int
    who: str
    verdict: str
    actions: tuple[Told, ...] = ()
    steps: tuple[int, ...] = ()
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
        if bool(self.actions) != self.telling:
            raise BadAnswerError(
                f"the verdict {self.verdict!r} came with {len(self.actions)} actions;"
                f" {', '.join(TELLING[:-1])} and {TELLING[-1]} name at least one, the"
                " others none"
            )
        if not (math.isfinite(self.seconds) and 0 <= self.seconds <= LONGEST_LOOK):
            raise BadAnswerError(
                f"an answer took {self.seconds} seconds, but it must be 0 to"
                f" {LONGEST_LOOK:.0f}"
            )
        self._check_numbers()
        self._check_steps()

    def _check_numbers(self) -> None:
        """Numbers are finite, and unknown only where one action is told in part."""
        told = [number for each in self.actions for number in each]
        if not all(number is None or math.isfinite(number) for number in told):
            raise BadAnswerError(f"the actions {self.actions} must be finite numbers")
        if None not in told:
            return
        if self.verdict != "action" or len(self.actions) > 1:
            raise BadAnswerError(
                "a number can be left open only where one action is the answer, not"
                f" in {len(self.actions)} of the verdict {self.verdict!r}"
            )
        if all(number is None for number in told):
            raise BadAnswerError(
                "every number of the action was left open; give at least one, or say"
                " that you can't tell"
            )

    def _check_steps(self) -> None:
        """Keyframes have their places in the steps up to the moment."""
        if not self.segment:
            if self.steps:
                raise BadAnswerError(
                    f"the verdict {self.verdict!r} came with {len(self.steps)} steps;"
                    f" only {' and '.join(SEGMENTS)} are about several"
                )
            return
        if len(self.steps) != len(self.actions) or len(self.steps) < 2:
            raise BadAnswerError(
                f"a segment came with {len(self.actions)} actions at"
                f" {len(self.steps)} steps; it needs two or more, and a step for each"
            )
        falls = all(a > b for a, b in itertools.pairwise(self.steps))
        if not (falls and self.steps[-1] >= 0 and self.steps[0] <= LONGEST_SEGMENT):
            raise BadAnswerError(
                f"the keyframes lie {list(self.steps)!r:.60} steps before the moment,"
                f" but they must come nearer to it, from {LONGEST_SEGMENT} to 0"
            )

    @property
    def telling(self) -> bool:
        """Whether a policy can learn from it."""
        return self.verdict in TELLING

    @property
    def segment(self) -> bool:
        """Whether it is about several steps up to the moment."""
        return self.verdict in SEGMENTS

    def check(self, options: tuple[int, ...], *, width: int) -> None:
        """Raise BadAnswerError unless this can be said about such a task's actions.

        `options` are how many each of an action's `width` numbers has to choose from
        (none where actions are real).
        """
        if not self.telling:
            return
        if not options:
            self.numbers(width)
        elif self.segment:
            self._check_choices(options)
        else:
            self.marks(options)

    def _check_choices(self, options: tuple[int, ...]) -> None:
        if self.verdict == "linear":
            raise BadAnswerError(
                "there is no straight line between actions to choose from; hold each"
                " of them until the next"
            )
        for action in self.actions:
            check_action(action, options)

    def check_reach(self, step: int) -> None:
        """Raise BadAnswerError where a keyframe lies before the episode's beginning.

        The moment is at this `step` of it.
        """
        if self.steps and self.steps[0] > step:
            raise BadAnswerError(
                f"a keyframe lies {self.steps[0]} steps before the moment, but the"
                f" episode began {step} steps before it"
            )

    def marks(self, options: tuple[int, ...]) -> Int[np.ndarray, " marks"]:
        """The acceptable actions as marks: a row of 0 and 1 for each number's options.

        All marks together say nothing. Raises BadAnswerError for actions that the task
        does not have, and for sets that marks cannot say.
        """
        if not self.telling:
            return np.ones(sum(options), np.int8)
        marks = marked(self.actions, options)
        if self.verdict == "wrong":
            return wrong(marks, options)
        starts = np.cumsum([0, *options[:-1]])
        kinds = np.add.reduceat(marks, starts, dtype=np.int64)
        if np.prod(kinds) != len(set(self.actions)):
            raise BadAnswerError(
                f"the actions {self.actions} differ in several numbers at once; one"
                " answer can name one of them, or several that differ in one number"
            )
        return marks

    def numbers(
        self, width: int
    ) -> tuple[Float[np.ndarray, "told actions"], Bool[np.ndarray, "told actions"]]:
        """The real actions of `width` numbers that it tells, and which are known.

        There is one, or one for each keyframe; an unknown number is 0. What tells
        nothing is one action of which nothing is known. Raises BadAnswerError.
        """
        if not self.telling:
            return np.zeros((1, width), np.float32), np.zeros((1, width), bool)
        if self.verdict == "wrong":
            raise BadAnswerError(
                "a real action cannot be called wrong: nobody could tell how far from"
                " it the right one lies; say which action is right"
            )
        if len(self.actions) > 1 and not self.segment:
            raise BadAnswerError(
                f"there are {len(self.actions)} actions, but where they are real"
                " numbers one is the answer: a policy would learn the middle of several"
            )
        for action in self.actions:
            if len(action) != width:
                raise BadAnswerError(
                    f"the action {list(action)!r:.60} is not one of this task, whose"
                    f" actions are {width} numbers"
                )
        known = [[number is not None for number in each] for each in self.actions]
        told = [[number or 0.0 for number in each] for each in self.actions]
        return np.array(told, np.float32), np.array(known, bool)


def marked(
    actions: Sequence[Told], options: tuple[int, ...]
) -> Int[np.ndarray, " marks"]:
    """A mark for each number's option that one of the actions has."""
    marks = np.zeros(sum(options), np.int8)
    starts = np.cumsum([0, *options[:-1]])
    for action in actions:
        check_action(action, options)
        marks[starts + np.asarray(action, np.int64)] = 1
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


def check_action(action: Told, options: tuple[int, ...]) -> None:
    """Raise BadAnswerError unless a task with these options has this action."""
    fits = len(action) == len(options) and all(
        number is not None and number == int(number) and 0 <= number < count
        for number, count in zip(action, options, strict=True)
    )
    if not fits:
        ranges = ", ".join(f"0 to {count - 1}" for count in options)
        raise BadAnswerError(
            f"the action {list(action)} is not one of this task, whose actions are"
            f" {len(options)} whole number{'s' * (len(options) > 1)} from {ranges}"
        )
