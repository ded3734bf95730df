"""A task in which a person acts, in real time or turn by turn."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from novice.envs.task import Task
from novice.inbox.attention import Attention
from novice.inbox.driving import BLEND_SECONDS, Driver, Pilot, Wheel
from novice.inbox.hands import AbstractControls
from novice.inbox.journal import free_bytes
from novice.inbox.live import LiveTask
from novice.inbox.recorder import Recorder
from novice.inbox.screen import Screen
from novice.inbox.sitting import NOT_SAVED, Sitting
from novice.inbox.status import MOST_SHOWN, Locked, State, Status, numbers
from novice.inbox.take import Take
from novice.inbox.wishes import Alive, Gone, Held, Message, Pressed, Wanted

SPEEDS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
# How many turns a second a policy takes where a person takes them one by one.
TURNS_PER_SECOND = 2.0
# The key that lets a turn go by: nothing is done, or the same again.
WAIT = "Period"
# Below this many free bytes a person is told in time.
LITTLE_ROOM = 1_000_000_000

WHY_PAUSED = {
    "asked": "",
    "hidden": "The page was hidden or lost the keyboard.",
    "moved": "Another page has the controls now.",
}
SILENT = "Nothing was heard from the page for half a second."
STALE = "The page showed an old picture."
GONE = "The page's connection was lost."


class Stage:
    """One task and its recorder; who acts there is heard, and time goes on by `tick`.

    A step is recorded when it is taken and never otherwise, and none is taken but in
    the state "playing", or by the wish for a single one while it is paused. With a
    `pilot` each episode begins with the policy driving. `labels` is how many steps that
    are learned from the folder holds already. All methods are called from one thread.
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
        pilot: Pilot | None = None,
        labels: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.recorder, self.screen, self.speed = recorder, screen, speed
        live = LiveTask(task, screen)
        self.turns = live.by_turns if turns is None else turns
        self.frames_per_second = live.frames_per_second
        self.takes_over, self.rewinds = pilot is not None, live.rewinds
        # By turns there is no time in which hands could move from one to the other.
        blend = 1 if self.turns else round(BLEND_SECONDS * self.frames_per_second)
        self._wheel = Wheel(task, controls, pilot, blend_steps=max(1, blend))
        pace = TURNS_PER_SECOND if self.turns else self.frames_per_second
        self._take = Take(live, self._wheel, recorder, pace=pace)
        self._sitting = Sitting(
            self._take,
            recorder,
            head=head,
            seed=seed,
            wanted=episodes,
            labels=labels,
            clock=clock,
        )
        self._clock, self._attention = clock, Attention(clock, strict=self.takes_over)
        self._locked: Locked = ""
        self._due = 0.0  # when the next step is

    # ------------------------------------------------------------------ what is seen

    @property
    def status(self) -> Status:
        """What there is to see now, in words."""
        sitting, take, course = self._sitting, self._take, self._take.course
        trouble = self.recorder.trouble
        return Status(
            state=self.state,
            reason=sitting.reason,
            trouble=str(trouble) if trouble else self._little_room(),
            frame=self.frame,
            episode=sitting.episode,
            steps=course.steps,
            total_reward=course.total_reward,
            rewarded=course.rewarded,
            ending=take.ending,
            seconds=round(sitting.seconds, 1),
            saved=self.recorder.saved,
            unsaved=self.recorder.unsaved,
            kept=sitting.kept,
            wanted=sitting.wanted,
            speed=self.speed,
            action=numbers(self._wheel.last),
            observation=tuple(take.observation[:MOST_SHOWN].tolist()),
            no_picture=self.screen.reason,
            driver=self._wheel.driver,
            policy=self._wheel.policy,
            policy_action=numbers(self._wheel.policy_action),
            uncertainty=self._wheel.uncertainty,
            person_steps=course.person_steps,
            interventions=course.stretches if self.takes_over else 0,
            undoable=round(take.undoable, 2) if self.takes_over else 0.0,
            locked=self._locked,
            label_total=sitting.label_total,
        )

    @property
    def state(self) -> State:
        return self._sitting.state

    @property
    def frame(self) -> int:
        """The number of what there is to see now."""
        return self._take.frame

    @property
    def version(self) -> int:
        """Goes up when there is something new to see."""
        return self._sitting.version

    def show(self) -> None:
        """Say again what there is to see: something was saved, or could not be."""
        self._sitting.show()

    def picture(self) -> bytes | None:
        """What there is to see now, as an image file; None where there is none."""
        return self._take.live.picture(self._take.observation)

    def showed(self, frame: int) -> None:
        """A frame is on its way to whoever watches."""
        self._attention.showed(frame)

    def _little_room(self) -> str:
        free = free_bytes(self.recorder.folder)
        if free >= LITTLE_ROOM:
            return ""
        return f"Only {free // 1_000_000:,} MB are free where this is saved."

    # ------------------------------------------------------------------- time and words

    def tick(self) -> float:
        """Let time go on; after how many seconds to come again at the latest."""
        if self._sitting.playing:
            self._watch()
        by_clock = not self.turns or self._wheel.driver == "policy"
        now = self._clock()
        if self._sitting.playing and by_clock and now >= self._due:
            self._sitting.act(self.speed)
            # What was missed is not made up for: nobody could follow that.
            self._due = max(self._due + 1 / (self._take.pace * self.speed), now)
        if not self._sitting.playing:
            return 1.0
        return min(0.1, max(0.0, self._due - self._clock())) if by_clock else 0.1

    def _watch(self) -> None:
        """Stop when what is done cannot be saved, or nobody sees what happens."""
        driving = self._wheel.driver == "person"
        if self.recorder.trouble:
            self._sitting.pause(NOT_SAVED)
        elif self._attention.silent:
            self._lock("silent", SILENT)
        elif self._attention.stale and not (self.turns and driving):
            if driving:
                self._lock("stale", STALE)
            else:
                self._set_locked("stale")
        else:
            self._set_locked("")

    def hear(self, message: Message) -> None:
        """Take in what the page says."""
        if isinstance(message, Wanted):
            self._attention.hear()
            self._grant(message)
        elif isinstance(message, Gone):
            self._attention.move()
            self._lock("link", GONE)
        else:
            self._attention.hear(min(message.seen, self.frame))
            # What was decided at the sight of something old is not done.
            if not self._attention.is_old(message.seen):
                self._take.attended()
                self._take_in(message)

    def _take_in(self, message: Alive | Held | Pressed) -> None:
        if isinstance(message, Held):
            self._take.hold(message.keys, message.axes, message.seen)
        elif isinstance(message, Pressed):
            self._press(message)
        elif message.axes is not None:
            self._take.hold(self._wheel.keys, message.axes, message.seen)

    def _grant(self, wanted: Wanted) -> None:
        sitting = self._sitting
        grants: dict[str, Callable[[], None]] = {
            "go": self._go,
            "pause": lambda: self._stand_still(wanted.why),
            "take_over": self._take_over,
            "hand_back": lambda: self._give_to("policy"),
            "step": lambda: sitting.single_step(self.speed),
            "undo": sitting.undo,
            "restart": lambda: sitting.throw_away(again=True),
            "discard": lambda: sitting.throw_away(again=False),
            "keep": sitting.keep,
            "stop": sitting.stop,
            "slower": lambda: self._change_speed(-1),
            "faster": lambda: self._change_speed(1),
        }
        # Which page has the controls is not decided here.
        if wanted.wish in grants:
            grants[wanted.wish]()
        if self.state in ("ready", "over", "done"):
            self._set_locked("")

    def _press(self, pressed: Pressed) -> None:
        """Take a turn."""
        acts = self._wheel.acts(pressed.key) or pressed.key == WAIT
        if not (self.turns and acts and self._wheel.driver == "person"):
            return
        others = tuple(key for key in pressed.keys if key != pressed.key)
        self._wheel.hold((*others, pressed.key), pressed.axes)
        self._take.aim(pressed.seen)
        self._go()
        if self._sitting.playing:
            self._sitting.act(self.speed)

    def _go(self) -> None:
        if self._sitting.go():
            self._locked, self._due = "", self._clock()
            self._attention.begin()
            self._take.attended()

    def _change_speed(self, by: int) -> None:
        nearest = min(SPEEDS, key=lambda speed: abs(speed - self.speed))
        place = SPEEDS.index(nearest) + by
        self.speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]
        self.show()

    # ----------------------------------------------------------------- who drives

    def _take_over(self) -> None:
        """Give the controls to the person, unless what they see is too old."""
        self._give_to("person")
        if self._attention.is_old(self._attention.seen):
            self._lock("stale", STALE)

    def _give_to(self, driver: Driver) -> None:
        here = self.state in ("ready", "playing", "paused")
        if here and self._take.give_to(driver, self._attention.seen):
            if self.turns:  # No clock ran while the person took their turns.
                self._due = self._clock()
            self.show()

    def _stand_still(self, why: str) -> None:
        """Pause; whoever does not look has no controls any more."""
        if why == "stale":
            self._lock("stale", STALE)
        elif why == "hidden":
            self._take.attended()
            self._lock("hidden", WHY_PAUSED[why])
        else:
            if why == "moved":
                self._attention.move()
            self._wheel.let_go()
            self._sitting.pause(WHY_PAUSED[why])

    def _lock(self, locked: Locked, reason: str) -> None:
        """Take the controls away from somebody who does not see what happens.

        What was done since they were last there, nobody has meant.
        """
        self._wheel.let_go()
        if self._sitting.playing:
            self._take.disown()
            self._sitting.pause(reason)
            self._set_locked(locked)

    def _set_locked(self, locked: Locked) -> None:
        if locked != self._locked:
            self._locked = locked
            self.show()

    def close(self) -> None:
        """Keep what was done and end; raises CannotWriteError."""
        self._sitting.close()
