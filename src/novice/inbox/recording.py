"""Keep what a person did in a task, episode by episode and step by step."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Float, Float64, Int, Num

from novice.errors import NoviceError
from novice.files import (
    BrokenFileError,
    CannotWriteError,
    make_folder,
    only_one,
    read_json,
    write_json,
)
from novice.inbox.journal import Journal, read_journal

# How a recording is laid out; a newer one is refused, an older one read for ever.
FORMAT = 1
# What settings.json says of any run's layout.
SETTINGS_SCHEMA = 1

WHOLE = (np.int32, np.int64)

# The task ended it, its time was up, the person ended it, or the power went.
Ending = Literal["terminated", "truncated", "cut", "unfinished"]


class NotARecordingError(NoviceError):
    """The folder is not one that `novice play` wrote."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PlayedEpisode:
    """One episode as a person played it; it replays from `seed` and `action`.

    `observation` is what was seen before each step; `last_observation` what came after
    the last one, None where a kill took it. `seconds` is the person's time in it,
    pauses left out, and `step_seconds` when each step was taken. `seen` is the frame
    that the person had on the screen, `applied` the frame at which the action came to
    act: their difference is the time that eyes, hand and network took, in frames.
    """

    number: int
    seed: int
    who: str
    observation: Float[np.ndarray, "steps obs"] = field(repr=False)
    action: Num[np.ndarray, "steps actions"] = field(repr=False)
    reward: Float64[np.ndarray, " steps"] = field(repr=False)
    last_observation: Float[np.ndarray, " obs"] | None = field(repr=False)
    ending: Ending
    terminated: bool
    truncated: bool
    seconds: float
    step_seconds: Float64[np.ndarray, " steps"] = field(repr=False)
    seen: Int[np.ndarray, " steps"] = field(repr=False)
    applied: Int[np.ndarray, " steps"] = field(repr=False)

    @property
    def steps(self) -> int:
        return len(self.action)

    @property
    def total_reward(self) -> float:
        return float(self.reward.sum())


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
        raise newer(path, settings.get("schema"))
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


def episode_in(entries: Sequence[Mapping[str, Any]], path: Path) -> PlayedEpisode:
    """The episode that a journal tells; raises BrokenFileError."""
    head, *rest = entries
    if head.get("kind") != "episode":
        raise broken(path, "it does not begin as an episode")
    if head.get("format") != FORMAT:
        raise newer(path, head.get("format"))
    end = rest.pop() if rest and rest[-1].get("kind") == "end" else None
    if any(entry.get("kind") != "step" for entry in rest):
        raise broken(path, "something else than a step stands among its steps")
    try:
        return told_episode(head, rest, end)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise broken(path, f"{type(error).__name__}: {error}") from error


def told_episode(
    head: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    end: Mapping[str, Any] | None,
) -> PlayedEpisode:
    """The episode in arrays; raises ValueError and its like when it is none."""
    size, width = int(head["observation_size"]), int(head["action_width"])
    kinds = {"int32": np.int32, "float32": np.float32}
    seconds = column(steps, "seconds", np.float64)
    last = None if end is None else end["observation"]
    endings: dict[str, Ending] = {each: each for each in get_args(Ending)}
    spent = row([end["seconds"]], 1, np.float64) if end else seconds[-1:]
    return PlayedEpisode(
        number=int(head["number"]),
        seed=int(head["seed"]),
        who=str(head["who"]),
        observation=table(steps, "observation", size, np.float32),
        action=table(steps, "action", width, kinds[head["action_type"]]),
        reward=column(steps, "reward", np.float64),
        last_observation=None if last is None else row(last, size, np.float32),
        ending=endings["unfinished" if end is None else end["ending"]],
        terminated=bool(end and end["terminated"]),
        truncated=bool(end and end["truncated"]),
        seconds=float(spent.sum()),
        step_seconds=seconds,
        seen=column(steps, "seen", np.int64),
        applied=column(steps, "applied", np.int64),
    )


def row(numbers: Any, width: int, kind: type) -> np.ndarray:
    """Numbers of one step as a row; raises ValueError unless all are there."""
    array = np.asarray(numbers, np.float64)
    if array.shape != (width,):
        raise ValueError(f"{array.shape} numbers stand where {width} should")
    largest = np.iinfo(kind).max if kind in WHOLE else np.finfo(kind).max
    if not (np.abs(array) <= largest).all():
        raise ValueError("a number is not finite, or too large")
    if kind in WHOLE and (array != np.round(array)).any():
        raise ValueError("a number is not whole")
    return array.astype(kind)


