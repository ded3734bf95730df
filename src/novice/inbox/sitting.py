"""A person's episodes, one after the other: begun, paused, kept or thrown away."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from novice.envs.seeds import FIRST_VALIDATION_SEED
from novice.files import CannotWriteError
from novice.inbox.recorder import Recorder
from novice.inbox.recording import next_number
from novice.inbox.status import State
from novice.inbox.take import Take

NOT_SAVED = "What you do cannot be saved."
NOTHING_CHOSEN = (
    "This task has no way of doing nothing: begin with one of the action keys."
)
WENT_BACK = "Went back {seconds:.1f} s. What you did since then is thrown away."
FUMBLED = (
    "Nothing is learned from your last {seconds:.1f} s of driving, but this task cannot"
    " go back: it goes on from here."
)


def episode_seed(seed: int, number: int) -> int:
    """The reset seed of an episode, never one that validates or tests."""
    drawn = np.random.default_rng([seed, number]).integers(FIRST_VALIDATION_SEED)
    return int(drawn)


class Sitting:
    """Where in which episode a person is, and what becomes of what they did.

    `labels` is how many steps that are learned from the folder holds already, `wanted`
    how many episodes shall be kept (0: as many as come).
    """

    def __init__(
        self,
        take: Take,
        recorder: Recorder,
        *,
        head: Mapping[str, Any],
        seed: int,
        wanted: int,
        labels: int,
        clock: Callable[[], float],
    ):
        self.take, self.wanted, self.kept = take, wanted, 0
        self._recorder, self._head, self._seed = recorder, dict(head), seed
        self._labels, self._clock = labels, clock
        self._played = self._since = 0.0
        self.version = 0  # goes up when there is something new to see
        self.state: State = "ready"
        self.reason = ""
        self._enter(self._next_seed())

    def show(self) -> None:
        """There is something new to see."""
        self.version += 1

    @property
    def playing(self) -> bool:
        return self.state == "playing"

    @property
    def episode(self) -> int:
        """The number of the episode that goes on, from 1."""
        return self.kept + (self.state not in ("over", "done"))

    @property
    def label_total(self) -> int:
        """How many steps that are learned from the folder holds."""
        return self._labels + self.take.course.person_steps

    @property
    def seconds(self) -> float:
        """The person's time in this episode, without pauses."""
        return self._played + (self._clock() - self._since if self.playing else 0.0)

    def _enter(self, seed: int) -> None:
        """Stand at the beginning of an episode, ready."""
        self._played, self.state, self.reason = 0.0, "ready", ""
        try:
            self.take.enter(seed)
        except Exception as error:
            self._break(error)
        self.show()

    def go(self) -> bool:
        """Begin, or go on; whether that came about."""
        if self.state not in ("ready", "paused"):
            return False
        if self.take.wheel.undecided:
            self.reason = NOTHING_CHOSEN
            self.show()
            return False
        if not self._write(lambda: self.take.begin(self._head)):
            return False
        self.state, self.reason = "playing", ""
        self._since = self._clock()
        self.show()
        return True

    def pause(self, reason: str) -> None:
        """Let time stand still."""
        if self.playing:
            self._rest()
            self.state, self.reason = "paused", reason
            self.show()

    def _rest(self) -> None:
        """Stop counting the person's time."""
        if self.playing:
            self._played += self._clock() - self._since

    def act(self, speed: float) -> None:
        """Take one step, and see whether it was the last."""
        try:
            acted = self.take.act(seconds=self.seconds, speed=speed)
        except Exception as error:
            self._break(error)
            return
        if not acted:
            self.pause(NOTHING_CHOSEN)
        self.show()
        if self.take.outcome is not None:
            self._end()

    def single_step(self, speed: float) -> None:
        """Take one step and stand still again."""
        if self.state == "paused" and self._write(self._recorder.retry):
            self.act(speed)

    def undo(self) -> None:
        """Throw away the latest driving, and go back to where it began if possible."""
        undone, before = self.take.undoable, self.take.course.steps
        if self.state not in ("playing", "paused", "over") or not undone:
            return
        self.take.wheel.let_go()
        self.pause("")
        if self.take.undo():
            self.kept -= self.state == "over"
            self.state = "paused"
            undone = (before - self.take.course.steps) / self.take.pace
            self.reason = WENT_BACK.format(seconds=undone)
        else:
            self.reason = FUMBLED.format(seconds=undone)
        self.show()

    def _end(self) -> None:
        """The episode has ended; it is kept unless it is discarded."""
        self._rest()
        self.state = "over"
        self.kept += 1
        self.take.end(seconds=self._played)
        self.show()

    def _break(self, error: Exception) -> None:
        """End an episode in which the task failed."""
        self.take.fail()
        steps = self.take.course.steps
        if steps:
            self._end()
        self.state = "over"
        self.reason = (
            f"{self.take.live.name} failed in step {steps}: {type(error).__name__}:"
            f" {error}"
        )
        self.show()

    def keep(self) -> None:
        """Keep what was done, and go to the next episode."""
        self._cut()
        if self.state == "over" and self._write(self._recorder.retry):
            if self.wanted and self.kept >= self.wanted:
                self._finish()
            else:
                self._labels += self.take.course.person_steps
                self._enter(self._next_seed())

    def _cut(self) -> None:
        """End an episode that goes on, unless nothing was done in it."""
        if self.state in ("playing", "paused") and self.take.course.steps:
            self._end()

    def throw_away(self, *, again: bool) -> None:
        """Discard what was done, and begin the same episode again or another one."""
        if self.state == "done":
            return
        if self.take.begun and not self._write(self._recorder.discard):
            return
        if self.take.ending is not None:
            self.kept -= 1
        self._enter(self.take.seed if again else self._next_seed())

    def _next_seed(self) -> int:
        return episode_seed(self._seed, next_number(self._recorder.folder))

    def stop(self) -> None:
        """Keep what was done, and end."""
        self._cut()
        if self.state != "done" and self._write(self._recorder.retry):
            self._finish()

    def _finish(self) -> None:
        self.state, self.reason = "done", ""
        self.show()

    def _write(self, write: Callable[[], Any]) -> bool:
        """Do something that needs the disk; false, and said so, when it fails."""
        try:
            write()
        except CannotWriteError:
            self._rest()
            if self.playing:
                self.state = "paused"
            self.reason = NOT_SAVED
            self.show()
            return False
        return True

    def close(self) -> None:
        """Keep what was done and end; raises CannotWriteError."""
        self._cut()
        try:
            self._recorder.close()
        finally:
            self.take.live.close()
