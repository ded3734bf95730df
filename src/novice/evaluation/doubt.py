"""Find the answers that the rest of the data does not predict.

Each episode is predicted by policies that were fitted to the other episodes, so no
answer speaks for itself. An answer is doubted the more, the less likely these find it,
and the more often whoever gave it is doubted: all wrong answers may be one person's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Num, Shaped


class Predicted(NamedTuple):
    """How likely a policy finds each answer (the logarithm), and what it would do."""

    likely: Float[np.ndarray, " rows"]
    action: Num[np.ndarray, "rows actions"]


# Fits a policy to rows by their weights, and tells what it makes of every row. The
# number says which policy this is: another one, other chances.
Fit = Callable[[Float[np.ndarray, " rows"], int], Predicted]

FOLDS = 5
# Policies for each fold: what they differ in, one of them may have by chance.
MEMBERS = 3
# So often everything is fitted; after the first time what is doubted counts less.
PASSES = 2
# Of fewer answers, or episodes, too little is known to predict one from the others.
FEWEST_ANSWERS = 200
FEWEST_EPISODES = 4
# What everybody's share of doubted answers is taken to be before anything is known of
# them counts like so many answers of theirs.
PRIOR_ANSWERS = 20.0
# So often an answer that is right is not to be predicted from others: nobody's surprise
# is so great that whose answer it is makes no difference any more.
UNPREDICTED = 0.02
_EM_STEPS = 200


@dataclass(frozen=True, eq=False)
class Said:
    """What is judged: answers, in which episodes, and whose they are.

    `chance` is the logarithm of how likely each answer is for somebody who answers at
    random: what a wrong answer is taken for. Rows that do not `count` are neither
    judged nor learned from.
    """

    episode: Int[np.ndarray, " rows"]
    who: Shaped[np.ndarray, " rows"]
    chance: Float[np.ndarray, " rows"]
    counts: Bool[np.ndarray, " rows"]


@dataclass(frozen=True, eq=False)
class Doubts:
    """How probably each answer is wrong, in the light of the others.

    `wrong` is that probability, NaN for rows that were not judged; `surprise` is how
    much less likely an answer was found than by chance, in nats. `share` is which part
    of each person's answers is doubted, and `instead` what a policy that learned from
    the others would do.
    """

    wrong: Float[np.ndarray, " rows"]
    surprise: Float[np.ndarray, " rows"]
    share: Mapping[str, float]
    instead: Num[np.ndarray, "rows actions"]

    def ranked(self) -> Int[np.ndarray, " judged"]:
        """The judged rows, the most doubtful first."""
        rows = np.flatnonzero(~np.isnan(self.wrong))
        order = np.lexsort((rows, -self.surprise[rows], -self.wrong[rows]))
        return rows[order]


def doubts(said: Said, fit: Fit, *, seed: int = 0) -> Doubts | None:
    """How far each answer is to be doubted; None where too few can tell.

    Whether an answer is wrong is a mixture of two: it comes from what the others
    predict, or from chance, which happens to each person with a share of their own.
    The shares are found by expectation and maximization (Dempster, Laird and Rubin
    1977), each drawn towards everybody's by an empirical Bayes prior. Learning with a
    classifier that says how likely each answer was is as in Raykar et al. 2010
    (Learning from crowds, https://www.jmlr.org/papers/v11/raykar10a.html).
    """
    fold = folds_of(said, seed=seed)
    if fold is None:
        return None
    trust = said.counts.astype(np.float64)
    for turn in range(PASSES):
        found = explained(said, predicted(said, fold, trust, fit, turn=turn))
        trust = np.where(said.counts, 1 - found.wrong, 0.0)
    return found


def folds_of(said: Said, *, seed: int) -> Int[np.ndarray, " rows"] | None:
    """A fold for each row, whole episodes in one; None where there are too few."""
    episodes = np.unique(said.episode[said.counts])
    if len(episodes) < FEWEST_EPISODES or said.counts.sum() < FEWEST_ANSWERS:
        return None
    order = np.random.default_rng(seed).permutation(len(episodes))
    number = np.searchsorted(episodes, said.episode).clip(0, len(episodes) - 1)
    return np.asarray(order[number] % min(FOLDS, len(episodes)))


def predicted(
    said: Said,
    fold: Int[np.ndarray, " rows"],
    trust: Float[np.ndarray, " rows"],
    fit: Fit,
    *,
    turn: int,
) -> Predicted:
    """What policies that did not learn from its episode make of each row."""
    likely: np.ndarray = np.full(len(fold), -np.inf)
    action: np.ndarray | None = None
    many = int(fold.max()) + 1
    for part in range(many):
        held = fold == part
        weight = np.where(held, 0.0, trust)
        for member in range(MEMBERS):
            found = fit(weight, (turn * many + part) * MEMBERS + member)
            added = np.logaddexp(likely, found.likely - np.log(MEMBERS))
            likely = np.where(held, added, likely)
            if action is None:
                action = found.action.copy()
            if not member:
                action[held] = found.action[held]
    assert action is not None
    return Predicted(likely, action)


def explained(said: Said, predicted: Predicted) -> Doubts:
    """Which answers chance explains better than the others' predictions do."""
    rows = np.flatnonzero(said.counts)
    names, person = np.unique(said.who[rows], return_inverse=True)
    right, chance = predicted.likely[rows], said.chance[rows]
    right = np.logaddexp(np.log1p(-UNPREDICTED) + right, np.log(UNPREDICTED) + chance)
    probability, share = shares(right - chance, person, len(names))
    wrong, surprise = np.full((2, len(said.counts)), np.nan)
    wrong[rows] = probability
    surprise[rows] = chance - predicted.likely[rows]
    told = dict(zip(names.tolist(), share.tolist(), strict=True))
    return Doubts(wrong, surprise, told, predicted.action)


def shares(
    better: Float[np.ndarray, " rows"], person: Int[np.ndarray, " rows"], people: int
) -> tuple[Float[np.ndarray, " rows"], Float[np.ndarray, " people"]]:
    """How probably each answer is wrong, and which share of each person's.

    `better` is the logarithm of how much likelier the others make an answer than
    chance does.
    """
    count = np.bincount(person, minlength=people)
    share = np.full(people, 0.1)
    for _ in range(_EM_STEPS):
        odds = np.log(share / (1 - share))[person] - better
        wrong = 1 / (1 + np.exp(-np.clip(odds, -700, 700)))
        of_each = np.bincount(person, weights=wrong, minlength=people)
        everybody = of_each.sum() / count.sum()
        share = (of_each + PRIOR_ANSWERS * everybody) / (count + PRIOR_ANSWERS)
        share = share.clip(1e-6, 1 - 1e-6)
    return wrong, share
