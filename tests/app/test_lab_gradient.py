"""The experiment about two gradients: what it prints, writes and refuses."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import novice.app.lab.gradient_study
from app.commands import WALK, WALKER, differing, done, refused, summary_of
from inbox.axe import all_findings
from inbox.conftest import browser  # noqa: F401
from novice.app.cli import main
from novice.app.lab.gradient import GradientOptions
from novice.app.lab.gradient_study import Study, unit_measured
from novice.app.report.gradient import (
    agreement_sentence,
    gradient_lines,
    gradient_table,
)
from novice.app.report.gradient_pictures import compass, even_ranges, ranges_of

GRADIENT = ("lab", "gradient")
ON_A_WALK = (
    *(*GRADIENT, WALK, "--expert", WALKER, "--episodes", "20", "--steps", "2"),
    *("--batch-episodes", "2", "--hidden", "8"),
)
UNITS = ["truth", "expert", "beginner", "cloned", "practiced"]


class Killed(BaseException):
    """What nobody catches."""


@pytest.fixture(scope="module")
def studied(made: Callable[..., Path]) -> Path:
    """The experiment, made once."""
    return made("lab-gradient", *ON_A_WALK)


def counted_units(patch: pytest.MonkeyPatch, *, fatal: str = "") -> list[str]:
    """What is measured from now on, as it comes; at the `fatal` one all is over."""
    units: list[str] = []

    def counted(study: Any, name: str, steps: int) -> dict[str, Any]:
        if name == fatal:
            raise Killed
        units.append(name)
        return unit_measured(study, name, steps)

    patch.setattr(novice.app.lab.gradient_study, "unit_measured", counted)
    return units


def spread(mean: float, low: float, high: float) -> dict[str, Any]:
    return {"mean": mean, "ci95": [low, high]}


def point(name: str, steps: int, cosine: Mapping[str, Any] | None) -> dict[str, Any]:
    told = {"agreement": 0.9, "effective": 40.0, "noise_scale": 3.3}
    return {
        "name": name,
        "steps": steps,
        "parameters": 400,
        "return": spread(20.0, 19.0, 21.0),
        "supervised": {**told, "noise_scale": 0.01, "length": spread(1.0, 0.9, 1.1)},
        "practice": {**told, "length": spread(9.0, 8.0, 10.0)},
        "weighings": [
            {"name": name, "unbiased": True, "mean": 2.0, "spread": 1.0, **each}
            for name, each in (
                ("full return", {"against": 0.0}),
                ("rewards to go", {"against": 0.0, "noise_scale": 12.2}),
                ("rewards to go − mean", {"against": 0.6, "noise_scale": 3.3}),
            )
        ],
        "states": {}
        if not steps
        else {"from_beginner": {"auc": 0.9, "ci95": [0.8, 1.0]}},
        **({} if cosine is None else {"cosine": cosine}),
    }


def summary(*cosines: Mapping[str, Any] | None, off: bool = False) -> dict[str, Any]:
    places = zip(("beginner", "cloned", "practiced"), (0, 5, 5), cosines, strict=True)
    return {
        "env": "Walk-v0",
        "seed": 4,
        "episodes": 100,
        "points": [point(*each) for each in places],
        "truth": {
            "places": ["a", "b"],
            "batches": 2000,
            "episodes": 8,
            "cosine": 0.5,
            "ways": [
                {
                    "name": name,
                    "off": 0.01,
                    "surely_off": wrong,
                    "towards": {"median": 0.8},
                }
                for name, wrong in (
                    ("supervised", False),
                    ("full return", off),
                    ("rewards to go − mean", False),
                )
            ],
        },
    }


SAME, OPPOSED, OPEN = (
    spread(0.5, 0.3, 0.7),
    spread(-0.5, -0.7, -0.3),
    spread(-0.2, -1.0, 0.5),
)


def plain(lines: list[str]) -> list[str]:
    """The same with ordinary spaces."""
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


def test_the_sentences_say_the_numbers() -> None:
    claim, later, data, weights, noise, _, truth, interval, do = plain(
        gradient_lines(summary(SAME, OPPOSED, None))
    )

    assert claim.endswith("agree by a cosine of 0.5 [0.3, 0.7].")
    assert later == (
        "They agree by −0.5 [−0.7, −0.3] after cloning; after practice it can't be"
        " told: a gradient is lost in noise, or there is none (1: the same way, 0:"
        " unrelated)."
    )
    assert "after cloning in 90 % [80, 100] and after practice" in data
    assert "60 % of the beginner's actions weigh less than nothing" in weights
    assert noise == (
        "The noise: Until a beginner's step is more gradient than noise, imitation"
        " takes 1 of the expert's episodes, and practice of its own more than 100 can"
        " tell with the full return, 13 with the rewards to go and 4 with these less"
        " the other episodes' mean."
    )
    assert "is off by 1 % of its length (full return) and 1 %" in truth
    assert "no more than chance explains" in truth
    assert "--seed 5 is another" in interval
    assert "novice dagger Walk-v0" in do


def test_an_estimator_that_is_off_is_named() -> None:
    truth = gradient_lines(summary(SAME, SAME, SAME, off=True))[6]

    assert "more than chance explains for full return;" in truth


def test_only_what_an_interval_holds_is_said_of_the_return() -> None:
    points = summary(SAME, OPPOSED, OPEN)["points"]

    assert agreement_sentence(points) == (
        "For a beginner, a small step that imitates better also pays more; after"
        " cloning, a small step that imitates better pays less; after practice,"
        " whether a small step that imitates better pays is open."
    )
    alike = agreement_sentence(summary(SAME, SAME, None)["points"])
    assert alike.startswith("For a beginner and after cloning, a small step")
    assert alike.endswith("after practice, one of the two is lost in noise, or zero.")


def test_the_table_says_what_cannot_be_told() -> None:
    found = summary(SAME, SAME, None)
    del found["points"][2]["practice"]["noise_scale"]
    head, beginner, _, practiced, foot = plain(gradient_table(found))

    assert head.split()[:2] == ["policy", "returns"]
    assert beginner.split()[-2:] == ["1", "4"]
    assert practiced.count("can't be told") == 2
    assert "until a step is more gradient than noise" in foot


def test_a_compass_turns_by_the_cosine() -> None:
    drawn = compass(spread(0.0, 0.0, 0.0), description="upright")

    ends = [
        tuple(map(float, pair.split()))
        for pair in re.findall(r"M120 134L([\d. ]+)M", drawn)
    ]
    assert ends[0][1] == 134 and ends[0][0] > 200  # The supervised one: to the right.
    assert ends[1][0] == 120 and ends[1][1] < 50  # The other: up.
    assert compass(None, description="unknown").count("M120 134L") == 1


def test_axes_hold_every_state_and_are_even_for_directions() -> None:
    across, up = ranges_of([[(0.0, -5.0), (1.0, 5.0)], [(2.0, 0.0)]])
    assert (across.low, across.high, up.low, up.high) == (0, 2, -5, 5)
    assert across.at(2.0) > across.at(0.0) and up.at(5.0) < up.at(-5.0)

    across, up = even_ranges([[(0.0, 0.0), (4.0, 1.0)]])
    unit = across.at(1.0) - across.at(0.0)
    assert unit == pytest.approx(up.at(0.0) - up.at(1.0), abs=0.2)


@pytest.mark.slow
def test_what_is_written_is_whole(studied: Path) -> None:
    told = summary_of(studied)
    assert [each["name"] for each in told["points"]] == UNITS[2:]
    assert [each["steps"] for each in told["points"]] == [0, 2, 2]
    # A state is one number, so the time stands beside it.
    assert told["expert"]["axes"][1] == "step"
    assert "drawn" not in json.dumps(told)
    for each in told["points"]:
        assert each["parameters"] == 1 * 8 + 8 + 8 * 2 + 2
        assert -1 <= each["supervised"]["agreement"] <= 1
    page = (studied / "report.html").read_text()
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 4 + 2 + 3 + 3
    assert all('aria-label="' in each for each in pictures)
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_offline_and_keeps_nobody_out(
    browser: Any,  # noqa: F811
    studied: Path,
    scheme: str,
) -> None:
    for width in (360, 1100):
        size = {"width": width, "height": 800}
        with browser.window(viewport=size, color_scheme=scheme) as window:
            window.set_offline(True)
            page = window.new_page()
            page.goto(f"file://{studied / 'report.html'}")
            assert all_findings(page) == []
            held = page.locator("main").bounding_box()
            assert held["x"] >= 0 and held["x"] + held["width"] <= width


@pytest.mark.slow
@pytest.mark.parametrize("fatal", ["beginner", "practiced"])
def test_a_killed_experiment_goes_on_to_the_same_bytes(
    capsys: pytest.CaptureFixture[str], studied: Path, tmp_path: Path, fatal: str
) -> None:
    folder = tmp_path / "lab"
    words = [*ON_A_WALK, "--out", str(folder)]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        counted_units(patch, fatal=fatal)
        main(words)
    assert not (folder / "summary.json").exists()

    with pytest.MonkeyPatch.context() as patch:
        units = counted_units(patch)
        done(capsys, *words, "--resume")

    assert units == UNITS[UNITS.index(fatal) :]  # The others are not measured again.
    assert differing(studied, folder) == []


@pytest.mark.slow
def test_who_clones_does_as_the_expert_and_who_practices_is_paid_more(
    tmp_path: Path,
) -> None:
    options = GradientOptions(
        episodes=20, steps=15, batch_episodes=20, learning_rate=0.05, hidden=(8,)
    )
    study = Study(env=WALK, kwargs={}, expert=WALKER, options=options, path=tmp_path)
    beginner, cloned, practiced = (
        unit_measured(study, name, steps)
        for name, steps in (("beginner", 0), ("cloned", 15), ("practiced", 15))
    )
    study.slots.close()

    assert cloned["likelihood"] > beginner["likelihood"] + 0.3
    assert cloned["return"]["mean"] > beginner["return"]["ci95"][1]
    assert practiced["return"]["mean"] > beginner["return"]["ci95"][1]
    # The expert's data is the same for all of them, and so is what it knows of scale.
    assert np.array_equal(
        study.beginner.trunk.normalizer.mean, study.cloned().trunk.normalizer.mean
    )


@pytest.mark.slow
def test_another_seed_is_another_experiment(
    capsys: pytest.CaptureFixture[str], studied: Path, tmp_path: Path
) -> None:
    words = (*ON_A_WALK, "--no-report", "--seed", "1")
    done(capsys, *words, "--out", tmp_path / "other")

    one, other = summary_of(studied), summary_of(tmp_path / "other")
    for mine, yours in zip(one["points"], other["points"], strict=True):
        assert mine["return"] != yours["return"]
        assert mine["supervised"]["length"] != yours["supervised"]["length"]
    assert one["truth"]["ways"][1]["off"] != other["truth"]["ways"][1]["off"]


@pytest.mark.slow
def test_what_pays_nothing_has_no_policy_gradient(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = [word.replace("Walk-v0", "Unpaid-v0") for word in ON_A_WALK]
    out = done(capsys, *words, "--out", tmp_path / "unpaid")

    assert "can't tell where a beginner's point" in out
    assert "one of the two is lost in noise, or zero." in out


@pytest.mark.slow
def test_real_actions_have_both_gradients(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = [word.replace("Walk-v0", "Glide-v0") for word in ON_A_WALK]
    done(capsys, *words, "--out", tmp_path / "glide")

    for each in summary_of(tmp_path / "glide")["points"]:
        assert each["supervised"]["length"]["mean"] > 0


@pytest.mark.slow
def test_json_and_quiet_print_that_alone(
    capsys: pytest.CaptureFixture[str], studied: Path, copied: Path
) -> None:
    words = (*ON_A_WALK, "--out", copied, "--resume", "--no-report")
    assert json.loads(done(capsys, *words, "--json")) == summary_of(copied)
    out = done(capsys, *words, "--quiet")
    assert out.splitlines() == gradient_lines(summary_of(studied))[:1]


@pytest.mark.slow
def test_an_experiment_does_not_go_on_with_other_settings(
    capsys: pytest.CaptureFixture[str], studied: Path
) -> None:
    words = (*ON_A_WALK, "--out", studied, "--resume", "--steps", "3")
    assert "--steps 2, but now it is 3" in refused(capsys, *words)


def test_it_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "novice lab gradient" in done(capsys, "lab")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--episodes", "19"), "--episodes is 19, but it must be between 20 and 10000"),
        (("--steps", "0"), "--steps is 0, but it must be between 1 and 10000"),
        (("--batch-episodes", "1"), "--batch-episodes is 1, but it must be between 2"),
        (("--learning-rate", "-1"), "--learning-rate is -1.0, but it must be between"),
        (("--learning-rate", "nan"), "--learning-rate is nan, but it must be between"),
        (("--hidden", "-3"), "--hidden is -3, but layers have at least one unit"),
        (("--seed", "-1"), "--seed is -1, but it must be 0 to 4294967295"),
        ((WALK,), "no expert comes with novice for 'app.homemade:Walk-v0'"),
        (("Walk-v7",), "Walk-v7"),
        (("CarRacing-v3",), "CarRacing-v3 shows pictures"),
        (("--episode", "9"), "there is no --episode here; did you mean --episodes?"),
    ],
)
def test_what_it_cannot_do_it_says_in_a_line(
    capsys: pytest.CaptureFixture[str],
    workplace: Path,
    words: tuple[str, ...],
    why: str,
) -> None:
    assert why in refused(capsys, *GRADIENT, *words)
    assert not (workplace / "runs").exists()


def test_a_folder_that_holds_something_is_left_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert "is there already" in refused(capsys, *GRADIENT, "--out", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
