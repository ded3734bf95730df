"""What practice says of itself: what its steps go along, and what they gained."""

import numpy as np
import pytest

from novice.algorithms.practice_settings import ReinforceSettings, preset
from novice.app.practice_words import gain_told, practice_told
from novice.evaluation.returns import Returns


def told(**settings: object) -> dict:
    return practice_told(ReinforceSettings(**settings))["practice"]


def test_what_is_unbiased_says_so():
    found = told(discount=1.0, baseline="mean")

    assert found["unbiased"]
    assert found["says"] == (
        "A step goes along an estimate of the gradient of the expected return, without"
        " bias."
    )


def test_what_is_biased_says_why():
    found = told(discount=0.9, baseline="none")

    assert not found["unbiased"]
    assert found["estimates"] == "the gradient of the expected discounted return"
    assert found["says"].endswith(
        " that is biased: late actions count as much as early ones."
    )


def test_fragments_and_several_steps_are_biased_whatever_is_weighed():
    settings = preset("ppo") | {"discount": 1.0, "smoothing": 1.0, "normalize": False}

    found = told(**settings)

    assert not found["unbiased"]
    assert "stands for what follows a fragment" in found["says"]
    assert "use actions of an earlier policy" in found["says"]


def returns(*value: float) -> Returns:
    number = np.arange(len(value))
    return Returns(value=np.array(value, np.float64), length=number + 1, seed=number)


def test_what_was_gained_is_told_in_the_same_episodes():
    gain = gain_told(returns(1, 20, 300, 4), returns(3, 22, 302, 6), 2)["gain"]

    assert gain["mean"] == pytest.approx(2)
    assert gain["says"].startswith("practice gained 2")


def test_where_nothing_was_surely_gained_there_is_no_number():
    same = returns(1, 2, 3)

    gain = gain_told(same, same, 0)["gain"]

    assert gain == {
        "says": "practice has not surely gained anything: the policy that was brought"
        " is delivered"
    }