def table(
    steps: Sequence[Mapping[str, Any]], name: str, width: int, kind: type
) -> np.ndarray:
    """One row a step."""
    rows = [row(step[name], width, kind) for step in steps]
    return np.array(rows, kind).reshape(len(rows), width)


def column(steps: Sequence[Mapping[str, Any]], name: str, kind: type) -> np.ndarray:
    """One number a step."""
    return table([{name: [step[name]]} for step in steps], name, 1, kind)[:, 0]


def broken(path: Path, why: str) -> BrokenFileError:
    """What to say about a file that novice did not write so."""
    return BrokenFileError(
        f"{path} is not as novice writes it: {why}; restore it from a copy"
    )


def newer(path: Path, found: Any) -> NotARecordingError:
    """What to say about a layout that is not known yet."""
    return NotARecordingError(
        f"{path} was written by a newer novice (format {found!r:.40}), but this version"
        f" reads {FORMAT}; upgrade novice"
    )


class Recorder:
    """Writes episodes into a recording's folder, one journal each, one at a time.

    `changed` is called, from any thread, when something became durable or could not be
    written. One recorder at a time may write into a folder: raises TakenError.
    """

    def __init__(self, folder: Path, *, changed: Callable[[], None] = lambda: None):
        self.folder = folder
        self._changed = changed
        self._alone = contextlib.ExitStack()
        self._alone.enter_context(only_one(folder))
        self._journal: Journal | None = None
        self._earlier = 0  # steps saved in the episodes before this one
        self._lines = 0  # durable lines of this one
        self._steps = 0  # steps added to it
        self.trouble: CannotWriteError | None = None

    @property
    def saved(self) -> int:
        """How many steps are durable, of all that this recorder was given."""
        return self._earlier + max(0, min(self._steps, self._lines - 1))

    @property
    def unsaved(self) -> int:
        """How many steps are not durable yet."""
        return self._earlier + self._steps - self.saved

    def begin(self, head: Mapping[str, Any]) -> int:
        """Begin an episode, and give it a number; raises CannotWriteError."""
        self._let_go()
        number = next_number(self.folder)
        path = self.folder / "episodes" / f"{number:03d}.journal"
        self._journal = Journal(path, saved=self._was_saved, trouble=self._failed)
        entry = {"kind": "episode", "format": FORMAT, "number": number, **head}
        self._journal.add(entry)
        self._flush(self._journal)
        return number

    def step(
        self,
        observation: Float[np.ndarray, " obs"],
        action: Num[np.ndarray, " actions"],
        reward: float,
        *,
        seen: int,
        applied: int,
        seconds: float,
        speed: float,
    ) -> None:
        """Write a step down soon; `seconds` is the person's time in the episode."""
        entry = {
            "kind": "step",
            "observation": observation.tolist(),
            "action": action.tolist(),
            "reward": reward,
            "seen": seen,
            "applied": applied,
            "seconds": round(seconds, 4),
            "speed": speed,
        }
        self._open_journal.add(entry)
        self._steps += 1

    def end(
        self,
        ending: Ending,
        last_observation: Float[np.ndarray, " obs"],
        *,
        terminated: bool,
        truncated: bool,
        seconds: float,
    ) -> None:
        """Write down soon how the episode ended; it is kept unless it is discarded."""
        entry = {
            "kind": "end",
            "ending": ending,
            "terminated": terminated,
            "truncated": truncated,
            "observation": last_observation.tolist(),
            "seconds": round(seconds, 4),
        }
        self._open_journal.add(entry)

    def discard(self) -> None:
        """Say that the episode shall not count; raises CannotWriteError.

        Its steps stay in the file: only a person deletes what a person did.
        """
        self._open_journal.add({"kind": "discarded"})
        self._flush(self._open_journal)

    def retry(self) -> None:
        """Try again to write what could not be written; raises CannotWriteError."""
        if self._journal is not None:
            self._journal.retry()
        self.trouble = None

    def close(self) -> None:
        """Write the rest, and let go of the folder; raises CannotWriteError."""
        try:
            if self._journal is not None:
                self._journal.close()
        finally:
            self._alone.close()

    @property
    def _open_journal(self) -> Journal:
        assert self._journal is not None, "no episode was begun"
        return self._journal

    def _flush(self, journal: Journal) -> None:
        self.trouble = None
        journal.retry()

    def _let_go(self) -> None:
        """Make the episode so far durable, and let go of its file."""
        if self._journal is not None:
            self._flush(self._journal)
            self._journal.close()
        self._earlier, self._lines, self._steps = self.saved, 0, 0
        self._journal = None

    def _was_saved(self, lines: int) -> None:
        self._lines = lines
        self._changed()

    def _failed(self, error: CannotWriteError) -> None:
        self.trouble = error
        self._changed()
