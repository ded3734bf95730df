"""The errors that readers found in public code are told from the gradient.

Each is put in here on purpose, and both tests that our estimators pass catch it: the
mean over all batches, and the z-test over batches of a task outside.
"""

import functools
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from learning.enumerated import (
    LISTED,
    PAIRS,
    POLICY,
    SCORE,
    batches_of,
    directions,
    mean_of,
    surely_off,
    truth,
    variance_of,
    walked,
)
from novice.learning.gradients import as_row
from novice.learning.policy import Policy, trainable
from novice.learning.stepping import ascended
from novice.learning.weigh import weigh_trajectories
from novice.learning.weighing import Weighing
from novice.types import Learner, Trajectories

# Where each of many batches goes.
Estimator = Callable[[Trajectories], np.ndarray]

TO_GO = Weighing("rewards-to-go", "none", 1.0)
# Steps along the gradient as it is.
PLAIN = optax.identity()


def as_float(batches: Trajectories) -> tuple[np.ndarray, np.ndarray]:
    """Rewards and what is valid, by batch, episode and time."""
    valid = np.asarray(batches.valid)
    return np.where(valid, batches.reward, 0).astype(np.float64), valid


def to_go_of(batches: Trajectories) -> np.ndarray:
    reward, valid = as_float(batches)
    return np.where(valid, reward[..., ::-1].cumsum(axis=-1)[..., ::-1], 0)


def learned_row(policy: Policy) -> jax.Array:
    return as_row(eqx.filter(policy, trainable(policy)))


def stepped(policy: Policy, batch: object, *, rate: float) -> Policy:
    learner = Learner(policy, PLAIN.init(eqx.filter(policy, trainable(policy))))
    return ascended(learner, batch, 2, rate=rate, optimizer=PLAIN)[0].policy


def as_it_is(batches: Trajectories) -> np.ndarray:
    return directions(batches, to_go_of(batches))


@eqx.filter_jit
def one_step(batches: Trajectories) -> jax.Array:
    """What `practice` does."""

    def of_one(seen: Trajectories) -> jax.Array:
        batch, _ = weigh_trajectories(seen, POLICY, None, TO_GO)
        moved = stepped(POLICY, batch, rate=1.0)
        return learned_row(moved) - learned_row(POLICY)

    return jax.vmap(of_one)(batches)


@eqx.filter_jit
def step_by_step(batches: Trajectories, order: tuple[int, ...]) -> jax.Array:
    """A step of the policy after each time step, so that the next is off-policy."""
    rate = 0.5

    def of_one(seen: Trajectories) -> jax.Array:
        batch, _ = weigh_trajectories(seen, POLICY, None, TO_GO)
        policy, time = POLICY, jnp.arange(batch.valid.shape[0]) % seen.valid.shape[1]
        for step in order:
            now = batch.valid & (time == step)
            rows = eqx.tree_at(lambda one: one.valid, batch, now)
            policy = stepped(policy, rows, rate=rate)
        return (learned_row(policy) - learned_row(POLICY)) / rate

    return jax.vmap(of_one)(batches)


def moved_from_the_last_step_to_the_first(batches: Trajectories) -> np.ndarray:
    """https://github.com/seungeunrho/minimalRL/issues/26."""
    return np.asarray(step_by_step(batches, (2, 1, 0)), np.float64)


def moved_from_the_first_step_to_the_last(batches: Trajectories) -> np.ndarray:
    """https://github.com/yukezhu/tensorflow-reinforce/issues/13."""
    return np.asarray(step_by_step(batches, (0, 1, 2)), np.float64)


def divided_by_steps(batches: Trajectories) -> np.ndarray:
    """https://github.com/openai/spinningup/issues/414."""
    episodes = batches.valid.shape[1]
    steps = np.asarray(batches.valid).sum(axis=(1, 2))
    return as_it_is(batches) * (episodes / steps)[:, None]


@eqx.filter_jit
def against_its_own_head(batches: Trajectories, *, learns: bool) -> jax.Array:
    """The baseline is a number of the policy's own network, and may learn with it."""
    learning, fixed = eqx.partition(POLICY, trainable(POLICY))

    def of_one(seen: Trajectories) -> jax.Array:
        reward = jnp.where(seen.valid, seen.reward, 0)
        to_go = jnp.cumsum(reward[:, ::-1], axis=1)[:, ::-1]

        def gain(part: Policy) -> jax.Array:
            policy = eqx.combine(part, fixed)
            before = seen.observation[:, :-1]
            value = policy.trunk(before)[..., 0]
            if not learns:
                value = jax.lax.stop_gradient(value)
            log = policy.log_probability(before, seen.action_sampled)
            return jnp.sum(log * (to_go - value), where=seen.valid) / 2

        return as_row(jax.grad(gain)(learning))

    return jax.vmap(of_one)(batches)


def whose_baseline_learns_with_the_policy(batches: Trajectories) -> np.ndarray:
    """https://github.com/ucla-rlcourse/RLexample/pull/13 (its issue 12)."""
    return np.asarray(against_its_own_head(batches, learns=True), np.float64)


def against_the_mean_of_its_own_steps(batches: Trajectories) -> np.ndarray:
    """https://github.com/alessiodm/drl-zh/pull/6 (its issue 5): the baseline."""
    to_go, (_, valid) = to_go_of(batches), as_float(batches)
    mean = to_go.sum(axis=-1, keepdims=True) / valid.sum(axis=-1, keepdims=True)
    return directions(batches, to_go - mean)


