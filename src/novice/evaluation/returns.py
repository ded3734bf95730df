"""Measure what somebody achieves, in episodes that trained nobody."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from novice.envs.actor import AbstractActor
from novice.envs.rollout import rollout
from novice.envs.slots import AbstractSlots
from novice.evaluation.statistics import estimate
from novice.evaluation.success import success_rate
from novice.types import Trajectories


@dataclass(frozen=True, eq=False)
class Returns:
    """The undiscounted return and the length of each evaluation episode, by seed.

    An episode is a `success` if the task said so in any of its steps, even if it took
    that back later; None where the task does not speak of success.
    """

    seed: Int[np.ndarray, " episodes"]
    value: Float[np.ndarray, " episodes"]
    length: Int[np.ndarray, " episodes"]
    success: Bool[np.ndarray, " episodes"] | None = None

    def as_json(self) -> dict[str, Any]:
        content = {
            "seed": self.seed.tolist(),
            "return": self.value.tolist(),
            "length": self.length.tolist(),
        }
        if self.success is not None:
            content["success"] = self.success.tolist()
        return content

    def told(self) -> dict[str, Any]:
        """How good that is, as it stands in summary.json, each with its 95 % interval.

        There is a `success` rate beside the `return` if the task speaks of success.
        """
        found = {"return": estimate(self.value).as_json()}
        if self.success is not None:
            found["success"] = success_rate(self.success).as_json()
        return found

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Returns":
        success = content.get("success")
        return cls(
            np.asarray(content["seed"], np.int64),
            np.asarray(content["return"], np.float64),
            np.asarray(content["length"], np.int64),
            None if success is None else np.asarray(success, bool),
        )


def returns_of(trajectories: Trajectories) -> Returns:
    """What each trajectory achieved."""
    reward = np.asarray(trajectories.reward, np.float64)
    success = trajectories.success
    return Returns(
        np.asarray(trajectories.seed, np.int64),
        np.sum(reward, axis=1, where=np.asarray(trajectories.valid)),
        np.asarray(trajectories.length, np.int64),
        None if success is None else np.asarray(success, bool),
    )


def evaluate(
    slots: AbstractSlots, actor: AbstractActor, seeds: Int[np.ndarray, " episodes"]
) -> Returns:
    """Play the episodes of these seeds and say what they returned."""
    return returns_of(rollout(slots, actor, seeds))
