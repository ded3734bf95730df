"""Walk a rope above a net: a task in which one mistake leads where nobody was shown."""

import math
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from jaxtyping import Float, Int
from PIL import Image, ImageDraw

LEFT, STRAIGHT, RIGHT, CLIMB = range(4)
# Between these two the rope hangs still enough to stand upright.
UPRIGHT = 1 / 3

# A place in the picture, in pixels.
Place = tuple[float | int, float | int]

_SHOWN: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 12}
# The picture: its size in pixels, and how finely edges are drawn before it is made
# small. Posts stand at both margins.
_WIDTH, _HEIGHT, _MARGIN = 480, 240, 40
_ROPE_AT, _NET_AT = 84, 204
_FINER = 3
_SKY, _POST, _ROPE, _NET = "#f3f6f9", "#8a939e", "#5b6470", "#b9c0c8"
_WALKER, _FALLEN, _POLE = "#0072b2", "#d55e00", "#e69f00"


class Tightrope(gymnasium.Env):
    """A walker crosses a swaying rope, one pace a step; below hangs a net.

    On the rope one leans against its sway: left, right, or not at all where it is
    nearly still. Anything else is a fall into the net, from where only climbing leads
    back, rung by rung; whoever does anything else there falls back into it. The walker
    moves on along the rope or the net whatever it does. Each pace that ends on the rope
    pays 1. One sees how far along one is, the sway, and the rungs up to the rope.

    Nobody who stays on the rope ever shows how to climb: a clone that falls stays in
    the net, however good it is on the rope. From a `forgiving` net one comes back
    whatever one does. `length` is in paces, `recovery` in rungs, `sway` what the
    sway is multiplied by (0: the rope hangs still); at pace `gust`, wind throws the
    walker off (0: never).
    """

    metadata = _SHOWN
    observation_names = ("along the rope", "sway to the right", "rungs below the rope")
    action_names = ("lean left", "walk straight", "lean right", "climb")

    def __init__(
        self,
        render_mode: str | None = None,
        length: int = 200,
        recovery: int = 4,
        sway: float | int = 1.0,
        gust: int = 0,
        forgiving: bool = False,
    ):
        if not 1 <= length <= 1000:
            raise ValueError(f"length is {length}, but it is 1 to 1000 paces")
        if not 1 <= recovery <= 20:
            raise ValueError(f"recovery is {recovery}, but it is 1 to 20 rungs")
        if not 0 <= sway <= 1:
            raise ValueError(f"sway is {sway}, but it is 0 to 1")
        self.render_mode = render_mode
        self.length, self.recovery = length, recovery
        self.sway, self.gust, self.forgiving = sway, gust, forgiving
        low = np.array([0, -1, 0], np.float32)
        self.observation_space = spaces.Box(low, np.array([1, 1, recovery], np.float32))
        self.action_space = spaces.Discrete(4)
        self._swaying = np.zeros(length + 1, np.float32)
        self._pace, self._depth = 0, 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        begin = self.np_random.uniform(0, 2 * math.pi, 2)
        speed = self.np_random.uniform(0.1, 0.4, 2)  # radians a pace
        waves = np.sin(begin + speed * np.arange(self.length + 1)[:, None])
        self._swaying = (self.sway * waves.mean(axis=1)).astype(np.float32)
        self._pace, self._depth = 0, 0
        return self._seen(), {}

    def step(
        self, action: int | np.integer
    ) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        self._pace += 1
        depth = depth_after(
            np.array(self._depth),
            np.array(action),
            against(self._swaying[self._pace - 1]),
            recovery=self.recovery,
            forgiving=self.forgiving,
        )
        blown = self._pace == self.gust and depth == 0
        self._depth = self.recovery if blown else int(depth)
        over = self._pace >= self.length
        return self._seen(), float(self._depth == 0), over, False, {}

    def _seen(self) -> np.ndarray:
        sway = self._swaying[self._pace]
        return np.array([self._pace / self.length, sway, self._depth], np.float32)

    def render(self) -> np.ndarray | None:
        """The rope from the side, the net below, and the walker."""
        if self.render_mode is None:
            return None
        along, sway = self._pace / self.length, float(self._swaying[self._pace])
        return drawn(along, sway, self._depth / self.recovery)


def depth_after(
    depth: Int[np.ndarray, "*walkers"],
    action: Int[np.ndarray, "*walkers"],
    right: Int[np.ndarray, "*#walkers"],
    *,
    recovery: int,
    forgiving: bool = False,
) -> Int[np.ndarray, "*walkers"]:
    """How many rungs below the rope each walker is after its action.

    `right` is how to lean on the rope, now.
    """
    climbs = (action == CLIMB) | forgiving
    holds = np.where(depth > 0, climbs, action == right)
    return np.where(holds, np.maximum(depth - 1, 0), recovery)


def against(sway: Float[np.ndarray, ""] | np.floating) -> Int[np.ndarray, ""]:
    """How to lean while the rope sways so far to the right."""
    leaning = LEFT if sway > UPRIGHT else RIGHT if sway < -UPRIGHT else STRAIGHT
    return np.array(leaning)


def drawn(along: float, sway: float, depth: float | int) -> np.ndarray:
    """The picture of a walker so far along, and so far down: 0 is the rope, 1 the net.

    The pole that the walker carries tilts with the sway.
    """
    picture = Image.new("RGB", (_WIDTH * _FINER, _HEIGHT * _FINER), _SKY)
    pen = ImageDraw.Draw(picture)

    def line(*places: Place, fill: str, width: float | int) -> None:
        finer = [(x * _FINER, y * _FINER) for x, y in places]
        pen.line(finer, fill=fill, width=round(width * _FINER), joint="curve")

    left, right = _MARGIN, _WIDTH - _MARGIN
    for post in (left, right):
        line((post, _ROPE_AT - 8), (post, _HEIGHT), fill=_POST, width=6)
    for mesh in range(left, right, 16):
        knot = (mesh + 8, _NET_AT + 12)
        line((mesh, _NET_AT), knot, (mesh + 16, _NET_AT), fill=_NET, width=1.5)
    line((left, _NET_AT), (right, _NET_AT), fill=_NET, width=2)
    line((left, _ROPE_AT), (right, _ROPE_AT), fill=_ROPE, width=3)

    x = left + along * (right - left)
    feet = _ROPE_AT + depth * (_NET_AT - _ROPE_AT)
    color = _FALLEN if depth else _WALKER
    if depth:
        line((x + 9, _ROPE_AT), (x + 9, feet), fill=_ROPE, width=1.5)
    hip, neck, head = feet - 16, feet - 36, 7
    line((x - 6, feet), (x, hip), (x + 6, feet), fill=color, width=4)
    line((x, hip), (x, neck), fill=color, width=5)
    circle = (x - head, neck - 2 * head, x + head, neck)
    pen.ellipse([side * _FINER for side in circle], fill=color)
    tilt = 0.6 * sway
    reach = 34 * math.cos(tilt), 34 * math.sin(tilt)
    hands = neck + 10
    line(
        (x - reach[0], hands - reach[1]),
        (x + reach[0], hands + reach[1]),
        fill=_POLE,
        width=3,
    )
    return np.asarray(picture.resize((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS))
