"""Read what a run was started with, without loading what learns."""

from pathlib import Path
from typing import Any

from novice.errors import NoviceError
from novice.experts.schema import check_schema
from novice.files import read_json


class NotARunError(NoviceError):
    """The folder is not one that a run wrote."""


def settings_in(path: Path) -> dict[str, Any]:
    """What the run in a folder was started with.

    Raises NotARunError or NewerRunError.
    """
    if not path.is_dir():
        raise NotARunError(f"there is no folder {path}")
    if not (path / "settings.json").exists():
        raise no_run(path, "it holds no settings.json")
    settings = read_json(path / "settings.json")
    if not isinstance(settings, dict) or "schema" not in settings:
        raise no_run(path, "its settings.json is not novice's")
    check_schema(settings, path / "settings.json")
    if not {"command", "settings"} <= settings.keys():
        raise no_run(path, "its settings.json does not say what was done")
    return settings


def no_run(path: Path, why: str) -> NotARunError:
    """The error that says why a folder is not a run's."""
    return NotARunError(
        f"{path} is not a run: {why}; a run is a folder that novice wrote,"
        " such as runs/dagger-CartPole-v1-0"
    )
