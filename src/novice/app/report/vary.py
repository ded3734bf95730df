"""Show how returns depend on what was varied: a figure, what it means, a table."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from novice.app.report.facts import Score
from novice.app.report.markup import Html, joined, tag
from novice.app.report.numbers import interval, whole
from novice.app.report.parts import section, table, with_interval
from novice.app.report.svg import (
    EXPERT,
    LIGHT,
    MUTED,
    OTHER,
    POLICY,
    RANDOM,
    SKY,
    drawing,
    new_axes,
    svg,
    write_numbers,
)
from novice.app.report.vary_words import (
    Block,
    called,
    kept_of,
    meaning,
    score_of,
    short_names,
    told,
    value_shown,
    where_it_holds,
)
from novice.app.report.words import verdict
from novice.evaluation.variation import KEPT, is_number

if TYPE_CHECKING:
    import matplotlib.axes

# The figure is drawn for a desk and for a phone; the page shows one of them.
_WIDTHS = {"wide": 720, "narrow": 340}
# A flag and its value within a sentence.
_FLAG = re.compile(r"(--[a-z-]+(?: [\w.=:-]*\w)?)")
# How each policy is drawn, so that they are told apart without colors, too.
_LINES = ((POLICY, "o"), (OTHER, "s"), (LIGHT, "^"), (SKY, "D"))
_SIGNS = {
    "o": "\N{BLACK CIRCLE}",
    "s": "\N{BLACK SQUARE}",
    "^": "\N{BLACK UP-POINTING TRIANGLE}",
    "D": "\N{BLACK DIAMOND}",
    "": "\N{EM DASH}",
}
_NAMES = {
    POLICY: "policy",
    OTHER: "other",
    LIGHT: "light",
    SKY: "sky",
    EXPERT: "expert",
    RANDOM: "random",
}


def vary_sections(found: Mapping[str, Any]) -> Html:
    """A figure, a table and what they mean, for each thing that was varied."""
    names = short_names([entry["run"] for entry in found["policies"]])
    return joined(
        vary_section(block, found, names, place)
        for place, block in enumerate(found.get("vary", ()))
    )


def vary_section(
    block: Block, found: Mapping[str, Any], names: Sequence[str], place: int
) -> Html:
    """Everything about one thing that was varied."""
    columns = {
        name: [score_of(entry) for entry in column]
        for name, column in columns_of(block, names, found).items()
    }
    values = [entry["value"] for entry in block["values"]]
    episodes = whole(found["random"]["return"]["episodes"])
    rows = [
        [
            value_shown(value),
            *(with_interval(column[row]) for column in columns.values()),
        ]
        for row, value in enumerate(values)
    ]
    marked = values.index(block["usual"]) if block.get("usual") in values else None
    description = f"Return by {block['what']}: " + "; ".join(
        f"{name} {interval(column[0])} to {interval(column[-1])}"
        for name, column in columns.items()
    )
    with drawing():
        figure = joined(
            svg(
                _drawn(block, values, columns, width=pixels),
                name=f"vary {place} {size}",
                description=description,
                class_=f"figure {size}",
            )
            for size, pixels in _WIDTHS.items()
        )
    return section(
        f"Return by {called(block)}",
        _legend(columns),
        figure,
        _said(block, found, names),
        table([block["what"], *_heads(columns)], rows, marked=marked),
        note=f"The same {episodes} fresh episodes for everybody at each value; bands"
        f" and brackets: 95\N{NO-BREAK SPACE}% intervals. {_note(block)}",
    )


def _said(block: Block, found: Mapping[str, Any], names: Sequence[str]) -> Html:
    """What it means: of two policies in sentences, of more in tables, too."""
    many = len(names) > 2 and not block["without_effect"]
    lines = meaning(block, found) if many else told(block, found, names)
    return joined(
        (_holding(block, names), _compared(block, found, names)) if many else None,
        (tag("p", _typed(line), class_="remark") for line in lines),
    )


def _holding(block: Block, names: Sequence[str]) -> Html:
    """Where each policy holds, and what it keeps over all values, as a table."""
    rows = []
    for name, entry in zip(names, block["over_range"]["policies"], strict=True):
        where = where_it_holds(block, entry)
        better = "hardly" if "kept" in entry else "no"
        row = [name, f"not known: {better} better than chance as trained", ""]
        rows.append(row if where is None else [name, where, kept_of(entry)])
    least = (
        f"keeps {100 * KEPT:.0f}\N{NO-BREAK SPACE}% of its usual return above chance"
    )
    return table(["", least, "of it over all values"], rows)


def _compared(block: Block, found: Mapping[str, Any], names: Sequence[str]) -> Html:
    """Paired differences over all values: who each row returns more than whom."""
    by_run = dict(zip((e["run"] for e in found["policies"]), names, strict=True))
    rows = [
        [
            f"{by_run[gap['to']]} minus {by_run[gap['from']]}",
            with_interval(score_of(gap), signed=True),
            verdict(score_of(gap)),
        ]
        for gap in block["over_range"]["differences"]
    ]
    return table(["", "over all values, same seeds", ""], rows)


def _typed(line: str) -> list[Html | str]:
    """The line, with what is typed set apart and never broken."""
    return [
        tag("code", piece, style="white-space:nowrap") if place % 2 else piece
        for place, piece in enumerate(_FLAG.split(line))
    ]


def _heads(columns: Mapping[str, Any]) -> list[str]:
    """Short names over the columns; the figure's legend says who the expert is."""
    return ["expert" if name.startswith("expert: ") else name for name in columns]


