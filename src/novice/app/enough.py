"""Watch when more labels no longer pay, and say what follows from that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from novice.app.judge import Judge, Reference
from novice.evaluation.statistics import paired_difference
from novice.evaluation.stopping import (
    Apart,
    Enough,
    Measured,
    Scale,
    enough,
    told,
)

Measures = Mapping[str, Any]

# What tells how far a policy is from who teaches it, the best first. Where people teach
# the expert is a yardstick, and to agree with it is not to agree with them.
_BY_EXPERT = ("expert_disagreement",)
_BY_PEOPLE = ("audit", "corrected")
# What still makes a policy better when the same labels no longer do.
_INSTEAD = {
    "expert": (
        "Stop asking: it does what it was taught. To get beyond its expert, let it"
        " practice (novice reinforce --from) or find a better expert."
    ),
    "agreement": (
        "Stop asking: there is hardly anything left to correct. What is still wrong,"
        " who teaches does as well."
    ),
    "no gain": (
        "Stop asking, or change what holds it back: a larger network (--hidden),"
        " another --head, more --history, more --steps in a fit, or what is asked"
        " (--ask)."
    ),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """What a run's rounds are held against, in the same episodes."""

    known: Reference
    discrete: bool  # actions are chosen, not set
    by_people: bool  # people teach, and the expert is only a yardstick


def held_by(judge: Judge, *, by_people: bool) -> Held:
    """What a judge knows of chance and the expert."""
    return Held(
        known=judge.validation,
        discrete=judge.task.bounds is None,
        by_people=by_people,
    )


class Watch:
    """Follows a run, and knows after each round whether its labels still pay."""

    def __init__(self, held: Held, *, so_far: Sequence[Measures]):
        self._held, self._seen = held, list(so_far)
        self.found = found_in(self._seen, held)

    def sees(self, measures: Measures) -> bool:
        """Take note of a round; whether it is the first after which it is enough."""
        self._seen.append(measures)
        if self.found is None:
            self.found = enough(measured(self._seen, self._held), scale_of(self._held))
            return self.found is not None
        return False


def found_in(rounds: Sequence[Measures], held: Held) -> Enough | None:
    """What the rule said of a run's rounds, each without a look at the next ones."""
    # Whether anything is paid may show late, so every prefix is measured for itself.
    for count in range(1, len(rounds) + 1):
        if found := enough(measured(rounds[:count], held), scale_of(held)):
            return found
    return None


def scale_of(held: Held) -> Scale:
    """What chance returns, and the expert if it is the one who teaches."""
    expert = None if held.by_people else held.known.expert
    return Scale(
        chance=held.known.random.value,
        expert=None if expert is None else expert.value,
        most=1.0 if held.discrete else 2.0,
    )


def measured(rounds: Sequence[Measures], held: Held) -> list[Measured]:
    """What the rule looks at: returns, or without a reward how far both are apart."""
    known = held.known
    everybody = [known.random, *([] if known.expert is None else [known.expert])]
    paid = any(each.value.any() for each in everybody) or any(
        np.any(each.get("validation_returns", 0)) for each in rounds
    )
    ways = _BY_PEOPLE if held.by_people else _BY_EXPERT
    way = next((way for way in ways if any(way in each for each in rounds)), None)
    return [
        Measured(
            round=number,
            labels=int(each["labels"]),
            returns=np.asarray(each["validation_returns"], np.float64)
            if paid and "validation_returns" in each
            else None,
            apart=None if way is None else apart_in(each, way),
        )
        for number, each in enumerate(rounds)
    ]


def apart_in(measures: Measures, way: str) -> Apart | None:
    """How far policy and teacher are apart, if that was measured in this way."""
    if way not in measures:
        return None
    mean, (low, high) = measures[way]["mean"], measures[way]["ci95"]
    return Apart(mean=mean, low=low, high=high)


