"""What `novice lab gradient` computes, against other ways to compute it."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

from novice.algorithms.bc import demonstrate
from novice.app.lab.gradient_directions import (
    cosine_told,
    length_told,
    surely_some,
)
from novice.app.lab.gradient_point import (
    WEIGHINGS,
    direction,
    gradients_and_signal,
    most_different,
    point_measured,
    practiced_batch,
    shown_batch,
    significant,
    states_told,
    trace,
)
from novice.app.lab.gradient_truth import (
    PLACES,
    TASK,
    best_policy,
    held_against,
    move,
    policy_with,
    rows_of,
    truth_measured,
    truth_of,
)
from novice.envs.actor import SampleActor
from novice.envs.rollout import rollout
from novice.envs.slots import SeparateSlots
from novice.envs.task import make_task
from novice.experts.controllers import built_in_expert
from novice.learning.fit import (
    WEIGHTED_LIKELIHOOD,
    fit,
    fresh_state,
    whole_batch_plan,
)
from novice.learning.gradients import every_trajectory, gradient, probability_of
from novice.learning.heads import Categorical
from novice.learning.policy import Policy, new_policy, trainable
from novice.learning.weighing import declared
from novice.types import Learner, Trajectories


def acted(policy: Policy, episodes: int, seed: int = 0) -> Trajectories:
    """Episodes of CartPole-v1, in which a policy explores."""
    slots = SeparateSlots(make_task("CartPole-v1"), 5)
    actor = SampleActor(policy, jax.random.key(seed), episodes=episodes, slots=5)
    seen = rollout(slots, actor, np.arange(episodes) + 100 * seed)
    slots.close()
    return seen


def small_policy(seed: int = 0) -> Policy:
    key = jax.random.key(seed)
    policy = new_policy(4, Categorical((2,)), hidden=(5,), key=key)
    # Not as undecided as a beginner, so that every number matters.
    learning, fixed = eqx.partition(policy, trainable(policy))
    row, back = ravel_pytree(learning)
    return eqx.combine(back(row + 0.3 * jax.random.normal(key, row.shape)), fixed)


POLICY = small_policy()
SEEN = acted(POLICY, 20)


def demonstrated(episodes: int) -> Trajectories:
    """Some of the expert's episodes."""
    slots = SeparateSlots(make_task("CartPole-v1"), episodes)
    expert = built_in_expert("CartPole-v1", {})
    key = jax.random.key(0)
    seen = demonstrate(slots, expert, episodes=episodes, noise=0.0, key=key)
    slots.close()
    return seen


def moved_by(policy: Policy, step: np.ndarray) -> Policy:
    learning, fixed = eqx.partition(policy, trainable(policy))
    row, back = ravel_pytree(learning)
    return eqx.combine(back(row + jnp.asarray(step, row.dtype)), fixed)


def test_the_supervised_gradient_is_that_of_the_log_likelihood_by_differences() -> None:
    batch = jax.tree.map(jnp.asarray, shown_batch(demonstrated(3)))
    each, _ = direction(POLICY, batch, 3)
    rows = int(batch.valid.sum())
    gradient = each.sum(axis=0) / rows
    steps = np.random.default_rng(0).normal(size=(5, len(gradient)))

    def likelihood(policy: Policy) -> float:
        log = policy.log_probability(batch.observation, batch.target)
        return float(np.asarray(log, np.float64)[np.asarray(batch.valid)].mean())

    for step in steps / np.linalg.norm(steps, axis=1, keepdims=True):
        ends = [likelihood(moved_by(POLICY, sign * 1e-2 * step)) for sign in (1, -1)]
        slope = (ends[0] - ends[1]) / 2e-2
        assert slope == pytest.approx(gradient @ step, abs=2e-4)
    assert np.linalg.norm(gradient) > 0.1


@pytest.mark.parametrize("weighing", WEIGHINGS)
def test_both_gradients_are_the_step_that_fit_takes(weighing: str) -> None:
    plain = optax.identity()
    learner = Learner(POLICY, fresh_state(POLICY, plain))
    practiced = practiced_batch(POLICY, SEEN, weighing)
    for batch in (shown_batch(SEEN), practiced):
        each, _ = direction(POLICY, batch, 20)
        after, _ = fit(
            learner,
            batch,
            whole_batch_plan(batch.valid.shape[0], 1e-3),
            objective=WEIGHTED_LIKELIHOOD,
            optimizer=plain,
            normalizer=jnp.float32(20),
        )
        rows = [
            ravel_pytree(eqx.filter(one, trainable(one)))[0]
            for one in (after.policy, POLICY)
        ]
        taken = np.asarray(rows[0] - rows[1], np.float64) / 1e-3
        np.testing.assert_allclose(taken, each.mean(axis=0), rtol=0.02, atol=0.02)
        assert np.linalg.norm(taken) > 0.1


