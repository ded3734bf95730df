"""Measure how far people agree, with each other and with themselves.

Agreement is 1 where people always say the same and 0 where they agree no more often
than answers drawn at random from all that were given would. Its intervals are BCa
bootstrap intervals over the moments judged (`novice.evaluation.statistics`).

Whoever accepts several actions does not say which one it is: such an answer is none of
the judgments compared here, and is to be left out of `Opinions`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from novice.errors import NoviceError
from novice.evaluation.statistics import bca_interval

RESAMPLES = 2_000
_SEED = 19700101


class BadOpinionsError(NoviceError):
    """Opinions that cannot be compared."""


@dataclass(frozen=True)
class Scale:
    """How two actions differ.

    `options` counts the choices of each number; it is empty where the numbers are real.
    Of a real number `half_range` is half the distance between its bounds, and
    `circular` says whether it is back at its beginning after the whole of it, as an
    angle is.
    """

    options: tuple[int, ...] = ()
    half_range: tuple[float, ...] = ()
    circular: tuple[bool, ...] = ()

    def __post_init__(self) -> None:
        if self.options and self.half_range:
            raise BadOpinionsError(
                f"a scale has options {self.options} and half-ranges"
                f" {self.half_range}, but actions are either choices or real numbers"
            )
        if len(self.circular) != len(self.half_range):
            raise BadOpinionsError(
                f"a scale has {len(self.half_range)} half-ranges, but says of"
                f" {len(self.circular)} numbers whether they are circular"
            )
        if not all(0 < half < np.inf for half in self.half_range):
            raise BadOpinionsError(
                f"the half-ranges {self.half_range} must be positive and finite"
            )

    @property
    def width(self) -> int:
        """The numbers of an action."""
        return len(self.options or self.half_range)

    @property
    def actions(self) -> int:
        """How many different actions there are to choose from."""
        return int(np.prod(self.options, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Opinions:
    """What people said of the same things: a row for each judgment, in their order.

    `item` is a moment: a question and its repeats share it, as equal observations do.
    `who` says by its place in `names` who judged. A number that they left out is NaN.
    """

    item: Int[np.ndarray, " opinions"]
    who: Int[np.ndarray, " opinions"]
    action: Float[np.ndarray, "opinions actions"]
    names: tuple[str, ...]
    scale: Scale

    def __post_init__(self) -> None:
        if not len(self.item) == len(self.who) == len(self.action):
            raise BadOpinionsError(
                f"there are {len(self.action)} judgments, but {len(self.item)} items"
                f" and {len(self.who)} people"
            )
        if self.action.shape[1] != self.scale.width:
            raise BadOpinionsError(
                f"the judgments have {self.action.shape[1]} numbers, but an action has"
                f" {self.scale.width}"
            )
        if len(self.who) and not 0 <= self.who.min() <= self.who.max() < len(
            self.names
        ):
            raise BadOpinionsError(
                f"there are {len(self.names)} people, but somebody judged whose place"
                f" is {self.who.max()}, the smallest {self.who.min()}"
            )

    def __len__(self) -> int:
        return len(self.item)

    def rows(self, these: Bool[np.ndarray, " opinions"]) -> "Opinions":
        """Only these judgments."""
        return Opinions(
            self.item[these],
            self.who[these],
            self.action[these],
            self.names,
            self.scale,
        )

    def among(self, *names: str) -> "Opinions":
        """What these people said."""
        places = [self.names.index(name) for name in names]
        return self.rows(np.isin(self.who, places))

    def first(self) -> "Opinions":
        """What each said of each item when they were first asked."""
        pairs = np.stack([self.item, self.who], axis=1)
        _, earliest = np.unique(pairs, axis=0, return_index=True)
        these = np.zeros(len(self), bool)
        these[earliest] = True
        return self.rows(these)


@dataclass(frozen=True)
class Agreement:
    """1: they always agree; 0: no more than by chance.

    `ci95` would hold the true value in 95 of 100 repetitions, and `items` counts the
    moments that were judged twice or more.
    """

    value: float
    ci95: tuple[float, float]
    items: int


def cohens_kappa(opinions: Opinions, one: str, other: str) -> Agreement | None:
    """How far two people choose alike, beyond chance.

    (p_o - p_e) / (1 - p_e), where p_o is how often they agree and p_e how often they
    would if each chose as often as they do, but blindly (Cohen 1960,
    https://doi.org/10.1177/001316446002000104). An action of several numbers is one
    choice. None for real actions, for fewer than two common items, and where both
    always choose the same one action.
    """
    if not opinions.scale.options:
        return None
    said = opinions.among(one, other).first()
    choice = _choices(said)
    both = _pairs(said, choice, one, other)
    kinds = np.arange(choice.max(initial=-1) + 1)
    if len(both) < 2 or len(np.unique(both)) < 2:
        return None
    chosen = [(both[:, [who]] == kinds).astype(np.float64) for who in (0, 1)]
    agree = (both[:, [0]] == both[:, [1]]).astype(np.float64)
    rows = np.concatenate([agree, *chosen], axis=1)

    def kappa(means: Float[np.ndarray, "*lead columns"]) -> Num[np.ndarray, "*lead"]:
        observed, left = means[..., 0], means[..., 1 : 1 + len(kinds)]
        chance = np.sum(left * means[..., 1 + len(kinds) :], axis=-1)
        return _beyond(np.asarray(1 - observed), np.asarray(1 - chance))

    loss = 1 / float(1 - np.sum(rows.mean(axis=0)[1:].reshape(2, -1).prod(axis=0)))
    return _agreement(rows, kappa, loss=loss)


def krippendorffs_alpha(opinions: Opinions) -> Agreement | None:
    """How far all people agree, beyond chance, whoever judged what.

    1 - D_o / D_e: how far the judgments of one item differ, over how far any two do
    (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability,
    https://repository.upenn.edu/asc_papers/43). Choices are the same or not; of real
    numbers the squared differences count, in half-ranges, together for all numbers,
    along the chord where they are circular. An item that somebody judged again counts
    with their first judgment. None where fewer than two items were judged by several,
    or where everybody always said the same.
    """
    return _alpha(opinions.first())


def self_agreement(opinions: Opinions) -> dict[str, Agreement]:
    """How far each person says the same when asked again.

    It is `krippendorffs_alpha` of what they said of one item at different times.
    """
    found = {
        name: _alpha(opinions.rows(opinions.who == place))
        for place, name in enumerate(opinions.names)
    }
    return {name: each for name, each in found.items() if each is not None}


def _choices(opinions: Opinions) -> Int[np.ndarray, " opinions"]:
    """Which of the actions that anybody chose each judgment is."""
    if not len(opinions):
        return np.zeros(0, np.int64)
    _, choice = np.unique(opinions.action, axis=0, return_inverse=True)
    return choice.reshape(-1)


def _pairs(
    opinions: Opinions, choice: Int[np.ndarray, " opinions"], one: str, other: str
) -> Int[np.ndarray, "items 2"]:
    """What two people chose for the items that both judged."""
    by_item: list[Mapping[int, int]] = []
    for name in (one, other):
        own = opinions.who == opinions.names.index(name)
        by_item.append(
            dict(zip(opinions.item[own].tolist(), choice[own].tolist(), strict=True))
        )
    left, right = by_item
    common = sorted(left.keys() & right.keys())
    return np.array([(left[item], right[item]) for item in common], int).reshape(-1, 2)


def _places(opinions: Opinions) -> list[Float[np.ndarray, "opinions dims"]]:
    """Each number of the judgments as a point; unknown ones are NaN.

    The squared distance of two points is what their judgments differ by: 1 between
    choices; of real numbers the square in half-ranges, or (2/π · sin(π/2 · difference))
    squared where they are circular.
    """
    scale = opinions.scale
    if scale.options:
        choice = _choices(opinions)
        return [np.eye(choice.max(initial=0) + 1)[choice] / np.sqrt(2)]
    numbers = opinions.action / np.asarray(scale.half_range)
    angles = np.pi * numbers
    circles = np.stack([np.cos(angles), np.sin(angles)], axis=-1) / np.pi
    return [
        circles[:, i] if circular else numbers[:, [i]]
        for i, circular in enumerate(scale.circular)
    ]


def _sums(
    place: Float[np.ndarray, "opinions dims"], item: Int[np.ndarray, " opinions"]
) -> tuple[
    Float[np.ndarray, " items"],
    Float[np.ndarray, " items"],
    Float[np.ndarray, "items dims"],
]:
    """Of each item: how many known points, the sum of their squares, and their sum."""
    known, items = np.isfinite(place).all(axis=1), item.max(initial=-1) + 1
    # Differences of large numbers would be lost in their squares.
    middle = place[known].sum(axis=0) / max(known.sum(), 1)
    point = np.where(known[:, None], place - middle, 0.0)
    total = np.zeros((items, place.shape[1]))
    np.add.at(total, item, point)
    square = np.bincount(item, np.sum(point**2, axis=1), items)
    return np.bincount(item, known, items), square, total


def _alpha(opinions: Opinions) -> Agreement | None:
    """Krippendorff's alpha of all these judgments, whoever made them."""
    if not len(opinions):
        return None
    item = np.unique(opinions.item, return_inverse=True)[1]
    columns, widths = [], []
    for place in _places(opinions):
        count, square, total = _sums(place, item)
        apart = 2 * (count * square - np.sum(total**2, axis=1)) / (count - 1).clip(1)
        each = np.stack([count, apart.clip(0), square], axis=1)
        columns.append(np.concatenate([each, total], axis=1) * (count >= 2)[:, None])
        widths.append(columns[-1].shape[1])
    rows = np.concatenate(columns, axis=1)
    rows = rows[rows.any(axis=1)]
    if len(rows) < 2:
        return None
    ends = np.cumsum(widths)[:-1]

    def differences(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        observed, expected = np.zeros(means.shape[:-1]), np.zeros(means.shape[:-1])
        for part in np.split(means * len(rows), ends, axis=-1):
            count, square, total = part[..., 0], part[..., 2], part[..., 3:]
            pooled = np.asarray(2 * (count * square - np.sum(total**2, axis=-1)))
            observed += part[..., 1]
            expected += pooled.clip(0) / np.maximum(count - 1, 1)
        return observed, expected

    def alpha(means: Float[np.ndarray, "*lead columns"]) -> Num[np.ndarray, "*lead"]:
        return _beyond(*differences(means))

    _, expected = differences(rows.mean(axis=0))
    if expected <= 1e-12 * len(rows):
        return None
    choices = bool(opinions.scale.options)
    loss = float(rows[:, 0].sum() / expected) if choices else 1.0
    return _agreement(rows, alpha, loss=loss)


def _agreement(
    rows: Float[np.ndarray, "items columns"],
    statistic: Callable[[np.ndarray], np.ndarray],
    *,
    loss: float,
) -> Agreement:
    """A statistic of the items' mean, and how far it can be trusted.

    Where nobody ever differed, resampling finds no spread. How often they may differ
    all the same is then what n agreements leave open, each difference taking `loss`.
    """
    value = float(statistic(rows.mean(axis=0)))
    if value > 1 - 1e-9:
        seldom = 1 - 0.025 ** (1 / len(rows))
        return Agreement(1.0, (1 - loss * seldom, 1.0), len(rows))
    generator = np.random.default_rng(_SEED)
    counts = generator.multinomial(
        len(rows), np.full(len(rows), 1 / len(rows)), size=RESAMPLES
    )
    means = counts @ rows / len(rows)
    return Agreement(value, bca_interval(rows, means, statistic), len(rows))


def _beyond(observed: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """1 - observed / expected; 1 where no difference is expected, as there is none."""
    some = expected > 1e-12
    share = np.divide(observed, expected, out=np.zeros_like(observed), where=some)
    return np.asarray(1 - share)
