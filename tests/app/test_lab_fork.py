"""`novice lab fork` says who gets past the obstacle, and what that means."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.commands import refused, said
from novice.app.lab.fork_study import share_over
from novice.app.report.contents import RunContents
from novice.app.report.fork import fork_lines, fork_page, fork_table
from novice.app.report.modes import modes_section, modes_sentence

TINY = (
    *("lab", "fork", "--seeds", "1", "--demonstrations", "20", "--steps", "500"),
    *("--test-episodes", "4"),
)


def share(mean: float, low: float, high: float) -> dict[str, Any]:
    return {"mean": mean, "ci95": [low, high]}


def head(name: str, success: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"head": name, "success": success, "each": [success["mean"]], **more}


def modes(between: float, disagree: float, far: float = 0.01) -> dict[str, Any]:
    return {
        **share(between, 0.9 * between, 1.1 * between),
        "disagree": share(disagree, 0.9 * disagree, 1.1 * disagree),
        "far": share(far, 0.9 * far, 1.1 * far),
    }


def summary(*heads: dict[str, Any]) -> dict[str, Any]:
    return {
        "command": "lab fork",
        "env": "novice/Fork-v0",
        "seed": 0,
        "version": "0",
        "demonstrations": 200,
        "seeds": 5,
        "episodes": 100,
        "expert": {"name": "driver", "success": 1.0, "left": 0.5},
        "heads": list(heads),
    }


CRASHES = head("squared", share(0.01, 0.0, 0.03), mode_averaging=modes(0.05, 0.05))
PASSES = head(
    "mixture", share(1.0, 0.99, 1.0), left=0.4, mode_averaging=modes(0.0, 0.05)
)


def test_the_verdict_names_who_crashes_and_who_gets_past():
    first, *_, last = fork_lines(summary(CRASHES, PASSES))

    assert first == (
        "The mean of two right answers is a crash: squared hardly ever gets past;"
        " mixture gets past."
    )
    assert last.startswith("To do ")
    assert "--head mixture" in last


def test_several_heads_are_listed():
    others = {**CRASHES, "head": "gaussian"}, {**PASSES, "head": "flow"}

    first = fork_lines(summary(CRASHES, others[0], PASSES, others[1]))[0]

    assert (
        "squared and gaussian hardly ever get past; mixture and flow get past" in first
    )


def test_who_can_choose_and_fails_does_not_fail_by_a_mean():
    untrained = {**CRASHES, "head": "mixture"}, {**PASSES, "head": "flow"}

    assert fork_lines(summary(*untrained))[0] == (
        "With the same demonstrations, mixture hardly ever gets past; flow gets past."
    )
    assert "the obstacle" not in fork_lines(summary(untrained[0]))[0]


def test_nothing_is_claimed_that_an_interval_does_not_hold():
    unsure = (
        head("mixture", share(0.97, 0.8, 1.0)),
        head("squared", share(0.05, 0.0, 1.0)),
    )

    assert fork_lines(summary(*unsure))[0].startswith("No head gets past in over 95 %")


def test_one_policy_alone_is_no_claim_about_its_head():
    alone = head("squared", {"mean": 0.0}), head("mixture", {"mean": 1.0})

    assert fork_lines(summary(*alone))[0].startswith("One policy of each head says")


def test_the_table_has_a_dash_for_what_nobody_knows():
    names, crashes, passes, looks_back = fork_table(
        summary(CRASHES, PASSES, head("flow", share(1.0, 0.99, 1.0)))
    )

    assert " ".join(names.split()) == "head get past of them left do what nobody did"
    assert "–" in crashes and "40 %" in passes
    assert looks_back.count("–") == 2


def test_the_page_draws_every_way_and_marks_where_it_ended():
    past = [[0.0, 0.0], [1.0, 0.5], [2.1, 0.0]]
    into = [[0.0, 0.0], [0.7, 0.0]]
    ways = {"expert": [past], "squared": [into, into], "mixture": [past]}

    page = fork_page({"settings": {"seed": 0}}, summary(CRASHES, PASSES), ways)

    assert 'aria-label="squared: 0 of 2 ways lead past"' in page
    assert 'aria-label="mixture: 1 of 1 ways lead past"' in page
    assert page.count("fill:var(--random)") == 2
    assert "novice lab fork" in page and "--head mixture" in page


def test_five_policies_that_never_fail_are_not_taken_for_perfect():
    found = share_over([1.0] * 5, 500)

    # 0.025 ** (1 / 500)
    assert found["ci95"] == [pytest.approx(0.99265, abs=1e-5), 1.0]


def test_policies_that_differ_widen_the_interval():
    found = share_over([0.0, 0.5, 1.0], 300)

    assert found["ci95"] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (modes(0.05, 0.05), "between two things that were done"),
        (modes(0.0, 0.05), "the policy does one of them"),
        (modes(0.0, 0.0), "would gain nothing here"),
        (modes(0.0, 0.0, far=0.3), "has not learned the data yet"),
        (modes(0.0, 0.05, far=0.3), "has not learned the data yet"),
        (modes(0.05, 0.05), "a law that switches at a sharp edge"),
    ],
)
def test_a_share_has_a_sentence_that_says_what_to_do(
    found: dict[str, Any], sentence: str
):
    assert sentence in modes_sentence(found)


def test_a_report_shows_what_the_delivered_policy_does():
    final = {"mode_averaging": modes(0.05, 0.06)}

    section = modes_section(RunContents(settings={}, summary={"final": final}))

    assert section is not None
    assert "6.0" in section and "--head mixture" in section
    assert modes_section(RunContents(settings={}, summary={"final": {}})) is None


def test_an_unknown_head_is_refused(capsys: pytest.CaptureFixture[str]):
    assert refused(capsys, "lab", "fork", "--heads", "mixed") == (
        "--heads has 'mixed', which is no head; it is some of gaussian, squared,"
        " mixture, discretized, flow"
    )


def test_a_head_for_other_actions_is_refused(capsys: pytest.CaptureFixture[str]):
    assert "'pairs', which takes no real actions" in refused(
        capsys, "lab", "fork", "--heads", "mixture", "pairs"
    )


def test_a_head_named_twice_is_refused(capsys: pytest.CaptureFixture[str]):
    told = refused(capsys, "lab", "fork", "--heads", "flow", "flow")

    assert told == "--heads has one twice: flow flow"


def test_too_few_demonstrations_are_refused(capsys: pytest.CaptureFixture[str]):
    told = refused(capsys, "lab", "fork", "--demonstrations", "5")

    assert told == "--demonstrations is 5, but it must be at least 20"


@pytest.mark.slow
def test_a_small_experiment_goes_on_where_it_was(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    out = tmp_path / "fork"
    words = (*TINY, "--heads", "squared", "mixture", "--out", out)

    status, told, err = said(capsys, *words)
    assert (status, err) == (0, ""), err
    assert "squared      seed 0" in told and "report:" in told
    first = json.loads((out / "summary.json").read_text())
    assert [each["head"] for each in first["heads"]] == ["squared", "mixture"]
    assert "mode_averaging" in first["heads"][0]
    assert "<svg" in (out / "report.html").read_text()

    kept = out / "measured" / "squared-0.json"
    changed = {**json.loads(kept.read_text()), "success": 0.125}
    kept.write_text(json.dumps(changed))
    (out / "measured" / "mixture-0.json").unlink()
    status, told, err = said(capsys, *words, "--resume", "--json")

    assert (status, "seed 0" in told) == (0, False)
    again = json.loads(told)
    assert again["heads"][0]["each"] == [0.125]
    assert again["heads"][1] == first["heads"][1]
    assert "is there already" in refused(capsys, *words)
    others = ("--history", "2", "--resume")
    assert "--history" in refused(capsys, *words, *others)
