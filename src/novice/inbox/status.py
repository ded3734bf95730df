"""What the play page is told: everything that it shows besides the picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Num

from novice.inbox.attention import STALE_AFTER
from novice.inbox.course import UNDO_SECONDS
from novice.inbox.driving import BLEND_SECONDS, Drive, Driver
from novice.inbox.hands import Axis
from novice.inbox.played import Ending

State = Literal["ready", "playing", "paused", "over", "done"]
# Why the controls were taken away from whoever had them.
Locked = Literal["", "stale", "link", "silent", "hidden"]

# The page shows at most so many numbers of an observation.
MOST_SHOWN = 64
# How often a page says that it is there, in seconds.
HEARTBEAT = 0.1


@dataclass(frozen=True, kw_only=True)
class Status:
    """Everything that the page shows besides the picture.

    `driver` says who acts, and `policy_action` what the policy did or would have done
    in the last step, with its `uncertainty`. `person_steps` are the steps of this
    episode that the person drove and that are learned from, `interventions` how often
    they took over, and `label_total` counts such steps in the whole folder. `undoable`
    is how many seconds of driving an undo would throw away.
    """

    state: State
    reason: str
    trouble: str
    frame: int
    episode: int
    steps: int
    total_reward: float
    rewarded: bool
    ending: Ending | None
    seconds: float
    saved: int
    unsaved: int
    kept: int
    wanted: int
    speed: float
    action: tuple[int | float, ...] | None
    observation: tuple[float, ...]
    no_picture: str
    driver: Driver
    policy: str
    policy_action: tuple[int | float, ...] | None
    uncertainty: float | None
    person_steps: int
    interventions: int
    undoable: float
    locked: Locked
    label_total: int


def numbers(
    action: Num[np.ndarray, " actions"] | None,
) -> tuple[int | float, ...] | None:
    """An action as the page reads it."""
    return None if action is None else tuple(action.tolist())


def takeover_words(
    *, takeover: bool, drive: Drive, rewinds: bool, axes: Sequence[Axis]
) -> dict[str, Any]:
    """What the page is told once about who may drive, and how."""
    return {
        "takeover": takeover,
        "drive": drive,
        "axes": [axis.as_json() for axis in axes],
        "rewinds": rewinds,
        "heartbeat": HEARTBEAT,
        "stale_after": STALE_AFTER,
        "undo_seconds": UNDO_SECONDS,
        "blend": BLEND_SECONDS,
    }
