"""The experiment about what a human costs: what it prints, writes and refuses."""

import functools
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import novice.app.lab.cost_study
from app.commands import WALK, WALKER, contents, differing, done, refused, summary_of
from novice.algorithms.settings import DaggerSettings
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
from novice.app.lab.cost_study import Study
from novice.app.report.cost import cost_lines, cost_table
from novice.app.report.cost_page import cost_page

COST = ("lab", "cost")
# By turns, two steps a second: an episode of ten steps takes five seconds.
ON_A_WALK = (
    *(*COST, WALK, "--expert", WALKER, "--minutes", "0.5", "--rounds", "3"),
    *("--seeds", "2", "--validation-episodes", "4", "--hidden", "8", "--speed", "1"),
)


@pytest.fixture(scope="module", autouse=True)
def short_lessons() -> Iterator[None]:
    """Fits of 500 steps, as short as they can be."""
    short = functools.partial(DaggerSettings, first_steps=100, steps=50)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novice.app.lab.cost_study, "DaggerSettings", short)
        yield


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The experiment, made once."""
    folder = tmp_path_factory.mktemp("studied") / "lab"
    assert main([*ON_A_WALK, "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    """A task, and somebody who knows the way and never errs."""
    options = CostOptions(
        lapses=0.0, speed=1.0, clip=0.5, reaction=2.0, validation_episodes=2
    )
    made = Study(env=WALK, kwargs={}, expert=WALKER, options=options, path=tmp_path)
    yield made
    made.close()


def lesson(study: Study, way: str = "relabeling") -> Lesson:
    return study.lesson(way, 0)


def first_round(study: Study) -> Any:
    """A policy that was shown the way for half a minute."""
    told = demonstrated(lesson(study), None, 30.0)
    key = jax.random.key(0)
    return novice.app.lab.cost_study.fitted(study, "take-over", None, told, key=key)


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
    after = novice.app.lab.cost_study.fitted(
        study, "take-over", before, Taught((), 60.0), key=jax.random.key(1)
    )
    assert after.number == before.number + 1
    assert after.learner is before.learner and after.dataset is before.dataset


def test_somebody_too_slow_for_the_task_is_told_so(tmp_path: Path) -> None:
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
            assert len(minutes) == 3
            for number, spent in enumerate(minutes, start=1):
                wanted = number * 0.5 / 3
                assert wanted <= spent + 1e-9 <= wanted + 10 / 60


@pytest.mark.slow
def test_the_summary_says_who_was_simulated_and_how(studied: Path) -> None:
    person = summary_of(studied)["person"]
    assert person["simulated"] is True
    assert (person["lapses"], person["delay"], person["reaction"]) == (0.05, 0.0, 1.0)
    assert (person["steps_a_second"], person["by_turns"]) == (2, True)


@pytest.mark.slow
def test_every_picture_table_and_sentence_says_simulated(
    capsys: pytest.CaptureFixture[str], studied: Path, tmp_path: Path
) -> None:
    page = (studied / "report.html").read_text()
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 4  # Over minutes and labels, for a desk and for a phone.
    for each in pictures:
        assert re.search(r"<text[^>]*>[^<]*simulated", each), each[:200]
    tables = re.findall(r"<table.*?</table>", page, re.DOTALL)
    assert tables and all("simulated" in each for each in tables)
    assert "simulated" in re.findall(r"<h1>(.*?)</h1>", page, re.DOTALL)[0]
    folder = tmp_path / "lab"
    shutil.copytree(studied, folder)
    out = done(capsys, *ON_A_WALK, "--out", folder, "--resume")
    assert "simulated person  reach 0.9" in out
    assert "The person is simulated" in out


@pytest.mark.slow
def test_a_killed_experiment_goes_on_to_the_same_bytes(
    capsys: pytest.CaptureFixture[str], studied: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "lab"
    shutil.copytree(studied, folder)
    (folder / "summary.json").unlink()
    (folder / "report.html").unlink()
    for name in ("relabeling-0", "take-over-1", "demonstrations-1"):
        (folder / "measured" / f"{name}.json").unlink()
    done(capsys, *ON_A_WALK, "--out", folder, "--resume")
    assert differing(studied, folder) == []


@pytest.mark.slow
def test_another_seed_is_another_experiment(studied: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    few = [word if word != "2" else "1" for word in ON_A_WALK]
    assert main([*few, "--seed", "5", "--no-report", "--out", str(folder)]) == 0
    for name in WAYS:
        path = f"measured/{name}-0.json"
        assert contents(studied)[path] != contents(folder)[path]


@pytest.mark.slow
def test_json_and_quiet_print_that_alone(
    capsys: pytest.CaptureFixture[str], studied: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "lab"
    shutil.copytree(studied, folder)
    out = done(capsys, *ON_A_WALK, "--out", folder, "--resume", "--json")
    assert json.loads(out) == summary_of(folder)
    out = done(capsys, *ON_A_WALK, "--out", folder, "--resume", "--quiet")
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
        ((WALK, "--expert", "app.homemade:away"), "nothing can be learned from such"),
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


# What it says of what it found


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


def way(name: str, cost: Mapping[str, Any], *, learned: int = 5) -> dict[str, Any]:
    return {
        "name": name,
        "learned": learned,
        "minutes_needed": cost,
        "labels_needed": cost,
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


SHOWN = way("demonstrations", spread(9.0, 8.0, 10.0))
ASKED = way("relabeling", spread(3.0, 2.5, 3.5))
TAKEN = way("take-over", {"each": [None, 3.0]}, learned=3)
MORE = {
    "demonstrations": spread(6.0, 5.0, 7.0),
    "take-over": spread(8.0, 4.0, 12.0),
}
SURE = {"name": "relabeling", "sure": True, "rivals": [], "more": MORE}


def test_the_cheapest_way_is_named_with_its_interval_and_what_to_do() -> None:
    claim, do, who = cost_lines(found(SURE, SHOWN, ASKED, TAKEN))

    assert claim.replace("\N{NO-BREAK SPACE}", " ") == (
        "Cheapest to 0.9 normalized on LunarLander-v3: relabeling, in 3.0 [2.5, 3.5]"
        " minutes of a simulated person's time."
    )
    assert do == "To do: novice dagger LunarLander-v3 --expert human."
    assert who.startswith("The person is simulated: they know what heuristic does")
    assert "5 % lapses" in who and "0.2 s after they see" in who


def test_what_the_seeds_do_not_tell_apart_is_not_called_cheapest() -> None:
    more = MORE | {"demonstrations": spread(6.0, -1.0, 13.0)}
    unsure = SURE | {"sure": False, "rivals": ["demonstrations"], "more": more}

    claim, do, _ = cost_lines(found(unsure, SHOWN, ASKED, TAKEN))

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
    everybody = cost_page({"settings": {"seed": 0}}, found(SURE, SHOWN, ASKED))
    assert "this is the least" not in everybody
