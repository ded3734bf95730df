"""The pieces that report pages are put together from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from novice.app.report.contents import Replay
from novice.app.report.facts import Score
from novice.app.report.markup import Child, Html, joined, tag
from novice.app.report.numbers import about, bounds, duration, mean, whole
from novice.app.report.pictures import animated, speed, still

_CONTENT_SECURITY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'"
)


# The phases that have a color of their own.
_PHASES = ("collect", "label", "fit", "evaluate")


@dataclass(frozen=True, kw_only=True)
class Card:
    """A key number, what it is, and what there is to add."""

    value: str
    name: str
    addition: str | None = None


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A score on the scale from random to the expert."""

    name: str
    score: Score


@dataclass(frozen=True)
class Axis:
    """A stretch of numbers laid over the width of the page."""

    low: float
    high: float

    def percent(self, value: float) -> float:
        """How far from the left the number lies; there is a margin on both sides."""
        margin = 0.03 * (self.high - self.low) or 0.5
        whole = self.high - self.low + 2 * margin
        return round(100 * (value - self.low + margin) / whole, 2)


def page(*sections: Child, title: str, style: str) -> str:
    """A whole HTML page that asks for nothing outside itself."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag(
            "meta",
            http_equiv="Content-Security-Policy",
            content=_CONTENT_SECURITY,
        ),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        tag("style", Html(style)),
    )
    body = tag("body", tag("main", *sections))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def opening(*about: Child, headline: Child, remarks: Sequence[Child]) -> Html:
    """What the page is about, what was learned, and what must be said with it."""
    return tag(
        "header",
        tag("p", (tag("span", text) for text in about if text), class_="about"),
        tag("h1", headline),
        (tag("p", remark, class_="remark") for remark in remarks),
    )


def section(name: str, *children: Child, note: Child = None) -> Html:
    """A part of the page with its heading and a sentence about how to read it."""
    return tag(
        "section",
        tag("h2", name),
        None if note is None else tag("p", note, class_="note"),
        *children,
    )


def cards(these: Sequence[Card]) -> Html:
    """The key numbers side by side."""
    return tag(
        "dl",
        (
            tag(
                "div",
                tag("dt", card.name),
                tag("dd", card.value, class_="value"),
                None
                if card.addition is None
                else tag("dd", card.addition, class_="addition"),
            )
            for card in these
        ),
        class_="cards",
    )


def scale(
    marks: Sequence[Mark], *, random: Score, expert: Score, expert_name: str = "expert"
) -> Html:
    """Where each mark lies between random and the expert, with its interval."""
    scores = [random, expert, *(mark.score for mark in marks)]
    axis = Axis(min(score.low for score in scores), max(score.high for score in scores))
    return tag(
        "div",
        (_mark(mark, axis, random=random, expert=expert) for mark in marks),
        tag(
            "div",
            tag("span", "random ", tag("b", mean(random)), class_="random"),
            tag("span", f"{expert_name} ", tag("b", mean(expert)), class_="expert"),
            class_="ends",
        ),
        class_="scale named" if len(marks) > 1 else "scale",
    )


# What fits beside each other on the page; of more, intervals stand beneath numbers.
FEW_COLUMNS = 8


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[Child]],
    *,
    marked: int | None = None,
    name: str = "table",
) -> Html:
    """A table of numbers; `marked` is the row to lift out.

    `name` tells a screen reader which one it is, where a page has several.
    """
    return tag(
        "div",
        tag(
            "table",
            tag("thead", tag("tr", (tag("th", name, scope="col") for name in head))),
            tag(
                "tbody",
                (
                    tag(
                        "tr",
                        (tag("td", cell) for cell in row),
                        class_="marked" if place == marked else None,
                    )
                    for place, row in enumerate(rows)
                ),
            ),
        ),
        class_="scroll many" if len(head) > FEW_COLUMNS else "scroll",
        tabindex="0",
        role="region",
        aria_label=name,
    )


def with_interval(score: Score, *, signed: bool = False) -> Html:
    """A mean, and quieter its interval."""
    low, high = bounds(score, signed=signed)
    return joined(
        mean(score, signed=signed), " ", tag("small", f"[{low}, {high}]", class_="ci")
    )


def legend(names: Mapping[str, str]) -> Html:
    """Color names and what they stand for."""
    return tag(
        "p",
        (
            tag("span", tag("i", class_=f"swatch {color}"), name)
            for color, name in names.items()
        ),
        class_="legend",
    )


def shares_of_time(seconds: Mapping[str, float]) -> Html:
    """A bar as long as the whole time, cut into phases."""
    total = sum(seconds.values())
    parts = [(name, spent) for name, spent in seconds.items() if spent > 0]
    return joined(
        tag(
            "div",
            (
                tag(
                    "span",
                    class_=_phase(name),
                    style=f"width:{100 * spent / total:.2f}%",
                )
                for name, spent in parts
            ),
            class_="bar",
            role="img",
            aria_label=", ".join(f"{name} {duration(spent)}" for name, spent in parts),
        ),
        tag(
            "p",
            (
                tag(
                    "span",
                    tag("i", class_=f"swatch {_phase(name)}"),
                    f"{name} {duration(spent)}",
                )
                for name, spent in parts
            ),
            class_="legend",
        ),
    )


def replays(these: Sequence[Replay], names: Sequence[str]) -> Html:
    """Episodes to look at, side by side."""
    return tag(
        "div",
        (
            tag(
                "figure",
                _pictures(replay, number),
                tag("figcaption", tag("b", name), " ", _told(replay)),
            )
            for number, (replay, name) in enumerate(zip(these, names, strict=True))
        ),
        class_="replays",
    )


def definitions(pairs: Mapping[str, Child]) -> Html:
    """Names and what they stand for, one a line."""
    return tag(
        "dl",
        (joined(tag("dt", name), tag("dd", value)) for name, value in pairs.items()),
        class_="definitions",
    )


def _mark(mark: Mark, axis: Axis, *, random: Score, expert: Score) -> Html:
    left, right = axis.percent(mark.score.low), axis.percent(mark.score.high)
    span = f"left:{left}%;width:{round(right - left, 2)}%"
    return tag(
        "div",
        tag("span", mark.name, class_="name"),
        tag(
            "div",
            _at(axis.percent(random.mean), "end random"),
            _at(axis.percent(expert.mean), "end expert"),
            tag("i", class_="range", style=span),
            _at(axis.percent(mark.score.mean), "dot"),
            class_="track",
        ),
        tag("span", with_interval(mark.score), class_="reading"),
        class_="mark",
    )


def _at(percent: float, class_: str) -> Html:
    return tag("i", class_=class_, style=f"left:{percent}%")


def _phase(name: str) -> str:
    return f"phase {name if name in _PHASES else 'other'}"


def _told(replay: Replay) -> str:
    """What is known about the episode, in a line."""
    told = (
        [] if replay.total_reward is None else [f"return {about(replay.total_reward)}"]
    )
    told += [f"{whole(replay.length)} steps", f"seed {replay.seed}"]
    times = speed(len(replay.frames), fps=replay.frames_per_second)
    if not isinstance(replay.frames, str) and times > 1.05:
        told.append(f"{times:.2g} times as fast")
    return " · ".join(piece.replace(" ", "\N{NO-BREAK SPACE}") for piece in told)


def _pictures(replay: Replay, number: int) -> Html:
    """A still and the moving picture, and a switch between them that needs no script.

    Where motion is unwelcome the still comes first, elsewhere the moving picture.
    """
    if isinstance(replay.frames, str) or not len(replay.frames):
        told = replay.frames if isinstance(replay.frames, str) else "No pictures."
        return tag("p", told, class_="pictureless")
    switch = f"motion-{number}"
    what = f"Episode of seed {replay.seed}"
    return joined(
        tag("input", type="checkbox", id=switch, class_="switch"),
        tag(
            "label",
            tag(
                "img",
                src=still(replay.frames[0]),
                alt=f"{what}, its start",
                class_="still",
            ),
            tag(
                "img",
                src=animated(replay.frames, fps=replay.frames_per_second),
                alt=f"{what}, moving",
                class_="moving",
            ),
            tag("span", class_="hold"),
            for_=switch,
        ),
    )
