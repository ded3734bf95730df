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
    """Answers in order: (who, question, verdict, *actions)."""
    return [
        KeptAnswer(
            id=number,
            answer=Answer(
                uuid=f"{number:032x}",
                question=asked,
                who=who,
                verdict=verdict,
                actions=tuple((action,) for action in actions),
                seconds=2.0,
            ),
            received=0.0,
            late=False,
        )
        for number, (who, asked, verdict, *actions) in enumerate(answers, start=5)
    ]


def come_of(*answers: tuple, known=frozenset()):
    return harvest(said(*answers), question, OPTIONS, known=known, round=4)


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

    later = come_of(("ana", 1, "unsure"), known=places_of(dataset))
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


def test_answers_after_a_look_ahead_are_told_from_the_others():
    kept = said(("ana", 1, "action", 0), ("ana", 2, "action", 1), ("ana", 3, "unsure"))
    first = replace(kept[0].answer, shown={"consequences": True}, seconds=4.0)

    looks = looked_ahead([replace(kept[0], answer=first), *kept[1:]], question, OPTIONS)

    assert looks == {
        "looked": {"answers": 1, "corrected": 0.0, "seconds": 4.0},
        "not_looked": {"answers": 1, "corrected": 1.0, "seconds": 2.0},
    }
    assert looked_ahead(kept, question, OPTIONS) == {}
