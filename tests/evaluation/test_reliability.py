"""Who is how reliable is found, and the intervals hold the truth."""

import numpy as np
import pytest
import scipy.stats

from evaluation.opinions import Crowd, opinions
from novice.evaluation.agreement import Scale
from novice.evaluation.judging import judging
from novice.evaluation.reliability import FEWEST_ITEMS, reliabilities

TWO, FOUR = Scale(options=(2,)), Scale(options=(4,))
REAL = Scale(half_range=(1.0,), circular=(False,))


def against_gold(right: int, wrong: int) -> tuple:
    """One person's answers to gold questions whose right answer is 0."""
    said = [(item, 0, float(item >= right)) for item in range(right + wrong)]
    return opinions(said, FOUR, people=1), {item: (0.0,) for item, _, _ in said}


def test_gold_alone_gives_the_share_of_right_answers():
    found = reliabilities(*against_gold(18, 2))["A"]

    assert found.value == pytest.approx(0.9, abs=1e-4)
    assert found.items == 20


def test_the_interval_of_a_share_is_that_of_its_likelihood_ratio():
    low, high = reliabilities(*against_gold(18, 2))["A"].ci95

    def fall(share: float) -> float:
        log = scipy.stats.binom.logpmf
        return 2 * (log(18, 20, 0.9) - log(18, 20, share))

    assert low < 0.9 < high
    assert fall(low) == pytest.approx(3.841, abs=0.02)
    assert fall(high) == pytest.approx(3.841, abs=0.02)


def test_whoever_was_always_right_may_still_err():
    found = reliabilities(*against_gold(20, 0))["A"]

    assert found.value == pytest.approx(1, abs=1e-3)
    assert found.ci95 == pytest.approx((np.exp(-3.841 / 2 / 20), 1), abs=1e-3)


def test_a_weight_is_the_log_odds_with_one_right_and_one_wrong_answer_more():
    found = reliabilities(*against_gold(18, 2))["A"]

    assert found.weight == pytest.approx(np.log(19 * (4 - 1) / 3), abs=1e-3)


def test_whoever_guesses_weighs_nothing():
    found = reliabilities(*against_gold(2, 18))["A"]

    assert found.value == pytest.approx(1 / 4)
    assert found.weight == 0


def test_of_too_few_items_no_weight_is_made():
    assert reliabilities(*against_gold(FEWEST_ITEMS - 1, 0))["A"].weight is None
    assert reliabilities(*against_gold(FEWEST_ITEMS, 0))["A"].weight is not None


def test_repeats_alone_tell_how_reliable_somebody_is():
    # Alike in 80 of 100: p² + (1 - p)² / 3 = 0.8.
    said = [(item, 0, 0.0) for item in range(100)]
    said += [(item, 0, float(item >= 80)) for item in range(100)]
    right = 1 / 4 + 3 / 4 * np.sqrt((0.8 - 1 / 4) * 4 / 3)

    found = reliabilities(opinions(said, FOUR), {})["A"]

    assert right**2 + (1 - right) ** 2 / 3 == pytest.approx(0.8)
    assert found.value == pytest.approx(right, abs=1e-3)


def test_of_two_who_differ_nobody_can_tell_who_is_wrong():
    said = [(item, 0, 0.0) for item in range(100)]
    said += [(item, 1, float(item >= 80)) for item in range(100)]

    found = reliabilities(opinions(said, FOUR), {})

    # Either may always be right, and the other then in 80 of 100.
    for name in ("A", "B"):
        low, high = found[name].ci95
        assert low < 0.8
        assert high > 0.99


def test_a_third_person_tells_who_of_two_is_wrong():
    said = [(item, who, 0.0) for item in range(100) for who in (0, 1)]
    said += [(item, 2, float(item >= 80)) for item in range(100)]

    found = reliabilities(opinions(said, FOUR, people=3), {})

    assert found["A"].ci95[0] > found["C"].ci95[1]
    assert found["C"].value == pytest.approx(0.8, abs=1e-2)


def test_one_answer_to_one_question_tells_nothing():
    alone = [(item, item % 2, float(item % 3)) for item in range(30)]

    assert reliabilities(opinions(alone, FOUR), {}) == {}


@pytest.mark.parametrize("scale", [FOUR, REAL])
def test_of_nobody_nothing_is_known(scale):
    assert reliabilities(opinions([], scale), {3: (0.0,)}) == {}


def test_a_task_with_one_action_has_no_right_and_wrong():
    one = Scale(options=(1,))

    assert reliabilities(opinions([(0, 0, 0.0), (0, 1, 0.0)], one), {}) == {}


