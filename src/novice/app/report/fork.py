"""Tell what `novice lab fork` measured: in lines, and as a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from novice.app.report.facts import Score
from novice.app.report.lab import lab_page, paragraphs
from novice.app.report.markup import Html, joined, tag
from novice.app.report.numbers import percents, whole
from novice.app.report.parts import section, table
from novice.envs.own.fork import (
    GOAL_AT,
    GOAL_HALF_WIDTH,
    OBSTACLE_AT,
    OBSTACLE_RADIUS,
    ROAD_HALF_WIDTH,
)

_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
# A head succeeds, or fails, when its whole interval does.
_SUCCEEDS, _FAILS = 95.0, 10.0
_ONE_POLICY = (
    "One policy of each head says nothing about other ones of its kind; --seeds 5 does."
)
# What these learn of two right answers is what lies between.
_TAKE_THE_MEAN = {"gaussian", "squared"}
# The size of a drawing, in units a meter and around the road.
_METER, _AROUND = 100, 8

Ways = Mapping[str, Sequence[Sequence[Sequence[float]]]]


def fork_page(
    settings: Mapping[str, Any], summary: Mapping[str, Any], ways: Ways
) -> str:
    """The page about policies that have to choose a side."""
    lines = fork_lines(summary)
    return lab_page(
        "fork",
        about=[
            summary["env"],
            f"{whole(summary['demonstrations'])} demonstrations each",
            f"{summary['seeds']} policies each",
            f"seed {summary['seed']}",
        ],
        title="fork",
        headline=lines[0],
        remarks=lines[1:],
        sections=[_driven(summary, ways), _numbers(summary), _advice()],
        settings=settings,
    )


def fork_table(summary: Mapping[str, Any]) -> list[str]:
    """The heads side by side, for a terminal."""
    head = ["head", "get past", "of them left", "do what nobody did"]
    rows = [head, *(_row(each) for each in summary["heads"])]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]


def fork_lines(summary: Mapping[str, Any]) -> list[str]:
    """What came out, sentence by sentence; the last one says what to do."""
    heads = [each for each in summary["heads"] if "ci95" in each["success"]]
    fail = [each["head"] for each in heads if _score(each).high < _FAILS]
    pass_ = [each["head"] for each in heads if _score(each).low > _SUCCEEDS]
    lines = [_verdict(fail, pass_)] if heads else [_ONE_POLICY]
    averaged = [
        f"{each['head']} in {percents(_percent(each['mode_averaging']))}"
        for each in summary["heads"]
        if "mode_averaging" in each
    ]
    if averaged:
        modes = next(
            each["mode_averaging"]
            for each in summary["heads"]
            if "mode_averaging" in each
        )
        lines.append(
            f"The experts do two different things in {percents(_share(modes))} of"
            " the demonstrated states. Policies do what nobody did there, between the"
            f" two: {', '.join(averaged)} of the states."
        )
    lines.append(
        "To do where a policy goes where nobody went: a head that can choose, such as"
        " novice bc TASK --head mixture."
    )
    return lines


def _verdict(fail: Sequence[str], pass_: Sequence[str]) -> str:
    """Who gets past and who does not, as far as intervals tell."""
    crash = f"{_listed(fail)} hardly ever {'gets' if len(fail) == 1 else 'get'} past"
    past = f"{_listed(pass_)} {'gets' if len(pass_) == 1 else 'get'} past"
    told = "; ".join([crash] * bool(fail) + [past] * bool(pass_))
    if fail and pass_ and set(fail) <= _TAKE_THE_MEAN:
        return f"The mean of two right answers is a crash: {told}."
    if told:
        return f"With the same demonstrations, {told}."
    return (
        "No head gets past in over 95 % of the episodes, and none in under 10 %, so far"
        " as these policies can tell."
    )


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _row(each: Mapping[str, Any]) -> list[str]:
    """A head's numbers; what nobody knows is a dash."""
    left, modes = each.get("left"), each.get("mode_averaging")
    return [
        each["head"],
        percents(_score(each)),
        "–" if left is None else f"{100 * left:.0f} %",
        "–" if modes is None else percents(_percent(modes)),
    ]


def _score(each: Mapping[str, Any]) -> Score:
    return _percent(each["success"])


def _share(modes: Mapping[str, Any]) -> Score:
    return _percent(modes["disagree"])


def _percent(found: Mapping[str, Any]) -> Score:
    """A share in percent; one policy alone has no interval but itself."""
    low, high = found.get("ci95", (found["mean"], found["mean"]))
    return Score(mean=100 * found["mean"], low=100 * low, high=100 * high)


