"""What `novice lab cost` says of what it found."""

from collections.abc import Mapping
from typing import Any

from novice.app.report.cost import cost_lines, cost_table
from novice.app.report.cost_page import cost_page


def tried(minutes: float, labels: int, *ends: float) -> dict[str, Any]:
    mean, *interval = ends
    known = {"ci95": interval} if interval else {}
    score = {"mean": mean, **known}
    return {
        "minutes": minutes,
        "labels": labels,
        "return": score,
        "normalized": score,
    }


def way(
    name: str,
    minutes: Mapping[str, Any],
    labels: Mapping[str, Any] | None = None,
    *,
    learned: int = 5,
) -> dict[str, Any]:
    return {
        "name": name,
        "learned": learned,
        "minutes_needed": minutes,
        "labels_needed": minutes if labels is None else labels,
        "course": [tried(1.0, 50, 0.5, 0.4, 0.6), tried(2.0, 90, 0.95, 0.9, 1.0)],
        "each": [],
    }


def spread(mean: float, low: float, high: float) -> dict[str, Any]:
    return {"mean": mean, "ci95": [low, high]}


def found(
    cheapest: Mapping[str, Any] | None, *ways: dict[str, Any], seeds: int = 5
) -> dict[str, Any]:
    return {
        "env": "LunarLander-v3",
        "seed": 0,
        "seeds": seeds,
        "needed": 0.9,
        "minutes": 15.0,
        "rounds": 15,
        "episodes": 50,
        "fit": {"passes": 200, "least_steps": 1000, "batch_size": 256},
        "expert": {"name": "heuristic", "return": spread(200.0, 190.0, 210.0)},
        "random": {"return": spread(-180.0, -200.0, -160.0)},
        "person": {
            "simulated": True,
            "knows": "heuristic",
            "steps_a_second": 50.0,
            "by_turns": False,
            "compensated": True,
            "real_actions": False,
            "lapses": 0.05,
            "tremor": 0.05,
            "unsure": 0.0,
            "reaction": 1.0,
            "clip": 0.5,
            "delay": 0.2,
            "speed": 0.5,
            "return": spread(30.0, 10.0, 50.0),
            "normalized": 0.6,
        },
        "ways": list(ways),
        "cheapest": cheapest,
    }


def plain(lines: list[str]) -> list[str]:
    """The same with ordinary spaces."""
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


SHOWN = way("demonstrations", spread(9.0, 8.0, 10.0), spread(5e3, 4e3, 6e3))
ASKED = way("relabeling", spread(3.0, 2.5, 3.5), spread(110.0, 90.0, 130.0))
TAKEN = way("take-over", {"each": [None, 3.0]}, learned=3)
MORE = {
    "demonstrations": spread(6.0, 5.0, 7.0),
    "take-over": spread(8.0, 4.0, 12.0),
}
SURE = {"name": "relabeling", "sure": True, "rivals": [], "more": MORE}


def test_the_cheapest_way_is_named_with_its_interval_and_what_to_do() -> None:
    claim, labels, do, who = plain(cost_lines(found(SURE, SHOWN, ASKED, TAKEN)))

    assert claim == (
        "Cheapest to 0.9 normalized on LunarLander-v3: relabeling, in 3.0 [2.5, 3.5]"
        " minutes of a simulated person's time."
    )
    assert labels == (
        "In simulated labels that is: relabeling 110 [90, 130], demonstrations 5000"
        " [4000, 6000]. An answer takes the person 1.5 s, a step at the controls 0.04"
        " s."
    )
    assert do == "To do: novice dagger LunarLander-v3 --expert human."
    assert who.startswith("The person is simulated: they know what heuristic does")
    assert "5 % lapses" in who and "0.2 s after they see" in who


def test_what_the_seeds_do_not_tell_apart_is_not_called_cheapest() -> None:
    more = MORE | {"demonstrations": spread(6.0, -1.0, 13.0)}
    unsure = SURE | {"sure": False, "rivals": ["demonstrations"], "more": more}

    claim, _, do, _ = cost_lines(found(unsure, SHOWN, ASKED, TAKEN))

    assert claim.startswith("Relabeling reaches 0.9 normalized on LunarLander-v3 in")
    assert claim.endswith("5 seeds do not tell it from demonstrations.")
    assert "more --seeds" in do


def test_where_no_way_teaches_it_the_ends_are_told() -> None:
    claim, do, _ = cost_lines(found(None, TAKEN))

    assert "Within 15 simulated minutes, no way of teaching brings 5 policies" in claim
    assert "take-over 0.95" in claim
    assert "--minutes" in do


def test_one_policy_is_no_claim_about_a_way() -> None:
    alone = SURE | {"sure": False, "rivals": ["take-over"], "more": {}}
    one = way("relabeling", {"each": [3.0], "mean": 3.0}, learned=1)

    claim, do, _ = cost_lines(found(alone, one, seeds=1))

    assert claim.startswith("The first policy at 0.9 normalized")
    assert "says nothing about others" in do


def test_the_table_has_a_dash_where_a_seed_did_not_learn() -> None:
    head, shown, _, taken = cost_table(found(SURE, SHOWN, ASKED, TAKEN))

    assert head.startswith("simulated person")
    assert "5 of 5" in shown and "9.0" in shown
    assert "3 of 5" in taken and taken.count("–") == 2


def test_the_page_says_how_much_more_the_others_cost_at_least() -> None:
    page = cost_page({"settings": {"seed": 0}}, found(SURE, SHOWN, ASKED, TAKEN))
    page = page.replace("\N{NO-BREAK SPACE}", " ")

    assert "demonstrations takes +6.0 [+5.0, +7.0] minutes more than relabeling" in page
    assert "this is the least that it can be" in page
    assert "novice dagger LunarLander-v3 --expert human --by takeover" in page
    assert "for 4,000 labels --steps 3125 with novice bc; --refit scratch" in page
    assert "--first-steps 1000 --steps 39 --labels-per-round 50 with novice" in page
    everybody = cost_page({"settings": {"seed": 0}}, found(SURE, SHOWN, ASKED))
    assert "this is the least" not in everybody
