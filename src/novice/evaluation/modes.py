"""Tell where a policy does what nobody did: between two ways that experts have.

For each row of the data the `NEIGHBORS` nearest observations are looked up, one from
each of so many *other* episodes (distances in standard deviations of each number). What
was done there is what experts do in such a state. Then, with actions in half-ranges:

- a policy's action is **far** when the nearest of these actions is farther away than
  it is for 99 of 100 of the experts' own actions, which are asked about in the same
  way, their own episode left out (and farther than a hundredth);
- the experts **disagree** when these actions fall into two groups along the line on
  which they spread most: at least 3 in each, the gap between them wide enough that an
  action in it can be far from both, and the groups explaining 93 % of the variance,
  which 12 numbers of a normal distribution do once in 1,000 times;
- a policy's action is **between** when it is far and lies in the gap.

In 60 repetitions with 60 episodes of 50 rows, an expert that scatters normally about
one way disagrees with itself in 0.03 % of the rows, its mean is between in 0.01 %, and
what is drawn from the same distribution is far in 1.1 %. A law that switches at a sharp
edge looks like two experts along that edge: between lies what nobody did.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.spatial
from jaxtyping import Bool, Float, Int, Num

from novice.datasets.dataset import Dataset
from novice.datasets.episodes import episode_numbers
from novice.envs.host_policy import HostPolicy
from novice.envs.task import Task
from novice.evaluation.statistics import bca_interval
from novice.learning.policy import Policy

NEIGHBORS = 12
# Fewer episodes know too little about each other.
FEWEST_EPISODES = 20
# Of more rows every second or third is looked at; of wider observations (pictures)
# nearness says nothing.
MOST_ROWS = 5_000
WIDEST_OBSERVATION = 200

_FEWEST_IN_A_GROUP = 3
_EXPLAINED = 0.93
_USUAL = 0.99
# In half-ranges: where experts always do exactly the same, so much is no difference.
_ALIKE = 0.01
# So many of the nearest rows are searched for neighbors from different episodes, and
# where these don't suffice, so many more.
_CANDIDATES = (8 * NEIGHBORS, 32 * NEIGHBORS)
_RESAMPLES = 2_000
_SEED = 20100830


class Found(NamedTuple):
    """What is the case in each row that has enough neighbors."""

    row: Int[np.ndarray, " found"]
    far: Bool[np.ndarray, " found"]
    between: Bool[np.ndarray, " found"]
    disagree: Bool[np.ndarray, " found"]


class Split(NamedTuple):
    """The two groups into which actions fall: the line through them, and the gap."""

    middle: Float[np.ndarray, "rows actions"]
    line: Float[np.ndarray, "rows actions"]
    low: Float[np.ndarray, " rows"]
    high: Float[np.ndarray, " rows"]
    explained: Float[np.ndarray, " rows"]


def mode_averaging(
    task: Task, policy_action: Num[np.ndarray, "rows actions"], dataset: Dataset
) -> dict[str, Any] | None:
    """In what share of the data's states a policy acts between the experts' ways.

    `policy_action` is what it does at each row of the dataset. `mean` and `ci95` are
    the share between, `far` the share far from what anybody did, `disagree` the share
    in which the experts disagree, each with an interval by bootstrap over episodes.
    None where nothing can be said: of discrete actions, of pictures, and of fewer than
    20 episodes.
    """
    if task.bounds is None or task.observation_size > WIDEST_OBSERVATION:
        return None
    episode = episode_numbers(dataset)
    stands = dataset.standing()
    if dataset.has_gaps:
        stands &= np.concatenate([exact(part) for part in dataset.parts])
    chosen = thinned(np.flatnonzero(stands))
    if len(np.unique(episode[chosen])) < FEWEST_EPISODES:
        return None
    found = where_between(
        dataset.column("observation")[chosen],
        task.clip(dataset.column("action")[chosen]) / task.half_range,
        task.clip(policy_action[chosen]) / task.half_range,
        episode[chosen],
    )
    if len(found.row) < len(chosen) / 2:
        return None
    of = episode[chosen][found.row]
    return {
        **share_of(found.between, of),
        "far": share_of(found.far, of),
        "disagree": share_of(found.disagree, of),
        "rows": len(found.row),
        "episodes": len(np.unique(of)),
    }


def actions_at(policy: Policy, dataset: Dataset) -> Num[np.ndarray, "rows act"] | None:
    """What a policy does at each row of a dataset; one that only draws, draws once.

    None where it looks back or decides several actions at once: a row alone does not
    say what it would do.
    """
    host = HostPolicy(policy)
    return None if host.remembers else host.at_once(dataset.column("observation"))


def where_between(
    observation: Float[np.ndarray, "rows obs"],
    action: Float[np.ndarray, "rows actions"],
    policy_action: Float[np.ndarray, "rows actions"],
    episode: Int[np.ndarray, " rows"],
) -> Found:
    """Where a policy is far from what experts did, and between their ways.

    Actions are in half-ranges, or whatever makes their numbers alike.
    """
    row, neighbor = neighbors(observation, episode)
    known = action[neighbor].astype(np.float64)
    own, policy = action[row].astype(np.float64), policy_action[row].astype(np.float64)
    if not len(row):
        nothing = np.zeros(0, bool)
        return Found(row, nothing, nothing, nothing)
    usual = max(float(np.quantile(nearest(own, known), _USUAL)), _ALIKE)
    far = nearest(policy, known) > usual
    split = split_of(known)
    disagree = (split.explained >= _EXPLAINED) & (split.high - split.low > 2 * usual)
    place = np.sum((policy - split.middle) * split.line, axis=1)
    inside = (split.low < place) & (place < split.high)
    return Found(row, far, far & disagree & inside, disagree)


def neighbors(
    observation: Float[np.ndarray, "rows obs"], episode: Int[np.ndarray, " rows"]
) -> tuple[Int[np.ndarray, " found"], Int[np.ndarray, "found neighbors"]]:
    """The nearest row of each of the nearest other episodes, where there are enough."""
    spread = observation.std(axis=0)
    numbers = observation[:, spread > 0] / spread[spread > 0]
    if not numbers.shape[1]:
        numbers = np.zeros((len(observation), 1))
    tree = scipy.spatial.cKDTree(numbers)
    found = np.zeros((len(numbers), NEIGHBORS), np.int64)
    missing = np.arange(len(numbers))
    for most in _CANDIDATES:
        count = min(most, len(numbers))
        _, near = tree.query(numbers[missing], k=count)
        near = near.reshape(len(missing), count)
        first = firsts(episode[near]) & (episode[near] != episode[missing][:, None])
        first &= np.cumsum(first, axis=1) <= NEIGHBORS
        enough = first.sum(axis=1) == NEIGHBORS
        found[missing[enough]] = near[enough][first[enough]].reshape(-1, NEIGHBORS)
        missing = missing[~enough]
    row = np.setdiff1d(np.arange(len(numbers)), missing)
    return row, found[row]


def firsts(
    numbers: Int[np.ndarray, "rows places"],
) -> Bool[np.ndarray, "rows places"]:
    """Where each number stands for the first time in its row."""
    order = np.argsort(numbers, axis=1, kind="stable")
    ordered = np.take_along_axis(numbers, order, axis=1)
    new = np.ones(numbers.shape, bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.zeros(numbers.shape, bool)
    np.put_along_axis(first, order, new, axis=1)
    return first


def nearest(
    action: Float[np.ndarray, "rows actions"],
    known: Float[np.ndarray, "rows neighbors actions"],
) -> Float[np.ndarray, " rows"]:
    """How far the nearest of the known actions is."""
    return np.linalg.norm(known - action[:, None], axis=2).min(axis=1)


def split_of(known: Float[np.ndarray, "rows neighbors actions"]) -> Split:
    """Cut each row's actions in two so that the groups explain most of the variance.

    The cut is across the line on which the actions spread most.
    """
    middle = known.mean(axis=1)
    beside = known - middle[:, None]
    line = widest(beside)
    place = np.sort(np.einsum("rna,ra->rn", beside, line), axis=1)
    count = place.shape[1]
    below = np.arange(1, count)
    # Of the variance, what the two groups' means explain: n/(k (k - n)) · (Σ below)².
    sums = np.cumsum(place, axis=1)[:, :-1]
    explained = sums**2 * (1 / below + 1 / (count - below))
    allowed = slice(_FEWEST_IN_A_GROUP - 1, count - _FEWEST_IN_A_GROUP)
    cut = explained[:, allowed].argmax(axis=1) + _FEWEST_IN_A_GROUP - 1
    rows = np.arange(len(place))
    whole = np.sum(beside**2, axis=(1, 2))
    part = explained[rows, cut] / np.where(whole > 0, whole, 1)
    return Split(middle, line, place[rows, cut], place[rows, cut + 1], part)


def widest(
    beside: Float[np.ndarray, "rows neighbors actions"],
) -> Float[np.ndarray, "rows actions"]:
    """The direction in which each row's actions spread most, by power iteration."""
    rows = np.arange(len(beside))
    line = beside[rows, np.sum(beside**2, axis=2).argmax(axis=1)]
    for _ in range(8):
        line = unit(line)
        along = np.einsum("rna,ra->rn", beside, line)
        line = np.einsum("rna,rn->ra", beside, along)
    return unit(line)


