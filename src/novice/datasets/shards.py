"""Lay a dataset down in a folder: a file for each part, and an index with hashes."""

from pathlib import Path

import numpy as np

from novice.datasets.dataset import Answers, Dataset, Origin
from novice.files import (
    BrokenFileError,
    check_fingerprint,
    fingerprint,
    make_folder,
    read_arrays,
    read_json,
    write_arrays,
    write_json,
)

SCHEMA = 1


def save_part(folder: Path, number: int, part: Answers) -> None:
    """Add the dataset's part `number`. A part that is there already stays what it was.

    Parts from `number` on that an earlier, killed attempt left are replaced.
    """
    make_folder(folder)
    index = read_index(folder)[:number]
    name = f"{number:03d}.safetensors"
    write_arrays(folder / name, part.columns())
    origin = part.origin
    index.append(
        {
            "file": name,
            "rows": len(part),
            "sha256": fingerprint(folder / name),
            "round": origin.round,
            "source": origin.source,
            "who": origin.who,
        }
    )
    write_json(folder / "index.json", {"schema": SCHEMA, "parts": index})


def read_index(folder: Path) -> list[dict]:
    """The parts that a folder's index names; none where there is no index yet."""
    path = folder / "index.json"
    if not path.exists():
        return []
    index = read_json(path)
    if index.get("schema") != SCHEMA:
        raise BrokenFileError(
            f"{path} has schema {index.get('schema')}, but this version of novice reads"
            f" schema {SCHEMA}; use the version that wrote it"
        )
    return index["parts"]


def load_dataset(folder: Path, *, parts: int | None = None) -> Dataset:
    """The first `parts` parts (all of them by default), each checked by its hash."""
    dataset = Dataset()
    for entry in read_index(folder)[:parts]:
        path = folder / entry["file"]
        check_fingerprint(path, entry["sha256"], where="index.json")
        columns: dict[str, np.ndarray] = read_arrays(path)
        origin = Origin(entry["round"], entry["source"], entry["who"])
        dataset = dataset.append(Answers(**columns, origin=origin))
    return dataset
