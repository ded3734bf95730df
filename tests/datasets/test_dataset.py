"""A dataset only grows, and nothing gets in that cannot be learned from."""

from typing import Any

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
from novice.learning.heads import Bernoulli, Categorical, gaussian

FIVE = Categorical((5,))
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

    batch = batch_of(dataset, FIVE, capacity=8)

    assert batch.valid.tolist() == [True] * 5 + [False] * 3
    np.testing.assert_array_equal(batch.weight, np.ones(8))
    np.testing.assert_array_equal(batch.observation[:5], dataset.column("observation"))
    np.testing.assert_array_equal(batch.target[:5], dataset.column("action"))


def test_the_padding_of_a_batch_is_finite():
    batch = batch_of(Dataset().append(answers(3)), FIVE, capacity=8)

    assert not batch.observation[3:].any()
    assert not batch.target[3:].any()


def test_an_empty_dataset_cannot_be_learned_from():
    with pytest.raises(BadRowsError, match="the dataset is empty"):
        batch_of(Dataset(), FIVE, capacity=8)


def test_a_dataset_that_is_too_large_is_not_cut():
    with pytest.raises(ValueError, match="9 rows do not fit a capacity of 8"):
        batch_of(Dataset().append(answers(9)), FIVE, capacity=8)


def said(
    *answers: tuple[int, list[int]], who: str = "Ada", round: int = 0, first: int = 0
) -> Answers:
    """What somebody answered: questions, and which of three actions they accept.

    The observations count on from `first`.
    """
    rows = len(answers)
    marks = np.array([marks for _, marks in answers], np.int8).reshape(rows, 3)
    return Answers(
        observation=np.arange(first, first + rows, dtype=np.float32)[:, None],
        action=marks.argmax(axis=1)[:, None].astype(np.int32),
        episode=np.zeros(rows, np.int32),
        step=np.zeros(rows, np.int32),
        origin=Origin(round, "correction", who),
        marks=marks,
        question=np.array([question for question, _ in answers], np.int64),
    )


LEFT, MIDDLE, RIGHT, ANY = [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]


def standing(*parts: Answers) -> list[bool]:
    return Dataset(parts).standing().tolist()


def test_answers_without_questions_stand_for_ever():
    assert standing(answers(2), answers(2)) == [True] * 4


def test_a_persons_later_answer_replaces_the_one_before():
    first = said((7, LEFT), (8, LEFT))
    second = said((8, RIGHT), (9, LEFT), round=1)

    assert standing(first, second) == [True, False, True, True]


def test_of_three_answers_to_one_question_the_last_stands():
    parts = [said((7, each), round=i) for i, each in enumerate([LEFT, MIDDLE, RIGHT])]

    assert standing(*parts) == [False, False, True]


def test_what_was_said_to_one_question_in_one_round_stands_together():
    """A segment is several rows; the answer that replaces it may be a single one."""
    segment = said((7, LEFT), (7, MIDDLE), (8, LEFT)), said((7, RIGHT))

    assert standing(*segment) == [True, True, True, True]
    assert standing(*segment, said((7, RIGHT), round=1)) == [
        *(False, False, True),
        False,
        True,
    ]


def test_the_round_says_which_answer_is_newer_not_the_order():
    assert standing(said((7, LEFT), round=2), said((7, RIGHT), round=1)) == [
        True,
        False,
    ]


def test_what_somebody_else_answers_replaces_nothing():
    assert standing(said((7, LEFT)), said((7, RIGHT), who="Bob")) == [True, True]


def test_an_answer_that_accepts_every_action_does_not_count():
    assert standing(said((7, LEFT), (8, ANY))) == [True, False]


def test_an_answer_is_taken_back_by_one_that_accepts_every_action():
    assert standing(said((7, LEFT)), said((7, ANY), round=1)) == [False, False]


def test_what_was_taken_back_can_be_answered_anew():
    parts = said((7, LEFT)), said((7, ANY), round=1), said((7, RIGHT), round=2)

    assert standing(*parts) == [False, False, True]


@given(
    rounds=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(["Ada", "Bob"]),
                st.integers(0, 3),
                st.sampled_from([LEFT, MIDDLE, RIGHT, ANY]),
            ),
            max_size=4,
        ),
        max_size=4,
    )
)
def test_who_answered_what_last_is_what_stands(rounds):
    dataset, last = Dataset(), {}
    for number, given_answers in enumerate(rounds):
        for (who, question), marks in {
            (who, question): marks for who, question, marks in given_answers
        }.items():
            before = dataset
            dataset = dataset.append(said((question, marks), who=who, round=number))
            last[who, question] = marks
            assert dataset.parts[:-1] == before.parts

    stands = dataset.standing()
    kept = {
        (part.origin.who, int(part.question[0])): part.marks[0].tolist()
        for part, stand in zip(dataset.parts, stands, strict=True)
        if stand
    }
    assert kept == {place: marks for place, marks in last.items() if marks != ANY}
    assert stands.sum() == len(kept)