def unit(
    line: Float[np.ndarray, "rows actions"],
) -> Float[np.ndarray, "rows actions"]:
    """The same directions with length 1; where there is none, none."""
    length = np.linalg.norm(line, axis=1, keepdims=True)
    return line / np.where(length > 0, length, 1)


def share_of(
    what: Bool[np.ndarray, " rows"], episode: Int[np.ndarray, " rows"]
) -> dict[str, Any]:
    """The share of the rows, and its interval by bootstrap over whole episodes."""
    _, of = np.unique(episode, return_inverse=True)
    counts = np.stack([np.bincount(of, what), np.bincount(of)], axis=1)
    random = np.random.default_rng(_SEED)
    drawn = random.integers(len(counts), size=(_RESAMPLES, len(counts)))
    low, high = bca_interval(counts, counts[drawn].mean(axis=1), _ratio)
    return {"mean": float(what.mean()), "ci95": [low, high]}


def _ratio(means: Float[np.ndarray, "*lead 2"]) -> Float[np.ndarray, "*lead"]:
    return np.asarray(means[..., 0] / means[..., 1])


def exact(part: Any) -> Bool[np.ndarray, " rows"]:
    """The rows of which every number of the action is known."""
    if part.known is None:
        return np.ones(len(part), bool)
    return np.asarray(part.known.all(axis=1))


def thinned(rows: Int[np.ndarray, " rows"]) -> Int[np.ndarray, " chosen"]:
    """Evenly as many of the rows as may be looked at, of all episodes some."""
    return rows[:: -(-len(rows) // MOST_ROWS) or 1]
