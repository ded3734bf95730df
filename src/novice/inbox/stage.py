"""A task in which a person acts, in real time or turn by turn."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import gymnasium
import numpy as np

from novice.envs.seeds import FIRST_VALIDATION_SEED
from novice.envs.task import Task
from novice.errors import NoviceError
from novice.files import CannotWriteError
from novice.inbox.controls import AbstractControls
from novice.inbox.journal import free_bytes
from novice.inbox.recording import Ending, Recorder, next_number
from novice.inbox.screen import Screen
from novice.inbox.wishes import Gone, Held, Message, Pressed, Wanted

State = Literal["ready", "playing", "paused", "over", "done"]

# How long nothing may be heard from the page while somebody plays, in seconds.
LONGEST_SILENCE = 0.5
SPEEDS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
# Below this many frames a second of the task's time, nobody waits for the clock.
FEWEST_FRAMES = 10.0
# The key that lets a turn go by: nothing is done, or the same again.
WAIT = "Period"
# Below this many free bytes a person is told in time.
LITTLE_ROOM = 1_000_000_000

# The page shows at most so many numbers of an observation.
MOST_SHOWN = 64

WHY_PAUSED = {
    "asked": "",
    "hidden": "The page was hidden or lost the keyboard.",
    "moved": "Another page has the controls now.",
}
SILENT = "Nothing was heard from the page for half a second."
GONE = "The page's connection was lost."
NOT_SAVED = "What you do cannot be saved."
NOTHING_CHOSEN = (
    "This task has no way of doing nothing: begin with one of the action keys."
)


class BrokenTaskError(NoviceError):
    """The task gave a number that nothing can be learned from."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """Everything that the page shows besides the picture."""

    state: State
    reason: str
    trouble: str
    frame: int
    episode: int
    steps: int
    total_reward: float
    rewarded: bool
    ending: Ending | None
    seconds: float
    saved: int
    unsaved: int
    kept: int
    wanted: int
    speed: float
    action: tuple[int | float, ...] | None
    observation: tuple[float, ...]
    no_picture: str


def episode_seed(seed: int, number: int) -> int:
    """The reset seed of an episode, never one that validates or tests."""
    drawn = np.random.default_rng([seed, number]).integers(FIRST_VALIDATION_SEED)
    return int(drawn)


def goes_by_turns(environment: gymnasium.Env, *, drawn: bool) -> bool:
    """Whether a task waits for its player rather than for the clock."""
    frames = environment.metadata.get("render_fps")
    return not drawn or not frames or frames < FEWEST_FRAMES


class Stage:
    """One task and its recorder; who acts there is heard, and time goes on by `tick`.

    A step is recorded when it is taken and never otherwise, and none is taken but in
    the state "playing". All methods are called from one thread.
    """

    def __init__(
        self,
        task: Task,
        recorder: Recorder,
        controls: AbstractControls,
        screen: Screen,
        *,
        head: Mapping[str, Any],
        seed: int,
        turns: bool | None,
        speed: float = 1.0,
        episodes: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.task, self.recorder, self.screen = task, recorder, screen
        self._controls, self._clock = controls, clock
        self._head, self._seed, self._wanted = dict(head), seed, episodes
        self.speed = speed
        self._environment: gymnasium.Env | None = screen.open()
        by_turns = goes_by_turns(self._environment, drawn=screen.draws)
        self.turns = by_turns if turns is None else turns
        frames = self._environment.metadata.get("render_fps") or 30
        self.frames_per_second = float(frames)
        self.version = 0  # goes up when there is something new to see
        self.frame = 0
        self._kept = 0
        self._heard = self._since = self._due = 0.0
        self._held: tuple[str, ...] = ()
        self._applied: int | None = None
        self._enter(episode_seed(seed, next_number(recorder.folder)))

    # ------------------------------------------------------------------ what is seen

    @property
    def status(self) -> Status:
        """What there is to see now, in words."""
        trouble = self.recorder.trouble
        return Status(
            state=self.state,
            reason=self._reason,
            trouble=str(trouble) if trouble else self._little_room(),
            frame=self.frame,
            episode=self._kept + (self.state not in ("over", "done")),
            steps=self._steps,
            total_reward=self._total,
            rewarded=self._rewarded,
            ending=self._ending,
            seconds=round(self._seconds(), 1),
            saved=self.recorder.saved,
            unsaved=self.recorder.unsaved,
            kept=self._kept,
            wanted=self._wanted,
            speed=self.speed,
            action=None if self._last is None else tuple(self._last.tolist()),
            observation=tuple(self._observation[:MOST_SHOWN].tolist()),
            no_picture=self.screen.reason,
        )

    def picture(self) -> bytes | None:
        """What there is to see now, as an image file; None where there is none."""
        if self._environment is None:
            return None
        return self.screen.picture(self._environment, self._observation)

    def _little_room(self) -> str:
        free = free_bytes(self.recorder.folder)
        if free >= LITTLE_ROOM:
            return ""
        return f"Only {free // 1_000_000:,} MB are free where this is saved."

    # ------------------------------------------------------------------- time and words

    def tick(self) -> float:
        """Let time go on; after how many seconds to come again at the latest."""
        now = self._clock()
        if not self._playing():
            return 1.0
        if self.recorder.trouble:
            self._pause(NOT_SAVED)
        elif now - self._heard > LONGEST_SILENCE:
            self._pause(SILENT)
        elif not self.turns and now >= self._due:
            self._act()
            # What was missed is not made up for: nobody could follow that.
            period = 1 / (self.frames_per_second * self.speed)
            self._due = max(self._due + period, now)
        if not self._playing():
            return 1.0
        return 0.1 if self.turns else min(0.1, max(0.0, self._due - self._clock()))

    def hear(self, message: Message) -> None:
        """Take in what the page says."""
        self._heard = self._clock()
        if isinstance(message, Gone):
            self._held = ()
            self._pause(GONE)
        elif isinstance(message, Wanted):
            self._grant(message)
        elif isinstance(message, Held):
            self._hold(message.keys, message.seen)
        elif isinstance(message, Pressed):
            self._press(message)

    def _grant(self, wanted: Wanted) -> None:
        if wanted.wish == "go":
            self._go()
        elif wanted.wish == "pause":
            self._held = ()
            self._pause(WHY_PAUSED[wanted.why])
        elif wanted.wish == "restart":
            self._throw_away(again=True)
        elif wanted.wish == "discard":
            self._throw_away(again=False)
        elif wanted.wish == "keep":
            self._keep()
        elif wanted.wish == "stop":
            self._stop()
        elif wanted.wish in ("slower", "faster"):
            self._change_speed(1 if wanted.wish == "faster" else -1)

    def _hold(self, keys: tuple[str, ...], seen: int) -> None:
        if keys != self._held:
            self._held = keys
            self._seen, self._applied = seen, None

    def _press(self, pressed: Pressed) -> None:
        """Take a turn."""
        acts = self._controls.held_buttons([pressed.key]) or pressed.key == WAIT
        if not (self.turns and acts):
            return
        others = tuple(key for key in pressed.keys if key != pressed.key)
        self._held = (*others, pressed.key)
        self._seen, self._applied = pressed.seen, None
        self._go()
        if self._playing():
            self._act()

    # ------------------------------------------------------------------ the states

    def _enter(self, seed: int) -> None:
        """Stand at the beginning of an episode, ready."""
        self._episode_seed = seed
        self._steps, self._total, self._rewarded = 0, 0.0, False
        self._played, self._held = 0.0, ()
        self._last: np.ndarray | None = None
        self._seen, self._applied = self.frame + 1, None
        self._ending: Ending | None = None
        self._terminated = self._truncated = False
        self._begun = False
        self._reason = ""
        self.state: State = "ready"
        self.frame += 1
        self._first_frame = self.frame
        self._observation = np.zeros(self.task.observation_size, np.float32)
        try:
            if self._environment is None:
                self._environment = self.screen.open()
            observation, _ = self._environment.reset(seed=seed)
            self._observation = self._checked(observation)
        except Exception as error:
            self._break(error)
        self._show()

    def _go(self) -> None:
        """Begin, or go on."""
        if self.state not in ("ready", "paused"):
            return
        if self._controls.action(self._held, self._last) is None:
            self._reason = NOTHING_CHOSEN
            self._show()
            return
        if not self._write(self._begin):
            return
        self.state, self._reason = "playing", ""
        self._since = self._heard = self._due = self._clock()
        self._show()

    def _begin(self) -> None:
        """Have everything so far on the disk, and a place for what comes."""
        if self._begun:
            self.recorder.retry()
            return
        self.recorder.begin({**self._head, "seed": self._episode_seed})
        self._begun = True

    def _pause(self, reason: str) -> None:
        if self.state == "playing":
            self._rest()
            self.state, self._reason = "paused", reason
            self._show()

    def _playing(self) -> bool:
        return self.state == "playing"

    def _rest(self) -> None:
        """Stop counting the person's time."""
        if self.state == "playing":
            self._played += self._clock() - self._since

    def _seconds(self) -> float:
        going = self._clock() - self._since if self.state == "playing" else 0.0
        return self._played + going

    def _end(self, ending: Ending) -> None:
        """Write down how the episode ended; it is kept unless it is discarded."""
        self._rest()
        self.state, self._ending = "over", ending
        self._kept += 1
        self.recorder.end(
            ending,
            self._observation,
            terminated=self._terminated,
            truncated=self._truncated,
            seconds=self._played,
        )
        self._show()

    def _keep(self) -> None:
        """Keep what was done, and go to the next episode."""
        self._cut()
        if self.state == "over" and self._write(self.recorder.retry):
            if self._wanted and self._kept >= self._wanted:
                self._finish()
            else:
                self._enter(self._next_seed())

    def _cut(self) -> None:
        """End an episode that goes on, unless nothing was done in it."""
        if self.state in ("playing", "paused") and self._steps:
            self._terminated = self._truncated = False
            self._end("cut")

    def _throw_away(self, *, again: bool) -> None:
        """Discard what was done, and begin the same episode again or another one."""
        if self.state == "done":
            return
        if self._begun and not self._write(self.recorder.discard):
            return
        if self._ending is not None:
            self._kept -= 1
        self._enter(self._episode_seed if again else self._next_seed())

    def _next_seed(self) -> int:
        return episode_seed(self._seed, next_number(self.recorder.folder))

    def _stop(self) -> None:
        self._cut()
        if self.state != "done" and self._write(self.recorder.retry):
            self._finish()

    def _finish(self) -> None:
        self.state, self._reason = "done", ""
        self._show()

    def _change_speed(self, by: int) -> None:
        nearest = min(SPEEDS, key=lambda speed: abs(speed - self.speed))
        place = SPEEDS.index(nearest) + by
        self.speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]
        self._show()

    def _write(self, write: Callable[[], Any]) -> bool:
        """Do something that needs the disk; false, and said so, when it fails."""
        try:
            write()
        except CannotWriteError:
            self._rest()
            if self.state == "playing":
                self.state = "paused"
            self._reason = NOT_SAVED
            self._show()
            return False
        return True

    def _show(self) -> None:
        self.version += 1

    # ------------------------------------------------------------------------- acting

    def _act(self) -> None:
        """Take one step with the keys that are held, and record it."""
        chosen = self._controls.action(self._held, self._last)
        if chosen is None or self._environment is None:
            self._pause(NOTHING_CHOSEN)
            return
        action = self.task.clip(chosen)
        before = self._observation
        try:
            result = self._environment.step(self.task.executable(action))
            seen, paid, self._terminated, self._truncated, _ = result
            after, reward = self._checked(seen), self._paid(paid)
        except Exception as error:
            self._break(error)
            return
        here = self.frame - self._first_frame
        self._applied = here if self._applied is None else self._applied
        self.recorder.step(
            before,
            action,
            reward,
            seen=min(max(self._seen - self._first_frame, 0), here),
            applied=self._applied,
            seconds=self._seconds(),
            speed=self.speed,
        )
        self._observation, self._last = after, action
        self._steps += 1
        self._total += reward
        self._rewarded = self._rewarded or reward != 0
        self.frame += 1
        self._show()
        if self._terminated or self._truncated:
            self._end("terminated" if self._terminated else "truncated")

    def _checked(self, observation: Any) -> np.ndarray:
        """The observation as a vector; raises BrokenTaskError."""
        vector = self.task.vector(observation)
        if not np.isfinite(vector).all():
            place = int(np.flatnonzero(~np.isfinite(vector))[0])
            raise BrokenTaskError(f"number {place} of the observation is not finite")
        return vector

    def _paid(self, reward: Any) -> float:
        """The reward as a number; raises BrokenTaskError."""
        if not np.isfinite(reward):
            raise BrokenTaskError("the reward is not finite")
        return float(reward)

    def _break(self, error: Exception) -> None:
        """End an episode in which the task failed; the next has a new environment."""
        if self._environment is not None:
            environment, self._environment = self._environment, None
            close_quietly(environment)
        self._terminated = self._truncated = False
        if self._steps:
            self._end("cut")
        self.state = "over"
        self._reason = (
            f"{self.task.id} failed in step {self._steps}: {type(error).__name__}:"
            f" {error}"
        )
        self._show()

    def close(self) -> None:
        """Keep what was done and end; raises CannotWriteError."""
        self._cut()
        try:
            self.recorder.close()
        finally:
            if self._environment is not None:
                close_quietly(self._environment)


def close_quietly(environment: gymnasium.Env) -> None:
    """Close what failed, whatever it says to that."""
    try:
        environment.close()
    except Exception:
        return
