"""Every estimator is what it declares: the gradient, or off by a bias known exactly.

All ways to weigh are put through all batches of two episodes that a small task can
give. What they come to in the mean is held against the exact gradient, and each batch
against formulas written out in plain loops.
"""

import functools
import itertools

import equinox as eqx
import jax
import numpy as np
import pytest

from learning.by_hand import direction_by_hand, estimate_by_hand, paths_of, scores
from learning.enumerated import (
    LISTED,
    PAIRS,
    POLICY,
    PROBABILITY,
    batches_of,
    directions,
    mean_of,
    surely_off,
    truth,
    variance_of,
    walked,
)
from learning.tabular import VALUES, critic_of
from novice.learning.baselines import leave_one_out_optimal
from novice.learning.weigh import weigh_trajectories
from novice.learning.weighing import (
    BASELINES,
    ESTIMATES,
    BadWeighingError,
    Weighing,
    check_weighing,
    declared,
)
from novice.types import Trajectories

CRITIC = critic_of(VALUES)


def fits(how: Weighing) -> bool:
    try:
        check_weighing(how)
    except BadWeighingError:
        return False
    return True


WAYS = tuple(
    how
    for weigh, baseline, discount, normalize in itertools.product(
        ESTIMATES, BASELINES, (1.0, 0.8), (False, True)
    )
    if fits(how := Weighing(weigh, baseline, discount, 0.7, normalize))
)
INDEX = {how: number for number, how in enumerate(WAYS)}


def name(how: Weighing) -> str:
    normalized = ["normalized"] * how.normalize
    return "-".join([how.weigh, how.baseline, str(how.discount), *normalized])


PATHS = paths_of(LISTED.trajectories)


@eqx.filter_jit
def weights_of(batches: Trajectories, ways: tuple[Weighing, ...]) -> list[jax.Array]:
    """What every action of many batches weighs, way by way."""

    def of_one(seen: Trajectories) -> list[jax.Array]:
        batches = [weigh_trajectories(seen, POLICY, CRITIC, how)[0] for how in ways]
        return [batch.weight.reshape(seen.valid.shape) for batch in batches]

    return jax.vmap(of_one)(batches)


def directions_of(
    batches: Trajectories, ways: tuple[Weighing, ...]
) -> list[np.ndarray]:
    """Where each batch goes, way by way."""
    return [
        directions(batches, np.asarray(weights, np.float64))
        for weights in weights_of(batches, ways)
    ]


@functools.cache
def of_all_pairs() -> list[np.ndarray]:
    return directions_of(batches_of(PAIRS), WAYS)


def declared_truth(how: Weighing) -> np.ndarray:
    undiscounted = declared(how).estimates == "the gradient of the expected return"
    return truth(1.0 if undiscounted else how.discount)


every_way = pytest.mark.parametrize("how", WAYS, ids=[name(how) for how in WAYS])


def test_the_small_task_has_everything_that_can_go_wrong():
    ended = LISTED.trajectories.terminated
    assert {len(path.actions) for path in PATHS if path.terminated} == {1, 2, 3}
    assert {len(path.actions) for path in PATHS if not path.terminated} == {3}
    assert 0.1 < PROBABILITY[ended].sum() < 0.9
    assert PROBABILITY.sum() == pytest.approx(1)
    assert np.abs(truth(1.0) - truth(0.8)).max() > 0.05


def test_all_ways_are_looked_at_and_a_third_of_them_are_unbiased():
    # Four baselines leave both full returns as they are, and the learned value too;
    # the same four rewards to go without a discount; and both discounted ones.
    unbiased = [how for how in WAYS if declared(how).unbiased]

    assert len(WAYS) == 3 * 5 * 4 + 4
    assert len(unbiased) == 5 * 2 + 4 + 4 * 2


@every_way
def test_an_estimator_is_what_it_declares(how):
    mean = mean_of(of_all_pairs()[INDEX[how]])

    if declared(how).unbiased:
        np.testing.assert_allclose(mean, declared_truth(how), atol=1e-4)
        assert not declared(how).why
    else:
        assert np.abs(mean - declared_truth(how)).max() > 0.05
        assert declared(how).why


