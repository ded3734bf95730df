"""Say whether a policy takes the mean of several right answers, and what to do."""

from collections.abc import Mapping
from typing import Any

from novice.app.report.contents import RunContents
from novice.app.report.facts import Score, score
from novice.app.report.lab import paragraphs
from novice.app.report.markup import Html
from novice.app.report.numbers import percents
from novice.app.report.parts import section, table

# Below this share of the states nothing need be done about it.
MATTERS = 0.01


def modes_section(contents: RunContents) -> Html | None:
    """In how many states the delivered policy acts between the experts' ways."""
    final = contents.summary.get("final")
    found = final.get("mode_averaging") if isinstance(final, Mapping) else None
    if not isinstance(found, Mapping):
        return None
    return section(
        "Between two ways of doing it",
        table(
            ["they disagree", "policy between", "policy far"],
            [[percents(each) for each in shares_of(found)]],
        ),
        paragraphs(modes_sentence(found)),
        note=(
            "Of the data\N{RIGHT SINGLE QUOTATION MARK}s states, with 95 % intervals by"
            " bootstrap over episodes. They disagree: what was done in the 12 most"
            " similar states falls into two groups. Policy between: it does what nobody"
            " did, in the gap between the groups. Policy far: nobody did anything like"
            " it, as is so for 1 % of the demonstrated actions themselves."
        ),
    )


def shares_of(found: Mapping[str, Any]) -> list[Score]:
    """Where experts disagree, where the policy is between and where far, in percent."""
    told = {"disagree": found["disagree"], "between": found, "far": found["far"]}
    shares = [score(told, name, where="mode_averaging") for name in told]
    return [
        Score(mean=100 * each.mean, low=100 * each.low, high=100 * each.high)
        for each in shares
        if each is not None
    ]


def averages(found: Mapping[str, Any]) -> bool:
    """Whether a policy averages in more states than may be by chance."""
    return bool(found["mean"] >= MATTERS and found["ci95"][0] > MATTERS / 2)


def modes_sentence(found: Mapping[str, Any]) -> str:
    """What the shares mean, and what to do."""
    disagree, between, far = shares_of(found)
    if averages(found):
        return (
            f"In {percents(between)} of the states the policy does what nobody did,"
            " between two things that were done: it takes their mean, which may be the"
            " one wrong answer. To do: a head that can choose, --head mixture (or"
            " discretized, or flow). Where the return is as good as it can be, leave"
            " it: a law that switches at a sharp edge looks like two ways, too."
        )
    several = found["disagree"]["mean"] >= MATTERS
    ways = (
        f"In {percents(disagree)} of the states two different things were done"
        if several
        else "There is one way of doing it in nearly all states"
    )
    if found["far"]["mean"] >= 5 * MATTERS:
        return (
            f"{ways}, but in {percents(far)} of all states the policy does what nobody"
            " did: it has not learned the data yet. To do: more --steps, or a larger"
            " --hidden."
        )
    if several:
        return (
            f"{ways}, and the policy does one of them. There is nothing to do about it."
        )
    return (
        f"{ways}, so that a head that can choose among several would gain nothing here."
    )
