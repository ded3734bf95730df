"""Refuse files that a newer version of novice laid out in another way."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from novice.errors import NoviceError

SCHEMA = 1


class NewerRunError(NoviceError):
    """The folder was written by a newer version of novice."""


def check_schema(content: Mapping[str, Any], path: Path) -> None:
    """Raise NewerRunError when a file is not laid out as this version writes it."""
    found = content.get("schema")
    if found != SCHEMA:
        writer = f"novice {content['version']}" if "version" in content else "novice"
        raise NewerRunError(
            f"{path} was written by a newer {writer} (schema {found}), but this version"
            f" reads schema {SCHEMA}; upgrade novice"
        )
