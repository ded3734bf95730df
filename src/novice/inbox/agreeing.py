"""Measure for the overview how far people agree, and where they do not."""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from novice.evaluation.agreement import (
    Agreement,
    Opinions,
    Scale,
    cohens_kappa,
    krippendorffs_alpha,
    self_agreement,
)
from novice.evaluation.reliability import Reliability, reliabilities

# So many pairs of people and contradictions are shown; those that say most come first.
MOST_PAIRS = 45
MOST_CONTRADICTIONS = 12
# What is nearer than a tenth of the range is the same real action.
NEAR = 0.2  # half-ranges
# The quantile of the normal distribution that belongs to 95 %.
_SIDE = 1.959964


class Judged(NamedTuple):
    """What one person said last of one moment."""

    item: int
    who: str
    action: tuple[float, ...]


def measured(
    opinions: Opinions, golds: Mapping[int, tuple[float, ...]], names: Sequence[str]
) -> dict[str, Any]:
    """Everything that opinions tell of the people who have them, as plain values.

    `names` are what the choices of an action's first number are called.
    """
    latest = latest_of(opinions)
    again = self_agreement(opinions)
    trusted = reliabilities(opinions, golds)
    shares = right_of(opinions, golds)
    return {
        "people": {
            who: {
                "reliability": told_reliability(trusted.get(who)),
                "self_agreement": told(again.get(who)),
                "gold": shares.get(who, {"right": 0, "asked": 0}),
            }
            for who in opinions.names
        },
        "pairs": pairs(opinions, latest),
        "alpha": told(
            krippendorffs_alpha(opinions) if len(opinions.names) > 1 else None
        ),
        "actions": by_action(latest, opinions.scale, names),
        "contradictions": contradictions(latest, opinions.scale),
    }


def told(agreement: Agreement | None) -> dict[str, Any] | None:
    """An agreement as plain values; None where it is not a number."""
    if agreement is None or not math.isfinite(agreement.value):
        return None
    return {
        "value": float(agreement.value),
        "ci95": [float(end) for end in agreement.ci95],
        "items": int(agreement.items),
    }


def told_reliability(found: Reliability | None) -> dict[str, Any] | None:
    """A reliability as plain values."""
    if found is None or not math.isfinite(found.value):
        return None
    return {
        "value": float(found.value),
        "ci95": [float(end) for end in found.ci95],
        "items": int(found.items),
        "weight": None if found.weight is None else float(found.weight),
    }


def latest_of(opinions: Opinions) -> dict[int, list[Judged]]:
    """What each person said last of every moment, by the moment."""
    found: dict[tuple[int, int], Judged] = {}
    rows = zip(
        opinions.item.tolist(),
        opinions.who.tolist(),
        opinions.action.tolist(),
        strict=True,
    )
    for item, who, action in rows:
        found[item, who] = Judged(item, opinions.names[who], tuple(action))
    moments: dict[int, list[Judged]] = defaultdict(list)
    for (item, _), judged in sorted(found.items()):
        moments[item].append(judged)
    return dict(moments)


def distance(
    one: tuple[float, ...], other: tuple[float, ...], scale: Scale
) -> Float[np.ndarray, " actions"]:
    """How far two actions are apart in each number that both give.

    Choices are apart by 1 or 0, real numbers by half-ranges.
    """
    apart = np.abs(np.array(one, np.float64) - np.array(other, np.float64))
    if scale.options:
        return (apart > 0).astype(np.float64)
    halves = np.array(scale.half_range, np.float64)
    apart = apart / halves
    turned = np.array(scale.circular, bool)
    around = apart % 2.0
    apart = np.where(turned, np.minimum(around, 2.0 - around), apart)
    return apart[np.isfinite(apart)]


def alike(one: tuple[float, ...], other: tuple[float, ...], scale: Scale) -> bool:
    """Whether two actions are the same; real ones need only be near."""
    return bool(
        np.all(distance(one, other, scale) <= (0 if scale.options else NEAR + 1e-9))
    )


def right_of(
    opinions: Opinions, golds: Mapping[int, tuple[float, ...]]
) -> dict[str, dict[str, int]]:
    """How many gold questions each person answered, and how many of them rightly."""
    found = {name: {"right": 0, "asked": 0} for name in opinions.names}
    for item, who, action in zip(
        opinions.item.tolist(),
        opinions.who.tolist(),
        opinions.action.tolist(),
        strict=True,
    ):
        if item in golds:
            share = found[opinions.names[who]]
            share["asked"] += 1
            share["right"] += alike(tuple(action), golds[item], opinions.scale)
    return found


