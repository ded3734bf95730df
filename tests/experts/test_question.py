"""What a person says is checked at birth, and becomes marks to learn from."""

from typing import Any

import numpy as np
import pytest

from novice.experts.question import Answer, BadAnswerError

UUID = "0123456789abcdef" * 2


def answer(verdict: str, *actions: tuple[float, ...], **more: Any) -> Answer:
    return Answer(
        **{
            "uuid": UUID,
            "question": 3,
            "who": "Ada",
            "verdict": verdict,
            "actions": tuple(tuple(map(float, each)) for each in actions),
            **more,
        }
    )


def refusal(verdict: str, *actions: tuple[float, ...], **more: Any) -> str:
    with pytest.raises(BadAnswerError) as refused:
        answer(verdict, *actions, **more)
    return str(refused.value)


@pytest.mark.parametrize(
    "uuid", ["", "abc", UUID.upper(), UUID + "0", UUID + "\n", "g" * 32]
)
def test_an_answer_has_a_number_of_its_own(uuid):
    assert refusal("skip", uuid=uuid) == (
        f"an answer's uuid is {uuid!r}, but it must be 32 hex digits"
    )


def test_what_is_wrong_with_an_answer_is_told_in_a_short_line():
    assert len(refusal("skip", uuid="x" * 10_000)) < 120
    assert len(refusal("x" * 10_000)) < 150


def test_there_are_six_verdicts():
    assert refusal("maybe") == (
        "the verdict is 'maybe', but it is one of action, wrong, unsure, any, skip,"
        " report"
    )


@pytest.mark.parametrize(
    ("verdict", "actions"),
    [
        ("action", 0),
        ("wrong", 0),
        ("unsure", 1),
        ("any", 1),
        ("skip", 2),
        ("report", 1),
    ],
)
def test_only_verdicts_about_actions_name_actions(verdict, actions):
    assert refusal(verdict, *[(float(i),) for i in range(actions)]) == (
        f"the verdict {verdict!r} came with {actions} actions; action and wrong name at"
        " least one, the others none"
    )


@pytest.mark.parametrize("seconds", [-0.1, 3600.1, float("nan"), float("inf")])
def test_nobody_looks_for_less_than_no_time_or_for_longer_than_an_hour(seconds):
    assert refusal("skip", seconds=seconds) == (
        f"an answer took {seconds} seconds, but it must be 0 to 3600"
    )


@pytest.mark.parametrize("number", [float("nan"), float("-inf")])
def test_an_action_is_finite(number):
    assert refusal("action", (0.0, number)) == (
        f"the actions ((0.0, {number}),) must be finite numbers"
    )


@pytest.mark.parametrize(
    ("verdict", "actions", "telling"),
    [
        ("action", [(1,)], True),
        ("wrong", [(1,)], True),
        ("unsure", [], False),
        ("any", [], False),
        ("skip", [], False),
        ("report", [], False),
    ],
)
def test_a_policy_learns_from_actions_alone(verdict, actions, telling):
    given = answer(verdict, *actions)

    assert given.telling == telling
    assert given.marks((2,)).all() == (not telling)


MARKS = {
    "one action": ("action", [(1,)], (3,), [0, 1, 0]),
    "two that are as good": ("action", [(2,), (0,)], (3,), [1, 0, 1]),
    "the same one twice": ("action", [(1,), (1,)], (3,), [0, 1, 0]),
    "one that is wrong": ("wrong", [(1,)], (3,), [1, 0, 1]),
    "two that are wrong": ("wrong", [(1,), (0,)], (3,), [0, 0, 1]),
    "nothing told": ("unsure", [], (2, 3), [1, 1, 1, 1, 1]),
    "one action of two numbers": ("action", [(1, 2)], (2, 3), [0, 1, 0, 0, 1]),
    "two that differ in one number": (
        *("action", [(1, 2), (1, 0)], (2, 3), [0, 1, 1, 0, 1]),
    ),
    "each of two with each of two": (
        *("action", [(0, 1), (0, 2), (1, 1), (1, 2)], (2, 3), [1, 1, 0, 1, 1]),
    ),
    "one of three numbers": ("action", [(1, 0, 1)], (2, 2, 2), [0, 1, 1, 0, 0, 1]),
}


@pytest.mark.parametrize(
    ("verdict", "actions", "options", "expected"), MARKS.values(), ids=MARKS
)
def test_the_marks_of_an_answer_by_hand(verdict, actions, options, expected):
    marks = answer(verdict, *actions).marks(options)

    assert marks.tolist() == expected
    assert marks.dtype == np.int8


BAD_MARKS = {
    "there is no such action": (
        *("action", [(3.0,)], (3,)),
        "the action [3.0] is not one of this task, whose actions are 1 whole number"
        " from 0 to 2",
    ),
    "actions are counted from 0": (
        *("wrong", [(-1.0,)], (3,)),
        "the action [-1.0] is not one of this task, whose actions are 1 whole number"
        " from 0 to 2",
    ),
    "actions are counted in ones": (
        *("action", [(0.5,)], (3,)),
        "the action [0.5] is not one of this task, whose actions are 1 whole number"
        " from 0 to 2",
    ),
    "the second of two is none": (
        *("action", [(0.0,), (7.0,)], (3,)),
        "the action [7.0] is not one of this task, whose actions are 1 whole number"
        " from 0 to 2",
    ),
    "a number is missing": (
        *("action", [(0.0,)], (2, 3)),
        "the action [0.0] is not one of this task, whose actions are 2 whole numbers"
        " from 0 to 1, 0 to 2",
    ),
    "both numbers differ at once": (
        *("action", [(0, 1), (1, 2)], (2, 3)),
        "the actions ((0.0, 1.0), (1.0, 2.0)) differ in several numbers at once; one"
        " answer can name one of them, or several that differ in one number",
    ),
    "three of the four pairs": (
        *("action", [(0, 1), (0, 2), (1, 1)], (2, 3)),
        "the actions ((0.0, 1.0), (0.0, 2.0), (1.0, 1.0)) differ in several numbers at"
        " once; one answer can name one of them, or several that differ in one number",
    ),
    "a wrong pair": (
        *("wrong", [(0, 1)], (2, 3)),
        "an action of several numbers cannot be called wrong: nobody could tell which"
        " of its numbers is; say which action is right",
    ),
    "everything is wrong": (
        *("wrong", [(0,), (1,), (2,)], (3,)),
        "not every action can be wrong; say that you can't tell",
    ),
}


@pytest.mark.parametrize(
    ("verdict", "actions", "options", "sentence"), BAD_MARKS.values(), ids=BAD_MARKS
)
def test_what_marks_cannot_say_is_refused(verdict, actions, options, sentence):
    given = answer(verdict, *actions)

    with pytest.raises(BadAnswerError) as refused:
        given.marks(options)

    assert str(refused.value) == sentence
