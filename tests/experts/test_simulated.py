"""A simulated person is wrong, unsure and slow as often as they were told to be."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import scipy.stats
from gymnasium import spaces

from novice.envs.task import Task
from novice.experts.controllers import built_in_expert
from novice.experts.expert import Law, UnknownExpertError
from novice.experts.simulated import SPREAD_OF_REACTIONS, Reply, SimulatedPerson
from toys import task_of

# With this many answers a share is known to 1 or 2 percentage points.
MANY = 4_000
TASK = task_of(spaces.Discrete(4))
SEEN = np.zeros(2, np.float32)
THE_LAST = Law("the last", lambda observation: 3)


def person(
    *, seed: int = 0, task: Task = TASK, law: Law = THE_LAST, **traits: float
) -> SimulatedPerson:
    return SimulatedPerson(task, law, np.random.default_rng(seed), **traits)


def replies(count: int = MANY, **given: Any) -> list[Reply]:
    somebody = person(**given)
    return [somebody.reply(SEEN) for _ in range(count)]


def within_chance(share: float, expected: float) -> bool:
    """Whether so many answers may well have such a share: four standard deviations."""
    return abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / MANY)


def test_whoever_has_no_lapses_says_what_the_expert_says():
    said = replies(100)

    assert {(each.verdict, each.actions) for each in said} == {("action", ((3,),))}


def test_a_lapse_is_any_action_one_as_likely_as_the_other():
    said = Counter(each.actions[0][0] for each in replies(lapses=0.4))

    # A quarter of the lapses is right by chance.
    for action, expected in ((0, 0.1), (1, 0.1), (2, 0.1), (3, 0.7)):
        assert within_chance(said[action] / MANY, expected), (action, said)


def test_so_many_questions_are_too_hard():
    said = replies(unsure=0.2)

    hard = [each for each in said if each.verdict == "unsure"]
    assert within_chance(len(hard) / MANY, 0.2)
    assert {each.actions for each in hard} == {()}


def test_lapses_are_a_share_of_what_is_answered():
    said = replies(unsure=0.5, lapses=0.4)

    answered = [each for each in said if each.verdict == "action"]
    wrong = sum(each.actions != ((3,),) for each in answered)
    assert within_chance(len(answered) / MANY, 0.5)
    assert within_chance(wrong / MANY, 0.5 * 0.4 * 3 / 4)


@pytest.mark.parametrize("reaction", [0.2, 1.5])
def test_reaction_times_have_the_mean_and_the_spread_that_was_asked_for(reaction):
    seconds = np.array([each.seconds for each in replies(reaction=reaction)])

    # The variance of a log-normal number: its mean squared, times e^(s^2) - 1.
    deviation = reaction * np.sqrt(np.expm1(SPREAD_OF_REACTIONS**2))
    assert abs(seconds.mean() - reaction) < 4 * deviation / np.sqrt(MANY)
    assert np.log(seconds).std() == pytest.approx(SPREAD_OF_REACTIONS, rel=0.05)
    assert seconds.min() > 0


def test_the_same_seed_is_the_same_person():
    traits = {"lapses": 0.3, "unsure": 0.3}

    assert replies(50, seed=1, **traits) == replies(50, seed=1, **traits)
    assert replies(50, seed=1, **traits) != replies(50, seed=2, **traits)


def test_what_is_hard_to_one_takes_the_other_as_long():
    sure, unsure = replies(50), replies(50, unsure=0.5, lapses=0.5)

    assert [each.seconds for each in sure] == [each.seconds for each in unsure]


def test_the_expert_sees_what_the_task_shows():
    cells = task_of(spaces.Discrete(2), spaces.Discrete(3))
    shown: list[int] = []
    law = Law("looking", lambda observation: shown.append(observation) or 0)

    person(task=cells, law=law).reply(np.float32([0, 0, 1]))

    assert shown == [2]


def test_an_action_counts_from_zero_whatever_the_task_calls_it():
    task = task_of(spaces.Discrete(3, start=5))

    said = person(task=task, law=Law("six", lambda observation: 6)).reply(SEEN)

    assert said.actions == ((1,),)


def test_several_choices_are_answered_all_at_once():
    task = task_of(spaces.MultiDiscrete([2, 5]))
    law = Law("both", lambda observation: np.array([1, 4]))

    assert person(task=task, law=law).reply(SEEN).actions == ((1, 4),)
    lapse = person(task=task, law=law, lapses=1.0).reply(SEEN).actions
    assert len(lapse[0]) == 2 and 0 <= lapse[0][0] < 2 and 0 <= lapse[0][1] < 5


# A steering angle in [-1, 1], and a throttle in [0, 10].
CAR = task_of(spaces.Box(np.float32([-1, 0]), np.float32([1, 10])))
STRAIGHT_ON = Law("straight on", lambda observation: np.array([0.25, 6.0]))


def driven(**traits: float) -> np.ndarray:
    """What is answered about a car; the answers one below the other."""
    said = replies(task=CAR, law=STRAIGHT_ON, **traits)
    assert {(each.verdict, len(each.actions)) for each in said} == {("action", 1)}
    return np.array([each.actions[0] for each in said])


def test_real_actions_are_given_as_the_expert_gives_them():
    assert np.unique(driven(), axis=0).tolist() == [[0.25, 6.0]]


def test_nobody_gives_a_real_action_beyond_its_bounds():
    law = Law("too much", lambda observation: np.array([-3.0, 11.0]))

    assert person(task=CAR, law=law).reply(SEEN).actions == ((-1.0, 10.0),)
    trembling = driven(tremor=2.0)
    assert (trembling.min(axis=0), trembling.max(axis=0)) == (
        pytest.approx([-1, 0]),
        pytest.approx([1, 10]),
    )


def test_a_lapse_is_anywhere_between_the_bounds():
    lapses = (driven(lapses=1.0, tremor=0.5) - [-1, 0]) / [2, 10]

    for column in lapses.T:
        assert scipy.stats.kstest(column, "uniform").pvalue > 1e-3


def test_a_tremor_is_an_error_in_half_ranges():
    errors = (driven(tremor=0.1) - [0.25, 6.0]) / [1, 5]

    for column in errors.T:
        assert scipy.stats.kstest(column, scipy.stats.norm(0, 0.1).cdf).pvalue > 1e-3
    assert abs(np.corrcoef(errors.T)[0, 1]) < 4 / np.sqrt(MANY)


def test_choices_do_not_tremble():
    assert replies(50, tremor=3.0) == replies(50)


def test_nobody_takes_them_for_a_real_person():
    assert person().name == "simulated the last"


def test_whoever_remembers_the_episode_is_refused():
    task = task_of(spaces.Box(-1, 1, (4,)), spaces.Box(-1, 1, (24,)))
    walker = built_in_expert("BipedalWalker-v3", {})

    with pytest.raises(UnknownExpertError) as refusal:
        SimulatedPerson(task, walker, np.random.default_rng(0))

    assert str(refusal.value) == (
        f"{walker.name} remembers the episode, but a simulated person is shown single"
        " moments; name an expert that needs the present observation alone"
    )
