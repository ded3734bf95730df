"""Lay parts of a dataset down in a folder: a file each, and an index with hashes.

No JAX is imported here: whoever looks at a dataset need not be able to learn from it.
"""

import re
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np

from novice.datasets.answers import Answers, Origin
from novice.files import (
    BrokenFileError,
    check_fingerprint,
    fingerprint,
    make_folder,
    read_arrays,
    read_described,
    write_arrays,
    write_json,
)

SCHEMA = 1
# What an index says about each part.
ENTRY = {"file", "rows", "sha256", "round", "source", "who"}
# What it says besides of parts that were recorded elsewhere.
IMPORT = ("imported", "vouched")
# The columns of every part, and those that only some parts have.
COLUMNS = {"observation", "action", "episode", "step"}
OTHER_COLUMNS = {"marks", "question", "known", "before", "chance"}


def save_part(folder: Path, number: int, part: Answers) -> None:
    """Add the dataset's part `number`; those before it stay what they are.

    Parts from `number` on that an earlier, killed attempt left are replaced.
    """
    make_folder(folder)
    forget_parts(folder, number)
    index = read_index(folder)
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
            **{name: told for name in IMPORT if (told := getattr(origin, name))},
        }
    )
    write_index(folder, index)


def forget_parts(folder: Path, number: int) -> None:
    """Take the parts from `number` on out of the index.

    This comes before a file is written anew: the index never names other bytes.
    """
    index = read_index(folder)
    if len(index) > number:
        write_index(folder, index[:number])


def write_index(folder: Path, parts: list[dict]) -> None:
    """Lay down which parts there are."""
    write_json(folder / "index.json", {"schema": SCHEMA, "parts": parts})


def read_index(folder: Path) -> list[dict]:
    """The parts that a folder's index names; none where there is no index yet."""
    path = folder / "index.json"
    if not path.exists():
        return []
    index = read_described(path, "the index of a dataset", schema=SCHEMA)
    parts = index.get("parts")
    if not isinstance(parts, list) or not all(map(is_entry, parts)):
        raise BrokenFileError(f"{path} does not name its parts; restore it from a copy")
    return parts


def is_entry(entry: Any) -> bool:
    """Whether something in an index is the description of a part, in its folder."""
    return (
        isinstance(entry, dict)
        and entry.keys() >= ENTRY
        and re.fullmatch(r"\d{3,}\.safetensors", str(entry["file"])) is not None
    )


def check_columns(names: Set[str], path: Path) -> None:
    """Raise BrokenFileError unless these are the columns of a part."""
    missing, unknown = COLUMNS - names, names - COLUMNS - OTHER_COLUMNS
    if missing:
        raise BrokenFileError(
            f"{path} has no column called {min(missing)}, which every part of a dataset"
            " has; restore it from a copy"
        )
    if unknown:
        raise BrokenFileError(
            f"{path} has a column called {min(unknown)}, which this version of novice"
            " does not know; use the version that wrote it"
        )


def load_parts(folder: Path, *, parts: int | None = None) -> tuple[Answers, ...]:
    """The first `parts` parts (all of them by default), each checked by its hash."""
    return tuple(load_part(folder, entry) for entry in read_index(folder)[:parts])


def load_part(folder: Path, entry: Mapping[str, Any]) -> Answers:
    """The part that an entry of the index describes."""
    path = folder / entry["file"]
    check_fingerprint(path, entry["sha256"], where="index.json")
    columns: dict[str, np.ndarray] = read_arrays(path)
    check_columns(columns.keys(), path)
    told = {name: str(entry[name]) for name in IMPORT if name in entry}
    origin = Origin(entry["round"], entry["source"], entry["who"], **told)
    return Answers(**columns, origin=origin)
