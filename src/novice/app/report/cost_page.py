"""Make the page about what a simulated person's time brings."""

from collections.abc import Mapping, Sequence
from typing import Any

from novice.app.report.cost import (
    cost_head,
    cost_lines,
    cost_row,
    ends,
    policies,
    score,
    seconds_a_step,
    seconds_an_answer,
    typed,
)
from novice.app.report.lab import Line, chart, lab_page, paragraphs
from novice.app.report.markup import Html, joined, tag
from novice.app.report.numbers import about, interval, share, whole
from novice.app.report.parts import definitions, section, table
from novice.app.report.svg import EXPERT, MUTED, OTHER, POLICY

# Intervals of few seeds may reach far; so much of them is drawn.
WITHIN = (-0.25, 1.5)
AXES = {
    "minutes": "minutes of a simulated person's time",
    "labels": "labels given by a simulated person (logarithmic)",
}
COLORS = {"demonstrations": OTHER, "relabeling": POLICY, "take-over": EXPERT}
# What the person does in each way.
TOLD = {
    "demonstrations": "plays whole episodes, and the policy copies them (BC)",
    "relabeling": (
        "says what was right in states that the policy visited, chosen by chance"
        " (DAgger)"
    ),
    "take-over": (
        "watches the policy, and drives while it goes wrong (HG-DAgger); watching"
        " takes their time as well"
    ),
}