def _numbers(summary: Mapping[str, Any]) -> Html:
    rows = [
        [
            "expert",
            f"{100 * summary['expert']['success']:.0f} %",
            f"{100 * summary['expert']['left']:.0f} %",
            "",
            "",
        ]
    ]
    for each in summary["heads"]:
        name, past, left, between = _row(each)
        modes = each.get("mode_averaging")
        far = "–" if modes is None else percents(_percent(modes["far"]))
        rows.append([name, past, left, between, far])
    names = ["get past", "of them left", "between", "far"]
    return section(
        "How many get past",
        table(["", *names], rows),
        note=(
            f"Each of {summary['seeds']} policies a head in the same"
            f" {whole(summary['episodes'])} fresh episodes; 95 % intervals over the"
            " policies (Student), at least as wide as so many episodes leave it open."
            " Between: of the demonstrated states, those in which the policy does what"
            " nobody did, in the gap between two things that were done. Far: nobody did"
            " anything like it, as is so for 1 % of the demonstrated actions. Who takes"
            " the likeliest action may take nearly always the same side. A dash: not"
            " known, for policies that look back or decide several actions at once, or"
            " because nobody got past."
        ),
    )


def _driven(summary: Mapping[str, Any], ways: Ways) -> Html:
    """The ways that everybody took, a drawing each."""
    told = {"expert": "either side, by a coin"}
    for each in summary["heads"]:
        told[each["head"]] = f"{percents(_score(each))} get past"
    return section(
        "Where they drive",
        tag(
            "div",
            (
                tag(
                    "figure",
                    tag("figcaption", tag("b", name), " ", told[name]),
                    _drawing(ways[name], name),
                )
                for name in told
                if name in ways
            ),
            class_="multiples",
        ),
        note=(
            "From left to right, towards the gate. A point marks where somebody hit"
            f" the obstacle or left the road. The expert{_APOSTROPHE}s coin shows in"
            " nothing that a policy sees at the start: both sides are right there, and"
            " what lies between them is the obstacle."
        ),
    )


def _drawing(ways: Sequence[Sequence[Sequence[float]]], name: str) -> Html:
    """The road from above, and the ways that were taken."""
    length, half = GOAL_AT * _METER, ROAD_HALF_WIDTH * _METER
    size = f"0 0 {length + 3 * _AROUND:g} {2 * (half + _AROUND):g}"
    gate = _at(GOAL_AT, GOAL_HALF_WIDTH), _at(GOAL_AT, -GOAL_HALF_WIDTH)
    x, y = _at(OBSTACLE_AT, 0.0)
    ends = [_at(*way[-1]) for way in ways if _failed(way)]
    return tag(
        "svg",
        tag(
            "rect",
            x=_AROUND / 2,
            y=_AROUND / 2,
            width=f"{length + 2 * _AROUND:g}",
            height=f"{2 * half + _AROUND:g}",
            rx=4,
            style="fill:var(--shade)",
        ),
        tag(
            "circle",
            cx=x,
            cy=y,
            r=OBSTACLE_RADIUS * _METER,
            style="fill:var(--muted);fill-opacity:.35",
        ),
        tag(
            "path",
            d=_path(gate),
            style="fill:none;stroke:var(--expert);stroke-width:4;stroke-linecap:round",
        ),
        tag(
            "path",
            d=" ".join(_path([_at(*place) for place in way]) for way in ways),
            style=(
                "fill:none;stroke:var(--policy);stroke-width:1;stroke-opacity:.55;"
                "stroke-linejoin:round"
            ),
        ),
        (tag("circle", cx=x, cy=y, r=2, style="fill:var(--random)") for x, y in ends),
        viewBox=size,
        class_="figure",
        role="img",
        aria_label=f"{name}: {len(ways) - len(ends)} of {len(ways)} ways lead past",
    )


def _at(along: float, left: float) -> tuple[float, float]:
    """A place on the road in the drawing."""
    x = round(along * _METER + _AROUND, 1)
    return x, round((ROAD_HALF_WIDTH - left) * _METER + _AROUND, 1)


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in places)


def _failed(way: Sequence[Sequence[float]]) -> bool:
    along, left = way[-1]
    return along < GOAL_AT or abs(left) > GOAL_HALF_WIDTH


def _advice() -> Html:
    """What to do where there is more than one way."""
    choose = joined(
        "Give the policy a head that can choose. ",
        tag("code", "novice bc TASK --head mixture"),
        " knows up to eight ways of acting in a state; ",
        tag("code", "--head discretized"),
        " and ",
        tag("code", "--head flow"),
        " any number of them. Each takes one of the ways; squared error and a Gaussian"
        " take the mean of all.",
    )
    commit = joined(
        "Where what is seen does not soon tell which way was chosen, a policy that"
        " chooses anew at every step may dither between them: ",
        tag("code", "--chunk 8"),
        " decides several actions at once, ",
        tag("code", "--history 4"),
        " sees what was done before.",
    )
    know = joined(
        "Whether your own data have several ways: ",
        tag("code", "novice bc"),
        " reports in how many states two different things were done, and in how many"
        " the policy does neither.",
    )
    return section("What to do", paragraphs(choose, commit, know))
