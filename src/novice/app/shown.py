"""Turn what people did in a recording into rows to learn from."""

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from novice.datasets.dataset import Answers, Dataset, Origin
from novice.envs.task import Task
from novice.evaluation.reaction import (
    Acting,
    Lag,
    latencies,
    latency_told,
    reaction_lag,
    seen_at,
)
from novice.inbox.played import PlayedEpisode
from novice.learning.heads import marks_of

# Seconds from seeing to acting that are compensated; "auto": as many as were measured.
LagSetting = float | Literal["auto"]
# Of an interval wider than this, in seconds, the middle cannot be relied on; what most
# people take to see and act is believed all the same.
WIDEST = 0.2
USUAL = 0.25
# From fewer episodes nobody can tell how long somebody takes to act.
FEWEST_EPISODES = 3


def shown_in(
    episodes: Iterable[PlayedEpisode],
    *,
    round: int = 0,
    lag: float | None = None,
    past: int = 0,
) -> Dataset:
    """What people did in the episodes that they played, a part for each episode.

    A row is what the person wanted to do, beside what was there when they did it or,
    with a `lag`, what they had on their screen so many seconds earlier: with 0.0, when
    they pressed the key, before the network carried it here. Where a
    policy could act, they intervened; otherwise they demonstrated. With each row the
    `past` observations before it are kept.
    """
    dataset = Dataset()
    for played in episodes:
        part = rows_of(played, round=round, lag=lag, past=past)
        if len(part):
            dataset = dataset.append(part)
    return dataset


def rows_of(
    played: PlayedEpisode, *, round: int, lag: float | None, past: int = 0
) -> Answers:
    """What a person did in one episode."""
    seen = np.arange(played.steps, dtype=np.int64)
    if lag is not None:
        behind = played.applied - played.seen
        seen = seen_at(played.step_seconds, behind, lag=lag)
    rows = np.flatnonzero(played.taught & (seen >= 0))
    source = "demonstration" if played.policy is None else "intervention"
    ago = np.maximum(seen[rows][:, None] - np.arange(past, 0, -1), 0)
    return Answers(
        observation=played.observation[seen[rows]],
        action=played.intended[rows],
        episode=np.full(len(rows), played.number, np.int32),
        step=seen[rows].astype(np.int32),
        origin=Origin(round, source, played.who),
        before=played.observation[ago] if past else None,
    )


def acting_in(played: PlayedEpisode, task: Task) -> Acting:
    """An episode as the reaction time is measured from it."""
    return Acting(
        observation=played.observation,
        action=comparable(played.intended, task),
        seconds=played.step_seconds,
        behind=played.applied - played.seen,
        counts=played.taught,
    )


def comparable(action: np.ndarray, task: Task) -> Float[np.ndarray, "steps numbers"]:
    """Actions as numbers whose distances mean something."""
    if task.head.options:
        return marks_of(action, task.head.options).astype(np.float64)
    return (action / task.half_range).astype(np.float64)


def measured_lag(episodes: Iterable[PlayedEpisode], task: Task) -> Lag | None:
    """How long after seeing something people acted on it, if that can be told."""
    return reaction_lag([acting_in(played, task) for played in episodes])


def lag_to_use(
    setting: LagSetting, episodes: Iterable[PlayedEpisode], task: Task
) -> float | None:
    """The seconds to compensate, as far as they can be measured; None for none."""
    if setting != "auto":
        return float(setting) or None
    found = measured_lag(episodes, task)
    if found is None:
        return 0.0
    low, high = found.ci95
    sure = high - low <= WIDEST
    return found.seconds if sure else min(found.seconds, max(low, USUAL))


def tells_lag(setting: LagSetting, episodes: Iterable[PlayedEpisode]) -> bool:
    """Whether these are enough to measure the seconds to compensate, if it must be."""
    acted = sum(bool(played.taught.any()) for played in episodes)
    return setting != "auto" or acted >= FEWEST_EPISODES


def reactions_told(
    episodes: Iterable[PlayedEpisode], task: Task, *, used: float | None
) -> dict[str, Any]:
    """What a summary says of people's reactions, as far as it is known.

    `used` is how many seconds of them were compensated.
    """
    actings = [acting_in(played, task) for played in episodes]
    told: dict[str, Any] = {}
    if len(delays := latencies(actings)):
        told["latency"] = latency_told(delays)
    if (lag := reaction_lag(actings)) is not None:
        told["reaction_seconds"] = lag.as_json()
    if used is not None:
        told["lag_seconds"] = used
    return told
