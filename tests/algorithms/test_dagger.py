"""DAgger asks, aggregates and learns as written; going on is as if never stopped."""

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import numpy as np
import pytest

import probes
from novice.algorithms import dagger as stages
from novice.algorithms.bc import bc
from novice.algorithms.dagger import beta, dagger
from novice.algorithms.settings import BcSettings, DaggerSettings, FitSettings
from novice.envs.slots import SeparateSlots
from novice.types import Round

FIT = FitSettings(hidden=(8,), learning_rate=0.01, batch_size=32)


def rounds_of(
    *,
    seed: int = 0,
    after: Round | None = None,
    demonstrated: bool = False,
    phase: Any = contextlib.nullcontext,
    task: Any = probes.DITCH,
    expert: Any = probes.DRIVER,
    **how: Any,
) -> Iterator[Round]:
    settings = DaggerSettings(
        **{
            "labels": 45,
            "labels_per_round": 15,
            "episodes_per_round": 3,
            "first_steps": 500,
            "steps": 500,
            "fit": FIT,
            **how,
        }
    )
    rounds = dagger(
        SeparateSlots(task, 3),
        expert,
        settings,
        key=jax.random.key(seed),
        evaluate=lambda policy: {"score": 7},
        after=after,
        demonstrated=demonstrated,
        phase=phase,
    )
    # Without an end, a dataset that does not grow would be asked about for ever.
    return itertools.islice(rounds, 10)


@pytest.fixture(scope="module")
def run() -> list[Round]:
    return list(rounds_of())


def assert_same(round: Round, expected: Round) -> None:
    """To the bit, with what was learned, asked, visited and measured."""
    assert bool(eqx.tree_equal(round.learner, expected.learner))
    assert bool(eqx.tree_equal(round.trajectories, expected.trajectories))
    assert round.measures == expected.measures
    assert round.number == expected.number
    parts = zip(round.dataset.parts, expected.dataset.parts, strict=True)
    for part, expected_part in parts:
        assert part.origin == expected_part.origin
        for name, column in expected_part.columns().items():
            np.testing.assert_array_equal(getattr(part, name), column)


SCHEDULES = {
    "the expert in the first round only": ("first", 0.5, [1, 0, 0, 0]),
    "a fall a round": ("linear", 0.4, [1, 0.6, 0.2, 0]),
    "a factor a round": ("exponential", 0.5, [1, 0.5, 0.25, 0.125]),
    "always the same": ("constant", 0.3, [0.3, 0.3, 0.3, 0.3]),
}


@pytest.mark.parametrize(
    ("schedule", "rate", "expected"), SCHEDULES.values(), ids=SCHEDULES
)
def test_beta_by_value(schedule, rate, expected):
    settings = DaggerSettings(beta=schedule, beta_rate=rate)

    got = [beta(round, settings) for round in range(4)]

    assert got == pytest.approx(expected)


def test_the_same_key_gives_the_same_bytes(run):
    for round, expected in zip(rounds_of(), run, strict=True):
        assert_same(round, expected)


def test_another_key_gives_other_rounds(run):
    other = next(rounds_of(seed=1))

    assert not bool(eqx.tree_equal(other.learner, run[0].learner))


@pytest.mark.parametrize("refit", ["warm", "scratch"])
def test_going_on_after_a_round_is_as_if_never_stopped(refit, run):
    whole = run if refit == "warm" else list(rounds_of(refit=refit))

    for kept in range(2):
        went_on = list(rounds_of(refit=refit, after=whole[kept]))
        for round, expected in zip(went_on, whole[kept + 1 :], strict=True):
            assert_same(round, expected)


def test_nothing_is_left_to_do_after_the_last_round(run):
    assert list(rounds_of(after=run[-1])) == []


@pytest.mark.parametrize(
    ("labels", "sizes"), [(45, [15, 15, 15]), (40, [15, 15, 10]), (33, [15, 15, 3])]
)
def test_the_expert_answers_no_more_often_than_was_allowed(labels, sizes):
    last = list(rounds_of(labels=labels))[-1]

    assert [len(part) for part in last.dataset.parts] == sizes


def test_a_round_that_visits_less_than_it_may_ask_is_followed_by_more():
    last = list(rounds_of(labels=45, labels_per_round=40, episodes_per_round=2))[-1]

    assert [len(part) for part in last.dataset.parts] == [20, 20, 5]


def test_every_round_visits_new_episodes(run):
    seeds = np.concatenate([round.trajectories.seed for round in run])

    assert len(set(seeds.tolist())) == len(seeds) == 9


def test_what_was_answered_is_never_dropped(run):
    for earlier, later in itertools.pairwise(run):
        assert later.dataset.parts[:-1] == earlier.dataset.parts