def normalized_and_against_its_own_steps(batches: Trajectories) -> np.ndarray:
    """https://github.com/alessiodm/drl-zh/pull/6: and each episode by its spread."""
    to_go, (_, valid) = to_go_of(batches), as_float(batches)
    steps = valid.sum(axis=-1, keepdims=True)
    about = np.where(valid, to_go - to_go.sum(axis=-1, keepdims=True) / steps, 0)
    spread = np.sqrt((about**2).sum(axis=-1, keepdims=True) / steps)
    return directions(batches, about / (spread + 1e-8))


def against_each_parameters_optimum(batches: Trajectories) -> np.ndarray:
    """https://github.com/MushroomRL/mushroom-rl/issues/89."""
    reward, valid = as_float(batches)
    total = reward.sum(axis=-1)[..., None]
    states = np.asarray(batches.observation)[:, :, :-1].argmax(axis=-1)
    each = SCORE[states, np.asarray(batches.action_sampled)[..., 0]]
    sums = np.where(valid[..., None], each, 0).sum(axis=2)
    squares = (sums**2).sum(axis=1, keepdims=True)
    optimum = (sums**2 * total).sum(axis=1, keepdims=True)
    optimum = optimum / np.where(squares > 0, squares, 1)
    return (sums * (total - optimum)).mean(axis=1)


def against_the_mean_of_all(batches: Trajectories) -> np.ndarray:
    """The batch's mean return for a baseline, one's own in it."""
    reward, valid = as_float(batches)
    total = reward.sum(axis=-1)
    about = total - total.mean(axis=1, keepdims=True)
    return directions(batches, np.where(valid, about[..., None], 0))


def summed_forwards(batches: Trajectories) -> np.ndarray:
    """Rewards so far, in place of rewards to go."""
    return directions(batches, as_float(batches)[0].cumsum(axis=-1))


def against_what_came_next(batches: Trajectories) -> np.ndarray:
    """The value of the next state for a baseline: it depends on the action."""
    after = np.array([2.0, -1.0, 0.0])[np.asarray(batches.observation).argmax(axis=-1)]
    return directions(batches, to_go_of(batches) - after[..., 1:])


def against_a_critic_of_this_very_batch(batches: Trajectories) -> np.ndarray:
    """What each state was worth here on average: a critic fitted before, not after."""
    to_go, (_, valid) = to_go_of(batches), as_float(batches)
    there = np.asarray(batches.observation)[:, :, :-1] * valid[..., None]
    worth = np.einsum("bets,bet->bs", there, to_go)
    value = worth / np.maximum(there.sum(axis=(1, 2)), 1)
    return directions(batches, to_go - np.einsum("bets,bs->bet", there, value))


def running_into_the_next_episode(batches: Trajectories) -> np.ndarray:
    """https://github.com/ucla-rlcourse/RLexample/issues/11: rewards in one long row."""
    reward, _ = as_float(batches)
    behind = reward.sum(axis=-1)[:, ::-1].cumsum(axis=1)[:, ::-1]
    behind = np.concatenate([behind[:, 1:], np.zeros((len(behind), 1))], axis=1)
    return directions(batches, to_go_of(batches) + behind[..., None])


ERRORS = [
    moved_from_the_last_step_to_the_first,
    moved_from_the_first_step_to_the_last,
    divided_by_steps,
    whose_baseline_learns_with_the_policy,
    against_the_mean_of_its_own_steps,
    normalized_and_against_its_own_steps,
    against_each_parameters_optimum,
    against_the_mean_of_all,
    summed_forwards,
    against_what_came_next,
    against_a_critic_of_this_very_batch,
]


@functools.cache
def of_pairs(of: Estimator) -> np.ndarray:
    return np.asarray(of(batches_of(PAIRS)), np.float64)


def sampled(of: Estimator) -> np.ndarray:
    return np.concatenate([np.asarray(of(batches), np.float64) for batches in walked()])


def baseline_stopped(batches: Trajectories) -> jax.Array:
    return against_its_own_head(batches, learns=False)


@pytest.mark.parametrize("right", [as_it_is, one_step, baseline_stopped])
def test_without_an_error_the_mean_is_the_gradient(right):
    np.testing.assert_allclose(mean_of(of_pairs(right)), truth(), atol=1e-4)
    assert not surely_off(sampled(right), truth(), tests=3)


def test_one_step_goes_where_the_weights_of_each_batch_point():
    np.testing.assert_allclose(of_pairs(one_step), of_pairs(as_it_is), atol=1e-4)


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_told_from_the_gradient(error):
    assert np.abs(mean_of(of_pairs(error)) - truth()).max() > 0.02
    assert surely_off(sampled(error), truth(), tests=len(ERRORS))


def test_against_the_mean_of_two_episodes_half_of_the_gradient_is_left():
    """(N - 1) / N of it: an episode is taken from itself."""
    left = mean_of(of_pairs(against_the_mean_of_all))

    np.testing.assert_allclose(left, truth() / 2, atol=1e-6)


@pytest.mark.parametrize(
    "error", [against_the_mean_of_all, against_each_parameters_optimum]
)
def test_a_single_episode_that_is_taken_from_itself_teaches_nothing(error):
    alone = batches_of(np.arange(len(LISTED.chance))[:, None])

    np.testing.assert_allclose(error(alone), 0, atol=1e-12)


def test_rewards_of_the_next_episode_are_noise_and_no_bias():
    """Nobody's actions change what another episode pays; only the variance tells."""
    each = of_pairs(running_into_the_next_episode)

    np.testing.assert_allclose(mean_of(each), truth(), atol=1e-6)
    assert variance_of(each) > 1.5 * variance_of(of_pairs(as_it_is))