def test_a_batch_holds_the_rows_that_stand():
    dataset = Dataset((said((7, LEFT), (8, LEFT)), said((7, RIGHT), first=2, round=1)))

    batch = batch_of(dataset, Categorical((3,)), capacity=4)

    assert batch.valid.tolist() == [True, True, False, False]
    assert batch.observation[:2].tolist() == [[1], [2]]
    assert batch.target[:2].tolist() == [LEFT, RIGHT]


def test_a_dataset_of_which_nothing_stands_cannot_be_learned_from():
    with pytest.raises(BadRowsError, match="the dataset is empty"):
        batch_of(Dataset((said((7, ANY)),)), Categorical((3,)), capacity=4)


def test_only_rows_that_stand_must_fit_the_capacity():
    dataset = Dataset((said((7, LEFT)), said((7, RIGHT), round=1)))

    assert batch_of(dataset, Categorical((3,)), capacity=1).valid.tolist() == [True]


def test_actions_are_targets_as_they_are_where_nobody_gave_sets():
    dataset = Dataset((answers(3),))

    assert not dataset.has_sets
    assert dataset.targets(FIVE).tolist() == [[0], [1], [2]]


def test_beside_sets_an_action_is_a_set_of_one():
    shown = Answers(
        np.zeros((2, 1), np.float32),
        np.int32([[2], [0]]),
        np.zeros(2, np.int32),
        np.arange(2),
        ORIGIN,
    )
    dataset = Dataset((shown, said((7, [1, 1, 0]))))

    assert dataset.has_sets
    assert dataset.targets(Categorical((3,))).tolist() == [RIGHT, LEFT, [1, 1, 0]]


def test_switches_learn_from_sets():
    dataset = Dataset((said((7, LEFT)),))
    marks = np.int8([[1, 0, 1, 1]])
    part = dataset.parts[0]
    switched = Answers(
        part.observation, np.int32([[0, 0]]), part.episode, part.step, ORIGIN, marks
    )

    assert Dataset((switched,)).targets(Bernoulli(2)).tolist() == marks.tolist()


def test_real_actions_cannot_be_learned_from_sets():
    dataset = Dataset((said((7, LEFT)),))

    with pytest.raises(BadRowsError) as refused:
        dataset.targets(gaussian((0.0,), (1.0,)))

    assert str(refused.value) == (
        "somebody answered with sets of actions, from which a policy with the head"
        " gaussian cannot learn"
    )


def test_marks_that_accept_no_action_are_refused():
    with pytest.raises(BadRowsError) as refused:
        said((7, LEFT), (8, [0, 0, 0]))

    assert str(refused.value) == "row 1 of the marks accepts no action at all"


@pytest.mark.parametrize("name", ["marks", "question"])
def test_peoples_columns_of_another_length_are_refused(name):
    columns = said((7, LEFT), (8, LEFT), (9, LEFT)).columns()
    columns[name] = columns[name][:2]

    # The shape checks of the tests are the first to say so.
    with pytest.raises(Exception, match=r"rows=3|2 rows"):
        Answers(**columns, origin=ORIGIN)


def test_what_is_settled_are_the_rows_that_stand_without_their_questions():
    shown = answers(2)
    dataset = Dataset(
        (
            said((7, LEFT), (8, LEFT), (9, ANY)),
            said((7, RIGHT), first=3, who="Bob", round=1),
            said((8, ANY), round=2),
            said((7, MIDDLE), first=9, round=3),
        )
    )

    (bob, ada) = dataset.settled().parts

    assert (bob.origin.who, bob.marks.tolist()) == ("Bob", [RIGHT])
    assert (ada.origin.who, ada.marks.tolist()) == ("Ada", [MIDDLE])
    assert ada.observation.tolist() == [[9]]
    assert bob.question is None and ada.question is None
    (same,) = Dataset((shown,)).settled().parts
    for name, column in shown.columns().items():
        np.testing.assert_array_equal(getattr(same, name), column)


PLANE = gaussian((0.0, 0.0), (1.0, 1.0))


def flown(
    *answers: tuple[int, tuple[float | None, float | None]],
    who: str = "Ada",
    round: int = 0,
    source: str = "correction",
    steps: list[int] | None = None,
) -> Answers:
    """What somebody answered about two real numbers, of which some may be unknown."""
    rows = len(answers)
    known = np.array([[n is not None for n in action] for _, action in answers])
    action = [[n or 0.0 for n in action] for _, action in answers]
    return Answers(
        observation=np.arange(rows, dtype=np.float32)[:, None],
        action=np.array(action, np.float32).reshape(rows, 2),
        episode=np.zeros(rows, np.int32),
        step=np.array(steps or range(rows), np.int32),
        origin=Origin(round, source, who),
        question=np.array([question for question, _ in answers], np.int64),
        known=None if known.all() else known.reshape(rows, 2),
    )


