"""Tell what `novice lab compounding TASK` measured: in lines, and as a page."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from novice.app.report.compounding import COLORS, TOLD, advice, score
from novice.app.report.lab import Line, chart, lab_page
from novice.app.report.markup import Child, Html
from novice.app.report.numbers import about, interval, whole
from novice.app.report.parts import definitions, section, table, with_interval


def task_page(settings: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    """The page about policies trained on a task."""
    lines = task_lines(summary)
    return lab_page(
        "compounding",
        about=[
            summary["env"],
            f"{whole(summary['labels'])} labels each",
            f"{summary['seeds']} policies each",
            f"seed {summary['seed']}",
        ],
        title=f"{summary['env']} · compounding",
        headline=lines[0],
        remarks=lines[1:],
        sections=[
            _lost(summary),
            _apart(summary),
            _everybody(summary),
            advice(summary["env"]),
        ],
        settings=settings,
    )


def task_lines(summary: Mapping[str, Any]) -> list[str]:
    """What the policies cost, sentence by sentence; the first one compares them."""
    lines = []
    for way in summary["ways"]:
        returned = sum(way["returns"]) / len(way["returns"])
        lines.append(
            f"{way['name']:<9} returns {about(returned)} and loses"
            f" {interval(score(way['cost']))} to the expert; disagreement"
            f" {interval(score(way['disagreement']))}"
        )
    lines.insert(0, _compared(summary))
    lines.append(_later(summary))
    return lines


def _compared(summary: Mapping[str, Any]) -> str:
    """Which ways lose less than plain copying, where the seeds can tell."""
    better = [
        way["name"] for way in summary["ways"] if way["less_than_bc"]["ci95"][0] > 0
    ]
    worse = [
        way["name"] for way in summary["ways"] if way["less_than_bc"]["ci95"][1] < 0
    ]
    labels = f"at {whole(summary['labels'])} labels each"
    if better:
        told = " and ".join(better)
        verb = "lose" if len(better) > 1 else "loses"
        more = f", and bc less than {' and '.join(worse)}," if worse else ""
        return f"On {summary['env']}, {told} {verb} less than bc{more} {labels}."
    if worse:
        return (
            f"On {summary['env']}, bc loses less than {' and '.join(worse)} {labels}."
        )
    return (
        f"On {summary['env']}, {summary['seeds']} policies each do not tell bc,"
        f" bc-noise and dagger apart {labels}."
    )


def _later(summary: Mapping[str, Any]) -> str:
    """How the clone's distance from the expert changes from the first to the last."""
    told = []
    for way in summary["ways"]:
        course = _mean_course(way["disagreement_by_time"])
        known = [value for value in course if not math.isnan(value)]
        third = max(1, len(known) // 3)
        early = sum(known[:third]) / third
        late = sum(known[-third:]) / third
        told.append(f"{way['name']} {early:.2g} to {late:.2g}")
    return (
        "Disagreement with the expert, from the first third of the time to the last:"
        f" {', '.join(told)}."
    )


def _lost(summary: Mapping[str, Any]) -> Html:
    lines = [
        _course(way, [each for each in way["lost_so_far"]], summary["ends"])
        for way in summary["ways"]
    ]
    told = "; ".join(
        f"{line.name} {about(line.values[-1])} at the end" for line in lines
    )
    return section(
        "Reward lost by then",
        chart(
            lines,
            name="lost",
            description=f"Reward lost against the expert, over steps: {told}",
            at_name="step of the episode",
            value_name="reward lost since the start",
        ),
        note=(
            "What the expert has got by each step minus what the policies have, on the"
            f" same {summary['expert']['return']['episodes']} fresh episodes; who is"
            " over gets nothing more. Lines are means over the policies, bands reach"
            " from the best to the worst. A line that bends upwards loses more and"
            " more a step: errors compound. One that is straight loses evenly. No"
            " exponent is claimed: on a task of your own nobody fixes the rate of"
            " errors."
        ),
    )


def _apart(summary: Mapping[str, Any]) -> Html:
    lines = [
        _course(way, way["disagreement_by_time"], summary["ends"])
        for way in summary["ways"]
    ]
    return section(
        "How far from the expert",
        chart(
            lines,
            name="apart",
            description="Distance between policy and expert, over steps",
            at_name="step of the episode",
            value_name="disagreement with the expert",
            from_zero=True,
        ),
        note=(
            "In the states where each policy itself is: the mean distance from the"
            " expert's action in half-ranges, or the share of actions that differ where"
            " they are choices. If it rises with time, the policy gets to where it was"
            " taught less. Only episodes that still go on are counted."
        ),
    )


def _course(
    way: Mapping[str, Any], each: Sequence[Sequence[float | None]], ends: Sequence[int]
) -> Line:
    """The mean over policies by time, and between which ones it lies."""
    known = [
        (end, values)
        for end, column in zip(ends, zip(*each, strict=True), strict=True)
        if (values := [value for value in column if value is not None])
    ]
    return Line(
        name=way["name"],
        color=COLORS[way["name"]],
        at=[end for end, _ in known],
        values=[sum(values) / len(values) for _, values in known],
        low=[min(values) for _, values in known],
        high=[max(values) for _, values in known],
    )


def _mean_course(each: Sequence[Sequence[float | None]]) -> list[float]:
    """The mean over policies in each stretch; NaN where none was left."""
    return [
        sum(values) / len(values)
        if (values := [value for value in column if value is not None])
        else math.nan
        for column in zip(*each, strict=True)
    ]


def _everybody(summary: Mapping[str, Any]) -> Html:
    rows: list[Sequence[Child]] = [
        [
            way["name"],
            ", ".join(about(value) for value in way["returns"]),
            with_interval(score(way["cost"])),
            with_interval(
                score(way["less_than_bc"]),
            )
            if way["name"] != "bc"
            else None,
            with_interval(score(way["disagreement"])),
            f"{100 * way['going_on'][-1]:.0f} %",
        ]
        for way in summary["ways"]
    ]
    returned = summary["expert"]["return"]["mean"]
    return section(
        "Everybody",
        table(
            [
                "",
                "returns",
                "lost to the expert",
                "less than bc",
                "disagreement",
                "to the end",
            ],
            rows,
        ),
        definitions({way["name"]: TOLD[way["name"]] for way in summary["ways"]}),
        note=(
            f"The expert ({summary['expert']['name']}) returns {about(returned)},"
            f" chance {about(summary['random']['return']['mean'])}. To the end: the"
            " episodes that still go on in the last step that anybody made. Intervals"
            " are over the policies (Student's t), not over episodes: of few policies"
            " they are wide."
            f" The shaken hand shakes by {summary['noise']:g}."
        ),
    )
