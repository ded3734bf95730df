"""Drive a racing car by what is seen of the road ahead."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from novice.envs.sight import shrunk
from novice.experts.expert import Law, UnknownExpertError

# The side of the picture that is read, in pixels.
SIDE = 48
# Where the car is in it. It points upwards: the picture turns with the car.
CAR_ROW, CAR_COLUMN = 36.0, 24.0
# The car itself, which fills these pixels once the task has come near.
CAR_ROWS, CAR_COLUMNS, CAR_DARKNESS = slice(33, 38), slice(23, 25), 280
# Pixels a meter. The task squeezes a window of 1000 x 800 into a square.
ROWS_A_METER, COLUMNS_A_METER = 0.972, 0.7776
# Below this row are instruments, no landscape.
LAST_ROW = 40
# The white bar that shows the speed, and how far it rises for a meter a second.
BAR_ROWS, BAR_COLUMN, BAR_PIXELS = slice(42, 47), 6, 0.024
# The road is gray: its channels differ by less than this, and curbs are brighter.
GRAY, BRIGHT = 25, 150
# How far from the car the road is looked for, in meters, and where, in radians.
DISTANCES = np.arange(8.0, 36.0, 2.0)
DIRECTIONS = np.deg2rad(np.arange(-100.0, 101.0, 4.0))
# A road does not turn by more than this from one distance to the next.
SHARPEST = 0.5  # radians

# Where the car heads for: so far ahead, and farther by this much at speed.
AHEAD, REACTION = 13.6, 0.1  # meters, seconds
STEERING = 1.2  # of the full lock, a radian
# Speeds in meters a second.
FASTEST, SLOWEST = 64.0, 34.0
CAUTION = 0.4  # how much a bend of one radian counts
ASIDE = 1.5  # how much the square of the direction in which to go counts
THROTTLE, BRAKING = 0.05, 0.03  # for each meter a second too slow, too fast


class Road(NamedTuple):
    """The middle of the road, as far as it is seen: 0 is ahead, right is positive."""

    distance: Float[np.ndarray, " points"]
    direction: Float[np.ndarray, " points"]


def car_racing(kwargs: Mapping[str, Any]) -> Law:
    """Follow the road by sight: steer for a point ahead, and brake before bends.

    It reads pictures of 48 x 48 pixels as a policy sees them; finer ones it shrinks.
    """
    unlike = {"continuous": True, "domain_randomize": False}
    for name, usual in unlike.items():
        if kwargs.get(name, usual) != usual:
            raise UnknownExpertError(
                f"the expert for CarRacing drives only with {name}={usual}, not with"
                f" {name}={kwargs[name]}; leave it away, or name an expert of your own"
                " with `--expert module:function`"
            )
    return Law("a road follower", drive)


def drive(
    observation: UInt8[np.ndarray, "height width 3"],
) -> Float[np.ndarray, " 3"]:
    """Steering wheel from left (-1) to right, gas and brake from 0 to 1."""
    picture = shrunk(observation, (SIDE, SIDE, 3)).reshape(SIDE, SIDE, 3)
    if not near(picture):
        return np.array([0, 0.3, 0], np.float32)
    speed, road = speed_in(picture), road_in(picture)
    direction = heading(road, AHEAD + REACTION * speed)
    steering = np.clip(STEERING * direction, -1, 1)
    missing = wanted_speed(road, direction) - speed
    # Wheels that steer hard have little grip left for anything else.
    gas = np.clip(THROTTLE * missing, 0, 1) * (1 - abs(steering) / 2)
    # Slow wheels are not braked: nobody who imitates it roughly comes to a stand.
    brake = np.clip(-BRAKING * missing, 0, 0.8) * min(1, speed / SLOWEST)
    return np.array([steering, gas, brake], np.float32)


def heading(road: Road, distance: float) -> float:
    """Where the road is at this distance; all the way round where none is seen."""
    if len(road.distance) < 2:
        return float(DIRECTIONS[-1])
    return float(np.interp(distance, road.distance, road.direction))


def wanted_speed(road: Road, direction: float) -> float:
    """How fast to go, in meters a second: slower where it bends or is soon unseen."""
    bend = abs(float(road.direction[-1]))
    unseen = 1 - float(road.distance[-1] / DISTANCES[-1])
    ahead = max(SLOWEST, FASTEST / (1 + CAUTION * (bend + unseen)))
    return ahead / (1 + ASIDE * direction**2)


def near(picture: UInt8[np.ndarray, "48 48 3"]) -> bool:
    """Whether the car is seen in full; an episode begins far above it."""
    light = picture[CAR_ROWS, CAR_COLUMNS].sum(axis=-1, dtype=np.int64)
    return bool((light.min(axis=1) < CAR_DARKNESS).all())


def speed_in(picture: UInt8[np.ndarray, "48 48 3"]) -> float:
    """What the bar at the bottom shows, in meters a second."""
    white = picture[BAR_ROWS, BAR_COLUMN].min(axis=-1) / 255
    return float(white.sum() / BAR_PIXELS)


def road_in(picture: UInt8[np.ndarray, "48 48 3"]) -> Road:
    """Follow the middle of the road from the car on, until it is lost from sight."""
    distances, directions = [0.0], [0.0]
    for distance, gray in zip(DISTANCES, _road_at(picture), strict=True):
        before, found = directions[-1], len(directions) > 1
        left, right = stretches(gray)
        away = np.maximum(0, np.maximum(left - before, before - right))
        if found and (not len(away) or away.min() > SHARPEST):
            break
        if len(away):
            nearest = int(away.argmin())
            distances.append(float(distance))
            directions.append(float(left[nearest] + right[nearest]) / 2)
    return Road(np.array(distances), np.array(directions))


def stretches(
    road: Bool[np.ndarray, " directions"],
) -> tuple[Float[np.ndarray, " some"], Float[np.ndarray, " some"]]:
    """The directions between which there is road, from left to right."""
    edges = np.flatnonzero(np.diff(road.astype(np.int8), prepend=0, append=0))
    return DIRECTIONS[edges[::2]], DIRECTIONS[edges[1::2] - 1]


def _road_at(
    picture: UInt8[np.ndarray, "48 48 3"],
) -> Bool[np.ndarray, "distances directions"]:
    """Whether there is road at each distance and direction."""
    low, high = picture.min(axis=-1), picture.max(axis=-1)
    road = (high - low < GRAY) & (high < BRIGHT)
    row, column, inside = _places()
    return road[row, column] & inside


@cache
def _places() -> tuple[
    Int[np.ndarray, "distances directions"],
    Int[np.ndarray, "distances directions"],
    Bool[np.ndarray, "distances directions"],
]:
    """The pixel at each distance and direction, and whether it shows landscape."""
    row = CAR_ROW - ROWS_A_METER * DISTANCES[:, None] * np.cos(DIRECTIONS)
    column = CAR_COLUMN + COLUMNS_A_METER * DISTANCES[:, None] * np.sin(DIRECTIONS)
    inside = (row >= 0) & (row < LAST_ROW + 1) & (column >= 0) & (column < SIDE)
    pixel = [np.clip(place, 0, SIDE - 1).astype(int) for place in (row, column)]
    return pixel[0], pixel[1], inside