def pairs(
    opinions: Opinions, latest: Mapping[int, Sequence[Judged]]
) -> list[dict[str, Any]]:
    """How far each two people agree who judged the same moments, most shared first."""
    shared: dict[tuple[str, str], int] = defaultdict(int)
    for one, other in both_of(latest):
        shared[one.who, other.who] += 1
    most = sorted(shared, key=lambda pair: (-shared[pair], pair))[:MOST_PAIRS]
    return [
        {
            "one": one,
            "other": other,
            "both": shared[one, other],
            **measure_of(opinions, one, other),
        }
        for one, other in most
    ]


def measure_of(opinions: Opinions, one: str, other: str) -> dict[str, Any]:
    """Cohen's kappa of two people's choices, Krippendorff's alpha of their numbers."""
    if opinions.scale.options:
        return {
            "measure": "kappa",
            "agreement": told(cohens_kappa(opinions, one, other)),
        }
    rows = np.isin(
        opinions.who, [opinions.names.index(one), opinions.names.index(other)]
    )
    two = Opinions(
        item=opinions.item[rows],
        who=opinions.who[rows],
        action=opinions.action[rows],
        names=opinions.names,
        scale=opinions.scale,
    )
    return {"measure": "alpha", "agreement": told(krippendorffs_alpha(two))}


def both_of(
    latest: Mapping[int, Sequence[Judged]],
) -> Iterator[tuple[Judged, Judged]]:
    """Each two people who judged the same moment, by their names' order."""
    for judged in latest.values():
        yield from itertools.combinations(sorted(judged, key=by_name), 2)


def by_name(judged: Judged) -> tuple[str, str]:
    """The order in which people are named."""
    return judged.who.casefold(), judged.who


def by_action(
    latest: Mapping[int, Sequence[Judged]], scale: Scale, names: Sequence[str]
) -> list[dict[str, Any]]:
    """For each choice: where one of two people said it, how often did the other too?

    This is the agreement specific to a category: twice the pairs that both say it, by
    all times that it is said in pairs (Spitzer and Fleiss 1974,
    https://doi.org/10.1192/bjp.125.4.341). Empty unless an action is one choice.
    """
    if len(scale.options) != 1:
        return []
    said: dict[int, int] = defaultdict(int)
    alike: dict[int, int] = defaultdict(int)
    moments: dict[int, set[int]] = defaultdict(set)
    for one, other in both_of(latest):
        for each in (one, other):
            choice = int(each.action[0])
            said[choice] += 1
            alike[choice] += one.action == other.action
            moments[choice].add(each.item)
    return [
        {
            "action": names[choice] if choice < len(names) else str(choice),
            "value": alike[choice] / said[choice],
            "ci95": list(share_interval(alike[choice] / said[choice], len(items))),
            "items": len(items),
        }
        for choice, items in sorted(moments.items())
    ]


def share_interval(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval for a share of so many independent cases (Wilson 1927)."""
    middle = share + _SIDE**2 / (2 * count)
    side = _SIDE * math.sqrt(share * (1 - share) / count + _SIDE**2 / (4 * count**2))
    scale = 1 + _SIDE**2 / count
    low, high = (middle - side) / scale, (middle + side) / scale
    return min(max(0.0, low), share), max(min(1.0, high), share)


def contradictions(
    latest: Mapping[int, Sequence[Judged]], scale: Scale
) -> list[dict[str, Any]]:
    """The moments that people judge most differently, the newest of equal ones first.

    `apart` is the mean over each two people: of choices the share of numbers in which
    they differ, of real actions the distance of the furthest number in half-ranges.
    """
    apart: dict[int, list[float]] = defaultdict(list)
    for one, other in both_of(latest):
        found = distance(one.action, other.action, scale)
        if found.size:
            far = found.mean() if scale.options else found.max()
            apart[one.item].append(float(far))
    least = 0.0 if scale.options else NEAR
    means = {item: float(np.mean(each)) for item, each in apart.items()}
    worst = sorted(
        (item for item, mean in means.items() if mean > least),
        key=lambda item: (-means[item], -len(latest[item]), -item),
    )
    return [
        {
            "question": item,
            "apart": means[item],
            "said": [
                {"who": each.who, "action": list(each.action)}
                for each in sorted(latest[item], key=by_name)
            ],
        }
        for item in worst[:MOST_CONTRADICTIONS]
    ]
