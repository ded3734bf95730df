"""The experiment about what a human costs: what it prints, writes and refuses."""

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import novice.app.lab.cost_lessons
import novice.app.lab.cost_study
from app.commands import WALK, WALKER, differing, done, refused, summary_of
from novice.algorithms.settings import FitSettings
from novice.app.cli import main
from novice.app.lab.cost import CostOptions
from novice.app.lab.cost_lessons import (
    WAYS,
    Lesson,
    NothingTaughtError,
    Taught,
    demonstrated,
    relabeled,
    taken_over,
)
from novice.app.lab.cost_study import Study, fitted
from novice.app.report.cost import cost_lines
from novice.learning.fit import new_learner

COST = ("lab", "cost")
# By turns, two steps a second: an episode of ten steps takes five seconds.
ON_A_WALK = (
    *(*COST, WALK, "--expert", WALKER, "--minutes", "0.4", "--rounds", "2"),
    *("--seeds", "2", "--validation-episodes", "2", "--hidden", "8", "--speed", "1"),
    *("--passes", "1"),
)


class Killed(BaseException):
    """What nobody catches."""


@pytest.fixture(scope="module")
def studied(made: Callable[..., Path]) -> Path:
    """The experiment, made once."""
    return made("lab-cost", *ON_A_WALK)


def counted_fits(patch: pytest.MonkeyPatch, *, fatal: int = -1) -> list[Taught]:
    """What is fitted from now on, as it comes; at the `fatal` one the process dies."""
    fits: list[Taught] = []

    def counted(study: Study, before: Any, told: Taught, *, key: Any) -> Any:
        if len(fits) == fatal:
            raise Killed
        fits.append(told)
        return fitted(study, before, told, key=key)

    patch.setattr(novice.app.lab.cost_study, "fitted", counted)
    return fits


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    """A task, and somebody who knows the way and never errs."""
    options = CostOptions(
        lapses=0.0,
        speed=1.0,
        clip=0.5,
        reaction=2.0,
        validation_episodes=2,
        passes=1,
        fit=FitSettings(hidden=(8,)),
    )
    made = Study(env=WALK, kwargs={}, expert=WALKER, options=options, path=tmp_path)
    yield made
    made.close()


def lesson(study: Study, way: str = "relabeling") -> Lesson:
    return study.lesson(way, 0)


def first_round(study: Study) -> Any:
    """A policy that was shown the way for half a minute."""
    told = demonstrated(lesson(study), None, 30.0)
    return fitted(study, None, told, key=jax.random.key(0))


def test_a_demonstration_takes_as_long_as_its_steps(study: Study) -> None:
    told = demonstrated(lesson(study), None, 12.0)

    assert told.seconds == 15  # Three whole episodes of ten steps, two a second.
    assert told.labels == 30
    assert {part.origin.source for part in told.answers} == {"demonstration"}


def test_an_answer_takes_the_clip_and_the_time_to_think(study: Study) -> None:
    told = relabeled(lesson(study), None, 600.0)

    # 0.5 s of clip and 2 s on average; who is in the middle of an answer ends it.
    assert 600 <= told.seconds < 620
    assert told.seconds / told.labels == pytest.approx(2.5, rel=0.1)
    observation = np.concatenate([part.observation for part in told.answers])
    action = np.concatenate([part.action for part in told.answers])
    # Who never lapses answers right.
    assert (action[:, 0] == (observation[:, 0] < 0)).all()
    places = [(p.origin.round, e, s) for p in told.answers for e, s in rows(p)]
    assert len(set(places)) == len(places)


def rows(part: Any) -> Iterator[tuple[int, int]]:
    return zip(part.episode.tolist(), part.step.tolist(), strict=True)


def test_who_cannot_tell_spends_their_time_all_the_same(study: Study) -> None:
    sure, unsure = (
        Study(
            env=WALK,
            kwargs={},
            expert=WALKER,
            options=CostOptions(lapses=0.0, unsure=share, validation_episodes=2),
            path=study.path,
        )
        for share in (0.0, 0.5)
    )
    labels = [relabeled(lesson(each), None, 300.0).labels for each in (sure, unsure)]
    assert labels[1] == pytest.approx(labels[0] / 2, rel=0.2)
    for each in (sure, unsure):
        each.close()


