"""Advise on the classic control tasks by laws that need no training."""

import math
from functools import partial
from typing import Any

import numpy as np

from novice.experts.expert import Law
from novice.experts.regulator import linear_quadratic_gain


def cart_pole() -> Law:
    """Push to the side to which a linear-quadratic regulator would push.

    The model is the task's own (Barto, Sutton and Anderson 1983; equations by Florian
    2007, https://coneural.org/florian/papers/05_cart_pole.pdf), made linear about
    upright and stepped by Euler; each state and each newton costs its square. The task
    knows only one strength of push, so what is taken from the regulator is the side.
    """
    step = 0.02  # seconds
    gravity = 9.8  # meters a second squared
    pole_mass, mass = 0.1, 1.1  # kilograms, the latter with the cart
    half_length = 0.5  # meters
    inertia = half_length * (4 / 3 - pole_mass / mass)
    fall = gravity / inertia  # of the angle, a radian
    tilt = -1 / (mass * inertia)  # of the angle, a newton
    recoil = -pole_mass * half_length / mass  # of the cart, as the angle accelerates
    drift = np.array(
        [[0, 1, 0, 0], [0, 0, recoil * fall, 0], [0, 0, 0, 1], [0, 0, fall, 0]]
    )
    push = np.array([[0.0], [1 / mass + recoil * tilt], [0.0], [tilt]])
    gain = linear_quadratic_gain(
        np.eye(4) + step * drift, step * push, state_cost=np.eye(4), control_cost=1.0
    )
    return Law("linear-quadratic regulator", partial(_push_cart, gain))


def _push_cart(gain: np.ndarray, observation: Any) -> int:
    return int(gain @ np.asarray(observation) < 0)


def pendulum(*, gravity: float = 10.0) -> Law:
    """Swing up by energy, then balance by a linear-quadratic regulator.

    The swing is Åström and Furuta's (2000, Swinging up a pendulum by energy control,
    https://doi.org/10.1016/S0005-1098(99)00140-5): torque along the speed, as much as
    energy is missing. The regulator minimizes the task's own costs.
    """
    step = 0.05  # seconds
    pull = 1.5 * gravity  # acceleration of the angle, a radian from upright
    ease = 3.0  # acceleration of the angle, a newton meter
    gain = linear_quadratic_gain(
        np.array([[1 + step**2 * pull, step], [step * pull, 1.0]]),
        np.array([[step**2 * ease], [step * ease]]),
        state_cost=np.diag([1.0, 0.1]),
        control_cost=0.001,
    )
    return Law("energy swing-up (Åström and Furuta 2000)", partial(_swing, pull, gain))


def _swing(pull: float, gain: np.ndarray, observation: Any) -> np.ndarray:
    cosine, sine, speed = (float(part) for part in observation)
    angle = math.atan2(sine, cosine)  # radians from upright
    if abs(angle) < 0.5:
        torque = -gain[0] * angle - gain[1] * speed
    else:
        missing = pull * (1 - cosine) - speed**2 / 2
        torque = missing * math.copysign(1.0, speed)
    return np.array([min(max(torque, -2.0), 2.0)], np.float32)


# MountainCar: the hill is sin(3 x), and `_HILL` times it the car's potential energy.

_HILL = 0.0025 / 3
_ENGINE = 0.001  # what a push adds to the speed in one step


def _energy_to_pass_the_last_barrier() -> float:
    """What it takes, the engine's work counted, where the hill outdoes the engine."""
    crest = math.acos(_ENGINE / (3 * _HILL)) / 3
    return _HILL * math.sin(3 * crest) - _ENGINE * crest


_ENOUGH_FOR_THE_FLAG = _energy_to_pass_the_last_barrier()
# To spare: with just enough, the car would creep over the barrier.
_SPARE = 0.0002
# That of a car at rest at -0.44, which needs no swing to the right first.
_ENOUGH_FOR_A_RUN_UP = _HILL * math.sin(3 * -0.44) + _ENGINE * -0.44


def mountain_car() -> Law:
    """Drive left once that is enough for a run-up, and right once that is enough.

    The task is Moore's (1990, https://www.cl.cam.ac.uk/techreports/UCAM-CL-TR-209.pdf),
    and pushing the way one is moving is its folk solution (119 steps in the mean). This
    law of novice's own knows when to turn round: while the engine pushes one way, the
    energy of the speed and the hill less the engine's work stays what it is, so that it
    tells at every moment how far the push would carry. It takes about 101 steps in the
    mean; trying out all plans of right, left and right again finds 98 at best.
    """
    return Law("energy switching", _drive)


def _drive(observation: Any) -> int:
    position, speed = (float(part) for part in observation)
    energy = speed**2 / 2 + _HILL * math.sin(3 * position)
    over = energy - _ENGINE * position - _ENOUGH_FOR_THE_FLAG
    run_up = energy + _ENGINE * position - _ENOUGH_FOR_A_RUN_UP
    left = over <= _SPARE if speed < 0 else over <= 0 <= run_up
    return 0 if left else 2


def mountain_car_continuous() -> Law:
    """Push the way the car is moving, gently: fuel costs its square.

    A push adds to the energy in proportion to the speed, so that the cheapest climb
    pushes in proportion to it, too. The fifth of full power that is always there leaves
    the valley in time. The law is novice's own; controlling the energy is Åström and
    Furuta's idea (2000, https://doi.org/10.1016/S0005-1098(99)00140-5).
    """
    return Law("energy pumping", _rock)


def _rock(observation: Any) -> np.ndarray:
    speed = float(observation[1])
    return np.array([math.copysign(min(0.2 + 8 * abs(speed), 1.0), speed)], np.float32)


def acrobot() -> Law:
    """Pump energy: turn the elbow the way it will be turning in a moment.

    Torque times the elbow's speed is the power that goes into the two links, so full
    torque along that speed pumps most. As the task holds a torque for 0.2 seconds, what
    counts is the speed a quarter of a second ahead, by the equations of Sutton and
    Barto's book, which are the task's. The law is novice's own; the problem is Spong's
    (1995, The swing up control problem for the acrobot,
    https://doi.org/10.1109/37.341864).
    """
    return Law("energy pumping", _pump)


def _pump(observation: Any) -> int:
    cosine_1, sine_1, cosine_2, sine_2, speed_1, speed_2 = (
        float(part) for part in observation
    )
    inertia_1 = 3.5 + cosine_2
    inertia_2 = 1.25 + 0.5 * cosine_2
    weight_2 = 4.9 * (sine_1 * cosine_2 + cosine_1 * sine_2)
    weight_1 = 14.7 * sine_1 + weight_2
    whirl = (0.5 * speed_2 + speed_1) * speed_2 * sine_2
    acceleration_2 = (
        inertia_2 / inertia_1 * (weight_1 - whirl)
        - 0.5 * speed_1**2 * sine_2
        - weight_2
    ) / (1.25 - inertia_2**2 / inertia_1)
    return 2 if speed_2 + 0.25 * acceleration_2 >= 0 else 0
