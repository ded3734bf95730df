"""Drive around an obstacle on either side: a task whose experts disagree."""

import math
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from PIL import Image, ImageDraw

# Lengths in meters; the road lies along x, and its middle is y = 0.
GOAL_AT = 2.0
GOAL_HALF_WIDTH = 0.25
ROAD_HALF_WIDTH = 0.9
OBSTACLE_AT = 1.0
OBSTACLE_RADIUS = 0.4
SPEED = 0.125  # meters a step
TURN = 0.8  # radians a step at full steering
LEAST_TURN = 0.2  # with less, nobody gets round
# Episodes begin within so much of the road's beginning and of its middle, and with a
# heading so far off at most.
START_LENGTH, START_HALF_WIDTH, START_HEADING = 0.1, 0.05, 0.05

_SHOWN: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 10}
# The picture: pixels a meter, the margin around the road, and how finely edges are
# drawn before the picture is made small.
_METER = 200
_MARGIN = 0.15
_FINER = 3
_GROUND, _ROAD, _EDGE = "#dfe7da", "#f7f6f2", "#b9c0c8"
_OBSTACLE, _GOAL, _WAY, _CAR = "#d55e00", "#009e73", "#9ecae8", "#0072b2"


class Fork(gymnasium.Env):
    """A point drives forward to a gate; in the middle of its road lies an obstacle.

    The speed is constant; the one real action steers, -1 to the right and 1 to the
    left, by `turn` radians a step. One sees how far along the road one is, how far left
    of its middle, and the heading. To pass the gate pays 1; whoever hits the obstacle,
    leaves the road or misses the gate gets nothing. Each ends the episode, so a mean
    return is a share of successes.

    The built-in expert passes the obstacle left or right by a coin, and nothing that
    one sees at the start tells which: there two actions are right, and their mean
    drives into the obstacle. After one step of steering the heading tells the side, so
    that a policy that chooses anew at every step commits itself by acting: it needs
    neither chunks nor a history.

    The mean crashes because there is no time: one step decides, and the obstacle is
    four steps away. With a `turn` of 0.2 a swerve takes several steps, each of which
    makes a slight lean larger, and squared error breaks the tie by itself in a third of
    the episodes. From 20 demonstrations instead of 200 it leans to the side that was
    shown more often, and mostly gets past.
    """

    metadata = _SHOWN
    observation_names = ("along the road", "left of the middle", "heading to the left")
    observation_units = ("m", "m", "rad")
    action_names = ("steer to the left",)

    def __init__(self, render_mode: str | None = None, turn: float = TURN):
        if not LEAST_TURN <= turn <= math.pi / 2:
            raise ValueError(
                f"turn is {turn}, but it is {LEAST_TURN} to π/2 radians a step"
            )
        self.render_mode = render_mode
        self.turn = turn
        high = np.array([GOAL_AT + 1, ROAD_HALF_WIDTH + 1, math.pi], np.float32)
        self.observation_space = spaces.Box(-high, high)
        self.action_space = spaces.Box(-1.0, 1.0, (1,))
        self._place = np.zeros(3)  # along the road, left of its middle, heading
        self._way: list[tuple[float, float]] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        along = self.np_random.uniform(0, START_LENGTH)
        left = self.np_random.uniform(-START_HALF_WIDTH, START_HALF_WIDTH)
        heading = self.np_random.uniform(-START_HEADING, START_HEADING)
        self._place = np.array([along, left, heading])
        self._way = [(along, left)]
        return self._seen(), {}

    def step(
        self, action: np.ndarray
    ) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        along, left, heading = self._place.tolist()
        heading += self.turn * float(np.clip(np.ravel(action)[0], -1, 1))
        # Nobody drives back.
        heading = min(max(heading, -math.pi / 2), math.pi / 2)
        along += SPEED * math.cos(heading)
        left += SPEED * math.sin(heading)
        self._place = np.array([along, left, heading])
        self._way.append((along, left))
        arrived = along >= GOAL_AT
        passed = arrived and abs(left) <= GOAL_HALF_WIDTH
        over = bool(arrived or crashed(self._way[-2], self._way[-1]))
        return self._seen(), float(passed), over, False, {}

    def _seen(self) -> np.ndarray:
        return self._place.astype(np.float32)

    def render(self) -> np.ndarray | None:
        """The road from above, the obstacle, the gate, and the way so far."""
        return None if self.render_mode is None else drawn(self._way, self._place)


def crashed(start: tuple[float, float], end: tuple[float, float]) -> bool:
    """Whether the way between two places leads off the road or into the obstacle."""
    (x, y), across, up = start, end[0] - start[0], end[1] - start[1]
    length = math.hypot(across, up)
    nearest = ((OBSTACLE_AT - x) * across - y * up) / length**2 if length else 0.0
    nearest = min(max(nearest, 0.0), 1.0)
    from_middle = math.hypot(x + nearest * across - OBSTACLE_AT, y + nearest * up)
    return from_middle < OBSTACLE_RADIUS or abs(end[1]) > ROAD_HALF_WIDTH


def drawn(way: list[tuple[float, float]], place: np.ndarray) -> np.ndarray:
    """The picture of somebody at this place who has come this way."""
    scale = _METER * _FINER
    size = (
        round((GOAL_AT + 2 * _MARGIN) * scale),
        round(2 * (ROAD_HALF_WIDTH + _MARGIN) * scale),
    )
    picture = Image.new("RGB", size, _GROUND)
    pen = ImageDraw.Draw(picture)

    def at(along: float, left: float) -> tuple[float, float]:
        return (
            (along + _MARGIN) * scale,
            (ROAD_HALF_WIDTH + _MARGIN - left) * scale,
        )

    low, high = at(-_MARGIN, ROAD_HALF_WIDTH), at(GOAL_AT + _MARGIN, -ROAD_HALF_WIDTH)
    pen.rectangle((*low, *high), fill=_ROAD, outline=_EDGE, width=2 * _FINER)
    gate = at(GOAL_AT, GOAL_HALF_WIDTH), at(GOAL_AT, -GOAL_HALF_WIDTH)
    pen.line(gate, fill=_GOAL, width=6 * _FINER)
    for x, y in gate:
        post = 7 * _FINER
        pen.ellipse((x - post, y - post, x + post, y + post), fill=_GOAL)
    x, y = at(OBSTACLE_AT, 0.0)
    radius = OBSTACLE_RADIUS * scale
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_OBSTACLE)
    if len(way) > 1:
        pen.line([at(*each) for each in way], fill=_WAY, width=4 * _FINER)
    pen.polygon([at(*corner) for corner in arrow(*place)], fill=_CAR)
    small = picture.resize(
        (size[0] // _FINER, size[1] // _FINER), Image.Resampling.LANCZOS
    )
    return np.asarray(small)


def arrow(along: float, left: float, heading: float) -> list[tuple[float, float]]:
    """The corners of the arrowhead that stands for whoever drives."""
    length, width = 0.075, 0.035
    forward = np.array([math.cos(heading), math.sin(heading)])
    across = np.array([-forward[1], forward[0]])
    middle = np.array([along, left])
    corners = (
        middle + length / 2 * forward,
        middle - length / 2 * forward + width * across,
        middle - length / 4 * forward,
        middle - length / 2 * forward - width * across,
    )
    return [(float(x), float(y)) for x, y in corners]
