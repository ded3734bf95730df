"""Draw clouds of states, and directions, for `novice lab gradient`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from novice.app.report.markup import Child, Html, joined, tag

Number = float | int
Points = Sequence[Sequence[Number]]
Place = tuple[Number, Number]

# The width and height of a cloud, of a compass, and what is left free at an edge.
_CLOUD = (320, 220)
_COMPASS = (240, 150)
_STEPS = (300, 250)
_LETTERS = 12  # their size
_LEFT, _BELOW = 42, 20  # for the numbers beside a cloud and beneath it
_EDGE = 8
# So many of a hundred steps lie beyond the edges of a picture, on each side.
_BEYOND = 1


@dataclass(frozen=True)
class Range:
    """What is drawn of one number, over so much room."""

    low: Number
    high: Number
    start: Number
    end: Number

    def at(self, value: Number) -> float:
        """Where a value is drawn."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(self.start + share * (self.end - self.start), 1)


def ranges_of(clouds: Sequence[Points]) -> tuple[Range, Range]:
    """The same axes for all clouds, over the room of a picture."""
    width, height = _CLOUD
    across, up = (
        (min(values), max(values))
        for values in zip(*(point for cloud in clouds for point in cloud), strict=True)
    )
    return (
        Range(*across, _LEFT + _EDGE, width - _EDGE),
        Range(*up, height - _BELOW - _EDGE, _EDGE),
    )


def cloud_of_states(
    clouds: Sequence[tuple[str, float, Points]],
    axes: tuple[Range, Range],
    *,
    description: str,
) -> Html:
    """Clouds, each in its color and as strong as its number, over common axes."""
    across, up = axes
    width, height = _CLOUD
    floor, beside = height - _BELOW, _LEFT - 6
    frame = tag(
        "rect",
        x=_LEFT + 0.5,
        y=0.5,
        width=width - _LEFT - 1,
        height=floor - 1,
        style="fill:none;stroke:var(--rule)",
    )
    return _picture(
        _CLOUD,
        description,
        frame,
        (_dots(color, strength, cloud, axes) for color, strength, cloud in clouds),
        _number(across.low, _LEFT, height - 5),
        _number(across.high, width - 1, height - 5, anchor="end"),
        _number(up.high, beside, _LETTERS, anchor="end"),
        _number(up.low, beside, floor - 2, anchor="end"),
    )


def _dots(
    color: str, strength: float, cloud: Points, axes: tuple[Range, Range]
) -> Html:
    across, up = axes
    places = "".join(f"M{across.at(x):g} {up.at(y):g}h0" for x, y in cloud)
    return tag(
        "path",
        d=places,
        style=(
            f"fill:none;stroke:var(--{color});stroke-width:4;stroke-linecap:round;"
            f"stroke-opacity:{strength:g}"
        ),
    )


def compass(cosine: Mapping[str, Any] | None, *, description: str) -> Html:
    """Both directions in the plane in which they lie, and the interval between them.

    The supervised one points to the right. Without a cosine the other is not drawn.
    """
    width, height = _COMPASS
    center, radius = (width / 2, height - 2 * _EDGE), height - 5 * _EDGE
    drawn = [
        tag(
            "path",
            d=f"M{center[0] - radius:g} {center[1]:g}"
            f"A{radius:g} {radius:g} 0 0 1 {center[0] + radius:g} {center[1]:g}",
            style="fill:none;stroke:var(--rule)",
        )
    ]
    if cosine is not None:
        low, high = (math.acos(each) for each in cosine["ci95"])
        (right, top), (left, end) = (_at(center, radius, turn) for turn in (high, low))
        drawn.append(
            tag(
                "path",
                d=f"M{center[0]:g} {center[1]:g}L{right:g} {top:g}"
                f"A{radius:g} {radius:g} 0 0 0 {left:g} {end:g}Z",
                style="fill:var(--policy);fill-opacity:.16",
            )
        )
    drawn.append(_arrow(center, _at(center, radius, 0.0), "expert"))
    if cosine is not None:
        place = _at(center, radius, math.acos(cosine["mean"]))
        drawn.append(_arrow(center, place, "policy"))
    return _picture(_COMPASS, description, drawn)


def _at(center: Place, radius: Number, turn: float) -> tuple[float, float]:
    """So far from the center, turned by so much from the right, in radians."""
    x, y = center
    return round(x + radius * math.cos(turn), 1), round(y - radius * math.sin(turn), 1)


def scattered(
    steps: Points,
    aim: Sequence[Number],
    axes: tuple[Range, Range],
    *,
    color: str,
    description: str,
) -> Html:
    """Where the steps of many batches end, what they aim at, and the exact gradient."""
    across, up = axes
    start = (across.at(0.0), up.at(0.0))
    mean = [sum(values) / len(steps) for values in zip(*steps, strict=True)]
    return _picture(
        _STEPS,
        description,
        _dots(color, 0.35, steps, axes),
        _arrow(start, (across.at(1.0), up.at(0.0)), "ink"),
        None
        if list(aim) == [1.0, 0.0]
        else _arrow(start, (across.at(aim[0]), up.at(aim[1])), color),
        tag(
            "circle",
            cx=across.at(mean[0]),
            cy=up.at(mean[1]),
            r=5,
            style=f"fill:var(--paper);stroke:var(--{color});stroke-width:2.5",
        ),
    )


def even_ranges(clouds: Sequence[Points]) -> tuple[Range, Range]:
    """Axes on which one unit is as long up as across, for nearly all points."""
    points = np.concatenate([np.asarray(cloud) for cloud in clouds])
    arrow = np.array([[0.0, 0.0], [1.0, 0.0]])
    edges = np.percentile(points, [_BEYOND, 100 - _BEYOND], axis=0)
    edges = np.concatenate([edges, arrow])
    low, high = edges.min(axis=0), edges.max(axis=0)
    room = np.array(_STEPS) - 2 * _EDGE
    half = room / np.min(room / (high - low)) / 2
    (left, bottom), (right, top) = (low + high) / 2 - half, (low + high) / 2 + half
    width, height = _STEPS
    return (
        Range(float(left), float(right), _EDGE, width - _EDGE),
        Range(float(bottom), float(top), height - _EDGE, _EDGE),
    )


def _arrow(start: Place, end: Place, color: str) -> Html:
    """A line with a head."""
    turn = math.atan2(end[1] - start[1], end[0] - start[0])
    head = [
        (
            round(end[0] - 10 * math.cos(turn + side), 1),
            round(end[1] - 10 * math.sin(turn + side), 1),
        )
        for side in (0.4, -0.4)
    ]
    (x, y), (a, b) = head
    return tag(
        "path",
        d=f"M{start[0]:g} {start[1]:g}L{end[0]:g} {end[1]:g}"
        f"M{x:g} {y:g}L{end[0]:g} {end[1]:g}L{a:g} {b:g}",
        style=(
            f"fill:none;stroke:var(--{color});stroke-width:3;stroke-linecap:round;"
            "stroke-linejoin:round"
        ),
    )


def _number(value: Number, x: Number, y: Number, *, anchor: str = "start") -> Html:
    return tag(
        "text",
        f"{value:.2g}".replace("-", "\N{MINUS SIGN}"),
        x=f"{x:g}",
        y=f"{y:g}",
        text_anchor=anchor,
        style=f"fill:var(--muted);font-size:{_LETTERS}px",
    )


def _picture(size: tuple[int, int], description: str, *drawn: Child) -> Html:
    return tag(
        "svg",
        joined(*drawn),
        viewBox=f"0 0 {size[0]} {size[1]}",
        class_="figure",
        role="img",
        aria_label=description,
    )
