"""A folder with everything that people did in a task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from novice.files import BrokenFileError, make_folder, read_json, write_json
from novice.inbox.journal import read_journal
from novice.inbox.played import (
    NotARecordingError,
    PlayedEpisode,
    broken,
    episode_in,
    newer,
)

# What settings.json says of any run's layout.
SETTINGS_SCHEMA = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """Everything that was played into a folder, without what was discarded."""

    folder: Path
    task: str
    kwargs: Mapping[str, Any]
    words: Mapping[str, Any] = field(repr=False)
    episodes: tuple[PlayedEpisode, ...] = field(repr=False)
    discarded: int

    @property
    def steps(self) -> int:
        return sum(episode.steps for episode in self.episodes)

    @property
    def taught(self) -> int:
        """How many steps there are to learn from: the person's, as they wanted them."""
        return sum(int(episode.taught.sum()) for episode in self.episodes)

    @property
    def seconds(self) -> float:
        """The person's time in these episodes."""
        return sum(episode.seconds for episode in self.episodes)


def begin_recording(folder: Path, settings: Mapping[str, Any]) -> None:
    """Make a recording's folder, and write down how it was begun."""
    make_folder(folder / "episodes")
    content = {"schema": SETTINGS_SCHEMA, "command": "play", **settings}
    write_json(folder / "settings.json", content)


def recording_settings(folder: Path) -> dict[str, Any]:
    """How a recording was begun; raises NotARecordingError."""
    path = folder / "settings.json"
    if not path.exists():
        raise NotARecordingError(
            f"{folder} is not a recording: it holds no settings.json; `novice play TASK"
            f" --out {folder}` makes one"
        )
    settings = read_json(path)
    if not isinstance(settings, dict) or settings.get("command") != "play":
        raise NotARecordingError(
            f"{folder} is not a recording: another command than play wrote it"
        )
    if settings.get("schema") != SETTINGS_SCHEMA:
        raise newer(path, settings.get("schema"), SETTINGS_SCHEMA)
    return settings


def read_recording(folder: Path) -> Recording:
    """What was played into a folder; of an episode that a kill cut, its whole steps.

    Raises NotARecordingError, or BrokenFileError where a file was changed.
    """
    settings = recording_settings(folder)
    known = settings.get("settings")
    if not isinstance(known, dict) or not isinstance(known.get("task"), str):
        raise BrokenFileError(f"{folder / 'settings.json'} does not name the task")
    episodes, words, discarded = [], {}, 0
    for path in journal_paths(folder):
        entries = read_journal(path)
        if not entries:
            continue  # It was killed before its first line was whole.
        words = mapping(entries[0].get("words"), path, "words")
        if entries[-1].get("kind") == "discarded":
            discarded += 1
        elif (episode := episode_in(entries, path)).steps:
            episodes.append(episode)
    return Recording(
        folder=folder,
        task=known["task"],
        kwargs=mapping(known.get("kwargs"), folder / "settings.json", "kwargs"),
        words=words,
        episodes=tuple(episodes),
        discarded=discarded,
    )


def mapping(content: Any, path: Path, name: str) -> dict[str, Any]:
    """A JSON object that may be missing; raises BrokenFileError if it is not one."""
    if content is not None and not isinstance(content, dict):
        raise broken(path, f"{name} is no object")
    return content or {}


def journal_paths(folder: Path) -> list[Path]:
    """The episodes of a recording, in the order in which they were played."""
    return sorted(
        (folder / "episodes").glob("*.journal"), key=lambda path: (len(path.stem), path)
    )


def next_number(folder: Path) -> int:
    """The number of the next episode in a folder."""
    numbers = [int(p.stem) for p in journal_paths(folder) if p.stem.isdecimal()]
    return max(numbers, default=-1) + 1
