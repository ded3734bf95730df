"""Read an inbox's file and write to it, all of a thing or nothing."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from novice.inbox.content import digest_of
from novice.inbox.schema import connect, telling


class InboxFile:
    """A connection to the file, for one thread at a time; each row has its digest."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = connect(path)
        self._lock = threading.RLock()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self.connection.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the file for everything that is read inside."""
        with self._lock, telling(self.path), self._transaction("BEGIN"):
            yield self.connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Everything written inside is there afterwards, or nothing is."""
        with self._lock, telling(self.path), self._transaction("BEGIN IMMEDIATE"):
            yield self.connection

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self.connection.execute(begin)
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            # SQLite has gone back by itself after some errors.
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def insert(self, table: str, row: tuple[Any, ...], previous: bytes = b"") -> None:
        """Add a row and the digest of its fields."""
        marks = ", ".join("?" * (len(row) + 1))
        self.connection.execute(
            f"INSERT INTO {table} VALUES ({marks})", (*row, digest_of(row, previous))
        )

    def last(self, table: str) -> int:
        """The highest number of a table's rows, 0 when it has none."""
        (number,) = self.connection.execute(f"SELECT max(id) FROM {table}").fetchone()
        return number or 0

    def all(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Every row that a query finds."""
        with self._lock, telling(self.path):
            return self.connection.execute(query, values).fetchall()

    def one(self, query: str, values: tuple[Any, ...] = ()) -> Any:
        """The first row that a query finds, None where it finds none."""
        with self._lock, telling(self.path):
            return self.connection.execute(query, values).fetchone()
