"""Write what a person does in a task into a recording's folder."""

import bisect
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from novice.files import CannotWriteError, only_one
from novice.inbox.driving import Decision
from novice.inbox.journal import Journal
from novice.inbox.played import FORMAT, Ending
from novice.inbox.recording import next_number


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
        self._added = 0  # lines added to this one
        self._durable = 0  # lines of it that are on the disk
        self._others: list[int] = []  # which of its lines are not steps
        self.trouble: CannotWriteError | None = None

    @property
    def saved(self) -> int:
        """How many steps are durable, of all that this recorder was given."""
        return self._earlier + self._steps_in(self._durable)

    @property
    def unsaved(self) -> int:
        """How many steps are not durable yet."""
        return max(0, self._steps_in(self._added) - self._steps_in(self._durable))

    def _steps_in(self, lines: int) -> int:
        """How many of the first lines of this episode's journal are steps."""
        return lines - bisect.bisect_left(self._others, lines)

    def _add(self, entry: Mapping[str, Any]) -> None:
        assert self._journal is not None, "no episode was begun"
        if entry["kind"] != "step":
            self._others.append(self._added)
        self._journal.add(entry)
        self._added += 1

    def begin(self, head: Mapping[str, Any]) -> int:
        """Begin an episode, and give it a number; raises CannotWriteError."""
        self._let_go()
        number = next_number(self.folder)
        path = self.folder / "episodes" / f"{number:03d}.journal"
        self._journal = Journal(path, saved=self._was_saved, trouble=self._failed)
        entry = {"kind": "episode", "format": FORMAT, "number": number, **head}
        self._add(entry)
        self._flush(self._journal)
        return number

    def step(
        self,
        observation: Float[np.ndarray, " obs"],
        decision: Decision,
        reward: float,
        *,
        seen: int,
        applied: int,
        seconds: float,
        speed: float,
    ) -> None:
        """Write a step down soon; `seconds` is the person's time in the episode."""
        advice = decision.policy_action
        entry = {
            "kind": "step",
            "observation": observation.tolist(),
            "action": decision.executed.tolist(),
            "by": decision.driver,
            "intended": decision.intended.tolist(),
            "policy_action": None if advice is None else advice.tolist(),
            "uncertainty": decision.uncertainty,
            "reward": reward,
            "seen": seen,
            "applied": applied,
            "seconds": round(seconds, 4),
            "speed": speed,
        }
        self._add(entry)

    def rewound(self, step: int) -> None:
        """Write down soon that the episode goes on from before this step."""
        self._add({"kind": "rewound", "step": step})

    def fumbled(self, steps: int) -> None:
        """Write down soon that the person's last so many steps teach nothing."""
        self._add({"kind": "fumbled", "steps": steps})

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
        self._add(entry)

    def discard(self) -> None:
        """Say that the episode shall not count; raises CannotWriteError.

        Its steps stay in the file: only a person deletes what a person did.
        """
        self._add({"kind": "discarded"})
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
        self._earlier = self.saved
        self._added, self._durable, self._others = 0, 0, []
        self._journal = None

    def _was_saved(self, lines: int) -> None:
        self._durable = lines
        self._changed()

    def _failed(self, error: CannotWriteError) -> None:
        self.trouble = error
        self._changed()
