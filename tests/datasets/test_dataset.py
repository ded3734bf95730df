"""A dataset only grows, and nothing gets in that cannot be learned from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novice.datasets.dataset import (
    Answers,
    BadRowsError,
    Dataset,
    Origin,
    batch_of,
)

ORIGIN = Origin(0, "demonstration", "somebody")


def answers(rows: int, *, first: int = 0, round: int = 0) -> Answers:
    """Rows whose numbers count on from `first`."""
    number = np.arange(first, first + rows)
    return Answers(
        observation=np.stack([number, -number], axis=1).astype(np.float32),
        action=(number % 5)[:, None].astype(np.int32),
        episode=(number // 10).astype(np.int32),
        step=(number % 10).astype(np.int32),
        origin=Origin(round, "correction", "somebody"),
    )


def test_a_dataset_is_empty_at_first():
    assert len(Dataset()) == 0


@given(sizes=st.lists(st.integers(0, 5), min_size=1, max_size=5))
def test_a_dataset_only_grows(sizes):
    dataset = Dataset()
    for round, rows in enumerate(sizes):
        before = dataset
        dataset = dataset.append(answers(rows, first=len(before), round=round))

        assert len(dataset) == len(before) + rows
        assert dataset.parts[:-1] == before.parts
    np.testing.assert_array_equal(
        dataset.column("observation")[:, 0], np.arange(sum(sizes))
    )


def test_appending_leaves_the_dataset_before_as_it_was():
    before = Dataset().append(answers(3))

    before.append(answers(2))

    assert len(before) == 3


def test_every_part_keeps_its_origin():
    dataset = Dataset().append(answers(3, round=0)).append(answers(2, round=1))

    assert [part.origin.round for part in dataset.parts] == [0, 1]


@pytest.mark.parametrize(("rows", "parts"), [(0, 0), (1, 1), (3, 1), (4, 2), (9, 2)])
def test_the_first_rows_are_whole_parts(rows, parts):
    dataset = Dataset().append(answers(3)).append(answers(2))

    assert dataset.first(rows).parts == dataset.parts[:parts]


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_an_observation_that_is_not_finite_is_refused(number):
    observation = np.zeros((3, 2), np.float32)
    observation[1, 0] = number
    good = answers(3)

    with pytest.raises(
        BadRowsError, match=r"^row 1 of the observations is .*1 bad of 3"
    ):
        Answers(observation, good.action, good.episode, good.step, ORIGIN)


def test_an_action_that_is_not_finite_is_refused():
    good = answers(3)
    action = np.float32([[0], [1], [np.nan]])

    with pytest.raises(BadRowsError, match=r"^row 2 of the actions is"):
        Answers(good.observation, action, good.episode, good.step, ORIGIN)


@pytest.mark.parametrize("name", ["action", "episode", "step"])
def test_columns_of_another_length_are_refused(name):
    columns = answers(3).columns()
    columns[name] = columns[name][:2]

    # The shape checks of the tests are the first to say so.
    with pytest.raises(Exception, match=r"rows=3|2 rows"):
        Answers(**columns, origin=ORIGIN)


def test_a_batch_holds_every_row_once():
    dataset = Dataset().append(answers(3)).append(answers(2, first=3))

    batch = batch_of(dataset, capacity=8)

    assert batch.valid.tolist() == [True] * 5 + [False] * 3
    np.testing.assert_array_equal(batch.weight, np.ones(8))
    np.testing.assert_array_equal(batch.observation[:5], dataset.column("observation"))
    np.testing.assert_array_equal(batch.target[:5], dataset.column("action"))


def test_the_padding_of_a_batch_is_finite():
    batch = batch_of(Dataset().append(answers(3)), capacity=8)

    assert not batch.observation[3:].any()
    assert not batch.target[3:].any()


def test_an_empty_dataset_cannot_be_learned_from():
    with pytest.raises(BadRowsError, match="the dataset is empty"):
        batch_of(Dataset(), capacity=8)


def test_a_dataset_that_is_too_large_is_not_cut():
    with pytest.raises(ValueError, match="9 rows do not fit a capacity of 8"):
        batch_of(Dataset().append(answers(9)), capacity=8)
