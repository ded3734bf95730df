"""Lay a dataset down in a folder: a file for each part, and an index with hashes."""

from pathlib import Path
from typing import Any

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
# What an index says about each part.
ENTRY = {"file", "rows", "sha256", "round", "source", "who"}


def save_part(folder: Path, number: int, part: Answers) -> None:
    """Add the dataset's part `number`; those before it stay what they are.

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
    if not isinstance(index, dict) or "schema" not in index:
        raise BrokenFileError(f"{path} is not the index of a dataset of novice's")
    if index["schema"] != SCHEMA:
        raise BrokenFileError(
            f"{path} has schema {index['schema']}, but this version of novice reads"
            f" schema {SCHEMA}; use the version that wrote it"
        )
    parts = index.get("parts")
    if not isinstance(parts, list) or not all(map(is_entry, parts)):
        raise BrokenFileError(f"{path} does not name its parts; restore it from a copy")
    return parts


def is_entry(entry: Any) -> bool:
    """Whether something in an index is the description of a part."""
    return isinstance(entry, dict) and entry.keys() >= ENTRY


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
