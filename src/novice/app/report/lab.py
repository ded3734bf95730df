"""Make the page of an experiment of `novice lab`: a claim, what was measured, advice.

An experiment puts its own sections together with `parts.section`, draws what it
measured with `chart`, and hands both to `lab_page`, which adds the opening and how to
repeat it:

    page = lab_page(
        "compounding",
        about=["novice/Tightrope-v0", "seed 0"],
        title="compounding",
        headline="Copying falls behind with the square of time.",
        remarks=["To do: ask where it went, `novice dagger`."],
        sections=[
            section("Cost over time", chart([...], ...), note="How to read it."),
        ],
        settings=settings,
    )
    write_text(folder / "report.html", page)

`settings` is the content of the folder's settings.json: {"settings": {"task": ...,
"seed": 0, ...}, "version": ..., "versions": {...}}. Its "settings" are written as flags
of `novice lab EXPERIMENT`, and a "task" as the word after it.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from novice.app.report.closing import command_line
from novice.app.report.markup import Child, Html, joined, tag
from novice.app.report.parts import opening, page
from novice.app.report.repetition import repetition
from novice.app.report.svg import (
    EXPERT,
    INK,
    MUTED,
    OTHER,
    POLICY,
    RANDOM,
    drawing,
    new_axes,
    svg,
    write_numbers,
)

if TYPE_CHECKING:
    import matplotlib.axes

# A chart is drawn for a desk and for a phone; the page shows one of them.
_WIDTHS = {"wide": 720, "narrow": 340}
# The colors of svg.py by the names that they have in the page.
_NAMES = {
    POLICY: "var(--policy)",
    EXPERT: "var(--expert)",
    RANDOM: "var(--random)",
    OTHER: "var(--other)",
    INK: "currentColor",
    MUTED: "var(--muted)",
}
_MOST_MARKERS = 24


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """Something measured at several places, with its interval where one is known.

    `color` is one of svg.py's. What was not measured but computed, or only serves to
    compare with, is `dashed`.
    """

    name: str
    color: str
    at: Sequence[float | int]
    values: Sequence[float | int]
    low: Sequence[float | int] | None = None
    high: Sequence[float | int] | None = None
    dashed: bool = False


def lab_page(
    experiment: str,
    *,
    about: Sequence[str],
    title: str,
    headline: Child,
    remarks: Sequence[Child],
    sections: Sequence[Child],
    settings: Mapping[str, Any],
) -> str:
    """The page of one experiment; the same contents give the same page."""
    return page(
        opening(f"novice lab {experiment}", *about, headline=headline, remarks=remarks),
        *sections,
        repetition(_typed(experiment, settings.get("settings") or {}), settings),
        title=f"{title} · lab · novice",
        style=resources.files("novice.app.report")
        .joinpath("report.css")
        .read_text("utf-8"),
    )


def paragraphs(*these: Child) -> Html:
    """Text that is to be read, one paragraph below the other."""
    return joined(tag("p", each, style="margin-top:.75rem") for each in these)


def chart(
    lines: Sequence[Line],
    *,
    name: str,
    description: str,
    at_name: str,
    value_name: str,
    logarithmic: bool = False,
    logarithmic_at: bool = False,
    from_zero: bool = False,
    within: tuple[float, float] | None = None,
) -> Html:
    """Lines with their intervals over common axes, and above them what each is.

    `name` tells the chart from the page's other figures, `description` is what a screen
    reader says. `logarithmic` stretches both axes so that a power is a straight line,
    `logarithmic_at` the lower one alone, where places lie far apart. `within` is what
    is drawn at most of the intervals; lines are never cut.
    """
    with drawing():
        return joined(
            _legend(lines),
            (
                svg(
                    _drawn(
                        lines,
                        at_name=at_name,
                        value_name=value_name,
                        logarithmic=logarithmic,
                        logarithmic_at=logarithmic_at,
                        from_zero=from_zero,
                        within=within,
                        width=pixels,
                    ),
                    name=f"{name} {size}",
                    description=description,
                    class_=f"figure {size}",
                )
                for size, pixels in _WIDTHS.items()
            ),
        )


def _drawn(
    lines: Sequence[Line],
    *,
    at_name: str,
    value_name: str,
    logarithmic: bool,
    logarithmic_at: bool,
    from_zero: bool,
    within: tuple[float, float] | None,
    width: int,
) -> "matplotlib.axes.Axes":
    left = 60 if logarithmic else 52
    axes = new_axes(width, 250 + width // 9, left=left, right=14, top=32, bottom=44)
    for line in lines:
        _draw(axes, line)
    if logarithmic:
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.minorticks_off()
    else:
        _few_ticks(axes)
    if logarithmic_at:
        _logarithmic_below(axes)
    if from_zero:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    if within is not None:
        _cut(axes, lines, within)
    axes.set_xlabel(at_name, color=MUTED, labelpad=6)
    axes.annotate(
        value_name,
        (0, 1),
        xycoords="axes fraction",
        xytext=(8 - left, 16),
        textcoords="offset points",
        color=MUTED,
    )
    write_numbers(axes)
    return axes


def _draw(axes: "matplotlib.axes.Axes", line: Line) -> None:
    at, values = np.asarray(line.at, np.float64), np.asarray(line.values, np.float64)
    if line.dashed:
        axes.plot(at, values, color=line.color, linewidth=1.3, dashes=(4, 3))
        return
    if line.low is not None and line.high is not None:
        axes.fill_between(
            at, line.low, line.high, color=line.color, alpha=0.18, linewidth=0
        )
    axes.plot(
        at,
        values,
        color=line.color,
        linewidth=2,
        marker="o" if len(at) <= _MOST_MARKERS else "",
        markersize=5,
        markeredgewidth=0,
    )


def _few_ticks(axes: "matplotlib.axes.Axes") -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.margins(x=0.02)


def _logarithmic_below(axes: "matplotlib.axes.Axes") -> None:
    """Powers of ten below the axes, and three times as much: 30, 100, 300."""
    from matplotlib.ticker import LogLocator

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.minorticks_off()


def _cut(
    axes: "matplotlib.axes.Axes", lines: Sequence[Line], within: tuple[float, float]
) -> None:
    """Draw no more of the intervals than this, but all of every line."""
    drawn, (least, most) = axes.get_ylim(), within
    values = [value for line in lines for value in line.values]
    least, most = min(least, *values), max(most, *values)
    axes.set_ylim(max(drawn[0], least), min(drawn[1], most))


def _legend(lines: Sequence[Line]) -> Html:
    """What each color stands for; what is dashed has a thinner mark."""
    return tag(
        "p",
        (
            tag(
                "span",
                tag("i", class_="swatch", style=_swatch(line)),
                line.name,
            )
            for line in lines
            if line.name
        ),
        class_="legend",
    )


def _swatch(line: Line) -> str:
    color = _NAMES[line.color]
    if line.dashed:
        return f"height:0;border-top:2px dashed {color};vertical-align:middle"
    return f"background:{color}"


def _typed(experiment: str, flags: Mapping[str, Any]) -> list[str]:
    """What to type to have the same again."""
    words = [["novice", "lab", experiment]]
    if flags.get("task") is not None:
        words.append([str(flags["task"])])
    others = {name: value for name, value in flags.items() if name != "task"}
    return [
        *(shlex.join(each) for each in words),
        *command_line(experiment, others)[1:],
    ]
