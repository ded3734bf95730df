"""Tabulate a run's rounds."""

from collections.abc import Mapping

from novice.app.report.facts import Facts, RoundFacts, Score
from novice.app.report.markup import Child, Html, tag
from novice.app.report.numbers import duration, rounded, share, whole
from novice.app.report.parts import section, table, with_interval
from novice.app.report.teacher import giver, marked, yardstick

_MOST_ROWS = 12  # A longer table is folded away.


def rounds_section(run: Facts) -> Html | None:
    """Every round in numbers; what no round knows has no column."""
    if not run.rounds:
        return None
    cells = [_cells(facts, taught=run.teacher is not None) for facts in run.rounds]
    names = [name for name in cells[0] if any(row[name] is not None for row in cells)]
    chosen = _chosen(run)
    shown = table(
        names, [[row[name] for name in names] for row in cells], marked=chosen
    )
    if len(cells) > _MOST_ROWS:
        shown = tag("details", tag("summary", f"All {len(cells)} rounds"), shown)
    return section("Rounds", shown, note=marked(run, _note(run, chosen)))


def _note(run: Facts, chosen: int | None) -> str | None:
    """Which row is lifted out, and what the columns mean where people taught."""
    told = [] if chosen is None else [f"Round {run.best_round} was chosen."]
    if run.teacher is not None and any(facts.human_seconds for facts in run.rounds):
        told.append(f"Time: {giver(run)}'s, so far.")
    if any(facts.corrected for facts in run.rounds):
        told.append(
            "Corrected: the share of a round's answers that differed from what the"
            " policy before it had done."
        )
    if any(facts.driven for facts in run.rounds):
        told.append(
            "Driven: the person's share of an episode's steps, since the round before."
        )
    if run.teacher is not None and any(facts.disagreement for facts in run.rounds):
        told.append(f"Disagreement: with {yardstick(run)}.")
    if any(facts.audit for facts in run.rounds):
        told.append(
            "Blind check: how far the policy before was from the answers, by a random"
            " slice of all that it visited."
        )
    return " ".join(told) or None


def _chosen(run: Facts) -> int | None:
    """The place of the chosen round, if there was a choice and returns to go by."""
    numbers = [facts.number for facts in run.rounds]
    if len(numbers) < 2 or not run.paid or run.best_round not in numbers:
        return None
    return numbers.index(run.best_round)


def _cells(facts: RoundFacts, *, taught: bool) -> Mapping[str, Child]:
    """What is known about a round, by column; `None` where nothing is."""
    spent = facts.human_seconds
    return {
        "round": facts.number,
        "labels": None if facts.labels is None else whole(facts.labels),
        "time" if taught else "a person's time": None
        if spent is None
        else duration(spent),
        "corrected, %": (
            None if facts.corrected is None else with_interval(facts.corrected)
        ),
        "driven, %": None if facts.driven is None else with_interval(facts.driven),
        "steps": None if facts.env_steps is None else whole(facts.env_steps),
        "return": None if facts.score is None else with_interval(facts.score),
        "IQM": None if facts.score is None else _iqm(facts.score),
        "success, %": (None if facts.success is None else with_interval(facts.success)),
        "normalized": None if facts.normalized is None else share(facts.normalized),
        "disagreement": (
            None if facts.disagreement is None else with_interval(facts.disagreement)
        ),
        "blind check": None if facts.audit is None else with_interval(facts.audit),
    }


def _iqm(score: Score) -> str | None:
    if score.iqm is None:
        return None
    return rounded(score.iqm, width=score.high - score.low)
