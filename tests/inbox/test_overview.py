"""The overview says who answered what, how far people agree, and what to do."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inbox.asking import a_question, an_episode, says
from inbox.conftest import Desk
from inbox.serving import WORDS, answer
from novice.evaluation.agreement import Opinions, Scale
from novice.inbox import overview as overviews
from novice.inbox import readings
from novice.inbox.agreeing import (
    by_action,
    contradictions,
    latest_of,
    measured,
    right_of,
    share_interval,
)
from novice.inbox.store import Inbox

CHOICES = Scale(options=(3,))


def opinions(*rows: tuple[int, str, float], scale: Scale = CHOICES) -> Opinions:
    """Judgments as (moment, who, action)."""
    names = tuple(sorted({who for _, who, _ in rows}))
    return Opinions(
        item=np.array([item for item, _, _ in rows], np.int64),
        who=np.array([names.index(who) for _, who, _ in rows], np.int64),
        action=np.array([[action] for _, _, action in rows], np.float64),
        names=names,
        scale=scale,
    )


# ------------------------------------------------------------------------ by hand


def test_agreement_by_action_by_hand():
    told = opinions(
        (1, "ana", 0.0), (1, "ben", 0.0),
        (2, "ana", 0.0), (2, "ben", 1.0),
        (3, "ana", 1.0), (3, "ben", 1.0),
        (4, "ana", 2.0),
    )  # fmt: skip

    found = by_action(latest_of(told), CHOICES, ["left", "right", "up"])

    # Said 3 times in pairs, twice by both at once: 2/3. Nobody else judged moment 4.
    assert [(each["action"], each["items"]) for each in found] == [
        ("left", 2),
        ("right", 2),
    ]
    assert [each["value"] for each in found] == pytest.approx([2 / 3, 2 / 3])


def test_wilson_s_interval_by_hand():
    low, high = share_interval(0.5, 10)
    # (0.5 + 1.96²/20 ± 1.96 √(0.25/10 + 1.96²/400)) / (1 + 1.96²/10)
    assert (low, high) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert share_interval(1.0, 10) == (pytest.approx(0.7225, abs=1e-4), 1.0)


def test_gold_questions_by_hand():
    told = opinions((1, "ana", 0.0), (2, "ana", 1.0), (3, "ana", 1.0), (1, "ben", 2.0))

    found = right_of(told, {1: (0.0,), 2: (2.0,)})

    assert found == {
        "ana": {"right": 1, "asked": 2},
        "ben": {"right": 0, "asked": 1},
    }


@pytest.mark.parametrize(
    ("said", "right"), [(0.0, 1), (0.2, 1), (-0.2, 1), (0.21, 0), (np.nan, 1)]
)
def test_a_real_answer_is_right_where_it_is_near(said: float, right: int):
    scale = Scale(half_range=(1.0,), circular=(False,))

    found = right_of(opinions((1, "ana", said), scale=scale), {1: (0.0,)})

    assert found["ana"] == {"right": right, "asked": 1}


def test_the_greatest_contradictions_come_first():
    told = opinions(
        (1, "ana", 0.0), (1, "ben", 0.0), (1, "eva", 0.0),
        (2, "ana", 0.0), (2, "ben", 0.0), (2, "eva", 1.0),
        (3, "ana", 0.0), (3, "ben", 1.0), (3, "eva", 2.0),
        (4, "ana", 0.0), (4, "ana", 1.0),
        (5, "ana", 0.0), (5, "ana", 1.0), (5, "ben", 1.0),
    )  # fmt: skip

    found = contradictions(latest_of(told), CHOICES)

    # Of three pairs, two differ about moment 2. What a person said last counts.
    assert [(each["question"], each["apart"]) for each in found] == [
        (3, 1.0),
        (2, pytest.approx(2 / 3)),
    ]
    assert found[1]["said"] == [
        {"who": "ana", "action": [0.0]},
        {"who": "ben", "action": [0.0]},
        {"who": "eva", "action": [1.0]},
    ]


def test_an_angle_is_near_beyond_its_end():
    scale = Scale(half_range=(180.0,), circular=(True,))
    around = opinions((1, "ana", 175.0), (1, "ben", -175.0), scale=scale)
    apart = opinions((1, "ana", 90.0), (1, "ben", -90.0), scale=scale)

    assert contradictions(latest_of(around), scale) == []
    assert contradictions(latest_of(apart), scale)[0]["apart"] == pytest.approx(1.0)


def test_nobody_who_disagrees_gets_anything_but_plain_values():
    told = opinions((1, "ana", 0.0), (1, "ben", 1.0))

    found = measured(told, {}, ["left", "right", "up"])

    assert found["people"]["ana"]["gold"] == {"right": 0, "asked": 0}
    [pair] = found["pairs"]
    assert (pair["one"], pair["other"], pair["both"]) == ("ana", "ben", 1)


# -------------------------------------------------------------------- in sentences


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (None, "Too few moments to say how far they agree."),
        (
            {"value": 0.41, "ci95": [0.2, 0.6], "items": 38},
            "Moderate: they teach different things. Decide together what is right in"
            " the contradictions, and write it into the instructions.",
        ),
        (
            {"value": 0.7, "ci95": [0.55, 0.8], "items": 38},
            "Substantial: look at the contradictions together.",
        ),
        (
            {"value": 0.9, "ci95": [0.8, 1.0], "items": 99},
            "Almost perfect: they teach the same.",
        ),
        (
            {"value": 0.9, "ci95": [0.1, 1.0], "items": 4},
            "Almost perfect, but still uncertain: it takes more moments that both"
            " answer.",
        ),
        (
            {"value": -0.1, "ci95": [-0.2, 0.0], "items": 9},
            "None beyond chance: they teach different things. Decide together what is"
            " right in the contradictions, and write it into the instructions.",
        ),
    ],
)
def test_what_a_pair_s_agreement_means(told: Any, said: str):
    assert readings.pair(told) == said


def test_what_a_course_means():
    def round(number: int, mean: float, side: float) -> dict[str, Any]:
        interval = [mean - side, mean + side]
        return {
            "round": number,
            "labels": 50 * (number + 1),
            "human_seconds": 60.0 * number,
            "return": {"mean": mean, "ci95": interval},
        }

    start, better, alike = round(0, -180, 20), round(1, 140, 20), round(2, -170, 20)

    assert readings.course([]).startswith("The curve begins when")
    assert readings.course([start]) == "After 50 labels: return −180 [−200, −160]."
    assert readings.course([start, better]) == (
        "After 100 labels: return 140 [120, 160]. At 50 labels it was −180"
        " [−200, −160]. That is better beyond chance."
    )
    assert readings.course([start, alike]).endswith(
        "chance could explain the difference."
    )
    assert "worse beyond chance" in readings.course([better, start])
    without = {"round": 0, "labels": 50, "human_seconds": 9.0}
    assert "no reward" in readings.course([without])


def test_what_is_measured_is_said():
    none = {"shared": 0, "repeats": 0, "gold": 0}

    assert "--overlap" in readings.measuring(none)
    assert readings.measuring({**none, "repeats": 12}) == (
        "Among the questions: 12 asked again of the same person. Nobody sees which."
    )


# ---------------------------------------------------------------------- over HTTP


def seen(desk: Desk, who: str = "ana", role: str = "owner") -> dict[str, Any]:
    """The overview as somebody gets it, once everything is measured."""
    client = desk.visitor()
    token = desk.doorkeeper.invite(who, role)
    client.headers["Authorization"] = f"Bearer {token}"
    end = time.monotonic() + 30
    while time.monotonic() < end:
        content = client.get("/api/overview").json()
        if content["measured_until"] == desk.inbox.last_answer():
            return dict(content)
    raise AssertionError("nothing was measured")


def test_a_run_that_nobody_has_answered_has_an_overview(desk: Desk):
    found = seen(desk)

    assert found["you"] == {"who": "ana", "role": "owner"}
    assert (found["run"], found["task"]) == ("run", "CartPole-v1")
    assert found["totals"] == {"labels": 0, "seconds": 0.0, "people": 0}
    assert found["queue"]["open"] == 30
    assert [(each["who"], each["reading"]) for each in found["people"]] == [
        ("ana", "Has not answered yet.")
    ]
    assert found["pairs"] == found["contradictions"] == found["course"] == []
    assert "Invite a second one" in found["readings"]["everybody"]


def test_the_overview_of_two_who_differ(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(overviews, "YOUNGEST", 0.0)
    desk.inbox.tell("answers", "weighted")
    course = [{"round": 0, "labels": 2, "human_seconds": 3.0}]
    desk.inbox.tell("course", course)
    desk.doorkeeper.invite("Bob", "labeler")
    desk.doorkeeper.invite("Eve <b>", "observer")
    desk.doorkeeper.revoke("Eve <b>")
    for question in range(1, 11):
        odd = float(question % 2)
        desk.inbox.store([says(question, "ana", actions=((odd,),), seconds=2.0)])
        said = odd if question > 2 else 1 - odd
        desk.inbox.store([says(question, "Bob", actions=((said,),), seconds=1.0)])

    found = seen(desk)

    people = {each["who"]: each for each in found["people"]}
    assert list(people) == ["ana", "Bob", "Eve <b>"]
    assert people["ana"]["labels"] == 10 and people["ana"]["seconds"] == 20.0
    assert people["Bob"]["per_minute"] == 60.0
    assert (people["Eve <b>"]["role"], people["Eve <b>"]["revoked"]) == (
        "observer",
        True,
    )
    assert (people["Eve <b>"]["labels"], people["Eve <b>"]["reading"]) == (0, "")
    [pair] = found["pairs"]
    # Both chances are even, and 8 of 10 agree: (0.8 - 0.5) / 0.5.
    assert pair["agreement"]["value"] == pytest.approx(0.6, abs=0.01)
    assert (pair["one"], pair["other"], pair["both"]) == ("ana", "Bob", 10)
    assert found["answers"] == "weighted" and found["course"] == course
    assert [each["question"] for each in found["contradictions"]] == [2, 1]
    assert found["contradictions"][0]["said"] == [
        {"who": "ana", "says": "left"},
        {"who": "Bob", "says": "right"},
    ]
    assert [each["action"] for each in found["actions"]] == ["left", "right"]
    desk.inbox.store([says(11, "ana", actions=((0.0,),))])
    assert seen(desk)["totals"]["labels"] == 21


def test_it_is_not_measured_all_the_time(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    looks = []

    def counted(inbox: Inbox, facts: Any) -> dict[str, Any]:
        looks.append(inbox.last_answer())
        return {}

    monkeypatch.setattr(overviews, "measured_in", counted)
    monkeypatch.setattr(overviews, "YOUNGEST", 3600.0)
    desk.inbox.store([says(1)])
    seen(desk)
    desk.inbox.store([says(2)])
    client = desk.labeler()
    for _ in range(5):
        assert client.get("/api/overview").json()["totals"]["labels"] == 2

    assert looks == [1]


def test_what_takes_long_keeps_nobody_waiting(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    import threading

    go_on = threading.Event()

    def slow(inbox: Inbox, facts: Any) -> dict[str, Any]:
        assert go_on.wait(30)
        return {}

    monkeypatch.setattr(overviews, "measured_in", slow)
    monkeypatch.setattr(overviews, "PATIENCE", 0.01)
    desk.inbox.store([says(1), says(1, "ben")])
    with desk.labeler() as client:
        first = client.get("/api/overview").json()
        second = client.get("/api/overview").json()
        go_on.set()
        end = time.monotonic() + 10
        while client.get("/api/overview").json()["measured_until"] < 0:
            assert time.monotonic() < end

    assert first["measured_until"] == second["measured_until"] == -1
    assert "being measured" in first["readings"]["everybody"]
    assert first["people"][1]["reading"] == ""


REAL = {
    "kind": "real",
    "low": [-1, -2],
    "high": [1, 2],
    "half_range": [1.0, 2.0],
    "names": ["gas", "wheel"],
    "units": ["", "rad"],
}


def test_the_overview_of_real_actions(desk: Desk):
    desk.inbox.tell("words", {**WORDS, "action": REAL})
    for question in range(1, 9):
        desk.inbox.store([says(question, "ana", actions=((0.1 * question, 1.0),))])
        far = 0.1 * question + (0.9 if question == 3 else 0.05)
        desk.inbox.store([says(question, "ben", actions=((far, None),))])

    found = seen(desk)

    assert found["choices"] is False and found["actions"] == []
    [pair] = found["pairs"]
    assert pair["measure"] == "alpha" and pair["agreement"]["value"] < 1
    [worst] = found["contradictions"]
    assert worst["question"] == 3
    assert worst["said"] == [
        {"who": "ana", "says": "gas 0.3, wheel 1 rad"},
        {"who": "ben", "says": "gas 1.2, wheel open"},
    ]


@pytest.mark.parametrize(
    ("action", "numbers", "says"),
    [
        ({"kind": "switches", "names": ["a", "b"]}, [1.0, 0.0], "a"),
        ({"kind": "switches", "names": ["a", "b"]}, [0.0, 0.0], "nothing"),
        ({"kind": "several", "names": ["a", "b"]}, [1.0, 0.0], "a 1, b 0"),
        ({"kind": "several"}, [2.0], "part 1 2"),
    ],
)
def test_an_action_is_said_in_words(
    action: dict[str, Any], numbers: list[float], says: str
):
    assert overviews.in_words(numbers, action) == says


def test_a_repeat_is_not_told_from_other_questions(desk: Desk):
    again = a_question(1, rank=0, repeats=0, observation=np.zeros(2, np.float32))
    gold = a_question(
        0, rank=1, gold=(1.0,), gold_by="law", observation=np.ones(2, np.float32)
    )
    plain = a_question(2, rank=2, observation=np.ones(2, np.float32))
    desk.inbox.add_visit(1, [an_episode(1)], [gold, again, plain])
    ana = desk.labeler()
    desk.inbox.store([says(31), *[says(question) for question in range(1, 9)]])

    questions = ana.post("/api/lease", json={"want": 3}).json()["questions"]

    assert [each["id"] for each in questions] == [32, 33, 9]
    assert set(questions[0]) == set(questions[1]) == set(questions[2])
    for question in questions:
        sent = answer(question["id"], f"{question['id']:032x}")
        assert ana.post("/api/answers", json={"answers": [sent]}).status_code == 200
    words = str(ana.get("/api/history").json()) + str(ana.get("/api/hello").json())
    assert "gold" not in words and "repeat" not in words


def test_the_overview_loads_nothing_until_it_is_asked(tmp_path: Path):
    import subprocess
    import sys

    program = """
import sys
import novice.inbox.server, novice.inbox.overview
assert not {"scipy", "jax"} & {name.split(".")[0] for name in sys.modules}
import novice.inbox.agreeing
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert {"jax", "equinox", "gymnasium"}.isdisjoint(told.stdout.split())
