"""Opinions for tests: tables from the literature, and people whose truth is known."""

from collections.abc import Sequence

import numpy as np

from novice.evaluation.agreement import Opinions, Scale

CHOICES = Scale(options=(6,))
NUMBERS = Scale(half_range=(1.0,), circular=(False,))

# Krippendorff (2011, Computing Krippendorff's Alpha-Reliability, example C): four
# observers, twelve units, missing values (0 here).
KRIPPENDORFF = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
    [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
]


def tabled(table: Sequence[Sequence[float]], scale: Scale) -> Opinions:
    """What each observer (a row) said of each item (a column); 0 is nothing."""
    said = [
        (item, who, value)
        for who, row in enumerate(table)
        for item, value in enumerate(row)
        if value
    ]
    return opinions(said, scale, people=len(table))


def opinions(
    said: Sequence[tuple[int, int, float | Sequence[float]]],
    scale: Scale,
    *,
    people: int = 2,
) -> Opinions:
    """Judgments as (item, who, action); the people are called A, B and so on."""
    return Opinions(
        item=np.array([item for item, _, _ in said], np.int64),
        who=np.array([who for _, who, _ in said], np.int64),
        action=np.array([action for _, _, action in said], np.float64).reshape(
            len(said), scale.width
        ),
        names=tuple("ABCDEFGH"[:people]),
        scale=scale,
    )


def crossed(counts: Sequence[Sequence[int]]) -> Opinions:
    """Two people's choices: how often A said the row's and B the column's."""
    pairs = [
        (left, right)
        for left, row in enumerate(counts)
        for right, many in enumerate(row)
        for _ in range(many)
    ]
    said = [(item, who, pair[who]) for item, pair in enumerate(pairs) for who in (0, 1)]
    return opinions(said, CHOICES)


class Crowd:
    """People who are asked as a run asks: some questions twice, some gold.

    Each has a trait: the probability to be right, or of real actions the standard
    deviation of the error in half-ranges. `prior` says how frequent each right choice
    is.
    """

    def __init__(
        self,
        traits: Sequence[float],
        scale: Scale,
        *,
        prior: Sequence[float] | None = None,
        overlap: float = 0.2,
        repeats: float = 0.05,
        gold: float = 0.05,
    ):
        self.traits, self.scale, self.prior = tuple(traits), scale, prior
        self.overlap, self.repeats, self.gold = overlap, repeats, gold

    def asked(
        self, questions: int, generator: np.random.Generator
    ) -> tuple[Opinions, dict[int, tuple[float, ...]]]:
        """What they said, and what is known to be right."""
        said, gold = [], {}
        for item in range(questions):
            right = self._right(generator)
            who = int(generator.integers(len(self.traits)))
            said.append((item, who, self._reply(right, who, generator)))
            chance = generator.random() - self.overlap
            if chance < 0:
                others = 1 + int(generator.integers(len(self.traits) - 1))
                other = (who + others) % len(self.traits)
                said.append((item, other, self._reply(right, other, generator)))
            elif chance < self.repeats:
                said.append((item, who, self._reply(right, who, generator)))
            elif chance < self.repeats + self.gold:
                gold[item] = tuple(right.tolist())
        return opinions(said, self.scale, people=len(self.traits)), gold

    def _right(self, generator: np.random.Generator) -> np.ndarray:
        if not self.scale.options:
            return generator.uniform(-1, 1, self.scale.width)
        return np.array([generator.choice(self.scale.actions, p=self.prior)], float)

    def _reply(
        self, right: np.ndarray, who: int, generator: np.random.Generator
    ) -> np.ndarray:
        if not self.scale.options:
            error = self.traits[who] * generator.normal(size=self.scale.width)
            return right + error * np.asarray(self.scale.half_range)
        if generator.random() < self.traits[who]:
            return right
        actions = self.scale.actions
        return (right + 1 + generator.integers(actions - 1)) % actions
