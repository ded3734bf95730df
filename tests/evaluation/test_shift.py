"""What the shift promises: when two sides are told apart, and when they must not be."""

import dataclasses

import numpy as np
import pytest
import scipy.signal

from novice.evaluation.shift import Visits, counted, shift, stretch_weights
from novice.evaluation.shift_features import MOST_NUMBERS, mixed, without_time
from novice.evaluation.shift_folds import (
    FOLDS,
    Cells,
    dealt,
    differences,
    discriminants,
    swapped,
)
from novice.evaluation.shift_map import plane


def episodes(
    seed: int, count: int, *, steps: int = 60, first: int = 0, numbers: int = 3
) -> Visits:
    """Autocorrelated states that drift with time, as every episode of a task does."""
    generator = np.random.default_rng(seed)
    noise = generator.normal(size=(count, steps, numbers))
    state = scipy.signal.lfilter([1], [1, -0.8], noise, axis=1)
    step = first + np.arange(steps)
    state = state + 0.1 * step[:, None]
    return Visits(
        state.reshape(-1, numbers),
        np.repeat(np.arange(count), steps),
        np.tile(step, count),
    )


def moved(side: Visits, by: float, *, since: int = 0) -> Visits:
    """The same visits with another first number from a step on."""
    state = side.state.copy()
    state[side.step >= since, 0] += by
    return dataclasses.replace(side, state=state)


def test_a_known_shift_is_found():
    found = shift(episodes(0, 30), moved(episodes(1, 20), 3.0))
    assert found is not None
    assert found.p < 0.01
    assert found.auc > 0.8
    assert found.ci95[0] > 0.5


def test_equal_sources_are_not_told_apart_more_often_than_chance_would():
    pairs = (shift(episodes(2 * k, 24), episodes(2 * k + 1, 20)) for k in range(60))
    alarms = sum(found is not None and found.p <= 0.05 for found in pairs)
    # Of 60, more than 8 at 5 % each would come about once in 200 times.
    assert alarms <= 8


def test_another_spread_is_found_though_no_mean_differs():
    policy = episodes(1, 20)
    middle = 0.1 * policy.step[:, None]
    wider = dataclasses.replace(policy, state=middle + 2 * (policy.state - middle))
    found = shift(episodes(0, 30), wider)
    assert found is not None
    assert found.p < 0.01


def test_early_states_against_late_ones_are_no_shift():
    whole = episodes(0, 60, steps=100)
    early = whole.chosen((whole.episode < 30) & (whole.step < 60))
    late = whole.chosen((whole.episode >= 30) & (whole.step >= 40))
    found = shift(early, late)
    assert found is not None
    assert found.steps == (40, 59)
    assert found.p > 0.05


def test_a_dataset_with_mostly_early_steps_is_no_shift():
    """What drifts with time lies elsewhere on average, yet not at equal times."""
    data, generator = episodes(0, 40), np.random.default_rng(0)
    kept = generator.random(len(data)) < np.exp(-data.step / 10)
    found = shift(data.chosen(kept), episodes(1, 20))
    assert found is not None
    assert found.p > 0.05
    assert found.ci95[0] < 0.5 < found.ci95[1]


def test_it_says_when_the_policy_leaves_the_data():
    found = shift(episodes(0, 40), moved(episodes(1, 25), 4.0, since=30))
    assert found is not None
    early = [each for each in found.by_time if each.last < 30]
    late = [each for each in found.by_time if each.first >= 30]
    assert early
    assert late
    assert max(each.auc for each in early) < 0.65
    assert min(each.auc for each in late) > 0.8


@pytest.mark.parametrize("sides", [(19, 40), (40, 19), (0, 40)])
def test_fewer_than_twenty_episodes_a_side_say_nothing(sides):
    assert shift(episodes(0, sides[0]), episodes(1, sides[1])) is None


def test_steps_that_only_one_side_has_say_nothing():
    assert shift(episodes(0, 30, first=0), episodes(1, 30, first=60)) is None


def test_the_same_states_give_the_same_numbers():
    data, policy = episodes(0, 30), episodes(1, 20)
    assert shift(data, policy) == shift(data, policy)


def test_states_that_never_differ_are_guessed_at():
    data = episodes(0, 20)
    same = dataclasses.replace(data, state=np.ones_like(data.state))
    found = shift(same, same)
    assert found is not None
    assert (found.auc, found.p, found.ci95) == (0.5, 1.0, (0.5, 0.5))


def test_a_number_that_never_changes_changes_nothing():
    data, policy = episodes(0, 30), moved(episodes(1, 20), 1.0)

    def with_constant(side: Visits) -> Visits:
        state = np.concatenate([side.state, np.full((len(side), 1), 7.0)], axis=1)
        return dataclasses.replace(side, state=state)

    assert shift(with_constant(data), with_constant(policy)) == shift(data, policy)


def test_what_is_a_millionth_apart_is_the_same():
    data, policy = episodes(0, 30), episodes(1, 20)

    def at_rest(side: Visits, place: float) -> Visits:
        state = side.state * np.where(side.step < 30, 1.0, 1e-9)[:, None] + place
        return dataclasses.replace(side, state=state)

    found = shift(at_rest(data, 0.0), at_rest(policy, 1e-6))
    assert found is not None
    late = [each for each in found.by_time if each.first >= 30]
    assert late
    assert all(each.ci95[0] < 0.5 < each.ci95[1] for each in late)


