"""Nearly equal observations with different answers are found, and nothing else."""

import numpy as np
import pytest

from novice.evaluation.contradictions import (
    Pair,
    Points,
    contradictions,
    each_once,
    near_pairs,
    nearest,
    standardized,
    step_length,
)
from novice.learning.heads import marks_of

# Two walks over the same ten places, one step a place.
PLACES = np.tile(np.arange(10.0), 2)[:, None].astype(np.float32)
WALK, STEP = np.repeat([0, 1], 10), np.tile(np.arange(10), 2)


def choosing(action: np.ndarray, *, options: int = 3, **other) -> Points:
    marks = marks_of(action[:, None], (options,))
    return Points(
        **{
            "observation": PLACES,
            "episode": WALK,
            "step": STEP,
            "counts": np.ones(len(action), bool),
            "action": action[:, None].astype(np.float64),
            "marks": marks,
            "options": (options,),
            **other,
        }
    )


def deciding(action: np.ndarray, **other) -> Points:
    return Points(
        **{
            "observation": PLACES,
            "episode": WALK,
            "step": STEP,
            "counts": np.ones(len(action), bool),
            "action": action[:, None],
            **other,
        }
    )


def test_equal_places_with_other_answers_are_a_pair():
    action = np.zeros(20, int)
    action[13] = 2

    found = contradictions(choosing(action))

    assert [pair.rows for pair in found.pairs] == [(3, 13)]
    assert found.pairs[0].apart == 1.0
    assert found.near == 10


def test_neighbors_in_one_episode_are_no_pair():
    # Between its fourth step and its fifth each walk hardly moves, and the action
    # changes there.
    slow = np.array([0, 1, 2, 3, 3.1, 4, 5, 6, 7, 8], np.float32)
    seen = np.tile(slow, 2)[:, None]
    action = np.tile((np.arange(10) > 3).astype(int), 2)

    found = contradictions(choosing(action, observation=seen))

    # Across the walks the same change is a pair; within one it is none.
    assert {pair.rows for pair in found.pairs} == {(3, 14), (4, 13)}


def test_one_moment_that_was_answered_twice_is_a_pair():
    action = np.zeros(20, int)
    action[13] = 2

    one_walk = contradictions(choosing(action, episode=np.zeros(20, int)))

    assert [pair.rows for pair in one_walk.pairs] == [(3, 13)]


def test_sets_that_have_an_action_in_common_do_not_contradict():
    action = np.zeros(20, int)
    action[13] = 2
    marks = marks_of(action[:, None], (3,))
    marks[3, 2] = 1

    assert contradictions(choosing(action, marks=marks)).pairs == ()


def test_rows_that_do_not_count_contradict_nobody():
    action, counts = np.zeros(20, int), np.ones(20, bool)
    action[13], counts[13] = 2, False

    assert contradictions(choosing(action, counts=counts)).pairs == ()


def test_half_a_step_is_near_and_more_is_not():
    action = np.zeros(20, int)
    action[13] = 2
    near, far = PLACES.copy(), PLACES.copy()
    near[10:] += 0.45
    far[10:] += 0.55

    found = [
        contradictions(choosing(action, observation=seen)).pairs for seen in (near, far)
    ]

    # Beyond half a step the next place is the nearer one: row 13 is at 3.55, beside 4.
    assert [pair.rows for pair in found[0]] == [(3, 13)]
    assert [pair.rows for pair in found[1]] == [(4, 13)]
    assert found[0][0].distance == pytest.approx(0.45, abs=1e-4)


def test_the_length_of_a_step_is_counted_over_gaps():
    seen = np.array([[0.0], [4.0], [6.0]])

    assert step_length(seen, np.zeros(3, int), np.array([0, 4, 6])) == 1.0


def test_without_two_rows_in_an_episode_nothing_is_near_but_what_is_equal():
    assert step_length(PLACES, np.arange(20), STEP) == 0.0
    action = np.zeros(20, int)
    action[13] = 2
    found = contradictions(choosing(action, episode=np.arange(20)))
    assert [pair.rows for pair in found.pairs] == [(3, 13)]


def test_real_answers_that_differ_as_they_usually_do_are_no_pair():
    rough = np.where(WALK == 0, -0.3, 0.3)

    assert contradictions(deciding(rough)).pairs == ()


def test_a_real_answer_far_from_all_around_it_is_found():
    action = 0.01 * np.sin(np.arange(20.0))
    action[13] = 0.8

    found = contradictions(deciding(action))

    assert [pair.rows for pair in found.pairs] == [(3, 13)]


def test_a_number_that_only_one_gave_makes_no_difference():
    action = np.zeros(20)
    action[13] = np.nan

    assert contradictions(deciding(action)).pairs == ()


def test_what_never_varies_is_left_out():
    seen = np.concatenate([PLACES, np.full((20, 1), 7.0)], axis=1)

    np.testing.assert_allclose(standardized(seen), standardized(PLACES))


def test_measuring_every_pair_finds_what_the_tree_finds():
    place = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    pairs, _ = near_pairs(place, 0.3)

    found_distance, found = nearest(place, 17)

    one = np.repeat(np.arange(200), 17)
    other, apart = found.reshape(-1), found_distance.reshape(-1)
    near = (apart <= 0.3) & (other != one)
    both = np.unique(np.sort(np.stack([one[near], other[near]], 1), axis=1), axis=0)
    np.testing.assert_array_equal(both, pairs)
    assert len(pairs) > 20


def test_pairs_are_told_once_for_each_row():
    pairs = [Pair(rows, 0.0, 1.0) for rows in [(0, 9), (1, 9), (1, 2)]]

    assert [pair.rows for pair in each_once(pairs)] == [(0, 9), (1, 2)]


def test_few_rows_are_no_mistake():
    for rows in (0, 1):
        points = choosing(np.zeros(20, int), counts=np.arange(20) < rows)
        assert contradictions(points).pairs == ()
