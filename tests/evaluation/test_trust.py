"""From answers of several people a policy learns what they can be trusted with."""

import numpy as np
import pytest

from novice.datasets.dataset import Answers, Dataset, Origin, batch_of
from novice.evaluation.trust import doubted, judgments, trusted
from novice.learning.heads import Categorical, gaussian, marks_of

THREE = Categorical((3,))
REAL = gaussian((0.0, 0.0), (1.0, 2.0))


def said(
    who: str,
    moments: list[int],
    actions: list,
    *,
    source: str = "correction",
    first: int = 0,
    round: int = 0,
    asked: bool = True,
    **columns: np.ndarray,
) -> Answers:
    """What somebody answered about moments; the questions count on from `first`.

    The observation of a moment is its number.
    """
    kind = np.int32 if isinstance(actions[0], int) else np.float32
    rows = len(moments)
    question = np.arange(first, first + rows) if asked else None
    return Answers(
        observation=np.array(moments, np.float32)[:, None],
        action=np.array(actions, kind).reshape(rows, -1),
        episode=np.zeros(rows, np.int32),
        step=np.arange(rows, dtype=np.int32),
        origin=Origin(round, source, who),
        question=question,
        **columns,
    )


def weights(*parts: Answers, use: str = "majority", head=THREE) -> list[float]:
    return trusted(Dataset(parts), head, use=use).weight.tolist()


def test_all_answers_count_once():
    parts = said("Ada", [1, 2], [0, 1]), said("Bob", [1, 3], [2, 2])

    found = trusted(Dataset(parts), THREE, use="all")

    assert found.weight.tolist() == [1, 1, 1, 1]
    assert found.people == {}


def test_all_makes_the_batch_that_there_is_without_trust():
    dataset = Dataset((said("Ada", [1, 2, 2], [0, 1, 0]), said("Bob", [1], [2])))
    found = trusted(dataset, THREE, use="all")

    with_trust = batch_of(
        dataset, THREE, capacity=8, weight=found.weight, target=found.target
    )
    without = batch_of(dataset, THREE, capacity=8)

    valid = without.valid
    np.testing.assert_array_equal(with_trust.valid, valid)
    np.testing.assert_array_equal(with_trust.weight[valid], without.weight[valid])
    np.testing.assert_array_equal(with_trust.target, without.target)
    np.testing.assert_array_equal(with_trust.observation, without.observation)


def test_a_batch_holds_the_weights_and_leaves_out_what_counts_nothing():
    dataset = Dataset((said("Ada", [1, 2, 3], [0, 1, 2]),))
    weight, target = np.array([2.0, 0.0, 0.5]), np.array([[2], [1], [0]])

    batch = batch_of(dataset, THREE, capacity=4, weight=weight, target=target)

    assert batch.weight.tolist() == [2, 0.5, 0, 0]
    assert batch.valid.tolist() == [True, True, False, False]
    assert batch.target[:2].tolist() == [[2], [0]]
    assert batch.observation[:2].tolist() == [[1], [3]]


def test_the_majority_shares_one_vote_and_the_others_have_none():
    assert weights(
        said("Ada", [7], [1]), said("Bob", [7], [1]), said("Eve", [7], [2])
    ) == [0.5, 0.5, 0]


def test_a_tie_is_shared():
    assert weights(said("Ada", [7], [1]), said("Bob", [7], [2])) == [0.5, 0.5]


def test_what_one_person_says_stands_whatever_they_repeat():
    assert weights(said("Ada", [7, 7, 8], [1, 2, 0])) == [1, 1, 1]


def test_whoever_answers_again_has_one_vote_all_the_same():
    # Ada says 1 twice; Bob and Eve outvote her.
    assert weights(
        said("Ada", [7, 7], [1, 1]), said("Bob", [7], [2]), said("Eve", [7], [2])
    ) == [0, 0, 0.5, 0.5]


def test_whoever_accepts_two_actions_halves_their_vote():
    both = said("Ada", [7], [0], marks=np.array([[1, 1, 0]], np.int8))
    one = said("Bob", [7], [1], marks=np.array([[0, 1, 0]], np.int8))

    # Action 1 has a vote and a half, the mean of 0 and 1 is one.
    assert weights(both, one) == [0, 1]


def test_sets_of_several_numbers_are_compared_number_by_number():
    head = Categorical((2, 2))
    corner = said("Ada", [7], [0, 0], marks=np.array([[1, 0, 1, 0]], np.int8))
    side = said("Bob", [7], [0, 0], marks=np.array([[1, 0, 1, 1]], np.int8))
    far = said("Eve", [7], [1, 1], marks=np.array([[0, 1, 0, 1]], np.int8))

    parts = [
        Answers(
            **{**part.columns(), "action": np.zeros((1, 2), np.int32)},
            origin=part.origin,
        )
        for part in (corner, side, far)
    ]

    # (0, 0) has 1 + 1/2 votes, (1, 1) has 1, Bob's two actions have (1.5 + 0.5) / 2.
    assert weights(*parts, head=head) == [1, 0, 0]


