"""Errors compound for clones, and not for those who are corrected where they went."""

import dataclasses

import numpy as np
import pytest

from novice.envs.own.tightrope import STRAIGHT
from novice.evaluation.compounding import (
    WAYS,
    Experiment,
    Power,
    Tables,
    Walked,
    clone,
    clone_of_shaken,
    correct,
    exact_cost,
    expert,
    power,
    slips,
    slopes,
    walk,
    walked,
)

# Errors are frequent enough here for a small experiment, and rare enough to be alone.
SMALL = Experiment(
    lengths=(16, 32, 64), error_rate=5e-4, errors=300, recovery=2, episodes=40
)
RATE, EPSILON = 0.1, 1e-5


def wrong_at(pace: int, length: int = 10) -> np.ndarray:
    """The wrong entries of one learner that errs at one pace on the rope."""
    slip = np.zeros((length, 1, SMALL.recovery + 1), np.int8)
    slip[pace, 0, 0] = 1
    return slip


def depths(tables: Tables) -> list[int]:
    """How far below the rope the only learner is, in its whole walk."""
    length, learners, _ = tables.slip.shape
    return walk(tables.act, learners, length, SMALL)[:, 0].tolist()


def chance() -> np.random.Generator:
    return np.random.default_rng(0)


def test_the_expected_cost_of_a_clone_by_hand() -> None:
    cost = exact_cost(3, error_rate=RATE, recovery=2, knows_the_way=False)
    # It is still on the rope after t paces with probability 0.9 to the t.
    np.testing.assert_allclose(cost, (1 - 0.9) + (1 - 0.9**2) + (1 - 0.9**3))


def test_the_expected_cost_of_who_knows_the_way_by_hand() -> None:
    cost = exact_cost(3, error_rate=RATE, recovery=2, knows_the_way=True)
    # On the rope after three paces: without an error, or after one and two climbs.
    on_the_rope = 0.9 + 0.9**2 + (0.9**3 + 0.1 * 0.9 * 0.9)
    np.testing.assert_allclose(cost, 3 - on_the_rope)


def test_a_forgiving_net_costs_a_clone_no_more_than_its_rungs() -> None:
    cost = exact_cost(
        3, error_rate=RATE, recovery=2, knows_the_way=False, forgiving=True
    )
    np.testing.assert_allclose(cost, 3 - (0.9 + 0.9**2 + (0.9**3 + 0.1)))


@pytest.mark.parametrize(("knows_the_way", "exponent"), [(False, 2), (True, 1)])
def test_the_exact_exponents_are_those_of_the_theorems(
    knows_the_way: bool, exponent: int
) -> None:
    experiment = Experiment()
    costs = [
        exact_cost(
            length,
            error_rate=experiment.error_rate,
            recovery=experiment.recovery,
            knows_the_way=knows_the_way,
        )
        for length in experiment.lengths
    ]
    found = slopes(experiment.lengths, np.array([costs]))[0]
    assert abs(found - exponent) < 0.005


def test_errors_stay_as_good_as_alone() -> None:
    experiment = Experiment()
    assert experiment.error_rate * max(experiment.lengths) <= 0.1


def test_the_slope_of_a_power_is_its_exponent() -> None:
    lengths = (3, 10, 50)
    costs = np.array([[5 * length**1.5 for length in lengths]])
    np.testing.assert_allclose(slopes(lengths, costs), [1.5])


def test_a_clone_that_errs_once_stays_in_the_net() -> None:
    tables = clone(wrong_at(3), SMALL, chance())
    assert depths(tables) == [0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2]


def test_demonstrations_never_leave_the_rope() -> None:
    tables = clone(wrong_at(3), SMALL, chance())
    assert tables.known[:, :, 0].all() and not tables.known[:, :, 1:].any()


def test_who_is_corrected_errs_as_well_but_climbs_back() -> None:
    tables = correct(wrong_at(3), SMALL, chance())
    assert depths(tables) == [0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0]


def test_what_was_corrected_is_what_was_visited() -> None:
    known = correct(wrong_at(3), SMALL, chance()).known
    assert known[:, :, 0].all()
    assert not known[:4, :, 1:].any()
    assert known[4, 0, 2] and known[5, 0, 1]


def test_correction_needs_a_round_for_every_rung() -> None:
    few = dataclasses.replace(SMALL, episodes=2)
    assert depths(correct(wrong_at(3), few, chance()))[4:] == [2, 1, 2, 1, 2, 1, 2]


def test_a_shaken_demonstrator_shows_the_way_back() -> None:
    many = dataclasses.replace(SMALL, episodes=300)
    tables = clone_of_shaken(wrong_at(3), many, chance())
    assert depths(tables) == [0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0]


def test_a_hand_that_is_not_shaken_shows_no_more_than_the_rope() -> None:
    still = dataclasses.replace(SMALL, noise=0.0)
    assert depths(clone_of_shaken(wrong_at(3), still, chance()))[4:] == [2] * 7


