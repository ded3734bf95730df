"""Decide which answers of several people a policy learns from, and how much.

A judgment, by which people are measured, is a standing answer to a question that names
exactly one action. What they showed unasked, what was filled in between, and answers
that accept several actions are learned from, but measure nobody.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Int, Num

from novice.datasets.dataset import GOLD, INTERPOLATED, Answers, Dataset, sets_of
from novice.evaluation.agreement import Opinions, Scale
from novice.evaluation.judging import Gold
from novice.evaluation.reliability import Reliability, reliabilities
from novice.learning.heads import AbstractHead, choices

Use = Literal["all", "majority", "weighted"]


@dataclass(frozen=True, eq=False)
class Trusted:
    """What each row of a dataset counts, and what to make likelier there.

    A row of weight 0 is not learned from. Targets that are `marked` are marks, as
    `AbstractHead.set_log_probability` has them. `people` says how reliable each of them
    was found, as plain values.
    """

    weight: Float[np.ndarray, " rows"]
    target: Num[np.ndarray, "rows targets"]
    marked: bool
    people: Mapping[str, Mapping[str, Any]]

    @property
    def doubts(self) -> bool:
        """Whether the marks allow for errors of those who answered."""
        return self.marked and np.issubdtype(self.target.dtype, np.floating)


def trusted(dataset: Dataset, head: AbstractHead, *, use: Use) -> Trusted:
    """What a policy with this head learns from.

    - "all": every row that stands, each counting once.
    - "majority": where several people judged equal observations, what most of them
      say, counting once (`voted` for choices, `middle` for real numbers).
    - "weighted": every row that stands, by how reliable its author was found. A choice
      counts once, as something that is said by whoever errs as often (`doubted`); real
      numbers count by their author's weight, on average once. Of whom too little is
      known to say is taken to be as the others are on average.
    """
    stands, target = dataset.standing(), dataset.targets(head)
    weight, marked = stands.astype(np.float64), dataset.has_sets
    if use == "all":
        return Trusted(weight, target, marked, {})
    opinions, gold = judgments(dataset, head)
    found = reliabilities(opinions, gold)
    authors = authors_of(dataset)
    if use == "weighted" and head.options:
        right = right_by_author(authors, stands, found, math.prod(head.options))
        if right is not None:
            sets = np.concatenate([sets_of(part, head) for part in dataset.parts])
            target, marked = doubted(sets, right, head.options), True
    elif use == "weighted":
        weight = by_author(authors, stands, found)
    elif head.options:
        weight = voted(dataset, head, weight)
    else:
        weight, target = middle(dataset, head, weight, target)
    return Trusted(weight, target, marked, told(found, authors, stands, weight))


def authors_of(dataset: Dataset) -> np.ndarray:
    """Who gave each row."""
    return np.concatenate(
        [np.zeros(0, str), *[[part.origin.who] * len(part) for part in dataset.parts]]
    )


def asked(dataset: Dataset) -> Bool[np.ndarray, " rows"]:
    """The standing rows in which somebody answered a question themselves."""
    own = [
        np.full(
            len(part), part.question is not None and part.origin.source != INTERPOLATED
        )
        for part in dataset.parts
    ]
    return dataset.standing() & np.concatenate([np.zeros(0, bool), *own])


def moments(dataset: Dataset) -> Int[np.ndarray, " rows"]:
    """A number for each row; equal observations have the same."""
    _, item = np.unique(dataset.column("observation"), axis=0, return_inverse=True)
    return np.asarray(item).reshape(-1)


def judgments(dataset: Dataset, head: AbstractHead) -> tuple[Opinions, Gold]:
    """What people said of which moments, and what was right where it is known."""
    item, authors = moments(dataset), authors_of(dataset)
    action = np.concatenate([with_gaps(part) for part in dataset.parts])
    of_gold = np.concatenate(
        [[part.origin.source == GOLD] * len(part) for part in dataset.parts]
    ).astype(bool)
    single = np.concatenate([names_one(part, head) for part in dataset.parts])
    rows = asked(dataset) & single
    names, who = np.unique(authors[rows], return_inverse=True)
    opinions = Opinions(
        item=item[rows],
        who=who,
        action=action[rows],
        names=tuple(names.tolist()),
        scale=scale_of(head),
    )
    gold = {
        int(item[row]): tuple(action[row].tolist()) for row in np.flatnonzero(of_gold)
    }
    return opinions, gold


def scale_of(head: AbstractHead) -> Scale:
    """How two actions of a policy's head differ."""
    if head.options:
        return Scale(options=head.options)
    half_range = tuple(head.config()["half_range"])
    return Scale(half_range=half_range, circular=(False,) * len(half_range))


