"""Find the quantities that a run measured again and again."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

# They say how far a run was, or are shown elsewhere.
_ELSEWHERE = {
    "round",
    "labels",
    "rows",
    "env_steps",
    "batches",
    "gradient_steps",
    "human_seconds",
    "return",
    "normalized",
    "seed",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """One quantity as it went; `gaps` counts values that were no finite numbers."""

    name: str
    at: Float[np.ndarray, " points"]
    values: Float[np.ndarray, " points"]
    gaps: int

    @property
    def moved(self) -> bool:
        """Whether there is anything to see in a drawing of it."""
        return len(self.values) > 1 and bool(np.ptp(self.values) > 0)


def series_of(metrics: Sequence[Mapping[str, Any]]) -> list[Series]:
    """Every quantity in the lines of metrics, in the order in which it appears."""
    names = dict.fromkeys(name for line in metrics for name in line)
    found = (_series(metrics, name) for name in names if name not in _ELSEWHERE)
    return [series for series in found if len(series.values)]


def _series(metrics: Sequence[Mapping[str, Any]], name: str) -> Series:
    lines = [line for line in metrics if _is_number(line.get(name))]
    finite = [line for line in lines if math.isfinite(line[name])]
    return Series(
        name=name,
        at=_places(finite),
        values=np.array([line[name] for line in finite], np.float64),
        gaps=len(lines) - len(finite),
    )


def _places(lines: Sequence[Mapping[str, Any]]) -> Float[np.ndarray, " points"]:
    """The rounds of the lines; where a round has several lines, their order."""
    rounds = [line.get("round") for line in lines]
    if all(_is_number(number) for number in rounds):
        places = np.array(rounds, np.float64)
        if np.all(np.diff(places) > 0):
            return places
    return np.arange(1.0, len(lines) + 1)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
