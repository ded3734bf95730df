"""What every action weighs, in lists of numbers and loops, without tested code."""

from typing import NamedTuple

import numpy as np

from learning.enumerated import SCORE
from learning.tabular import VALUES
from novice.learning.weighing import Weighing
from novice.types import Trajectories


class Path(NamedTuple):
    """One of the trajectories that there are."""

    states: list[int]  # with the one in which it ended
    actions: list[int]
    rewards: list[float]
    terminated: bool


def paths_of(seen: Trajectories) -> list[Path]:
    found = []
    for episode, steps in enumerate(seen.length):
        states = seen.observation[episode, : steps + 1].argmax(axis=-1)
        actions = seen.action_sampled[episode, :steps, 0]
        rewards = seen.reward[episode, :steps].astype(float)
        ended = bool(seen.terminated[episode])
        found.append(Path(states.tolist(), actions.tolist(), rewards.tolist(), ended))
    return found


def scores(path: Path) -> list[np.ndarray]:
    return [*SCORE[path.states[:-1], path.actions]]


def estimate_by_hand(path: Path, how: Weighing) -> list[float]:
    steps = range(len(path.rewards))
    if how.weigh == "full-return":
        return [sum(path.rewards) for _ in steps]
    rewards = list(path.rewards)
    if how.baseline == "value" and not path.terminated:
        rewards.append(VALUES[path.states[-1]])
    begun = how.weigh == "discounted"
    return [
        sum(
            how.discount ** (later if begun else later - step) * rewards[later]
            for later in range(step, len(rewards))
        )
        for step in steps
    ]


def advantage_by_hand(path: Path, how: Weighing) -> list[float]:
    residuals = []
    for step, reward in enumerate(path.rewards):
        over = path.terminated and step + 1 == len(path.rewards)
        future = 0.0 if over else how.discount * VALUES[path.states[step + 1]]
        residuals.append(reward + future - VALUES[path.states[step]])
    rate = how.discount * how.smoothing
    return [
        sum(rate**ahead * residual for ahead, residual in enumerate(residuals[step:]))
        for step in range(len(residuals))
    ]


def baseline_by_hand(
    path: Path, others: list[tuple[Path, list[float]]], step: int, how: Weighing
) -> float:
    """`others` are the other trajectories of the batch and what they were worth."""
    if how.baseline == "value":
        scale = how.discount**step if how.weigh == "discounted" else 1.0
        return scale * VALUES[path.states[step]]
    everything = [worth for _, worths in others for worth in worths]
    if how.baseline == "none" or not everything:
        return 0.0
    if how.baseline == "optimal":
        along, squared = 0.0, 0.0
        for other, worths in others:
            of_steps = scores(other)
            total = sum(of_steps)
            moved = sum(
                worth * each for worth, each in zip(worths, of_steps, strict=True)
            )
            along += float(total @ moved)
            squared += float(total @ total)
        return min(max(along / squared, min(everything)), max(everything))
    now = [worths[step] for _, worths in others if step < len(worths)]
    averaged = now if now and how.baseline == "mean" else everything
    return sum(averaged) / len(averaged)


def weights_by_hand(batch: list[Path], how: Weighing) -> list[list[float]]:
    if how.weigh == "gae":
        weights = [advantage_by_hand(path, how) for path in batch]
    else:
        worth = [(path, estimate_by_hand(path, how)) for path in batch]
        weights = [
            [
                estimate
                - baseline_by_hand(path, worth[:own] + worth[own + 1 :], step, how)
                for step, estimate in enumerate(estimates)
            ]
            for own, (path, estimates) in enumerate(worth)
        ]
    if how.normalize:
        flat = np.concatenate(weights)
        spread = flat.std()
        alike = spread <= 1e-6 * np.abs(flat).max()
        weights = [
            [0.0 if alike else (one - flat.mean()) / spread for one in each]
            for each in weights
        ]
    return weights


def direction_by_hand(batch: list[Path], how: Weighing) -> np.ndarray:
    """1/N Σ_i Σ_t weight ∇ log π."""
    total = np.zeros(8)
    for path, weights in zip(batch, weights_by_hand(batch, how), strict=True):
        for weight, each in zip(weights, scores(path), strict=True):
            total += weight * each
    return total / len(batch)
