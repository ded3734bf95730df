"""Where a task speaks of success, every evaluation says how often it came to it."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app import arms
from app.commands import WALKER, done, said, short, summary_of
from app.commands import differing as differing_files
from app.crashing import Killed, killed_after
from app.test_report import Outline
from app.test_summary import SUMMARY, breaches
from novice.app.success import success_in
from novice.evaluation.success import exact_interval
from novice.files import read_json

ARM = "app.arms:Arm-v0"
EVERYBODY = ("random", "expert", "last", "final")


def rate(successes: int, episodes: int) -> dict:
    """How a rate stands in summary.json."""
    low, high = exact_interval(successes, episodes)
    return {"rate": successes / episodes, "ci95": [low, high], "episodes": episodes}


def page_of(run: Path) -> Outline:
    return Outline((run / "report.html").read_text())


@pytest.fixture
def here(workplace: Path) -> Path:
    """An empty folder to work in."""
    return workplace


@pytest.fixture(scope="module")
def silent(made: Callable[..., Path]) -> Path:
    """A run of a task that does not speak of success."""
    return made("reported", *short("dagger", "--report"))


@pytest.fixture(scope="module")
def spoken(made: Callable[..., Path]) -> Path:
    """The same of one that does."""
    return made("spoken", *short("dagger", "--report", task=ARM))


@pytest.mark.parametrize("kind", ["Arm", "Reaching"])
@pytest.mark.parametrize("command", ["bc", "dagger", "reinforce"])
def test_every_evaluation_has_a_success_rate(
    command: str, kind: str, here: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *short(command, "--out", "run", task=f"app.arms:{kind}-v0"))

    summary = summary_of(here / "run")
    assert list(breaches(summary, SUMMARY, "summary")) == []
    # Of 2 validation episodes one has an even seed, of 4 final episodes two.
    assert [each["success"] for each in summary["rounds"]] == [rate(1, 2)] * len(
        summary["rounds"]
    )
    assert {who: summary[who]["success"] for who in EVERYBODY} == dict.fromkeys(
        EVERYBODY, rate(2, 4)
    )
    for played in read_json(here / "run" / "evaluation.json").values():
        if "return" in played:
            assert played["success"] == [seed % 2 == 0 for seed in played["seed"]]


def test_practice_in_a_vectorized_task_is_evaluated_with_success(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    made = arms.SideBySide.made
    done(capsys, *short("reinforce", "--out", "run", task="app.arms:Arms-v0"))

    assert arms.SideBySide.made == made + 1
    summary = summary_of(here / "run")
    assert [each["success"] for each in summary["rounds"]] == [rate(1, 2)] * 3
    assert summary["final"]["success"] == rate(2, 4)


def test_success_chooses_no_round_and_changes_no_return(silent: Path, spoken: Path):
    """Both runs are the same but for the word."""
    one, other = summary_of(silent), summary_of(spoken)

    for part in (*(other[who] for who in EVERYBODY), *other["rounds"]):
        del part["success"]
    for summary in (one, other):
        del summary["seconds"], summary["env"]
    assert one == other
    for number in range(3):
        name = f"rounds/{number:03d}/measures.json"
        measures = read_json(spoken / name)
        del measures["success"]
        assert measures == read_json(silent / name)
    assert differing_files(silent / "rounds", spoken / "rounds") == [
        f"{number:03d}/{name}"
        for number in range(3)
        for name in ("hashes.json", "measures.json")
    ]


def test_a_task_that_says_nothing_is_told_nothing(silent: Path):
    assert "success" not in json.dumps(summary_of(silent))
    assert "success" not in (silent / "evaluation.json").read_text()
    assert not re.search("success|succe(ed|ss)", page_of(silent).text)


def test_a_resumed_run_counts_success_as_one_in_a_go(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    words = short("dagger", "--out", "run", task=ARM)
    done(capsys, *words)
    (here / "run").rename(here / "whole")
    with killed_after("rounds/000"), pytest.raises(Killed):
        said(capsys, *words)

    done(capsys, *words, "--resume")

    assert differing_files(here / "whole", here / "run") == []
    assert summary_of(here / "run")["final"]["success"] == rate(2, 4)


def test_who_hears_nothing_of_a_success_had_none(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *short("dagger", "--out", "run", task="app.arms:Exulting-v0"))

    summary = summary_of(here / "run")
    assert summary["final"]["success"] == rate(2, 4)
    assert [each["success"] for each in summary["rounds"]] == [rate(0, 2)] * 3


def test_the_terminal_says_it_beside_the_return(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    lines = done(capsys, *short("dagger", task=ARM)).splitlines()

    rounds = [line for line in lines if line.startswith("round ")]
    assert len(rounds) == 3
    for line in rounds:
        assert re.search(
            r"return +\S+ \[\S+, \S+\]  success 50 % \[1, 99\]  norm", line
        )
    for who in ("random", "expert", "policy"):
        (line,) = [line for line in lines if line.startswith(f"{who:<8} ")]
        assert " over 4 episodes, success 50 % [7, 93]" in line, line


def test_more_than_a_hundred_episodes_are_told_to_a_tenth():
    assert success_in({"success": rate(1, 20)}) == "success 5 % [0, 25]"
    assert success_in({"success": rate(299, 300)}) == "success 99.7 % [98.2, 100.0]"
    assert success_in({}) is None


def test_a_task_that_only_says_success_is_told_by_it(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    words = short("dagger", "--report", "--out", "run", task="app.arms:Toiling-v0")
    lines = done(capsys, *words).splitlines()

    summary = summary_of(here / "run")
    assert "return" not in summary["final"]
    assert [each["success"] for each in summary["rounds"]] == [rate(1, 2)] * 3
    for who in ("random", "expert", "policy"):
        assert f"{who:<8} success 50 % [7, 93] over 4 episodes" in lines
    text = page_of(here / "run").text
    assert "The policy succeeds in 50 % [7, 93] of its episodes, from 60 labels" in text


def test_the_report_tells_success_in_a_sentence_and_a_card(spoken: Path):
    text = page_of(spoken).text

    assert (
        "It succeeds in 50 % [7, 93] of its 4 final episodes, the expert in 50 %"
        " [7, 93], chance in 50 % [7, 93]. An episode succeeded if the task said so in"
        " any of its steps."
    ) in text
    assert "of episodes succeed 50 % 7 to 93" in text


def test_the_report_draws_and_tabulates_success_over_the_rounds(spoken: Path):
    page = page_of(spoken)

    assert (
        "How often it succeeded After each round, on 2 validation episodes, with 95 %"
        " intervals. Dashed: expert and random on the final episodes."
    ) in page.text
    drawn = "Episodes that succeeded over labels: from 50 % [1, 99] to 50 % [1, 99]"
    told = [value.replace("\xa0", " ") for _, value in page.attributes if value]
    assert told.count(drawn) == 2  # for a desk, and for a phone
    assert "return IQM success, % normalized" in page.text
    assert page.text.count("50 [1, 99]") == 3


def test_policies_are_compared_by_success_too(
    spoken: Path, here: Path, capsys: pytest.CaptureFixture[str]
):
    shutil.copytree(spoken, here / "run")
    words = ("evaluate", "run", "--expert", WALKER, "--episodes", "4")
    out = done(capsys, *words, "--out", "compared")

    found = summary_of(here / "compared")
    everybody = [found["random"], found["expert"], *found["policies"]]
    assert [each["success"] for each in everybody] == [rate(2, 4)] * 3
    assert re.search(r"return, 95 % interval +normalized +success\b", out)
    assert out.count("50 % [7, 93]") == 3
    text = page_of(here / "compared").text
    assert "return success, % of the way to the expert" in text
    assert text.count("50 [7, 93]") == 3


def test_a_comparison_without_success_has_no_column_for_it(
    silent: Path, here: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("evaluate", str(silent), "--expert", WALKER, "--episodes", "4")
    out = done(capsys, *words, "--out", "compared")

    assert "success" not in out
    assert "success" not in json.dumps(summary_of(here / "compared"))
    assert "success" not in page_of(here / "compared").text