@every_way
def test_every_batch_moves_the_policy_as_it_does_by_hand(how):
    """So the mean is off by the same, where it is off."""
    expected = np.array(
        [direction_by_hand([PATHS[n] for n in pair], how) for pair in PAIRS]
    )

    got = of_all_pairs()[INDEX[how]]

    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=2e-4)


def test_practice_in_a_task_outside_goes_where_all_batches_go():
    """Along the gradient, therefore, where an estimator declares itself unbiased."""
    rounds = [directions_of(batches, WAYS) for batches in walked()]

    for number, how in enumerate(WAYS):
        each = np.concatenate([one[number] for one in rounds])
        expected = mean_of(of_all_pairs()[number])
        if declared(how).unbiased:
            expected = declared_truth(how)
        assert not surely_off(each, expected, tests=len(WAYS)), name(how)
        away = surely_off(each, declared_truth(how), tests=len(WAYS))
        assert away == (not declared(how).unbiased), name(how)


@pytest.mark.parametrize("discount", [1.0, 0.8])
def test_unsmoothed_advantages_are_rewards_to_go_less_values(discount):
    gae = Weighing("gae", "value", discount, 1.0)

    unsmoothed, to_go = directions_of(
        batches_of(PAIRS), (gae, gae._replace(weigh="rewards-to-go"))
    )

    np.testing.assert_allclose(unsmoothed, to_go, atol=1e-5)
    mean = mean_of(unsmoothed)
    assert not declared(gae).unbiased
    assert np.abs(mean - declared_truth(gae)).max() > 0.05


TO_GO = Weighing("rewards-to-go", "none", 1.0, 0.7, False)


def variances(how: Weighing) -> dict[str, float]:
    """By baseline, where batches are pairs."""
    return {
        baseline: variance_of(of_all_pairs()[INDEX[how._replace(baseline=baseline)]])
        for baseline in BASELINES
    }


def ordered(variance: dict[str, float]) -> list[str]:
    return sorted(variance, key=lambda baseline: variance[baseline])


def test_rewards_before_an_action_are_noise():
    """As all orders here, this one is of this task and this policy; it is no law."""
    whole = variances(TO_GO._replace(weigh="full-return"))

    assert variances(TO_GO)["none"] < 0.75 * whole["none"]


def test_what_one_other_episode_was_worth_is_worse_than_no_baseline():
    """It varies as much as what it is taken from."""
    found = variances(TO_GO)
    del found["value"]

    assert ordered(found) == ["none", "constant", "mean", "optimal"]
    assert found["constant"] > 1.4 * found["none"]


def test_what_three_other_episodes_were_worth_is_better_than_no_baseline():
    fours = np.array([*itertools.product(range(len(PATHS)), repeat=4)])
    ways = tuple(TO_GO._replace(baseline=name) for name in BASELINES[:4])

    each = directions_of(batches_of(fours), ways)

    found = {
        how.baseline: variance_of(way, fours)
        for how, way in zip(ways, each, strict=True)
    }
    assert ordered(found) == ["constant", "optimal", "mean", "none"]
    assert found["constant"] < 0.86 * found["none"]


def test_of_very_many_episodes_the_optimal_constant_is_the_best():
    """Each trajectory is there as often as it is likely, among a thousand."""
    often = np.round(1_000 * PROBABILITY).astype(int)
    seen = batches_of(np.repeat(np.arange(len(PATHS)), often))
    batch, _ = weigh_trajectories(seen, POLICY, None, TO_GO)

    found = eqx.filter_jit(leave_one_out_optimal)(POLICY, batch, len(seen.seed))

    score_sum = np.array([np.sum(scores(path), axis=0) for path in PATHS])
    moved = np.array([direction_by_hand([path], TO_GO) for path in PATHS])
    alone = np.arange(len(PATHS))[:, None]

    def variance(constant: float) -> float:
        return variance_of(moved - constant * score_sum, alone)

    best = float(np.mean(found))
    worth = [sum(estimate_by_hand(path, TO_GO)) for path in PATHS]
    steps = [len(path.actions) for path in PATHS]
    ordinary = mean_of(np.array(worth), alone) / mean_of(np.array(steps), alone)
    assert np.ptp(found) < 0.02
    assert variance(best) < variance(best - 0.1)
    assert variance(best) < variance(best + 0.1)
    assert variance(best) < variance(float(ordinary)) < variance(0)
