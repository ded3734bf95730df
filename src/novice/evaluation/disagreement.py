"""Measure how far apart two people's actions are in the same states."""

import numpy as np
from jaxtyping import Float, Num

from novice.envs.task import Task


def disagreement(
    task: Task,
    one: Num[np.ndarray, "rows actions"],
    other: Num[np.ndarray, "rows actions"],
) -> Float[np.ndarray, " rows"]:
    """For each state, the share of choices that differ (discrete actions), or the mean
    distance in half-ranges (real actions; in the task's units where it has no bounds).
    """
    if task.bounds is None:
        return (one != other).mean(axis=1).astype(np.float64)
    return (np.abs(one - other) / task.half_range).mean(axis=1).astype(np.float64)
