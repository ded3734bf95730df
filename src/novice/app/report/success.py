"""Tell how often a run's episodes succeed, where its task speaks of success."""

from collections.abc import Mapping

from novice.app.report.course import progress
from novice.app.report.facts import Facts
from novice.app.report.figures import Curve, Level, learning_curve
from novice.app.report.markup import Html
from novice.app.report.numbers import bounds, mean, percents, whole
from novice.app.report.parts import Card, section
from novice.app.report.svg import EXPERT, RANDOM
from novice.app.report.teacher import marked, yardstick, yardstick_mark

_MEANING = "An episode succeeded if the task said so in any of its steps."


def success_section(run: Facts) -> Html | None:
    """How the rate changed over the rounds, if there were several."""
    rounds = [facts for facts in run.rounds if facts.success is not None]
    if len(rounds) < 2:
        return None
    scores = [facts.success for facts in rounds if facts.success is not None]
    numbers = [facts.number for facts in rounds]
    at_name, at = progress(run, rounds)
    chosen = run.paid and run.best_round in numbers
    curve = Curve(
        at=at,
        at_name=at_name,
        scores=scores,
        score_name="episodes that succeeded, %",
        chosen=numbers.index(run.best_round or 0) if chosen else None,
    )
    told = f"from {percents(scores[0])} to {percents(scores[-1])}"
    levels = _levels(run)
    return section(
        "How often it succeeded",
        learning_curve(
            curve,
            list(levels.values()),
            name="success",
            description=f"Episodes that succeeded over {at_name}: {told}",
        ),
        note=marked(run, _note(levels, episodes=scores[0].episodes)),
    )


def _levels(run: Facts) -> Mapping[str, Level]:
    """Who else's rate is known, by who they are."""
    return {
        who: Level(name=name, color=color, score=run.success[who])
        for who, name, color in (
            ("expert", yardstick_mark(run), EXPERT),
            ("random", "random", RANDOM),
        )
        if who in run.success
    }


def _note(levels: Mapping[str, Level], *, episodes: int | None) -> str:
    many = "" if episodes is None else f"{whole(episodes)} "
    told = f"After each round, on {many}validation episodes, with 95 % intervals."
    if levels:
        names = " and ".join(level.name for level in levels.values())
        told += f" Dashed: {names} on the final episodes."
    return f"{told} {_MEANING}"


def success_remark(run: Facts) -> str | None:
    """The policy's rate beside everybody else's, in a sentence."""
    final = run.success.get("final")
    if final is None:
        return None
    others = [
        f"{name} in {percents(run.success[who])}"
        for who, name in (
            ("last", "the last round\N{RIGHT SINGLE QUOTATION MARK}s policy"),
            ("expert", yardstick(run)),
            ("random", "chance"),
        )
        if who in run.success and not (who == "last" and _is_last(run))
    ]
    many = "" if final.episodes is None else f"{whole(final.episodes)} "
    told = ", ".join([f"{percents(final)} of its {many}final episodes", *others])
    return f"It succeeds in {told}. {_MEANING}"


def _is_last(run: Facts) -> bool:
    """Whether the policy is the last round's."""
    return not run.rounds or run.best_round == run.rounds[-1].number


def success_card(run: Facts) -> Card | None:
    """The policy's rate as a key number."""
    final = run.success.get("final")
    if final is None:
        return None
    low, high = bounds(final)
    value = f"{mean(final)}\N{NO-BREAK SPACE}%"
    return Card(value=value, name="of episodes succeed", addition=f"{low} to {high}")
