"""Measure how far the states that a policy visits are from those of a dataset (M3).

A classifier two-sample test (Lopez-Paz and Oquab 2017, Revisiting classifier two-sample
tests, https://arxiv.org/abs/1610.06545): a classifier learns to tell a policy's states
from the dataset's, and is asked about episodes that it did not learn from. Its AUC is
how often it finds the policy's state in a pair of one each: 0.5 is guessing, 1 never
failing.

Four things would make the two sides differ where nothing is wrong; they do not count:

- *Time.* Early states differ from late ones. Only the steps that both sides have are
  compared, in up to 8 stretches of time. Pairs are from the same stretch, and a stretch
  counts the same for both sides: as much as the harmonic mean of their rows there.
- *Episodes.* The steps of one episode resemble each other. Whole episodes are dealt to
  10 folds, each is judged by a classifier that learned from the other nine, intervals
  come from drawing episodes anew, and at least 20 a side are needed.
- *Trifles.* Two policies that hold a pole upright stand a millionth of a degree apart,
  for ever and always. Noise of a hundredth of each number's standard deviation hides
  such differences.
- *Chance.* The classifier is linear (a ridge discriminant), so learning it again takes
  no time. For p both sides change places in every possible choice of folds, 512 in all,
  it learns anew, and p is the share of these in which it does as well. Folds of whole
  episodes change places, rather than single ones, because a dataset has ten picked rows
  of an episode where a policy has all: such episodes are not exchangeable one by one,
  but a fold of one side against a fold of the other is, either way round.

Measured by bench/shift.py; bench/SHIFT.md has the false alarms and what is found.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from novice.evaluation.shift_features import features
from novice.evaluation.shift_folds import (
    Cells,
    dealt,
    differences,
    discriminants,
    swapped,
)

FEWEST_EPISODES = 20
# Of more rows, so many are drawn: the answer comes in a tenth of a second.
MOST_ROWS = 2_000
MOST_STRETCHES = 8
_ROWS_A_STRETCH = 50
# With fewer episodes a side, a stretch of time says nothing by itself.
_EPISODES_A_STRETCH = 5
_RESAMPLES = 300
_SEED = 20170420


@dataclass(frozen=True, eq=False)
class Visits:
    """States that somebody visited: in which episode, and at which of its steps."""

    state: Num[np.ndarray, "rows obs"]
    episode: Int[np.ndarray, " rows"]
    step: Int[np.ndarray, " rows"]

    def __len__(self) -> int:
        return len(self.state)

    @property
    def episodes(self) -> int:
        """How many episodes the states are from."""
        return len(np.unique(self.episode))

    def chosen(
        self, rows: Bool[np.ndarray, " rows"] | Int[np.ndarray, " _"]
    ) -> "Visits":
        """Some of the rows, in their order."""
        return Visits(self.state[rows], self.episode[rows], self.step[rows])


@dataclass(frozen=True)
class Stretch:
    """How well the two sides are told apart from one step to another, both included."""

    first: int
    last: int
    auc: float
    ci95: tuple[float, float]

    def as_json(self) -> dict[str, Any]:
        """The numbers as they stand in summary.json."""
        ci95 = list(self.ci95)
        return {"from": self.first, "to": self.last, "auc": self.auc, "ci95": ci95}


@dataclass(frozen=True)
class Shift:
    """How well a policy's states are told from a dataset's; 0.5 is guessing.

    `p` says how often chance does as well. `episodes` are the dataset's and the
    policy's within the `steps` that both have, from the first to the last; `rows` as
    many of each as were compared.
    """

    auc: float
    ci95: tuple[float, float]
    p: float
    episodes: tuple[int, int]
    rows: tuple[int, int]
    steps: tuple[int, int]
    by_time: tuple[Stretch, ...]

    def as_json(self) -> dict[str, Any]:
        """The numbers as they stand in summary.json, without those by time."""
        return {
            "auc": self.auc,
            "ci95": list(self.ci95),
            "p": self.p,
            "episodes": list(self.episodes),
            "rows": list(self.rows),
            "steps": list(self.steps),
        }


def shift(data: Visits, policy: Visits) -> Shift | None:
    """How far a policy's states are from a dataset's, at equal times.

    None with fewer than 20 episodes a side in the steps that both have. The same states
    give the same numbers: what is drawn at random is drawn with a fixed seed.
    """
    if not len(data) or not len(policy):
        return None
    first = int(max(data.step.min(), policy.step.min()))
    last = int(min(data.step.max(), policy.step.max()))
    generator = np.random.default_rng(_SEED)
    there = [within(side, first, last) for side in (data, policy)]
    if min(side.episodes for side in there) < FEWEST_EPISODES:
        return None
    sides = thinned(there, generator)
    cells = cells_of(sides, generator)
    rows = features(pooled(sides, "state"), pooled(sides, "step"), cells.stretch)
    apart = differences(rows, cells)
    learned = discriminants(rows, cells, apart)
    chances = swapped(apart, learned)
    won, pairs = counted(held_out(rows, cells, learned.sum(axis=1)), cells, generator)
    # The folds' classifiers learn from each other's episodes, so where nothing differs
    # but by chance their AUCs vary together: more than episodes drawn anew can show.
    widening = max(1.0, chances.spread)
    auc = mean_auc(won, pairs, stretch_weights(cells))
    step = pooled(sides, "step")
    return Shift(
        auc=float(auc[0]),
        ci95=interval(auc, widening),
        p=chances.p,
        episodes=(there[0].episodes, there[1].episodes),
        rows=(len(sides[0]), len(sides[1])),
        steps=(first, last),
        by_time=tuple(
            told(
                share_won(won, pairs)[:, place], step[cells.stretch == place], widening
            )
            for place in enough_for_itself(cells, pairs)
        ),
    )


def told(
    auc: Float[np.ndarray, " draws"], step: Int[np.ndarray, " rows"], widening: float
) -> Stretch:
    """What is known of one stretch of time, which has these steps."""
    ci95 = interval(auc, widening)
    return Stretch(int(step.min()), int(step.max()), float(auc[0]), ci95)


def within(side: Visits, first: int, last: int) -> Visits:
    """The visits from one step to another, both included."""
    return side.chosen((side.step >= first) & (side.step <= last))


def thinned(sides: list[Visits], generator: np.random.Generator) -> list[Visits]:
    """Equally many rows a side, and no more than can be compared quickly.

    Where one side had many more, what is taken off both sides alike would be mostly its
    own, and chance would look better than it is.
    """
    most = min(MOST_ROWS, *(len(side) for side in sides))
    return [
        side.chosen(np.sort(generator.choice(len(side), most, replace=False)))
        for side in sides
    ]


def pooled(sides: list[Visits], name: str) -> Any:
    """One column of both sides, the dataset's rows first."""
    return np.concatenate([getattr(side, name) for side in sides])