def with_gaps(part: Answers) -> Float[np.ndarray, "rows actions"]:
    """The actions of some rows, NaN for numbers that nobody gave."""
    action = part.action.astype(np.float64)
    return action if part.known is None else np.where(part.known, action, np.nan)


def names_one(part: Answers, head: AbstractHead) -> Bool[np.ndarray, " rows"]:
    """The rows that accept exactly one action."""
    if part.marks is None:
        return np.ones(len(part), bool)
    return np.asarray(part.marks.sum(axis=1) == len(head.options))


def right_by_author(
    authors: np.ndarray,
    stands: Bool[np.ndarray, " rows"],
    found: Mapping[str, Reliability],
    actions: int,
) -> Float[np.ndarray, " rows"] | None:
    """How probably each row's author is right, one of so many actions being right.

    None where nobody is known to be better than chance: all are taken at their word.
    """
    known = {
        who: 1 / (1 + (actions - 1) * math.exp(-each.weight))
        for who, each in found.items()
        if each.weight is not None
    }
    right = np.array([known.get(who, np.nan) for who in authors.tolist()], np.float64)
    of_known = right[stands & ~np.isnan(right)]
    if not (of_known > 1 / actions).any():
        return None
    return np.where(np.isnan(right), of_known.mean(), right)


def doubted(
    sets: Int[np.ndarray, "rows marks"],
    right: Float[np.ndarray, " rows"],
    options: tuple[int, ...],
) -> Float[np.ndarray, "rows marks"]:
    """What the marks of sets become when their author may err: how likely each set is.

    With a probability t the author knows what is right, and their set holds it; else it
    is any set of as many options, m of K: an option in it has the mark t + (1 - t) m/K,
    any other (1 - t) m/K. Naming one is right with probability p = t + (1 - t)/K, which
    makes these p and (1 - p)/(K - 1), as Dawid and Skene (1979) have it. Who never errs
    is taken at their word; guessing says nothing.

    Of several numbers each is right with p^(log K / log ΠK), the same root of p for all
    that have as many options: who guesses the action guesses each number.
    """
    marks = []
    for said in choices(sets, options):
        count = said.shape[1]
        share = right ** (math.log(count) / math.log(math.prod(options)))
        knows = ((share * count - 1) / max(count - 1, 1)).clip(0, 1)[:, None]
        marks.append(knows * said + (1 - knows) * said.mean(axis=1, keepdims=True))
    return np.concatenate(marks, axis=1).astype(np.float32)


def by_author(
    authors: np.ndarray,
    stands: Bool[np.ndarray, " rows"],
    found: Mapping[str, Reliability],
) -> Float[np.ndarray, " rows"]:
    """The weight of each row's author, 1 on average over the rows that stand.

    Where nobody is better than chance nobody is better than anybody: all count alike.
    """
    known = {who: each.weight for who, each in found.items() if each.weight is not None}
    weight = np.array([known.get(who, np.nan) for who in authors.tolist()], np.float64)
    weight[~stands] = 0.0
    of_known = weight[stands & ~np.isnan(weight)]
    if not of_known.any():
        return stands.astype(np.float64)
    weight = np.where(np.isnan(weight), of_known.mean(), weight)
    return weight * (stands.sum() / weight.sum())