def test_the_majority_of_real_actions_is_their_median():
    parts = (
        said("Ada", [7, 8], [[0.0, 1.0], [0.5, 0.5]]),
        said("Bob", [7], [[0.2, 5.0]]),
        said("Eve", [7], [[1.0, 2.0]]),
    )

    found = trusted(Dataset(parts), REAL, use="majority")

    assert found.weight.tolist() == [1, 1, 0, 0]
    np.testing.assert_allclose(found.target[:2], [[0.2, 2.0], [0.5, 0.5]])


def test_the_median_is_of_those_who_gave_the_number():
    parts = (
        said("Ada", [7], [[0.4, 0.0]], known=np.array([[True, False]])),
        said("Bob", [7], [[0.8, 0.0]], known=np.array([[True, False]])),
    )

    found = trusted(Dataset(parts), REAL, use="majority")

    np.testing.assert_allclose(found.target[0], [0.6, 0, 1, 0], rtol=1e-6)


def measured() -> tuple[Answers, ...]:
    """Ada is right in 9 of 10 gold questions, Bob in 4; each answered 10 more."""
    ada = [0] * 9 + [1] + [0] * 10
    bob = [0] * 4 + [1] * 6 + [0] * 10
    return (
        said("Ada", list(range(20)), ada),
        said("Bob", [*range(10), *range(30, 40)], bob, first=20),
        said("known", list(range(10)), [0] * 10, source="gold"),
    )


def test_a_choice_is_learned_as_what_is_said_by_whoever_errs_as_often():
    found = trusted(Dataset(measured()), THREE, use="weighted")

    # Ada is right in (9 + 1) of 12, Bob in (4 + 1) of 12; the rest is for two actions.
    ada, bob = np.array([20, 2, 2]) / 24, np.array([10, 7, 7]) / 24
    assert found.marked
    assert found.weight.tolist() == [1] * 40 + [0] * 10
    np.testing.assert_allclose(found.target[:9], [ada] * 9, rtol=1e-4)
    np.testing.assert_allclose(found.target[9], ada[[1, 0, 2]], rtol=1e-4)
    np.testing.assert_allclose(found.target[20:24], [bob] * 4, rtol=1e-4)
    np.testing.assert_allclose(found.target[24:30], [bob[[1, 0, 2]]] * 6, rtol=1e-4)


def test_whoever_is_known_to_guess_says_nothing():
    guesses = said("Eve", list(range(10)), [1] * 10, first=60)
    found = trusted(Dataset((*measured(), guesses)), THREE, use="weighted")

    np.testing.assert_allclose(found.target[-10:], 1 / 3, rtol=1e-6)
    assert found.target[0].max() > 0.8


def test_several_acceptable_actions_are_doubted_like_one():
    both = np.array([[1, 1, 0]], np.int8)
    parts = (*measured(), said("Ada", [90], [0], first=90, marks=both))
    found = trusted(Dataset(parts), THREE, use="weighted")

    # Right in 10 of 12 is to know it 3 times of 4, and to say any two else.
    np.testing.assert_allclose(found.target[-1], [11 / 12, 11 / 12, 1 / 6], rtol=1e-4)
    np.testing.assert_allclose(found.target[0], [5 / 6, 1 / 12, 1 / 12], rtol=1e-4)


def test_what_a_set_becomes_when_its_author_may_err():
    """Who names the right one of four 7 times in 10 knows it 6 times in 10."""
    sets = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 1]], np.int8)

    np.testing.assert_allclose(
        doubted(sets, np.full(4, 0.7), (4,)),
        [[0.7, 0.1, 0.1, 0.1], [0.2, 0.8, 0.8, 0.2], [0.9] * 3 + [0.3], [1, 1, 1, 1]],
        rtol=1e-6,
    )


OPTIONS = pytest.mark.parametrize("options", [(4,), (2, 3), (2, 2, 2), (3, 1)], ids=str)


def some_sets(options: tuple[int, ...]) -> np.ndarray:
    """Sets with at least one option of each number."""
    draw, first = np.random.default_rng(1), [0] * len(options)
    sets = draw.integers(2, size=(20, sum(options)), dtype=np.int8)
    return sets | marks_of(np.array([first] * 20), options)


@OPTIONS
def test_who_is_never_wrong_is_taken_at_their_word(options):
    sets = some_sets(options)

    np.testing.assert_array_equal(doubted(sets, np.ones(20), options), sets)


@OPTIONS
def test_who_guesses_says_nothing(options):
    """All options of a number have the same mark, whatever was said."""
    chance = np.full(20, 1 / np.prod(options))
    marks = doubted(some_sets(options), chance, options)

    for each in np.split(marks, np.cumsum(options)[:-1], axis=1):
        np.testing.assert_allclose(each, each[:, :1] + 0 * each, rtol=1e-5)


