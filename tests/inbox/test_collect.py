"""What people answered becomes rows; what they took back does not count."""

from dataclasses import replace

import numpy as np
import pytest

from novice.datasets.dataset import Dataset
from novice.experts.question import Answer, Question
from novice.inbox.collect import (
    accepts,
    first_marked,
    harvest,
    looked_ahead,
    places_of,
)
from novice.inbox.content import KeptAnswer

OPTIONS = (3,)


def question(number: int) -> Question:
    """Question `n` shows [n, -n], where the policy took action 0."""
    return Question(
        id=number,
        visit=0,
        episode=number // 10,
        step=number % 10,
        observation=np.array([number, -number], np.float32),
        action=np.array([0], np.int32),
    )


def said(*answers: tuple) -> list[KeptAnswer]:
    """Answers in order: (who, question, verdict, *actions).

    An action is a number, or several; a segment's are behind their steps.
    """
    return [
        KeptAnswer(
            id=number,
            answer=Answer(
                uuid=f"{number:032x}",
                question=asked,
                who=who,
                verdict=verdict,
                actions=tuple(
                    tuple(each) if isinstance(each, list) else (each,)
                    for each in (
                        actions[1:] if verdict in {"hold", "linear"} else actions
                    )
                ),
                steps=actions[0] if verdict in {"hold", "linear"} else (),
                seconds=2.0,
            ),
            received=0.0,
            late=False,
        )
        for number, (who, asked, verdict, *actions) in enumerate(answers, start=5)
    ]


def seen_before(question: Question, before: int) -> np.ndarray:
    """What was seen so many steps before: the number of the step, and of the steps."""
    return np.array([question.step - before, before], np.float32)


def come_of(*answers: tuple, known=frozenset(), round: int = 4):
    return harvest(
        said(*answers),
        question,
        OPTIONS,
        known=known,
        round=round,
        observed=seen_before,
    )


def test_an_answer_becomes_a_row_with_what_was_seen_and_who_said_so():
    come = come_of(("ana", 12, "action", 2))

    (part,) = come.parts
    assert part.origin == type(part.origin)(4, "correction", "ana")
    np.testing.assert_array_equal(part.observation, [[12, -12]])
    np.testing.assert_array_equal(part.action, [[2]])
    np.testing.assert_array_equal(part.marks, [[0, 0, 1]])
    assert (part.question[0], part.episode[0], part.step[0]) == (12, 1, 2)
    assert (come.last, come.labels, come.seconds) == (5, 1, 2.0)


def test_several_actions_and_wrong_ones_become_sets():
    come = come_of(("ana", 1, "action", 0, 2), ("ana", 2, "wrong", 1))

    np.testing.assert_array_equal(come.parts[0].marks, [[1, 0, 1], [1, 0, 1]])


@pytest.mark.parametrize("verdict", ["unsure", "any", "skip", "report"])
def test_what_tells_nothing_costs_time_and_is_no_label(verdict):
    come = come_of(("ana", 1, verdict))

    assert (come.parts, come.labels, come.seconds, come.last) == ((), 0, 2.0, 5)


def test_the_last_answer_of_a_person_stands():
    come = come_of(("ana", 1, "action", 0), ("ana", 1, "action", 2))

    np.testing.assert_array_equal(come.parts[0].action, [[2]])
    assert (come.labels, come.last, come.seconds) == (1, 6, 4.0)


def test_people_do_not_overwrite_each_other():
    come = come_of(("bo", 1, "action", 0), ("ana", 1, "action", 2))

    assert [part.origin.who for part in come.parts] == ["ana", "bo"]
    assert come.labels == 2


def test_what_is_taken_back_later_no_longer_counts_in_the_dataset():
    first = come_of(("ana", 1, "action", 0), ("ana", 2, "action", 1))
    dataset = Dataset().append(first.parts[0])

    later = come_of(("ana", 1, "unsure"), known=places_of(dataset), round=5)
    dataset = dataset.append(later.parts[0])

    assert later.labels == 0
    np.testing.assert_array_equal(dataset.standing(), [False, True, False])


