"""What was played into a run's folder, while somebody may still play there."""

from collections.abc import Callable
from pathlib import Path

from novice.inbox.journal import read_journal
from novice.inbox.played import PlayedEpisode, episode_in
from novice.inbox.recording import journal_paths

# Where a run keeps what people did.
TAKEOVER = "takeover"


class Record:
    """The episodes in a recording's folder, each read once.

    Somebody may still throw away the episode that was played last. It counts when the
    next one has begun, or `finished` says that nobody plays any more; `stop` sees to
    that.
    """

    def __init__(
        self,
        folder: Path,
        *,
        finished: Callable[[], bool] = lambda: True,
        stop: Callable[[], None] = lambda: None,
        start: Callable[[bool], None] = lambda watching: None,
    ):
        self.folder = folder
        self._finished, self._stop, self._start = finished, stop, start
        self._ended = False
        self._known: dict[Path, PlayedEpisode | None] = {}
        self._newest = Newest(folder)
        self._last: tuple[Path, int, PlayedEpisode | None] | None = None

    def open(self, *, watching: bool) -> None:
        """Let somebody play; they watch the newest policy once there is one."""
        self._start(watching)

    def over(self) -> bool:
        """Whether nothing more will come; asked before `episodes`, these are all."""
        return self._ended or self._finished()

    def end(self) -> None:
        """Let nobody play any more."""
        self._stop()
        self._ended = True

    def episodes(self) -> list[PlayedEpisode]:
        """Every episode that will not change any more, in order."""
        paths = journal_paths(self.folder)
        settled = paths if self.over() else paths[:-1]
        for path in settled:
            if path not in self._known:
                self._known[path] = episode_of(path)
        found = [self._known[path] for path in settled]
        return [episode for episode in found if episode is not None]

    def last_one(self) -> PlayedEpisode | None:
        """The episode that was played last, once it has come to its end."""
        tail = self._newest.look()
        if tail is None or not tail.ended:
            return None
        if self._last is None or self._last[:2] != (tail.path, tail.size):
            self._last = tail.path, tail.size, episode_of(tail.path)
        return self._last[2]


def episode_of(path: Path) -> PlayedEpisode | None:
    """The episode in a journal; None when nothing in it counts."""
    entries = read_journal(path)
    if not entries or entries[-1].get("kind") == "discarded":
        return None
    episode = episode_in(entries, path)
    return episode if episode.steps else None


class Tail:
    """What a journal that may still grow says of its end; no line is read twice."""

    def __init__(self, path: Path):
        self.path, self.size = path, 0  # of the whole lines that were read
        self.ended = self.discarded = False

    @property
    def closed(self) -> bool:
        """Whether nobody is in the middle of the episode."""
        return self.ended or self.discarded

    def touched(self) -> float:
        """When something was written last, in seconds since 1970."""
        return self.path.stat().st_mtime

    def look(self) -> None:
        """Read what has come since."""
        if self.path.stat().st_size == self.size:
            return
        with self.path.open("rb") as file:
            file.seek(self.size)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self.size += len(line)
                self._hear(line)

    def _hear(self, line: bytes) -> None:
        # Within a string of JSON, quotation marks are never bare.
        if b'"kind":"end"' in line:
            self.ended = True
        elif b'"kind":"rewound"' in line:
            self.ended = False
        elif b'"kind":"discarded"' in line:
            self.discarded = True


class Newest:
    """The journal of a recording that was begun last."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._tail: Tail | None = None

    def look(self) -> Tail | None:
        """What it says of its end by now; None where nothing was begun."""
        paths = journal_paths(self._folder)
        if not paths:
            return None
        if self._tail is None or self._tail.path != paths[-1]:
            self._tail = Tail(paths[-1])
        self._tail.look()
        return self._tail