def test_the_numbers_of_an_action_are_right_together_as_often_as_the_action():
    """0.81 is 0.9 squared; 0.729 is 0.9 for two options, its square for four."""
    sets = np.array([[1, 0, 0, 1]], np.int8)
    np.testing.assert_allclose(
        doubted(sets, np.array([0.81]), (2, 2)), [[0.9, 0.1, 0.1, 0.9]], rtol=1e-6
    )

    sets = np.array([[1, 0, 1, 0, 0, 0]], np.int8)
    np.testing.assert_allclose(
        doubted(sets, np.array([0.729]), (2, 4)),
        [[0.9, 0.1, 0.81, *[0.19 / 3] * 3]],
        rtol=1e-5,
    )


def test_what_is_known_to_be_right_is_never_learned_from():
    found = trusted(Dataset(measured()), THREE, use="weighted")

    assert not found.weight[40:].any()


def test_a_rounds_measures_say_how_reliable_everybody_is():
    people = trusted(Dataset(measured()), THREE, use="weighted").people

    assert list(people) == ["Ada", "Bob"]
    assert people["Ada"]["reliability"]["mean"] == pytest.approx(0.9, abs=1e-3)
    low, high = people["Bob"]["reliability"]["ci95"]
    assert low < 0.4 < high
    assert people["Ada"]["items"] == people["Bob"]["items"] == 10
    assert people["Ada"]["rows"] == 20


def test_of_whom_nothing_is_known_errs_as_the_others_do():
    showed = said("Eve", [50, 51], [1, 1], source="demonstration", asked=False)
    found = trusted(Dataset((*measured(), showed)), THREE, use="weighted")

    # 20 answers are right in 10 of 12, 20 in 5 of 12: 15 of 24 on average.
    right, wrong = 15 / 24, 9 / 48
    assert found.weight[-2:].tolist() == [1, 1]
    np.testing.assert_allclose(
        found.target[-2:], [[wrong, right, wrong]] * 2, rtol=1e-4
    )


def test_of_whom_nothing_is_known_real_actions_count_as_the_others_do():
    near, far = [[0.1, 0.2]] * 10, [[0.3, 0.6]] * 10
    parts = (
        said("Ada", list(range(10)), near),
        said("Bob", list(range(20, 30)), far, first=20),
        said("known", [*range(10), *range(20, 30)], [[0.0, 0.0]] * 20, source="gold"),
        said("Eve", [50], [[0.0, 0.0]], source="demonstration", asked=False),
    )

    found = trusted(Dataset(parts), REAL, use="weighted")

    assert found.weight[-1] == pytest.approx(found.weight[:20].mean())
    assert found.weight.sum() == pytest.approx(21)


def test_where_nobody_was_measured_all_are_taken_at_their_word():
    dataset = Dataset((said("Ada", [1, 2], [0, 1]), said("Bob", [3], [2])))
    found = trusted(dataset, THREE, use="weighted")

    assert found.weight.tolist() == [1, 1, 1]
    assert found.target.tolist() == [[0], [1], [2]]
    assert not found.marked


@pytest.mark.parametrize("use", ["majority", "weighted"])
def test_what_was_shown_unasked_counts_as_it_is(use):
    showed = [
        said(who, [1, 1], [0, action], source="demonstration", asked=False)
        for who, action in (("Ada", 1), ("Bob", 2))
    ]

    assert weights(*showed, use=use) == [1, 1, 1, 1]


def test_where_nobody_is_better_than_chance_all_are_taken_at_their_word():
    wrong = said("Ada", list(range(10)), [1] * 10)
    known = said("known", list(range(10)), [0] * 10, source="gold")

    found = trusted(Dataset((wrong, known)), THREE, use="weighted")

    assert found.weight.tolist() == [1] * 10 + [0] * 10
    assert found.target[:10].tolist() == [[1]] * 10
    assert not found.marked


def test_real_actions_weigh_by_one_over_the_variance():
    near, far = [[0.1, 0.2]] * 10, [[0.3, 0.6]] * 10
    parts = (
        said("Ada", list(range(10)), near),
        said("Bob", list(range(20, 30)), far, first=20),
        said("known", [*range(10), *range(20, 30)], [[0.0, 0.0]] * 20, source="gold"),
    )

    found = trusted(Dataset(parts), REAL, use="weighted")

    # A tenth and three tenths of a half-range, in both numbers.
    assert found.people["Ada"]["reliability"]["mean"] == pytest.approx(0.1, abs=1e-4)
    assert found.weight[0] / found.weight[10] == pytest.approx(9, rel=1e-3)


def test_only_single_choices_that_still_stand_measure_people():
    marks = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1]], np.int8)
    before = said("Ada", [1, 2, 3], [0, 0, 0], marks=marks)
    anew = said("Ada", [1], [2], round=1)
    filled = said("Ada", [9], [0], source="interpolated", first=50)
    shown = said("Bob", [1], [0], source="demonstration", asked=False)

    opinions, gold = judgments(Dataset((before, anew, filled, shown)), THREE)

    assert gold == {}
    assert opinions.names == ("Ada",)
    assert opinions.action.tolist() == [[2.0]]


def test_repeats_of_a_moment_are_one_item():
    opinions, _ = judgments(Dataset((said("Ada", [4, 5, 4], [0, 1, 0]),)), THREE)

    assert opinions.item.tolist() == [0, 1, 0]
