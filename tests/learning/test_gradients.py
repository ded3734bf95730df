"""The estimators of practice against gradients that are known exactly."""

import functools
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import equinox as eqx
import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from gymnasium import spaces

from novice.envs.actor import SampleActor
from novice.envs.rollout import padded, rollout
from novice.envs.seeds import training_seeds
from novice.envs.slots import SeparateSlots
from novice.envs.task import make_task
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
from novice.learning.policy import Critic, Policy, new_critic, new_policy, trainable
from novice.learning.practice import ascended
from novice.learning.weigh import weigh_by_return
from novice.types import Learner, Trajectories

# Three states, the last of which ends the episode; nothing is certain.
TASK = Tabular(
    start=np.float32([0.7, 0.3, 0.0]),
    transition=np.float32(
        [
            [[0.6, 0.3, 0.1], [0.0, 0.5, 0.5]],
            [[0.5, 0.5, 0.0], [0.2, 0.0, 0.8]],
            [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]],
        ]
    ),
    reward=np.float32([[1.0, -2.0], [0.5, 3.0], [9.0, 9.0]]),
    ends=np.array([False, False, True]),
    limit=3,
)
LISTED = every_trajectory(TASK)


def new_tabular_policy() -> Policy:
    policy = new_policy(3, Categorical((2,)), hidden=(), key=jax.random.key(0))
    weight = np.float32([[0.3, -0.2], [-0.5, 0.4], [0.1, 0.1]])
    layers = (Layer(jnp.asarray(weight), jnp.asarray(np.float32([0.2, 0.0]))),)
    return eqx.tree_at(lambda one: one.trunk.layers, policy, layers)


POLICY = new_tabular_policy()
TRUTH = np.asarray(gradient(lambda policy: expected_return(TASK, policy), POLICY))


def critic_of(values: list[float]) -> Critic:
    critic = new_critic(3, hidden=(), key=jax.random.key(0))
    layers = (Layer(jnp.asarray(np.float32(values))[:, None], jnp.zeros(1)),)
    return eqx.tree_at(lambda one: one.trunk.layers, critic, layers)


# Steps along the gradient as it is.
PLAIN = optax.identity()


def plain_learner(policy: Policy) -> Learner:
    return Learner(policy, PLAIN.init(eqx.filter(policy, trainable(policy))))


def learned_row(policy: Policy) -> jax.Array:
    return as_row(eqx.filter(policy, trainable(policy)))


def direction(
    policy: Policy,
    seen: Trajectories,
    critic: Critic | None = None,
    *,
    weigh: str = "rewards-to-go",
    baseline: str = "none",
    discount: float = 1.0,
) -> jax.Array:
    """How far one step of practice moves what learns, at a rate of 1."""
    batch, _ = weigh_by_return(
        seen, critic, weigh=weigh, baseline=baseline, discount=discount
    )
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


def estimator(
    critic: Critic | None = None, **how: str | float
) -> Callable[[Trajectories], jax.Array]:
    return lambda seen: direction(POLICY, seen, critic, **how)


@functools.cache
def mean_of(of: Callable[[Trajectories], jax.Array], episodes: int = 2) -> np.ndarray:
    mean, _ = expected_estimate(of, LISTED, POLICY, episodes=episodes)
    return np.asarray(mean)


@pytest.mark.parametrize("baseline", ["none", "mean"])
@pytest.mark.parametrize("weigh", ["full-return", "rewards-to-go"])
def test_the_mean_estimate_is_the_gradient(weigh, baseline):
    mean = mean_of(estimator(weigh=weigh, baseline=baseline))

    np.testing.assert_allclose(mean, TRUTH, atol=1e-4)


def test_rewards_before_an_action_are_noise():
    """The order of the variances is this task's, by enumeration; it is no law."""
    whole, to_go = (
        float(expected_estimate(estimator(weigh=weigh), LISTED, POLICY, episodes=2)[1])
        for weigh in ("full-return", "rewards-to-go")
    )

    assert to_go < whole