def enough_line(found: Enough, *, stops: bool) -> str:
    """The plain line that a run says when more labels no longer pay."""
    then = "the run ends here" if stops else "with --stop enough it would end here"
    return f"enough   {no_longer(found)} ({then})"


def enough_facts(found: Enough, *, stops: bool) -> dict[str, Any]:
    """What the pages are told, for whoever answers."""
    then = "The run ends here." if stops else "You can stop here, or ask who runs it."
    return {
        "round": found.round,
        "labels": found.labels,
        "says": f"M{no_longer(found)[1:]}. {then}",
    }


def no_longer(found: Enough) -> str:
    """When it was enough, and how that is known."""
    return f"more labels no longer pay since {found.labels:,} labels: {found.why}"


def enough_told(
    rounds: Sequence[Measures], held: Held, *, delivered: int
) -> dict[str, Any]:
    """The summary's `enough`: when, why, how far off that was, and what to do."""
    found = found_in(rounds, held)
    if found is None:
        return {"enough": {"says": not_enough(rounds)}}
    entry: dict[str, Any] = {
        "round": found.round,
        "labels": found.labels,
        "by": found.by,
        "why": found.why,
    }
    says = [f"M{no_longer(found)[1:]}."]
    if found.round < len(rounds) - 1:
        entry["hindsight"] = in_hindsight(found, rounds, delivered)
        says += hindsight_words(entry["hindsight"])
    return {"enough": {**entry, "says": " ".join([*says, _INSTEAD[found.by]])}}


def not_enough(rounds: Sequence[Measures]) -> str:
    """What it means that the rule never said "enough"."""
    if not rounds:
        return "There was no round after which to ask whether more labels pay."
    return (
        "Nothing says that more labels would not pay: after the last round, with"
        f" {int(rounds[-1]['labels']):,} labels, the policy was not seen to do as well"
        " as who teaches it, and no third of the labels was seen to bring nothing. Ask"
        " for more (--labels), or play more --validation-episodes to know sooner."
    )


def in_hindsight(
    found: Enough, rounds: Sequence[Measures], delivered: int
) -> dict[str, Any]:
    """How far the rule was off, now that later rounds are known.

    The best mean of many rounds is partly luck. Where nothing was paid, only the labels
    that came after are known.
    """
    after = int(rounds[-1]["labels"]) - found.labels
    returns = [each.get("validation_returns", ()) for each in rounds]
    if not all(np.any(each) for each in returns[-1:]):
        return {"labels_after": after}
    means = [float(np.mean(each)) for each in returns]
    reached = next(
        number
        for number, each in enumerate(rounds)
        if max(each["return"]["ci95"][1], means[number]) >= max(means)
    )
    later = paired_difference(
        np.asarray(returns[delivered]), np.asarray(returns[found.round])
    )
    return {
        "labels_after": after,
        "round": reached,
        "labels": int(rounds[reached]["labels"]),
        "off": found.labels / max(int(rounds[reached]["labels"]), 1) - 1,
        "gained_after": {
            "mean": later.mean,
            "ci95": list(later.ci95),
            "episodes": later.episodes,
        },
    }


def hindsight_words(hindsight: Measures) -> list[str]:
    """How far the rule was off, and what the labels after it brought."""
    says = [
        f"The run went on: {hindsight['labels_after']:,} labels came after"
        " (--stop enough ends a run where it is enough)."
    ]
    if "off" not in hindsight:
        return says
    off, gained = hindsight["off"], hindsight["gained_after"]
    late = "late" if off > 0 else "early"
    when = "exactly there" if off == 0 else f"{100 * abs(off):.0f} % too {late}"
    low, high = gained["ci95"]
    change = told(Apart(mean=gained["mean"], low=low, high=high))
    return [
        *says,
        "In hindsight, the best return of the run was first within a round's interval"
        f" at {hindsight['labels']:,} labels: the rule said enough {when}. The policy"
        f" that is delivered returns {change} more than the one at enough, on the same"
        f" {gained['episodes']} validation episodes.",
    ]
