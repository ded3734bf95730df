"""The likelihood of what people said, given how reliable each of them is.

Nobody knows what was right, unless an item is gold. Both models sum over everything
that it may have been. Their slopes are those of the expected complete likelihood, which
the expectation-maximization algorithm climbs as well (Fisher's identity).
"""

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.special
from jaxtyping import Float, Int

from novice.evaluation.agreement import Opinions

# The right action of each item of which it is known.
Gold = Mapping[int, tuple[float, ...]]
# The judgments of each item, by their places.
Rows = Mapping[int, Int[np.ndarray, " rows"]]

# Nobody is taken to be surer, or steadier, than this.
SUREST = 0.9999
STEADIEST = 1e-3  # half-ranges
SHAKIEST = 10.0  # half-ranges
# Steadier than this counts no more.
STEADY = 0.02  # half-ranges


class Likelihood(NamedTuple):
    """A log-likelihood and its slope along each person's trait."""

    value: float
    slope: Float[np.ndarray, " people"]


class AbstractJudging(abc.ABC):
    """How one number a person, their trait, makes likely what people said.

    `items` counts the items that tell something of each person.
    """

    items: Int[np.ndarray, " people"]

    @property
    @abc.abstractmethod
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest trait."""

    @property
    @abc.abstractmethod
    def start(self) -> float:
        """A trait from which to search."""

    @abc.abstractmethod
    def likelihood(self, trait: Float[np.ndarray, " people"]) -> Likelihood: ...

    @abc.abstractmethod
    def shown(self, trait: float) -> float:
        """The trait in the unit in which it is told."""

    @abc.abstractmethod
    def weights(
        self, trait: Float[np.ndarray, " people"]
    ) -> Float[np.ndarray, " people"]:
        """How much an answer of each should count."""


@dataclass(frozen=True, eq=False)
class Choosing(AbstractJudging):
    """People make the right choice with a probability of their own.

    Any wrong one is as likely as another: the "one-coin" model of Dawid and Skene
    (1979, Maximum likelihood estimation of observer error-rates,
    https://doi.org/10.2307/2346806). The trait is the probability's logit. Nobody is
    taken to be worse than guessing.

    What is right for an item is one of its `candidates`: of gold the known action
    alone, else what anybody chose, and all the others together; `kinds` says how many
    actions a candidate stands for (0: none, padding). Before anybody answered, each
    action is as likely as any other. The model does not tell actions apart, so this
    estimates the same where some are much more frequent.
    """

    chose: Float[np.ndarray, "items candidates people"]
    kinds: Float[np.ndarray, "items candidates"]
    said: Float[np.ndarray, "items people"]
    actions: int
    items: Int[np.ndarray, " people"]

    @property
    def bounds(self) -> tuple[float, float]:
        return -np.log(self.actions - 1), float(scipy.special.logit(SUREST))

    @property
    def start(self) -> float:
        return float(scipy.special.logit(1 - 0.3 * (1 - 1 / self.actions)))

    def likelihood(self, trait: Float[np.ndarray, " people"]) -> Likelihood:
        each, right = self._expected(trait)
        slope = right - self.said.sum(axis=0) * scipy.special.expit(trait)
        return Likelihood(float(each.sum()), slope)

    def shown(self, trait: float) -> float:
        return float(scipy.special.expit(trait))

    def weights(
        self, trait: Float[np.ndarray, " people"]
    ) -> Float[np.ndarray, " people"]:
        """The log-odds of the probability against one wrong choice; guessing: 0.

        These are the weights of the best vote (Nitzan and Paroush 1982,
        https://doi.org/10.2307/2526438). One right and one wrong answer are added, so
        that nobody who was right a few times is believed without limit.
        """
        _, right = self._expected(trait)
        sure = (right + 1) / (self.said.sum(axis=0) + 2)
        return np.log(sure * (self.actions - 1) / (1 - sure)).clip(0)

    def _expected(
        self, trait: Float[np.ndarray, " people"]
    ) -> tuple[Float[np.ndarray, " items"], Float[np.ndarray, " people"]]:
        """Each item's log-likelihood, and how often each person is expected right."""
        right = scipy.special.log_expit(trait)
        wrong = scipy.special.log_expit(-trait) - np.log(self.actions - 1)
        with np.errstate(divide="ignore"):
            log = np.log(self.kinds) + self.chose @ (right - wrong)
        log += (self.said @ wrong)[:, None]
        each = scipy.special.logsumexp(log, axis=1)
        share = np.exp(log - each[:, None])
        return each, np.einsum("ic,icp->p", share, self.chose)


@dataclass(frozen=True, eq=False)
class Aiming(AbstractJudging):
    """People give numbers that are right but for a normal error of their own spread.

    The trait is the logarithm of the standard deviation in half-ranges, the same for
    all numbers of an action. Any right number is as likely as another beforehand, so
    only differences count ("restricted" maximum likelihood: Patterson and Thompson
    1971, https://doi.org/10.1093/biomet/58.3.545).

    A row is one number of one item; of each person's values there, less a value near
    them all (of gold the right one), it has the count, the sum and the sum of squares.
    """

    count: Float[np.ndarray, "rows people"]
    total: Float[np.ndarray, "rows people"]
    square: Float[np.ndarray, "rows people"]
    gold: Float[np.ndarray, " rows"]
    items: Int[np.ndarray, " people"]

    @property
    def bounds(self) -> tuple[float, float]:
        return float(np.log(STEADIEST)), float(np.log(SHAKIEST))

    @property
    def start(self) -> float:
        """The spread that all would have if they had the same."""
        count, total = self.count.sum(axis=1), self.total.sum(axis=1)
        apart = self.square.sum(axis=1) - (1 - self.gold) * total**2 / count
        spread = np.sqrt(apart.sum().clip(0) / (count + self.gold - 1).sum())
        return float(np.log(spread.clip(2 * STEADIEST, SHAKIEST / 2)))

    def likelihood(self, trait: Float[np.ndarray, " people"]) -> Likelihood:
        precision = np.exp(-2 * trait)
        sure = self.count @ precision
        middle = (1 - self.gold) * (self.total @ precision) / sure
        left = (1 - self.gold) / sure
        apart = self.square - 2 * middle[:, None] * self.total
        apart += (middle**2 + left)[:, None] * self.count
        squares = apart.sum(axis=0) * precision
        number = self.count.sum(axis=0)
        value = -(number @ trait) - 0.5 * ((1 - self.gold) * np.log(sure)).sum()
        # The variance of what is right is part of the expectation, not of the value.
        value -= 0.5 * (squares.sum() - (1 - self.gold).sum())
        return Likelihood(float(value), squares - number)

    def shown(self, trait: float) -> float:
        return float(np.exp(trait))

    def weights(
        self, trait: Float[np.ndarray, " people"]
    ) -> Float[np.ndarray, " people"]:
        """One over the variance: the weights of the mean that varies least.

        Who is steadier than a hundredth of the range is taken to be only so steady:
        they may have a habit, which no repeat shows.
        """
        return np.exp(-2 * trait.clip(np.log(STEADY)))


def judging(opinions: Opinions, gold: Gold) -> AbstractJudging | None:
    """What gold items, and items judged more than once, say of people; None: nothing.

    One judgment of an item of which nothing else is known says nothing.
    """
    told = {
        item: rows
        for item, rows in _by_item(opinions).items()
        if item in gold or len(rows) > 1
    }
    if not told or (opinions.scale.options and opinions.scale.actions == 1):
        return None
    if opinions.scale.options:
        return _choosing(opinions, gold, told)
    return _aiming(opinions, gold, told)


def _by_item(opinions: Opinions) -> dict[int, Int[np.ndarray, " rows"]]:
    """The judgments of each item."""
    if not len(opinions):
        return {}
    order = np.argsort(opinions.item, kind="stable")
    items, starts = np.unique(opinions.item[order], return_index=True)
    parts = np.split(order, starts[1:])
    return dict(zip(items.tolist(), parts, strict=True))


def _choosing(opinions: Opinions, gold: Gold, told: Rows) -> Choosing:
    people = np.eye(len(opinions.names))
    chose, kinds, said = [], [], []
    for item, rows in told.items():
        votes, action = people[opinions.who[rows]], opinions.action[rows]
        if item in gold:
            candidates, many = np.array([gold[item]]), [1]
        else:
            candidates = np.unique(action, axis=0)
            many = [1] * len(candidates) + [opinions.scale.actions - len(candidates)]
        hits = np.all(candidates[:, None] == action, axis=-1)
        chose.append(hits @ votes)
        kinds.append(many)
        said.append(votes.sum(axis=0))
    room = max(len(many) for many in kinds)
    padded = np.zeros((len(said), room, len(people)))
    numbers = np.zeros((len(said), room))
    for row, (hit, many) in enumerate(zip(chose, kinds, strict=True)):
        padded[row, : len(hit)], numbers[row, : len(many)] = hit, many
    counted = np.array(said)
    return Choosing(
        chose=padded,
        kinds=numbers,
        said=counted,
        actions=opinions.scale.actions,
        items=np.sum(counted > 0, axis=0),
    )


def _aiming(opinions: Opinions, gold: Gold, told: Rows) -> Aiming | None:
    people, scale = np.eye(len(opinions.names)), opinions.scale
    half_range, circular = np.asarray(scale.half_range), np.asarray(scale.circular)
    sums, known_right, met = [], [], []
    for item, rows in told.items():
        action, votes = opinions.action[rows], people[opinions.who[rows]]
        right = np.asarray(gold.get(item, np.full(scale.width, np.nan)))
        near = np.where(np.isnan(right), _first_known(action), right)
        apart = (action - near) / half_range
        apart = np.where(circular, (apart + 1) % 2 - 1, apart)
        known = np.isfinite(apart)
        told_by = known & (np.isfinite(right) | (known.sum(axis=0) > 1))
        apart = np.where(told_by, apart, 0.0)
        sums.append([told_by.T @ votes, apart.T @ votes, apart.T**2 @ votes])
        known_right.append(np.isfinite(right))
        met.append(told_by.any(axis=1) @ votes > 0)
    count, total, square = np.concatenate(sums, axis=1)
    used = count.any(axis=1)
    if not used.any():
        return None
    return Aiming(
        count=count[used],
        total=total[used],
        square=square[used],
        gold=np.concatenate(known_right)[used].astype(np.float64),
        items=np.sum(met, axis=0),
    )


def _first_known(
    action: Float[np.ndarray, "rows actions"],
) -> Float[np.ndarray, " actions"]:
    """Of each number the first value that anybody gave; NaN where nobody did."""
    first = np.isfinite(action).argmax(axis=0)
    return np.take_along_axis(action, first[None], axis=0)[0]
