"""When more labels no longer pay, on numbers that can be checked by hand."""

import numpy as np
import pytest

from novice.evaluation.stopping import (
    Apart,
    Measured,
    Scale,
    enough,
    first_enough,
    last_thirds,
)

EPISODES = 20
CHANCE = np.linspace(-1.0, 1.0, EPISODES)
EXPERT = 100 + CHANCE


def rounds(*means, scatter=1.0):
    """A round every 100 labels, whose episodes lie `scatter` around its mean."""
    rng = np.random.default_rng(0)
    return [
        Measured(
            round=number,
            labels=100 * (number + 1),
            returns=mean + scatter * rng.normal(size=EPISODES),
        )
        for number, mean in enumerate(means)
    ]


def apart(*means, half=0.01):
    """The same without a reward: only how far policy and teacher are apart."""
    return [
        Measured(
            round=number,
            labels=100 * (number + 1),
            apart=Apart(mean=mean, low=mean - half, high=mean + half),
        )
        for number, mean in enumerate(means)
    ]


BY_EXPERT = Scale(chance=CHANCE, expert=EXPERT)
BY_PEOPLE = Scale(chance=CHANCE)


def test_it_is_enough_where_the_policy_cannot_be_told_from_its_expert():
    found = first_enough(rounds(20, 60, 90, 100, 100), BY_EXPERT)

    assert found is not None
    assert (found.round, found.labels, found.by) == (3, 400, "expert")
    assert "cannot be told from its expert" in found.why
    assert found.why.endswith("5 % of the way from chance to the expert is 5")


def test_a_policy_that_is_better_than_its_expert_is_said_to_be():
    found = enough(rounds(110), BY_EXPERT)

    assert found is not None and "is better than its expert" in found.why


def test_scattered_episodes_are_no_proof_that_policy_and_expert_are_alike():
    # The interval holds the expert, and a loss of a third of the way as well.
    assert enough(rounds(95, scatter=60), BY_EXPERT) is None


def test_a_small_loss_that_is_certain_is_not_yet_enough():
    assert enough(rounds(98, scatter=0.1), BY_EXPERT) is None


def test_an_expert_that_cannot_be_told_from_chance_proves_nothing():
    lucky = CHANCE.copy()
    lucky[-1] += 20  # one episode makes it 1 better in the mean
    as_lucky = Measured(round=0, labels=100, returns=lucky)

    assert enough([as_lucky], Scale(chance=CHANCE, expert=lucky)) is None
    assert enough([as_lucky], Scale(chance=CHANCE - 10, expert=lucky)) is not None


def test_without_its_expert_it_is_enough_where_a_third_of_the_labels_gained_nothing():
    found = first_enough(rounds(20, 50, 70, *[80] * 20), BY_PEOPLE)

    assert found is not None
    # Round 7: labels 300 to 500 against 600 to 800; in the former, 70 lowers the mean.
    # Round 8: 400 to 600 against 700 to 900.
    assert (found.round, found.by) == (8, "no gain")
    assert found.why.startswith("the last 300 labels gained")


def test_what_still_gains_goes_on():
    assert first_enough(rounds(*range(20, 80, 3)), BY_PEOPLE) is None


def test_a_gain_that_only_luck_hides_goes_on():
    # A fifth more in every third, but the episodes scatter so much that it is not sure.
    growing = rounds(*np.linspace(20, 80, 12), scatter=100)

    assert enough(growing, BY_PEOPLE) is None


def test_who_has_not_begun_to_learn_is_never_told_that_it_is_enough():
    assert first_enough(rounds(*[0] * 20), BY_PEOPLE) is None
    assert first_enough(rounds(*[0] * 20), BY_EXPERT) is None


def test_without_a_reward_it_is_enough_where_hardly_anything_is_left_to_correct():
    falling = apart(0.5, 0.2, 0.05, 0.005, half=0.004)

    found = first_enough(falling, Scale(most=1.0))
    assert found is not None and (found.round, found.by) == (3, "agreement")
    # Real actions are up to two half-ranges apart.
    assert first_enough(apart(0.5, 0.015, half=0.004), Scale(most=1.0)) is None
    assert first_enough(apart(0.5, 0.015, half=0.004), Scale(most=2.0)) is not None


def test_without_a_reward_it_is_enough_where_a_third_brought_nobody_nearer():
    found = first_enough(apart(0.5, 0.4, 0.3, *[0.2] * 20), Scale())

    assert found is not None and (found.round, found.by) == (8, "no gain")
    assert "nearer to who teaches it" in found.why
    assert first_enough(apart(*np.linspace(0.9, 0.1, 20)), Scale()) is None
    # Small but certain, and large but uncertain.
    certain = apart(0.9, *[0.22] * 3, *[0.2] * 4, half=1e-6)
    assert enough(certain, Scale()) is None
    assert enough(apart(*np.linspace(0.9, 0.1, 12), half=0.9), Scale()) is None


def test_nothing_measured_says_nothing():
    blind = [Measured(round=number, labels=100 * number) for number in range(1, 20)]

    assert enough([], Scale()) is None
    assert first_enough(blind, Scale()) is None


def test_thirds_are_of_the_labels_and_have_three_rounds_each():
    def numbers(labels):
        parts = last_thirds(
            [Measured(round=i, labels=each) for i, each in enumerate(labels)]
        )
        return parts and [[each.round for each in part] for part in parts]

    assert numbers([100, 200, 300, 400, 500, 600, 700, 800]) == [[2, 3, 4], [5, 6, 7]]
    assert numbers([100, 200, 300, 400, 500, 600]) is None
    assert numbers([10, 20, 100, 101, 102, 103, 160, 170, 180]) == [
        [2, 3, 4, 5],
        [6, 7, 8],
    ]


@pytest.mark.parametrize("scale", [BY_EXPERT, BY_PEOPLE])
def test_what_comes_later_changes_nothing(scale):
    course = rounds(20, 60, *[100] * 10)
    found = first_enough(course, scale)
    assert found is not None

    worse = rounds(20, 60, *[100] * 10, *[0] * 5)
    assert first_enough(worse, scale) == found
    assert first_enough(course[: found.round], scale) is None
