"""The shift in runs, in `novice evaluate` and in the report."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.commands import WALK, WALKER, done, refused, short
from app.sample_runs import SAMPLES
from novice.app.folder import RunFolder
from novice.app.judge import Judge
from novice.app.report import RunContents, UnreadableRunError
from novice.app.report.facts import facts
from novice.app.report.markup import Html
from novice.app.report.shift import leaves_at, shift_section
from novice.app.runs import expert_named
from novice.app.shift import (
    final_visits,
    newest,
    rows_of,
    shift_measures,
    visited,
)
from novice.app.tasks import task_called
from novice.datasets.dataset import Answers, Dataset, Origin
from novice.envs.seeds import validation_seeds
from novice.types import Trajectories

Measured = dict[str, Any]


def part(
    episodes: list[int], *, round: int = 0, shown: bool = False, who: str = "ana"
) -> Answers:
    """One row of each of these episodes, which somebody has `shown`, or corrected."""
    rows = len(episodes)
    return Answers(
        observation=np.arange(rows, dtype=np.float32)[:, None],
        action=np.zeros((rows, 1), np.int32),
        episode=np.asarray(episodes, np.int32),
        step=np.zeros(rows, np.int32),
        origin=Origin(round, "demonstration" if shown else "correction", who),
    )


def walks(count: int, *, start: int = 0, by: float = 0.0) -> Trajectories:
    """Episodes of three steps that wander, all of them further along by so much."""
    generator = np.random.default_rng(start)
    observation = generator.normal(size=(count, 4, 2)).cumsum(axis=1) + by
    action = np.zeros((count, 3, 1), np.int32)
    return Trajectories(
        valid=np.ones((count, 3), bool),
        observation=observation.astype(np.float32),
        action_sampled=action,
        action_executed=action,
        expert_acted=np.zeros((count, 3), bool),
        reward=np.zeros((count, 3), np.float32),
        terminated=np.ones(count, bool),
        truncated=np.zeros(count, bool),
        seed=np.arange(count),
    )


def shown_in(seen: Trajectories, *, round: int = 0) -> Answers:
    """What was seen there, as rows of a dataset."""
    count, steps = seen.valid.shape
    return Answers(
        observation=np.asarray(seen.observation)[:, :-1].reshape(count * steps, -1),
        action=np.zeros((count * steps, 1), np.int32),
        episode=np.repeat(np.arange(count, dtype=np.int32), steps),
        step=np.tile(np.arange(steps, dtype=np.int32), count),
        origin=Origin(round, "correction", "regulator"),
    )


def test_each_round_has_its_own_episodes():
    dataset = Dataset((part([0, 0, 1]), part([0, 1], round=1)))
    assert rows_of(dataset).episodes == 4


def test_people_who_answered_in_one_round_were_asked_about_the_same_episodes():
    of_both = (part([0, 1]), part([1, 2], who="ben"))
    assert rows_of(Dataset(of_both)).episodes == 3


def test_people_who_demonstrated_have_their_own_episodes():
    of_both = (part([0, 1], shown=True), part([1, 2], who="ben", shown=True))
    assert rows_of(Dataset(of_both)).episodes == 4


def test_the_newest_round_is_the_last_one_though_older_numbers_came_along():
    parts = [part([0], round=19), part([0], round=1), part([0], round=1, who="ben")]
    assert newest(parts) == 2
    assert len(rows_of(Dataset(tuple(parts)), last=2)) == 2


def test_a_round_reports_the_shift_from_everything_and_from_what_is_new():
    old, new = shown_in(walks(30)), shown_in(walks(25, start=1, by=9.0), round=1)
    seen = walks(20, start=2, by=9.0)
    found = shift_measures(Dataset((old, new)), seen)
    assert found["shift"]["episodes"] == [55, 20]
    assert found["shift_new"]["episodes"] == [25, 20]
    assert found["shift"]["auc"] > found["shift_new"]["auc"]
    assert found["shift"]["p"] < 0.01
    assert json.loads(json.dumps(found)) == found


def test_what_is_all_there_is_is_not_new():
    found = shift_measures(Dataset((shown_in(walks(30)),)), walks(20, start=2))
    assert "shift" in found
    assert "shift_new" not in found


def test_five_new_episodes_say_nothing_by_themselves():
    parts = shown_in(walks(30)), shown_in(walks(5, start=1), round=1)
    found = shift_measures(Dataset(parts), walks(20, start=2))
    assert "shift" in found
    assert "shift_new" not in found


@pytest.mark.parametrize("parts", [(), (part([0, 1]),)])
def test_too_few_episodes_are_absent(parts: tuple[Answers, ...]):
    assert shift_measures(Dataset(parts), walks(20)) == {}


@pytest.fixture(scope="module")
def cloned(made: Callable[..., Path]) -> Path:
    """A run that learned from 24 whole episodes, and validated on 20."""
    more = ("--demonstrations", "24", "--validation-episodes", "20")
    return made("bc-of-24", *short("bc", *more))


@pytest.fixture(scope="module")
def judge() -> Judge:
    task = task_called(WALK, {})
    return Judge(task, expert_named(WALKER, task, needed=True), 20, 20)


def test_a_judge_without_a_dataset_measures_no_shift(cloned: Path, judge: Judge):
    policy = RunFolder(cloned).policy(0)
    assert "shift" not in judge.validate(policy)


def test_a_judge_measures_the_shift_and_nothing_else_changes(
    cloned: Path, judge: Judge
):
    run = RunFolder(cloned)
    plain = judge.validate(run.policy(0))
    measured = judge.validate(run.policy(0), run.dataset())
    assert measured["shift"]["episodes"] == [24, 20]
    added = {"shift", "shift_by_time"}
    rest = {name: value for name, value in measured.items() if name not in added}
    assert rest == plain


def test_a_judge_can_be_told_not_to(cloned: Path, judge: Judge):
    run = RunFolder(cloned)
    silent = dataclasses.replace(judge, measures_shift=False)
    assert "shift" not in silent.validate(run.policy(0), run.dataset())


Words = Callable[..., str]


@pytest.fixture
def evaluates(capsys: pytest.CaptureFixture[str]) -> Words:
    """What `novice evaluate` prints."""
    return lambda *words: done(capsys, "evaluate", *words, "--expert", WALKER)


def test_evaluate_compares_fresh_episodes_with_the_dataset(
    cloned: Path, evaluates: Words
):
    told = evaluates(cloned, "--shift", "--episodes", "20", "--json")
    (entry,) = json.loads(told)["policies"]
    assert entry["shift"]["episodes"] == [24, 20]
    assert 0 <= entry["shift"]["auc"] <= 1


def test_evaluate_is_silent_about_the_shift_unless_asked(
    cloned: Path, evaluates: Words
):
    (entry,) = json.loads(evaluates(cloned, "--episodes", "20", "--json"))["policies"]
    assert not any(name.startswith("shift") for name in entry)


def test_evaluate_says_what_its_number_means(cloned: Path, evaluates: Words):
    said = evaluates(cloned, "--shift")
    assert "0.5 is guessing, 1 always" in said
    assert f"{cloned}: AUC 0." in said


def test_evaluate_says_why_it_knows_no_shift(cloned: Path, evaluates: Words):
    said = evaluates(cloned, "--shift", "--episodes", "5")
    assert "its dataset has 24 episodes, and 5 were played; a comparison needs 20" in (
        said
    )


def test_evaluate_compares_one_task_at_a_time(
    cloned: Path, capsys: pytest.CaptureFixture[str]
):
    said = refused(capsys, "evaluate", str(cloned), "--shift", "--vary", "size=1,2")
    assert "give one of them at a time" in said


# -- the report


def reported(contents: RunContents) -> Html | None:
    return shift_section(contents, facts(contents))


def told(auc: float, *, half: float = 0.05, p: float = 0.002) -> Measured:
    return {
        "auc": auc,
        "ci95": [auc - half, auc + half],
        "p": p,
        "episodes": [40, 20],
        "rows": [400, 2000],
        "steps": [0, 99],
    }


def stretches(*aucs: float) -> list[Measured]:
    return [
        {"from": 20 * place, "to": 20 * place + 19, "auc": auc}
        | {"ci95": [auc - 0.1, auc + 0.1]}
        for place, auc in enumerate(aucs)
    ]


def measured(contents: RunContents, *, since: int = 4, **more: Any) -> RunContents:
    """The run with a shift in every round from one on."""
    rounds = [
        entry | ({"shift": told(0.9 - 0.01 * place)} | more if place >= since else {})
        for place, entry in enumerate(contents.summary["rounds"])
    ]
    return dataclasses.replace(contents, summary={**contents.summary, "rounds": rounds})


def test_a_report_without_a_shift_has_no_section():
    assert reported(SAMPLES["dagger"]()) is None


def test_a_report_shows_the_shift_over_the_rounds_and_says_what_it_means():
    section = reported(measured(SAMPLES["dagger"]()))
    assert section is not None
    assert "Over the rounds" in section
    assert "0.5 is not owed" in section
    assert "0.78" in section  # round 12, which was delivered


def test_a_report_says_from_which_step_on_to_ask():
    section = reported(
        measured(SAMPLES["dagger"](), shift_by_time=stretches(0.5, 0.5, 0.7, 0.9))
    )
    assert section is not None
    assert "What the policy sees from step 40 on is new, or known" in section
    assert "novice dagger <bdi>LunarLander-v3</bdi> --from RUN" in section


def test_a_report_gives_no_advice_where_nothing_is_told_apart():
    section = reported(measured(SAMPLES["dagger"](), shift=told(0.55, half=0.2, p=0.4)))
    assert section is not None
    assert "no difference that these episodes can show" in section
    assert "nothing to do about the states" in section


def test_a_report_does_not_call_new_what_may_be_known():
    section = reported(measured(SAMPLES["dagger"]()))
    assert section is not None
    assert "an AUC does not tell which" in section
    assert "the dataset does not have" not in section


def test_a_report_says_why_nothing_is_known_and_shows_the_map_all_the_same():
    contents = SAMPLES["dagger"]()
    found = visited(Dataset((shown_in(walks(15)),)), walks(40, start=1))
    section = reported(dataclasses.replace(contents, evaluation={"visited": found}))
    assert section is not None
    assert "its dataset has 15 episodes, and 40 were played" in section
    assert "--episodes-per-round" in section
    assert "A map of the states" in section


def test_a_report_takes_no_later_round_for_the_one_delivered():
    contents = SAMPLES["dagger"]()
    late = contents.summary["best_round"] + 1
    assert late < len(contents.summary["rounds"])
    section = reported(measured(contents, since=late))
    assert section is not None
    assert "No AUC of the delivered policy" in section
    assert "Compared:" not in section


def test_a_report_says_what_a_comparison_with_the_newest_round_takes():
    contents = SAMPLES["dagger"]()
    settings = {"settings": {**contents.settings["settings"], "episodes_per_round": 5}}
    few = dataclasses.replace(contents, settings={**contents.settings, **settings})
    assert "a round has 5 episodes, and 20 would be" in (reported(measured(few)) or "")
    new = reported(measured(few, shift_new=told(0.6)))
    assert new is not None
    assert "newest round alone: AUC 0.60" in new
    assert "not compared by themselves" not in new


def test_a_shaken_demonstrator_owes_no_half():
    contents = SAMPLES["bc"]()
    for noise, says in ((0.0, False), (0.2, True)):
        settings = {"settings": {**contents.settings["settings"], "noise": noise}}
        run = dataclasses.replace(contents, settings={**contents.settings, **settings})
        section = reported(measured(run, since=0))
        assert section is not None
        assert ("The hand that showed was shaken" in section) == says


def test_a_report_maps_the_final_episodes():
    contents = SAMPLES["bc"]()
    dataset = Dataset((shown_in(walks(30)),))
    found = visited(dataset, walks(40, start=1, by=5.0))
    evaluation = {**(contents.evaluation or {}), "visited": found}
    section = reported(dataclasses.replace(contents, evaluation=evaluation))
    assert section is not None
    assert "A map of the states" in section
    assert section.count("h0") == 2 * (90 + 120)  # on a desk and on a phone
    assert "40 fresh episodes with 30 of the dataset" in section


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"auc": float("nan")}, r"shift\.auc should be a finite number, but is nan"),
        ({"ci95": [0.5]}, r"shift\.ci95 should be \[low, high\], but is \[0.5\]"),
        ({"p": None}, r"shift has no p"),
        ({"steps": 3}, r"shift\.steps should be two numbers, but is 3"),
    ],
)
def test_a_report_names_what_is_malformed(wrong: Measured, words: str):
    broken = measured(SAMPLES["dagger"](), shift={**told(0.6), **wrong})
    with pytest.raises(UnreadableRunError, match=words):
        reported(broken)


def test_the_policy_leaves_where_it_is_told_apart_and_stays_so():
    assert leaves_at(stretches(0.9, 0.5, 0.7, 0.8)) == 40
    assert leaves_at(stretches(0.9, 0.9)) == 0
    assert leaves_at(stretches(0.55, 0.7, 0.55, 0.9)) == 20
    assert leaves_at(stretches(0.9, 0.5)) is None
    assert leaves_at([]) is None


def test_a_map_has_all_states_of_few_rows_and_six_hundred_of_many():
    few, many = Dataset((shown_in(walks(30)),)), walks(300, start=1)
    found = visited(few, many)["map"]
    assert len(found["dataset"]) == 90
    assert len(found["policy"]) == 600


def test_the_final_episodes_are_compared_with_what_the_round_learned_from(
    cloned: Path, judge: Judge, made: Callable[..., Path]
):
    run = RunFolder(cloned)
    seen = judge.play(run.policy(0), validation_seeds(20))
    found = final_visits(run, 0, seen)
    assert found["visited"]["shift"]["episodes"] == [24, 20]
    practiced = RunFolder(made("reinforce", *short("reinforce")))
    assert final_visits(practiced, 0, seen) == {}
