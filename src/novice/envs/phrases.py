"""What is known about tasks, in a person's words."""

import math
from collections.abc import Sequence
from typing import NamedTuple


class Bar(NamedTuple):
    """One number of an observation, and between what it usually lies."""

    name: str
    unit: str
    low: float
    high: float


class Choice(NamedTuple):
    """One of several actions, and where it lies on a cross of keys."""

    name: str
    place: str | None = None


class Phrases(NamedTuple):
    """What is known about a task; what is empty is said in general words."""

    bars: Sequence[Bar] = ()
    choices: Sequence[Choice] = ()
    idle: int | None = None  # the choice that does nothing
    numbers: Sequence[str] = ()  # the names of a real action's parts
    units: Sequence[str] = ()  # and their units


def _lidar() -> list[Bar]:
    return [Bar(f"distance to the ground {i}", "", 0, 1) for i in range(10)]


def _leg(number: int) -> list[Bar]:
    return [
        Bar(f"hip {number} angle", "rad", -math.pi, math.pi),
        Bar(f"hip {number} speed", "", -5, 5),
        Bar(f"knee {number} angle", "rad", -math.pi, math.pi),
        Bar(f"knee {number} speed", "", -5, 5),
        Bar(f"leg {number} on the ground", "", 0, 1),
    ]


_LANDER = [
    Bar("position across", "", -1.5, 1.5),
    Bar("height", "", -0.5, 1.5),
    Bar("speed across", "", -2, 2),
    Bar("speed upwards", "", -2, 2),
    Bar("tilt to the left", "rad", -math.pi, math.pi),
    Bar("turning to the left", "", -5, 5),
    Bar("left leg on the ground", "", 0, 1),
    Bar("right leg on the ground", "", 0, 1),
]
_MOUNTAIN = [
    Bar("position", "", -1.2, 0.6),
    Bar("speed", "a step", -0.07, 0.07),
]
_LEFT_RIGHT = [Choice("push left", "left"), Choice("push right", "right")]

# By the task's id without its version.
KNOWN = {
    "CartPole": Phrases(
        bars=[
            Bar("cart position", "m", -2.4, 2.4),
            Bar("cart speed", "m/s", -3, 3),
            Bar("pole tilt to the right", "rad", -0.21, 0.21),
            Bar("pole turning to the right", "rad/s", -3, 3),
        ],
        choices=_LEFT_RIGHT,
    ),
    "MountainCar": Phrases(
        bars=_MOUNTAIN,
        choices=[_LEFT_RIGHT[0], Choice("coast", "down"), _LEFT_RIGHT[1]],
        idle=1,
    ),
    "MountainCarContinuous": Phrases(bars=_MOUNTAIN, numbers=["push to the right"]),
    "Acrobot": Phrases(
        bars=[
            Bar("cosine of the shoulder", "", -1, 1),
            Bar("sine of the shoulder", "", -1, 1),
            Bar("cosine of the elbow", "", -1, 1),
            Bar("sine of the elbow", "", -1, 1),
            Bar("shoulder turning", "rad/s", -4 * math.pi, 4 * math.pi),
            Bar("elbow turning", "rad/s", -9 * math.pi, 9 * math.pi),
        ],
        # On the screen, a negative torque swings the lower link to the left.
        choices=[
            Choice("turn the elbow clockwise", "left"),
            Choice("let it swing", "down"),
            Choice("turn the elbow counterclockwise", "right"),
        ],
        idle=1,
    ),
    "Pendulum": Phrases(
        bars=[
            Bar("height of the tip", "", -1, 1),
            Bar("tip to the left", "", -1, 1),
            Bar("turning counterclockwise", "rad/s", -8, 8),
        ],
        numbers=["torque counterclockwise"],
        units=["N·m"],
    ),
    "InvertedPendulum": Phrases(
        bars=[
            Bar("cart position", "m", -1, 1),
            Bar("pole tilt to the right", "rad", -0.2, 0.2),
            Bar("cart speed", "m/s", -3, 3),
            Bar("pole turning to the right", "rad/s", -3, 3),
        ],
        numbers=["push to the right"],
    ),
    "InvertedDoublePendulum": Phrases(numbers=["push to the right"]),
    "Reacher": Phrases(
        bars=[
            Bar("cosine of the first joint", "", -1, 1),
            Bar("cosine of the second joint", "", -1, 1),
            Bar("sine of the first joint", "", -1, 1),
            Bar("sine of the second joint", "", -1, 1),
            Bar("target across", "m", -0.2, 0.2),
            Bar("target upwards", "m", -0.2, 0.2),
            Bar("first joint turning", "rad/s", -20, 20),
            Bar("second joint turning", "rad/s", -20, 20),
            Bar("tip right of the target", "m", -0.4, 0.4),
            Bar("tip above the target", "m", -0.4, 0.4),
        ],
        numbers=["first joint counterclockwise", "second joint counterclockwise"],
    ),
    # Gymnasium calls 1 the left and 3 the right orientation engine. Held for 15 steps
    # from the start, 1 changes the speed across by -0.15 and turns the lander to the
    # left, 3 the other way round: the names say where the lander is pushed.
    "LunarLander": Phrases(
        bars=_LANDER,
        choices=[
            Choice("do nothing", "down"),
            Choice("push left", "left"),
            Choice("main engine", "up"),
            Choice("push right", "right"),
        ],
        idle=0,
    ),
    "LunarLanderContinuous": Phrases(
        bars=_LANDER, numbers=["main engine", "push to the right"]
    ),
    "BipedalWalker": Phrases(
        bars=[
            Bar("hull angle", "rad", -math.pi, math.pi),
            Bar("hull turning", "", -1, 1),
            Bar("speed forwards", "", -1, 1),
            Bar("speed upwards", "", -1, 1),
            *_leg(1),
            *_leg(2),
            *_lidar(),
        ],
        numbers=["hip 1", "knee 1", "hip 2", "knee 2"],
    ),
    "CarRacing": Phrases(
        choices=[
            Choice("coast", None),
            Choice("steer right", "right"),
            Choice("steer left", "left"),
            Choice("gas", "up"),
            Choice("brake", "down"),
        ],
        idle=0,
        numbers=["steer right", "gas", "brake"],
    ),
    "FrozenLake": Phrases(
        choices=[
            Choice("left", "left"),
            Choice("down", "down"),
            Choice("right", "right"),
            Choice("up", "up"),
        ]
    ),
    "CliffWalking": Phrases(
        choices=[
            Choice("up", "up"),
            Choice("right", "right"),
            Choice("down", "down"),
            Choice("left", "left"),
        ]
    ),
    "Taxi": Phrases(
        choices=[
            Choice("south", "down"),
            Choice("north", "up"),
            Choice("east", "right"),
            Choice("west", "left"),
            Choice("pick up", "fire"),
            Choice("drop off"),
        ]
    ),
    "Blackjack": Phrases(
        bars=[
            *(Bar(f"your cards: {i}", "", 0, 1) for i in range(32)),
            *(Bar(f"dealer shows: {i}", "", 0, 1) for i in range(11)),
            Bar("no usable ace", "", 0, 1),
            Bar("usable ace", "", 0, 1),
        ],
        choices=[Choice("stick", "down"), Choice("hit", "up")],
    ),
}
KNOWN["FrozenLake8x8"] = KNOWN["FrozenLake"]