def test_units_do_not_matter():
    data, policy = episodes(0, 30), moved(episodes(1, 20), 1.0)
    units = np.array([1000.0, 0.001, 1.0])
    scaled = [
        dataclasses.replace(side, state=side.state * units) for side in (data, policy)
    ]
    one, other = shift(data, policy), shift(*scaled)
    assert one is not None
    assert other is not None
    assert one.auc == pytest.approx(other.auc)
    assert one.p == other.p


def test_pairs_are_counted_by_hand():
    """Scores 1 and 3 of the policy against 2 and 1: lost, tied, won, won."""
    cells = Cells(
        is_policy=np.array([False, False, True, True]),
        episode=np.array([0, 1, 2, 3]),
        stretch=np.zeros(4, int),
        fold=np.zeros(4, int),
    )
    score = np.array([2.0, 1.0, 1.0, 3.0])
    won, pairs = counted(score, cells, np.random.default_rng(0))
    assert won[0, 0] == 0 + 0.5 + 1 + 1
    assert pairs[0, 0] == 4


def test_pairs_are_of_one_fold_and_one_stretch():
    cells = Cells(
        is_policy=np.array([False, True, False, True]),
        episode=np.array([0, 2, 1, 3]),
        stretch=np.array([0, 1, 0, 0]),
        fold=np.array([0, 0, 1, 0]),
    )
    _, pairs = counted(np.arange(4.0), cells, np.random.default_rng(0))
    assert pairs[0].tolist() == [1, 0]


def test_a_stretch_counts_as_both_sides_rows_allow():
    """Two rows against six count 12/8, four against four 16/8."""
    cells = Cells(
        is_policy=np.repeat([False, True, False, True], [2, 6, 4, 4]),
        episode=np.arange(16),
        stretch=np.repeat([0, 1], 8),
        fold=np.zeros(16, int),
    )
    np.testing.assert_allclose(stretch_weights(cells), [1.5 / 3.5, 2 / 3.5])


def test_differences_are_of_means_at_equal_times():
    """Fold 0 has one stretch, where the policy's mean is 5 and the dataset's 1."""
    cells = Cells(
        is_policy=np.array([False, False, True, True]),
        episode=np.array([0, 1, 2, 3]),
        stretch=np.array([0, 0, 0, 1]),
        fold=np.zeros(4, int),
    )
    rows = np.array([[0.0], [2.0], [5.0], [100.0]])
    apart = differences(rows, cells)
    assert apart[0, 0] == 4.0
    assert not apart[1:].any()


def test_a_fold_is_judged_by_what_the_others_taught():
    """Another state in a fold changes no classifier that the fold is judged by."""
    generator = np.random.default_rng(0)
    fold = np.repeat(np.arange(FOLDS), 8)
    cells = Cells(
        np.tile([False, True], 4 * FOLDS), np.arange(8 * FOLDS), 0 * fold, fold
    )
    rows = generator.normal(size=(len(fold), 2))
    others = rows.copy()
    others[fold == 3] += 5.0
    one, other = (
        discriminants(each, cells, differences(each, cells)) for each in (rows, others)
    )
    np.testing.assert_array_equal(one[3], other[3])
    assert (one[4] != other[4]).any()


def test_whole_episodes_are_dealt_evenly():
    fold = dealt(25, np.random.default_rng(0))
    counts = np.bincount(fold, minlength=FOLDS)
    assert sorted(counts.tolist()) == [2] * 5 + [3] * 5


def test_swapping_no_fold_is_one_of_the_choices():
    """Where all folds agree nothing does better than no swap: 1 of 512."""
    apart = np.ones((FOLDS, 1))
    learned = np.ones((FOLDS, FOLDS, 1)) - np.eye(FOLDS)[:, :, None]
    assert swapped(apart, learned).p == 1 / 2 ** (FOLDS - 1)


def test_time_explains_away_what_drifts():
    step = np.arange(50)
    state = (2.0 * step)[:, None]
    drift = without_time(state, step, np.zeros(50, int))
    np.testing.assert_allclose(drift, 0, atol=1e-9)


def test_pictures_are_mixed_to_a_hundred_numbers():
    picture = np.random.default_rng(0).integers(256, size=(5, 8, 8, 4), dtype=np.uint8)
    assert mixed(picture[:, :, :, 0].reshape(5, -1)).shape == (5, 64)
    assert MOST_NUMBERS < 8 * 8 * 4
    assert mixed(picture.reshape(5, -1)).shape == (5, 100)


def test_the_map_keeps_what_lies_on_a_line():
    line = Visits(np.outer(np.arange(10.0), [3.0, 4.0]), np.arange(10), np.arange(10))
    found = plane(line.chosen(np.arange(5)), line.chosen(np.arange(5, 10)))
    assert found is not None
    assert found.variance == pytest.approx((1.0, 0.0))
    assert (np.diff(np.concatenate([found.data, found.policy])[:, 0]) > 0).all()


def test_a_map_of_nothing_is_none():
    one = episodes(0, 2)
    still = dataclasses.replace(one, state=np.zeros_like(one.state))
    assert plane(still, still) is None
    assert plane(one, one.chosen(np.zeros(len(one), bool))) is None