def judged_by_several(dataset: Dataset) -> list[Int[np.ndarray, " rows"]]:
    """The rows of each moment about which several people answered a question."""
    rows, authors = np.flatnonzero(asked(dataset)), authors_of(dataset)
    item = moments(dataset)[rows]
    order = np.argsort(item, kind="stable")
    _, starts = np.unique(item[order], return_index=True)
    groups = np.split(rows[order], starts[1:])
    return [group for group in groups if len(set(authors[group].tolist())) > 1]


def voted(
    dataset: Dataset, head: AbstractHead, weight: Float[np.ndarray, " rows"]
) -> Float[np.ndarray, " rows"]:
    """The weights when of the answers to one moment the most frequent wins.

    Everybody has one vote; who answered again, or accepts several actions, has a part
    of it for each. Rows that say what most say share the weight of one; so do all
    that are tied.
    """
    weight, authors = weight.copy(), authors_of(dataset)
    marks = np.concatenate([sets_of(part, head) for part in dataset.parts])
    for group in judged_by_several(dataset):
        votes = 1 / _times(authors[group])
        score = _common(marks[group], head.options) @ votes
        won = score > score.max() - 1e-9
        weight[group] = won / won.sum()
    return weight


def _times(names: np.ndarray) -> Int[np.ndarray, " rows"]:
    """How often each row's name is among them."""
    _, place, count = np.unique(names, return_inverse=True, return_counts=True)
    return np.asarray(count[place.reshape(-1)])


def _common(
    marks: Int[np.ndarray, "rows marks"], options: tuple[int, ...]
) -> Float[np.ndarray, "rows rows"]:
    """The share of row j's actions that row i accepts too, for each action of row i."""
    each = [choice.astype(np.float64) for choice in choices(marks, options)]
    both = np.prod([choice @ choice.T for choice in each], axis=0)
    many = np.diag(both)
    return np.asarray(both / many[:, None] / many[None, :])


def middle(
    dataset: Dataset,
    head: AbstractHead,
    weight: Float[np.ndarray, " rows"],
    target: Num[np.ndarray, "rows targets"],
) -> tuple[Float[np.ndarray, " rows"], Num[np.ndarray, "rows targets"]]:
    """The weights and targets when several people's numbers make way for their median.

    The first row of a moment takes the median of each number, the other rows count
    nothing. Everybody has one say; who answered again has the median of theirs.
    """
    weight, target, authors = weight.copy(), target.copy(), authors_of(dataset)
    action = np.concatenate([with_gaps(part) for part in dataset.parts])
    for group in judged_by_several(dataset):
        names = authors[group]
        says = [_median(action[group[names == name]]) for name in sorted(set(names))]
        found = _median(np.stack(says))
        known = np.isfinite(found)
        weight[group] = np.arange(len(group)) == 0
        said = [np.where(known, found, 0.0), known]
        target[group[0]] = np.concatenate(said)[: target.shape[1]]
    return weight, target


def _median(action: Float[np.ndarray, "rows actions"]) -> Float[np.ndarray, " actions"]:
    """The median of each number over those who gave it; NaN where nobody did."""
    columns = [column[np.isfinite(column)] for column in action.T]
    return np.array([np.median(each) if each.size else np.nan for each in columns])


def told(
    found: Mapping[str, Reliability],
    authors: np.ndarray,
    stands: Bool[np.ndarray, " rows"],
    weight: Float[np.ndarray, " rows"],
) -> dict[str, dict[str, Any]]:
    """Of everybody who was measured: how reliable, by what, and what it counts."""
    people = {}
    for who, each in sorted(found.items()):
        own = stands & (authors == who)
        people[who] = {
            "reliability": {"mean": each.value, "ci95": list(each.ci95)},
            "items": each.items,
            "rows": int(own.sum()),
            "weight": float(weight[own].mean()) if own.any() else 0.0,
        }
    return people
