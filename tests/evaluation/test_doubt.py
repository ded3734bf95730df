"""Answers that the others do not predict are doubted, and whoever often gives them."""

import numpy as np
import pytest

from novice.evaluation.doubt import (
    FEWEST_ANSWERS,
    PRIOR_ANSWERS,
    Predicted,
    Said,
    doubts,
    folds_of,
    shares,
)

ROWS = 600
EPISODE = np.arange(ROWS) // 30
PEOPLE = np.array(["ana", "ben", "cem"])


def said(who: np.ndarray | None = None, **other) -> Said:
    return Said(
        **{
            "episode": EPISODE,
            "who": PEOPLE[np.arange(ROWS) % 3] if who is None else who,
            "chance": np.full(ROWS, np.log(1 / 4)),
            "counts": np.ones(ROWS, bool),
            **other,
        }
    )


def knows(likely: np.ndarray):
    """A fit that always finds the answers this likely, whatever it learned from."""

    def fit(weight: np.ndarray, number: int) -> Predicted:
        return Predicted(np.log(likely), np.full((ROWS, 1), 2))

    return fit


def test_no_answer_speaks_for_itself():
    """Each row is predicted by policies that learned from no row of its episode."""
    seen: list[np.ndarray] = []

    def fit(weight: np.ndarray, number: int) -> Predicted:
        seen.append(weight)
        learned = np.unique(EPISODE[weight > 0])
        # Who learned from an episode is sure of its answers.
        mine = np.isin(EPISODE, learned)
        return Predicted(np.where(mine, 0.0, -9.0), np.zeros((ROWS, 1)))

    found = doubts(said(), fit)

    assert found is not None
    np.testing.assert_allclose(found.surprise, 9 + np.log(1 / 4))
    left_out = {tuple(np.unique(EPISODE[weight == 0])) for weight in seen}
    assert sorted(each for fold in left_out for each in fold) == list(range(20))


def test_the_second_time_what_is_doubted_counts_less():
    likely = np.full(ROWS, 0.9)
    likely[5] = 1e-6
    weights: list[float] = []

    def fit(weight: np.ndarray, number: int) -> Predicted:
        weights.append(weight[5])
        return knows(likely)(weight, number)

    found = doubts(said(), fit)

    assert found is not None
    assert {0.0, 1.0} == set(weights[:15])
    assert max(weights[15:]) < 1.0
    assert max(weights[15:]) == pytest.approx(1 - found.wrong[5])


def test_of_two_equally_surprising_answers_the_often_doubted_persons_comes_first():
    likely = np.full(ROWS, 0.9)
    by_cem = np.flatnonzero(PEOPLE[np.arange(ROWS) % 3] == "cem")
    likely[by_cem[:60]] = 0.02
    likely[0] = 0.02  # ana's only one

    found = doubts(said(), knows(likely))

    assert found is not None
    assert found.wrong[by_cem[0]] > 0.7 > found.wrong[0]
    assert set(found.ranked()[:60]) == set(by_cem[:60])
    assert found.share["cem"] == pytest.approx(0.3, abs=0.08)
    assert found.share["ana"] < 0.04


def test_a_share_is_drawn_towards_everybodys():
    """Of one answer the share is nearly that of everybody; by hand, for sure answers.

    With infinite odds an answer is wrong or right for certain, so the share of whoever
    has one wrong answer of one is (1 + 20 m) / 21, m being the share of all.
    """
    sure = np.array([-500.0] + [500.0] * 99)
    person = np.array([0] + [1] * 99)

    wrong, share = shares(sure, person, 2)

    np.testing.assert_allclose(wrong, [1.0] + [0.0] * 99, atol=1e-9)
    expected = (1 + PRIOR_ANSWERS * 0.01) / (1 + PRIOR_ANSWERS)
    assert share[0] == pytest.approx(expected)
    assert share[1] == pytest.approx(PRIOR_ANSWERS * 0.01 / (99 + PRIOR_ANSWERS))


def test_rows_that_do_not_count_are_not_judged():
    counts = np.arange(ROWS) != 7

    found = doubts(said(counts=counts), knows(np.full(ROWS, 0.5)))

    assert found is not None
    assert np.isnan(found.wrong[7])
    assert len(found.ranked()) == ROWS - 1


@pytest.mark.parametrize(
    "other",
    [
        {"episode": np.arange(ROWS) % 3},
        {"counts": np.arange(ROWS) < FEWEST_ANSWERS - 1},
    ],
)
def test_too_little_tells_nothing(other):
    assert doubts(said(**other), knows(np.full(ROWS, 0.5))) is None


def test_an_episode_lies_in_one_fold():
    fold = folds_of(said(), seed=0)

    assert fold is not None
    for episode in range(20):
        assert len(set(fold[episode == EPISODE])) == 1
    assert set(fold) == set(range(5))


def test_what_the_others_lead_to_is_told():
    found = doubts(said(), knows(np.full(ROWS, 0.5)))

    assert found is not None
    np.testing.assert_array_equal(found.instead, np.full((ROWS, 1), 2))