def test_corrected_says_where_the_policy_had_done_something_else():
    come = come_of(
        ("ana", 1, "action", 0),
        ("ana", 2, "action", 0, 1),
        ("ana", 3, "action", 2),
        ("ana", 4, "wrong", 0),
        ("ana", 5, "unsure"),
    )

    np.testing.assert_array_equal(come.corrected, [False, False, True, True])


def test_an_action_of_several_numbers_is_accepted_as_a_whole():
    marks = np.array([0, 1, 1, 0, 1], np.int8)  # 1 of two, 0 or 2 of three

    assert accepts(marks, np.array([1, 2]), (2, 3))
    assert not accepts(marks, np.array([1, 1]), (2, 3))
    assert not accepts(marks, np.array([0, 2]), (2, 3))
    np.testing.assert_array_equal(first_marked(marks[None], (2, 3)), [[1, 0]])


def test_held_choices_become_rows_of_their_own_and_of_the_steps_between():
    come = come_of(("ana", 17, "hold", (5, 3, 0), 2, 1, 0))

    own, between = come.parts
    assert (own.origin.source, between.origin.source) == ("correction", "interpolated")
    assert own.step.tolist() == [2, 4, 7]
    assert own.marks.tolist() == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert own.observation.tolist() == [[2, 5], [4, 3], [17, -17]]
    assert between.step.tolist() == [3, 5, 6]
    assert between.action.tolist() == [[2], [1], [1]]
    assert between.observation.tolist() == [[3, 4], [5, 2], [6, 1]]
    assert {*own.question.tolist(), *between.question.tolist()} == {17}
    assert {*own.episode.tolist(), *between.episode.tolist()} == {1}
    # The last keyframe is about the moment, where the policy took action 0, too.
    assert (come.labels, come.corrected.tolist()) == (3, [False])


def test_a_segment_that_ends_before_the_moment_says_nothing_about_it():
    come = come_of(("ana", 17, "hold", (5, 4), 2, 1))

    assert len(come.parts) == 1, "nothing lies between neighbors"
    assert (come.labels, come.corrected.tolist()) == (2, [])


def test_a_keyframe_before_the_beginning_is_about_nothing():
    come = come_of(("ana", 12, "hold", (5, 2, 0), 2, 1, 0))

    own, between = come.parts
    assert (own.step.tolist(), between.step.tolist()) == ([0, 2], [1])
    assert come.labels == 2


PUSHED = np.array([0.5, -1.0], np.float32)
HALF_RANGE = np.array([1.0, 5.0], np.float32)


def moment(number: int) -> Question:
    """Question `n` of a task with real actions, where the policy took `PUSHED`."""
    return replace(question(number), action=PUSHED)


def pushed(*answers: tuple, known=frozenset(), round: int = 4):
    return harvest(
        said(*answers),
        moment,
        (),
        known=known,
        round=round,
        half_range=HALF_RANGE,
        observed=seen_before,
    )


def test_a_real_answer_becomes_a_row_without_marks():
    come = pushed(("ana", 12, "action", [0.25, 2.0]))

    (part,) = come.parts
    assert part.action.dtype == np.float32
    assert part.action.tolist() == [[0.25, 2]]
    assert part.columns().keys() == {
        *("observation", "action", "episode", "step", "question"),
    }


def test_what_somebody_does_not_know_is_not_in_the_row():
    come = pushed(("ana", 1, "action", [None, 2.0]), ("ana", 2, "action", [1.0, 0.0]))

    (part,) = come.parts
    assert part.known.tolist() == [[False, True], [True, True]]
    assert part.action.tolist() == [[0, 2], [1, 0]]
    assert come.labels == 2


def test_a_real_answer_is_taken_back():
    dataset = Dataset(pushed(("ana", 1, "action", [0.5, 2])).parts)

    later = pushed(("ana", 1, "unsure"), known=places_of(dataset), round=5)
    dataset = dataset.append(later.parts[0])

    assert (later.labels, later.corrected.tolist()) == (0, [])
    assert later.parts[0].known.tolist() == [[False, False]]
    assert dataset.standing().tolist() == [False, False]


