"""How often episodes succeed, with an interval that can be checked by hand."""

import numpy as np
import pytest

from novice.evaluation.returns import Returns
from novice.evaluation.success import exact_interval, success_rate


def test_an_exact_interval_by_hand():
    # Published: 5 of 10 gives 0.187 to 0.813.
    assert exact_interval(5, 10) == pytest.approx((0.1871, 0.8129), abs=1e-4)
    assert exact_interval(0, 10)[0] == 0
    assert exact_interval(10, 10)[1] == 1


def test_nobody_is_sure_of_success_after_twenty_of_twenty():
    # All of n succeed with a chance of 2.5 % where one does with 0.025 ** (1 / n).
    found = success_rate(np.ones(20, bool))

    assert (found.rate, found.episodes) == (1.0, 20)
    assert found.ci95 == pytest.approx((0.025 ** (1 / 20), 1.0))


def test_returns_tell_success_only_where_the_task_does():
    three = np.arange(3)
    silent = Returns(three, three + 1.0, three + 1)
    spoken = Returns(three, three + 1.0, three + 1, np.array([True, False, False]))

    assert set(silent.told()) == {"return"}
    assert set(silent.as_json()) == {"seed", "return", "length"}
    assert spoken.told()["return"] == silent.told()["return"]
    rate = spoken.told()["success"]
    assert rate == {"rate": 1 / 3, "ci95": list(exact_interval(1, 3)), "episodes": 3}


def test_returns_come_back_from_their_file_with_who_succeeded():
    two = np.arange(2)
    kept = Returns(two, two + 1.0, two + 1, np.array([True, False])).as_json()

    assert kept["success"] == [True, False]
    np.testing.assert_array_equal(Returns.from_json(kept).success, [True, False])
    del kept["success"]
    assert Returns.from_json(kept).success is None
