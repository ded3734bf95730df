"""Lay out the report of one run: what it learned, and what that rests on."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from novice.app.report.closing import closing
from novice.app.report.contents import RunContents
from novice.app.report.course import curve_section, diagnostics_section
from novice.app.report.facts import Facts, Score
from novice.app.report.markup import Html, joined
from novice.app.report.modes import modes_section
from novice.app.report.numbers import bounds, duration, mean, share, whole
from novice.app.report.pairs import difference, share_of_the_way
from novice.app.report.parts import Card, Mark, cards, opening, replays, scale, section
from novice.app.report.returns import returns_section
from novice.app.report.rounds import rounds_section
from novice.app.report.shift import shift_section
from novice.app.report.success import success_card, success_section
from novice.app.report.teacher import (
    badge,
    giver,
    marked,
    simulated,
    time_of,
    yardstick,
    yardstick_mark,
)
from novice.app.report.trust import trust_section
from novice.app.report.words import headline, remarks

_REPLAYS = {
    "best": "Best episode",
    "median": "Median episode",
    "worst": "Worst episode",
}


def run_sections(contents: RunContents, run: Facts) -> Html:
    """The page of `bc`, `dagger`, `reinforce` or `evaluate`, from top to bottom."""
    way = _way(run)
    return joined(
        opening(
            f"novice {run.command}",
            run.env,
            None if run.seed is None else f"seed {run.seed}",
            badge(run),
            headline=headline(run, way),
            remarks=list(remarks(run, _against(run))),
        ),
        _on_scale(run),
        cards(_cards(run, way)),
        curve_section(run),
        success_section(run),
        returns_section(run) if run.paid else None,
        shift_section(contents, run),
        replays_section(contents, run),
        rounds_section(run),
        diagnostics_section(contents, run),
        trust_section(contents),
        modes_section(contents),
        closing(contents, run),
    )


def replays_section(contents: RunContents, run: Facts) -> Html | None:
    """Episodes to look at."""
    if not contents.replays:
        return None
    shown = list(contents.replays)
    if run.paid:
        names = [_REPLAYS.get(replay.label, replay.label) for replay in shown]
        note = "Of the final episodes, by return."
    else:  # Nothing says which episode went well.
        shown = [replace(replay, total_reward=None) for replay in shown]
        names = ["An episode"] * len(shown)
        note = "Of the final episodes."
    return section("What it looks like", replays(shown, names), note=marked(run, note))


def _way(run: Facts) -> Score | None:
    """How far from random to the expert, if the episodes are kept."""
    sides = [run.episodes.get(name) for name in ("final", "random", "expert")]
    known = [side for side in sides if side is not None]
    if len(known) < 3 or run.normalized is None:
        return None
    return share_of_the_way(*known)


def _against(run: Facts) -> Mapping[str, Score | None]:
    """Paired differences of the final policy with everybody who had the same seeds."""
    final = run.episodes.get("final")
    if final is None or not run.paid:
        return {"expert": run.minus_expert}
    pairs: dict[str, Score | None] = {
        name: difference(final, run.episodes[name])
        for name in ("expert", "random")
        if name in run.episodes
    }
    if "last" in run.episodes:
        pairs["last"] = difference(run.episodes["last"], final)
    return pairs


def _on_scale(run: Facts) -> Html | None:
    if run.final is None or run.random is None or run.expert is None:
        return None
    return scale(
        [Mark(name="policy", score=run.final)],
        random=run.random,
        expert=run.expert,
        expert_name=yardstick_mark(run),
    )


def _cards(run: Facts, way: Score | None) -> list[Card]:
    """The key numbers, as far as they are known."""
    by = f" by {giver(run)}" if simulated(run) else ""
    way_name = f"of the way to {yardstick(run)}"
    known = [
        _card("return", run.final),
        success_card(run),
        _card(way_name, way) if way else _plain(way_name, run.normalized, share),
        _card(_expert(run), run.expert),
        _card("random", run.random),
        _corrected(run),
        _plain(f"labels{by}", run.labels, whole),
        _plain("steps in the task", run.env_steps, whole),
        _plain(f"of {giver(run)}'s time", time_of(run), duration),
        _plain("from start to end", run.seconds.get("total"), duration),
    ]
    return [card for card in known if card is not None]


def _plain(
    name: str, value: int | float | None, written: Callable[[float], str]
) -> Card | None:
    return None if value is None else Card(value=written(value), name=name)


def _card(name: str, score: Score | None) -> Card | None:
    if score is None:
        return None
    low, high = bounds(score)
    return Card(value=mean(score), name=name, addition=f"{low} to {high}")


def _corrected(run: Facts) -> Card | None:
    """How often the policy before the last one had to be corrected."""
    known = [facts.corrected for facts in run.rounds if facts.corrected]
    if not known:
        return None
    low, high = bounds(known[-1])
    name = "of the last round's answers corrected the policy"
    value = f"{mean(known[-1])}\N{NO-BREAK SPACE}%"
    return Card(value=value, name=name, addition=f"{low} to {high}")


def _expert(run: Facts) -> str:
    name = yardstick_mark(run)
    return name if run.expert_name is None else f"{name}: {run.expert_name}"
