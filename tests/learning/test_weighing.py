"""What is estimated is told, and what does not go together is refused."""

import pytest

from learning.episodes import (
    POLICY,
    REWARDS,
    TWO_LENGTHS,
    critic_that_sees,
    trajectories_of,
)
from novice.learning.weigh import weigh_trajectories
from novice.learning.weighing import (
    BadWeighingError,
    Weighing,
    check_weighing,
    declared,
)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (
            Weighing("advantage"),
            "actions weigh 'advantage', but it is one of full-return, rewards-to-go,"
            " discounted, gae",
        ),
        (
            Weighing(baseline="best"),
            "the baseline is 'best', but it is one of none, constant, mean, optimal,"
            " value",
        ),
        (
            Weighing("gae", "mean"),
            "gae weighs an action by learned values, but the baseline is 'mean': make"
            " it 'value'",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(how, words):
    with pytest.raises(BadWeighingError) as refused:
        check_weighing(how)
    assert str(refused.value) == words

    with pytest.raises(BadWeighingError):
        weigh_trajectories(
            trajectories_of(REWARDS, TWO_LENGTHS), POLICY, critic_that_sees(1.0), how
        )


def test_values_want_a_critic():
    seen = trajectories_of(REWARDS, TWO_LENGTHS)

    with pytest.raises(BadWeighingError, match="there is no critic"):
        weigh_trajectories(seen, POLICY, None, Weighing("rewards-to-go", "value"))


@pytest.mark.parametrize(
    ("how", "estimates", "why"),
    [
        (Weighing("full-return", "value"), "expected return", ""),
        (Weighing("rewards-to-go", "mean", 1.0), "expected return", ""),
        (Weighing("discounted", "optimal"), "expected discounted return", ""),
        (
            Weighing("rewards-to-go", "mean"),
            "expected discounted return",
            "late actions count as much as early ones",
        ),
        (
            Weighing("gae", "value", 1.0, 1.0),
            "expected return",
            "a learned value stands for what follows a truncation",
        ),
        (
            Weighing("gae", "value", normalize=True),
            "expected discounted return",
            "late actions count as much as early ones, and a learned value stands for"
            " later rewards, and each batch is measured by its own mean and spread",
        ),
    ],
)
def test_a_person_can_read_what_is_estimated(how, estimates, why):
    said = declared(how)

    assert said.estimates == f"the gradient of the {estimates}"
    assert said.why == why
    assert said.unbiased == (not why)
