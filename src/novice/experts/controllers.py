"""Know which expert comes with novice for a task."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from novice.envs.own.fork import TURN
from novice.experts.box2d import BipedalWalker, lunar_lander
from novice.experts.classic import (
    acrobot,
    cart_pole,
    mountain_car,
    mountain_car_continuous,
    pendulum,
)
from novice.experts.expert import AbstractExpert, UnknownExpertError
from novice.experts.fork import ForkDriver
from novice.experts.letters import scribe
from novice.experts.mujoco import inverted_pendulum, reacher
from novice.experts.racing import car_racing
from novice.experts.tightrope import tightrope

# By the task's name without its version. The same name in another namespace may be
# another task, so a namespace counts.
BUILT_IN: dict[str, Callable[[Mapping[str, Any]], AbstractExpert]] = {
    "Acrobot": lambda kwargs: acrobot(),
    "BipedalWalker": lambda kwargs: BipedalWalker(),
    "CarRacing": car_racing,
    "CartPole": lambda kwargs: cart_pole(),
    "InvertedPendulum": lambda kwargs: inverted_pendulum(
        frames=int(kwargs.get("frame_skip", 2))
    ),
    "LunarLander": lambda kwargs: lunar_lander(
        continuous=bool(kwargs.get("continuous", False))
    ),
    "LunarLanderContinuous": lambda kwargs: lunar_lander(
        continuous=bool(kwargs.get("continuous", True))
    ),
    "MountainCar": lambda kwargs: mountain_car(),
    "MountainCarContinuous": lambda kwargs: mountain_car_continuous(),
    "Pendulum": lambda kwargs: pendulum(gravity=float(kwargs.get("g", 10.0))),
    "Reacher": lambda kwargs: reacher(frames=int(kwargs.get("frame_skip", 2))),
    "novice/Fork": lambda kwargs: ForkDriver(float(kwargs.get("turn", TURN))),
    "novice/Letters": scribe,
    "novice/Tightrope": lambda kwargs: tightrope(),
    "phys2d/CartPole": lambda kwargs: cart_pole(),
    "phys2d/Pendulum": lambda kwargs: pendulum(),
}


def built_in_expert(env_id: str, kwargs: Mapping[str, Any]) -> AbstractExpert:
    """The expert that comes with novice for this task.

    `kwargs` are those the task is made with: they may change what should be done.
    """
    task = re.sub(r"-v\d+$", "", env_id.rpartition(":")[2])
    if task not in BUILT_IN:
        raise UnknownExpertError(
            f"no expert comes with novice for {env_id!r} (there is one for"
            f" {', '.join(sorted(BUILT_IN))}); name one of your own with"
            " `--expert module:function` or a saved run with `--expert runs/x`"
        )
    return BUILT_IN[task](kwargs)
