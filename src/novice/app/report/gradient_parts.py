"""The pieces that the page of `novice lab gradient` is put together from."""

from collections.abc import Mapping, Sequence

from novice.app.report.markup import Child, Html, tag
from novice.app.report.parts import section


def claim(name: str, sentence: str, *children: Child, reading: str) -> Html:
    """A part of the page: what it says, what shows it, and how that is to be read."""
    return section(
        name,
        tag("p", sentence, style="margin-top:.5rem"),
        *children,
        tag("p", reading, class_="note", style="margin-top:1rem"),
    )


def swatches(names: Mapping[str, str]) -> Html:
    """What each color of the page stands for."""
    return tag(
        "p",
        (
            tag(
                "span",
                tag("i", class_="swatch", style=f"background:var(--{color})"),
                name,
            )
            for color, name in names.items()
        ),
        class_="legend",
    )


def small_multiples(figures: Sequence[tuple[str, Child, Html]], *, least: int) -> Html:
    """Figures side by side, `least` rem wide or as wide as a phone, each with words."""
    columns = f"repeat(auto-fill,minmax(min({least}rem,100%),1fr))"
    return tag(
        "div",
        (
            tag("figure", tag("figcaption", tag("b", name), " ", said), drawn)
            for name, said, drawn in figures
        ),
        class_="multiples",
        style=f"grid-template-columns:{columns}",
    )
