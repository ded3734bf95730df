"""Draw what a run measured: its curve, its episodes, its diagnostics."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float

from novice.app.report.facts import Score
from novice.app.report.markup import Html, joined
from novice.app.report.svg import (
    MUTED,
    PAPER,
    POLICY,
    RULE,
    drawing,
    new_axes,
    svg,
    write_numbers,
)

if TYPE_CHECKING:
    import matplotlib.axes

# Each large figure is drawn for a desk and for a phone; the page shows one of them.
_WIDTHS = {"wide": 720, "narrow": 340}
_MOST_POINTS = 300  # a line of more is drawn as the means of neighbors
_MOST_MARKERS = 40
_LINE = 15  # a line of letters, in pixels


@dataclass(frozen=True, kw_only=True)
class Level:
    """A score that others are compared with, and the color that stands for it."""

    name: str
    color: str
    score: Score


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """A score that changes with the labels, the steps or the rounds spent."""

    at: Sequence[float]
    at_name: str
    scores: Sequence[Score]
    score_name: str
    chosen: int | None  # the place in `scores` to mark


@dataclass(frozen=True, kw_only=True, eq=False)
class Heap:
    """The numbers of many episodes, to be drawn as a histogram with their mean."""

    name: str
    color: str
    values: Float[np.ndarray, " episodes"]
    score: Score


def learning_curve(
    curve: Curve, levels: Sequence[Level], *, description: str, name: str = "curve"
) -> Html:
    """The curve with its intervals, among the levels it should be seen against.

    `name` tells the figure from the page's other figures.
    """
    with drawing():
        return joined(
            svg(
                _curve(curve, levels, width=pixels, height=250 + pixels // 9),
                name=f"{name} {size}",
                description=description,
                class_=f"figure {size}",
            )
            for size, pixels in _WIDTHS.items()
        )


def histograms(
    heaps: Sequence[Heap], *, name: str, zero: bool, description: str
) -> Html:
    """The heaps one below the other on one axis; `zero` draws a line at nothing."""
    with drawing():
        return joined(
            svg(
                _heaps(heaps, zero=zero, width=pixels),
                name=f"{name} {size}",
                description=description,
                class_=f"figure {size}",
            )
            for size, pixels in _WIDTHS.items()
        )


def small_line(
    at: Float[np.ndarray, " points"],
    values: Float[np.ndarray, " points"],
    *,
    name: str,
    description: str,
) -> Html:
    """One quantity over the run, small enough to stand among others.

    `name` tells the figure from the page's other figures.
    """
    from matplotlib.ticker import MaxNLocator

    with drawing():
        axes = new_axes(300, 140, left=50, right=12, top=12, bottom=26)
        if len(at) > _MOST_POINTS:
            at, values = _thinned(axes, at, values)
        axes.plot(at, values, color=POLICY, linewidth=1.6)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        write_numbers(axes)
        return svg(axes, name=name, description=description)


def _curve(
    curve: Curve, levels: Sequence[Level], *, width: int, height: int
) -> "matplotlib.axes.Axes":
    axes = new_axes(width, height, left=50, right=64, top=32, bottom=44)
    for level in levels:
        low, high = level.score.low, level.score.high
        axes.axhspan(low, high, color=level.color, alpha=0.14, linewidth=0)
        axes.axhline(level.score.mean, color=level.color, linewidth=1.3, dashes=(4, 3))
    _draw_curve(axes, curve)
    if curve.chosen is not None:
        _mark_chosen(axes, curve.at[curve.chosen], curve.scores[curve.chosen].mean)
    policy = Level(name="policy", color=POLICY, score=curve.scores[-1])
    _name_levels(axes, [policy, *levels])
    axes.set_xlabel(curve.at_name, color=MUTED, labelpad=6)
    _write_above(axes, curve.score_name)
    write_numbers(axes)
    return axes


def _draw_curve(axes: "matplotlib.axes.Axes", curve: Curve) -> None:
    low, high, mean = (
        [getattr(score, name) for score in curve.scores]
        for name in ("low", "high", "mean")
    )
    axes.fill_between(curve.at, low, high, color=POLICY, alpha=0.2, linewidth=0)
    axes.plot(
        curve.at,
        mean,
        color=POLICY,
        linewidth=2,
        marker="o" if len(mean) <= _MOST_MARKERS else "",
        markersize=5,
        markeredgewidth=0,
    )
    axes.margins(x=0.02, y=0.08)


def _mark_chosen(axes: "matplotlib.axes.Axes", at: float, mean: float) -> None:
    axes.plot(
        [at],
        [mean],
        linestyle="none",
        marker="o",
        markersize=10,
        markerfacecolor=PAPER,
        markeredgecolor=POLICY,
        markeredgewidth=2.5,
        zorder=5,
    )
    axes.annotate(
        "chosen",
        (at, mean),
        xytext=(0, 10),
        textcoords="offset points",
        horizontalalignment=_towards_the_middle(axes, at),
        color=POLICY,
        fontweight="bold",
    )


def _towards_the_middle(
    axes: "matplotlib.axes.Axes", at: float
) -> Literal["left", "center", "right"]:
    """How to align a word at this place, so that it stays within the axes."""
    low, high = axes.get_xlim()
    share = (at - low) / (high - low)
    return "left" if share < 0.08 else "right" if share > 0.92 else "center"


def _name_levels(axes: "matplotlib.axes.Axes", levels: Sequence[Level]) -> None:
    """Write each level's name in the right margin, none over another."""
    bottom, top = axes.get_ylim()
    pixels = axes.get_window_extent().height
    ordered = sorted(levels, key=lambda level: level.score.mean)
    wanted = [(lvl.score.mean - bottom) / (top - bottom) * pixels for lvl in ordered]
    for level, height in zip(ordered, _apart(wanted, pixels), strict=True):
        axes.annotate(
            level.name,
            (1, height / pixels),
            xycoords="axes fraction",
            xytext=(8, 0),
            textcoords="offset points",
            verticalalignment="center",
            color=level.color,
        )


