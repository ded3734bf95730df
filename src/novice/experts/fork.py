"""Pass the obstacle of the fork task, on one side or the other."""

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from novice.envs.own.fork import (
    GOAL_AT,
    OBSTACLE_AT,
    OBSTACLE_RADIUS,
    SPEED,
    TURN,
)
from novice.experts.expert import AbstractExpert

# How far from the obstacle's middle it is passed, in meters.
_CLEAR = OBSTACLE_RADIUS + 0.12
# Whoever is this far from the middle of the road has chosen a side already.
_CHOSEN = 0.15


@dataclass(frozen=True)
class ForkDriver(AbstractExpert):
    """Drive at the gate; pass what lies in the way on the side that a coin has chosen.

    The coin is tossed for an episode by the last digits of its first observation, which
    say nothing about anything else. Whoever is clearly on one side already is led past
    on that side, whatever the coin said. Both the law and the coin are novice's own.
    """

    turn: float = TURN
    name: str = "driver who tosses a coin"

    def start(self) -> int:
        return 0

    def act(self, memory: int, observation: Any) -> tuple[np.ndarray, int]:
        coin = memory or tossed(observation)
        along, left, heading = (float(number) for number in observation)
        side = math.copysign(1.0, left if abs(left) > _CHOSEN else coin)
        steering = (self._course(along, left, side) - heading) / self.turn
        return np.array([min(max(steering, -1.0), 1.0)], np.float32), coin

    def _course(self, along: float, left: float, side: float) -> float:
        """The heading that leads to the gate, past the obstacle if it is in the way."""
        to_gate = math.atan2(-left, max(GOAL_AT - along, SPEED))
        to_obstacle = math.atan2(-left, OBSTACLE_AT - along)
        distance = math.hypot(OBSTACLE_AT - along, left)
        past = to_obstacle + side * math.asin(_CLEAR / max(distance, _CLEAR))
        return max(to_gate, past) if side > 0 else min(to_gate, past)


def tossed(observation: Any) -> int:
    """1 (left) or -1 (right), by the digits of an observation."""
    digits = np.asarray(observation, np.float32).tobytes()
    return 1 if hashlib.blake2b(digits, digest_size=1).digest()[0] & 1 else -1
