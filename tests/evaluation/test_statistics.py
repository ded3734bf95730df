"""What the numbers can bear: intervals that cover, differences that are paired."""

import json
import warnings

import numpy as np
import pytest
import scipy.stats

from novice.evaluation.statistics import (
    RESAMPLES,
    Estimate,
    _resampled_means,
    estimate,
    interquartile_mean,
    normalized,
    normalized_interval,
    paired_difference,
)


def coverage(draw, true_mean: float, repetitions: int) -> float:
    """The share of repetitions whose interval holds the true mean."""
    generator = np.random.default_rng(7)
    hits = 0
    for _ in range(repetitions):
        low, high = estimate(draw(generator)).ci95
        hits += low <= true_mean <= high
    return hits / repetitions


@pytest.mark.slow
def test_the_interval_covers_the_mean_of_a_normal_distribution():
    found = coverage(lambda generator: generator.normal(size=100), 0.0, 250)
    assert 0.93 <= found <= 0.97


@pytest.mark.slow
def test_the_interval_covers_the_mean_of_a_skewed_distribution():
    found = coverage(lambda generator: generator.exponential(size=100), 1.0, 250)
    assert 0.93 <= found <= 0.97


def test_the_interval_is_that_of_scipy():
    values = np.random.default_rng(3).exponential(size=80)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, method="BCa", n_resamples=20_000, rng=5
    ).confidence_interval
    width = theirs.high - theirs.low
    np.testing.assert_allclose(estimate(values).ci95, theirs, atol=0.03 * width)


def test_the_interval_leans_towards_the_long_tail():
    values = np.array([0.0] * 15 + [1.0, 2.0, 4.0, 8.0, 16.0])
    found = estimate(values)
    assert found.ci95[1] - found.mean > 1.2 * (found.mean - found.ci95[0])


def test_the_same_values_give_the_same_bytes():
    values = np.random.default_rng(1).normal(size=37)
    first = json.dumps(estimate(values).as_json())
    assert json.dumps(estimate(values.copy()).as_json()) == first


def test_many_episodes_are_resampled_in_pieces_that_fit_together():
    values = np.random.default_rng(2).normal(size=3_000)
    found = estimate(values)
    half_width = 1.96 * values.std() / np.sqrt(len(values))
    np.testing.assert_allclose(
        found.ci95, (found.mean - half_width, found.mean + half_width), atol=0.004
    )


@pytest.mark.parametrize("episodes", [1, 150, 3_000])
def test_every_interval_rests_on_the_same_number_of_resamples(episodes):
    assert _resampled_means(np.ones((episodes, 2))).shape == (RESAMPLES, 2)


@pytest.mark.parametrize("values", [[500.0] * 20, [0.1] * 7, [-3.5]])
def test_values_that_are_all_the_same_give_a_point_without_warnings(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimate(np.array(values))
    assert found.ci95 == (found.mean, found.mean)
    assert found.mean == pytest.approx(values[0])
    assert found.episodes == len(values)


def test_one_bad_episode_among_good_ones_gives_an_interval_without_warnings():
    found = estimate(np.array([500.0] * 99 + [20.0]))
    assert found.ci95[0] < found.mean < found.ci95[1] <= 500.0


def test_whole_numbers_and_yes_or_no_can_be_estimated():
    assert estimate(np.array([1, 2, 3])).mean == 2.0
    assert estimate(np.array([True, False])).mean == 0.5


def test_the_interquartile_mean_by_hand():
    assert interquartile_mean(np.array([100.0, 1.0, 2.0, -50.0])) == 1.5


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 99, 100])
def test_the_interquartile_mean_is_the_trimmed_mean_of_scipy(count):
    values = np.random.default_rng(count).normal(size=count)
    assert interquartile_mean(values) == pytest.approx(
        scipy.stats.trim_mean(values, 0.25), abs=1e-12
    )


def test_an_estimate_is_written_as_in_the_summary():
    found = Estimate(1.5, (1.0, 2.0), 1.25, 4).as_json()
    assert json.loads(json.dumps(found)) == {
        "mean": 1.5,
        "ci95": [1.0, 2.0],
        "iqm": 1.25,
        "episodes": 4,
    }


def test_luck_that_two_share_cancels_in_their_difference():
    luck = np.random.default_rng(4).normal(scale=100.0, size=50)
    better = luck + 1 + np.random.default_rng(5).normal(scale=0.1, size=50)
    found = paired_difference(better, luck)
    assert found.mean == pytest.approx(1.0, abs=0.1)
    assert 0.9 < found.ci95[0] < found.ci95[1] < 1.1


def test_a_difference_is_the_first_less_the_second():
    assert paired_difference(np.array([3, 5]), np.array([1, 2])).mean == 2.5


def test_normalized_is_zero_at_random_and_one_at_the_expert():
    assert normalized(-200.0, -200.0, 250.0) == 0.0
    assert normalized(250.0, -200.0, 250.0) == 1.0
    assert normalized(25.0, -200.0, 250.0) == 0.5


@pytest.mark.parametrize("expert", [20.0, 10.0])
def test_an_expert_no_better_than_chance_normalizes_nothing(expert):
    assert normalized(15.0, 20.0, expert) is None


@pytest.mark.slow
def test_the_normalized_interval_covers_the_true_share():
    generator = np.random.default_rng(8)
    hits = 0
    for _ in range(100):
        luck = generator.normal(scale=20.0, size=100)
        chance, policy, expert = (
            mean + luck + generator.normal(scale=30.0, size=100)
            for mean in (0.0, 90.0, 100.0)
        )
        low, high = normalized_interval(policy, chance, expert)
        hits += low <= 0.9 <= high
    assert 0.92 <= hits / 100 <= 0.98


def test_the_normalized_interval_holds_the_normalized_mean():
    generator = np.random.default_rng(9)
    chance, policy, expert = (generator.normal(mean, size=60) for mean in (0, 3, 4))
    low, high = normalized_interval(policy, chance, expert)
    assert low < normalized(policy.mean(), chance.mean(), expert.mean()) < high


def test_who_acts_as_the_expert_does_has_a_share_of_exactly_one():
    generator = np.random.default_rng(10)
    chance, expert = generator.normal(0, size=30), generator.normal(9, size=30)
    assert normalized_interval(expert, chance, expert) == (1.0, 1.0)


def test_an_expert_that_may_be_no_better_than_chance_gives_no_normalized_interval():
    generator = np.random.default_rng(11)
    chance, policy, expert = generator.normal(size=(3, 10))
    expert = expert - expert.mean() + chance.mean() + 0.01
    assert normalized_interval(policy, chance, expert) is None


def test_no_episodes_are_refused():
    with pytest.raises(ValueError, match="nothing to estimate: no episodes"):
        estimate(np.array([]))


def test_a_value_that_is_not_finite_is_refused_with_its_place():
    with pytest.raises(ValueError, match=r"episode 1 has the value nan.*1 bad of 3"):
        estimate(np.array([1.0, np.nan, 2.0]))


def test_episodes_that_do_not_pair_are_refused():
    with pytest.raises(ValueError, match="3 episodes cannot be paired with 2"):
        paired_difference(np.zeros(3), np.zeros(2))
