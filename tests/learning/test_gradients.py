"""The gradients that are known exactly are those of what can happen."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from learning.enumerated import surely_off
from learning.tabular import TASK, new_tabular_policy
from novice.learning.gradients import (
    Linear,
    Tabular,
    as_row,
    every_trajectory,
    expected_cost,
    expected_estimate,
    expected_return,
    gradient,
    probability_of,
)
from novice.learning.heads import Categorical, gaussian
from novice.learning.network import Layer
from novice.learning.policy import Policy, new_policy, trainable
from novice.learning.stepping import ascended
from novice.learning.weigh import weigh_trajectories
from novice.learning.weighing import Weighing
from novice.types import Learner, Trajectories

LISTED = every_trajectory(TASK)


POLICY = new_tabular_policy()


# Steps along the gradient as it is.
PLAIN = optax.identity()


def plain_learner(policy: Policy) -> Learner:
    return Learner(policy, PLAIN.init(eqx.filter(policy, trainable(policy))))


def learned_row(policy: Policy) -> jax.Array:
    return as_row(eqx.filter(policy, trainable(policy)))


def direction(policy: Policy, seen: Trajectories, how: Weighing) -> jax.Array:
    """How far one step of practice moves what learns, at a rate of 1."""
    batch, _ = weigh_trajectories(seen, policy, None, how)
    learner, _ = ascended(
        plain_learner(policy), batch, len(seen.seed), rate=1.0, optimizer=PLAIN
    )
    return learned_row(learner.policy) - learned_row(policy)


def test_all_that_can_happen_adds_up_to_certainty():
    assert float(probability_of(LISTED, POLICY).sum()) == pytest.approx(1, abs=1e-6)
    assert len(
        {
            tuple(map(bytes, each))
            for each in zip(
                LISTED.trajectories.observation,
                LISTED.trajectories.action_sampled,
                strict=True,
            )
        }
    ) == len(LISTED.chance)
    ended = LISTED.trajectories.terminated
    assert set(LISTED.trajectories.length[ended]) == {1, 2, 3}
    assert set(LISTED.trajectories.length[~ended]) == {3}


@pytest.mark.parametrize("discount", [1.0, 0.7])
def test_dynamic_programming_says_what_all_trajectories_say(discount):
    seen = LISTED.trajectories
    weight = discount ** np.arange(TASK.limit)

    def listed(policy: Policy) -> jax.Array:
        returns = (weight * seen.reward * seen.valid).sum(axis=1)
        return jnp.sum(probability_of(LISTED, policy) * returns)

    def exact(policy: Policy) -> jax.Array:
        return expected_return(TASK, policy, discount=discount)

    assert float(exact(POLICY)) == pytest.approx(float(listed(POLICY)), rel=1e-5)
    np.testing.assert_allclose(
        gradient(exact, POLICY), gradient(listed, POLICY), atol=1e-5
    )


def test_the_gradient_of_a_single_choice_by_hand():
    """One state and one step: p(1 − p) times what the second action pays more."""
    task = Tabular(
        start=np.ones(1, np.float32),
        transition=np.ones((1, 2, 1), np.float32),
        reward=np.float32([[1.0, 4.0]]),
        ends=np.array([False]),
        limit=1,
    )
    policy = new_policy(1, Categorical((2,)), hidden=(), key=jax.random.key(0))
    layers = (Layer(jnp.zeros((1, 2)), jnp.asarray(np.float32([0.0, np.log(3)]))),)
    policy = eqx.tree_at(lambda one: one.trunk.layers, policy, layers)

    got = gradient(lambda one: expected_return(task, one), policy)

    up = 0.75 * 0.25 * (4 - 1)
    np.testing.assert_allclose(got, [-up, up, -up, up], rtol=1e-5)


def estimator(how: Weighing) -> Callable[[Trajectories], jax.Array]:
    return lambda seen: direction(POLICY, seen, how)


@pytest.mark.parametrize(
    "how",
    [
        Weighing("full-return", "none"),
        Weighing("rewards-to-go", "mean", 1.0),
        Weighing("discounted", "optimal", 0.7),
    ],
)
def test_steps_of_practice_go_along_the_gradient_in_the_mean(how):
    def exact(policy: Policy) -> jax.Array:
        discount = how.discount if how.weigh == "discounted" else 1.0
        return expected_return(TASK, policy, discount=discount)

    mean, _ = expected_estimate(estimator(how), LISTED, POLICY, episodes=2)

    np.testing.assert_allclose(mean, gradient(exact, POLICY), atol=1e-4)


def test_of_more_episodes_an_estimate_varies_less():
    """Their gradients are independent, so the variance is in inverse proportion."""
    how = Weighing("rewards-to-go", "none", 1.0)

    one, two = (
        float(expected_estimate(estimator(how), LISTED, POLICY, episodes=count)[1])
        for count in (1, 2)
    )

    assert one == pytest.approx(2 * two, rel=1e-4)


BALL = Linear(
    transition=np.float32([[1.0, 0.3], [0.0, 0.9]]),
    control=np.float32([[0.0], [0.5]]),
    state_cost=np.float32([[1.0, 0.0], [0.0, 0.1]]),
    action_cost=np.float32([[0.2]]),
    noise=0.1,
    spread=1.0,
    limit=5,
)


def pusher() -> Policy:
    """Pushes against where the ball is, and a little to the right."""
    policy = new_policy(2, gaussian((0.0,), (1.0,)), hidden=(), key=jax.random.key(0))
    weight, bias = np.float32([[-0.8], [-0.5]]), np.float32([0.1])
    layers = (Layer(jnp.asarray(weight), jnp.asarray(bias)),)
    return eqx.tree_at(lambda one: one.trunk.layers, policy, layers)


def rolled(policy: Policy, episodes: int) -> Trajectories:
    """Episodes of the linear task, the first number of each state where the ball is."""
    random = np.random.default_rng(5)
    layer, std = policy.trunk.layers[-1], np.exp(np.asarray(policy.head.log_std))
    state = BALL.spread * random.normal(size=(episodes, 2))
    states, actions, rewards = [state], [], []
    for _ in range(BALL.limit):
        action = state @ np.asarray(layer.weight) + np.asarray(layer.bias)
        action = action + std * random.normal(size=action.shape)
        cost = np.einsum("ni,ij,nj->n", state, BALL.state_cost, state)
        cost += np.einsum("ni,ij,nj->n", action, BALL.action_cost, action)
        state = state @ BALL.transition.T + action @ BALL.control.T
        state = state + BALL.noise * random.normal(size=state.shape)
        states.append(state)
        actions.append(action)
        rewards.append(-cost)
    action = np.stack(actions, axis=1).astype(np.float32)
    whole = np.ones((episodes, BALL.limit), bool)
    return Trajectories(
        valid=whole,
        observation=np.stack(states, axis=1).astype(np.float32),
        action_sampled=action,
        action_executed=action,
        expert_acted=~whole,
        reward=np.stack(rewards, axis=1).astype(np.float32),
        terminated=np.zeros(episodes, bool),
        truncated=np.ones(episodes, bool),
        seed=np.arange(episodes),
    )


def test_a_linear_task_is_practiced_along_its_closed_form():
    policy = pusher()
    truth = np.asarray(gradient(lambda one: -expected_cost(BALL, one), policy))
    batches = jax.tree.map(
        lambda column: jnp.asarray(column).reshape(5_000, 8, *column.shape[1:]),
        rolled(policy, 40_000),
    )

    def of_one(seen: Trajectories) -> jax.Array:
        return direction(policy, seen, Weighing("rewards-to-go", "mean", 1.0))

    each = np.asarray(jax.lax.map(of_one, batches, batch_size=1_000), np.float64)

    assert not surely_off(each, truth)
    assert surely_off(1.3 * each, truth)


def test_the_cost_of_a_linear_policy_is_that_of_its_episodes():
    cost = -rolled(pusher(), 200_000).reward.sum(axis=1, dtype=np.float64)

    exact = float(expected_cost(BALL, pusher()))

    assert cost.mean() == pytest.approx(exact, abs=5 * cost.std() / len(cost) ** 0.5)
    assert np.abs(exact - cost.mean()) < 0.02 * exact
