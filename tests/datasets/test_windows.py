"""What a policy sees at once and decides at once."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from novice.datasets.dataset import Answers, BadRowsError, Dataset, Origin
from novice.datasets.shards import load_dataset, save_part
from novice.datasets.windows import decided_at_once, seen_at_once, targets_at_once
from novice.learning.heads import Categorical, discretized, gaussian

SHOWN = Origin(0, "demonstration", "ana")
LINE = gaussian((0.0,) * 3, (1.0,) * 3)  # three numbers decided at once
EXACT = Categorical((5,) * 3)
BINS = discretized((0.0,) * 3, (1.0,) * 3, key=jax.random.key(0))
THREE_OF_TWO = discretized((0.0,) * 6, (1.0,) * 6, key=jax.random.key(0))


def rows(
    *places: tuple[int, int], before: np.ndarray | None = None, known=None
) -> Answers:
    """Rows at (episode, step): seen is 10 * episode + step, done is the step."""
    episode, step = np.array(places, np.int32).T
    return Answers(
        observation=np.float32(10 * episode + step)[:, None],
        action=np.float32(step)[:, None],
        episode=episode,
        step=step,
        origin=SHOWN,
        before=before,
        known=known,
    )


def two_numbers(*places: tuple[int, int]) -> Answers:
    """Rows whose action is the step, and ten times the step."""
    one = rows(*places)
    return replace(one, action=np.concatenate([one.action, 10 * one.action], axis=1))


TWO_EPISODES = rows((0, 0), (0, 1), (0, 2), (1, 0), (1, 1))


def test_without_a_history_a_row_is_what_was_seen_then():
    assert seen_at_once(Dataset((TWO_EPISODES,)), 1).tolist() == [
        [0],
        [1],
        [2],
        [10],
        [11],
    ]


def test_a_history_is_the_latest_observations_oldest_first():
    seen = seen_at_once(Dataset((TWO_EPISODES,)), 3)

    # Before the beginning stands the first observation, never another episode's last.
    assert seen.tolist() == [
        [0, 0, 0],
        [0, 0, 1],
        [0, 1, 2],
        [10, 10, 10],
        [10, 10, 11],
    ]


def test_the_order_of_the_rows_makes_no_difference():
    mixed = rows((1, 1), (0, 2), (0, 0), (1, 0), (0, 1))

    seen = seen_at_once(Dataset((mixed,)), 2)

    assert seen.tolist() == [[10, 11], [1, 2], [0, 0], [10, 10], [0, 1]]


def test_what_was_kept_of_before_is_taken_where_rows_are_missing():
    kept = rows((0, 7), before=np.float32([[[4], [5], [6]]]))

    assert seen_at_once(Dataset((kept,)), 3).tolist() == [[5, 6, 7]]
    assert seen_at_once(Dataset((kept, TWO_EPISODES)), 2).shape == (6, 2)


def test_what_was_kept_of_before_may_reach_back_just_far_enough():
    kept = rows((0, 7), before=np.float32([[[5], [6]]]))

    assert seen_at_once(Dataset((kept,)), 3).tolist() == [[5, 6, 7]]


def test_a_history_that_nobody_kept_is_refused():
    gap = rows((0, 0), (0, 2))

    with pytest.raises(BadRowsError, match="1 steps before step 2 of episode 0"):
        seen_at_once(Dataset((gap,)), 2)


def test_what_was_kept_of_before_comes_back_from_the_disk(tmp_path):
    kept = rows((0, 7), before=np.float32([[[5], [6]]]))
    save_part(tmp_path, 0, kept)

    assert load_dataset(tmp_path).parts[0].before.tolist() == [[[5], [6]]]


def test_a_chunk_is_this_action_and_those_after_it():
    decided = decided_at_once(TWO_EPISODES, 3)

    assert decided.action.tolist() == [
        [0, 1, 2],
        [1, 2, 2],
        [2, 2, 2],
        [0, 1, 1],
        [1, 1, 1],
    ]
    assert decided.known.tolist() == [
        [True, True, True],
        [True, True, False],
        [True, False, False],
        [True, True, False],
        [True, False, False],
    ]


def test_the_order_of_the_rows_makes_no_difference_to_chunks():
    decided = decided_at_once(rows((0, 1), (1, 0), (0, 0)), 2)

    assert decided.action.tolist() == [[1, 1], [0, 0], [0, 1]]
    assert decided.known.tolist() == [[True, False], [True, False], [True, True]]


def test_a_chunk_does_not_know_what_nobody_gave():
    known = np.array([[True], [False], [True]])
    decided = decided_at_once(rows((0, 0), (0, 1), (0, 2), known=known), 2)

    assert decided.known.tolist() == [[True, False], [False, True], [True, False]]


def test_a_head_that_can_is_told_which_actions_are_known():
    targets = targets_at_once(Dataset((rows((0, 0), (0, 1)),)), LINE, 3)

    assert targets.tolist() == [[0, 1, 0, 1, 1, 0], [1, 0, 0, 1, 0, 0]]


def test_for_any_other_head_the_last_action_goes_on_at_the_end():
    targets = targets_at_once(Dataset((rows((0, 0), (0, 1)),)), EXACT, 3)

    assert targets.tolist() == [[0, 1, 1], [1, 1, 1]]


def test_chunks_of_single_moments_are_refused():
    moments = rows((0, 0), (0, 5), (1, 3))

    with pytest.raises(BadRowsError, match="single moments; leave --chunk away"):
        targets_at_once(Dataset((moments,)), LINE, 3)


def test_single_moments_of_several_numbers_are_refused():
    with pytest.raises(BadRowsError, match="single moments; leave --chunk away"):
        targets_at_once(Dataset((two_numbers((0, 0), (0, 5)),)), LINE, 2)


def test_for_any_other_head_the_last_action_goes_on_where_somebody_let_go():
    """At step 1 of the first episode nobody says anything, and step 2 begins anew."""
    hole = Dataset((rows((0, 0), (0, 2), (0, 3), (1, 0), (1, 1)),))

    targets = targets_at_once(hole, EXACT, 3)

    assert targets.tolist() == [[0, 0, 0], [2, 3, 3], [3, 3, 3], [0, 1, 1], [1, 1, 1]]
    assert targets_at_once(hole, LINE, 3)[0].tolist() == [0, 0, 2, 1, 0, 1]


def test_actions_of_several_numbers_go_on_together():
    hole = two_numbers((0, 1), (0, 3), (1, 0), (1, 1))

    targets = targets_at_once(Dataset((hole,)), THREE_OF_TWO, 3)

    assert targets.tolist() == [
        [1, 10, 1, 10, 1, 10],
        [3, 30, 3, 30, 3, 30],
        [0, 0, 1, 10, 1, 10],
        [1, 10, 1, 10, 1, 10],
    ]


def test_partly_known_actions_are_refused_in_chunks_as_alone():
    partly = rows((0, 0), (0, 1), known=np.array([[True], [False]]))

    for chunk in (1, 2):
        with pytest.raises(BadRowsError, match=r"know a part, .* head discretized"):
            targets_at_once(Dataset((partly,)), BINS, chunk)


def test_sets_of_actions_make_no_chunks():
    told = Answers(
        observation=np.zeros((2, 1), np.float32),
        action=np.zeros((2, 1), np.int32),
        episode=np.zeros(2, np.int32),
        step=np.arange(2, dtype=np.int32),
        origin=SHOWN,
        marks=np.int8([[1, 1, 0], [0, 1, 1]]),
    )

    with pytest.raises(BadRowsError, match="sets of actions; leave --chunk away"):
        targets_at_once(Dataset((told,)), Categorical((3, 3)), 2)