def test_the_expert_errs_nowhere() -> None:
    assert not walk(expert, 5, 30, SMALL).any()


def test_a_learner_does_what_is_usual_where_it_knows_nothing() -> None:
    nothing = np.zeros((1, 1, 3))
    tables = Tables(nothing.astype(np.int8), nothing.astype(bool), np.array([STRAIGHT]))
    assert tables.act(0, np.array([2])).tolist() == [STRAIGHT]


@pytest.mark.parametrize("name", WAYS)
def test_who_has_no_wrong_entry_on_the_rope_costs_nothing(name: str) -> None:
    learn, forgiving = WAYS[name]
    experiment = dataclasses.replace(SMALL, forgiving=forgiving)
    slip = chance().integers(0, 4, (20, 50, 3)).astype(np.int8)
    slip[:, :, 0] = 0
    tables = learn(slip, experiment, chance())
    assert not walk(tables.act, 50, 20, experiment).any()


def test_only_learners_with_a_wrong_entry_on_the_rope_are_simulated() -> None:
    slip = slips(20_000, 16, SMALL, chance())
    assert (slip[:, :, 0] != 0).any(axis=0).all()
    # Of 20,000 learners 1 - 0.9995^16, or 0.8 percent, err: 159, give or take 13.
    assert 110 < slip.shape[1] < 210


@pytest.mark.parametrize("name", ["bc", "dagger", "bc-forgiven"])
def test_what_is_simulated_costs_what_is_computed(name: str) -> None:
    learn, forgiving = WAYS[name]
    experiment = dataclasses.replace(SMALL, forgiving=forgiving, errors=1000)
    found = walked(learn, 32, experiment, chance())
    expected = exact_cost(
        32,
        error_rate=experiment.error_rate,
        recovery=experiment.recovery,
        knows_the_way=name == "dagger",
        forgiving=forgiving,
    )
    spread = np.sqrt((found.cost.astype(float) ** 2).sum()) / found.learners
    assert abs(found.mean - expected) < 4 * spread


def test_everybody_errs_equally_where_taught_and_clones_far_more_where_they_go() -> (
    None
):
    found = {
        name: walked(WAYS[name][0], 64, SMALL, chance()) for name in ("bc", "dagger")
    }
    for each in found.values():
        assert abs(each.wrong_where_taught / SMALL.error_rate - 1) < 0.25
    assert found["dagger"].wrong_where_it_went < 1.3 * SMALL.error_rate
    # Half of the walk, in the mean, is spent off the rope after an error.
    assert found["bc"].wrong_where_it_went > 20 * SMALL.error_rate


def test_an_exponent_lies_in_its_interval_or_not() -> None:
    found = Power(exponent=1.5, ci95=(1.4, 1.6))
    assert found.holds(1.4) and not found.holds(2)


def drawn(length: int, learners: int, random: np.random.Generator) -> Walked:
    """Costs of clones, drawn instead of walked."""
    erred = int(random.binomial(learners, 1e-4 * length))
    return Walked(
        length=length,
        learners=learners,
        cost=random.integers(1, length + 1, erred),
        wrong_where_taught=0.0,
        wrong_where_it_went=0.0,
        erred_twice=0.0,
    )


def test_the_interval_of_each_mean_holds_it() -> None:
    random = chance()
    found = [drawn(length, 200_000, random) for length in (20, 40)]
    _, intervals = power(found, random)
    for each, (low, high) in zip(found, intervals, strict=True):
        assert 0.8 * each.mean < low < each.mean < high < 1.2 * each.mean


@pytest.mark.soak
def test_intervals_hold_the_true_exponent_in_95_of_100_repetitions() -> None:
    random = chance()
    lengths = (50, 100, 200, 400)
    means = np.array([[1e-4 * length * (length + 1) / 2 for length in lengths]])
    true = float(slopes(lengths, means)[0])
    hits = sum(
        power([drawn(n, 2_000_000 // n, random) for n in lengths], random)[0].holds(
            true
        )
        for _ in range(300)
    )
    # 285 in the mean, give or take 3.8.
    assert 270 <= hits <= 297


@pytest.mark.slow
def test_two_is_the_exponent_of_clones_and_one_of_who_is_corrected() -> None:
    experiment = Experiment(
        lengths=(64, 128, 256, 512, 1024), error_rate=2e-5, errors=300
    )
    found = {}
    for number, name in enumerate(WAYS):
        learn, forgiving = WAYS[name]
        way = dataclasses.replace(experiment, forgiving=forgiving)
        random = np.random.default_rng([0, number])
        ropes = [walked(learn, length, way, random) for length in way.lengths]
        found[name], _ = power(ropes, random)
    assert found["bc"].holds(2) and not found["bc"].holds(1)
    for name in ("dagger", "bc-noise", "bc-forgiven"):
        assert found[name].holds(1) and not found[name].holds(2)
