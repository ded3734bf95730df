"""One step of practice is REINFORCE's, and REINFORCE's estimator tells the truth."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from novice.learning.fit import negative_weighted_likelihood, new_learner
from novice.learning.heads import Bernoulli
from novice.learning.network import Layer, Mlp, Normalizer
from novice.learning.policy import Critic, Policy
from novice.learning.practice import (
    Practice,
    Practiced,
    looked_around,
    practice,
)
from novice.learning.stepping import Rates, Stepping
from novice.learning.weigh import (
    full_return,
    practice_batch,
    rewards_to_go,
    weigh_trajectories,
)
from novice.learning.weighing import Weighing
from novice.types import Batch, Learner, Trajectories

ZERO, ONE = np.zeros((), np.float32), np.ones((), np.float32)


def constant(number: float) -> Mlp:
    """A network that says the same whatever it sees."""
    normalizer = Normalizer(ZERO[None], ONE[None], ONE[None], ZERO)
    return Mlp(normalizer, (Layer(ZERO[None, None], np.full(1, number, np.float32)),))


def switch(logit: float) -> Policy:
    """Action 1 with probability sigmoid(logit)."""
    return Policy(constant(logit), Bernoulli(1))


def critic(value: float) -> Critic:
    return Critic(constant(value), ZERO, ONE)


# The task of one state (CS285, homework 2, analysis): action 1 pays 1 and goes on,
# action 0 ends the episode. With θ the probability of action 1, the return is k with
# probability θ^k (1 - θ), so J = Σ k θ^k (1 - θ) = θ / (1 - θ). With θ = sigmoid(logit)
# this is exp(logit), whose derivative is itself: dJ/dlogit = θ / (1 - θ).
THETA = 0.6
LOGIT = np.log(THETA / (1 - THETA))
TRUTH = THETA / (1 - THETA)
# An episode is longer than this with a probability of 0.6^48 = 2e-11.
LONGEST = 48
BATCHES, EPISODES = 10_000, 4


def played(length: jax.Array) -> Trajectories:
    """Episodes of these lengths: action 1 in each step but the last, which is 0."""
    step = jnp.arange(LONGEST)
    valid = step < length[:, None]
    action = (step < length[:, None] - 1).astype(jnp.int32)
    return Trajectories(
        observation=jnp.zeros((EPISODES, LONGEST + 1, 1)),
        action_sampled=action[..., None],
        action_executed=action[..., None],
        expert_acted=jnp.zeros_like(valid),
        reward=action.astype(jnp.float32),
        valid=valid,
        terminated=jnp.ones(EPISODES, bool),
        truncated=jnp.zeros(EPISODES, bool),
        seed=jnp.arange(EPISODES),
    )


# Turns trajectories into weighted rows and the number to divide their sum by.
Estimator = Callable[[Trajectories], tuple[Batch, float | jax.Array]]


def estimator_of(weigh: str, baseline: str) -> Estimator:
    """Ours."""

    def estimator(seen: Trajectories) -> tuple[Batch, float]:
        how = Weighing(weigh, baseline, discount=1.0)
        batch, _ = weigh_trajectories(seen, switch(LOGIT), critic(1.2), how)
        return batch, EPISODES

    return estimator


WEIGHINGS = {"full-return": full_return, "rewards-to-go": rewards_to_go}
RIGHT = {
    f"{weigh}, {baseline}": estimator_of(weigh, baseline)
    for weigh in WEIGHINGS
    for baseline in ("none", "mean", "value")
}


def mean_over_steps(weigh: str) -> Estimator:
    def estimator(seen: Trajectories) -> tuple[Batch, jax.Array]:
        weight = WEIGHINGS[weigh](seen.reward, seen.valid)
        return practice_batch(seen, weight), jnp.sum(seen.valid)

    return estimator


def baseline_with_itself(weigh: str) -> Estimator:
    def estimator(seen: Trajectories) -> tuple[Batch, float]:
        estimate = WEIGHINGS[weigh](seen.reward, seen.valid)
        alive = jnp.maximum(jnp.sum(seen.valid, axis=0), 1)
        mean = jnp.sum(estimate, axis=0, where=seen.valid) / alive
        return practice_batch(seen, estimate - mean), EPISODES

    return estimator


def padding_counts(weigh: str) -> Estimator:
    def estimator(seen: Trajectories) -> tuple[Batch, float]:
        everywhere = jnp.ones_like(seen.valid)
        weight = full_return(seen.reward, everywhere)
        seen = eqx.tree_at(lambda s: s.valid, seen, everywhere)
        return practice_batch(seen, weight), EPISODES

    return estimator


WRONG = {
    f"{weigh}, {mistake.__name__}": mistake(weigh)
    for weigh in WEIGHINGS
    for mistake in (mean_over_steps, baseline_with_itself, padding_counts)
}


@pytest.fixture(scope="module")
def standard_errors_off() -> dict[str, float]:
    """How far each estimator's mean over many batches lies from the truth."""

    def loss(logit: jax.Array, seen: Trajectories, estimator: Estimator) -> jax.Array:
        policy = eqx.tree_at(lambda p: p.trunk.layers[0].bias, switch(0.0), logit[None])
        batch, normalizer = estimator(seen)
        return (
            negative_weighted_likelihood(policy, batch, jax.random.key(0)) / normalizer
        )

    def slopes(length: jax.Array) -> dict[str, jax.Array]:
        seen = played(length)
        return {
            name: jax.grad(loss)(jnp.float32(LOGIT), seen, estimator)
            for name, estimator in {**RIGHT, **WRONG}.items()
        }

    length = np.random.default_rng(0).geometric(1 - THETA, (BATCHES, EPISODES))
    assert length.max() < LONGEST
    off = {}
    for name, slope in jax.jit(jax.vmap(slopes))(length).items():
        gradient = -np.asarray(slope, np.float64)
        error = gradient.std() / np.sqrt(BATCHES)
        off[name] = (gradient.mean() - TRUTH) / error
    return off


