"""Show how a run went: its learning curve, and what else was measured on the way."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from novice.app.report.contents import RunContents
from novice.app.report.facts import Facts, RoundFacts, Score
from novice.app.report.figures import Curve, Level, learning_curve, small_line
from novice.app.report.markup import Html, tag
from novice.app.report.numbers import about, interval, whole
from novice.app.report.parts import section
from novice.app.report.series import Series, series_of
from novice.app.report.svg import EXPERT, RANDOM
from novice.app.report.teacher import (
    giver,
    marked,
    simulated,
    yardstick,
    yardstick_mark,
)

# Before anybody has taught anything.
_UNTAUGHT = RoundFacts(number=-1, labels=0, human_seconds=0.0, env_steps=0)
# What a measured quantity is, where its name alone does not say it.
_MEANINGS = {
    "context_switches": "stretches of an episode that were asked about",
    "corrected_answers": "percent that differed from what the policy had done",
    "driven_by_the_person": "percent of the steps in which a policy could have driven",
    "effective_episodes": "episodes of a batch that a step is really made of",
    "divergence": "nats by which a batch's steps moved the policy",
    "entropy": "how undecided the policy still is",
    "expert_disagreement": "how far its actions are from the expert's",
    "gradient_squared": "squared length of the gradient, without its noise",
    "gradient_variance": "squared length of one episode's noise in it",
    "halves_agree": "cosine of what the two halves of a batch ask for",
    "loss": "what the fit makes small",
    "training_return": "return while practicing, exploring",
    "value_loss": "how far the learned value is off",
    "yardstick_disagreement": "how far its actions are from the built-in controller's",
}


@dataclass(frozen=True, kw_only=True)
class Point:
    """How good a policy was, and the round whose spending it had cost by then."""

    by: RoundFacts
    score: Score


def curve_section(run: Facts) -> Html | None:
    """How the score changed over the rounds, if there were several.

    Where people taught it is drawn against their time, too.
    """
    points = _points(run)
    if len(points) < 2:
        return None
    levels = [
        Level(name=name, color=color, score=score)
        for name, color, score in (
            (yardstick_mark(run), EXPERT, run.expert),
            ("random", RANDOM, run.random),
        )
        if score is not None and run.paid
    ]
    first, last = interval(points[0].score), interval(points[-1].score)
    return section(
        "How it learned",
        (
            learning_curve(
                curve,
                levels,
                name=name,
                description=(
                    f"{curve.score_name} over {curve.at_name}: from {first} to {last}"
                ),
            )
            for name, curve in _curves(run, points).items()
        ),
        note=marked(run, _how_to_read(run, points, levels)),
    )


def _how_to_read(run: Facts, points: Sequence[Point], levels: Sequence[Level]) -> str:
    if _by_corrections(run):
        told = (
            "Each policy by the share of the next answers that differed from what it"
            " had done, with 95 % intervals."
        )
        by_chance = points[0].by == _UNTAUGHT
        return told + " Before the first answer, chance acts." * by_chance
    counts = {point.score.episodes for point in points}
    count = counts.pop() if len(counts) == 1 else None
    many = "" if count is None else f"{whole(count)} "
    told = f"After each round, on {many}validation episodes, with 95 % intervals."
    if levels:
        names = " and ".join(level.name for level in levels)
        told += f" Dashed: {names} on the final episodes."
        if run.teacher is not None and run.expert is not None:
            told += f" The yardstick is {yardstick(run)}."
    return told


def _by_corrections(run: Facts) -> bool:
    """Whether only people's corrections tell how good the policies are."""
    return not run.paid and any(facts.corrected for facts in run.rounds)


def _points(run: Facts) -> list[Point]:
    """Returns over the rounds; without rewards, what else tells a policy's quality."""
    if _by_corrections(run):
        return _corrected(run)
    return [
        Point(by=facts, score=score)
        for facts in run.rounds
        if (score := facts.score if run.paid else facts.disagreement) is not None
    ]


def _corrected(run: Facts) -> list[Point]:
    """Each policy as the answers of the round after it tell it.

    How much was brought along to the first round is not known; what acts in it then has
    no place.
    """
    brought = run.teacher is not None and run.teacher.brought_from is not None
    before = [None if brought else _UNTAUGHT, *run.rounds]
    return [
        Point(by=by, score=facts.corrected)
        for by, facts in zip(before, run.rounds, strict=False)
        if by is not None and facts.corrected is not None
    ]


def _curves(run: Facts, points: Sequence[Point]) -> Mapping[str, Curve]:
    """The points over each kind of spending, by the names of the figures."""
    rounds = [point.by for point in points]
    numbers = [facts.number for facts in rounds]
    chosen = run.paid and run.best_round in numbers
    ways = {"curve": progress(run, rounds)}
    minutes = _rising([_in_minutes(facts.human_seconds) for facts in rounds])
    if minutes:
        ways["time"] = (f"minutes of {giver(run)}'s time", minutes)
    return {
        figure: Curve(
            at=at,
            at_name=at_name,
            scores=[point.score for point in points],
            score_name=_score_name(run),
            chosen=numbers.index(run.best_round or 0) if chosen else None,
        )
        for figure, (at_name, at) in ways.items()
    }


def _score_name(run: Facts) -> str:
    if run.paid:
        return "mean return"
    if _by_corrections(run):
        return "answers that corrected it, %"
    return f"disagreement with {yardstick(run)}"


def progress(run: Facts, rounds: Sequence[RoundFacts]) -> tuple[str, list[float]]:
    """What was spent by the end of each round: labels, else steps, else rounds."""
    by = f" by {giver(run)}" if simulated(run) else ""
    for name, spent in (
        (f"labels{by}", [facts.labels for facts in rounds]),
        ("steps in the task", [facts.env_steps for facts in rounds]),
    ):
        known = _rising(spent)
        if known:
            return name, known
    return "round", [float(facts.number) for facts in rounds]


def _rising(spent: Sequence[int | float | None]) -> list[float]:
    """The numbers if all are known and each is more than the one before, or none."""
    known = [float(count) for count in spent if count is not None]
    rising = all(low < high for low, high in itertools.pairwise(known))
    return known if rising and len(known) == len(spent) else []


def _in_minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60


def diagnostics_section(contents: RunContents, run: Facts) -> Html | None:
    """What else was measured on the way, each quantity in a small drawing."""
    found = [*series_of(contents.metrics), *_judged(run)]
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
        note=marked(run, "What was measured in each round." if moving else None),
    )


def _judged(run: Facts) -> list[Series]:
    """What teacher and expert say to the policies, but for the learning curve."""
    if len(run.rounds) < 2:
        return []
    found = []
    if run.paid or _by_corrections(run):
        found += _series(
            f"{yardstick_mark(run)}_disagreement",
            {facts.number: facts.disagreement for facts in run.rounds},
        )
    if run.paid:
        found += _series(
            "corrected_answers", {facts.number: facts.corrected for facts in run.rounds}
        )
    found += _series(
        "driven_by_the_person", {facts.number: facts.driven for facts in run.rounds}
    )
    return found


def _series(name: str, scores: Mapping[int, Score | None]) -> list[Series]:
    """The means by round, where they are known."""
    return series_of(
        [
            {"round": number, name: score.mean}
            for number, score in scores.items()
            if score is not None
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
