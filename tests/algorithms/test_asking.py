"""DAgger asks as a strategy says, and knows from a slice how often it was wrong."""

import dataclasses
from typing import Any

import jax
import numpy as np
import pytest

from algorithms.test_dagger import FIT, assert_same, rounds_of
from novice.algorithms.asking import audit_of, choose, chosen_in
from novice.algorithms.dagger import ask as answers_in
from novice.algorithms.dagger import dagger, visit
from novice.algorithms.settings import (
    BadSettingError,
    DaggerSettings,
    FitSettings,
    PeopleSettings,
    as_json,
    from_json,
)
from novice.datasets.dataset import Answers, Origin
from novice.datasets.shards import load_dataset, save_part
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task, make_task
from novice.experts.asking.entropy import NeverUndecidedError
from novice.experts.tightrope import tightrope
from novice.types import Round

CHOOSY = ["entropy", "committee", "novelty", "risk", "bursts"]


@pytest.mark.parametrize("ask", CHOOSY)
def test_a_strategy_gives_the_same_bytes_and_goes_on_as_if_never_stopped(ask):
    whole = list(rounds_of(ask=ask))

    assert [len(part) for part in whole[-1].dataset.parts] == [15, 15, 15]
    for round, expected in zip(
        rounds_of(ask=ask, after=whole[0]), whole[1:], strict=True
    ):
        assert_same(round, expected)


@pytest.mark.parametrize("ask", CHOOSY)
def test_a_round_tells_what_its_slice_says(ask):
    """Of 15 questions 2 are drawn by chance, from 30 states in 3 episodes."""
    first, second, _ = rounds_of(ask=ask)

    assert "audit" not in first.measures
    assert first.dataset.parts[0].chance is None
    chance = second.dataset.parts[1].chance
    assert sorted(chance.tolist()) == [0.0] * 13 + [np.float32(2 / 30)] * 2
    told = second.measures["audit"]
    assert told["policy"] == 0
    assert told["answers"] == 2
    assert 0 <= told["ci95"][0] <= told["mean"] <= told["ci95"][1] <= 1


@pytest.mark.parametrize("ask", ["random", "everything"])
def test_what_was_there_before_reserves_nothing_unless_it_is_told_to(ask):
    plain = list(rounds_of(ask=ask))
    told = list(rounds_of(ask=ask, audit=0.2))

    assert all(part.chance is None for part in plain[-1].dataset.parts)
    assert not any("audit" in round.measures for round in plain)
    assert told[1].measures["audit"]["answers"] == (15 if ask == "random" else 3)


def test_a_slice_of_a_random_choice_is_all_of_it_and_changes_nothing():
    plain, told = (list(rounds_of(audit=audit)) for audit in (None, 0.1))

    for one, other in zip(plain[-1].dataset.parts, told[-1].dataset.parts, strict=True):
        np.testing.assert_array_equal(one.observation, other.observation)
    np.testing.assert_allclose(told[-1].dataset.parts[1].chance, 0.5)


@pytest.mark.parametrize("ask", ["random", *CHOOSY])
def test_every_strategy_counts_its_context_switches(ask):
    last = list(rounds_of(ask=ask))[-1]

    part = last.dataset.parts[-1]
    places = set(zip(part.episode.tolist(), part.step.tolist(), strict=True))
    begun = [place for place in places if (place[0], place[1] - 1) not in places]
    assert last.measures["context_switches"] == len(begun) > 0


def test_a_policy_that_is_never_undecided_is_refused_before_anybody_acts():
    with pytest.raises(NeverUndecidedError, match=r"^--ask entropy asks where"):
        next(rounds_of(ask="entropy", fit=dataclasses.replace(FIT, head="pairs")))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"audit": 1.5}, "--audit is 1.5, but it must be between 0 and 1"),
        (
            {"ask": "risk", "people": PeopleSettings(by="takeover")},
            "--ask risk is about questions, but who takes over is asked none; leave"
            " it, or --by takeover, away",
        ),
        (
            {"audit": 0.1, "people": PeopleSettings(by="takeover")},
            "--audit 0.1 is about questions, but who takes over is asked none; leave"
            " it, or --by takeover, away",
        ),
    ],
)
def test_a_slice_that_makes_no_sense_is_refused(settings, why):
    with pytest.raises(BadSettingError) as refused:
        DaggerSettings(**settings)

    assert str(refused.value) == why


def test_a_slice_is_a_tenth_unless_all_is_asked_or_chance_asks():
    usual = {ask: DaggerSettings(ask=ask).audited for ask in ("random", "everything")}

    assert usual == {"random": 0.0, "everything": 0.0}
    assert {DaggerSettings(ask=ask).audited for ask in CHOOSY} == {0.1}
    assert DaggerSettings(ask="novelty", audit=0.0).audited == 0.0


