"""Read a dataset from its folder: its parts, and what its ledger says of them."""

from pathlib import Path

from novice.datasets.dataset import Dataset
from novice.datasets.ledger import Verdicts, read_verdicts
from novice.datasets.parts import forget_parts, load_parts, save_part

__all__ = ["forget_parts", "load_dataset", "renewed", "save_part"]


def load_dataset(folder: Path, *, parts: int | None = None) -> Dataset:
    """The first `parts` parts (all of them by default), each checked by its hash.

    Rows that the folder's ledger has in quarantine don't stand, and for what it says
    somebody has vouched, somebody has.
    """
    verdicts = read_verdicts(folder)
    dataset = Dataset(load_parts(folder, parts=parts))
    if parts is None:
        verdicts.check_reach(len(dataset), folder)
    return judged(dataset, verdicts)


def renewed(dataset: Dataset, folder: Path) -> Dataset:
    """The same rows as the folder's ledger sees them by now."""
    return judged(dataset, read_verdicts(folder))


def judged(dataset: Dataset, verdicts: Verdicts) -> Dataset:
    """The dataset as the verdicts of a ledger have it."""
    known = Dataset(tuple(verdicts.vouched_for(part) for part in dataset.parts))
    return known.without(verdicts.quarantined, ledger=verdicts.entries)
