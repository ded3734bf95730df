"""Ask where things go wrong from there on."""

import jax
import numpy as np
from jaxtyping import Bool, Float, Num, PRNGKeyArray

from novice.experts.asking.visited import Visited, by_rank, generator_of, measures_of

# What the next step's reward is worth now: what goes wrong within a hundred steps.
DISCOUNT = 0.99
# Random features of a state, and how strongly their weights are held at zero.
FEATURES = 128
RIDGE = 1e-3


def risk(visited: Visited, key: PRNGKeyArray) -> Bool[np.ndarray, "episodes time"]:
    """States with a low value: little is paid from there on, or the episode ends.

    ThriftyDAgger (Hoque et al. 2021, https://arxiv.org/abs/2109.08273) learns the
    probability of reaching a goal as a value, and asks where it is low. Here no task
    names a goal, so it is the value of the policy that acted, in the task's reward:
    the expected discounted sum of what is still paid. Nothing is paid after an episode
    has ended, so where each step pays to end is to fail, and where each step costs it
    is not. Where nothing is paid at all, an end counts -1.
    """
    feature_key, choice_key = jax.random.split(key)
    score = -value(visited, feature_key)
    return by_rank(visited, score, choice_key)


def value(visited: Visited, key: PRNGKeyArray) -> Float[np.ndarray, " rows"]:
    """The value of each askable state, fitted to the visited episodes.

    Linear in random features, by least squares in one go: LSTD(1) of Boyan (1999,
    https://www.cs.cmu.edu/~jab/pubs/lstd-lambda.ps.gz). An episode that was cut off
    goes on with the value of where that happened.
    """
    happened = visited.trajectories
    valid = np.asarray(happened.valid)
    length = np.asarray(happened.length)
    episode, step = np.nonzero(valid)
    mean, scale = measures_of(visited.windows(valid))
    numbers = visited.windows(valid).shape[1]
    generator = generator_of(key)
    weight = generator.normal(size=(numbers, FEATURES)) / np.sqrt(numbers)
    shift = generator.uniform(-1, 1, FEATURES)

    def features(rows: Num[np.ndarray, "rows numbers"]) -> np.ndarray:
        hidden = np.tanh(2 * ((rows - mean) / scale) @ weight + shift)
        return np.concatenate([hidden, np.ones((len(rows), 1))], axis=1)

    here = features(visited.windows(valid))
    ends = features(visited.windows_at(np.arange(len(length)), length))
    left = DISCOUNT ** (length[episode] - step)
    goes_on = ~np.asarray(happened.terminated)[episode]
    beyond = (left * goes_on)[:, None] * ends[episode]
    matrix = here.T @ (here - beyond) + RIDGE * len(here) * np.eye(here.shape[1])
    weights = np.linalg.solve(matrix, here.T @ paid_from(visited)[valid])
    return features(visited.windows(visited.askable)) @ weights


def paid_from(visited: Visited) -> Float[np.ndarray, "episodes time"]:
    """What each step and those after it were paid, discounted, in each episode."""
    happened = visited.trajectories
    valid = np.asarray(happened.valid)
    reward = np.where(valid, np.asarray(happened.reward, np.float64), 0)
    if not reward.any():
        last = np.asarray(happened.length) - 1
        reward[np.arange(len(last)), last] = -np.asarray(happened.terminated, float)
    to_go = np.zeros_like(reward)
    later = np.zeros(len(reward))
    for step in reversed(range(reward.shape[1])):
        later = reward[:, step] + DISCOUNT * later
        to_go[:, step] = later
    return to_go
