"""Write files and folders that are whole or absent, and notice when one was changed."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from novice.errors import NoviceError

# The file in which a sealed folder keeps the SHA-256 of its other files.
SEAL = "hashes.json"
# The file that the process that writes a run keeps locked.
LOCK = ".lock"

# What a person can do about what the system says.
_REMEDIES = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "make room there",
    errno.EFBIG: "allow larger files (ulimit -f)",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that can be written to",
    errno.EIO: "check the disk",
    errno.EEXIST: "choose another name: something else is there",
    errno.ENOTDIR: "choose another name: a file is where a folder should be",
}


class BrokenFileError(NoviceError):
    """A file does not hold what it should."""


class CannotWriteError(NoviceError):
    """The system does not let a file or a folder be written."""


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in a sentence why `path` cannot be written, and what to do about it."""
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "put that right")
        raise CannotWriteError(
            f"{path} cannot be written: {error.strerror or error}; {remedy}, and try"
            " again"
        ) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder, and those that it lies in, unless they are there."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which is then sealed and appears at `path` all at once.

    What an earlier, killed attempt left is thrown away.
    """
    part = path.with_name(path.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    make_folder(part)
    try:
        yield part
        seal(part)
        with writing(path):
            sync_folder(part)
            part.rename(path)
            sync_folder(path.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


class TakenError(NoviceError):
    """Another process is writing there."""


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Keep every other process from writing a run into this folder.

    Raises TakenError that names the process that does. The lock goes with its process,
    however that ends.
    """
    make_folder(folder)
    path = folder / LOCK
    with writing(path):
        file = path.open("a+")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            raise TakenError(
                f"{file.read().strip() or 'another process'} is writing {folder}; wait"
                " for it, stop it, or choose another --out"
            ) from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield


def write_bytes(path: Path, content: bytes) -> None:
    """Write aside, sync, rename, sync the folder: a kill leaves the old or the new."""
    part = path.with_name(path.name + ".part")
    with writing(path):
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
        sync_folder(path.parent)


def write_text(path: Path, content: str) -> None:
    """Write a text file that is whole or absent."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """Write JSON with sorted keys, so that equal contents are equal bytes."""
    text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False)
    write_text(path, text + "\n")


def read_bytes(path: Path) -> bytes:
    """All bytes of a file; raises BrokenFileError when there is none to read."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise BrokenFileError(
            f"{path} is missing; something else than novice removed it"
        ) from error
    except OSError as error:
        raise BrokenFileError(f"{path} cannot be read: {error.strerror}") from error


def read_json(path: Path) -> Any:
    """Read JSON; raises BrokenFileError with the file and the place."""
    try:
        return json.loads(read_bytes(path).decode())
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenFileError(
            f"{path} is not valid JSON ({error});"
            " it was changed or cut by something else than novice"
        ) from error


def read_described(path: Path, what: str, *, schema: int) -> dict[str, Any]:
    """A JSON object that says how it is laid out; `what` names it to a person.

    Raises BrokenFileError for anything else, or another schema.
    """
    content = read_json(path)
    if not isinstance(content, dict) or "schema" not in content:
        raise BrokenFileError(f"{path} is not {what} of novice's")
    if content["schema"] != schema:
        raise BrokenFileError(
            f"{path} has schema {content['schema']}, but this version of novice reads"
            f" schema {schema}; use the version that wrote it"
        )
    return content


def write_arrays(
    path: Path, arrays: Mapping[str, np.ndarray], *, note: str = ""
) -> None:
    """Write named arrays as safetensors, `note` beside them; equal in, equal bytes."""
    contiguous = {n: np.asarray(a, order="C") for n, a in sorted(arrays.items())}
    metadata = {"note": note} if note else None
    write_bytes(path, safetensors.numpy.save(contiguous, metadata=metadata))


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read named arrays, executing nothing; raises BrokenFileError."""
    content = read_bytes(path)
    try:
        return safetensors.numpy.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise BrokenFileError(
            f"{path} is not a whole safetensors file: {error}"
        ) from error


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(read_bytes(path)).hexdigest()


def seal(folder: Path) -> None:
    """Write down the SHA-256 of every file in a folder that is complete."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    write_json(folder / SEAL, {path.name: fingerprint(path) for path in files})


def unchanged(path: Path) -> Path:
    """The path of a file in a sealed folder; raises BrokenFileError if it changed."""
    hashes = read_json(path.with_name(SEAL))
    expected = hashes.get(path.name) if isinstance(hashes, dict) else None
    if expected is None:
        raise BrokenFileError(
            f"{path} was not there when its folder was written: {SEAL} beside it does"
            " not name it"
        )
    check_fingerprint(path, expected, where=SEAL)
    return path


def check_fingerprint(path: Path, expected: str, *, where: str) -> None:
    """Raise BrokenFileError unless a file has the SHA-256 that stands in `where`."""
    found = fingerprint(path)
    if found != expected:
        raise BrokenFileError(
            f"{path} was changed after it was written: its SHA-256 is {found[:12]}…,"
            f" but {where} says {expected[:12]}…; restore it from a copy"
        )


def append_line(path: Path, content: Mapping[str, Any]) -> None:
    """Add one JSON object as a line, durably."""
    line = json.dumps(content, sort_keys=True, allow_nan=False) + "\n"
    with writing(path), path.open("ab") as file:
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a JSONL file; a line that was cut by a kill is left out."""
    if not path.exists():
        return []
    lines = []
    for line in read_bytes(path).splitlines():
        with contextlib.suppress(
            json.JSONDecodeError, UnicodeDecodeError, RecursionError
        ):
            lines.append(json.loads(line.decode()))
    return [line for line in lines if isinstance(line, dict)]


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    """Write a whole JSONL file anew."""
    text = "".join(
        json.dumps(line, sort_keys=True, allow_nan=False) + "\n" for line in lines
    )
    write_text(path, text)
