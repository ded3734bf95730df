"""Balance and reach in Gymnasium's MuJoCo tasks by laws that need no training."""

import math
from functools import partial
from typing import Any

import numpy as np
import scipy.linalg

from novice.experts.expert import Law
from novice.experts.regulator import linear_quadratic_gain


def inverted_pendulum(*, frames: int = 2) -> Law:
    """Balance by a linear-quadratic regulator, which also keeps to the middle.

    The equations are those of a pole on a cart (Barto, Sutton and Anderson 1983;
    written out by Florian 2007, https://coneural.org/florian/papers/05_cart_pole.pdf)
    with the masses and the damping of the task's model, made linear about upright. An
    action is held for so many `frames` of the model's. Each state costs its square, and
    so does the action.
    """
    dynamics, control = pole_on_a_cart(step=0.02 * frames)
    gain = linear_quadratic_gain(
        dynamics, control, state_cost=np.eye(4), control_cost=1.0
    )
    return Law("linear-quadratic regulator", partial(_push, gain))


def pole_on_a_cart(*, step: float) -> tuple[np.ndarray, np.ndarray]:
    """What an action that is held for `step` seconds makes of a state near upright.

    The state is the task's observation: position, angle and their speeds.
    """
    cart, pole = _capsule_mass(0.1, 0.2), _capsule_mass(0.049, 0.6)  # kilograms
    center = 0.3  # meters from the hinge to the pole's middle
    inertia = _capsule_inertia(0.049, 0.6) + pole * center**2  # about the hinge
    force = 100.0  # newtons an action of 1
    damping = 1.0  # newtons a meter per second, newton meters a radian per second
    mass = np.array([[cart + pole, pole * center], [pole * center, inertia]])
    # What pushes the cart and turns the pole: angle, the two speeds, the action.
    pushes = np.array([[0, -damping, 0, force], [pole * 9.81 * center, 0, -damping, 0]])
    accelerations = np.linalg.solve(mass, pushes)
    drift = np.zeros((5, 5))
    drift[0, 2] = drift[1, 3] = 1.0
    drift[2:4, 1:] = accelerations
    held = scipy.linalg.expm(step * drift)
    return held[:4, :4], held[:4, 4:]


_DENSITY = 1000.0  # kilograms a cubic meter, which MuJoCo takes unless told otherwise


def _capsule_mass(radius: float, length: float) -> float:
    """Kilograms of a cylinder with a half ball at each end, in meters."""
    return _DENSITY * math.pi * radius**2 * (length + 4 / 3 * radius)


def _capsule_inertia(radius: float, length: float) -> float:
    """Of a capsule turned about its middle, across its length."""
    cylinder = _DENSITY * math.pi * radius**2 * length
    balls = _DENSITY * math.pi * radius**3 * 4 / 3
    # The middle of a half ball lies 3/8 of its radius beyond the cylinder's end.
    return cylinder * (radius**2 / 4 + length**2 / 12) + balls * (
        radius**2 * 2 / 5 + length**2 / 4 + length * radius * 3 / 8
    )


def _push(gain: np.ndarray, observation: Any) -> np.ndarray:
    action = -gain @ np.asarray(observation, np.float64)
    return np.array([min(max(action, -3.0), 3.0)], np.float32)


# Reacher: an arm of two links, in meters.

_UPPER, _FORE = 0.1, 0.11
_MOST_BENT = 3.0  # radians that the elbow can be bent


def reacher(*, frames: int = 2) -> Law:
    """Turn both joints to the angles at which the fingertip is on the target.

    The angles follow from the law of cosines, once for each side to which the elbow
    can be bent (Spong, Hutchinson and Vidyasagar 2006, Robot Modeling and Control,
    section 1.4.3); the nearer ones are taken. A linear-quadratic regulator turns each
    joint by itself: the arm is so light that only the joints' own inertia counts. A
    torque costs ten times its square, which returned most on training episodes.
    """
    step = 0.01 * frames  # seconds that an action is held
    torque, inertia, damping = 200.0, 1.0, 1.0  # of one joint
    drift = np.array([[0, 1, 0], [0, -damping / inertia, torque / inertia], [0, 0, 0]])
    held = scipy.linalg.expm(step * drift)
    gain = linear_quadratic_gain(
        held[:2, :2], held[:2, 2:], state_cost=np.diag([1.0, 0.0]), control_cost=10.0
    )
    return Law("inverse kinematics", partial(_reach, gain))


def _reach(gain: np.ndarray, observation: Any) -> np.ndarray:
    seen = np.asarray(observation, np.float64)
    angles = np.arctan2(seen[2:4], seen[:2])
    turns = [_turn(angles, seen[4:6], side) for side in (1, -1)]
    missing = min(turns, key=lambda turn: np.abs(turn).sum())
    torque = gain[0] * missing - gain[1] * seen[6:8]
    return np.clip(torque, -1.0, 1.0).astype(np.float32)


def _turn(angles: np.ndarray, target: np.ndarray, side: int) -> np.ndarray:
    """How far the two joints are from the target, with the elbow bent to a side."""
    cosine = (target @ target - _UPPER**2 - _FORE**2) / (2 * _UPPER * _FORE)
    elbow = side * math.acos(min(max(cosine, math.cos(_MOST_BENT)), 1.0))
    ahead = math.atan2(_FORE * math.sin(elbow), _UPPER + _FORE * math.cos(elbow))
    shoulder = math.atan2(target[1], target[0]) - ahead - angles[0]
    # The shoulder turns all round: the short way.
    return np.array([math.remainder(shoulder, math.tau), elbow - angles[1]])
