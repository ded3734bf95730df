"""What novice reinforce is told, and what a policy that was brought becomes."""

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.commands import WALK, done, refused, short, summary_of
from novice.algorithms.practice_settings import (
    ReinforceSettings,
    after_imitation,
    preset,
)
from novice.app.cli import main
from novice.app.data.next_command import flags
from novice.app.folder import RunFolder
from novice.app.report.closing import command_line


@pytest.fixture
def clone(made: Callable[..., Path], workplace: Path) -> Path:
    """A clone, made from 40 answers, in the current folder."""
    shutil.copytree(made("bc", *short("bc")), workplace / "clone")
    return Path("clone")


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ReinforceSettings]:
    """What a command would do, without doing it."""
    told: list[Any] = []
    monkeypatch.setattr(
        "novice.app.train.carry_out", lambda assignment, *rest: told.append(assignment)
    )

    def ask(*words: str) -> ReinforceSettings:
        assert main(["reinforce", WALK, *words]) == 0
        return told[-1].settings

    ask.told = told  # type: ignore[attr-defined]

    return ask


def test_a_preset_is_written_into_the_settings_of_the_run(
    workplace: Path, capsys: pytest.CaptureFixture[str]
):
    words = ["reinforce", WALK, "--preset", "ppo", "--environments", "64"]
    small = ["--env-steps", "1", "--rounds", "1", "--hidden", "8", "--no-report"]
    small += ["--test-episodes", "4", "--validation-episodes", "2"]
    done(capsys, *words, *small, "--out", "run")

    kept = json.loads(Path("run", "settings.json").read_text())["settings"]
    for name, value in preset("ppo", environments=64).items():
        assert kept[name] == value
    assert (kept["environments"], kept["fragment"], kept["step"]) == (64, 8, "clip")
    assert kept["hidden"] == [8]


def test_without_a_preset_practice_stays_plain(settings_of):
    assert settings_of() == ReinforceSettings()


@pytest.mark.parametrize("name", ["a2c", "npg", "ppo"])
def test_a_preset_sets_what_it_says_and_nothing_else(name, settings_of):
    expected = ReinforceSettings(**preset(name, environments=3))

    # Whoever waits for whole episodes has no use for a number of environments.
    got = settings_of("--preset", name, "--environments", "3")
    assert got == ReinforceSettings(**{**vars(expected), "environments": 3})


@pytest.mark.parametrize(
    "words",
    [
        "--preset ppo --environments 64 --fragment 4 --epochs 3 --discount 0.9",
        "--fragment 4 --epochs 3 --discount 0.9 --environments 64 --preset ppo",
    ],
)
def test_what_is_said_besides_a_preset_is_done(words, settings_of):
    got = settings_of(*words.split())

    told = preset("ppo", environments=64)
    assert told.items() >= {"epochs": 20, "discount": 0.98}.items()
    told |= {"fragment": 4, "epochs": 3, "discount": 0.9}
    assert got == ReinforceSettings(**told)


def test_whoever_brings_a_policy_stays_near_it_at_first(settings_of):
    got = settings_of("--from", "clone")

    assert got == ReinforceSettings(**after_imitation())
    assert (got.step, got.anchor) == ("clip", 0.03)


def test_real_actions_are_held_back_more(settings_of, monkeypatch):
    monkeypatch.setattr(
        "novice.app.learning_commands.practiced", lambda _: (True, 1000)
    )

    assert settings_of() == ReinforceSettings()
    assert settings_of("--preset", "ppo") == ReinforceSettings(
        **preset("ppo", real=True)
    )
    got = settings_of("--from", "clone", "--environments", "16")
    assert got == ReinforceSettings(**after_imitation(16, real=True))
    assert (got.step, got.episodes_per_batch, got.spread) == ("natural", 16, 0.05)


def test_whoever_brings_a_policy_may_practice_in_another_way(settings_of):
    got = settings_of("--from", "clone", "--preset", "reinforce", "--anchor", "0")

    assert got == ReinforceSettings()


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--preset reinforce",
        "--anchor 0 --normalize --validation-episodes 20",
        "--preset a2c --no-normalize",
    ],
)
def test_the_command_in_the_report_does_the_same_again(words, settings_of):
    settings_of("--from", "clone", *words.split())
    first = settings_of.told[-1]
    typed = " ".join(command_line("reinforce", first.as_json()["settings"]))

    assert main(shlex.split(typed)[1:]) == 0

    assert settings_of.told[-1] == first