def cost_page(settings: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    """The page about what a simulated person's time brings."""
    lines = cost_lines(summary)
    return lab_page(
        "cost",
        about=[
            summary["env"],
            "a simulated person",
            f"{policies(summary)} each",
            f"seed {summary['seed']}",
        ],
        title=f"{summary['env']} · cost",
        headline=lines[0],
        remarks=lines[1:],
        sections=[
            _courses(summary, "minutes"),
            _courses(summary, "labels"),
            _prices(summary),
            _person(summary),
            _advice(summary),
        ],
        settings=settings,
    )


def _courses(summary: Mapping[str, Any], what: str) -> Html:
    """The return of every way over minutes, or over labels."""
    lines = [_course(way, what) for way in summary["ways"]]
    edges = [at for line in lines for at in (line.at[0], line.at[-1])]
    goal = Line(
        name=f"{summary['needed']:g}, what counts as learned",
        color=MUTED,
        at=[min(edges), max(edges)],
        values=[summary["needed"]] * 2,
        dashed=True,
    )
    notes = {
        "minutes": (
            "Minutes of a simulated person's time that had gone into a policy when it"
            " was tried. Demonstrating and watching take as long as the episodes do;"
            " an answer takes the look at the clip and the time to think."
        ),
        "labels": (
            "The same policies over the labels that they had learned from: steps that"
            " the simulated person drove, or questions that they answered. A label at"
            f" the controls costs {_seconds_a_label(summary)}."
        ),
    }
    lines_are = (
        f"means over {policies(summary)}, bands their 95 % intervals (Student's t), cut"
        " at the picture's edge where they reach beyond it"
        if summary["seeds"] > 1
        else "one policy each"
    )
    return section(
        f"Return over {what} (simulated)",
        chart(
            [*lines, goal],
            name=f"cost {what}",
            description=(
                f"Normalized return over a simulated person's {what}: {ends(summary)}"
                " in the end"
            ),
            at_name=AXES[what],
            value_name="normalized return (simulated person)",
            logarithmic_at=what == "labels",
            within=WITHIN,
        ),
        note=(
            f"{notes[what]} 0 is chance, 1 the expert, in the same"
            f" {summary['episodes']} episodes for all. Lines are {lines_are}."
        ),
    )


def _seconds_a_label(summary: Mapping[str, Any]) -> str:
    """How much time a label takes, at the controls and in answers."""
    person = summary["person"]
    return (
        f"{seconds_a_step(person):.2g} s (without what they watch), an answer"
        f" {seconds_an_answer(person):.2g} s"
    )


def _course(way: Mapping[str, Any], what: str) -> Line:
    course = way["course"]
    bounds: Mapping[str, Sequence[float]] = {}
    if all("ci95" in each["normalized"] for each in course):
        low, high = zip(*(each["normalized"]["ci95"] for each in course), strict=True)
        bounds = {"low": low, "high": high}
    return Line(
        name=f"{way['name']} (simulated)",
        color=COLORS[way["name"]],
        at=[each[what] for each in course],
        values=[each["normalized"]["mean"] for each in course],
        low=bounds.get("low"),
        high=bounds.get("high"),
    )


def _prices(summary: Mapping[str, Any]) -> Html:
    rows = [cost_row(way, summary) for way in summary["ways"]]
    best = summary["cheapest"] or {"more": {}}
    more = [
        f"{name} takes {interval(score(each), signed=True)} minutes more than"
        f" {best['name']}"
        for name, each in best["more"].items()
    ]
    return section(
        f"What {summary['needed']:g} costs a simulated person",
        table(cost_head(summary), rows),
        note=(
            "A policy has learned it at the first of two evaluations in a row that"
            f" reach {summary['needed']:g}; a dash: not every seed did within"
            f" {summary['minutes']:g} minutes. Policies were tried"
            f" {summary['rounds']} times in these minutes, so it is not known more"
            " finely. Intervals are over the seeds (Student's t), 95 %."
            + (f" Seed by seed, {'; '.join(more)}." if more else "")
            + (
                " Who did not learn it is counted as if they had at the end, so this"
                " is the least that it can be."
                if any(way["learned"] < summary["seeds"] for way in summary["ways"])
                and more
                else ""
            )
        ),
    )


def _person(summary: Mapping[str, Any]) -> Html:
    """Everything that the simulated person is."""
    person = summary["person"]
    paired = (
        "with what they had seen a delay before, as --lag does with a recording"
        if person["compensated"]
        else "with what was there when they acted, a delay after they saw it"
    )
    rate = "turns" if person["by_turns"] else "steps"
    found = {
        "knows": person["knows"],
        "lapses": (
            f"{100 * person['lapses']:g} % of the answers, or of the time at the"
            " controls (0.25 s at a time), are anything at all"
        ),
        "unsure": (
            f"{100 * person['unsure']:g} % of the questions, or of the troubles, are"
            " passed over"
        ),
        "answers": (
            f"after a clip of {person['clip']:g} s, in {person['reaction']:g} s on"
            " average (log-normal)"
        ),
        "at the controls": (
            f"acts, takes over and hands back {person['delay']:g} s after seeing why;"
            f" {person['steps_a_second']:g} {rate} a second, at {person['speed']:g}"
            " times that speed"
        ),
        "what they did counts": paired,
        "takes over": (
            "when the policy has done something else for most of 0.3 s of the task;"
            " hands back after 1 s at least"
        ),
        "driving alone": (
            f"returns {about(person['return']['mean'])}, normalized"
            f" {share(person['normalized'])}"
        ),
    }
    if person["real_actions"]:
        found["tremor"] = f"{person['tremor']:g} half-ranges of each real action"
    return section(
        "Who taught: a simulated person",
        definitions(found),
        note=(
            f"{person['knows']} returns"
            f" {about(summary['expert']['return']['mean'])}, chance"
            f" {about(summary['random']['return']['mean'])}. A simulated person does"
            " not tire, look ahead, or learn the task, and nobody waited: their time"
            " is counted, not spent."
        ),
    )


def _advice(summary: Mapping[str, Any]) -> Html:
    ways = (
        joined(
            tag("b", name),
            f": a person {what}. ",
            tag("code", typed(name, summary["env"])),
        )
        for name, what in TOLD.items()
    )
    return section(
        "The ways, and what to type with a real person",
        paragraphs(*ways),
        note=(
            "In every way the policy was fitted anew after each round to all labels so"
            f" far, {summary['fit']['passes']} times over"
            f" ({whole(summary['fit']['least_steps'])} gradient steps at least). To"
            f" come near that: {fitted_alike(summary['fit'])}. Long fits learn a"
            " person's lapses by heart, the more so the fewer labels there are; at"
            " take-over they last for many steps on end, and there it costs most."
        ),
    )


def fitted_alike(fit: Mapping[str, Any]) -> str:
    """The flags with which people's policies are fitted much as they were here.

    A round of novice dagger that starts anew takes the steps of all rounds before it,
    too, so each adds what its own labels are worth. As its first round has the least
    steps, later ones have up to twice as many as here.
    """
    each = fit["passes"] / fit["batch_size"]
    return (
        f"for 4,000 labels --steps {round(4000 * each)} with novice bc; --refit scratch"
        f" --first-steps {fit['least_steps']} --steps {max(1, round(50 * each))}"
        " --labels-per-round 50 with novice dagger"
    )
