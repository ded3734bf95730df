"""A slice drawn by chance tells how far a policy is from who teaches it."""

import numpy as np
import pytest

from novice.evaluation.audit import audited, spread, wilson


def test_the_mean_and_its_interval_by_hand():
    """Two episodes, of which one has one mistake in two answers.

    Between them are 0.125² + 0.125² = 1/32, and half of the 3/64 that independent
    answers have is added: 7/128, as have 24/7 independent answers. The degrees of
    freedom would be (7/128 · 32)² = 49/16, but two episodes have one, and t is 12.7062.
    """
    found = audited(
        np.array([0.0, 0.0, 1.0, 0.0]), np.array([0, 0, 1, 1]), np.full(4, 0.1)
    )

    answers = 24 / 7
    slack = 12.7062**2 / answers
    middle = (0.25 + slack / 2) / (1 + slack)
    half = 12.7062 / (1 + slack) * (0.1875 / answers + slack / (4 * answers)) ** 0.5
    assert found.mean == pytest.approx(0.25)
    assert found.ci95 == pytest.approx((middle - half, middle + half), abs=1e-5)
    assert (found.answers, found.episodes) == (4, 2)


def test_an_answer_counts_by_how_unlikely_it_was_to_be_asked():
    found = audited(np.array([1.0, 0.0]), np.array([0, 1]), np.array([0.5, 0.25]))

    assert found.mean == pytest.approx(2 / (2 + 4))


def test_answers_of_one_episode_tell_less_than_those_of_many():
    value = np.array([1.0] * 5 + [0.0] * 15)
    alike = audited(value, np.repeat(np.arange(4), 5), np.full(20, 0.1))
    apart = audited(value, np.arange(20), np.full(20, 0.1))

    assert alike.mean == apart.mean
    assert alike.ci95[1] - alike.ci95[0] > 1.5 * (apart.ci95[1] - apart.ci95[0])


def test_episodes_that_agree_by_luck_do_not_make_it_certain():
    """Every episode has one mistake in four, so none differs from another: the variance
    is half that of independent answers. Ten say so, and five may have been lucky.
    """
    for episodes, quantile in ((5, 2.776445), (10, 1.959964)):
        rows = 4 * episodes
        value = np.tile([1.0, 0.0, 0.0, 0.0], episodes)

        found = audited(value, np.arange(rows) // 4, np.full(rows, 0.1))

        half = 0.1875 / rows / 2
        expected = wilson(0.25, half, rows=float(rows), quantile=quantile, most=1.0)
        assert found.ci95 == pytest.approx(expected, abs=1e-4)


def test_the_variance_of_independent_answers_is_their_own_on_average():
    """4000 times 20 answers in 5 episodes; the least that is believed adds a little."""
    value = (np.random.default_rng(0).random((4000, 5, 4)) < 0.3).astype(float)
    mean = value.mean(axis=(1, 2), keepdims=True)
    between = ((value - mean).sum(axis=2) ** 2).sum(axis=1) / 20**2
    alone = ((value - mean) ** 2).mean(axis=(1, 2)) / 20

    found = [spread(*each, 5)[0] for each in zip(between, alone, strict=True)]

    assert 0.21 / 20 <= np.mean(found) <= 1.05 * 0.21 / 20


def test_what_was_estimated_from_few_episodes_widens_the_interval():
    """Twice the variance of independent answers, nearly all of it seen between them."""
    variance, freedom = spread(1.9, 1.0, 10)

    assert variance == pytest.approx(2.0)
    assert freedom == pytest.approx(9 * (2.0 / 1.9) ** 2)
    assert spread(1.8, 1.0, 5)[1] == 4


@pytest.mark.parametrize(
    ("episodes", "answers", "truth", "alike"),
    [(2, 12, 0.2, 0.3), (2, 25, 0.3, 0.8), (3, 8, 0.3, 0.8), (4, 10, 0.1, 0.3)],
)
def test_few_episodes_claim_no_more_than_they_know(episodes, answers, truth, alike):
    """Episodes differ by a beta distribution, answers of one are alike."""
    random = np.random.default_rng(3)
    often = (1 - alike) / alike
    covered = []
    for _ in range(300):
        chance = random.beta(truth * often, (1 - truth) * often, episodes)
        value = (random.random((episodes, answers)) < chance[:, None]).astype(float)
        places = np.repeat(np.arange(episodes), answers)
        low, high = audited(value.ravel(), places, np.full(value.size, 0.1)).ci95
        covered.append(low <= truth <= high)

    assert np.mean(covered) >= 0.93


def test_one_episode_tells_nothing_of_the_others():
    found = audited(np.array([0.0, 1.0]), np.array([3, 3]), np.full(2, 0.1))

    assert (found.mean, found.ci95) == (0.5, (0.0, 1.0))


@pytest.mark.parametrize("most", [1.0, 2.0])
def test_where_no_mistake_was_found_there_may_still_be_some(most):
    found = audited(np.zeros(25), np.arange(25) % 5, np.full(25, 0.1), most=most)

    # Wilson's interval of 0 in 25 with t = 2.776: t² / (25 + t²).
    assert found.ci95 == pytest.approx((0, most * 7.7086 / (25 + 7.7086)), abs=1e-4)


def test_a_distance_is_measured_on_its_own_scale():
    value, episode = np.array([0.1, 0.3, 0.2, 0.4]), np.array([0, 0, 1, 1])
    one = audited(value, episode, np.full(4, 0.1), most=1.0)
    double = audited(2 * value, episode, np.full(4, 0.1), most=2.0)

    assert double.mean == pytest.approx(2 * one.mean)
    assert double.ci95 == pytest.approx([2 * end for end in one.ci95])


def in_runs(
    generator: np.random.Generator, count: int, *, begin: float, end: float
) -> list[np.ndarray]:
    """Episodes of 25 to 100 steps in which mistakes come in runs, more in some."""
    found = []
    for chance in begin * generator.gamma(2.0, 0.5, count):
        coin, wrong, steps = generator.random(100), 0.0, []
        for each in coin[: generator.integers(25, 101)]:
            wrong = float(each >= end if wrong else each < chance)
            steps.append(wrong)
        found.append(np.array(steps))
    return found


@pytest.mark.parametrize(
    ("episodes", "answers"), [(5, 25), (10, 25), (10, 50), (20, 50)]
)
def test_the_interval_covers_the_truth(episodes, answers):
    generator = np.random.default_rng(0)
    all_there_is = in_runs(generator, 1000, begin=0.05, end=0.3)
    truth = np.concatenate(all_there_is).mean()

    covered = []
    for _ in range(200):
        drawn = [all_there_is[i] for i in generator.integers(1000, size=episodes)]
        value = np.concatenate(drawn)
        episode = np.repeat(np.arange(episodes), [len(each) for each in drawn])
        rows = generator.choice(len(value), answers, replace=False)
        chance = np.full(answers, answers / len(value))
        low, high = audited(value[rows], episode[rows], chance).ci95
        covered.append(low <= truth <= high)

    assert 0.91 <= np.mean(covered) <= (1 if episodes == 5 else 0.99)
