"""Tell the episodes of a dataset apart, in whichever round they were numbered."""

import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from novice.datasets.dataset import Answers, Dataset


def episode_numbers(dataset: Dataset) -> Int[np.ndarray, " rows"]:
    """A number for the episode of each row: the same one for the same episode alone.

    Answers of one round are about the same episodes, whoever gave them; demonstrations
    count their episodes within their part.
    """
    source = np.repeat(sources(dataset.parts), [len(part) for part in dataset.parts])
    places = np.stack([source, dataset.column("episode")], axis=1)
    return np.unique(places, axis=0, return_inverse=True)[1].reshape(len(places))


def sources(parts: Sequence[Answers]) -> list[int]:
    """A number for each part; those with the same one speak of the same episodes.

    Parts of one round stand beside each other, and are about what was visited in it,
    unless they are demonstrations: whoever demonstrates has episodes of their own. A
    run that goes on with the answers of another counts its rounds anew.
    """
    numbers = [0] * len(parts)
    for place, (one, other) in enumerate(itertools.pairwise(parts), start=1):
        shown = "demonstration" in (one.origin.source, other.origin.source)
        same = one.origin.round == other.origin.round and not shown
        numbers[place] = numbers[place - 1] + (not same)
    return numbers