def _apart(heights: Sequence[float], most: float) -> list[float]:
    """The rising heights, moved until each has a line of letters to itself."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + _LINE) if placed else height)
    for place in reversed(range(len(placed))):
        limit = most if place == len(placed) - 1 else placed[place + 1] - _LINE
        placed[place] = min(placed[place], limit)
    return placed


def _heaps(heaps: Sequence[Heap], *, zero: bool, width: int) -> "matplotlib.axes.Axes":
    row = 62
    axes = new_axes(width, row * len(heaps) + 46, left=76, right=16, top=10, bottom=36)
    everything = np.concatenate([heap.values for heap in heaps])
    edges = _edges(everything, most=44 if width > 500 else 28)
    if zero:
        axes.axvline(0, color=MUTED, linewidth=1, dashes=(2, 3))
    for place, heap in enumerate(reversed(heaps)):
        _draw_heap(axes, heap, edges, base=place)
    axes.set_yticks(
        [place + 0.3 for place in range(len(heaps))],
        [heap.name for heap in reversed(heaps)],
    )
    for label, heap in zip(axes.get_yticklabels(), reversed(heaps), strict=True):
        label.set_color(heap.color)
    axes.set_ylim(-0.2, len(heaps) - 0.05)
    axes.grid(visible=False)
    write_numbers(axes, y=False)
    return axes


def _edges(values: Float[np.ndarray, " episodes"], *, most: int) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9 * max(1.0, abs(high)):
        low, high = low - 0.5, high + 0.5
    bins = int(np.clip(2 * np.sqrt(len(values)), 8, most))
    return np.linspace(low, high, bins + 1)


def _draw_heap(
    axes: "matplotlib.axes.Axes", heap: Heap, edges: np.ndarray, *, base: int
) -> None:
    """A histogram that stands on `base`, and under it the mean with its interval."""
    heights, _ = np.histogram(heap.values, edges)
    axes.axhline(base, color=RULE, linewidth=1)
    axes.stairs(
        base + 0.82 * heights / heights.max(),
        edges,
        baseline=base,
        fill=True,
        color=heap.color,
        alpha=0.4,
        linewidth=0,
    )
    axes.plot(
        [heap.score.low, heap.score.high],
        [base - 0.09] * 2,
        color=heap.color,
        linewidth=3,
    )
    axes.plot([heap.score.mean], [base - 0.09], "o", markersize=7, color=heap.color)


def _thinned(
    axes: "matplotlib.axes.Axes",
    at: Float[np.ndarray, " points"],
    values: Float[np.ndarray, " points"],
) -> tuple[np.ndarray, np.ndarray]:
    """The means of neighbors; from least to greatest a band is drawn behind them."""
    groups = np.array_split(np.arange(len(at)), _MOST_POINTS)
    middle = np.array([at[group].mean() for group in groups])
    low = [values[group].min() for group in groups]
    high = [values[group].max() for group in groups]
    axes.fill_between(middle, low, high, color=POLICY, alpha=0.18, linewidth=0)
    return middle, np.array([values[group].mean() for group in groups])


def _write_above(axes: "matplotlib.axes.Axes", text: str) -> None:
    axes.annotate(
        text,
        (0, 1),
        xycoords="axes fraction",
        xytext=(-42, 16),
        textcoords="offset points",
        color=MUTED,
    )
