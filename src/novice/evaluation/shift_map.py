"""Lay the states of two sides out on a plane, so that they can be looked at."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Num

from novice.evaluation.shift import Visits
from novice.evaluation.shift_features import mixed, standardized

MOST_POINTS = 600
_SEED = 19010601


@dataclass(frozen=True, eq=False)
class Plane:
    """Where the states of both sides lie on the two axes along which they vary most.

    `variance` is the share of it that each axis holds.
    """

    data: Float[np.ndarray, "some 2"]
    policy: Float[np.ndarray, "others 2"]
    variance: tuple[float, float]

    def as_json(self) -> dict[str, Any]:
        """The points, to three decimals, as they stand in evaluation.json."""
        return {
            "variance": list(self.variance),
            "dataset": np.round(self.data, 3).tolist(),
            "policy": np.round(self.policy, 3).tolist(),
        }


def plane(data: Visits, policy: Visits) -> Plane | None:
    """At most 600 states a side by their first two principal components.

    None where there is nothing to see: a side is empty, or no state differs. The first
    one's sign is that of its greatest weight, so that equal states lie where they lay.
    """
    generator = np.random.default_rng(_SEED)
    sides = [_drawn(side.state, generator) for side in (data, policy)]
    if not all(map(len, sides)):
        return None
    numbers = standardized(mixed(np.concatenate(sides)))
    numbers = numbers - numbers.mean(axis=0)
    if not numbers.any():
        return None
    _, length, axes = np.linalg.svd(numbers, full_matrices=False)
    greatest = np.abs(axes).argmax(axis=1)
    axes = axes * np.sign(axes[np.arange(len(axes)), greatest])[:, None]
    lying = np.zeros((len(numbers), 2))
    lying[:, : len(axes[:2])] = numbers @ axes[:2].T
    share = np.append(length**2 / np.sum(length**2), 0.0)
    place = len(sides[0])
    return Plane(lying[:place], lying[place:], (float(share[0]), float(share[1])))


def _drawn(
    state: Num[np.ndarray, "rows obs"], generator: np.random.Generator
) -> Num[np.ndarray, "drawn obs"]:
    """As many states as a picture can show."""
    if len(state) <= MOST_POINTS:
        return state
    return state[np.sort(generator.choice(len(state), MOST_POINTS, replace=False))]
