"""What the page and the terminal say about policies where a task is varied."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from novice.app.report import RunContents, UnreadableRunError, report
from novice.app.report.vary import columns_of
from novice.app.report.vary_words import called, short_names, told, value_shown

RUNS = ("runs/bc", "runs/dagger")


def returned(mean: float, kept: float | None = None, **more: float) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "return": {"mean": mean, "ci95": [mean - 5, mean + 5], "episodes": 50},
        **more,
    }
    if kept is not None:
        entry["kept"] = {"mean": kept, "ci95": [kept - 0.05, kept + 0.05]}
    return entry


def gap(mean: float) -> dict[str, Any]:
    return {
        "from": RUNS[0],
        "to": RUNS[1],
        "mean": mean,
        "ci95": [mean - 10, mean + 10],
    }


def at(value: Any, kept: Sequence[float], *, expert: float = 1.0) -> dict[str, Any]:
    """Returns at a value: chance 0, as trained 100."""
    policies = [
        {"run": run, **returned(100 * share, share, normalized=share / expert)}
        for run, share in zip(RUNS, kept, strict=True)
    ]
    return {
        "value": value,
        "policies": policies,
        "random": returned(0),
        "expert": returned(100 * expert, expert),
        "differences": [gap(100 * (kept[1] - kept[0]))],
    }


def block(values: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    over = [
        {"run": RUNS[0], **returned(60, 0.6), "holds": [0, 1]},
        {"run": RUNS[1], **returned(95, 0.95), "holds": [0, 1, 2]},
    ]
    return {
        "what": "wind_power",
        "kind": "argument",
        "unit": "the task's own argument",
        "task_argument": {},
        "usual": 0,
        "values": values,
        "over_range": {"policies": over, "differences": [gap(35)]},
        "without_effect": False,
        **more,
    }


def found(*blocks: Mapping[str, Any]) -> dict[str, Any]:
    policies = [{"run": run, "round": 3, **returned(100)} for run in RUNS]
    return {
        "command": "evaluate",
        "env": "LunarLander-v3",
        "policies": policies,
        "random": returned(0),
        "expert": {"name": "heuristic", **returned(100)},
        "differences": [gap(0)],
        "vary": list(blocks),
    }


WINDY = block([at(0, (1.0, 1.0)), at(1, (0.95, 0.97)), at(2, (0.2, 0.92))])


def lines(one: Mapping[str, Any]) -> list[str]:
    return [
        line.replace("\N{NO-BREAK SPACE}", " ")
        for line in told(one, found(one), short_names(RUNS))
    ]


def test_it_is_said_where_each_policy_holds_and_how_much_it_keeps():
    said = lines(WINDY)

    assert said[0] == (
        "bc keeps at least 90 % of its usual return above chance from wind_power 0 to"
        " 1; in the mean over all values it keeps 0.60 [0.55, 0.65]."
    )
    assert said[1] == (
        "dagger keeps at least 90 % of its usual return above chance at every"
        " wind_power tried; in the mean over all values it keeps 0.95 [0.90, 1.00]."
    )


def hardly_better(*, known: bool) -> dict[str, Any]:
    """Two policies of which the episodes cannot say whether chance does as well."""
    one = block([at(0, (1.0, 1.0)), at(2, (-3.5, 4.0))])
    for entry in (*one["over_range"]["policies"], *one["values"][1]["policies"]):
        if known:
            entry["kept"]["ci95"] = None
        else:
            del entry["kept"]
    for entry in one["values"][0]["policies"]:
        entry["kept"]["ci95"] = None
    return one


@pytest.mark.parametrize(("known", "how"), [(True, "hardly"), (False, "no")])
def test_who_is_hardly_better_than_chance_keeps_no_share_of_it(known: bool, how: str):
    one = hardly_better(known=known)

    said = lines(one)

    assert said[0] == (
        f"bc is {how} better than chance as trained: what it loses cannot be told."
    )
    assert said[-1].startswith("Before it can lose anything a policy must be better")
    page = page_of(found(one)).replace("\N{NO-BREAK SPACE}", " ")
    assert "bc keeps" not in page
    assert "bc returns 100" in page


def test_small_values_stand_whole_beside_their_axis():
    page = page_of(found(block([at(0, (1.0, 1.0)), at(0.2, (0.2, 0.9))])))

    assert ">0.025<" in page
    assert ">0.175<" in page


def test_it_is_said_who_returns_more_and_where_that_is_sure():
    assert lines(WINDY)[2] == (
        "dagger minus bc, over all values: +35 [+25, +45]; at single values told apart"
        " at 2."
    )


def test_what_the_expert_does_better_is_to_be_taught_where_it_was_lost():
    assert lines(WINDY)[-1] == (
        "To hold over more of it, a policy must be taught there: novice dagger"
        " LunarLander-v3 --task-argument wind_power=2 --from RUN goes on with the"
        " answers of a run and asks the expert for more at that value."
    )


def test_it_is_taught_where_a_policy_is_furthest_behind_the_expert():
    values = [at(v, (share, 1.0)) for v, share in ((1, 0.8), (2, 0.1), (3, 0.5))]

    assert "--task-argument wind_power=2 --from RUN" in lines(block(values))[-1]


def test_what_the_expert_loses_too_takes_another_teacher():
    both = block([at(0, (1.0, 1.0)), at(2, (0.5, 0.5), expert=0.5)])

    said = lines(both)

    assert said[-2].startswith(
        "The expert (heuristic) keeps less than 90 % itself at wind_power 2"
    )
    assert "practice under it (novice reinforce)" in said[-1]


def test_an_expert_that_is_no_better_than_chance_is_not_asked():
    lost = at(2, (0.5, 0.5), expert=-0.5)
    for each in lost["policies"]:
        del each["normalized"]

    said = lines(block([at(0, (1.0, 1.0)), lost]))

    assert "practice under it (novice reinforce)" in said[-1]


def test_where_nobody_knows_what_is_possible_the_first_thing_is_to_teach():
    lost = at(2, (0.5, 1.0))
    del lost["expert"]
    for each in lost["policies"]:
        del each["normalized"]

    said = lines(block([at(0, (1.0, 1.0)), lost]))

    assert said[-1].startswith("To hold over more of it, a policy must be taught there")


def test_where_nothing_is_lost_wider_values_are_advised():
    assert lines(block([at(0, (1.0, 1.0)), at(1, (0.95, 0.95))]))[-1] == (
        "Nothing was lost at any of these values: try wider ones."
    )


def test_many_intervals_come_with_a_warning():
    many = block([at(value, (1.0, 1.0)) for value in range(7)])

    # 2 policies and 1 difference at each of 7 values; a twentieth of 21 is 1.
    assert any(line.startswith("Of 21 intervals at single") for line in lines(many))
    assert not any(line.startswith("Of ") for line in lines(WINDY))


def test_what_has_no_effect_is_said_instead_of_everything_else():
    (said,) = lines(block([at(0, (1.0, 1.0))], without_effect=True))

    assert said.startswith("Nobody's return depends on wind_power at these values")


@pytest.mark.parametrize(
    "kind",
    [
        *("argument", "attribute", "factor"),
        *("observation_noise", "action_noise", "observation_delay", "action_delay"),
    ],
)
def test_there_is_advice_for_everything_that_can_be_varied(kind: str):
    assert lines({**WINDY, "kind": kind})[-1]


def test_a_value_stands_as_it_is_typed():
    assert [value_shown(v) for v in (0.0, -8, 0.25, True, "far", [1, 2])] == [
        *("0", "-8", "0.25", "true", "far", "[1, 2]")
    ]


def test_what_else_was_set_is_named():
    assert called(block([], task_argument={"enable_wind": True})) == (
        "wind_power (as trained: 0) with enable_wind=true"
    )


def test_runs_are_called_by_their_folders_where_these_differ():
    assert short_names(["runs/bc", "runs/dagger/"]) == ["bc", "dagger"]
    assert short_names(["a/run", "b/run"]) == ["a/run", "b/run"]


def test_everybody_has_a_column():
    columns = columns_of(WINDY, ["bc", "dagger"], found(WINDY))

    assert list(columns) == ["bc", "dagger", "expert: heuristic", "chance"]
    assert [entry["mean"] for entry in columns["bc"]] == [100, 95, 20]


def page_of(summary: Mapping[str, Any]) -> str:
    settings = {
        "command": "evaluate",
        "settings": {
            "task": "LunarLander-v3",
            "task_argument": {"enable_wind": True},
            "runs": [*RUNS],
            "episodes": 50,
            "vary": ["wind_power=0,1,2"],
        },
    }
    return report(RunContents(settings=settings, summary=summary))


def test_the_page_shows_a_figure_for_each_thing_and_says_how_to_repeat_it():
    page = page_of(found(WINDY, {**WINDY, "what": "gravity"}))

    # Each is drawn for a desk and for a phone.
    assert page.count("<svg") == 4
    assert "Where wind_power varies, bc keeps 60" in page
    for words in ("runs/bc", "--task-argument enable_wind=true", "--episodes 50"):
        assert f"<span>{words}</span>" in page
    assert page_of(found(WINDY, {**WINDY, "what": "gravity"})) == page


def test_many_policies_are_compared_in_tables():
    third = {**found(WINDY)["policies"][0], "run": "runs/third"}
    values = [
        {**entry, "policies": [*entry["policies"], {**entry["policies"][0]}]}
        for entry in WINDY["values"]
    ]
    over = WINDY["over_range"]
    over = {**over, "policies": [*over["policies"], over["policies"][0]]}
    summary = found({**WINDY, "values": values, "over_range": over})
    summary["policies"].append(third)

    page = page_of(summary)

    assert "<td>from wind_power 0 to 1</td>" in page
    assert page.count("<td>dagger minus bc</td>") == 2
    assert "bc keeps at least" not in page


def test_the_page_of_words_for_values_is_drawn_too():
    page = page_of(found(block([at("easy", (1.0, 1.0)), at("hard", (0.5, 0.9))])))

    assert ">hard</text>" in page


def test_a_name_cannot_put_anything_into_the_page():
    name = "<script>alert(1)</script>"
    summary = found({**WINDY, "spread_of": name, "unit": name, "what": name})
    summary["expert"]["name"] = name

    assert "<script" not in page_of(summary)


def test_a_summary_that_is_not_evaluates_is_refused():
    summary = found(WINDY)
    del summary["vary"][0]["over_range"]

    with pytest.raises(UnreadableRunError, match="is not what novice evaluate writes"):
        page_of(summary)


def test_a_comparison_without_anything_varied_has_a_page_too():
    page = page_of({**found(), "vary": []})

    assert "bc returns 100" in page
    assert "<svg" not in page


def test_where_each_policy_goes_is_shown_where_it_was_measured():
    summary = {**found(), "vary": []}
    told = {"auc": 0.9, "ci95": [0.85, 0.95], "p": 0.001}
    summary["policies"][0]["shift"] = told
    summary["policies"][1]["shift_unknown"] = "it learned from no dataset"

    page = page_of(summary)

    assert "bc: AUC 0.90 [0.85, 0.95]: its states can mostly be told from" in page
    assert "dagger: no AUC: it learned from no dataset." in page
    assert "Where each policy goes" not in page_of({**found(), "vary": []})