def test_settings_from_before_are_those_of_today():
    usual = as_json(DaggerSettings())

    assert "audit" not in usual
    assert as_json(DaggerSettings(audit=0.2))["audit"] == 0.2
    assert from_json(DaggerSettings, usual) == DaggerSettings()


def test_a_dataset_keeps_which_rows_chance_chose(tmp_path):
    part = Answers(
        observation=np.zeros((2, 1), np.float32),
        action=np.zeros((2, 1), np.int32),
        episode=np.zeros(2, np.int32),
        step=np.arange(2, dtype=np.int32),
        origin=Origin(1, "correction", "law"),
        chance=np.float32([0.25, 0]),
    )

    save_part(tmp_path, 0, part)

    (found,) = load_dataset(tmp_path).parts
    np.testing.assert_array_equal(found.chance, part.chance)


def test_real_actions_are_audited_in_half_ranges_within_the_bounds():
    """Pendulum's torque is -2 to 2: from 3, which is done as 2, to 1 is half of 2."""
    task = make_task("Pendulum-v1")
    given = Answers(
        observation=np.zeros((4, 3), np.float32),
        action=np.float32([[1], [1], [0], [9]]),
        episode=np.array([0, 0, 1, 1], np.int32),
        step=np.array([0, 1, 0, 1], np.int32),
        origin=Origin(1, "correction", "law"),
        chance=np.float32([0.1, 0.1, 0.1, 0]),
    )

    told = audit_of(task, given, np.float32([[3], [1], [-2], [0]]), policy=3)

    assert told["audit"]["mean"] == pytest.approx((0.5 + 0 + 1) / 3)
    assert told["audit"]["ci95"][1] <= 2
    assert told["audit"]["answers"] == 3
    assert told["audit"]["policy"] == 3


ROPE = make_task("novice/Tightrope-v0", {"length": 40, "recovery": 3})
WALKER = tightrope()


def erring(ask: str, **how: Any) -> tuple[Task, DaggerSettings, Round]:
    """A policy that this strategy has taught so little that it often errs."""
    settings = DaggerSettings(
        **{
            "labels": 60,
            "labels_per_round": 30,
            "episodes_per_round": 20,
            "first_steps": 500,
            "steps": 500,
            "ask": ask,
            "audit": 0.5,
            "fit": FitSettings(hidden=(8,), learning_rate=0.003, batch_size=32),
            **how,
        }
    )
    rounds = dagger(
        SeparateSlots(ROPE, 10),
        WALKER,
        settings,
        key=jax.random.key(7),
        evaluate=lambda round: {},
    )
    *_, last = rounds
    return ROPE, settings, last


def coverage(
    ask: str, repetitions: int, *, truly: int = 600
) -> tuple[float, float, float, float]:
    """How often the interval holds the truth; the truth, the mean, and the width.

    The truth is from `truly` so many episodes. A visit has 20 episodes and 100
    questions, of which 50 are reserved (with random: all of them).
    """
    task, settings, last = erring(ask)
    slots = SeparateSlots(task, 20)
    many = dataclasses.replace(settings, episodes_per_round=truly)
    seen = visit(slots, None, last.learner.policy, many, key=jax.random.key(11))
    right = np.array(
        [WALKER.act((), each)[0] for each in seen.observation[:, :-1][seen.valid]]
    )
    truth = float(np.mean(seen.action_sampled[seen.valid][:, 0] != right))
    told = []
    for key in jax.random.split(jax.random.key(13), repetitions):
        visit_key, ask_key = jax.random.split(key)
        seen = visit(slots, None, last.learner.policy, settings, key=visit_key)
        asked = choose(task, last, seen, settings, at_most=100, key=ask_key)
        given = answers_in(WALKER, task, seen, asked, settings, round=2)
        told.append(audit_of(task, given, chosen_in(seen, given), policy=1)["audit"])
    ends = np.array([each["ci95"] for each in told])
    inside = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    mean = float(np.mean([each["mean"] for each in told]))
    return float(inside.mean()), truth, mean, float(np.diff(ends).mean())


def test_the_estimate_is_right_on_average_though_hard_states_are_asked_about():
    """What novelty chooses besides is wrong far more often; the slice is not."""
    covered, truth, mean, _ = coverage("novelty", 25, truly=200)

    assert 0.02 < truth < 0.9
    assert mean == pytest.approx(truth, abs=0.04)
    assert covered >= 0.84


@pytest.mark.soak
@pytest.mark.parametrize("ask", ["random", "everything", *CHOOSY])
def test_the_interval_covers_the_truth_under_every_strategy(ask):
    """Of 200, an interval that covers 96 % leaves these bounds once in 24 times."""
    covered, truth, mean, width = coverage(ask, 600, truly=2_000)

    print(f"\n{ask}: {covered:.1%} of 600, {truth=:.3f} {mean=:.3f} {width=:.3f}")
    assert 0.91 <= covered <= 0.98
    assert mean == pytest.approx(truth, abs=0.02)
