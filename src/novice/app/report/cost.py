"""Tell what `novice lab cost` measured, in lines; everybody in it is simulated."""

from collections.abc import Mapping
from typing import Any

from novice.app.report.facts import Score
from novice.app.report.numbers import interval, percent, share, whole

_ONE_POLICY = (
    "To do: --seeds 5; one policy a way says nothing about others taught likewise."
)


def typed(way: str, task: str) -> str:
    """What to type to teach in this way."""
    commands = {
        "demonstrations": (
            f"novice play {task} --out DEMOS, then novice bc {task} --data DEMOS"
        ),
        "relabeling": f"novice dagger {task} --expert human",
        "take-over": f"novice dagger {task} --expert human --by takeover",
    }
    return commands[way]


def cost_lines(summary: Mapping[str, Any]) -> list[str]:
    """What it costs, sentence by sentence: the claim, what to do, and who taught."""
    return [
        _claim(summary),
        *_labels_line(summary),
        _to_do(summary),
        _who(summary),
    ]


def cost_table(summary: Mapping[str, Any]) -> list[str]:
    """The ways side by side, for a terminal."""
    rows = [cost_head(summary), *(cost_row(way, summary) for way in summary["ways"])]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(
            f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _claim(summary: Mapping[str, Any]) -> str:
    """Which way is cheapest, as far as the seeds tell."""
    needed, best = f"{summary['needed']:g} normalized", summary["cheapest"]
    where = f"on {summary['env']}"
    if best is None:
        return (
            f"Within {summary['minutes']:g} simulated minutes, no way of teaching"
            f" brings {policies(summary)} to {needed} {where}; in the end"
            f" {ends(summary)}."
        )
    way = _named(summary, best["name"])
    took = f"{_cost(way['minutes_needed'])} minutes of a simulated person's time"
    if summary["seeds"] < 2:
        return f"The first policy at {needed} {where} came by {way['name']}: {took}."
    if best["sure"]:
        return f"Cheapest to {needed} {where}: {way['name']}, in {took}."
    return (
        f"{way['name'].capitalize()} reaches {needed} {where} in {took}, and"
        f" {summary['seeds']} seeds do not tell it from"
        f" {' and '.join(best['rivals'])}."
    )


def _labels_line(summary: Mapping[str, Any]) -> list[str]:
    """How many labels the same takes, fewest first: time and labels may disagree."""
    known = [way for way in summary["ways"] if "mean" in way["labels_needed"]]
    if len(known) < 2:
        return []
    known.sort(key=lambda way: float(way["labels_needed"]["mean"]))
    each = ", ".join(f"{way['name']} {_cost(way['labels_needed'])}" for way in known)
    person = summary["person"]
    return [
        f"In simulated labels that is: {each}. An answer takes the person"
        f" {seconds_an_answer(person):.2g} s, a step at the controls"
        f" {seconds_a_step(person):.2g} s."
    ]


def seconds_an_answer(person: Mapping[str, Any]) -> float:
    """How long somebody takes for an answer, in the mean."""
    return float(person["clip"] + person["reaction"])


def seconds_a_step(person: Mapping[str, Any]) -> float:
    """How long a step takes whoever drives it."""
    return float(1 / (person["steps_a_second"] * person["speed"]))


def policies(summary: Mapping[str, Any]) -> str:
    """How many policies were taught in each way."""
    count = summary["seeds"]
    return f"{count} policies" if count > 1 else "one policy"


def ends(summary: Mapping[str, Any]) -> str:
    """Where every way ends."""
    return ", ".join(
        f"{way['name']} {scored(way['course'][-1]['normalized'])}"
        for way in summary["ways"]
    )


def _to_do(summary: Mapping[str, Any]) -> str:
    """What somebody with a task like this should type."""
    best, env = summary["cheapest"], summary["env"]
    if summary["seeds"] < 2:
        return _ONE_POLICY
    if best is None:
        return "To do: give more time (--minutes), or teach by a better --expert."
    if best["sure"]:
        return f"To do: {typed(best['name'], env)}."
    return (
        f"To do: whichever of these is pleasanter, such as {typed(best['name'], env)};"
        " more --seeds tell them apart."
    )


def _who(summary: Mapping[str, Any]) -> str:
    """Who taught: nobody real, and by which numbers."""
    person = summary["person"]
    tremor = (
        f", a tremor of {person['tremor']:g} half-ranges"
        if person["real_actions"]
        else ""
    )
    unsure = f", {percent(100 * person['unsure'])} unsure" if person["unsure"] else ""
    acts = (
        f"take {person['steps_a_second'] * person['speed']:g} turns a second"
        if person["by_turns"]
        else (
            f"act {person['delay']:g} s after they see, at {person['speed']:g} times"
            " the task's speed"
        )
    )
    return (
        f"The person is simulated: they know what {person['knows']} does, with"
        f" {percent(100 * person['lapses'])} lapses{tremor}{unsure}, look"
        f" {person['clip']:g} s and think {person['reaction']:g} s for an answer, and"
        f" at the controls {acts}; driving alone they reach"
        f" {share(person['normalized'])}. Other people, and other numbers, may turn the"
        " order round."
    )


def cost_head(summary: Mapping[str, Any]) -> list[str]:
    """The head of the table; its first cell says who taught."""
    needed = f"{summary['needed']:g}"
    return [
        "simulated person",
        f"reach {needed}",
        f"minutes to {needed}",
        f"labels to {needed}",
        "labels in all",
        "in the end",
    ]


def cost_row(way: Mapping[str, Any], summary: Mapping[str, Any]) -> list[str]:
    """A way's line of the table."""
    last = way["course"][-1]
    return [
        way["name"],
        f"{way['learned']} of {summary['seeds']}",
        _cost(way["minutes_needed"]),
        _cost(way["labels_needed"]),
        whole(last["labels"]),
        scored(last["normalized"]),
    ]


def _cost(price: Mapping[str, Any]) -> str:
    """A mean cost with its interval; a dash where a seed never got there."""
    if "mean" not in price:
        return "–"
    if "ci95" not in price:
        cost = price["mean"]
        return whole(cost) if cost >= 100 else f"{cost:.1f}"
    return interval(score(price))


def scored(found: Mapping[str, Any]) -> str:
    """A normalized return, with its interval where there is one."""
    return interval(score(found)) if "ci95" in found else share(found["mean"])


def score(found: Mapping[str, Any]) -> Score:
    """A mean and its interval, as a report writes them."""
    low, high = found["ci95"]
    return Score(mean=found["mean"], low=low, high=high)


def _named(summary: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(w for w in summary["ways"] if w["name"] == name)
    return found
