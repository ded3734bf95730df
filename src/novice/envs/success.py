"""Read from what a task says beside a step whether it succeeded.

Gymnasium has no word for success. Robotics tasks put one of two into `info`:
`is_success` (Gymnasium-Robotics' Fetch, gym-pusht) or `success` (AdroitHandDoor,
robosuite, ManiSkill), as a boolean or as a number that is then more than 0.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool

NAMES = ("is_success", "success")


def told_success(info: Mapping[str, Any]) -> bool | None:
    """Whether a step succeeded; None where `info` does not say so."""
    if not info or info.keys().isdisjoint(NAMES):
        return None
    said = [_truth(info[name]) for name in NAMES if name in info]
    known = [each for each in said if each is not None]
    return any(known) if known else None


def told_successes(
    info: Mapping[str, Any], live: Bool[np.ndarray, " slots"]
) -> Bool[np.ndarray, " slots"] | None:
    """Which live slots of a vector environment succeeded; None where none says so.

    Beside an array of what its environments said stands another one of who said it,
    under the same name with a `_` in front.
    """
    success = None
    for name in NAMES:
        if name not in info:
            continue
        said = live & np.asarray(info.get(f"_{name}", True), bool)
        each = [
            _truth(value) if counts else None
            for value, counts in zip(info[name], said, strict=True)
        ]
        if any(truth is not None for truth in each):
            success = either(success, np.array([bool(truth) for truth in each]))
    return success


def either(
    one: Bool[np.ndarray, " slots"] | None, other: Bool[np.ndarray, " slots"] | None
) -> Bool[np.ndarray, " slots"] | None:
    """Who succeeded by either word; None where there is neither."""
    if one is None or other is None:
        return other if one is None else one
    return one | other


def _truth(value: Any) -> bool | None:
    """What one number says; None where it is something else, such as a dict of parts.

    Libraries wrap it in an array or a tensor.
    """
    if getattr(value, "shape", None) in ((), (1,)):
        value = value.item()
    return bool(value > 0) if isinstance(value, int | float) else None
