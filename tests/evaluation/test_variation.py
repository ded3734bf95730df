"""How much of its usual return a policy keeps, and over which values."""

import numpy as np
import pytest

from novice.evaluation.variation import kept, over_range, stretch, weights


def test_what_is_kept_by_hand():
    chance, usual = np.array([0.0, 20.0]), np.array([100.0, 120.0])

    # (60 - 10) / (110 - 10)
    share = kept(np.array([50.0, 70.0]), usual, chance)

    assert share is not None
    assert share.mean == pytest.approx(0.5)


def test_the_usual_return_is_kept_whole():
    usual = np.array([3.0, 5.0, 4.0])

    share = kept(usual, usual, np.zeros(3))

    assert share is not None
    assert (share.mean, share.ci95) == (1.0, (1.0, 1.0))


def test_who_is_no_better_than_chance_has_nothing_to_keep():
    assert kept(np.ones(3), np.zeros(3), np.zeros(3)) is None


def test_values_count_by_the_stretch_that_is_nearest_to_them():
    # Half of 0 to 1, half of 0 to 4, half of 1 to 4; of 4 in all.
    assert weights([0, 1, 4]).tolist() == [0.125, 0.5, 0.375]


def test_words_count_equally():
    assert weights([False, True]).tolist() == [0.5, 0.5]
    assert weights([3]).tolist() == [1.0]


def test_the_mean_over_values_is_taken_seed_by_seed():
    returns = np.array([[8.0, 0.0], [0.0, 8.0]])

    assert over_range(returns, [0, 1]).tolist() == [4.0, 4.0]


def test_a_policy_holds_over_the_neighbors_of_what_is_usual():
    values, shares = [1, 2, 3, 4, 5], [0.95, 0.5, 0.9, 1.1, 0.89]

    assert stretch(values, shares, 4) == (3, 4)
    assert stretch(values, shares, 3.5) == (3, 3.5, 4)
    assert stretch(values, shares, 1) == (1,)


def test_a_policy_holds_at_its_usual_value_whatever_was_tried():
    assert stretch([2, 3], [0.1, 0.1], 1) == (1,)


def test_where_nothing_is_usual_the_longest_stretch_is_told():
    assert stretch([1, 2, 3, 4], [1.0, 0.0, 1.0, 1.0], None) == (3, 4)
    assert stretch([1], [0.0], None) == ()


def test_what_is_usually_without_end_has_no_place_among_the_values():
    assert stretch([1, 2], [1.0, 0.0], float("inf")) == (1,)


def test_of_words_those_that_keep_it_are_told():
    assert stretch(["a", "b"], [0.2, 1.0], "a") == ("b",)
