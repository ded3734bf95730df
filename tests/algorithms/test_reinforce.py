"""REINFORCE repeats itself, goes on as if never stopped, and tells the truth."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import probes
from novice.algorithms import practitioners
from novice.algorithms.beginning import CannotPracticeError, check_can_practice
from novice.algorithms.imitate import beginner
from novice.algorithms.practice_settings import ReinforceSettings
from novice.algorithms.reinforce import reinforce
from novice.algorithms.settings import FitSettings
from novice.envs.actor import SampleActor
from novice.envs.rollout import rollout
from novice.envs.seeds import training_seeds
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task, make_task
from novice.learning.fit import negative_weighted_likelihood
from novice.learning.policy import Policy, new_policy
from novice.learning.weigh import weigh_trajectories
from novice.learning.weighing import Weighing
from novice.types import Round, Trajectories


def rounds_of(
    *,
    seed: int = 0,
    task: Task = probes.PAY_SOON_OR_LATER,
    after: Round | None = None,
    policy: Any = None,
    slots: int = 4,
    **how: Any,
) -> Iterator[Round]:
    settings = ReinforceSettings(
        **{
            "env_steps": 120,
            "episodes_per_batch": 8,
            "rounds": 3,
            "hidden": (8,),
            "critic_steps": 3,
            **how,
        }
    )
    return reinforce(
        SeparateSlots(task, slots),
        settings,
        key=jax.random.key(seed),
        evaluate=lambda policy: {"score": 7},
        after=after,
        policy=policy,
    )


BASELINES = ["mean", "value"]


@pytest.fixture(scope="module", params=BASELINES)
def baseline(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def run(baseline) -> list[Round]:
    return list(rounds_of(baseline=baseline))


def assert_same(round: Round, expected: Round) -> None:
    assert bool(eqx.tree_equal(round.learner, expected.learner))
    assert round.measures == expected.measures
    assert round.number == expected.number


def test_the_same_key_gives_the_same_bytes(run, baseline):
    for round, expected in zip(rounds_of(baseline=baseline), run, strict=True):
        assert_same(round, expected)


def test_going_on_after_a_round_is_as_if_never_stopped(run, baseline):
    for kept in range(2):
        went_on = list(rounds_of(baseline=baseline, after=run[kept]))
        for round, expected in zip(went_on, run[kept + 1 :], strict=True):
            assert_same(round, expected)


def test_how_many_run_side_by_side_changes_the_policy_by_rounding_alone(run, baseline):
    for round, expected in zip(rounds_of(baseline=baseline, slots=1), run, strict=True):
        numbers, others = (
            jax.tree.leaves(some.learner.policy) for some in (round, expected)
        )
        for one, other in zip(numbers, others, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_another_key_gives_another_policy(run, baseline):
    other = next(rounds_of(baseline=baseline, seed=1))

    assert not bool(eqx.tree_equal(other.learner, run[0].learner))


def test_every_round_spends_its_share_of_the_steps(run):
    # A batch takes 8 to 16 steps, so that a round spends at most 15 more than 40.
    spent = [round.measures["env_steps"] for round in run]

    assert [round.number for round in run] == [0, 1, 2]
    for due, steps in zip([40, 80, 120], spent, strict=True):
        assert due <= steps < due + 16


def test_every_batch_plays_new_episodes(monkeypatch):
    drawn = []

    def recorded(key: jax.Array, count: int) -> np.ndarray:
        drawn.extend(training_seeds(key, count).tolist())
        return np.array(drawn[-count:])

    monkeypatch.setattr(practitioners, "training_seeds", recorded)
    *_, last = rounds_of(baseline="mean")

    # And one batch to look around.
    assert len(drawn) == 8 * (last.measures["batches"] + 1)
    assert len(set(drawn)) == len(drawn)


def test_the_steps_grow_smaller_as_the_time_runs_out(monkeypatch):
    real, lengths, rates = practitioners.practice, [], []

    def recorded(learner, seen, how, rate, guides, **more):
        lengths.append(int(seen.valid.sum()))
        rates.append(float(rate.policy))
        return real(learner, seen, how, rate, guides, **more)

    monkeypatch.setattr(practitioners, "practice", recorded)
    first, *_ = rounds_of(baseline="mean", learning_rate=0.5)

    # 120 steps in all; some were spent to look around before the first batch.
    batches = first.measures["batches"]
    spent = first.measures["env_steps"] - np.cumsum(lengths[batches - 1 :: -1])[::-1]
    np.testing.assert_allclose(rates[:batches], 0.5 * (1 - spent / 120), rtol=1e-5)


def test_a_round_says_how_it_went(run, baseline):
    measures = run[0].measures

    assert measures["score"] == 7
    assert -1 <= measures["training_return"] <= 1
    assert 0 < measures["entropy"] <= np.log(2) + 1e-6
    assert ("value_loss" in measures) == (baseline == "value")


def test_a_round_says_how_far_its_steps_can_be_believed(run):
    measures = run[0].measures

    assert measures["gradient_variance"] > 0
    assert -1 <= measures["halves_agree"] <= 1
    assert 1 <= measures["effective_episodes"] <= 8


def test_an_episode_alone_cannot_be_held_against_another():
    first = next(rounds_of(baseline="none", episodes_per_batch=1))

    assert "gradient_variance" not in first.measures


def test_only_the_learned_baseline_has_a_critic(run, baseline):
    assert (run[0].learner.critic is not None) == (baseline == "value")


def test_practice_begins_with_the_policy_that_it_is_given():
    policy = new_policy(1, probes.ONE_STEP.head, hidden=(8,), key=jax.random.key(5))
    looked = eqx.tree_at(
        lambda p: p.trunk.normalizer.count, policy, jnp.float32(10_000_000)
    )

    first = next(rounds_of(policy=looked, learning_rate=0.0, baseline="mean"))

    blank = jnp.zeros((1, 1))
    np.testing.assert_allclose(
        first.learner.policy.trunk(blank), policy.trunk(blank), atol=1e-4
    )


def test_with_a_learning_rate_of_zero_nothing_is_learned():
    first, *_, last = rounds_of(learning_rate=0.0, baseline="mean")

    assert bool(eqx.tree_equal(first.learner.policy.head, last.learner.policy.head))
    blank = jnp.zeros((1, 1))
    np.testing.assert_allclose(
        first.learner.policy.trunk(blank), last.learner.policy.trunk(blank), atol=1e-5
    )


@pytest.mark.parametrize("weigh", ["full-return", "rewards-to-go"])
@pytest.mark.parametrize("baseline", ["none", "mean"])
def test_episodes_of_a_real_task_tell_the_truth(lived, weigh, baseline):
    """Acted, stored, padded, weighed and differentiated, the estimate is unbiased."""
    policy, theta, columns = lived

    def loss(logit: jax.Array, columns: dict[str, jax.Array]) -> jax.Array:
        moved = eqx.tree_at(last_bias, policy, last_bias(policy).at[1].set(logit))
        how = Weighing(weigh, baseline, discount=1.0)
        batch, _ = weigh_trajectories(Trajectories(**columns), policy, None, how)
        return negative_weighted_likelihood(moved, batch, jax.random.key(0)) / EPISODES

    slopes = jax.jit(jax.vmap(jax.grad(loss), in_axes=(None, 0)))
    gradient = -np.asarray(slopes(last_bias(policy)[1], columns), np.float64)
    off = gradient.mean() - theta / (1 - theta)
    assert abs(off) < 4 * gradient.std() / np.sqrt(BATCHES)


BATCHES, EPISODES = 1000, 4


def last_bias(policy: Policy) -> jax.Array:
    return policy.trunk.layers[-1].bias


@pytest.fixture(scope="module")
def lived() -> tuple[Policy, float, dict[str, np.ndarray]]:
    """A policy, its probability of action 1, and batches of episodes that it lived."""
    policy = new_policy(1, probes.ONE_STATE.head, hidden=(4,), key=jax.random.key(0))
    outputs = policy.trunk(jnp.zeros((1, 1)))[0]
    theta = float(jax.nn.softmax(outputs)[1])
    episodes = BATCHES * EPISODES
    actor = SampleActor(policy, jax.random.key(1), episodes=episodes, slots=16)
    seen = rollout(SeparateSlots(probes.ONE_STATE, 16), actor, np.arange(episodes))
    assert seen.terminated.all()
    columns = {
        field.name: np.reshape(column, (BATCHES, EPISODES, *column.shape[1:]))
        for field in dataclasses.fields(seen)
        for column in [getattr(seen, field.name)]
        if column is not None
    }
    return policy, theta, columns


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"head": "flow"}, "the head flow, which cannot say how likely"),
        ({"history": 2}, "a history of 2 and chunks of 1, but practice weighs one"),
        ({"chunk": 2}, "a history of 1 and chunks of 2, but practice weighs one"),
    ],
)
def test_a_policy_that_cannot_practice_is_refused(how, words):
    task = make_task("Pendulum-v1")
    policy = beginner(task, FitSettings(**how), key=jax.random.key(0))

    with pytest.raises(CannotPracticeError, match=words):
        check_can_practice(policy)


@pytest.mark.parametrize("head", ["gaussian", "mixture", "discretized"])
def test_heads_that_know_probabilities_can_practice(head):
    task = make_task("Pendulum-v1")

    check_can_practice(beginner(task, FitSettings(head=head), key=jax.random.key(0)))
