"""Who is asked about what, and what the expert had seen when it answered."""

from typing import Any

import equinox as eqx
import jax
import numpy as np
import pytest
import scipy.stats
from gymnasium import spaces

from novice.datasets.dataset import Origin
from novice.envs.task import BadActionError
from novice.experts.acting import ExpertActor
from novice.experts.ask import answers, as_done, at_random, everything
from novice.experts.expert import AbstractExpert, Law
from novice.types import Trajectories
from toys import Parade, task_of

KEY = jax.random.key(0)
ORIGIN = Origin(3, "correction", "somebody")
TASK = task_of(spaces.Discrete(100, start=10), spaces.Box(0, 100, (1,)))


def visited(*lengths: int) -> Trajectories:
    """Episodes of these lengths; the observation says 10 · episode + step, and
    whoever acted chose that number, but their hand slipped.
    """
    time = max(lengths)
    number = 10 * np.arange(len(lengths))[:, None] + np.arange(time + 1)
    chosen = number[:, :-1, None].astype(np.int32)
    return Trajectories(
        observation=number[..., None].astype(np.float32),
        action_sampled=chosen,
        action_executed=chosen + 1,
        expert_acted=np.zeros((len(lengths), time), bool),
        reward=np.zeros((len(lengths), time), np.float32),
        valid=np.arange(time) < np.array(lengths)[:, None],
        terminated=np.ones(len(lengths), bool),
        truncated=np.zeros(len(lengths), bool),
        seed=np.arange(len(lengths)),
    )


def test_everything_is_asked_in_the_order_of_the_visits():
    asked = everything(visited(2, 3, 1), at_most=4)

    np.testing.assert_array_equal(asked, [[1, 1, 0], [1, 1, 0], [0, 0, 0]])


def test_everything_is_no_more_than_what_was_visited():
    seen = visited(2, 3, 1)

    np.testing.assert_array_equal(everything(seen, at_most=99), seen.valid)


@pytest.mark.parametrize(("at_most", "asked"), [(1, 1), (4, 4), (6, 6), (99, 6)])
def test_a_random_choice_is_as_large_as_it_may_be(at_most, asked):
    assert at_random(visited(2, 3, 1), at_most=at_most, key=KEY).sum() == asked


def test_a_random_choice_takes_every_visited_state_equally_often_and_padding_never():
    seen = visited(2, 3, 1)

    times = sum(
        at_random(seen, at_most=2, key=key).astype(int)
        for key in jax.random.split(KEY, 200)
    )

    assert not times[~seen.valid].any()
    # Two of six states are drawn without replacement, so that counts spread less.
    assert scipy.stats.chisquare(times[seen.valid]).pvalue > 1e-3
    assert times.sum() == 200 * 2


def test_a_random_choice_follows_its_key():
    seen = visited(20, 30, 10)

    first, again = (at_random(seen, at_most=9, key=KEY) for _ in range(2))
    other = at_random(seen, at_most=9, key=jax.random.key(1))

    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_demonstration_answers_with_what_was_chosen_whatever_the_hand_did():
    seen = visited(2, 3)

    given = as_done(seen, everything(seen, at_most=4), origin=ORIGIN)

    np.testing.assert_array_equal(given.action[:, 0], [0, 1, 10, 11])


class Diarist(AbstractExpert):
    """Answers with the sum of all that it has seen in the episode, itself included.

    Its memory is of the kind it is told to be.
    """

    name = "diarist"

    def __init__(self, kind: type):
        self._kind = kind

    def start(self) -> Any:
        return self._kind([])

    def act(self, memory: Any, observation: np.ndarray) -> tuple[int, Any]:
        diary = [*np.ravel(memory).tolist(), float(observation[0])]
        return 10 + int(sum(diary)), self._kind(diary)


def as_array(diary: list[float]) -> np.ndarray:
    return np.array([0.0, 0.0, *diary])


@pytest.mark.parametrize("kind", [list, tuple, np.array, as_array])
def test_an_expert_with_a_memory_sees_the_episode_from_its_start(kind):
    seen = visited(4, 3)
    asked = np.array([[0, 0, 1, 0], [0, 1, 1, 0]], bool)

    given = answers(Diarist(kind), TASK, seen, asked, origin=ORIGIN)

    np.testing.assert_array_equal(
        given.action[:, 0], [0 + 1 + 2, 10 + 11, 10 + 11 + 12]
    )


