"""DAgger asks, aggregates and learns as written; going on is as if never stopped."""

import contextlib
import dataclasses
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
from novice.algorithms.settings import (
    BcSettings,
    DaggerSettings,
    FitSettings,
    PeopleSettings,
)
from novice.datasets.dataset import Answers, Origin
from novice.envs.slots import SeparateSlots
from novice.types import Round

FIT = FitSettings(hidden=(8,), learning_rate=0.01, batch_size=32)


def rounds_of(
    *,
    seed: int = 0,
    after: Round | None = None,
    brought: int = 0,
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
        brought=brought,
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

    run = list(rounds_of(labels=30, after=start, brought=len(shown.dataset)))

    assert [round.number for round in run] == [0, 1]
    assert not any(round.trajectories.expert_acted.any() for round in run)
    assert [part.origin.source for part in run[-1].dataset.parts] == [
        "demonstration",
        "correction",
        "correction",
    ]


def test_answers_that_were_brought_along_are_no_labels_that_were_asked_for():
    first = next(rounds_of(labels=15))
    start = Round(
        number=-1,
        learner=first.learner,
        dataset=first.dataset,
        measures={"env_steps": 0},
    )

    last = list(rounds_of(labels=20, after=start, brought=15))[-1]

    assert [len(part) for part in last.dataset.parts] == [15, 15, 5]
    assert last.measures["labels"] == 35


def test_going_on_after_demonstrations_counts_them_no_more_than_before():
    first = next(rounds_of(labels=15))
    start = Round(
        number=-1,
        learner=first.learner,
        dataset=first.dataset,
        measures={"env_steps": 0},
    )
    whole = list(rounds_of(labels=30, after=start, brought=15))

    (went_on,) = rounds_of(labels=30, after=whole[0], brought=15)

    assert_same(went_on, whole[1])


VISIT = DaggerSettings(episodes_per_round=20)


def test_with_neither_an_expert_nor_a_policy_chance_acts():
    """Of 200 steps at two actions, between a third and two thirds are of a kind."""
    slots = SeparateSlots(probes.DITCH, 3)

    seen, again, other = (
        stages.visit(slots, None, None, VISIT, key=jax.random.key(key))
        for key in (5, 5, 6)
    )

    acted = seen.action_executed[seen.valid]
    assert len(acted) == 20 * 10
    assert 1 / 3 < acted.mean() < 2 / 3
    assert not seen.expert_acted.any()
    assert bool(eqx.tree_equal(seen, again))
    assert not bool(eqx.tree_equal(seen, other))


def test_without_an_expert_the_policy_acts(run):
    policy = run[0].learner.policy
    slots = SeparateSlots(probes.DITCH, 3)

    seen = stages.visit(slots, None, policy, VISIT, beta=1.0, key=jax.random.key(5))

    outputs = np.asarray(policy.trunk(jax.numpy.asarray(seen.observation)))
    likeliest = outputs.argmax(-1)[:, :-1]
    np.testing.assert_array_equal(
        seen.action_executed[..., 0][seen.valid], likeliest[seen.valid]
    )
    assert not seen.expert_acted.any()


def marked(
    observation: list[list[float]], marks: list[list[int]], *, who: str, round: int = 0
) -> Answers:
    """What a person answered to the first questions, counted from 0."""
    rows = len(marks)
    return Answers(
        observation=np.float32(observation),
        action=np.argmax(marks, axis=1)[:, None].astype(np.int32),
        episode=np.zeros(rows, np.int32),
        step=np.arange(rows, dtype=np.int32),
        origin=Origin(round, "correction", who),
        marks=np.int8(marks),
        question=np.arange(rows),
    )


def test_the_answers_of_several_people_are_appended_in_order(run):
    people = [
        marked([[0, 0], [1, 0]], [[0, 1], [1, 0]], who="Ada", round=1),
        marked([[0, 0], [1, 0]], [[1, 0], [1, 1]], who="Bob", round=1),
    ]

    round = stages.advance(
        probes.DITCH, run[0], people, DaggerSettings(fit=FIT), key=jax.random.key(3)
    )

    assert round.dataset.parts == (*run[0].dataset.parts, *people)
    # Of 15 + 2 + 2 rows the last one says nothing.
    assert round.measures["labels"] == 18
    assert round.number == 1


def test_a_round_that_brings_nothing_new_learns_from_what_there_is(run):
    round = stages.advance(
        probes.DITCH, run[0], [], DaggerSettings(fit=FIT), key=jax.random.key(3)
    )

    assert round.dataset.parts == run[0].dataset.parts
    assert round.number == 1


def test_a_policy_goes_by_the_corrected_answer_alone():
    """Had both counted, the two actions would be equally likely."""
    first = marked([[0, 0]] * 8, [[1, 0]] * 8, who="Ada")
    second = marked([[0, 0]] * 8, [[0, 1]] * 8, who="Ada", round=1)

    round = stages.advance(
        probes.DITCH,
        None,
        [first, second],
        DaggerSettings(first_steps=500, fit=FIT),
        key=jax.random.key(3),
    )

    outputs = round.learner.policy.trunk(np.zeros((1, 2), np.float32))[0]
    assert round.measures["labels"] == 8
    assert jax.nn.softmax(outputs)[1] > 0.95


@pytest.mark.parametrize(
    ("answers", "least", "most"),
    [("all", 0.2, 0.4), ("majority", 0.95, 1), ("weighted", 0.95, 1)],
)
def test_a_policy_learns_from_the_answers_that_the_settings_name(answers, least, most):
    """Ada and Eve say 0, Bob twice 1; of gold Ada and Eve are right, Bob never."""
    places = [[place, 0] for place in range(8)]
    people = [
        marked(places, [[1, 0]] * 8, who="Ada"),
        marked(places * 4, [[0, 1]] * 32, who="Bob"),
        marked(places, [[1, 0]] * 8, who="Eve"),
    ]
    known = marked(places, [[1, 0]] * 8, who="known")
    gold = Answers(**known.columns(), origin=Origin(0, "gold", "known"))
    settings = DaggerSettings(
        first_steps=500, fit=FIT, people=PeopleSettings(answers=answers)
    )

    round = stages.advance(
        probes.DITCH, None, [*people, gold], settings, key=jax.random.key(3)
    )

    outputs = round.learner.policy.trunk(np.zeros((1, 2), np.float32))[0]
    assert least <= jax.nn.softmax(outputs)[0] <= most
    assert round.measures["labels"] == 48
    assert list(round.measures.get("people", {})) == (
        [] if answers == "all" else ["Ada", "Bob", "Eve"]
    )


def test_starting_anew_forgets_the_policy_and_keeps_the_answers(run):
    """The policy that the round before ended with makes no difference."""
    settings = DaggerSettings(
        labels=45, refit="scratch", first_steps=250, steps=250, fit=FIT
    )
    answers = run[1].dataset.parts[1]

    def refitted(policy_of: Round) -> Round:
        round = Round(number=0, learner=policy_of.learner, dataset=run[0].dataset)
        return stages.advance(
            probes.DITCH, round, [answers], settings, key=jax.random.key(3)
        )

    first, second = refitted(run[0]), refitted(run[2])
    assert bool(eqx.tree_equal(first.learner, second.learner))


def test_going_on_warm_starts_anew_where_far_more_is_seen_than_before(run):
    """What is visited varies a hundred times as much as what was demonstrated."""
    told = run[1].dataset.parts[1]
    far = dataclasses.replace(told, observation=100 * told.observation)

    def advanced(refit: str) -> Round:
        settings = DaggerSettings(refit=refit, first_steps=500, steps=500, fit=FIT)
        return stages.advance(
            probes.DITCH, run[0], [far], settings, key=jax.random.key(3)
        )

    warm, anew = advanced("warm"), advanced("scratch")
    assert bool(eqx.tree_equal(warm.learner, anew.learner))
    assert warm.measures["gradient_steps"] == 1_000
    assert warm.measures["started_anew"] is True
    assert "started_anew" not in anew.measures


def test_going_on_warm_starts_from_the_policy_before(run):
    """With nothing to learn from, it says what it said."""
    settings = DaggerSettings(
        labels=45,
        first_steps=500,
        steps=500,
        fit=FitSettings(hidden=(8,), learning_rate=0.0, batch_size=32),
    )

    round = stages.advance(
        probes.DITCH, run[0], run[1].dataset.parts[1:], settings, key=jax.random.key(3)
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
