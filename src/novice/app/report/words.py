"""Say in plain sentences what a run learned, and how sure that is."""

from collections.abc import Iterator, Mapping, Sequence

from novice.app.report.facts import Ends, Facts, RoundFacts, Score
from novice.app.report.markup import Child, Html, joined
from novice.app.report.numbers import (
    about,
    interval,
    mean,
    percents,
    rounded,
    share,
    whole,
)
from novice.app.report.success import success_remark
from novice.app.report.teacher import effort, taught_by, teachers, yardstick


def headline(run: Facts, way: Score | None) -> Html:
    """What was learned, in one sentence; `way` is how far from random to the expert."""
    learned = _learned(run, way)
    if learned is None:
        end = "; nothing here says how good it is."
        return joined("A policy was trained", _effort(run), end)
    return joined(learned, _effort(run), ".")


def _learned(run: Facts, way: Score | None) -> str | None:
    """How good the policy is, by the best that tells it."""
    if way is not None or run.normalized is not None:
        reached = share(run.normalized or 0.0) if way is None else interval(way)
        return (
            f"The policy reaches {reached} of the way from random to {yardstick(run)}"
        )
    if run.final is not None:
        against = "" if run.random is None else f" (at random: {mean(run.random)})"
        return f"The policy scores {interval(run.final)} on average{against}"
    if "final" in run.success:
        succeeded = percents(run.success["final"])
        return f"The policy succeeds in {succeeded} of its episodes"
    corrected = [facts.corrected for facts in run.rounds if facts.corrected]
    if corrected:
        return _corrected(corrected)
    known = [facts.disagreement for facts in run.rounds if facts.disagreement]
    if known:
        return f"The policy disagrees with {yardstick(run)} by {interval(known[-1])}"
    return None


def _corrected(shares: Sequence[Score]) -> str:
    """How often the policy had to be corrected, in the end and at first."""
    told = f"The policy was corrected in {percents(shares[-1])} of the "
    if len(shares) == 1:
        return f"{told}answers"
    first = f"{mean(shares[0])}\N{NO-BREAK SPACE}%"
    return f"{told}last round's answers, after {first} in the first"


def remarks(run: Facts, against: Mapping[str, Score | None]) -> Iterator[Child]:
    """What an honest reader would ask next; `against` are paired differences.

    Their names: "expert" and "random" (the policy less these) and "last" (the last
    round less the policy).
    """
    if succeeds := success_remark(run):
        yield succeeds
    yield from _against_random(against.get("random"))
    yield from _against_expert(against.get("expert"), yardstick(run))
    yield from _choice(run)
    yield from _last_round(run, against.get("last"))
    yield from _ends(run)
    if not run.paid and any(facts.corrected for facts in run.rounds):
        yield (
            "This task pays no reward: the latest policy is delivered, and the share of"
            " answers that corrected the one before stands in for the return."
        )
    elif not run.paid and any(facts.disagreement for facts in run.rounds):
        yield (
            "This task pays no reward: the latest policy is delivered, and its"
            f" disagreement with {yardstick(run)} stands in for the return."
        )
    if run.strategy is not None:
        yield _claim(run.strategy)
    if run.audit is not None:
        yield str(run.audit)
    if run.gain is not None:
        gain = str(run.gain)
        yield f"{gain[0].upper()}{gain[1:]}."
    if run.practice is not None:
        yield str(run.practice)
    if run.signal is not None:
        yield str(run.signal)
    if run.enough is not None:
        yield str(run.enough)
    yield from teachers(run)


def _claim(strategy: str) -> str:
    """What a query strategy may claim, and how one finds that out."""
    return (
        f"What --ask {strategy} may claim is only what it gains over a random choice of"
        " as many labels. On three tasks none reached 0.9 with fewer labels than that,"
        " and bursts needed more; rounds of 50 (--labels-per-round 50) needed less than"
        " half as many as rounds of 250 (bench/LABELS.md of novice's sources). For your"
        " task, repeat the command with --ask random and several seeds, and compare the"
        " runs (novice evaluate)."
    )


def _ends(run: Facts) -> Iterator[str]:
    """How episodes end, which often says how well it goes without a reward."""
    if run.final_ends is None:
        return
    by_chance = ""
    if run.random_ends is not None:
        by_chance = f"; by chance, {_ended(run.random_ends)}"
    yield f"Of its final episodes, {_ended(run.final_ends)}{by_chance}."