def test_a_round_says_what_it_took(run):
    # Three episodes of ten steps a round, fifteen answers.
    measured = [
        [round.measures[name] for name in ("env_steps", "labels", "score")]
        for round in run
    ]
    assert measured == [[30, 15, 7], [60, 30, 7], [90, 45, 7]]


def test_the_expert_shows_first_and_then_only_corrects(run):
    acted = [bool(round.trajectories.expert_acted.any()) for round in run]
    sources = [part.origin.source for part in run[-1].dataset.parts]

    assert acted == [True, False, False]
    assert sources == ["demonstration", "correction", "correction"]
    assert [part.origin.round for part in run[-1].dataset.parts] == [0, 1, 2]


def test_the_novice_acts_as_it_was_after_the_round_before(run):
    first, second = run[:2]
    seen = second.trajectories

    outputs = np.asarray(
        first.learner.policy.trunk(jax.numpy.asarray(seen.observation))
    )
    likeliest = outputs.argmax(-1)[:, :-1]
    np.testing.assert_array_equal(
        seen.action_executed[..., 0][seen.valid], likeliest[seen.valid]
    )


@pytest.mark.parametrize("ask", ["random", "everything"])
@pytest.mark.parametrize("schedule", ["first", "linear", "exponential", "constant"])
def test_every_answer_is_what_the_expert_would_have_done(ask, schedule):
    """Nobody learns anything here, so that whoever acts, half of it is wrong."""
    last = list(
        rounds_of(
            task=probes.FOLLOW_THE_SIGN,
            expert=probes.SIGN_READER,
            ask=ask,
            beta=schedule,
            beta_rate=0.7,
            labels=12,
            labels_per_round=2,
            episodes_per_round=2,
            fit=FitSettings(hidden=(8,), learning_rate=0.0, batch_size=32),
        )
    )[-1]

    observation, action = (
        last.dataset.column(name)[:, 0] for name in ("observation", "action")
    )
    np.testing.assert_array_equal(action, observation > 0)


def test_answers_stay_right_when_the_hand_shakes():
    last = list(rounds_of(noise=0.5))[-1]

    expected = [probes.way_out(seen) for seen in last.dataset.column("observation")]
    np.testing.assert_array_equal(last.dataset.column("action")[:, 0], expected)


def test_after_demonstrations_the_expert_never_acts():
    settings = BcSettings(demonstrations=3, steps=500, fit=FIT)
    (shown,) = bc(
        SeparateSlots(probes.DITCH, 3),
        probes.DRIVER,
        settings,
        key=jax.random.key(9),
        evaluate=lambda policy: {},
    )
    start = Round(
        number=-1,
        learner=shown.learner,
        dataset=shown.dataset,
        measures={"env_steps": 30},
    )

    run = list(rounds_of(labels=60, after=start, demonstrated=True))

    assert [round.number for round in run] == [0, 1]
    assert not any(round.trajectories.expert_acted.any() for round in run)
    assert [part.origin.source for part in run[-1].dataset.parts] == [
        "demonstration",
        "correction",
        "correction",
    ]


def test_starting_anew_forgets_the_policy_and_keeps_the_answers(run):
    """The policy that the round before ended with makes no difference."""
    settings = DaggerSettings(
        labels=45, refit="scratch", first_steps=250, steps=250, fit=FIT
    )
    answers = run[1].dataset.parts[1]

    def refitted(policy_of: Round) -> Round:
        round = Round(number=0, learner=policy_of.learner, dataset=run[0].dataset)
        return stages.advance(
            probes.DITCH, round, answers, settings, key=jax.random.key(3)
        )

    first, second = refitted(run[0]), refitted(run[2])
    assert bool(eqx.tree_equal(first.learner, second.learner))


def test_going_on_warm_starts_from_the_policy_before(run):
    """With nothing to learn from, it says what it said."""
    settings = DaggerSettings(
        labels=45,
        first_steps=500,
        steps=500,
        fit=FitSettings(hidden=(8,), learning_rate=0.0, batch_size=32),
    )

    round = stages.advance(
        probes.DITCH, run[0], run[1].dataset.parts[1], settings, key=jax.random.key(3)
    )

    seen = jax.numpy.asarray(run[2].dataset.column("observation"))
    np.testing.assert_allclose(
        round.learner.policy.trunk(seen), run[0].learner.policy.trunk(seen), atol=1e-3
    )


def test_a_round_acts_then_asks_then_fits():
    phases = []

    @contextlib.contextmanager
    def phase(name: str) -> Iterator[None]:
        phases.append(name)
        yield

    next(rounds_of(phase=phase))

    assert phases == ["collect", "label", "fit"]
