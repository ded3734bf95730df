"""Append lines to a file so that a kill loses at most the line in flight."""

import json
import os
import shutil
import threading
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from novice.files import (
    BrokenFileError,
    CannotWriteError,
    make_folder,
    read_bytes,
    sync_folder,
    writing,
)


def line_of(content: Mapping[str, Any], checksum: int) -> tuple[bytes, int]:
    """A line of a journal, and the checksum that the next line goes on from.

    A line is a checksum in eight hex digits, a space, and JSON. The checksum (CRC-32)
    goes on from the line before, so a line that was changed, lost, doubled or moved
    does not fit.
    """
    text = json.dumps(
        content, sort_keys=True, allow_nan=False, separators=(",", ":")
    ).encode()
    checksum = zlib.crc32(text, checksum)
    return b"%08x %s\n" % (checksum, text), checksum


def read_journal(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a journal; one that a kill cut off at the end is left out.

    Raises BrokenFileError when a whole line is not as it was written.
    """
    *lines, _ = read_bytes(path).split(b"\n")
    entries, checksum = [], 0
    for number, line in enumerate(lines, start=1):
        text = line[9:]
        checksum = zlib.crc32(text, checksum)
        if line[:9] != b"%08x " % checksum:
            raise BrokenFileError(
                f"{path} was changed after it was written: line {number} says"
                f" {line[:8].decode(errors='replace')!r}, but its checksum is"
                f" {checksum:08x}; restore the file from a copy, or move it away to go"
                " on without this episode"
            )
        entries.append(entry_in(text, path, number))
    return entries


def entry_in(text: bytes, path: Path, number: int) -> dict[str, Any]:
    """The JSON object of one line; raises BrokenFileError when it is none."""
    try:
        entry = json.loads(text.decode(), parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        raise BrokenFileError(
            f"{path} holds no valid JSON in line {number}: {error}; novice did not"
            " write it"
        ) from error
    if not isinstance(entry, dict):
        raise BrokenFileError(
            f"{path} holds {type(entry).__name__} in line {number}, but every line is"
            " an object; novice did not write it"
        )
    return entry


def no_number(word: str) -> NoReturn:
    """Refuse NaN and infinity, which JSON does not have."""
    raise ValueError(f"{word} is not a number")


class Journal:
    """A new file of JSON objects, each durable before it is said to be saved.

    A thread writes what has come in meanwhile and syncs it, so that whoever adds a line
    never waits for the disk. `saved` is called from that thread with the number of
    durable lines, `trouble` when they cannot be written: then they wait until `retry`.
    """

    def __init__(
        self,
        path: Path,
        *,
        saved: Callable[[int], None] = lambda lines: None,
        trouble: Callable[[CannotWriteError], None] = lambda error: None,
    ):
        self.path = path
        self._saved, self._trouble = saved, trouble
        self._changed = threading.Condition()
        self._waiting: list[bytes] = []
        self._checksum = 0
        self._descriptor: int | None = None
        self._length = 0  # of what is durable, in bytes
        self._lines = 0
        self._error: CannotWriteError | None = None
        self._closing = False
        self._thread = threading.Thread(
            target=self._run, name=f"journal {path.name}", daemon=True
        )
        self._thread.start()

    def add(self, content: Mapping[str, Any]) -> None:
        """Write one JSON object down soon; raises ValueError for NaN and infinity."""
        with self._changed:
            line, self._checksum = line_of(content, self._checksum)
            self._waiting.append(line)
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until everything is durable; raises CannotWriteError if it cannot be."""
        with self._changed:
            self._changed.wait_for(lambda: self._error or not self._waiting)
            if self._error:
                raise self._error

    def retry(self) -> None:
        """Try again to write what could not be written; raises CannotWriteError."""
        with self._changed:
            self._error = None
            self._changed.notify_all()
        self.flush()

    def close(self) -> None:
        """Write the rest, and let go of the file; raises CannotWriteError."""
        try:
            self.retry()
        finally:
            with self._changed:
                self._closing = True
                self._changed.notify_all()
            self._thread.join()
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._closing or (self._waiting and not self._error)
                )
                if self._error or not self._waiting:
                    return
                group = list(self._waiting)
            try:
                self._write(b"".join(group))
            except CannotWriteError as error:
                with self._changed:
                    self._error = error
                    self._changed.notify_all()
                self._trouble(error)
                continue
            self._lines += len(group)
            self._saved(self._lines)
            with self._changed:
                del self._waiting[: len(group)]
                self._changed.notify_all()

    def _write(self, content: bytes) -> None:
        """Make `content` durable after what is; what an attempt left is overwritten."""
        try:
            with writing(self.path):
                if self._descriptor is None:
                    self._descriptor = self._new_file()
                written = 0
                while written < len(content):
                    written += os.pwrite(
                        self._descriptor, content[written:], self._length + written
                    )
                os.fsync(self._descriptor)
                if not self._length:
                    sync_folder(self.path.parent)
        except CannotWriteError as error:
            free = free_bytes(self.path.parent)
            raise CannotWriteError(f"{error} ({free:,} bytes are free there)") from None
        self._length += len(content)

    def _new_file(self) -> int:
        make_folder(self.path.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        return os.open(self.path, flags, 0o644)


def free_bytes(folder: Path) -> int:
    """How much room is left where a folder is, or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
