"""Draw the states of policy and dataset as points on a plane."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from novice.app.report.contents import UnreadableRunError
from novice.app.report.markup import Html, escaped, joined, tag
from novice.app.report.numbers import percent

_SIZES = {"wide": (720, 420), "narrow": (340, 300)}
_MARGIN = 10
# Each side's name in evaluation.json, its color in the page, and what it is called.
_SIDES = (
    ("dataset", "light", "states of the dataset"),
    ("policy", "policy", "states that the policy visits"),
)

Points = Sequence[Sequence[float]]


def map_of_states(told: Mapping[str, Any]) -> Html | None:
    """The two sides' states along the axes in which they vary most."""
    sides = {name: _points(told, name) for name, _, _ in _SIDES}
    if not all(sides.values()):
        return None
    first, second = _points({"variance": [told.get("variance")]}, "variance")[0]
    return joined(
        tag("h3", "A map of the states"),
        tag(
            "p",
            "Of all the ways in which these states vary, the axes hold"
            f" {percent(100.0 * round(first, 2))} (across) and"
            f" {percent(100.0 * round(second, 2))} (up), their first two principal"
            " components. What lies apart here is apart; what lies together may still"
            " differ in what is not shown. Where blue is alone, nobody or hardly"
            " anybody has said what to do.",
            class_="note",
        ),
        (_drawn(sides, size=size, box=box) for size, box in _SIZES.items()),
        tag(
            "p",
            (
                tag(
                    "span",
                    tag("i", class_="swatch", style=f"background:var(--{color})"),
                    called,
                )
                for _, color, called in _SIDES
            ),
            class_="legend",
        ),
    )


def _drawn(sides: Mapping[str, Points], *, size: str, box: tuple[int, int]) -> Html:
    """The points of each side as one path of dots, the dataset's below."""
    everything = [point for points in sides.values() for point in points]
    scales = [
        _scale([point[axis] for point in everything], room)
        for axis, room in enumerate(box)
    ]
    width, height = box
    dots = []
    for name, color, _ in _SIDES:
        places = (
            f"M{_pixels(x, scales[0]):.1f} {height - _pixels(y, scales[1]):.1f}h0"
            for x, y in sides[name]
        )
        dots.append(
            f'<path d="{"".join(places)}" style="fill:none;stroke:var(--{color});'
            'stroke-width:5;stroke-linecap:round;stroke-opacity:.55"/>'
        )
    frame = (
        f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}"'
        ' style="fill:none;stroke:var(--rule)"/>'
    )
    what = "A map of the states of policy and dataset"
    return Html(
        f'<svg class="figure {size}" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{escaped(what)}">{frame}{"".join(dots)}</svg>'
    )


def _scale(values: Sequence[float], room: int) -> tuple[float, float]:
    """The least value, and how many pixels there are for each unit."""
    least, most = min(values), max(values)
    return least, (room - 2 * _MARGIN) / ((most - least) or 1.0)


def _pixels(value: float, scale: tuple[float, float]) -> float:
    """How many pixels from the edge a value lies."""
    return _MARGIN + (value - scale[0]) * scale[1]


def _points(told: Mapping[str, Any], name: str) -> Points:
    """Pairs of finite numbers."""
    found = told.get(name)
    pairs = isinstance(found, list | tuple) and all(
        isinstance(point, list | tuple)
        and len(point) == 2
        and all(isinstance(each, int | float) and math.isfinite(each) for each in point)
        for point in found
    )
    if not pairs:
        raise UnreadableRunError(
            f"evaluation.json: visited.map.{name} should be pairs of finite numbers"
        )
    return found or []
