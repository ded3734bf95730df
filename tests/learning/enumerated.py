"""All batches of two episodes that a small task can give, and some that it gave."""

import functools
import itertools
from statistics import NormalDist
from typing import Any

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
from gymnasium import spaces

from learning.tabular import BIAS, SMALL, WEIGHT, new_tabular_policy
from novice.envs.actor import SampleActor
from novice.envs.rollout import padded, rollout
from novice.envs.seeds import training_seeds
from novice.envs.slots import SeparateSlots
from novice.envs.task import make_task
from novice.learning.gradients import (
    every_trajectory,
    expected_return,
    gradient,
    probability_of,
)
from novice.types import Trajectories

POLICY = new_tabular_policy()
LISTED = every_trajectory(SMALL)
PROBABILITY = np.asarray(probability_of(LISTED, POLICY), np.float64)
PAIRS = np.array(list(itertools.product(range(len(PROBABILITY)), repeat=2)))


def score(state: int, action: int) -> np.ndarray:
    """∇ log π(action given state), by hand: by the weights, then by the biases."""
    logit = WEIGHT[state].astype(float) + BIAS
    by_bias = np.eye(2)[action] - np.exp(logit) / np.exp(logit).sum()
    by_weight = np.outer(np.eye(3)[state], by_bias)
    return np.concatenate([by_weight.ravel(), by_bias])


SCORE = np.array([[score(state, action) for action in (0, 1)] for state in range(3)])


@functools.cache
def truth(discount: float = 1.0) -> np.ndarray:
    """The gradient as it is."""

    def of(policy: Any) -> jax.Array:
        return expected_return(SMALL, policy, discount=discount)

    return np.asarray(gradient(of, POLICY), np.float64)


def batches_of(members: np.ndarray) -> Trajectories:
    """Listed trajectories, by batch and by place in the batch."""
    return jax.tree.map(
        lambda column: jnp.asarray(column)[members], LISTED.trajectories
    )


def directions(batches: Trajectories, weights: np.ndarray) -> np.ndarray:
    """1/N Σ_i Σ_t weight ∇ log π of each batch."""
    states = np.asarray(batches.observation)[:, :, :-1].argmax(axis=-1)
    scores = SCORE[states, np.asarray(batches.action_sampled)[..., 0]]
    weights = np.where(batches.valid, weights, 0)
    return np.einsum("bet,betp->bp", weights, scores) / weights.shape[1]


def mean_of(each: np.ndarray, members: np.ndarray = PAIRS) -> np.ndarray:
    return PROBABILITY[members].prod(axis=1) @ each


def variance_of(each: np.ndarray, members: np.ndarray = PAIRS) -> float:
    """Summed over the parameters."""
    about = ((each - mean_of(each, members)) ** 2).sum(axis=1)
    return float(mean_of(about, members))


def surely_off(each: np.ndarray, mean: np.ndarray, *, tests: int = 1) -> bool:
    """A z-test of every parameter, corrected for how many there are: 1 in 10,000."""
    error = each.std(axis=0, ddof=1) / len(each) ** 0.5
    moves = error > 1e-9
    z = np.abs(each.mean(axis=0) - mean)[moves] / error[moves]
    level = 1e-4 / (2 * len(z) * tests)
    return bool(z.max() > NormalDist().inv_cdf(1 - level))


class Walk(gymnasium.Env):
    """The same task outside, as any environment is."""

    observation_space = spaces.Box(0, 1, (3,))
    action_space = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.at = self.drawn(SMALL.start)
        return SMALL.observations[self.at], {}

    def drawn(self, chance: np.ndarray) -> int:
        exact = chance.astype(np.float64)
        return int(self.np_random.choice(3, p=exact / exact.sum()))

    def step(self, action: int) -> tuple:
        reward = float(SMALL.reward[self.at, action])
        self.at = self.drawn(SMALL.transition[self.at, action])
        ended = bool(SMALL.ends[self.at])
        return SMALL.observations[self.at], reward, ended, False, {}


gymnasium.register("TabularWalk-v0", entry_point=Walk, max_episode_steps=SMALL.limit)

# Ten times as many batches as there can be, so that nothing is compiled anew.
ROUNDS = 10


@functools.cache
def walked() -> list[Trajectories]:
    """Batches of two episodes, each begun before it was known how long it lasts."""
    episodes = 2 * len(PAIRS) * ROUNDS
    slots = SeparateSlots(make_task("TabularWalk-v0"), 40)
    actor = SampleActor(POLICY, jax.random.key(2), episodes=episodes, slots=40)
    seen = rollout(slots, actor, training_seeds(jax.random.key(3), episodes))
    seen = padded(seen, limit=SMALL.limit)

    def alike(column: np.ndarray, like: np.ndarray) -> jax.Array:
        rounds = np.reshape(column, (ROUNDS, len(PAIRS), 2, *column.shape[1:]))
        return jnp.asarray(rounds).astype(jnp.asarray(like).dtype)

    rounds = jax.tree.map(alike, seen, LISTED.trajectories)
    return [
        jax.tree.map(lambda column, number=number: column[number], rounds)
        for number in range(ROUNDS)
    ]
