"""What people are asked about a visit, in which order, and of how many."""

import jax
import numpy as np
import pytest

from app.homemade import to_the_middle
from novice.algorithms.settings import PeopleSettings
from novice.app.asking import (
    BETWEEN_REPEATS,
    Examiner,
    distinct,
    gold_part,
    questions_of,
)
from novice.datasets.dataset import Origin
from novice.envs.task import make_task
from novice.experts.asking.strategies import Asked
from novice.experts.expert import AbstractExpert, Law, UnknownExpertError
from novice.experts.question import Question
from novice.inbox.store import NewQuestion
from novice.types import Trajectories

WALK = make_task("app.homemade:Walk-v0")
MIDDLE = Law("to the middle", to_the_middle)
KEY = jax.random.key(0)


def test_any_beginning_of_the_questions_is_a_fair_choice():
    """A third of the questions has as many late moments as all of them."""
    lengths, longest = [90, 60], 90
    valid = np.arange(longest)[None] < np.array(lengths)[:, None]
    seen = episodes(valid)

    asked = Asked(valid, np.zeros_like(valid), 0.0)
    put = questions_of(seen, asked, None, at_a_time=50, key=jax.random.key(3))

    first = [question.step for question in put[:50]]
    everything = [question.step for question in put]
    assert abs(np.mean(first) - np.mean(everything)) < 10
    assert sorted((q.episode, q.step) for q in put) == sorted(
        map(tuple, np.argwhere(valid).tolist())
    )
    for episode in (0, 1):
        steps = [q.step for q in put[:50] if q.episode == episode]
        assert steps == sorted(steps)


def episodes(valid: np.ndarray) -> Trajectories:
    """Episodes in which nothing happens, for as long as they are valid."""
    count, time = valid.shape
    nothing = np.zeros((count, time, 1), np.int32)
    return Trajectories(
        valid=valid,
        observation=np.zeros((count, time + 1, 1), np.float32),
        action_sampled=nothing,
        action_executed=nothing,
        expert_acted=np.zeros((count, time), bool),
        reward=np.zeros((count, time), np.float32),
        terminated=np.ones(count, bool),
        truncated=np.zeros(count, bool),
        seed=np.arange(count),
    )


def test_the_same_observation_is_asked_about_once():
    valid = np.array([[True, True, True], [True, True, False]])
    seen = episodes(valid)
    seen.observation[:, :, 0] = [[1, 2, 1, 0], [2, 3, 3, 0]]

    np.testing.assert_array_equal(
        distinct(seen), [[True, True, False], [False, True, False]]
    )


def questions(count: int) -> list[NewQuestion]:
    """Moments at places that go from left to right."""
    places = np.linspace(-1, 1, count, dtype=np.float32)
    return [
        NewQuestion(
            episode=0,
            step=step,
            rank=step,
            observation=np.array([place]),
            action=np.zeros(1, np.int32),
        )
        for step, place in enumerate(places)
    ]


def test_without_wishes_nothing_is_measured():
    examiner = Examiner(WALK, PeopleSettings())

    assert not examiner.measures
    put = questions(5)
    assert examiner.prepared(put, key=KEY) == put


def test_a_share_of_the_questions_is_put_to_two_people():
    examiner = Examiner(WALK, PeopleSettings(overlap=0.25))

    put = examiner.prepared(questions(2_000), key=KEY)

    assert examiner.measures
    assert len(put) == 2_000
    shared = np.mean([question.wanted == 2 for question in put])
    # Four standard errors of a share of 2,000.
    assert abs(shared - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 2_000)
    assert {question.wanted for question in put} == {1, 2}


def test_a_repeat_comes_some_way_behind_and_looks_the_same():
    examiner = Examiner(WALK, PeopleSettings(repeats=0.2))

    put = examiner.prepared(questions(500), key=KEY)

    again = [question for question in put if question.repeats is not None]
    assert 60 < len(again) < 140
    assert len(put) == 500 + len(again)
    assert [question.rank for question in put] == list(range(len(put)))
    for question in again:
        original = put[question.repeats]
        assert original.repeats is None
        assert question.rank - original.rank > BETWEEN_REPEATS
        assert (question.episode, question.step) == (original.episode, original.step)
        assert question.observation is original.observation
        assert question.wanted == 1


def test_right_answers_are_known_for_a_share():
    examiner = Examiner(WALK, PeopleSettings(gold=0.5), MIDDLE)

    put = examiner.prepared(questions(400), key=KEY)

    gold = [question for question in put if question.gold is not None]
    assert 150 < len(gold) < 250
    for question in gold:
        assert question.gold == (int(question.observation[0] < 0),)
        assert question.gold_by == "to the middle"


def test_somebody_must_know_the_right_answers():
    with pytest.raises(UnknownExpertError, match=r"--gold 0.1 .* --gold-by"):
        Examiner(WALK, PeopleSettings(gold=0.1))


def test_who_remembers_cannot_know_single_moments():
    class Elder(AbstractExpert):
        name = "an elder"

        def start(self):
            return 0

        def act(self, memory, observation):
            return 0, memory + 1

    with pytest.raises(UnknownExpertError, match="an elder remembers the episode"):
        Examiner(WALK, PeopleSettings(gold=0.1), Elder())


def test_right_answers_become_rows_of_their_own():
    asked = [
        Question(
            id=number,
            visit=0,
            episode=3,
            step=number,
            observation=np.array([number], np.float32),
            action=np.zeros(1, np.int32),
        )
        for number in (1, 2, 3)
    ]
    origin = Origin(4, "gold", "to the middle")

    part = gold_part({2: (1,)}, asked, action_type=np.dtype(np.int32), origin=origin)

    assert part is not None
    assert part.question.tolist() == [2]
    assert part.action.tolist() == [[1]]
    assert part.observation.tolist() == [[2.0]]
    assert part.origin == origin
    nothing = gold_part({}, asked, action_type=np.dtype(np.int32), origin=origin)
    assert nothing is None
