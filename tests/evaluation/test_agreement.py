"""Agreement is what the literature's worked examples say, beyond chance."""

import numpy as np
import pytest

from evaluation.opinions import (
    CHOICES,
    KRIPPENDORFF,
    NUMBERS,
    Crowd,
    crossed,
    opinions,
    tabled,
)
from novice.evaluation.agreement import (
    BadOpinionsError,
    Opinions,
    Scale,
    cohens_kappa,
    krippendorffs_alpha,
    self_agreement,
)

ANGLES = Scale(half_range=(180.0,), circular=(True,))


def test_kappa_by_hand():
    # They agree on 35 of 50; by chance on 25/50 · 30/50 + 25/50 · 20/50 = 1/2.
    found = cohens_kappa(crossed([[20, 5], [10, 15]]), "A", "B")

    assert found.value == pytest.approx((0.7 - 0.5) / (1 - 0.5))
    assert found.items == 50


def test_kappa_of_three_diagnoses():
    # Fleiss (1981, Statistical Methods for Rates and Proportions, table 13.1): 0.68,
    # standard error 0.087.
    found = cohens_kappa(crossed([[75, 1, 4], [5, 4, 1], [0, 0, 10]]), "A", "B")

    assert found.value == pytest.approx(0.23 / 0.34)
    assert found.ci95 == pytest.approx(
        (0.676 - 1.96 * 0.087, 0.676 + 1.96 * 0.087), abs=0.04
    )


def test_people_who_choose_blindly_have_a_kappa_of_zero():
    assert cohens_kappa(crossed([[16, 4], [4, 1]]), "A", "B").value == pytest.approx(0)


def test_kappa_takes_the_people_asked_for():
    three = tabled([[1, 2, 1, 2], [1, 2, 2, 2], [2, 1, 2, 1]], CHOICES)

    assert cohens_kappa(three, "A", "B").value == pytest.approx(0.5)
    assert cohens_kappa(three, "C", "A").value == pytest.approx(-1)


def test_an_action_of_several_numbers_is_one_choice():
    both = Scale(options=(2, 2))
    said = [(0, (0, 1)), (1, (1, 1)), (2, (0, 0)), (3, (1, 0))]
    other = [(0, (0, 1)), (1, (1, 1)), (2, (0, 1)), (3, (1, 0))]
    rows = [(i, 0, a) for i, a in said] + [(i, 1, a) for i, a in other]

    # By chance: (0, 1) 1/4 · 1/2, (1, 1) and (1, 0) 1/4 · 1/4 each: 1/4.
    found = cohens_kappa(opinions(rows, both), "A", "B")

    assert found.value == pytest.approx((3 / 4 - 1 / 4) / (1 - 1 / 4))


@pytest.mark.parametrize(
    "said",
    [
        [],
        [(0, 0, 1.0), (1, 1, 1.0)],
        [(0, 0, 1.0), (0, 1, 1.0)],
        [(0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0), (1, 1, 1.0)],
    ],
    ids=["nothing", "nothing in common", "one item", "always the same action"],
)
def test_nothing_is_said_of_what_cannot_be_told(said):
    assert cohens_kappa(opinions(said, CHOICES), "A", "B") is None
    assert krippendorffs_alpha(opinions(said, CHOICES)) is None
    assert self_agreement(opinions(said, CHOICES)) == {}


def test_real_actions_have_no_kappa():
    assert cohens_kappa(tabled([[1, 2], [1, 3]], NUMBERS), "A", "B") is None


def test_nominal_alpha_of_krippendorffs_example():
    found = krippendorffs_alpha(tabled(KRIPPENDORFF, CHOICES))

    assert found.value == pytest.approx(0.743, abs=5e-4)
    # Of the last unit there is one judgment alone.
    assert found.items == 11


def test_interval_alpha_of_krippendorffs_example():
    found = krippendorffs_alpha(tabled(KRIPPENDORFF, NUMBERS))

    assert found.value == pytest.approx(0.849, abs=5e-4)


def test_interval_alpha_does_not_depend_on_unit_or_zero():
    far = Scale(half_range=(40.0,), circular=(False,))
    moved = (np.array(KRIPPENDORFF) > 0) * (np.array(KRIPPENDORFF) * 40.0 + 1e6)

    found = krippendorffs_alpha(tabled(moved, far))

    assert found.value == pytest.approx(0.849, abs=5e-4)


def circular_alpha_by_pairs(table: np.ndarray, around: float) -> float:
    """Krippendorff's circular metric, sin²(π · difference / turn), by pairs."""

    def metric(one: float, other: float) -> float:
        return float(np.sin(np.pi * (one - other) / around) ** 2)

    items = [column for column in table.T]
    pooled = table.ravel()
    observed = (
        np.mean([metric(a, b) for item in items for a in item for b in item])
        * len(table)
        / (len(table) - 1)
    )
    expected = np.mean([metric(a, b) for a in pooled for b in pooled])
    return 1 - observed / (expected * len(pooled) / (len(pooled) - 1))


def test_circular_alpha_is_krippendorffs_metric():
    table = np.random.default_rng(5).uniform(-180, 180, (3, 9))
    table[1:] = table[0] + np.random.default_rng(6).normal(0, 30, (2, 9))

    found = krippendorffs_alpha(tabled(table, ANGLES))

    assert found.value == pytest.approx(circular_alpha_by_pairs(table, 360.0))


