"""Which round is delivered, and which policy is called better."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.commands import done, refused, short
from novice.app.choice import latest_of_the_best, promoted
from novice.app.compare import compared, difference_of
from novice.evaluation.returns import Returns


def test_the_only_round_is_chosen():
    assert latest_of_the_best([[1.0, 2.0]]) == 0


def test_a_round_that_is_worse_in_every_episode_is_not_chosen():
    # Behind by 1 in the mean; the differences vary by 0, so twice their error is 0.
    assert latest_of_the_best([[3.0, 4.0], [2.0, 3.0]]) == 0


def test_of_equal_rounds_the_latest_is_chosen():
    assert latest_of_the_best([[3.0, 4.0], [1.0, 1.0], [3.0, 4.0]]) == 2


def test_a_later_round_that_is_worse_by_luck_alone_is_chosen():
    # Behind by 0, 0, 0, 4: 1 in the mean, standard deviation 2, error 2 / √4 = 1.
    assert latest_of_the_best([[5.0, 5.0, 5.0, 5.0], [5.0, 5.0, 5.0, 1.0]]) == 1


def test_a_later_round_that_is_worse_by_more_than_twice_the_error_is_not_chosen():
    # Behind by 1, 1, 1, 5: 2 in the mean, error 1; 2 is not more than twice that,
    assert latest_of_the_best([[5.0, 5.0, 5.0, 5.0], [4.0, 4.0, 4.0, 0.0]]) == 1
    # behind by 1.1, 1.1, 1.1, 5.1 it is 2.1, which is.
    assert latest_of_the_best([[5.0, 5.0, 5.0, 5.0], [3.9, 3.9, 3.9, -0.1]]) == 0


def test_rounds_are_compared_in_the_same_episodes():
    # Both swing by 100 from episode to episode, but the second is behind in each.
    assert latest_of_the_best([[0.0, 100.0, 50.0], [-1.0, 99.0, 49.0]]) == 0


def test_without_a_reward_the_last_round_is_chosen():
    assert latest_of_the_best([[0.0, 0.0]] * 5) == 4


def test_nothing_takes_the_place_of_what_was_brought_by_noise_alone():
    # Ahead by 0, 0, 0, 4: 1 in the mean, and its error is 1.
    assert promoted([[5.0, 5.0, 5.0, 1.0], [5.0, 5.0, 5.0, 5.0]]) == 0
    # Ahead by 0.9, 0.9, 0.9, 4.9: 1.9 in the mean, less than 1.96 times the error,
    assert promoted([[4.1, 4.1, 4.1, 0.1], [5.0, 5.0, 5.0, 5.0]]) == 0
    # ahead by 1, 1, 1, 5 it is more.
    assert promoted([[4.0, 4.0, 4.0, 0.0], [5.0, 5.0, 5.0, 5.0]]) == 1


def test_the_more_rounds_there_are_the_surer_one_must_be():
    brought, ahead = [4.0, 4.0, 4.0, 0.0], [5.0, 5.0, 5.0, 5.0]

    # Among 20 rounds one is better by 1.96 errors now and then, by luck.
    assert promoted([brought, ahead, *[brought] * 19]) == 0
    assert promoted([brought, [each + 2 for each in ahead], *[brought] * 19]) == 1


def test_a_sure_gain_takes_the_place_of_what_was_brought():
    # Both swing by 100 from episode to episode, but the second is ahead in each.
    assert promoted([[0.0, 100.0, 50.0], [1.0, 101.0, 51.0]]) == 1


def test_of_sure_gains_the_latest_is_chosen_that_is_not_surely_worse():
    brought, better = [0.0, 1.0, 2.0], [5.0, 6.0, 7.0]

    assert promoted([brought, better, [4.0, 5.0, 6.0]]) == 1
    assert promoted([brought, better, [4.9, 7.0, 6.0]]) == 2
    assert promoted([brought, better, [-3.0, 0.0, 1.0]]) == 1


def test_a_round_that_is_as_good_takes_no_place():
    assert promoted([[3.0, 4.0]] * 3) == 0


def returned(*values: float) -> Returns:
    count = len(values)
    return Returns(np.arange(count), np.array(values), np.ones(count, np.int64))


def test_a_difference_is_what_the_second_returns_more_than_the_first():
    returns = {"one": returned(1.0, 2.0, 3.0), "other": returned(2.0, 4.0, 6.0)}

    gap = difference_of("one", "other", returns)

    assert (gap["from"], gap["to"], gap["mean"]) == ("one", "other", 2.0)
    assert 1 <= gap["ci95"][0] <= 2 <= gap["ci95"][1] <= 3


@pytest.fixture
def pair(made: Callable[..., Path]) -> tuple[str, str]:
    """A clone of somebody who goes to the middle, and one of somebody who goes away."""
    away = short("bc", "--expert", "app.homemade:away")
    return str(made("bc", *short("bc"))), str(made("away", *away))


def test_the_better_policy_is_ahead(pair: tuple[str, str]):
    good, bad = pair

    found = compared([bad, good], episodes=10, which="best", expert="auto")

    (gap,) = found["differences"]
    assert (gap["from"], gap["to"]) == (bad, good)
    assert gap["ci95"][0] > 0
    mean = {each["run"]: each["return"]["mean"] for each in found["policies"]}
    assert gap["mean"] == pytest.approx(mean[good] - mean[bad])


def test_the_worse_policy_is_behind(pair: tuple[str, str]):
    good, bad = pair

    found = compared([good, bad], episodes=10, which="best", expert="auto")

    assert found["differences"][0]["ci95"][1] < 0


def test_every_two_runs_are_compared(pair: tuple[str, str]):
    good, bad = pair

    found = compared(
        [good, bad, f"{good}/../bc"], episodes=4, which="last", expert="auto"
    )

    assert len(found["policies"]) == 3 and len(found["differences"]) == 3
    assert found["differences"][1]["mean"] == 0


def test_with_an_expert_the_policies_are_normalized(pair: tuple[str, str]):
    expert = "app.homemade:to_the_middle"

    found = compared(pair, episodes=10, which="best", expert=expert)

    good, bad = (each["normalized"] for each in found["policies"])
    assert bad < 0 < good <= 1.01
    assert found["expert"]["name"] == expert


def test_everybody_plays_the_same_episodes(
    pair: tuple[str, str], capsys: pytest.CaptureFixture[str]
):
    alone = compared(pair[:1], episodes=6, which="best", expert="auto")
    together = compared(pair, episodes=6, which="best", expert="auto")

    assert alone["policies"][0] == together["policies"][0]
    assert alone["random"] == together["random"]


def test_runs_of_different_tasks_are_not_compared(
    pair: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    other = tmp_path / "other"
    done(capsys, *short("bc", "--out", other, task="app.homemade:Unpaid-v0"))

    assert refused(capsys, "evaluate", pair[0], other) == (
        f"{other} was trained on app.homemade:Unpaid-v0 {{}}, but {pair[0]} on"
        " app.homemade:Walk-v0 {}; compare runs of one task"
    )
