"""Put together what each way of teaching cost over all seeds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from novice.app.lab.cost import CostOptions
from novice.app.lab.cost_lessons import WAYS
from novice.evaluation.by_time import over_seeds
from novice.evaluation.cost import Cheapest, Price, cheapest, learned_at


def compared(
    found: Sequence[Mapping[str, Any]], options: CostOptions
) -> dict[str, Any]:
    """What each way came to over the seeds, and which one costs least."""
    ways, minutes = [], {}
    for name in WAYS:
        mine = [each["rounds"] for each in found if each["way"] == name]
        places = [
            learned_at([each["normalized"] for each in rounds], needed=options.needed)
            for rounds in mine
        ]
        prices = {what: price(mine, places, what) for what in ("minutes", "labels")}
        minutes[name] = prices["minutes"]
        ways.append(
            {
                "name": name,
                "learned": prices["minutes"].learned,
                **{f"{what}_needed": as_json(each) for what, each in prices.items()},
                "course": [spread(each) for each in zip(*mine, strict=True)],
                "each": mine,
            }
        )
    best = cheapest(minutes, budget=options.minutes)
    return {"ways": ways, "cheapest": None if best is None else verdict(best)}


def price(
    rounds: Sequence[Sequence[Mapping[str, Any]]],
    places: Sequence[int | None],
    what: str,
) -> Price:
    """What each seed had cost when it had learned it."""
    each = zip(rounds, places, strict=True)
    return Price(tuple(None if p is None else float(r[p][what]) for r, p in each))


def as_json(price: Price) -> dict[str, Any]:
    """A price as it stands in summary.json; what is not known is left out."""
    found: dict[str, Any] = {"each": list(price.each)}
    if price.mean is not None:
        found["mean"] = price.mean
    if price.ci95 is not None:
        found["ci95"] = list(price.ci95)
    return found


def verdict(best: Cheapest) -> dict[str, Any]:
    """Which way costs least, and by how much the others cost more, if that is known."""
    more = {
        name: {"mean": mean, "ci95": [low, high]}
        for name, (mean, low, high) in best.more.items()
        if np.isfinite([low, high]).all()
    }
    return {
        "name": best.name,
        "sure": best.is_sure,
        "rivals": list(best.rivals),
        "more": more,
    }


def spread(seeds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One round of all seeds: means, and the intervals of what was returned."""
    found: dict[str, Any] = {
        what: float(np.mean([each[what] for each in seeds]))
        for what in ("minutes", "labels")
    }
    for what in ("return", "normalized"):
        mean, low, high = over_seeds(np.array([each[what] for each in seeds]))
        known = {} if len(seeds) < 2 else {"ci95": [low, high]}
        found[what] = {"mean": mean, **known}
    return found
