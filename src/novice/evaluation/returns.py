"""Measure what somebody achieves, in episodes that trained nobody."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from novice.envs.actor import AbstractActor
from novice.envs.rollout import rollout
from novice.envs.slots import AbstractSlots
from novice.types import Trajectories


@dataclass(frozen=True, eq=False)
class Returns:
    """The undiscounted return and the length of each evaluation episode, by seed."""

    seed: Int[np.ndarray, " episodes"]
    value: Float[np.ndarray, " episodes"]
    length: Int[np.ndarray, " episodes"]

    def as_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed.tolist(),
            "return": self.value.tolist(),
            "length": self.length.tolist(),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Returns":
        return cls(
            np.asarray(content["seed"], np.int64),
            np.asarray(content["return"], np.float64),
            np.asarray(content["length"], np.int64),
        )


def returns_of(trajectories: Trajectories) -> Returns:
    """What each trajectory achieved."""
    reward = np.asarray(trajectories.reward, np.float64)
    return Returns(
        np.asarray(trajectories.seed, np.int64),
        np.sum(reward, axis=1, where=np.asarray(trajectories.valid)),
        np.asarray(trajectories.length, np.int64),
    )


def evaluate(
    slots: AbstractSlots, actor: AbstractActor, seeds: Int[np.ndarray, " episodes"]
) -> Returns:
    """Play the episodes of these seeds and say what they returned."""
    return returns_of(rollout(slots, actor, seeds))