def test_how_frequent_an_action_is_does_not_matter():
    said, gold = Crowd((0.9, 0.6), FOUR).asked(200, np.random.default_rng(3))
    turned = np.random.default_rng(4).integers(4, size=200)
    others = opinions(
        [
            (int(i), int(w), float((a + turned[i]) % 4))
            for i, w, (a,) in zip(said.item, said.who, said.action, strict=True)
        ],
        FOUR,
    )
    turned_gold = {i: (float((a + turned[i]) % 4),) for i, (a,) in gold.items()}

    here, there = reliabilities(said, gold), reliabilities(others, turned_gold)

    for name in ("A", "B"):
        assert here[name].value == pytest.approx(there[name].value, abs=1e-5)
        assert here[name].ci95 == pytest.approx(there[name].ci95, abs=2e-3)


def test_errors_against_gold_are_their_root_mean_square():
    errors = [0.1, -0.1, 0.2, -0.2, 0.3]
    half = Scale(half_range=(10.0,), circular=(False,))
    said = [(item, 0, 5.0 + 10 * error) for item, error in enumerate(errors)]

    found = reliabilities(
        opinions(said, half, people=1), {item: (5.0,) for item in range(5)}
    )["A"]

    assert found.value == pytest.approx(np.sqrt(np.mean(np.square(errors))), abs=1e-4)
    assert found.weight == pytest.approx(1 / np.mean(np.square(errors)), rel=1e-3)


def test_repeats_of_real_actions_differ_by_twice_the_variance():
    # Each pair is 0.2 apart: 2 · spread² = 0.04.
    said = [(item, 0, item + 0.1 * side) for item in range(10) for side in (-1, 1)]

    found = reliabilities(opinions(said, REAL, people=1), {})["A"]

    assert found.value == pytest.approx(np.sqrt(0.04 / 2), abs=1e-4)


def test_numbers_that_were_left_out_tell_nothing():
    two = Scale(half_range=(1.0, 1.0), circular=(False, False))
    said = [(item, 0, (0.1, np.nan)) for item in range(8)]

    found = reliabilities(
        opinions(said, two, people=1), {item: (0.0, 0.0) for item in range(8)}
    )["A"]

    assert found.value == pytest.approx(0.1, abs=1e-4)
    assert found.items == 8


def test_of_circular_numbers_the_shorter_way_counts():
    angle = Scale(half_range=(180.0,), circular=(True,))
    said = [(item, 0, 179.0) for item in range(8)]

    found = reliabilities(
        opinions(said, angle, people=1), {item: (-179.0,) for item in range(8)}
    )["A"]

    assert found.value == pytest.approx(2 / 180, rel=1e-3)


def test_nobody_is_taken_to_be_perfectly_steady():
    said = [(item, 0, 0.5) for item in range(8) for _ in range(2)]

    found = reliabilities(opinions(said, REAL, people=1), {})["A"]

    assert found.value == pytest.approx(1e-3)
    assert found.weight == pytest.approx(1 / 0.02**2)


@pytest.mark.parametrize(
    ("scale", "traits"), [(FOUR, (0.9, 0.6, 0.7)), (REAL, (0.1, 0.3, 0.2))]
)
def test_the_slope_is_that_of_the_likelihood(scale, traits):
    said, gold = Crowd(traits, scale, repeats=0.2).asked(60, np.random.default_rng(2))
    model = judging(said, gold)
    trait = np.array([0.3, -0.4, 0.1])
    step = 1e-5

    for who in range(3):
        aside = step * np.eye(3)[who]
        rise = (
            model.likelihood(trait + aside).value
            - model.likelihood(trait - aside).value
        )
        assert model.likelihood(trait).slope[who] == pytest.approx(
            rise / (2 * step), rel=1e-5
        )


def coverage(
    scale: Scale, least: float, most: float, repetitions: int, seed: int
) -> float:
    """The share of intervals that hold what people drawn at random are like."""
    generator = np.random.default_rng(seed)
    held = []
    for _ in range(repetitions):
        traits = generator.uniform(least, most, 2)
        said, gold = Crowd(traits, scale).asked(300, generator)
        found = reliabilities(said, gold)
        for name, trait in zip("AB", traits, strict=True):
            low, high = found[name].ci95
            held.append(low <= trait <= high)
    return float(np.mean(held))


@pytest.mark.soak
@pytest.mark.parametrize(
    ("scale", "least", "most"),
    [
        pytest.param(TWO, 0.55, 0.98, id="two choices"),
        pytest.param(FOUR, 0.4, 0.98, id="four choices"),
        pytest.param(REAL, 0.02, 0.5, id="real"),
    ],
)
def test_the_intervals_cover_the_truth(scale, least, most):
    # 300 intervals; bench/crowd.py has many more.
    assert 0.93 <= coverage(scale, least, most, 150, seed=11) <= 0.97