def test_watching_takes_time_although_it_teaches_nothing(study: Study) -> None:
    before = first_round(study)
    told = taken_over(lesson(study), before, 30.0)

    assert told.seconds == 30
    assert told.labels < 30  # Of 60 steps, most are the policy's.
    assert {part.origin.source for part in told.answers} <= {"intervention"}


def test_without_a_policy_to_watch_the_person_drives(study: Study) -> None:
    assert taken_over(lesson(study), None, 10.0).labels == 20


def test_who_was_told_nothing_stays_as_they_are(study: Study) -> None:
    before = first_round(study)
    after = fitted(study, before, Taught((), 60.0), key=jax.random.key(1))
    assert after.number == before.number + 1
    assert after.learner is before.learner and after.dataset is before.dataset


def test_every_label_is_looked_at_as_often(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []

    def counted(policy: Any, *words: Any, **settings: Any) -> Any:
        steps.append(settings["steps"])
        return new_learner(policy), 0.0

    monkeypatch.setattr(novice.app.lab.cost_study, "imitate", counted)
    options = dataclasses.replace(study.options, passes=25_600)
    often = dataclasses.replace(study, options=options)
    for each, seconds in ((study, 5.0), (often, 5.0), (often, 50.0)):
        told = demonstrated(lesson(study), None, seconds)
        assert told.labels == 2 * seconds
        fitted(each, None, told, key=jax.random.key(0))
    assert steps == [1_000, 1_000, 10_000]


def test_somebody_too_slow_for_the_task_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(novice.app.lab.cost_lessons, "FRUITLESS", 5)
    slow = Study(
        env="CartPole-v1",
        kwargs={},
        expert="auto",
        options=CostOptions(delay=9.0, speed=1.0, validation_episodes=2),
        path=tmp_path,
    )
    with pytest.raises(NothingTaughtError, match=r"give a shorter --delay"):
        demonstrated(slow.lesson("demonstrations", 0), None, 1.0)
    slow.close()


@pytest.mark.slow
def test_everybody_gets_as_much_of_the_persons_time(studied: Path) -> None:
    told = summary_of(studied)
    assert [way["name"] for way in told["ways"]] == list(WAYS)
    for way in told["ways"]:
        for rounds in way["each"]:
            minutes = [each["minutes"] for each in rounds]
            assert len(minutes) == 2
            for number, spent in enumerate(minutes, start=1):
                wanted = number * 0.4 / 2
                assert wanted <= spent + 1e-9 <= wanted + 10 / 60


@pytest.mark.slow
def test_the_summary_says_who_was_simulated_and_how(studied: Path) -> None:
    person = summary_of(studied)["person"]
    assert person["simulated"] is True
    assert (person["lapses"], person["delay"], person["reaction"]) == (0.05, 0.0, 1.0)
    assert (person["steps_a_second"], person["by_turns"]) == (2, True)


@pytest.mark.slow
def test_every_picture_table_and_sentence_says_simulated(
    capsys: pytest.CaptureFixture[str], studied: Path, copied: Path
) -> None:
    page = (studied / "report.html").read_text()
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 4  # Over minutes and labels, for a desk and for a phone.
    for each in pictures:
        assert re.search(r"<text[^>]*>[^<]*simulated", each), each[:200]
    tables = re.findall(r"<table.*?</table>", page, re.DOTALL)
    assert tables and all("simulated" in each for each in tables)
    assert "simulated" in re.findall(r"<h1>(.*?)</h1>", page, re.DOTALL)[0]
    out = done(capsys, *ON_A_WALK, "--out", copied, "--resume", "--no-report")
    assert "simulated person  reach 0.9" in out
    assert "The person is simulated" in out


@pytest.mark.slow
def test_a_killed_experiment_goes_on_to_the_same_bytes(
    capsys: pytest.CaptureFixture[str], studied: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "lab"
    words = [*ON_A_WALK, "--out", str(folder)]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        counted_fits(patch, fatal=5)  # In the midst of the third policy of six.
        main(words)
    assert len(list((folder / "measured").iterdir())) == 2
    assert not (folder / "summary.json").exists()

    with pytest.MonkeyPatch.context() as patch:
        fits = counted_fits(patch)
        done(capsys, *words, "--resume")

    assert len(fits) == 4 * 2  # What was measured is not measured again.
    assert differing(studied, folder) == []


@pytest.mark.parametrize("way", WAYS)
def test_another_seed_is_another_experiment(
    study: Study, tmp_path: Path, way: str
) -> None:
    options = dataclasses.replace(study.options, seed=5)
    other = dataclasses.replace(study, options=options, path=tmp_path)
    lessons = [each.lesson(way, seed) for each in (study, other) for seed in (0, 1)]
    told = [WAYS[way](each, None, 20.0).answers for each in lessons]
    seen = [np.concatenate([part.observation for part in parts]) for parts in told]
    assert len({each.tobytes() for each in seen}) == 4
    assert len({jax.random.key_data(each.key).tobytes() for each in lessons}) == 4
    other.close()


@pytest.mark.slow
def test_json_and_quiet_print_that_alone(
    capsys: pytest.CaptureFixture[str], studied: Path, copied: Path
) -> None:
    words = (*ON_A_WALK, "--out", copied, "--resume", "--no-report")
    assert json.loads(done(capsys, *words, "--json")) == summary_of(copied)
    out = done(capsys, *words, "--quiet")
    assert out.splitlines() == cost_lines(summary_of(studied))[:1]


@pytest.mark.slow
def test_an_experiment_does_not_go_on_with_another_person(
    capsys: pytest.CaptureFixture[str], studied: Path
) -> None:
    words = (*ON_A_WALK, "--out", studied, "--resume", "--lapses", "0.5")
    assert "--lapses 0.05, but now it is 0.5" in refused(capsys, *words)


def test_it_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "novice lab cost" in done(capsys, "lab")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "the following arguments are required: TASK"),
        ((WALK, "--seeds", "0"), "--seeds is 0, but it must be between 1 and 100"),
        ((WALK, "--rounds", "1"), "--rounds is 1, but it must be between 2 and 1000"),
        ((WALK, "--minutes", "0"), "--minutes is 0, but it must be more than 0"),
        ((WALK, "--minutes", "nan"), "--minutes is nan, but it must be more than 0"),
        ((WALK, "--lapses", "2"), "--lapses is 2.0, but it must be between 0 and 1"),
        ((WALK, "--speed", "9"), "--speed is 9.0, but it must be between 0.25 and 2"),
        ((WALK, "--delay", "-1"), "--delay is -1.0, but it must be between 0 and 10"),
        ((WALK, "--chunk", "4"), "relabeling asks about single moments"),
        ((WALK, "--seed", "-1"), "--seed is -1, but it must be 0 to 4294967295"),
        ((WALK,), "no expert comes with novice for 'app.homemade:Walk-v0'"),
        (
            (WALK, "--expert", "app.homemade:away", "--validation-episodes", "2"),
            "nothing can be learned from such",
        ),
        ((WALK, "--passes", "0"), "--passes is 0, but it must be at least 1"),
        (("Walk-v7",), "Walk-v7"),
        ((WALK, "--minute", "9"), "there is no --minute here; did you mean --minutes?"),
    ],
)
def test_what_it_cannot_do_it_says_in_a_line(
    capsys: pytest.CaptureFixture[str],
    workplace: Path,
    words: tuple[str, ...],
    why: str,
) -> None:
    assert why in refused(capsys, *COST, *words)
    assert not (workplace / "runs").exists()


def test_a_folder_that_holds_something_is_left_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert "is there already" in refused(capsys, *COST, WALK, "--out", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
