"""Turn a matplotlib figure into SVG that takes colors and letters from its page."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from novice.app.report.markup import Html, escaped

if TYPE_CHECKING:
    import matplotlib.axes

# Okabe and Ito's colors for everybody's eyes (https://jfly.uni-koeln.de/color/); in the
# page each becomes a variable, so that one figure serves light, dark and paper.
POLICY, EXPERT, RANDOM, OTHER = "#0072b2", "#009e73", "#d55e00", "#cc79a7"
LIGHT, SKY = "#e69f00", "#56b4e9"
INK, MUTED, RULE, PAPER = "#010101", "#020202", "#030303", "#040404"
_IN_THE_PAGE = {
    POLICY: "var(--policy)",
    EXPERT: "var(--expert)",
    RANDOM: "var(--random)",
    OTHER: "var(--other)",
    LIGHT: "var(--light)",
    SKY: "var(--sky)",
    INK: "currentColor",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    PAPER: "var(--paper)",
}
_STYLE = {
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelsize": 12,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "figure.facecolor": "none",
    "font.size": 12,
    "grid.color": RULE,
    "grid.linewidth": 1,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "xtick.color": RULE,
    "xtick.labelcolor": MUTED,
    "xtick.major.size": 4,
    "ytick.color": RULE,
    "ytick.labelcolor": MUTED,
    "ytick.major.size": 0,
}
# What matplotlib writes and a page does not need, and what stands there instead.
_TO_PAGE = (
    (r"<\?xml.*?<svg[^>]*>", ""),
    (r"<style.*?</style>", ""),
    (r"<metadata>.*?</metadata>", ""),
    (r" id=\"[\w.]+_\d+\"", ""),
    (r"font-family: [^;\"]*;? ?", ""),
    (r" transform=\"rotate\(-0 [^\"]*\"", ""),
    (r"xlink:href", "href"),
    # Places are cut to two decimals; what is written beside an axis is not.
    (r"(\d\.\d\d)\d+(?![^<>\"]{0,80}</text>)", r"\1"),
    (r"\s*\n\s*", " "),
    (r"> <", "><"),
)


@contextmanager
def drawing() -> Iterator[None]:
    """Whatever matplotlib was told before, figures made in here look like ours."""
    import matplotlib.style

    with matplotlib.style.context(["default", _STYLE]):
        yield


def new_axes(
    width: int, height: int, *, left: int, right: int, top: int, bottom: int
) -> "matplotlib.axes.Axes":
    """Axes in a figure of this size, with these margins; all in pixels."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    FigureCanvasSVG(figure)
    return figure.add_axes(
        (
            left / width,
            bottom / height,
            (width - left - right) / width,
            (height - bottom - top) / height,
        )
    )


def write_numbers(axes: "matplotlib.axes.Axes", *, y: bool = True) -> None:
    """Write tick labels with thousands apart and a true minus: −12,000."""
    from matplotlib.ticker import FuncFormatter

    def written(value: float, _: int) -> str:
        return f"{value:,.10g}".replace("-", "\N{MINUS SIGN}")

    axes.xaxis.set_major_formatter(FuncFormatter(written))
    if y:
        axes.yaxis.set_major_formatter(FuncFormatter(written))


def svg(
    axes: "matplotlib.axes.Axes", *, name: str, description: str, class_: str = "figure"
) -> Html:
    """The figure of the axes; `name` tells it from the page's other figures.

    The same axes give the same bytes. `description` is what a screen reader says.
    """
    import matplotlib

    figure: Any = axes.figure
    written = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(
            written,
            format="svg",
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    drawn = written.getvalue().strip()
    for pattern, instead in _TO_PAGE:
        drawn = re.sub(pattern, instead, drawn, flags=re.DOTALL)
    for color, variable in _IN_THE_PAGE.items():
        drawn = drawn.replace(color, variable)
    width, height = (round(inches * 72) for inches in figure.get_size_inches())
    return Html(
        f'<svg class="{escaped(class_)}" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{escaped(description)}">{drawn}'
    )