@pytest.mark.parametrize(
    ("action", "corrected"),
    [
        # A tenth of the ranges, which are 2 and 10, is 0.2 and 1.
        ([0.5, -1.0], False),
        ([0.69, -1.99], False),
        ([0.31, -0.01], False),
        ([0.71, -1.0], True),
        ([0.5, -2.01], True),
        ([None, -1.9], False),
        ([None, 0.1], True),
        ([0.1, None], True),
    ],
)
def test_a_real_action_is_corrected_by_more_than_a_tenth_of_its_range(
    action, corrected
):
    assert pushed(("ana", 1, "action", action)).corrected.tolist() == [corrected]


def test_between_keyframes_lies_a_straight_line():
    come = pushed(("ana", 17, "linear", (5, 1, 0), [1.0, 4.0], [0.0, 0.0], [0.5, -1.0]))

    own, between = come.parts
    assert own.step.tolist() == [2, 6, 7]
    assert own.action.tolist() == [[1, 4], [0, 0], [0.5, -1]]
    assert between.step.tolist() == [3, 4, 5]
    assert between.action.tolist() == [[0.75, 3], [0.5, 2], [0.25, 1]]
    assert between.known is None and between.action.dtype == np.float32
    assert (come.labels, come.corrected.tolist()) == (3, [False])


def test_real_actions_are_held_until_the_next_keyframe():
    come = pushed(("ana", 17, "hold", (3, 0), [1.0, 4.0], [0.0, 0.0]))

    assert come.parts[1].action.tolist() == [[1, 4], [1, 4]]


def test_a_segment_is_replaced_as_a_whole():
    first = pushed(("ana", 17, "linear", (5, 1), [1, 4], [0, 0]))
    dataset = Dataset(first.parts)

    later = pushed(("ana", 17, "action", [1, 1]), known=places_of(dataset), round=5)
    dataset = dataset.append(later.parts[0])

    assert dataset.standing().tolist() == [False] * 5 + [True]
    assert int(dataset.taught().sum()) == later.labels == 1


def test_everybodys_keyframes_stay_theirs():
    come = pushed(
        ("bo", 17, "linear", (2, 0), [1, 4], [0, 0]),
        ("ana", 17, "linear", (2, 0), [0, 0], [1, 4]),
        ("cy", 17, "action", [0, 0]),
    )

    assert [(part.origin.who, part.origin.source) for part in come.parts] == [
        ("ana", "correction"),
        ("ana", "interpolated"),
        ("bo", "correction"),
        ("bo", "interpolated"),
        ("cy", "correction"),
    ]
    assert come.labels == 5


def test_a_look_ahead_at_real_actions_is_told_from_the_others():
    kept = said(("ana", 1, "action", [0.5, 4.0]), ("ana", 2, "action", [None, -1.0]))
    first = replace(kept[0].answer, shown={"consequences": True})

    looks = looked_ahead(
        [replace(kept[0], answer=first), kept[1]], moment, (), half_range=HALF_RANGE
    )

    assert looks["looked"]["corrected"] == 1.0
    assert looks["not_looked"]["corrected"] == 0.0


def test_answers_after_a_look_ahead_are_told_from_the_others():
    kept = said(("ana", 1, "action", 0), ("ana", 2, "action", 1), ("ana", 3, "unsure"))
    first = replace(kept[0].answer, shown={"consequences": True}, seconds=4.0)

    looks = looked_ahead([replace(kept[0], answer=first), *kept[1:]], question, OPTIONS)

    assert looks == {
        "looked": {"answers": 1, "corrected": 0.0, "seconds": 4.0},
        "not_looked": {"answers": 1, "corrected": 1.0, "seconds": 2.0},
    }
    assert looked_ahead(kept, question, OPTIONS) == {}


def test_what_was_seen_before_an_answer_is_kept_with_it():
    come = harvest(
        said(("ana", 13, "action", 1), ("ana", 21, "action", 1)),
        question,
        OPTIONS,
        known=frozenset(),
        round=0,
        observed=seen_before,
        past=2,
    )
    (part,) = come.parts

    # Question 13 is about step 3, question 21 about step 1: before the beginning stands
    # the first step again.
    assert part.step.tolist() == [3, 1]
    assert part.before[:, :, 0].tolist() == [[1, 2], [0, 0]]


def test_without_a_history_nothing_of_before_is_kept():
    (part,) = come_of(("ana", 13, "action", 1)).parts

    assert part.before is None
