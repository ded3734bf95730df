"""Answers are kept as they were given, whatever they are about."""

import json
from dataclasses import asdict

import pytest

from inbox.asking import says
from novice.inbox.content import KeptAnswer, answer_fields, kept_answer

ANSWERS = {
    "a choice": ({"actions": ((2.0,),)}, "[[2.0]]"),
    "several choices": ({"actions": ((2.0,), (0.0,))}, "[[2.0],[0.0]]"),
    "no choice": ({"verdict": "unsure", "actions": ()}, "[]"),
    "a real action": ({"actions": ((0.5, -1.25),)}, "[[0.5,-1.25]]"),
    "a part of it": ({"actions": ((None, -1.25),)}, "[[null,-1.25]]"),
    "held choices": (
        {"verdict": "hold", "actions": ((2.0,), (0.0,)), "steps": (24, 8)},
        "[[24,2.0],[8,0.0]]",
    ),
    "a line": (
        {"verdict": "linear", "actions": ((0.5, 1.0), (0.0, 0.0)), "steps": (3, 0)},
        "[[3,0.5,1.0],[0,0.0,0.0]]",
    ),
}


@pytest.mark.parametrize(("said", "column"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_comes_back_as_it_was(said, column):
    kept = KeptAnswer(4, says(3, **said), 12.5, True)

    row = answer_fields(kept)
    found = kept_answer(row)

    assert row[5] == column
    assert json.loads(column) is not None
    assert asdict(found) == asdict(kept)
    assert all(type(step) is int for step in found.answer.steps)
