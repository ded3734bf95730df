"""End a run in this process between two things that it writes, as a kill would."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import novice.app.folder
import novice.files

# Everything that is asked of the disk but reading and the writing of bytes.
DISK = ("fsync", "mkdir", "rename", "replace", "rmdir", "unlink")


class Killed(BaseException):
    """The process ends here, as far as the disk can tell."""


@contextmanager
def killed_at(number: int) -> Iterator[list[str]]:
    """Let `number` requests to the disk through, and none after them.

    What was let through is listed.
    """
    calls: list[str] = []

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            if len(calls) >= number:
                raise Killed
            calls.append(name)
            return real(*arguments, **more)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in DISK:
            patch.setattr(os, name, counted(name, getattr(os, name)))
        yield calls


@contextmanager
def killed_after(name: str) -> Iterator[None]:
    """End the process once the file or folder of this name is there, or has grown."""

    def then_die(real: Callable[..., Any], written: int = 0) -> Callable[..., Any]:
        def call(*arguments: Any) -> None:
            real(*arguments)
            if str(arguments[written]).endswith(name):
                # Somebody who is dead tidies nothing up.
                patch.setattr(shutil, "rmtree", lambda *_, **__: None)
                raise Killed

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novice.files, "write_bytes", then_die(novice.files.write_bytes))
        patch.setattr(
            novice.app.folder, "append_line", then_die(novice.files.append_line)
        )
        patch.setattr(os, "rename", then_die(os.rename, written=1))
        yield