@pytest.mark.parametrize("estimator", RIGHT)
def test_the_estimator_is_unbiased(standard_errors_off, estimator):
    assert abs(standard_errors_off[estimator]) < 4


@pytest.mark.parametrize("estimator", WRONG)
def test_a_wrong_estimator_is_found_out(standard_errors_off, estimator):
    assert abs(standard_errors_off[estimator]) > 20


# Two episodes of 3 and 2 steps, observed at 1, 2, 3 and 5, 7; their returns are 7, 24.
SEEN = Trajectories(
    observation=np.float32([[[1], [2], [3], [4]], [[5], [7], [99], [99]]]),
    action_sampled=np.int32([[[1], [1], [0]], [[0], [1], [1]]]),
    action_executed=np.zeros((2, 3, 1), np.int32),
    expert_acted=np.zeros((2, 3), bool),
    reward=np.float32([[1, 2, 4], [8, 16, 99]]),
    valid=np.array([[1, 1, 1], [1, 1, 0]], bool),
    terminated=np.ones(2, bool),
    truncated=np.zeros(2, bool),
    seed=np.arange(2),
)


RATES = Rates(jnp.float32(0.25), jnp.float32(0.05))


def by_half(baseline: str, *, critic_steps: int) -> Practice:
    """Rewards to go, each step worth half as much as the one before."""
    weighing = Weighing("rewards-to-go", baseline, discount=0.5)
    return Practice(weighing, Stepping(), critic_steps)


def looked(learner: Learner, how: Practice) -> Learner:
    """Somebody who has seen `SEEN`, and learned from it only what it is worth."""
    return looked_around(learner, SEEN, how, RATES, key=jax.random.key(1))


def practiced(
    learner: Learner,
    *,
    baseline: str = "none",
    critic_steps: int = 1,
    look: bool = True,
) -> Practiced:
    return practice(
        jax.tree.map(jnp.asarray, learner),
        SEEN,
        by_half(baseline, critic_steps=critic_steps),
        RATES._replace(look=np.bool_(look)),
        key=jax.random.key(0),
    )


@pytest.fixture(scope="module")
def one_step() -> Practiced:
    """What a step makes of somebody who tosses a coin."""
    return practiced(new_learner(switch(0.0)))


def test_a_step_divides_by_the_number_of_trajectories(one_step):
    # To go, by half: 3, 4, 4 and 16, 16; each action has the probability 1/2.
    assert one_step.loss == pytest.approx((3 + 4 + 4 + 16 + 16) * np.log(2) / 2)


def test_a_step_makes_likelier_what_paid(one_step):
    # The slope is (3 + 4 - 4 - 16 + 16) / 2 / 2 > 0; Adam's first step is the rate.
    (layer,) = one_step.learner.policy.trunk.layers

    np.testing.assert_allclose(layer.bias, [0.25], rtol=1e-3)


def test_the_reported_return_is_undiscounted(one_step):
    assert one_step.mean_return == (7 + 24) / 2


def test_the_reported_entropy_is_that_of_the_visited_states(one_step):
    assert one_step.entropy == pytest.approx(np.log(2))


def test_what_was_seen_is_added_to_the_statistics(one_step):
    normalizer = one_step.learner.policy.trunk.normalizer

    np.testing.assert_allclose(normalizer.mean, [(1 + 2 + 3 + 5 + 7) / 5], rtol=1e-6)
    assert normalizer.count == 5


def test_a_step_is_held_against_its_episodes_where_that_is_asked_for(one_step):
    assert not np.isnan(one_step.signal.variance)

    again = practiced(one_step.learner, look=False)

    assert np.isnan(again.signal.variance) and np.isnan(again.signal.agreement)


def test_without_a_critic_there_is_no_value_loss(one_step):
    assert one_step.learner.critic is None
    assert one_step.value_loss == 0


def test_a_critic_learns_what_the_valid_steps_returned():
    how = by_half("value", critic_steps=400)
    learner = looked(new_learner(switch(0.0), critic(0.0)), how)

    learner = practiced(learner, baseline="value", critic_steps=400).learner

    # The best line through (1, 3), (2, 4), (3, 4), (5, 16), (7, 16).
    places = np.array([1, 2, 3, 5, 7])
    slope, shift = np.polyfit(places, [3, 4, 4, 16, 16], 1)
    values = learner.critic(jnp.float32(places)[:, None])
    np.testing.assert_allclose(values, shift + slope * places, atol=0.5)


def test_looking_around_measures_and_leaves_the_policy_as_it_was():
    learner = jax.tree.map(jnp.asarray, new_learner(switch(0.3), critic(0.0)))

    ready = looked(learner, by_half("value", critic_steps=1))

    assert bool(eqx.tree_equal(ready.policy.trunk.layers, learner.policy.trunk.layers))
    np.testing.assert_allclose(ready.policy.trunk.normalizer.mean, [18 / 5], rtol=1e-6)
    to_go = [3, 4, 4, 16, 16]
    np.testing.assert_allclose(ready.critic.center, np.mean(to_go), rtol=1e-6)
    np.testing.assert_allclose(ready.critic.scale, np.std(to_go), rtol=1e-6)