@pytest.mark.parametrize(
    ("how", "bias"),
    [
        ({"discount": 0.7}, "the later a reward the less it counts, but not J's"),
        ({"baseline": "value"}, "what follows the limit counts, by the critic's word"),
    ],
)
def test_what_is_biased_is_off_by_what_all_trajectories_say(how, bias):
    """Whose mean is not the gradient: an estimate from one episode says by how much."""
    critic = critic_of([2.0, -1.0, 0.0]) if "baseline" in how else None
    seen = LISTED.trajectories
    after = np.array([2.0, -1.0, 0.0])[seen.observation.argmax(axis=-1)]
    stopped = after[np.arange(len(seen.length)), seen.length] * ~seen.terminated
    discount = how.get("discount", 1.0)
    weight = np.zeros_like(seen.reward)
    for step in range(TASK.limit):
        later = discount ** np.arange(TASK.limit - step)
        weight[:, step] = (later * (seen.reward * seen.valid)[:, step:]).sum(axis=1)
        weight[:, step] += (stopped - after[:, step]) * (critic is not None)

    def by_hand(policy: Policy) -> jax.Array:
        log = policy.log_probability(
            jnp.asarray(seen.observation[:, :-1]), jnp.asarray(seen.action_sampled)
        )
        each = jnp.sum(weight * log, axis=1, where=seen.valid)
        return jnp.sum(np.asarray(probability_of(LISTED, POLICY)) * each)

    mean = mean_of(estimator(critic, **how))

    np.testing.assert_allclose(mean, gradient(by_hand, POLICY), atol=1e-4)
    assert np.abs(mean - TRUTH).max() > 0.05, bias


def divided_by_steps(seen: Trajectories) -> jax.Array:
    """The mean over steps, not over trajectories."""
    return direction(POLICY, seen) * len(seen.seed) / jnp.sum(seen.valid)


def moved_within_the_episode(seen: Trajectories) -> jax.Array:
    """A step after each action, so that later ones are of another policy."""
    policy, rate = POLICY, 0.5
    batch, _ = weigh_by_return(
        seen, None, weigh="rewards-to-go", baseline="none", discount=1.0
    )
    steps = jnp.arange(batch.valid.shape[0]) % TASK.limit
    for step in range(TASK.limit):
        now = eqx.tree_at(lambda one: one.valid, batch, batch.valid & (steps == step))
        learner, _ = ascended(
            plain_learner(policy), now, len(seen.seed), rate=rate, optimizer=PLAIN
        )
        policy = learner.policy
    return (learned_row(policy) - learned_row(POLICY)) / rate


def direction_of_weights(
    seen: Trajectories, weight: Callable[[jax.Array, jax.Array], jax.Array]
) -> jax.Array:
    """The step that follows from other weights of the same rewards to go."""
    batch, _ = weigh_by_return(
        seen, None, weigh="rewards-to-go", baseline="none", discount=1.0
    )
    shape = seen.valid.shape
    changed = weight(batch.weight.reshape(shape), batch.valid.reshape(shape))
    batch = eqx.tree_at(lambda one: one.weight, batch, changed.reshape(-1))
    learner, _ = ascended(
        plain_learner(POLICY), batch, len(seen.seed), rate=1.0, optimizer=PLAIN
    )
    return learned_row(learner.policy) - learned_row(POLICY)


def against_the_mean_of_all(seen: Trajectories) -> jax.Array:
    """A baseline that holds the trajectory's own rewards."""

    def weight(to_go: jax.Array, valid: jax.Array) -> jax.Array:
        alive = jnp.maximum(jnp.sum(valid, axis=0), 1)
        return to_go - jnp.sum(jnp.where(valid, to_go, 0), axis=0) / alive

    return direction_of_weights(seen, weight)


