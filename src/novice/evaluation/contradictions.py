"""Find pairs of nearly equal observations to which different answers were given."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.spatial
from jaxtyping import Bool, Float, Int, Num

# As many of the nearest others are compared with each row.
NEIGHBORS = 16
# Of more rows so many are looked at, chosen by chance; with many numbers in an
# observation (a picture), every pair has to be measured.
MOST_ROWS = 20_000
MOST_NUMBERS = 32
MOST_ROWS_OF_MANY_NUMBERS = 4_000
# Real answers differ where they are further apart than this, in half-ranges (a tenth
# of the whole range), and so many times further than nearly equal ones usually are.
APART = 0.2
TIMES_THE_NOISE = 5.0
# Of so many pairs that a row is in, the median is not that of the pair in question.
FEWEST_PAIRS = 4


@dataclass(frozen=True, eq=False)
class Points:
    """Answers beside what they were given for.

    Real actions are in half-ranges, NaN where nobody gave a number; where actions are
    chosen, `marks` say which were accepted, for `options` of each number. Rows that do
    not `count` are compared with nothing.
    """

    observation: Num[np.ndarray, "rows obs"]
    episode: Int[np.ndarray, " rows"]
    step: Int[np.ndarray, " rows"]
    counts: Bool[np.ndarray, " rows"]
    action: Float[np.ndarray, "rows actions"]
    marks: Int[np.ndarray, "rows marks"] | None = None
    options: tuple[int, ...] = ()


@dataclass(frozen=True)
class Pair:
    """Two rows whose answers contradict each other.

    `distance` is how far apart the observations are, in steps of the task, and `apart`
    how far the answers are, in half-ranges (choices: 1).
    """

    rows: tuple[int, int]
    distance: float
    apart: float


@dataclass(frozen=True)
class Contradictions:
    """The pairs that contradict each other, the nearest first, of `near` near pairs.

    `step` is how far one step of the task moves an observation, in standard deviations;
    half of it is nearly equal.
    """

    pairs: tuple[Pair, ...]
    near: int
    step: float


def contradictions(points: Points, *, seed: int = 0) -> Contradictions:
    """Which nearly equal observations were answered differently.

    Observations are standardized, and nearly equal where they are less apart than half
    of what one step of the task moves them (the mean over the answered steps of all
    episodes; of a task that mostly rests the median is nothing): they would be the same
    moment, were episodes a little earlier or later. Two steps of one episode
    are no pair, unless they are the same one: where an action changes, it changes from
    one step to the next.
    """
    rows = looked_at(points, seed=seed)
    place = standardized(points.observation[rows])
    step = step_length(place, points.episode[rows], points.step[rows])
    near, distance = near_pairs(place, step / 2)
    one, other = rows[near[:, 0]], rows[near[:, 1]]
    apart_in_time = points.step[one] != points.step[other]
    fair = (points.episode[one] != points.episode[other]) | ~apart_in_time
    one, other, distance = one[fair], other[fair], distance[fair]
    apart = differences(points, one, other)
    differ = np.flatnonzero(disagree(points, one, other, apart))
    order = differ[np.lexsort((one[differ], distance[differ]))]
    unit = step or 1.0
    pairs = tuple(
        Pair((int(one[i]), int(other[i])), float(distance[i] / unit), float(apart[i]))
        for i in order
    )
    return Contradictions(pairs, len(one), float(step))


def looked_at(points: Points, *, seed: int) -> Int[np.ndarray, " rows"]:
    """The rows that are compared: all that count, or a fair choice of them."""
    rows = np.flatnonzero(points.counts)
    many = points.observation.shape[1] > MOST_NUMBERS
    most = MOST_ROWS_OF_MANY_NUMBERS if many else MOST_ROWS
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def standardized(observation: Num[np.ndarray, "rows obs"]) -> Float[np.ndarray, "r n"]:
    """Observations whose numbers all vary alike; what never varies is left out.

    They are divided by √n, so that a distance is that of a typical number.
    """
    numbers = observation.astype(np.float32)
    spread = numbers.std(axis=0) if len(numbers) else np.zeros(numbers.shape[1])
    varies = spread > 0
    if not varies.any():
        return np.zeros((len(numbers), 1), np.float32)
    numbers = numbers[:, varies] / spread[varies]
    return (numbers - numbers.mean(axis=0)) / np.sqrt(np.float32(varies.sum()))


def step_length(
    place: Float[np.ndarray, "rows n"],
    episode: Int[np.ndarray, " rows"],
    step: Int[np.ndarray, " rows"],
) -> float:
    """How far one step of the task moves an observation, in the mean.

    Of answers several steps apart it is their distance divided by these, and those
    nearest in time count. Without two answers in one episode nothing is near but what
    is equal.
    """
    order = np.lexsort((step, episode))
    gap = np.diff(step[order])
    same = (np.diff(episode[order]) == 0) & (gap > 0)
    if not same.any():
        return 0.0
    moved = np.linalg.norm(np.diff(place[order], axis=0)[same], axis=1)
    closest = gap[same] <= np.median(gap[same])
    return float(np.mean((moved / gap[same])[closest]))


def near_pairs(
    place: Float[np.ndarray, "rows n"], within: float
) -> tuple[Int[np.ndarray, "pairs 2"], Float[np.ndarray, " pairs"]]:
    """The rows of each pair that is this near, the lower one first, and how near."""
    most = min(NEIGHBORS + 1, len(place))
    if most < 2:
        return np.zeros((0, 2), np.int64), np.zeros(0)
    # Rounding must not part what is equal.
    bound = within * (1 + 1e-6) + 1e-6
    if place.shape[1] <= MOST_NUMBERS:
        tree = scipy.spatial.cKDTree(place)
        distance, found = tree.query(place, k=most, distance_upper_bound=bound)
    else:
        distance, found = nearest(place, most)
    one = np.repeat(np.arange(len(place)), most)
    other, distance = found.reshape(-1), distance.reshape(-1)
    fits = (distance <= bound) & (other != one) & (other < len(place))
    both = np.sort(np.stack([one[fits], other[fits]], axis=1), axis=1)
    pairs, first = np.unique(both, axis=0, return_index=True)
    return pairs, distance[fits][first]


def nearest(
    place: Float[np.ndarray, "rows n"], most: int
) -> tuple[Float[np.ndarray, "rows most"], Int[np.ndarray, "rows most"]]:
    """The nearest rows of each row, by measuring every pair."""
    square = (place**2).sum(axis=1)
    distances, founds = [], []
    for start in range(0, len(place), 512):
        part = slice(start, start + 512)
        apart = square[part, None] + square - 2 * place[part] @ place.T
        found = np.argpartition(apart, most - 1, axis=1)[:, :most]
        # The products round; of those that are found, the distance is exact.
        gaps = place[part, None] - place[found]
        distances.append(np.linalg.norm(gaps, axis=2))
        founds.append(found)
    return np.concatenate(distances), np.concatenate(founds)


def differences(
    points: Points, one: Int[np.ndarray, " pairs"], other: Int[np.ndarray, " pairs"]
) -> Float[np.ndarray, " pairs"]:
    """How far apart the answers of each pair are, in half-ranges.

    Of choices it is 1 where no action suits both. A number that only one of them gave
    makes no difference.
    """
    if points.marks is None:
        gap = np.abs(points.action[one] - points.action[other])
        return np.nan_to_num(gap, nan=0.0).max(axis=1, initial=0.0)
    both = points.marks[one] * points.marks[other]
    ends = np.cumsum(points.options)[:-1]
    suits = [each.any(axis=1) for each in np.split(both, ends, axis=1)]
    return 1.0 - np.all(suits, axis=0)


def disagree(
    points: Points,
    one: Int[np.ndarray, " pairs"],
    other: Int[np.ndarray, " pairs"],
    apart: Float[np.ndarray, " pairs"],
) -> Bool[np.ndarray, " pairs"]:
    """Which pairs' answers differ by more than such answers usually do there.

    What is usual around a row is the median over all pairs that it is in, if they are
    enough to tell, else that of all pairs; of a pair's two rows the quieter one counts,
    for a wrong answer differs from all around it.
    """
    if points.marks is not None:
        return apart > 0
    if not len(apart):
        return np.zeros(0, bool)
    usual = np.full(len(points.counts), np.median(apart))
    row, gap = np.concatenate([one, other]), np.concatenate([apart, apart])
    order = np.lexsort((gap, row))
    names, start, count = np.unique(row[order], return_index=True, return_counts=True)
    middle = gap[order][start + (count - 1) // 2]
    usual[names] = np.where(count >= FEWEST_PAIRS, middle, np.median(apart))
    noise = np.maximum(np.minimum(usual[one], usual[other]), np.median(apart))
    return (apart > APART) & (apart > TIMES_THE_NOISE * noise)


def each_once(pairs: Sequence[Pair]) -> list[Pair]:
    """The first pairs in which no row stands twice; one wrong answer makes many."""
    seen: set[int] = set()
    found = []
    for pair in pairs:
        if seen.isdisjoint(pair.rows):
            seen |= set(pair.rows)
            found.append(pair)
    return found