def cells_of(sides: list[Visits], generator: np.random.Generator) -> Cells:
    """Which side, episode, stretch of time and fold each row belongs to."""
    numbers = [np.unique(side.episode, return_inverse=True)[1] for side in sides]
    count = [side.episodes for side in sides]
    fold = np.concatenate([dealt(each, generator) for each in count])
    episode = np.concatenate([numbers[0], numbers[1] + count[0]])
    is_policy = np.repeat([False, True], [len(side) for side in sides])
    step = pooled(sides, "step")
    wanted = min(len(side) for side in sides) // _ROWS_A_STRETCH
    levels = np.linspace(0, 1, int(np.clip(wanted, 1, MOST_STRETCHES)) + 1)[1:-1]
    # A step belongs to one stretch as a whole, and a stretch that no step falls into
    # does not exist.
    place = np.searchsorted(np.unique(np.quantile(step, levels)), step, side="right")
    stretch = np.unique(place, return_inverse=True)[1]
    return Cells(is_policy, episode, stretch, fold[episode])


def held_out(
    rows: Float[np.ndarray, "rows features"],
    cells: Cells,
    learned: Float[np.ndarray, "folds features"],
) -> Float[np.ndarray, " rows"]:
    """How much each state looks like the policy's, by the classifier of its fold."""
    return np.asarray(np.einsum("rf,rf->r", rows, learned[cells.fold]))