def test_an_expert_without_a_memory_is_asked_no_more_often_than_needed():
    looks = []

    def look(observation: np.ndarray) -> int:
        looks.append(float(observation[0]))
        return 10

    asked = np.array([[0, 0, 1, 0], [0, 1, 1, 0]], bool)
    answers(Law("looker", look), TASK, visited(4, 3), asked, origin=ORIGIN)

    assert looks == [2, 11, 12]


def test_a_row_knows_its_observation_its_place_and_its_origin():
    seen = visited(4, 3)
    asked = np.array([[0, 0, 1, 0], [0, 1, 1, 0]], bool)

    given = answers(Law("ten", lambda _: 10), TASK, seen, asked, origin=ORIGIN)

    np.testing.assert_array_equal(given.observation[:, 0], [2, 11, 12])
    np.testing.assert_array_equal(given.episode, [0, 1, 1])
    np.testing.assert_array_equal(given.step, [2, 1, 2])
    assert given.origin == ORIGIN


def test_an_answer_that_the_task_does_not_have_is_refused():
    seen = visited(2)

    with pytest.raises(BadActionError, match=r"^nine gave the action 9"):
        answers(Law("nine", lambda _: 9), TASK, seen, seen.valid, origin=ORIGIN)


def test_an_expert_sees_the_tasks_own_observations():
    space = Parade.observation_space
    task = task_of(spaces.Discrete(2), space)
    looks = []

    def look(observation: Any) -> int:
        looks.append(observation)
        return 0

    space.seed(0)
    shown = [space.sample() for _ in range(3)]
    vectors = np.stack([task.vector(observation) for observation in shown])
    actor = ExpertActor(Law("looker", look), task, slots=3)
    actor.act(vectors)

    for seen, expected in zip(looks, shown, strict=True):
        assert space.contains(seen)
        np.testing.assert_array_equal(seen["place"], expected["place"])
        assert seen["kind"][0] == expected["kind"][0]


def test_an_acting_expert_keeps_a_memory_for_every_slot_and_episode():
    actor = ExpertActor(Diarist(tuple), TASK, slots=2)
    actor.begin(0, 0)
    actor.begin(1, 1)

    first = actor.act(np.float32([[1], [2]])).executed
    second = actor.act(np.float32([[3], [4]])).executed
    actor.begin(0, 2)
    third = actor.act(np.float32([[5], [6]])).executed

    np.testing.assert_array_equal(first[:, 0], [1, 2])
    np.testing.assert_array_equal(second[:, 0], [1 + 3, 2 + 4])
    np.testing.assert_array_equal(third[:, 0], [5, 2 + 4 + 6])


class Prophet(AbstractExpert):
    """Knows an episode by its seed: answers with ten for each, and the step."""

    name = "prophet"

    def start(self) -> int:
        return 90

    def begin(self, seed: int) -> int:
        assert type(seed) is int
        return 10 * seed

    def act(self, memory: int, observation: np.ndarray) -> tuple[int, int]:
        return memory, memory + 1


def test_whoever_knows_an_episode_beforehand_answers_by_its_seed():
    seen = eqx.tree_at(lambda s: s.seed, visited(2, 3, 3), np.array([5, 3, 7]))
    asked = np.array([[0, 0, 0], [1, 0, 1], [0, 1, 0]], bool)

    given = answers(Prophet(), TASK, seen, asked, origin=ORIGIN)

    # Numbers of this task begin at ten.
    np.testing.assert_array_equal(given.action[:, 0] + 10, [30, 32, 71])


def test_an_acting_expert_is_told_the_seed_of_the_episode_that_begins():
    actor = ExpertActor(Prophet(), TASK, slots=2, seeds=np.array([5, 3, 7]))
    actor.begin(0, 1)
    nothing = np.zeros((2, 1), np.float32)

    # In the other slot nothing has begun, so it stands for the first episode.
    first = actor.act(nothing).executed[:, 0] + 10
    actor.begin(1, 2)
    second = actor.act(nothing).executed[:, 0] + 10

    assert (first.tolist(), second.tolist()) == ([30, 50], [31, 70])


def test_an_acting_expert_that_is_told_no_seeds_starts_as_ever():
    actor = ExpertActor(Prophet(), TASK, slots=1)
    actor.begin(0, 1)

    assert actor.act(np.zeros((1, 1), np.float32)).executed.tolist() == [[90 - 10]]


def test_an_acting_expert_says_that_it_acted():
    decision = ExpertActor(Law("ten", lambda _: 10), TASK, slots=2).act(
        np.float32([[1], [2]])
    )

    assert decision.expert_acted.tolist() == [True, True]
    np.testing.assert_array_equal(decision.sampled, [[0], [0]])
