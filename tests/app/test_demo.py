"""The demo, in miniature: three lessons, each kept only if it does no harm."""

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

import novice.app.demo
from app.commands import done, refused, summary_of
from app.homemade import to_the_middle
from app.killing import alone
from novice.algorithms.settings import (
    BcSettings,
    DaggerSettings,
    FitSettings,
)
from novice.app.cli import main
from novice.app.demo import Lesson
from novice.experts.controllers import BUILT_IN
from novice.experts.expert import Law

FIT = FitSettings(hidden=(8,))
CLONED = Lesson(
    "cloned", "It watches", "bc", BcSettings(demonstrations=4, steps=500, fit=FIT)
)
SPOILED = Lesson(
    "spoiled",
    "It is corrected, far too eagerly",
    "dagger",
    DaggerSettings(
        labels=20,
        labels_per_round=20,
        steps=100,
        fit=FitSettings(hidden=(8,), learning_rate=30.0),
    ),
)
CORRECTED = Lesson(
    "corrected",
    "It is corrected",
    "dagger",
    DaggerSettings(labels=80, labels_per_round=20, steps=100, fit=FIT),
)


@pytest.fixture(scope="session")
def shown(common_folder: Path) -> Path:
    """A demo whose second lesson does harm, made once for all tests."""
    folder = common_folder / "demo" / "demo"
    with alone(common_folder / "demo.made"):
        if not (folder / "summary.json").exists():
            show(folder)
    return folder


def show(folder: Path) -> None:
    """Give the demo in miniature."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novice.app.demo, "TASK", "app.homemade:Walk-v0")
        patch.setattr(novice.app.demo, "EPISODES", 12)
        patch.setattr(novice.app.demo, "LESSONS", (CLONED, SPOILED, CORRECTED))
        guide = Law("to the middle", to_the_middle)
        patch.setitem(BUILT_IN, "Walk", lambda kwargs: guide)
        with contextlib.redirect_stdout(io.StringIO()) as heard:
            assert main(["demo", "--out", str(folder)]) == 0
        (folder.parent / "heard.txt").write_text(heard.getvalue())


def steps_of(shown: Path) -> dict[str, Any]:
    """What the summary says of each lesson."""
    return {step["name"]: step for step in summary_of(shown)["steps"]}


def test_the_demo_leaves_its_files(shown: Path):
    assert sorted(path.name for path in shown.iterdir()) == [
        "cloned",
        "corrected",
        "evaluation.json",
        "replays.json",
        "report.html",
        "rounds",
        "settings.json",
        "spoiled",
        "summary.json",
    ]


def test_every_lesson_is_a_run_of_its_own(shown: Path):
    commands = {name: summary_of(shown / name)["command"] for name in steps_of(shown)}

    assert commands == {"cloned": "bc", "spoiled": "dagger", "corrected": "dagger"}


def test_a_lesson_that_does_harm_is_not_kept(shown: Path):
    spoiled = steps_of(shown)["spoiled"]

    assert spoiled["change"]["ci95"][1] < 0
    assert spoiled["kept"] is False


def test_a_lesson_that_does_no_harm_is_kept(shown: Path):
    steps = steps_of(shown)

    assert steps["corrected"]["change"]["ci95"][1] >= 0
    assert steps["cloned"]["kept"] is steps["corrected"]["kept"] is True


def test_the_next_lesson_begins_with_what_was_kept(shown: Path):
    settings = json.loads((shown / "corrected" / "settings.json").read_text())
    kept = (shown / "cloned" / "rounds" / "000" / "policy.safetensors").read_bytes()

    assert settings["settings"]["from"] == str(shown / "cloned")
    assert (shown / "corrected/start/policy.safetensors").read_bytes() == kept


def test_a_change_is_counted_from_what_was_kept(shown: Path):
    evaluation = json.loads((shown / "evaluation.json").read_text())
    steps = steps_of(shown)

    def mean(name: str) -> float:
        return sum(evaluation[name]["return"]) / 12

    for name in ("spoiled", "corrected"):
        change = mean(name) - mean("cloned")
        assert steps[name]["change"]["mean"] == pytest.approx(change)
    assert "change" not in steps["cloned"]


def test_everybody_is_compared_on_the_same_episodes(shown: Path):
    evaluation = json.loads((shown / "evaluation.json").read_text())

    seeds = [each["seed"] for each in evaluation.values()]
    assert len(seeds) == 3 and seeds[0] == seeds[1] == seeds[2]


def test_labels_and_steps_add_up_over_the_lessons(shown: Path):
    steps = steps_of(shown)

    assert [step["labels"] for step in steps.values()] == [40, 60, 120]
    env_steps = [step["env_steps"] for step in steps.values()]
    assert env_steps == sorted(env_steps) and env_steps[0] == 40


def test_the_replays_show_where_the_clone_fails_most(shown: Path):
    replays = json.loads((shown / "replays.json").read_text())
    evaluation = json.loads((shown / "evaluation.json").read_text())

    cloned = evaluation["cloned"]
    worst = cloned["seed"][cloned["return"].index(min(cloned["return"]))]
    assert [(each["label"], each["seed"]) for each in replays] == [
        ("cloned", worst),
        ("spoiled", worst),
        ("corrected", worst),
    ]


def test_the_demos_report_can_be_written_anew(
    shown: Path, capsys: pytest.CaptureFixture[str]
):
    before = (shown / "report.html").read_bytes()

    done(capsys, "report", shown)

    assert (shown / "report.html").read_bytes() == before


def test_a_demo_is_not_gone_on_with_as_a_run(
    shown: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("bc", "CartPole-v1", "--out", shown, "--resume")

    assert "was begun with COMMAND demo, but now it is bc" in refused(capsys, *words)


def test_the_lessons_are_told_in_words_and_in_a_table(shown: Path):
    heard = (shown.parent / "heard.txt").read_text()

    assert re.search(r"\n2\. It is corrected, far too eagerly\.\n", heard)
    assert re.search(
        r"\nspoiled: -\d+ \[-\d+, -\d+\] on the same 12 episodes, worse; not kept:",
        heard,
    )
    table = heard[heard.index("the same 12 episodes for everybody") :]
    for name in ("chance", "cloned", "spoiled", "corrected", "teacher"):
        assert f"\n {name} " in table
    assert heard.endswith(f"report: {shown / 'report.html'}\n")
