import numpy as np
import pytest

from novice.inbox.copilot import hands_for


def axis(low: float, rest: float, high: float) -> dict[str, object]:
    return {"name": "a", "low": low, "rest": rest, "high": high}


def test_a_real_action_is_a_push_of_each_stick():
    hello = {
        "task": "T-v0",
        "words": {"action": {"kind": "real"}},
        "buttons": [],
        "axes": [axis(-1.0, 0.0, 3.0), axis(-2.0, 0.0, 2.0)],
    }

    hands = hands_for(np.array([1.5, -0.5]), hello)

    assert hands.keys == ()
    assert hands.axes == pytest.approx((0.5, -0.25))


def test_several_choices_are_a_key_in_each_row():
    hello = {
        "task": "T-v0",
        "words": {"action": {"kind": "several"}},
        "buttons": [
            {"group": 0, "keys": ["Digit1"]},
            {"group": 0, "keys": ["Digit2"]},
            {"group": 1, "keys": ["KeyQ"]},
            {"group": 1, "keys": ["KeyW"]},
        ],
    }

    assert hands_for(np.array([1, 0]), hello).keys == ("Digit2", "KeyQ")