def counted(
    score: Float[np.ndarray, " rows"], cells: Cells, generator: np.random.Generator
) -> tuple[Float[np.ndarray, "draws stretches"], Float[np.ndarray, "draws stretches"]]:
    """Pairs in which the policy's state scored higher, and all pairs, by stretch.

    Pairs are of one fold and stretch: the scores of two classifiers cannot be compared.
    In the first draw each episode is there once; the others draw each side's episodes
    anew, with replacement.
    """
    times = drawn_anew(cells, generator)
    shape = (len(times), cells.stretches)
    won, pairs = np.zeros(shape), np.zeros(shape)
    for (_, stretch), data, policy in cells.pairs():
        higher = np.sign(score[policy][:, None] - score[data]) / 2 + 0.5
        of_data, of_policy = (
            times[:, cells.episode[data]],
            times[:, cells.episode[policy]],
        )
        won[:, stretch] += np.einsum("dp,dp->d", of_policy, of_data @ higher.T)
        pairs[:, stretch] += of_policy.sum(axis=1) * of_data.sum(axis=1)
    return won, pairs


def drawn_anew(
    cells: Cells, generator: np.random.Generator
) -> Float[np.ndarray, "draws episodes"]:
    """How often each episode is there: once, and then as drawn with replacement."""
    of_policy = len(np.unique(cells.episode[cells.is_policy]))
    of_data = int(cells.episode.max()) + 1 - of_policy
    times = [
        generator.multinomial(count, np.full(count, 1 / count), size=_RESAMPLES)
        for count in (of_data, of_policy)
    ]
    once = np.ones((1, of_data + of_policy))
    return np.concatenate([once, np.concatenate(times, axis=1)])


def stretch_weights(cells: Cells) -> Float[np.ndarray, " stretches"]:
    """How much each stretch of time counts, for both sides: together they count 1."""
    data, policy = cells.rows_by_stretch()
    weight = data * policy / np.maximum(data + policy, 1)
    return np.asarray(weight / weight.sum())


def share_won(
    won: Float[np.ndarray, "draws stretches"],
    pairs: Float[np.ndarray, "draws stretches"],
) -> Float[np.ndarray, "draws stretches"]:
    """The AUC of each stretch of time; NaN where a draw has no pairs in it."""
    nothing = np.full_like(won, np.nan)
    return np.asarray(np.divide(won, pairs, out=nothing, where=pairs > 0))


def mean_auc(
    won: Float[np.ndarray, "draws stretches"],
    pairs: Float[np.ndarray, "draws stretches"],
    weight: Float[np.ndarray, " stretches"],
) -> Float[np.ndarray, " draws"]:
    """The AUC over all stretches of time that have any pairs."""
    share = np.where(pairs > 0, share_won(won, pairs), 0)
    weights = weight * (pairs > 0)
    total = weights.sum(axis=1)
    guessing = np.full(len(won), 0.5)
    summed = (weights * share).sum(axis=1)
    return np.asarray(np.divide(summed, total, out=guessing, where=total > 0))


def interval(auc: Float[np.ndarray, " draws"], widening: float) -> tuple[float, float]:
    """The middle 95 % of the draws around the first, so many times as wide."""
    low, high = np.nanquantile(auc[1:], [0.025, 0.975])
    ends = np.clip(auc[0] + widening * (np.array([low, high]) - auc[0]), 0, 1)
    return float(min(ends[0], auc[0])), float(max(ends[1], auc[0]))


def enough_for_itself(
    cells: Cells, pairs: Float[np.ndarray, "draws stretches"]
) -> list[int]:
    """The stretches of time with enough episodes on both sides to speak of."""
    return [
        stretch
        for stretch in range(cells.stretches)
        if min(cells.episodes_in(stretch)) >= _EPISODES_A_STRETCH and pairs[0, stretch]
    ]