def test_real_actions_are_targets_as_they_are_where_all_is_known():
    dataset = Dataset((flown((7, (0.5, 1)), (8, (0, -1))),))

    assert not dataset.has_gaps
    assert dataset.targets(PLANE).tolist() == [[0.5, 1], [0, -1]]


def test_beside_what_is_known_in_part_an_action_says_what_is_known():
    dataset = Dataset((flown((7, (0.5, 1))), flown((8, (None, -1)), (9, (0, None)))))

    assert dataset.has_gaps
    assert dataset.targets(PLANE).tolist() == [
        [0.5, 1, 1, 1],
        [0, -1, 0, 1],
        [0, 0, 1, 0],
    ]
    assert dataset.targets(PLANE).dtype == np.float32


def test_the_batch_of_what_is_known_in_part_is_finite():
    dataset = Dataset((flown((7, (None, 1)), (8, (None, None))),))

    batch = batch_of(dataset, PLANE, capacity=4)

    assert batch.valid.tolist() == [True, False, False, False]
    assert batch.target.tolist() == [[0, 1, 0, 1], *[[0] * 4] * 3]


def test_an_action_of_which_nothing_is_known_takes_an_answer_back():
    parts = flown((7, (0.5, 1)), (8, (None, 1))), flown((7, (None, None)), round=1)

    assert standing(*parts) == [False, True, False]
    assert Dataset(parts).taught().tolist() == [False, True, False]


def test_choices_cannot_be_learned_from_a_part():
    part = said((7, LEFT))
    gaps = Answers(
        part.observation,
        part.action,
        part.episode,
        part.step,
        ORIGIN,
        known=np.zeros((1, 1), bool),
    )

    with pytest.raises(BadRowsError) as refused:
        Dataset((gaps,)).targets(Categorical((3,)))

    assert str(refused.value) == (
        "somebody answered with actions of which they know a part, from which a policy"
        " with the head categorical cannot learn"
    )


def test_rows_are_sets_or_known_in_part_but_not_both():
    columns = said((7, LEFT)).columns()

    with pytest.raises(BadRowsError) as refused:
        Answers(**columns, known=np.ones((1, 1), bool), origin=ORIGIN)

    assert str(refused.value) == (
        "rows have both marks and known numbers, but an action is either to choose from"
        " or real; give one of them"
    )


@pytest.mark.parametrize(
    "known", [np.ones((2, 1), bool), np.ones(2, bool), np.ones((2, 2), np.int8)]
)
def test_what_is_known_is_said_of_every_number(known):
    columns = flown((7, (0.5, 1)), (8, (0, -1))).columns()

    # The shape checks of the tests are the first to say so.
    with pytest.raises(Exception, match=r"known"):
        Answers(**columns, known=known, origin=ORIGIN)


def test_what_was_filled_in_counts_but_is_nobodys_label():
    keyframes = flown((7, (0, 0)), (7, (1, 1)), steps=[10, 12])
    between = flown((7, (0.5, 0.5)), source="interpolated", steps=[11])
    dataset = Dataset((keyframes, between))

    assert dataset.standing().tolist() == [True, True, True]
    assert dataset.taught().tolist() == [True, True, False]


def test_what_was_filled_in_goes_with_its_keyframes():
    keyframes = flown((7, (0, 0)), (7, (1, 1)), steps=[10, 12])
    between = flown((7, (0.5, 0.5)), source="interpolated", steps=[11])
    anew = flown((7, (1, 0)), round=1, steps=[12])

    assert standing(keyframes, between, anew) == [False, False, False, True]


def test_what_somebody_says_themselves_goes_before_what_was_filled_in():
    between = flown((7, (0.5, 0.5)), source="interpolated", steps=[11])

    def stands(**other: Any) -> bool:
        return standing(between, flown((9, (1, 0)), **{"steps": [11], **other}))[0]

    assert not stands()
    assert not stands(round=3)
    assert stands(steps=[12])
    assert stands(who="Bob")
    assert standing(between, flown((9, (None, None)), steps=[11])) == [True, False]


def test_right_answers_are_not_learned_from():
    gold = flown((7, (0, 0)), who="the law", source="gold")
    dataset = Dataset((gold, flown((7, (1, 1)))))

    assert dataset.standing().tolist() == [False, True]
    assert dataset.taught().tolist() == [False, True]


def test_what_was_demonstrated_is_taught():
    assert Dataset((answers(2),)).taught().tolist() == [True, True]
    assert Dataset().taught().tolist() == []


def test_what_is_settled_keeps_what_is_known():
    dataset = Dataset((flown((7, (None, 1)), (8, (None, None))),))

    (part,) = dataset.settled().parts

    assert part.known.tolist() == [[False, True]]
    assert part.question is None
