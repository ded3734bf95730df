"""What the page sends is read, or refused in one sentence; no server is needed."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.serving import WORDS, answer
from novice.errors import NoviceError
from novice.experts.question import Question
from novice.inbox.protocol import (
    ActionKind,
    BadRequestError,
    action_kind,
    answer_words,
    minutes_left,
    parse_answers,
    parse_history,
    parse_id,
    parse_lease,
    question_words,
)

TWO = action_kind(WORDS)
UUID = "0123456789abcdef" * 2


def kind_of(**action: Any) -> ActionKind:
    return action_kind({"action": action})


KINDS = {
    "discrete": TWO,
    "several": kind_of(kind="several", counts=[3, 2], names=["a", "b"]),
    "switches": kind_of(kind="switches", count=3, names=["a", "b", "c"]),
    "real": kind_of(kind="real", low=[-1.0, None], high=[0.5, None], names=["a", "b"]),
}


def parsed(*answers: Any, kind: ActionKind = TWO) -> list[Any]:
    body = json.dumps({"answers": answers}).encode()
    return parse_answers(body, who="ana", kind=kind)


def test_an_answer_is_read_as_it_was_given():
    sent = answer(3, UUID, actions=[[1], [0]], shown={"clip": True, "replays": 2})

    [found] = parsed(sent)

    assert (found.uuid, found.question, found.who, found.lease) == (UUID, 3, "ana", 1)
    assert (found.verdict, found.actions) == ("action", ((1,), (0,)))
    assert (found.seconds, found.shown) == (1.0, {"clip": True, "replays": 2})


@pytest.mark.parametrize("verdict", ["unsure", "any", "skip", "report"])
def test_a_verdict_without_actions_is_read(verdict: str):
    [found] = parsed(answer(3, UUID, verdict=verdict, actions=[]))

    assert (found.verdict, found.actions) == (verdict, ())


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        ("discrete", [0]),
        ("several", [2, 1]),
        ("switches", [0, 1, 1]),
        ("real", [0.25, -1e9]),
        ("real", [-1, 7]),
        ("real", [None, 7]),
        ("real", [0.5, None]),
    ],
)
def test_an_action_of_the_task_is_taken(kind: str, good: list[float]):
    [found] = parsed(answer(3, UUID, actions=[good]), kind=KINDS[kind])

    assert found.actions == (tuple(good),)


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        ("discrete", [2]),
        ("discrete", [-1]),
        ("discrete", [0.5]),
        ("discrete", [1.0]),
        ("discrete", [True]),
        ("discrete", ["1"]),
        ("discrete", [None]),
        ("discrete", []),
        ("discrete", [0, 1]),
        ("discrete", 1),
        ("discrete", {"0": 1}),
        ("several", [3, 0]),
        ("several", [0, 2]),
        ("several", [None, 0]),
        ("switches", [0, 2, 0]),
        ("switches", [0, 1]),
        ("switches", [None, 1, 0]),
        ("real", [0.51, 0]),
        ("real", [-1.1, 0]),
        ("real", [0, 1e16]),
        ("real", [None, None]),
        ("real", [None]),
        ("real", [0, "0"]),
        ("real", [0, False]),
        ("real", [0]),
    ],
)
def test_any_other_action_is_refused(kind: str, bad: Any):
    with pytest.raises(NoviceError, match="action"):
        parsed(answer(3, UUID, actions=[bad]), kind=KINDS[kind])


def test_a_bound_that_float32_rounded_can_be_reached_and_is_not_passed():
    bound = float(np.float32(0.7))
    kind = kind_of(kind="real", low=[-bound], high=[bound])

    [found] = parsed(answer(3, UUID, actions=[[0.7]]), kind=kind)

    assert bound < 0.7
    assert found.actions == ((bound,),)


def test_who_went_to_lunch_does_not_lose_the_answer():
    [found] = parsed(answer(3, UUID, seconds=5000.0))

    assert found.seconds == 3600.0


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("uuid", "A" * 32, "32 hex digits"),
        ("uuid", "0" * 31, "32 hex digits"),
        ("uuid", 7, "uuid must be a text"),
        ("question", -1, "question must be a whole number"),
        ("question", 2**63, "question must be a whole number"),
        ("question", "1", "question must be a whole number"),
        ("question", True, "question must be a whole number"),
        ("lease", 1.5, "lease must be a whole number"),
        ("verdict", "maybe", "the verdict is 'maybe'"),
        ("verdict", None, "verdict must be a text"),
        ("verdict", "skip", "came with 1 actions"),
        ("actions", [], "came with 0 actions"),
        ("actions", [[0]] * 65, "at most 64 actions"),
        ("actions", "0", "at most 64 actions"),
        ("steps", [3, 0], "came with 2 steps"),
        ("steps", 3, "steps must be a list"),
        ("steps", [0] * 65, "steps must be a list"),
        ("steps", ["3"], "each of steps must be a whole number"),
        ("steps", [2001], "each of steps must be a whole number from 0 to 2000"),
        ("steps", [True], "each of steps must be a whole number"),
        ("seconds", -0.1, "seconds must be a number"),
        ("seconds", "1", "seconds must be a number"),
        ("shown", [], "shown must be an object"),
        ("shown", {"Clip": True}, "short facts"),
        ("shown", {"clip": "x" * 65}, "short facts"),
        ("shown", {"clip": "\ud800"}, "short facts"),
        ("shown", {"clip": [1]}, "short facts"),
        ("shown", {f"a_{'x' * n}": 1 for n in range(17)}, "short facts"),
    ],
)
def test_an_answer_that_cannot_be_one_is_refused(field: str, value: Any, sentence: str):
    with pytest.raises(NoviceError, match=sentence):
        parsed({**answer(3, UUID), field: value})


def segment(verdict: str, *keyframes: tuple[int, list[Any]], **other: Any) -> Any:
    """A segment as the page sends it: steps before the moment, and actions."""
    return {
        **answer(3, UUID, verdict=verdict, actions=[each for _, each in keyframes]),
        "steps": [step for step, _ in keyframes],
        **other,
    }


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("discrete", segment("hold", (24, [1]), (8, [0]), (0, [1]))),
        ("several", segment("hold", (24, [2, 1]), (8, [0, 0]))),
        ("real", segment("hold", (2000, [0.5, 7]), (0, [-1, 0]))),
        ("real", segment("linear", (3, [0.5, 7]), (1, [-1, 0]))),
    ],
)
def test_a_segment_is_read(kind: str, sent: Any):
    [found] = parsed(sent, kind=KINDS[kind])

    assert (found.verdict, list(found.steps)) == (sent["verdict"], sent["steps"])
    assert [list(action) for action in found.actions] == sent["actions"]


@pytest.mark.parametrize(
    ("kind", "sent", "sentence"),
    [
        ("discrete", segment("linear", (3, [1]), (0, [0])), "no straight line"),
        ("discrete", segment("hold", (3, [1]), (0, [2])), "an action holds 2"),
        ("discrete", segment("hold", (3, [1]), (0, [None])), "an action holds None"),
        ("real", segment("linear", (3, [0.5, 7]), (0, [None, 7])), "left open"),
        ("real", segment("linear", (3, [0.5, 7])), "needs two or more"),
        ("real", segment("linear", (0, [0.5, 7]), (3, [0, 7])), "come nearer"),
        (
            "real",
            segment("linear", (3, [0.5, 7]), (0, [0, 7]), steps=[3]),
            "2 actions at 1 steps",
        ),
        ("real", answer(3, UUID, verdict="wrong", actions=[[0, 0]]), "called wrong"),
        ("real", answer(3, UUID, actions=[[0, 0], [0, 1]]), "one is the answer"),
        ("several", answer(3, UUID, verdict="wrong", actions=[[0, 0]]), "called wrong"),
        ("several", answer(3, UUID, actions=[[0, 0], [1, 1]]), "several numbers"),
        ("discrete", answer(3, UUID, verdict="wrong", actions=[[0], [1]]), "not every"),
    ],
)
def test_what_no_policy_could_learn_from_is_refused(
    kind: str, sent: Any, sentence: str
):
    with pytest.raises(NoviceError, match=sentence):
        parsed(sent, kind=KINDS[kind])


def test_an_earlier_answer_is_told_as_it_was_given():
    asked = Question(
        id=3,
        visit=0,
        episode=1,
        step=40,
        observation=np.zeros(1, np.float32),
        action=np.zeros(2, np.float32),
    )
    [line] = parsed(segment("linear", (3, [0.5, 7]), (0, [0, 7])), kind=KINDS["real"])
    [part] = parsed(answer(3, UUID, actions=[[None, 7]]), kind=KINDS["real"])

    told = answer_words(8, line, asked)
    assert (told["answer"], told["steps"]) == (8, [3, 0])
    assert told["actions"] == [[0.5, 7], [0, 7]]
    told = answer_words(9, part, asked)
    assert (told["actions"], "steps" in told) == ([[None, 7]], False)


@pytest.mark.parametrize("count", [0, 101])
def test_no_answers_and_too_many_are_refused(count: int):
    with pytest.raises(BadRequestError, match="a list of 1 to 100"):
        parsed(*[answer(3, UUID)] * count)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"{",
        b"NaN",
        b'{"answers": [Infinity]}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"1" * 5000,
        b"[]",
        b"null",
        b'"answers"',
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes):
    with pytest.raises(BadRequestError, match="the request"):
        parse_lease(body)


def test_a_wish_for_questions_is_read():
    found = parse_lease(b'{"want": 8, "holding": [1, 2], "release": [3]}')

    assert (found.want, found.holding, found.release) == (8, (1, 2), (3,))


@pytest.mark.parametrize(
    "wish",
    [{"want": 65}, {"want": -1}, {"want": "8"}, {"holding": 1}, {"holding": [-1]},
     {"holding": [0] * 257}, {"release": {"1": 1}}, {"release": ["1"]}],
)  # fmt: skip
def test_a_wish_that_makes_no_sense_is_refused(wish: dict[str, Any]):
    with pytest.raises(BadRequestError, match=f"^(each of )?{next(iter(wish))}"):
        parse_lease(json.dumps(wish).encode())


def test_the_history_is_asked_for_in_pages():
    assert parse_history({}).before is None
    assert parse_history({"before": "7", "most": "3"}).before == 7
    assert parse_history({"most": "3"}).most == 3
    assert parse_history({"most": "9999"}).most == 100


@pytest.mark.parametrize(
    "text", ["", "-1", "1.0", "１", "0x1", " 1", "1" * 20, "9" * 19]
)
def test_what_is_no_number_in_an_address_is_refused(text: str):
    with pytest.raises(BadRequestError, match="before must be a"):
        parse_id(text, "before")


def test_a_question_says_nothing_of_what_was_done_or_came_after():
    question = Question(
        id=5,
        visit=2,
        episode=9,
        step=40,
        observation=np.array([0.5, np.nan, np.inf], np.float32),
        action=np.array([1], np.int32),
    )

    words = question_words(question, lease=3)

    assert words == {
        "id": 5,
        "lease": 3,
        "visit": 2,
        "episode": 9,
        "step": 40,
        "observation": [0.5, None, None],
    }


@pytest.mark.parametrize(
    ("budget", "a_minute", "left"),
    [
        ({"labels": None, "minutes": None}, 30.0, None),
        ({"labels": 100, "minutes": None}, 0.0, None),
        ({"labels": 100, "minutes": None}, 30.0, (100 - 40) / 30),
        ({"labels": 40, "minutes": None}, 30.0, 0.0),
        ({"labels": 30, "minutes": None}, 30.0, 0.0),
        ({"labels": None, "minutes": 10}, 0.0, 10 - 120 / 60),
        ({"labels": 100, "minutes": 3}, 30.0, 3 - 120 / 60),
    ],
)
def test_the_minutes_left_by_hand(
    budget: dict[str, Any], a_minute: float, left: float | None
):
    found = minutes_left(budget, answered=40, seconds=120.0, a_minute=a_minute)

    assert found == left


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [*answer(0, ""), "steps", "answers", "want", "holding", "release"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(content=ANYTHING, kind=st.sampled_from(list(KINDS.values())))
def test_any_json_is_read_or_refused_in_a_line_that_can_be_sent(
    content: Any, kind: ActionKind
):
    body = json.dumps(content).encode()
    in_answers = json.dumps({"answers": [content]}).encode()
    for parse in (
        lambda: parse_lease(body),
        lambda: parse_answers(body, who="ana", kind=kind),
        lambda: parse_answers(in_answers, who="ana", kind=kind),
    ):
        try:
            parse()
        except NoviceError as error:
            assert "\n" not in str(error) and len(str(error)) < 300
            str(error).encode()
