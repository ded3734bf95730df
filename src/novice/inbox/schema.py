"""Open an inbox's file so that what is committed stays, or say why it cannot be."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from novice.errors import NoviceError
from novice.files import CannotWriteError, make_folder, sync_folder
from novice.inbox.layout import SCHEMA, statements

# "nvic" in ASCII marks the file as ours.
APPLICATION = 0x6E766963
# How long another process may hold the file, in seconds.
PATIENCE = 10.0

# What SQLite says when the file's content is at fault.
_DAMAGE = {
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FORMAT,
}
# What it says when a write fails, and what to do about it.
_REMEDIES = {
    sqlite3.SQLITE_FULL: "make room there",
    sqlite3.SQLITE_IOERR: "make room there or check the disk",
    sqlite3.SQLITE_READONLY: "choose a folder that can be written to",
    sqlite3.SQLITE_CANTOPEN: "choose a folder that can be written to",
    sqlite3.SQLITE_PERM: "choose a folder that you may write to",
    sqlite3.SQLITE_BUSY: "end the other process that holds it",
    sqlite3.SQLITE_LOCKED: "end the other process that holds it",
    sqlite3.SQLITE_PROTOCOL: "choose a folder on a disk of this machine",
}


class BrokenInboxError(NoviceError):
    """An inbox's file does not hold what was written to it."""


class NewerInboxError(NoviceError):
    """An inbox's file was written by a newer version of novice."""


def broken(path: Path, how: str) -> BrokenInboxError:
    """The error that says how a file was damaged, and what to do."""
    return BrokenInboxError(
        f"{path} was damaged by something else than novice: {how}; restore it from a"
        " copy"
    )


@contextlib.contextmanager
def telling(path: Path) -> Iterator[None]:
    """Say in a sentence what SQLite could not do with the file at `path`."""
    try:
        yield
    except UnicodeDecodeError as error:
        # SQLite names something whose name is damaged.
        raise broken(path, str(error)) from error
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.DatabaseError as error:
        # The last byte says what kind of error it is, the others which one.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in _REMEDIES:
            raise CannotWriteError(
                f"{path} cannot be written: {error} ({free_bytes(path):,} bytes are"
                f" free there); {_REMEDIES[code]}, and try again"
            ) from error
        if code in _DAMAGE:
            raise broken(path, str(error)) from error
        raise


def free_bytes(path: Path) -> int:
    """How much may still be written beside a file; 0 when even that is unknown."""
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return 0


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, or make it, and see that it is whole and every commit durable.

    Raises CannotWriteError, BrokenInboxError and NewerInboxError.
    """
    make_folder(path.parent)
    check_not_orphaned(path)
    new = not path.exists()
    with telling(path):
        connection = sqlite3.connect(
            path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            make_durable(connection, path)
            make_tables(connection, path)
            check_whole(connection, path)
        except BaseException:
            connection.close()
            raise
    if new:
        sync_folder(path.parent)
    return connection


def check_not_orphaned(path: Path) -> None:
    """Raise BrokenInboxError where commits wait for a file that is not there.

    SQLite would take the file for a new one, and throw the commits away.
    """
    log = path.with_name(path.name + "-wal")
    if size(path) == 0 and size(log) > 0:
        raise broken(path, f"it is empty, but {log.name} beside it is not")


def size(path: Path) -> int:
    """A file's size in bytes, 0 when there is no such file."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def make_durable(connection: sqlite3.Connection, path: Path) -> None:
    """Have every commit synced to the disk; raises CannotWriteError where it is not."""
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")
    settings = {
        "journal_mode": ("WAL", "wal"),
        "synchronous": ("FULL", 2),
        "foreign_keys": ("ON", 1),
        "recursive_triggers": ("ON", 1),
    }
    for name, (wish, expected) in settings.items():
        connection.execute(f"PRAGMA {name} = {wish}").fetchall()
        ((found,),) = connection.execute(f"PRAGMA {name}")
        if found != expected:
            raise CannotWriteError(
                f"{path} cannot be kept safely: SQLite's {name} is {found!r} there"
                f" instead of {expected!r}; choose a folder on a disk of this machine"
            )


def make_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Lay a new file out, and bring an older one up to date, in one transaction.

    Raises what `connect` does.
    """
    application, schema = marks(connection)
    if (application, schema) == (0, 0) or 0 < schema < SCHEMA:
        # Another process may do the same now, so the marks are read again inside.
        connection.execute("BEGIN IMMEDIATE")
        try:
            bring_up_to_date(connection, path)
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    application, schema = marks(connection)
    if application != APPLICATION:
        raise broken(path, "it is not an inbox")
    if schema > SCHEMA:
        raise NewerInboxError(
            f"{path} was written by a newer novice (schema {schema}), but this version"
            f" reads schema {SCHEMA}; upgrade novice"
        )
    if schema < SCHEMA:
        raise broken(path, f"no inbox has the schema {schema}")


def bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Add what a file lacks: everything in an empty one, and nothing in others' files.

    An older inbox keeps each of its rows. Raises BrokenInboxError where it does not
    have the tables of its schema.
    """
    application, schema = marks(connection)
    empty = (application, schema) == (0, 0) and not layout(connection)
    older = application == APPLICATION and 0 < schema < SCHEMA
    if older:
        check_layout(connection, path, schema)
    if empty or older:
        for statement in statements(after=schema):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {SCHEMA}")


def marks(connection: sqlite3.Connection) -> tuple[int, int]:
    """Whose file it is, and the number of its schema; both 0 in a new one."""
    ((application,),) = connection.execute("PRAGMA application_id")
    ((schema,),) = connection.execute("PRAGMA user_version")
    return application, schema


def layout(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    """Every table, index and trigger, with the statement that made it."""
    query = "SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_schema"
    return sorted(connection.execute(query))


def check_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Raise BrokenInboxError unless the file's pages and tables are in order."""
    check_layout(connection, path, SCHEMA)
    check_pages(connection, path, "quick_check")


def check_layout(connection: sqlite3.Connection, path: Path, schema: int) -> None:
    """Raise BrokenInboxError unless the file has the tables of a schema."""
    with contextlib.closing(sqlite3.connect(":memory:")) as empty:
        for statement in statements(until=schema):
            empty.execute(statement)
        if layout(connection) != layout(empty):
            raise broken(path, "its tables are not those of an inbox")


def check_pages(connection: sqlite3.Connection, path: Path, pragma: str) -> None:
    """Raise BrokenInboxError with the first thing that SQLite's own check finds."""
    ((found, *_),) = connection.execute(f"PRAGMA {pragma}(1)")
    if found != "ok":
        raise broken(path, " ".join(str(found).split()))
