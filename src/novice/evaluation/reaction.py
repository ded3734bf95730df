"""Measure how long after seeing something a person acts on it.

What somebody does now answers what they saw a while ago: a person's eye and hand take
0.2 to 0.3 seconds, a network some more. The lag is found as the one at which what was
seen explains best what was done: for each lag, the action in every step is guessed from
the nearest observations of other episodes, seen as much earlier than their actions. An
interval comes from drawing the episodes anew (Efron 1979,
https://doi.org/10.1214/aos/1176344552).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.spatial
from jaxtyping import Bool, Float, Int, Num

# The lags that are tried, in seconds: nobody reacts slower to what moves all the time.
LONGEST = 0.6
STEP = 0.02
# Nearest observations of other episodes whose actions make up a guess.
NEIGHBORS = 5
# More rows make it slower, not more certain.
MOST_ROWS = 3_000
FOLDS = 5
RESAMPLES = 2_000
_SEED = 19790101
# Where the bars of the histogram of latencies begin, in milliseconds.
LATENCIES = (0, 20, 40, 60, 80, 100, 150, 200, 300, 500)


@dataclass(frozen=True, eq=False)
class Acting:
    """What there was to see in an episode, and what somebody did about it when.

    `seconds` is when each step was taken, in the person's time. `behind` is by how many
    frames the picture that they had on the screen was older than the step when they
    pressed what acted in it. `counts` says in which steps it was the person who acted.
    """

    observation: Float[np.ndarray, "steps obs"]
    action: Num[np.ndarray, "steps actions"]
    seconds: Float[np.ndarray, " steps"]
    behind: Int[np.ndarray, " steps"]
    counts: Bool[np.ndarray, " steps"]


@dataclass(frozen=True)
class Lag:
    """Seconds from seeing to acting, with what the estimate can bear."""

    seconds: float
    ci95: tuple[float, float]
    episodes: int

    def as_json(self) -> dict[str, Any]:
        """The numbers as they stand in summary.json."""
        return {
            "mean": self.seconds,
            "ci95": list(self.ci95),
            "episodes": self.episodes,
        }


def seen_at(
    seconds: Float[np.ndarray, " steps"],
    behind: Int[np.ndarray, " steps"],
    *,
    lag: float,
) -> Int[np.ndarray, " steps"]:
    """Which observation each step answers.

    It is the one that was on the screen `lag` seconds before the frame that the person
    had before them, `behind` steps ago; -1 where the episode had not begun by then. An
    observation is there to see from the step before it until its own.
    """
    frame = np.arange(len(seconds)) - behind
    moment = seconds[np.maximum(frame, 0)] - lag
    # Clock readings are rounded when they are written down.
    index = np.searchsorted(seconds, moment - 1e-6, side="left")
    return np.where((moment < 0) | (frame < 0), -1, index).astype(np.int64)


def latencies(episodes: Sequence[Acting]) -> Float[np.ndarray, " inputs"]:
    """Milliseconds from the picture that was on the screen to the step it changed.

    One for each time that the person changed what they did: what eyes, hand and
    network took together after the picture was drawn.
    """
    found = [np.zeros(0)]
    for episode in episodes:
        step = np.arange(len(episode.seconds))
        changed = np.r_[True, (episode.action[1:] != episode.action[:-1]).any(axis=1)]
        inputs = step[changed & episode.counts]
        seen = np.maximum(inputs - episode.behind[inputs], 0)
        found.append(1000 * (episode.seconds[inputs] - episode.seconds[seen]))
    return np.concatenate(found)


def latency_told(values: Float[np.ndarray, " inputs"]) -> dict[str, Any]:
    """A histogram of latencies, as it stands in summary.json."""
    edges = np.array([*LATENCIES, np.inf])
    counts, _ = np.histogram(values, edges)
    return {
        "milliseconds": list(LATENCIES),
        "inputs": counts.tolist(),
        "median": round(float(np.median(values)), 1),
        "p95": round(float(np.quantile(values, 0.95)), 1),
    }


def reaction_lag(episodes: Sequence[Acting]) -> Lag | None:
    """The lag at which what was seen explains best what somebody did.

    None where there are fewer than three episodes with something done in them, or where
    always the same was done.
    """
    rows = [row for each in episodes if (row := _Rows.of(each)) is not None]
    if len(rows) < 3:
        return None
    rows = _thinned(rows)
    if np.ptp(np.concatenate([each.action for each in rows]), axis=0).max() == 0:
        return None
    lags = np.arange(round(LONGEST / STEP) + 1) * STEP
    errors = np.stack([_errors(rows, place) for place in range(len(lags))], axis=1)
    count = np.array([len(each.action) for each in rows])
    best = float(lags[np.argmin(errors.sum(axis=0))])
    generator = np.random.default_rng(_SEED)
    drawn = generator.multinomial(
        len(rows), np.full(len(rows), 1 / len(rows)), size=RESAMPLES
    )
    means = (drawn @ errors) / (drawn @ count)[:, None]
    found = lags[np.argmin(means, axis=1)]
    low, high = np.quantile(found, [0.025, 0.975])
    # The truth may lie anywhere between two lags that were tried.
    interval = max(0.0, float(low) - STEP / 2), float(high) + STEP / 2
    return Lag(
        round(best, 4), (round(interval[0], 4), round(interval[1], 4)), len(rows)
    )


@dataclass(frozen=True, eq=False)
class _Rows:
    """An episode's steps of the person, with what was seen at each lag before them."""

    seen: Float[np.ndarray, "lags rows obs"]
    action: Float[np.ndarray, "rows actions"]

    @staticmethod
    def of(episode: Acting) -> "_Rows | None":
        lags = np.arange(round(LONGEST / STEP) + 1) * STEP
        index = np.stack(
            [seen_at(episode.seconds, episode.behind, lag=lag) for lag in lags]
        )
        # The same steps for every lag: otherwise the lags could not be compared.
        rows = np.flatnonzero(episode.counts & (index >= 0).all(axis=0))
        if not len(rows):
            return None
        return _Rows(
            episode.observation[index[:, rows]].astype(np.float64),
            episode.action[rows].astype(np.float64),
        )


def _thinned(rows: Sequence[_Rows]) -> list[_Rows]:
    """At most so many rows in all, evenly from all episodes."""
    total = sum(len(each.action) for each in rows)
    every = -(-total // MOST_ROWS)
    return [_Rows(each.seen[:, ::every], each.action[::every]) for each in rows]


def _errors(rows: Sequence[_Rows], place: int) -> Float[np.ndarray, " episodes"]:
    """How far guesses from the other episodes are off, summed over each episode."""
    folds = np.arange(len(rows)) % min(FOLDS, len(rows))
    errors = np.zeros(len(rows))
    for fold in np.unique(folds):
        known = [each for each, of in zip(rows, folds, strict=True) if of != fold]
        seen = np.concatenate([each.seen[place] for each in known])
        action = np.concatenate([each.action for each in known])
        center, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
        tree = scipy.spatial.cKDTree((seen - center) / spread)
        many = min(NEIGHBORS, len(action))
        for number in np.flatnonzero(folds == fold).tolist():
            each = rows[number]
            _, near = tree.query(
                (each.seen[place] - center) / spread, k=[*range(1, many + 1)]
            )
            guess = action[near].mean(axis=1)
            # Distances, not their squares, so that a few wild steps do not decide.
            errors[number] = np.linalg.norm(guess - each.action, axis=1).sum()
    return errors