@pytest.mark.parametrize("words", ["--preset reinforce", "--validation-episodes 20"])
def test_the_words_that_go_on_with_a_run_say_what_is_not_usual_there(
    words, settings_of
):
    settings_of("--from", "clone", *words.split())
    first = settings_of.told[-1]

    assert (
        main(["reinforce", WALK, *flags("reinforce", first.as_json()["settings"])]) == 0
    )

    assert settings_of.told[-1] == first


@pytest.mark.parametrize(
    ("words", "episodes"),
    [("", 40), ("--episodes-per-batch 8", 8), ("--episodes-per-batch 50", 50)],
)
def test_short_episodes_of_real_actions_come_in_many_at_a_time(
    words, episodes, settings_of, monkeypatch
):
    monkeypatch.setattr("novice.app.learning_commands.practiced", lambda _: (True, 50))

    assert settings_of(*words.split()).episodes_per_batch == episodes

    first = settings_of.told[-1]
    repeated = flags("reinforce", first.as_json()["settings"])
    assert main(["reinforce", WALK, *repeated]) == 0
    assert settings_of.told[-1] == first


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            "--anchor 1",
            "--anchor is about a policy that was learned elsewhere; say --from RUN as"
            " well",
        ),
        (
            "--spread 0.1",
            "--spread is about a policy that was learned elsewhere; say --from RUN as"
            " well",
        ),
        (
            "--warm-up 3",
            "--warm-up is about a policy that was learned elsewhere; say --from RUN as"
            " well",
        ),
        (
            "--demonstrations-fall 0.5",
            "--demonstrations-fall is about a policy that was learned elsewhere; say"
            " --from RUN as well",
        ),
        (
            "--demonstrations 0.1 --data shown",
            "--demonstrations is about a policy that was learned elsewhere; say --from"
            " RUN as well",
        ),
        (
            "--from clone --data shown",
            "--data shown is only learned from with --demonstrations SHARE, such as"
            " 0.1",
        ),
        ("--environments 0", "--environments is 0, but it is 1 or more"),
        (
            "--preset ppo --environments -3",
            "--environments is -3, but it is 1 or more",
        ),
        (
            "--weigh gae --baseline none",
            "--baseline is none, but --weigh gae is made of learned values; say"
            " --baseline value",
        ),
        (
            "--fragment 8 --weigh rewards-to-go",
            "--weigh is rewards-to-go, but --fragment 8 ends before episodes do, so"
            " that a learned value must stand for the rest; say --weigh gae, or"
            " --fragment 0",
        ),
        (
            "--preset a2c --weigh full-return",
            "--weigh is full-return, but --fragment 64 ends before episodes do, so"
            " that a learned value must stand for the rest; say --weigh gae, or"
            " --fragment 0",
        ),
        (
            "--preset ppo --environments 2 --fragment 4 --minibatches 9",
            "--minibatches is 9, but a batch has 4 * 2 = 8 steps",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    words: str, line: str, workplace: Path, capsys: pytest.CaptureFixture[str]
):
    assert refused(capsys, "reinforce", WALK, *words.split()) == line
    assert list(workplace.iterdir()) == []


def test_an_unknown_preset_is_refused(capsys: pytest.CaptureFixture[str]):
    line = refused(capsys, "reinforce", WALK, "--preset", "trpo")

    assert "--preset" in line
    assert all(name in line for name in ("reinforce", "a2c", "ppo", "npg"))


STILL = ("--env-steps", "1", "--rounds", "1", "--learning-rate", "0")


def test_a_run_delivers_the_clone_where_practice_has_gained_nothing(
    clone: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *short("reinforce", "--from", "clone", "--out", "run"), *STILL)

    summary = summary_of(Path("run"))
    assert [each["round"] for each in summary["rounds"]] == [0, 1]
    assert summary["best_round"] == 0


def test_practice_from_nothing_delivers_the_latest_of_the_best(
    workplace: Path, capsys: pytest.CaptureFixture[str]
):
    still = ("--env-steps", "80", "--rounds", "2", "--learning-rate", "0")
    done(capsys, *short("reinforce", "--out", "run"), *still)

    assert summary_of(Path("run"))["best_round"] == 1


@pytest.mark.parametrize("share", [[], ["--demonstrations", "0.1"]])
def test_what_was_shown_comes_along_if_it_is_to_be_learned_from(
    share: list[str], clone: Path, capsys: pytest.CaptureFixture[str]
):
    words = [*short("reinforce", "--from", "clone", "--out", "run"), *STILL]
    done(capsys, *words, *share)

    kept = RunFolder(Path("run")).start_dataset()
    assert (0 if kept is None else len(kept)) == (40 if share else 0)