def columns_of(
    block: Block, names: Sequence[str], found: Mapping[str, Any]
) -> dict[str, list[Mapping[str, Any]]]:
    """Who was played and what they returned at each value."""
    values = block["values"]
    columns = {
        name: [entry["policies"][place]["return"] for entry in values]
        for place, name in enumerate(names)
    }
    if all("expert" in entry for entry in values):
        name = _expert(found)
        columns[name] = [entry["expert"]["return"] for entry in values]
    return {**columns, "chance": [entry["random"]["return"] for entry in values]}


def _expert(found: Mapping[str, Any]) -> str:
    return f"expert: {found['expert']['name']}"


def _note(block: Block) -> str:
    """What the values are."""
    told = f"{block['what']}: {block['unit']}."
    if "spread_of" in block:
        told += (
            f" The deviation is that of the observations in episodes of"
            f" {block['spread_of']} as trained."
        )
    return told


def _colors(columns: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The color and the marker of each column."""
    colors = {}
    for place, name in enumerate(columns):
        colors[name] = _LINES[place % len(_LINES)]
        if name == "chance":
            colors[name] = (RANDOM, "")
        elif name.startswith("expert: "):
            colors[name] = (EXPERT, "")
    return colors


def _drawn(
    block: Block,
    values: Sequence[Any],
    columns: Mapping[str, Sequence[Score]],
    *,
    width: int,
) -> "matplotlib.axes.Axes":
    """Return against what was varied, a line for everybody."""
    numbers = all(is_number(value) for value in values)
    at = np.asarray(values, np.float64) if numbers else np.arange(len(values))
    axes = new_axes(width, 250 + width // 9, left=56, right=16, top=32, bottom=44)
    if numbers and is_number(block.get("usual")):
        axes.axvline(block["usual"], color=MUTED, linewidth=1, dashes=(2, 3))
    for name, (color, marker) in _colors(columns).items():
        scores = columns[name]
        low, high = [each.low for each in scores], [each.high for each in scores]
        axes.fill_between(at, low, high, color=color, alpha=0.16, linewidth=0)
        axes.plot(
            at,
            [each.mean for each in scores],
            color=color,
            linewidth=2 if marker else 1.4,
            linestyle="-" if marker else (0, (4.0, 3.0)),
            marker=marker,
            markersize=6,
            markeredgewidth=0,
        )
    axes.margins(x=0.03, y=0.08)
    _name(axes, block["what"])
    if not numbers:
        axes.set_xticks(at, [value_shown(value) for value in values])
    return axes


def _name(axes: "matplotlib.axes.Axes", what: str) -> None:
    """Say what the axes are, with a true minus before their numbers."""
    axes.set_xlabel(what, color=MUTED, labelpad=6)
    axes.annotate(
        "return",
        (0, 1),
        xycoords="axes fraction",
        xytext=(-48, 16),
        textcoords="offset points",
        color=MUTED,
    )
    write_numbers(axes)


def _legend(columns: Mapping[str, Any]) -> Html:
    """Who is drawn how."""
    return tag(
        "p",
        (
            tag(
                "span",
                tag("b", _SIGNS[marker], style=f"color:var(--{_NAMES[color]})"),
                " ",
                name,
            )
            for name, (color, marker) in _colors(columns).items()
        ),
        class_="legend",
    )