def normalized_to_one(seen: Trajectories) -> jax.Array:
    """Weights of mean 0 and spread 1, whatever the rewards are."""

    def weight(to_go: jax.Array, valid: jax.Array) -> jax.Array:
        spread = jnp.std(to_go, where=valid)
        return (to_go - jnp.mean(to_go, where=valid)) / (spread + 1e-8)

    return direction_of_weights(seen, weight)


def against_what_came_next(seen: Trajectories) -> jax.Array:
    """The value of the next state for a baseline: it depends on the action."""
    after = jnp.asarray([2.0, -1.0, 0.0])[jnp.argmax(seen.observation, axis=-1)]
    return direction_of_weights(seen, lambda to_go, valid: to_go - after[:, 1:])


@pytest.mark.parametrize(
    "bug",
    [
        divided_by_steps,
        moved_within_the_episode,
        against_the_mean_of_all,
        normalized_to_one,
        against_what_came_next,
    ],
)
def test_the_errors_of_public_code_are_told_from_the_gradient(bug):
    assert np.abs(mean_of(bug) - TRUTH).max() > 0.02


def test_an_episode_against_the_mean_of_itself_teaches_nothing():
    np.testing.assert_allclose(mean_of(against_the_mean_of_all, 1), 0, atol=1e-6)


def surely_off(each: np.ndarray, truth: np.ndarray) -> bool:
    """A z-test of every parameter, corrected for how many there are: 1 in 10,000."""
    error = each.std(axis=0, ddof=1) / len(each) ** 0.5
    moves = error > 1e-9
    z = np.abs(each.mean(axis=0) - truth)[moves] / error[moves]
    level = 1e-4 / (2 * len(z))
    return bool(z.max() > NormalDist().inv_cdf(1 - level))


class Walk(gymnasium.Env):
    """The same task outside, as any environment is."""

    observation_space = spaces.Box(0, 1, (3,))
    action_space = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.at = int(self.np_random.choice(3, p=TASK.start / TASK.start.sum()))
        return TASK.observations[self.at], {}

    def step(self, action: int) -> tuple:
        reward = float(TASK.reward[self.at, action])
        chance = TASK.transition[self.at, action].astype(np.float64)
        self.at = int(self.np_random.choice(3, p=chance / chance.sum()))
        return TASK.observations[self.at], reward, bool(TASK.ends[self.at]), False, {}


gymnasium.register("TabularWalk-v0", entry_point=Walk, max_episode_steps=TASK.limit)

BATCHES = 3_000


def walked() -> Trajectories:
    """Batches of two episodes, each begun before it was known how long it lasts."""
    slots = SeparateSlots(make_task("TabularWalk-v0"), 40)
    actor = SampleActor(POLICY, jax.random.key(2), episodes=2 * BATCHES, slots=40)
    seen = rollout(slots, actor, training_seeds(jax.random.key(3), 2 * BATCHES))
    seen = padded(seen, limit=TASK.limit)
    return jax.tree.map(
        lambda column: jnp.asarray(column).reshape(BATCHES, 2, *column.shape[1:]), seen
    )


def test_what_is_practiced_in_a_task_outside_goes_along_the_gradient():
    batches = walked()

    def of_each(of: Callable[[Trajectories], jax.Array]) -> np.ndarray:
        return np.asarray(jax.lax.map(of, batches, batch_size=500), np.float64)

    assert not surely_off(of_each(estimator(baseline="mean")), TRUTH)
    assert surely_off(of_each(divided_by_steps), TRUTH)


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
        return direction(policy, seen, baseline="mean")

    each = np.asarray(jax.lax.map(of_one, batches, batch_size=1_000), np.float64)

    assert not surely_off(each, truth)
    assert surely_off(1.3 * each, truth)


def test_the_cost_of_a_linear_policy_is_that_of_its_episodes():
    cost = -rolled(pusher(), 200_000).reward.sum(axis=1, dtype=np.float64)

    exact = float(expected_cost(BALL, pusher()))

    assert cost.mean() == pytest.approx(exact, abs=5 * cost.std() / len(cost) ** 0.5)
    assert np.abs(exact - cost.mean()) < 0.02 * exact
