"""Returns show what differs, and those that are told together are written alike."""

from typing import Any

import pytest

from novice.app.compare import print_comparison
from novice.app.numbers import interval, return_form
from novice.app.result import verdict_lines
from novice.app.teller import round_line


def told(mean: float, low: float, high: float) -> dict[str, Any]:
    return {"mean": mean, "ci95": [low, high], "episodes": 100}


@pytest.mark.parametrize(
    ("means", "form"),
    [
        ((-9.99, 0.0, 9.99), ".2f"),
        ((10.0,), ".1f"),
        ((-10.0,), ".1f"),
        ((0.04, 500.0), ".1f"),
    ],
)
def test_two_decimals_where_every_return_is_below_ten(
    means: tuple[float, ...], form: str
):
    assert return_form(*means) == form


def test_an_interval_has_the_decimals_of_its_mean():
    assert interval(told(0.043, 0.02, 0.066), ".2f") == "0.04 [0.02, 0.07]"
    assert interval(told(500.0, 499.96, 500.0)) == "500.0 [500.0, 500.0]"


def test_a_round_is_written_as_chance_and_the_expert_are():
    measures = {"env_steps": 100, "return": told(9.36, 9.2, 9.5)}

    assert round_line(0, measures, [-0.5, 0.9]).endswith("return     9.36 [9.20, 9.50]")
    assert round_line(0, measures, [20.6, 500.0]).endswith("return      9.4 [9.2, 9.5]")


def test_a_round_that_began_anew_says_so():
    measures = {"env_steps": 100, "labels": 40}

    assert round_line(1, measures | {"started_anew": True}, []).endswith("fitted anew")
    assert "anew" not in round_line(1, measures, [])


def test_a_return_of_ten_or_more_has_one_decimal_whoever_is_beside_it():
    measures = {"env_steps": 100, "return": told(12.34, 11.0, 13.0)}

    line = round_line(0, measures, [-0.5, 0.9])

    assert line.endswith("return     12.3 [11.0, 13.0]")


@pytest.mark.parametrize(
    ("expert", "lines"),
    [
        (
            told(0.98, 0.97, 0.99),
            [
                "random   -0.04 [-0.10, 0.01] over 100 episodes",
                "expert   0.98 [0.97, 0.99] over 100 episodes",
                "policy   0.91 [0.88, 0.94] over 100 episodes (round 3, chosen on other"
                " episodes)",
            ],
        ),
        (
            told(98.04, 97.0, 99.0),
            [
                "random   -0.0 [-0.1, 0.0] over 100 episodes",
                "expert   98.0 [97.0, 99.0] over 100 episodes",
                "policy   0.9 [0.9, 0.9] over 100 episodes (round 3, chosen on other"
                " episodes)",
            ],
        ),
    ],
)
def test_a_run_ends_with_returns_of_one_kind(expert: dict[str, Any], lines: list[str]):
    policy = {"round": 3, "return": told(0.91, 0.88, 0.94)}
    summary = {
        "random": {"return": told(-0.04, -0.1, 0.01)},
        "expert": {"return": expert},
        "last": policy,
        "final": policy,
        "best_round": 3,
    }

    assert verdict_lines(summary) == lines


@pytest.mark.parametrize(
    ("expert", "lines"),
    [
        (1.5, ["0.25 [0.15, 0.35]", "1.50 [1.40, 1.60]", "+0.05 [-0.02, +0.12]"]),
        (150.0, ["0.2 [0.1, 0.3]", "150.0 [149.9, 150.1]", "+0.1 [-0.0, +0.1]"]),
    ],
)
def test_a_comparison_writes_everybody_and_their_differences_alike(
    expert: float, lines: list[str], capsys: pytest.CaptureFixture[str]
):
    def around(mean: float) -> dict[str, Any]:
        return told(mean, mean - 0.1, mean + 0.1)

    entry = {"run": "one", "round": 0, "return": around(0.25)}
    print_comparison(
        {
            "env": "Task-v0",
            "random": {"return": around(-0.1)},
            "policies": [entry, {**entry, "run": "two"}],
            "differences": [
                {"from": "one", "to": "two", "mean": 0.05, "ci95": [-0.02, 0.12]}
            ],
            "expert": {"name": "law", "return": around(expert)},
        }
    )

    out = capsys.readouterr().out
    for line in lines:
        assert line in out
    assert f"two minus one: {lines[-1]}: not told apart" in out
