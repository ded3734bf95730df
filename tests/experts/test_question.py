"""What a person says is checked at birth, and becomes marks to learn from."""

from typing import Any

import numpy as np
import pytest

from novice.experts.question import Answer, BadAnswerError

UUID = "0123456789abcdef" * 2


def answer(verdict: str, *actions: tuple[float | None, ...], **more: Any) -> Answer:
    return Answer(
        **{
            "uuid": UUID,
            "question": 3,
            "who": "Ada",
            "verdict": verdict,
            "actions": tuple(
                tuple(None if number is None else float(number) for number in each)
                for each in actions
            ),
            **more,
        }
    )


def refusal(verdict: str, *actions: tuple[float | None, ...], **more: Any) -> str:
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


def test_there_are_eight_verdicts():
    assert refusal("maybe") == (
        "the verdict is 'maybe', but it is one of action, wrong, hold, linear, unsure,"
        " any, skip, report"
    )


@pytest.mark.parametrize(
    ("verdict", "actions"),
    [
        ("action", 0),
        ("wrong", 0),
        ("hold", 0),
        ("linear", 0),
        ("unsure", 1),
        ("any", 1),
        ("skip", 2),
        ("report", 1),
    ],
)
def test_only_verdicts_about_actions_name_actions(verdict, actions):
    assert refusal(verdict, *[(float(i),) for i in range(actions)]) == (
        f"the verdict {verdict!r} came with {actions} actions; action, wrong, hold and"
        " linear name at least one, the others none"
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


def test_a_real_action_may_be_known_in_part():
    given = answer("action", (0.5, None, -2.0))

    told, known = given.numbers(3)

    assert (told.tolist(), known.tolist()) == ([[0.5, 0, -2]], [[True, False, True]])
    assert told.dtype == np.float32


@pytest.mark.parametrize("verdict", ["unsure", "any", "skip", "report"])
def test_of_a_real_action_nothing_is_known_where_nothing_is_told(verdict):
    told, known = answer(verdict).numbers(2)

    assert (told.tolist(), known.tolist()) == ([[0, 0]], [[False, False]])


def test_an_action_of_which_nothing_is_known_is_none():
    assert refusal("action", (None, None)) == (
        "every number of the action was left open; give at least one, or say that you"
        " can't tell"
    )


@pytest.mark.parametrize(
    ("verdict", "actions", "steps"),
    [
        ("wrong", [(None, 1)], ()),
        ("action", [(0, 1), (None, 1)], ()),
        ("linear", [(0, 1), (None, 1)], (4, 0)),
        ("hold", [(0, 1), (None, 1)], (4, 0)),
    ],
)
def test_only_a_single_answer_may_leave_a_number_open(verdict, actions, steps):
    assert refusal(verdict, *actions, steps=steps) == (
        "a number can be left open only where one action is the answer, not in"
        f" {len(actions)} of the verdict {verdict!r}"
    )


@pytest.mark.parametrize("verdict", ["hold", "linear"])
def test_a_segment_has_keyframes_up_to_the_moment(verdict):
    given = answer(verdict, (0.5,), (-0.5,), (1,), steps=(2_000, 8, 0))

    told, known = given.numbers(1)

    assert given.telling and given.segment
    assert (told.tolist(), known.all()) == ([[0.5], [-0.5], [1]], True)


BAD_STEPS = {
    "no steps": ([0, 1], (), "a segment came with 2 actions at 0 steps"),
    "too few steps": ([0, 1], (3,), "a segment came with 2 actions at 1 steps"),
    "too many steps": ([0], (3, 1), "a segment came with 1 actions at 2 steps"),
    "one keyframe": ([0], (3,), "a segment came with 1 actions at 1 steps"),
    "the same step twice": ([0, 1], (3, 3), "the keyframes lie [3, 3] steps before"),
    "backwards": ([0, 1], (0, 3), "the keyframes lie [0, 3] steps before the moment"),
    "after the moment": ([0, 1], (3, -1), "the keyframes lie [3, -1] steps before"),
    "too long ago": ([0, 1], (2_001, 0), "the keyframes lie [2001, 0] steps before"),
}


@pytest.mark.parametrize(
    ("actions", "steps", "sentence"), BAD_STEPS.values(), ids=BAD_STEPS
)
def test_keyframes_come_nearer_to_the_moment(actions, steps, sentence):
    told = refusal("linear", *[(number,) for number in actions], steps=steps)

    assert told.startswith(sentence)


@pytest.mark.parametrize("verdict", ["action", "wrong", "unsure"])
def test_only_a_segment_has_steps(verdict):
    actions = [] if verdict == "unsure" else [(0,), (1,)]

    assert refusal(verdict, *actions, steps=(3, 0)) == (
        f"the verdict {verdict!r} came with 2 steps; only hold and linear are about"
        " several"
    )


def test_no_keyframe_lies_before_the_beginning():
    given = answer("hold", (0,), (1,), steps=(8, 0))

    given.check_reach(8)
    with pytest.raises(BadAnswerError) as refused:
        given.check_reach(7)

    assert str(refused.value) == (
        "a keyframe lies 8 steps before the moment, but the episode began 7 steps"
        " before it"
    )


SAID = {
    "nothing": ("unsure", [], {}, (3,)),
    "one of three": ("action", [(2,)], {}, (3,)),
    "held choices": ("hold", [(2,), (0,)], {"steps": (4, 0)}, (3,)),
    "a real action": ("action", [(0.1, 7)], {}, ()),
    "a part of it": ("action", [(None, 7)], {}, ()),
    "held real ones": ("hold", [(0.1, 7), (0, 0)], {"steps": (4, 1)}, ()),
    "a straight line": ("linear", [(0.1, 7), (0, 0)], {"steps": (4, 1)}, ()),
}


@pytest.mark.parametrize(
    ("verdict", "actions", "more", "options"), SAID.values(), ids=SAID
)
def test_what_can_be_said_about_a_tasks_actions(verdict, actions, more, options):
    answer(verdict, *actions, **more).check(options, width=len(options) or 2)


NEVER_SAID = {
    "a line between choices": (
        *("linear", [(2,), (0,)], {"steps": (4, 0)}, (3,)),
        "there is no straight line between actions to choose from; hold each of them"
        " until the next",
    ),
    "a choice there is not": (
        *("hold", [(3,), (0,)], {"steps": (4, 0)}, (3,)),
        "the action [3.0] is not one of this task, whose actions are 1 whole number"
        " from 0 to 2",
    ),
    "a choice left open": (
        *("action", [(None, 1)], {}, (3, 2)),
        "the action [None, 1.0] is not one of this task, whose actions are 2 whole"
        " numbers from 0 to 2, 0 to 1",
    ),
    "every choice is wrong": (
        *("wrong", [(0,), (1,), (2,)], {}, (3,)),
        "not every action can be wrong; say that you can't tell",
    ),
    "a wrong real action": (
        *("wrong", [(0.5, 1)], {}, ()),
        "a real action cannot be called wrong: nobody could tell how far from it the"
        " right one lies; say which action is right",
    ),
    "two real actions": (
        *("action", [(0.5, 1), (0, 0)], {}, ()),
        "there are 2 actions, but where they are real numbers one is the answer: a"
        " policy would learn the middle of several",
    ),
    "too few real numbers": (
        *("action", [(0.5,)], {}, ()),
        "the action [0.5] is not one of this task, whose actions are 2 numbers",
    ),
}


@pytest.mark.parametrize(
    ("verdict", "actions", "more", "options", "sentence"),
    NEVER_SAID.values(),
    ids=NEVER_SAID,
)
def test_what_cannot_be_said_about_a_tasks_actions(
    verdict, actions, more, options, sentence
):
    given = answer(verdict, *actions, **more)

    with pytest.raises(BadAnswerError) as refused:
        given.check(options, width=len(options) or 2)

    assert str(refused.value) == sentence
