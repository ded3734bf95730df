"""The experiment about errors that compound: what it prints, writes and refuses."""

import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import novice.app.lab.compounding_task
import novice.evaluation.compounding
from app.commands import WALK, WALKER, differing, done, refused, said, summary_of
from novice.algorithms.settings import DaggerSettings
from novice.app.report.compounding import tightrope_page, verdict_lines
from novice.app.report.compounding_task import task_lines, task_page
from novice.evaluation.compounding import Experiment

COMPOUNDING = ("lab", "compounding")
ON_A_WALK = (
    *(*COMPOUNDING, WALK, "--expert", WALKER, "--labels", "20", "--seeds", "2"),
    *("--test-episodes", "4", "--hidden", "8"),
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small experiment, over in a moment."""
    small = Experiment(
        lengths=(16, 32, 64), error_rate=5e-4, errors=200, recovery=2, episodes=20
    )
    monkeypatch.setattr(novice.evaluation.compounding, "Experiment", lambda: small)


@pytest.fixture(scope="module", autouse=True)
def short_lessons() -> Iterator[None]:
    """Fits of 500 steps, as short as they can be."""
    short = functools.partial(DaggerSettings, first_steps=100, steps=50)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novice.app.lab.compounding_task, "DaggerSettings", short)
        yield


@pytest.fixture(scope="module")
def studied(made: Callable[..., Path]) -> Path:
    """The experiment on a task, made once."""
    return made("lab-compounding", *ON_A_WALK)


def way(name: str, exponent: float, low: float, high: float) -> dict[str, Any]:
    """What one way came to, as the summary says it."""
    rope = {
        "length": 100,
        "learners": 1000,
        "erred": 10,
        "erred_twice": 0.01,
        "cost": {"mean": 0.5, "ci95": [0.4, 0.6]},
        "exact_cost": 0.5,
        "wrong_where_taught": 1e-4,
        "wrong_where_it_went": 5e-3,
    }
    return {
        "name": name,
        "exponent": {"mean": exponent, "ci95": [low, high]},
        "exact_exponent": exponent,
        "ropes": [rope, {**rope, "length": 200}],
    }


def summary(**exponents: tuple[float, float, float]) -> dict[str, Any]:
    """A summary in which nothing but the exponents matters."""
    usual = {
        "bc": (2.0, 1.9, 2.1),
        "dagger": (1.0, 0.9, 1.1),
        "bc-noise": (1.0, 0.9, 1.1),
        "bc-forgiven": (1.0, 0.9, 1.1),
    }
    return {
        "env": "novice/Tightrope-v0",
        "seed": 0,
        "experiment": {"error_rate": 1e-4, "recovery": 3, "episodes": 50},
        "ways": [way(name, *each) for name, each in (usual | exponents).items()],
    }


def test_it_says_which_exponents_it_found_and_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = done(capsys, *COMPOUNDING, "--out", tmp_path / "lab")
    table = re.findall(
        r"^(bc\S*|dagger) .*  (\d\.\d\d) \[\S+ \S+\]$", out, re.MULTILINE
    )
    found = {name: float(exponent) for name, exponent in table}
    assert list(found) == ["bc", "dagger", "bc-noise", "bc-forgiven"]
    assert found.pop("bc") > 1.7
    assert all(0.7 < exponent < 1.3 for exponent in found.values())
    assert "novice dagger TASK" in out and "--noise" in out
    assert out.endswith(f"report: {tmp_path / 'lab' / 'report.html'}\n")


def test_its_folder_holds_what_a_program_and_a_person_want(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "lab"
    done(capsys, *COMPOUNDING, "--seed", "3", "--out", folder)
    told = summary_of(folder)
    assert (told["command"], told["seed"]) == ("lab compounding", 3)
    bc = told["ways"][0]
    low, high = bc["exponent"]["ci95"]
    assert low < bc["exponent"]["mean"] < high
    assert [rope["length"] for rope in bc["ropes"]] == [16, 32, 64]
    page = (folder / "report.html").read_text()
    for words in ("What to do", "What is made, and what is measured", "Where they err"):
        assert words in page
    assert page.count("<svg") == 2  # For a desk and for a phone.
    assert "novice lab compounding" in page and "--seed 3" in page


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        done(capsys, *COMPOUNDING, "--seed", seed, "--out", tmp_path / name)
    assert differing(tmp_path / "one", tmp_path / "same") == []
    assert "summary.json" in differing(tmp_path / "one", tmp_path / "other")


def test_json_is_all_that_json_prints(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = done(capsys, *COMPOUNDING, "--json", "--no-report", "--out", tmp_path / "lab")
    assert json.loads(out) == summary_of(tmp_path / "lab")
    assert not (tmp_path / "lab" / "report.html").exists()


def test_quiet_prints_the_claim_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = done(capsys, *COMPOUNDING, "--quiet", "--out", tmp_path / "lab")
    assert out.count("\n") == 1 and "bc" in out and "dagger" in out


def test_the_next_free_folder_is_taken(
    capsys: pytest.CaptureFixture[str], workplace: Path
) -> None:
    for _ in range(2):
        done(capsys, *COMPOUNDING, "--no-report")
    names = sorted(path.name for path in (workplace / "runs").iterdir())
    assert names == ["lab-compounding-0", "lab-compounding-0-2"]


def test_it_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "novice lab compounding" in done(capsys, "lab")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--labels", "9"), "--labels is about policies trained on a task; name one"),
        (("--hidden", "9"), "--hidden is about policies trained on a task; name one"),
        (("--expert", "a:b"), "--expert is about policies trained on a task"),
        (("--resume",), "--resume is about policies trained on a task"),
        ((WALK, "--seeds", "1"), "--seeds is 1, but it must be between 2 and 100"),
        ((WALK, "--labels", "0"), "--labels is 0, but it must be at least 1"),
        (("--seed", "-1"), "--seed is -1, but it must be 0 to 4294967295"),
        ((WALK,), "no expert comes with novice for 'app.homemade:Walk-v0'"),
        (("--label", "9"), "there is no --label here; did you mean --labels?"),
    ],
)
def test_what_it_cannot_do_it_says_in_a_line(
    capsys: pytest.CaptureFixture[str],
    workplace: Path,
    words: tuple[str, ...],
    why: str,
) -> None:
    assert why in refused(capsys, *COMPOUNDING, *words)
    assert not (workplace / "runs").exists()


def test_a_folder_that_holds_something_is_left_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    words = refused(capsys, *COMPOUNDING, "--out", tmp_path)
    assert "is there already" in words
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_claim_is_made_only_where_the_intervals_make_it() -> None:
    assert verdict_lines(summary())[0].startswith("2 lies in bc's interval and not in")
    for found in (
        {"bc": (2.2, 2.1, 2.3)},
        {"dagger": (1.2, 1.1, 1.3)},
        {"dagger": (1.5, 0.9, 2.1)},
        {"bc": (1.5, 0.9, 2.1)},
    ):
        missed = verdict_lines(summary(**found))[0]
        assert missed.startswith("The exponents are bc")
        assert "once in 20 times; another --seed tells" in missed


def test_the_page_names_what_it_measured_when_the_claim_fails() -> None:
    page = tightrope_page({"settings": {"seed": 0}}, summary(bc=(2.2, 2.1, 2.3)))
    assert "Cost grows with length to the power of 2.20 for a clone" in page
    assert "four times as much" not in page


@pytest.mark.slow
def test_everybody_gets_as_many_labels_on_a_task(studied: Path) -> None:
    told = summary_of(studied)
    assert [way["name"] for way in told["ways"]] == ["bc", "bc-noise", "dagger"]
    assert {way["labels"] for way in told["ways"]} == {20}
    assert {len(way["returns"]) for way in told["ways"]} == {2}


@pytest.mark.slow
def test_what_is_lost_over_time_adds_up_to_the_cost(studied: Path) -> None:
    for way in summary_of(studied)["ways"]:
        at_the_end = np.mean([lost[-1] for lost in way["lost_so_far"]])
        np.testing.assert_allclose(at_the_end, way["cost"]["mean"], atol=1e-6)


@pytest.mark.slow
def test_the_page_of_a_task_shows_both_by_time(studied: Path) -> None:
    page = (studied / "report.html").read_text()
    for words in ("Reward lost by then", "How far from the expert", "What to do"):
        assert words in page
    assert page.count("<svg") == 4
    assert f"novice dagger {WALK}" in page
    assert "exponent is claimed" in page
    assert f"novice lab compounding</span> <span>{WALK}" in page


@pytest.mark.slow
def test_a_killed_experiment_goes_on_to_the_same_bytes(
    capsys: pytest.CaptureFixture[str], studied: Path, copied: Path
) -> None:
    for name in ("summary.json", "report.html", "measured/dagger-0.json"):
        (copied / name).unlink()
    done(capsys, *ON_A_WALK, "--out", copied, "--resume")
    assert differing(studied, copied) == []


@pytest.mark.slow
def test_quiet_prints_what_compares_the_ways(
    capsys: pytest.CaptureFixture[str], studied: Path, copied: Path
) -> None:
    told = done(capsys, *ON_A_WALK, "--out", copied, "--resume", "--quiet")
    assert told.splitlines() == task_lines(summary_of(studied))[:1]
    assert told.startswith(f"On {WALK}, ")


@pytest.mark.slow
def test_an_experiment_does_not_go_on_with_other_settings(
    capsys: pytest.CaptureFixture[str], studied: Path
) -> None:
    words = (*ON_A_WALK, "--out", studied, "--resume", "--labels", "21")
    assert "--labels 20, but now it is 21" in refused(capsys, *words)


@pytest.mark.slow
def test_a_task_that_talks_does_not_disturb_json(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = [word.replace("Walk-v0", "Loud-v0") for word in ON_A_WALK]
    status, out, err = said(capsys, *words, "--json", "--out", tmp_path / "lab")
    assert status == 0 and "a task that talks" in err
    assert json.loads(out)["env"] == "app.homemade:Loud-v0"


@pytest.mark.slow
def test_ways_are_called_better_only_where_the_seeds_can_tell(studied: Path) -> None:
    told = summary_of(studied)
    for way in told["ways"]:
        way["less_than_bc"]["ci95"] = [-1.0, 1.0]
    assert "do not tell bc, bc-noise and dagger apart" in task_lines(told)[0]
    told["ways"][2]["less_than_bc"]["ci95"] = [0.1, 1.0]
    assert (
        f"On {WALK}, dagger loses less than bc at 20 labels each"
        in (task_lines(told)[0])
    )
    told["ways"][1]["less_than_bc"]["ci95"] = [0.1, 1.0]
    assert "bc-noise and dagger lose less than bc" in task_lines(told)[0]
    told["ways"][1]["less_than_bc"]["ci95"] = [-1.0, -0.1]
    assert (
        "dagger loses less than bc, and bc less than bc-noise, at 20 labels each."
        in (task_lines(told)[0])
    )


@pytest.mark.slow
def test_a_stretch_that_no_policy_reached_is_left_out(studied: Path) -> None:
    told = summary_of(studied)
    for way in told["ways"]:
        for course in way["disagreement_by_time"]:
            course[-1] = None
    settings = json.loads((studied / "settings.json").read_text())
    assert not re.search(r"\bnan\b", task_page(settings, told))
