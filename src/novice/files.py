"""Write files that are whole or absent."""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from novice.errors import NoviceError


class BrokenFileError(NoviceError):
    """A file does not hold what it should."""


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, content: bytes) -> None:
    """Write aside, sync, rename, sync the folder: a kill leaves the old or the new."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def write_text(path: Path, content: str) -> None:
    """Write a text file that is whole or absent."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys, so that equal contents are equal bytes."""
    text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: Path) -> Any:
    """Read JSON; raises BrokenFileError with the file and the line."""
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise BrokenFileError(
            f"{path} is not valid JSON (line {error.lineno}: {error.msg});"
            " it was changed or cut by something else than novice"
        ) from error


def write_arrays(
    path: Path, arrays: Mapping[str, np.ndarray], *, note: str = ""
) -> None:
    """Write named arrays as safetensors, `note` beside them; equal in, equal bytes."""
    contiguous = {n: np.asarray(a, order="C") for n, a in sorted(arrays.items())}
    metadata = {"note": note} if note else None
    write_bytes(path, safetensors.numpy.save(contiguous, metadata=metadata))


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read named arrays, executing nothing; raises BrokenFileError."""
    try:
        return safetensors.numpy.load_file(path)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise BrokenFileError(
            f"{path} is not a whole safetensors file: {error}"
        ) from error


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def append_line(path: Path, content: Mapping[str, Any]) -> None:
    """Add one JSON object as a line, durably."""
    with path.open("a") as file:
        file.write(json.dumps(content, sort_keys=True, allow_nan=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a JSONL file; a line that was cut by a kill is left out."""
    if not path.exists():
        return []
    lines = []
    for line in path.read_text().splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            lines.append(json.loads(line))
    return lines


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    """Write a whole JSONL file anew."""
    text = "".join(
        json.dumps(line, sort_keys=True, allow_nan=False) + "\n" for line in lines
    )
    write_text(path, text)