def test_the_weights_are_what_each_name_says() -> None:
    valid, reward = np.asarray(SEEN.valid), np.asarray(SEEN.reward)
    length = valid.sum(axis=1)
    by_name = {
        name: np.asarray(practiced_batch(POLICY, SEEN, name).weight).reshape(
            valid.shape
        )
        for name in WEIGHINGS
    }
    to_go = reward[:, ::-1].cumsum(axis=1)[:, ::-1] * valid
    for episode, steps in enumerate(length):
        others = np.arange(20) != episode
        np.testing.assert_allclose(by_name["full return"][episode, :steps], steps)
        np.testing.assert_allclose(
            by_name["rewards to go"][episode, :steps], to_go[episode, :steps]
        )
        first = to_go[episode, 0] - to_go[others, 0].mean()
        assert by_name["rewards to go − mean"][episode, 0] == pytest.approx(
            first, abs=1e-4
        )
    assert all(declared(how).unbiased for how in WEIGHINGS.values())


def directions(
    noise: float, cosine: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """60 noisy gradients each of two directions of length 1, skewed in their size."""
    aims = np.zeros((2, 40))
    aims[0, 0], aims[1, :2] = 1, (cosine, (1 - cosine**2) ** 0.5)
    size = generator.gamma(2, 0.5, size=(2, 60, 1))
    shaken = generator.normal(size=(2, 60, 40)) * (noise / 40) ** 0.5
    one, other = aims[:, None] + shaken * size
    return one, other


@pytest.mark.slow
def test_intervals_hold_the_cosine_that_no_noise_has_touched() -> None:
    generator = np.random.default_rng(0)
    covered, means = [], []
    for _ in range(120):
        found = cosine_told(*directions(8.0, 0.6, generator))
        assert found is not None
        covered.append(found["ci95"][0] <= 0.6 <= found["ci95"][1])
        means.append(found["mean"])

    # 95 % of 120, and as few as chance leaves of that once in a thousand times.
    assert np.mean(covered) >= 0.88
    assert np.mean(means) == pytest.approx(0.6, abs=0.015)


def test_the_plain_cosine_of_noisy_means_would_be_too_small() -> None:
    generator = np.random.default_rng(1)
    plain = []
    for _ in range(50):
        one, other = (each.mean(axis=0) for each in directions(8.0, 0.6, generator))
        plain.append(one @ other / np.linalg.norm(one) / np.linalg.norm(other))

    assert np.mean(plain) < 0.56


def test_two_directions_that_are_pure_noise_have_no_cosine() -> None:
    generator = np.random.default_rng(0)
    known = []
    for _ in range(20):
        one, other = generator.normal(size=(2, 60, 40))
        known += [surely_some(one), cosine_told(one + 1, other) is not None]
        assert cosine_told(one + 1, other + 1) is not None

    # Half of the lengths come out above zero; hardly any by more than chance.
    assert sum(known) <= 3


def test_nothing_at_all_has_no_direction() -> None:
    nothing = np.zeros((30, 7))

    assert cosine_told(nothing, nothing + 1) is None
    assert length_told(nothing, unit=2.0) == {"mean": 0.0, "ci95": [0.0, 0.0]}


def test_directions_without_noise_are_told_exactly() -> None:
    one, other = np.tile([3.0, 4.0], (30, 1)), np.tile([1.0, 0.0], (30, 1))

    found = cosine_told(one, other)
    assert found is not None
    np.testing.assert_allclose([found["mean"], *found["ci95"]], 0.6)
    length = length_told(one, unit=2.0)
    np.testing.assert_allclose([length["mean"], *length["ci95"]], 10)


def test_a_length_is_that_of_signal_without_its_noise() -> None:
    batch = practiced_batch(POLICY, SEEN)
    each, signal = gradients_and_signal(POLICY, batch, 20)

    length = length_told(np.asarray(each, np.float64), unit=1.0)

    assert length["mean"] ** 2 == pytest.approx(float(signal.squared), rel=1e-3)


def test_the_best_of_all_policies_never_gets_into_the_swamp() -> None:
    listed, expert = every_trajectory(TASK), best_policy()
    seen = listed.trajectories
    likely = np.asarray(probability_of(listed, expert))
    in_swamp = (seen.observation[:, :-1, PLACES.index("swamp")] > 0) & seen.valid

    assert likely.sum() == pytest.approx(1, abs=1e-5)
    assert (likely * in_swamp.any(axis=1)).sum() < 1e-6


def test_the_exact_gradients_are_slopes_of_what_is_listed() -> None:
    listed = every_trajectory(TASK)
    policy = policy_with(np.zeros((4, 2), np.float32))
    exact = truth_of(policy, best_policy(), listed)
    seen = listed.trajectories
    shown = np.asarray(probability_of(listed, best_policy()), np.float64)
    returned = np.sum(seen.reward * seen.valid, axis=1, dtype=np.float64)

    def both(one: Policy) -> np.ndarray:
        log = one.log_probability(
            jnp.asarray(seen.observation[:, :-1]), jnp.asarray(seen.action_sampled)
        )
        whole = (np.asarray(log, np.float64) * seen.valid).sum(axis=1)
        return np.array([listed.chance * np.exp(whole) @ returned, shown @ whole])

    step = np.random.default_rng(0).normal(size=len(exact.of_return))
    ends = [both(moved_by(policy, sign * 1e-2 * step)) for sign in (1, -1)]
    slope = (ends[0] - ends[1]) / 2e-2
    aims = [exact.of_return @ step, exact.supervised @ step]
    np.testing.assert_allclose(slope, aims, rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(rows_of(exact.supervised)[2], 0, atol=1e-6)
    assert np.abs(rows_of(exact.of_return)[2]).max() > 0.5


@pytest.mark.slow
def test_every_batch_in_the_mean_is_the_gradient_and_a_wrong_one_is_found() -> None:
    found = truth_measured(3)

    assert [each["surely_off"] for each in found["ways"]] == [False] * 3
    scatter = {each["name"]: each["scatter"] for each in found["ways"]}
    assert scatter["rewards to go − mean"] < scatter["full return"]
    assert found["swamp"]["supervised"] < 1e-6 < 0.5 < found["swamp"]["practice"]
    assert -1 < found["cosine"] < 0.95
    generator = np.random.default_rng(0)
    aim = np.array([1.0, 2.0, 0.0])
    each = aim + generator.normal(size=(2_000, 3))
    assert not held_against(each, aim, aim)["surely_off"]
    assert held_against(1.1 * each, aim, aim)["surely_off"]


def test_a_move_is_the_mean_of_what_each_episode_asks_for() -> None:
    batch = practiced_batch(POLICY, SEEN)
    each, _ = direction(POLICY, batch, 20)

    taken = np.asarray(move(POLICY, batch, 20), np.float64)

    np.testing.assert_allclose(taken, each.mean(axis=0), rtol=1e-3, atol=1e-3)


def test_the_drawn_numbers_are_those_that_differ_most() -> None:
    other = eqx.tree_at(
        lambda seen: seen.observation,
        SEEN,
        np.asarray(SEEN.observation) + np.float32([0, 9, 0, 5]),
    )

    assert most_different(SEEN, other).tolist() == [1, 3]


def test_the_same_episodes_are_not_told_apart_and_others_are() -> None:
    again = acted(POLICY, 20, seed=1)
    shifted = eqx.tree_at(
        lambda seen: seen.observation, again, np.asarray(again.observation) + 1
    )

    told = states_told(shifted, again, SEEN)

    assert told["from_expert"]["auc"] > 0.99
    low, high = told["from_beginner"]["ci95"]
    assert low < 0.6 and high > 0.4
    assert "from_beginner" not in states_told(shifted, SEEN, SEEN)


def test_the_traced_episode_is_the_one_nearest_to_the_mean_return() -> None:
    length = np.asarray(SEEN.length)
    traced = trace(POLICY, SEEN)

    wanted = np.abs(length - length.mean()).min()
    assert abs(len(traced["full return"]) - length.mean()) == pytest.approx(wanted)
    assert traced["rewards to go"][-1] == 1


@pytest.mark.parametrize(
    ("numbers", "kept"),
    [
        ([12345.6, 0.01], [12350, 0]),
        ([0.0, 0.0], [0, 0]),
        ([0.0123456, -1e-9], [0.01235, 0]),
    ],
)
def test_numbers_are_kept_to_four_figures_of_the_largest(
    numbers: list[float], kept: list[float]
) -> None:
    np.testing.assert_allclose(significant(np.array(numbers)), kept)


def test_a_policy_that_everybody_pays_alike_has_no_policy_gradient() -> None:
    same = eqx.tree_at(lambda seen: seen.reward, SEEN, 0 * np.asarray(SEEN.reward))
    shown, axes = demonstrated(20), np.array([0, 1])
    found: dict[str, Any] = point_measured(POLICY, shown, same, same, axes)

    assert "cosine" not in found
    assert "noise_scale" not in found["practice"]
    assert found["practice"]["length"] == {"mean": 0.0, "ci95": [0.0, 0.0]}

    batch = jax.tree.map(jnp.asarray, shown_batch(shown))

    def likelihood(one: Policy) -> jax.Array:
        log = one.log_probability(batch.observation, batch.target)
        return jnp.mean(log, where=batch.valid)

    wanted = float(jnp.linalg.norm(gradient(likelihood, POLICY)))
    assert found["supervised"]["length"]["mean"] == pytest.approx(wanted, rel=0.01)
