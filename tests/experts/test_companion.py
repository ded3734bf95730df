import numpy as np
import pytest

from novice.experts.companion import Companion

STEP = 0.1  # seconds of the task
LEFT, RIGHT = np.array([0]), np.array([1])


def companion(**traits: float | bool) -> Companion:
    """Somebody who always wants to go right."""
    return Companion(
        wanted=lambda observation: RIGHT,
        apart=lambda one, other: float((one != other).any()),
        at_random=lambda generator: LEFT,
        half_range=None,
        generator=np.random.default_rng(0),
        **{"reaction": 0.0, **traits},
    )


def watch(person: Companion, *policy: np.ndarray, start: int = 1) -> None:
    """See the policy do one thing after the other."""
    for step, action in enumerate(policy, start):
        seen = np.array([float(step)], np.float32)
        person.look(STEP * step, seen, seen, action)


def test_a_policy_that_does_the_same_is_left_alone():
    person = companion()

    watch(person, *[RIGHT] * 50)

    assert not person.takes_over(1.0)


def test_one_slip_is_no_trouble_but_many_are():
    person = companion()

    watch(person, RIGHT, LEFT)
    assert not person.takes_over(1.0)

    # After 0.3 s of trouble 1 - 1/e of it is felt, which is more than a half.
    watch(person, LEFT, LEFT, LEFT, start=3)
    assert person.takes_over(1.0)


def test_the_controls_go_back_when_the_trouble_is_over():
    person = companion()
    watch(person, *[LEFT] * 10)
    assert person.takes_over(1.0)

    watch(person, *[RIGHT] * 9, start=11)
    assert not person.hands_back(1.0)  # Not before a second of driving.
    watch(person, RIGHT, start=20)
    assert person.hands_back(1.0)


def test_nobody_reacts_to_what_they_cannot_have_seen_yet():
    person = companion(reaction=0.5)

    watch(person, *[RIGHT] * 10, *[LEFT] * 7)
    assert not person.takes_over(1.0)

    watch(person, *[LEFT] * 3, start=18)
    assert person.takes_over(1.0)


def test_at_twice_the_speed_twice_as_much_happens_before_a_reaction():
    person = companion(reaction=0.2)
    watch(person, *[RIGHT] * 10)

    assert person.perceived(1.0).observation == pytest.approx([8.0])
    assert person.perceived(2.0).observation == pytest.approx([6.0])
    assert companion(reaction=0.2, hurry=True).hurry


def test_who_does_not_notice_does_not_take_over():
    person = companion(unsure=1.0)

    watch(person, *[LEFT] * 30)

    assert not person.takes_over(1.0)


def test_lapses_are_anything_at_all():
    person = companion(lapses=1.0)
    watch(person, RIGHT)

    assert person.action(1.0).tolist() == LEFT.tolist()
    sober = companion()
    watch(sober, RIGHT)
    assert sober.action(1.0).tolist() == RIGHT.tolist()
