"""Land and walk as the controllers do that Gymnasium itself ships."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from novice.experts.expert import AbstractExpert, Law


@dataclass(frozen=True)
class _Lander:
    """The one thing that Gymnasium's heuristic asks of the task."""

    continuous: bool

    @property
    def unwrapped(self) -> "_Lander":
        return self


def lunar_lander(*, continuous: bool) -> Law:
    """Land as Gymnasium's own `heuristic` does, which steers angle and height apart.

    It came with the task, which Oleg Klimov created for OpenAI Gym in 2016:
    https://github.com/Farama-Foundation/Gymnasium/blob/main/gymnasium/envs/box2d/lunar_lander.py
    """
    from gymnasium.envs.box2d.lunar_lander import heuristic

    advise = _land_with_throttle if continuous else _land_with_switches
    return Law("Gymnasium's heuristic", partial(advise, heuristic))


def _land_with_switches(heuristic: Callable[..., Any], observation: Any) -> int:
    return int(heuristic(_Lander(continuous=False), observation))


def _land_with_throttle(heuristic: Callable[..., Any], observation: Any) -> np.ndarray:
    return heuristic(_Lander(continuous=True), observation).astype(np.float32)


class Gait(NamedTuple):
    """Where in its stride the walker is."""

    phase: int  # 1 stay on one leg, 2 put the other down, 3 push off
    moving_leg: int
    supporting_knee_angle: float  # radians


@dataclass(frozen=True)
class BipedalWalker(AbstractExpert):
    """Walk as Gymnasium's own `BipedalWalkerHeuristics` does: three phases a stride.

    It came with the task, which Oleg Klimov created for OpenAI Gym in 2016, and calls
    itself suboptimal: it has no notion of balance, and most of its episodes end in a
    fall (50 in the mean).
    https://github.com/Farama-Foundation/Gymnasium/blob/main/gymnasium/envs/box2d/bipedal_walker.py
    """

    name: str = "Gymnasium's heuristic"

    def start(self) -> Gait:
        from gymnasium.envs.box2d.bipedal_walker import (
            BipedalWalkerHeuristics as Walker,
        )

        return Gait(Walker.state, Walker.moving_leg, Walker.supporting_knee_angle)

    def act(self, memory: Gait, observation: Any) -> tuple[np.ndarray, Gait]:
        from gymnasium.envs.box2d.bipedal_walker import BipedalWalkerHeuristics

        walker = BipedalWalkerHeuristics()
        walker.state, walker.moving_leg, walker.supporting_knee_angle = memory
        walker.supporting_leg = 1 - walker.moving_leg
        # The class shares one array among all walkers and writes into it.
        walker.a = np.zeros(4)
        action = walker.step_heuristic(observation).astype(np.float32)
        gait = Gait(walker.state, walker.moving_leg, walker.supporting_knee_angle)
        return action, gait