def test_angles_on_both_sides_of_the_turn_are_near():
    table = [[179.0, 10.0, -90.0], [-179.0, 12.0, -91.0]]

    around = krippendorffs_alpha(tabled(table, ANGLES))
    straight = krippendorffs_alpha(
        tabled(table, Scale(half_range=(180.0,), circular=(False,)))
    )

    assert around.value > 0.99
    assert straight.value < 0


def test_of_several_numbers_the_squared_distances_are_pooled():
    # In half-ranges the items differ by (2, 1) and (0, 1): D_o = 2 (5 + 1) / 4 = 3.
    two = Scale(half_range=(1.0, 10.0), circular=(False, False))
    said = [(0, 0, (0, 0)), (0, 1, (2, 10)), (1, 0, (4, 20)), (1, 1, (4, 30))]
    # All pairs of the first number (0, 2, 4, 4): 2 · (4+16+16+4+4+0) / 12; of the
    # second (0, 1, 2, 3): 2 · (1+4+9+1+4+1) / 12.
    expected = 2 * 44 / 12 + 2 * 20 / 12

    found = krippendorffs_alpha(opinions(said, two))

    assert found.value == pytest.approx(1 - 3 / expected)


def test_a_number_that_somebody_left_out_does_not_count():
    two = Scale(half_range=(1.0, 1.0), circular=(False, False))
    known = [(0, 0, (0, 5)), (0, 1, (1, 5)), (1, 0, (3, 7)), (1, 1, (3, 7))]
    left_out = [(0, 0, (0, np.nan)), *known[1:]]
    # Of the second number one item is left, on which they agree: nothing differs.
    alone = krippendorffs_alpha(opinions([(i, w, a[0]) for i, w, a in known], NUMBERS))

    found = krippendorffs_alpha(opinions(left_out, two))

    assert found.value == pytest.approx(alone.value)


def test_a_second_thought_does_not_count_for_agreement_between_people():
    first = [
        (0, 0, 1.0),
        (0, 1, 1.0),
        (1, 0, 2.0),
        (1, 1, 2.0),
        (2, 0, 1.0),
        (2, 1, 3.0),
    ]
    again = [*first, (0, 0, 3.0), (2, 0, 3.0)]

    assert krippendorffs_alpha(opinions(again, CHOICES)) == krippendorffs_alpha(
        opinions(first, CHOICES)
    )
    assert cohens_kappa(opinions(again, CHOICES), "A", "B") == cohens_kappa(
        opinions(first, CHOICES), "A", "B"
    )


def test_self_agreement_is_each_persons_own():
    steady = [(item, 0, float(item % 3)) for item in range(9) for _ in range(2)]
    fickle = [
        (item, 1, float((item + turn) % 3)) for item in range(9) for turn in (0, 1)
    ]

    found = self_agreement(opinions(steady + fickle, CHOICES))

    assert found["A"].value == 1
    assert found["B"].value < 0
    assert found["A"].items == found["B"].items == 9


def test_people_who_never_differed_may_yet():
    # Five agreements leave a share of 1 - 0.025^(1/5) = 52 % open.
    found = cohens_kappa(crossed([[3, 0], [0, 2]]), "A", "B")

    seldom = 1 - 0.025 ** (1 / 5)
    assert found.value == 1
    assert found.ci95 == pytest.approx((1 - seldom / (1 - 0.6**2 - 0.4**2), 1))


@pytest.mark.soak
@pytest.mark.parametrize("measure", ["kappa", "alpha"])
def test_intervals_of_agreement_cover_the_truth(measure):
    def measured(questions: int, generator: np.random.Generator):
        crowd = Crowd((0.9, 0.75), Scale(options=(4,)), overlap=1.0)
        said, _ = crowd.asked(questions, generator)
        if measure == "kappa":
            return cohens_kappa(said, "A", "B")
        return krippendorffs_alpha(said)

    # Both right, or wrong in the same way; by chance one of four.
    true = (0.9 * 0.75 + 0.1 * 0.25 / 3 - 1 / 4) / (1 - 1 / 4)
    generator = np.random.default_rng(1)
    ends = [measured(100, generator).ci95 for _ in range(300)]

    assert 0.92 <= np.mean([low <= true <= high for low, high in ends]) <= 0.98


def test_the_same_opinions_give_the_same_bytes():
    said = tabled(KRIPPENDORFF, NUMBERS)

    assert krippendorffs_alpha(said) == krippendorffs_alpha(said)


@pytest.mark.parametrize(
    ("scale", "words"),
    [
        ({"options": (2,), "half_range": (1.0,)}, "choices or real numbers"),
        ({"half_range": (1.0,)}, "1 half-ranges, but says of 0 numbers"),
        ({"half_range": (0.0,), "circular": (False,)}, "must be positive"),
    ],
)
def test_a_scale_that_makes_no_sense_is_refused(scale, words):
    with pytest.raises(BadOpinionsError, match=words):
        Scale(**scale)


def test_judgments_of_nobody_are_refused():
    with pytest.raises(BadOpinionsError, match="somebody judged whose place is 2"):
        opinions([(0, 2, 1.0)], CHOICES, people=2)


def test_judgments_with_too_many_numbers_are_refused():
    with pytest.raises(BadOpinionsError, match="have 2 numbers, but an action has 1"):
        Opinions(
            item=np.zeros(1, np.int64),
            who=np.zeros(1, np.int64),
            action=np.zeros((1, 2)),
            names=("A",),
            scale=CHOICES,
        )
