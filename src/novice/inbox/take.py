"""One episode while it is played: what is done, what comes of it, what is recorded."""

from collections.abc import Mapping
from typing import Any

from novice.inbox.course import UNDO_SECONDS, Course
from novice.inbox.driving import Decision, Driver, Wheel
from novice.inbox.live import LiveTask, Outcome
from novice.inbox.played import Ending
from novice.inbox.recorder import Recorder
from novice.inbox.wishes import Axes


class Take:
    """An episode from its seed to its end, and the next one in its place.

    Frames are counted over all episodes, steps within one. `pace` is how many steps a
    second of the task's time has.
    """

    def __init__(
        self, live: LiveTask, wheel: Wheel, recorder: Recorder, *, pace: float
    ):
        self.live, self.wheel, self.recorder = live, wheel, recorder
        self.pace = pace
        self.frame = 0

    def enter(self, seed: int) -> None:
        """Stand at the beginning of an episode; raises what the task raises."""
        self.seed, self.begun = seed, False
        self.course = Course()
        self.ending: Ending | None = None
        self.observation = self.live.blank
        self._terminated = self._truncated = False
        self.sure = 0  # up to this step the person was there for certain
        self.frame += 1
        self._first_frame = self.frame
        self.aim(self.frame)
        self.wheel.begin()
        self.observation = self.live.begin(seed)

    def begin(self, head: Mapping[str, Any]) -> None:
        """Have everything so far on the disk, and a place for what comes.

        Raises CannotWriteError.
        """
        if self.begun:
            self.recorder.retry()
            return
        policy = self.wheel.policy or None
        self.recorder.begin({**head, "seed": self.seed, "policy": policy})
        self.begun = True

    # ------------------------------------------------------------------ whose hands

    def hold(self, keys: tuple[str, ...], axes: Axes | None, seen: int) -> None:
        """Hold these keys and sticks, as somebody does who sees this frame."""
        if self.wheel.hold(keys, axes):
            self.aim(seen)

    def aim(self, seen: int) -> None:
        """What is done next was decided at the sight of this frame."""
        self._seen: int = seen
        self._applied: int | None = None  # the step in which it came to act

    def give_to(self, driver: Driver, seen: int) -> bool:
        """Let somebody drive from the next step on; whether that is somebody else."""
        given = self.wheel.give_to(driver)
        if given:
            self.aim(seen)
            self.attended()
        return given

    def attended(self) -> None:
        """Up to here, the person was there and saw what they did."""
        self.sure = self.course.steps

    # ------------------------------------------------------------------------ acting

    def act(self, *, seconds: float, speed: float) -> bool:
        """Take one step, as whoever drives wants it, and record it.

        False while the person has not chosen an action. Raises what the task raises.
        """
        decision = self.wheel.decide(self.observation)
        if decision is None:
            return False
        outcome = self.live.step(decision.executed)
        self._record(decision, outcome, seconds=seconds, speed=speed)
        self.observation = outcome.observation
        self._terminated, self._truncated = outcome.terminated, outcome.truncated
        self.course.add(
            decision.executed, outcome.reward, by_person=decision.driver == "person"
        )
        self.frame += 1
        return True

    def _record(
        self, decision: Decision, outcome: Outcome, *, seconds: float, speed: float
    ) -> None:
        here = self.frame - self._first_frame
        seen = applied = here
        if decision.driver == "person":
            if self._applied is None:
                self._applied = here
            applied = self._applied
            seen = min(max(self._seen - self._first_frame, 0), here)
        self.recorder.step(
            self.observation,
            decision,
            outcome.reward,
            seen=seen,
            applied=applied,
            seconds=seconds,
            speed=speed,
        )

    @property
    def outcome(self) -> Ending | None:
        """How the task ended the episode, if it did."""
        if self._terminated:
            return "terminated"
        return "truncated" if self._truncated else None

    def end(self, *, seconds: float) -> None:
        """Write down how the episode ended: by the task, or else by the person."""
        self.ending = self.outcome or "cut"
        self.recorder.end(
            self.ending,
            self.observation,
            terminated=self._terminated,
            truncated=self._truncated,
            seconds=seconds,
        )

    def fail(self) -> None:
        """The task broke: the next episode has a new environment."""
        self.live.close()
        self._terminated = self._truncated = False

    # -------------------------------------------------------------------- taking back

    @property
    def undoable(self) -> float:
        """How many seconds of driving an undo would throw away."""
        stretch = self.course.latest_driving(self._most_steps)
        return stretch.length / self.pace if stretch else 0.0

    @property
    def _most_steps(self) -> int:
        return max(1, round(UNDO_SECONDS * self.pace))

    def undo(self) -> bool:
        """Throw the latest driving away; whether that led back to where it began.

        Where a task does not lead back, it goes on from where it is, and nothing is
        learned from those steps.
        """
        stretch = self.course.latest_driving(self._most_steps)
        assert stretch is not None, "there is nothing to take back"
        observation = self.live.go_back(stretch.first)
        if observation is None:
            self.fumble(stretch.length)
            return False
        self.observation = observation
        self._go_back(stretch.first)
        return True

    def _go_back(self, step: int) -> None:
        """The episode goes on from before a step, with the person driving."""
        self.recorder.rewound(step)
        self.course.go_back(step)
        self.wheel.go_back(self.course.last_action)
        self.wheel.give_to("person")
        self.ending = None
        self._terminated = self._truncated = False
        self.frame += 1
        self._first_frame = self.frame - step
        self.aim(self.frame)
        self.attended()

    def fumble(self, count: int) -> None:
        """Learn nothing from the person's last so many steps."""
        if count:
            self.course.fumble(count)
            self.recorder.fumbled(count)

    def disown(self) -> None:
        """Learn nothing from what was done since the person was there for certain."""
        self.fumble(self.course.kept_since(self.sure))
