"""Show how a run went: its learning curve, and what else was measured on the way."""

import itertools
from collections.abc import Mapping, Sequence

from novice.app.report.contents import RunContents
from novice.app.report.facts import Facts, RoundFacts
from novice.app.report.figures import Curve, Level, learning_curve, small_line
from novice.app.report.markup import Html, tag
from novice.app.report.numbers import about, interval, whole
from novice.app.report.parts import section
from novice.app.report.series import Series, series_of
from novice.app.report.svg import EXPERT, RANDOM

# What a measured quantity is, where its name alone does not say it.
_MEANINGS = {
    "entropy": "how undecided the policy still is",
    "expert_disagreement": "how far its actions are from the expert's",
    "loss": "what the fit makes small",
    "training_return": "return while practicing, exploring",
    "value_loss": "how far the learned value is off",
}


def curve_section(run: Facts) -> Html | None:
    """How the score changed over the rounds, if there were several."""
    curve = _curve(run)
    if curve is None:
        return None
    levels = [
        Level(name=name, color=color, score=score)
        for name, color, score in (
            ("expert", EXPERT, run.expert),
            ("random", RANDOM, run.random),
        )
        if score is not None and run.paid
    ]
    first, last = curve.scores[0], curve.scores[-1]
    description = (
        f"{curve.score_name} over {curve.at_name}: from {interval(first)} to"
        f" {interval(last)}"
    )
    return section(
        "How it learned",
        learning_curve(curve, levels, description=description),
        note=_how_to_read(curve, levels),
    )


def _how_to_read(curve: Curve, levels: Sequence[Level]) -> str:
    counts = {score.episodes for score in curve.scores}
    count = counts.pop() if len(counts) == 1 else None
    many = "" if count is None else f"{whole(count)} "
    told = f"After each round, on {many}validation episodes, with 95 % intervals."
    if levels:
        names = " and ".join(level.name for level in levels)
        told += f" Dashed: {names} on the final episodes."
    return told


def _curve(run: Facts) -> Curve | None:
    """Returns over the rounds; without rewards, the disagreement with the expert."""
    scored = [
        (facts, score)
        for facts in run.rounds
        if (score := facts.score if run.paid else facts.disagreement) is not None
    ]
    if len(scored) < 2:
        return None
    name, at = _progress([facts for facts, _ in scored])
    numbers = [facts.number for facts, _ in scored]
    marked = run.paid and run.best_round in numbers
    return Curve(
        at=at,
        at_name=name,
        scores=[score for _, score in scored],
        score_name="mean return" if run.paid else "disagreement with the expert",
        chosen=numbers.index(run.best_round or 0) if marked else None,
    )


def _progress(rounds: Sequence[RoundFacts]) -> tuple[str, list[float]]:
    """What was spent by the end of each round: labels, else steps, else rounds."""
    for name, spent in (
        ("labels", [facts.labels for facts in rounds]),
        ("steps in the task", [facts.env_steps for facts in rounds]),
    ):
        known = [float(count) for count in spent if count is not None]
        rising = all(low < high for low, high in itertools.pairwise(known))
        if len(known) == len(rounds) and rising:
            return name, known
    return "round", [float(facts.number) for facts in rounds]


def diagnostics_section(contents: RunContents, run: Facts) -> Html | None:
    """What else was measured on the way, each quantity in a small drawing."""
    found = [*series_of(contents.metrics), *_disagreement(run)]
    if not found:
        return None
    moving = [series for series in found if series.moved]
    still = {
        series.name: about(series.values[-1]) for series in found if not series.moved
    }
    drawn = (_small(series, number) for number, series in enumerate(moving))
    return section(
        "Along the way",
        tag("div", drawn, class_="multiples") if moving else None,
        tag("p", f"{_listed(still)}.", class_="note") if still else None,
        note="What was measured in each round." if moving else None,
    )


def _disagreement(run: Facts) -> list[Series]:
    """The disagreement with the expert, where it is not the learning curve itself."""
    if not run.paid or len(run.rounds) < 2:
        return []
    return series_of(
        [
            {"round": facts.number, "expert_disagreement": facts.disagreement.mean}
            for facts in run.rounds
            if facts.disagreement is not None
        ]
    )


def _small(series: Series, number: int) -> Html:
    name = series.name.replace("_", " ")
    first, last = about(series.values[0]), about(series.values[-1])
    gaps = f"; {whole(series.gaps)} not finite, left out" if series.gaps else ""
    meaning = _MEANINGS.get(series.name, "")
    return tag(
        "figure",
        tag("figcaption", tag("b", name), " ", tag("span", meaning + gaps)),
        small_line(
            series.at,
            series.values,
            name=f"quantity {number}",
            description=f"{name}: from {first} to {last}",
        ),
    )


def _listed(values: Mapping[str, str]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in values.items()
    )