def _ended(ends: Ends) -> str:
    return (
        f"{whole(ends.ended)} of {whole(ends.episodes)} end by themselves, before the"
        f" limit of steps, and they last {about(ends.length)} steps on average"
    )


def verdict(difference: Score) -> str:
    """Whether the interval of a difference leaves room for there being none."""
    if difference.low > 0:
        return "better"
    if difference.high < 0:
        return "worse"
    return "no difference that these episodes can show"


def _effort(run: Facts) -> Child:
    """What it took: ", from 10,000 labels"."""
    if run.teacher is not None:
        return [", taught by ", taught_by(run.teacher), effort(run, run.teacher)]
    if run.command == "evaluate":
        return ""
    if run.labels:
        return f", from {whole(run.labels)} {_plural('label', run.labels)}"
    if run.env_steps:
        return f", after {whole(run.env_steps)} steps of practice"
    return ""


def _against_random(difference: Score | None) -> Iterator[str]:
    if difference is not None and difference.low <= 0:
        yield (
            "It is not clearly better than acting at random: on the same"
            f" {whole(difference.episodes or 0)} seeds the difference is"
            f" {interval(difference, signed=True)}."
        )


def _against_expert(difference: Score | None, expert: str) -> Iterator[str]:
    if difference is None:
        return
    seeds = f"on the same {whole(difference.episodes or 0)} seeds"
    if verdict(difference) in ("better", "worse"):
        more = "more" if difference.mean > 0 else "less"
        size = interval(_size(difference))
        yield f"It scores {size} {more} than {expert} {seeds}."
    elif difference.low == difference.high:
        yield f"It scores exactly what {expert} scores, {seeds}."
    else:
        yield (
            f"{seeds.capitalize()} it cannot be told from {expert}: the difference is"
            f" {interval(difference, signed=True)}."
        )


def _choice(run: Facts) -> Iterator[str]:
    best, last = run.best, run.rounds[-1] if run.rounds else None
    if best is None or last is None or len(run.rounds) < 2 or not run.paid:
        return
    episodes = "" if best.score is None else _episodes_of(best.score, "validation ")
    yield (
        f"The policy is that of round {best.number} of {run.rounds[0].number} to"
        f" {last.number}, chosen by its return on {episodes or 'validation episodes'}"
        f"{_fresh(run.final)}."
    )
    if best.labels is not None and run.labels and best.labels < run.labels:
        used, given = whole(best.labels), whole(run.labels)
        yield f"By then {used} of the {given} labels were used."


def _fresh(final: Score | None) -> str:
    """Where the final score comes from, if that is known."""
    if final is None:
        return ""
    episodes = _episodes_of(final, "other ")
    return f"; its score comes from {episodes}" if episodes else ""


def _last_round(run: Facts, difference: Score | None) -> Iterator[str]:
    best, last = run.best, run.rounds[-1] if run.rounds else None
    if best is None or last is None or best.number == last.number:
        return
    if difference is not None:
        yield f"The last round {_compared(difference)}."
    elif best.score and last.score and last.score.mean < best.score.mean:
        yield _on_validation(best, last)


def _compared(difference: Score) -> str:
    """How it compares: "is worse: it scores 31 [12, 50] less on the same 100 seeds"."""
    seeds = f"on the same {whole(difference.episodes or 0)} seeds"
    told = verdict(difference)
    if told in ("better", "worse"):
        more = "more" if difference.mean > 0 else "less"
        return f"is {told}: it scores {interval(_size(difference))} {more} {seeds}"
    return (
        f"cannot be told from it: the difference is"
        f" {interval(difference, signed=True)} {seeds}"
    )


def _on_validation(best: RoundFacts, last: RoundFacts) -> str:
    assert best.score is not None and last.score is not None
    width = max(score.high - score.low for score in (best.score, last.score))
    return (
        f"The last round is lower: {rounded(last.score.mean, width=width)} against"
        f" {rounded(best.score.mean, width=width)} on the validation episodes."
    )


def _size(difference: Score) -> Score:
    """The same difference without its sign."""
    if difference.mean >= 0:
        return difference
    return Score(
        mean=-difference.mean,
        low=-difference.high,
        high=-difference.low,
        episodes=difference.episodes,
    )


def _episodes_of(score: Score, which: str) -> str:
    if score.episodes is None:
        return ""
    noun = _plural("episode", score.episodes)
    return f"{whole(score.episodes)} {which}{noun}"


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"
