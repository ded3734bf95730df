"""Watch a policy, and decide when to take the controls and when to hand them back.

Whoever rides along knows what they would do. They take the controls when the policy
keeps doing something else, and hand them back when it would do the same again. All
times are those of the task: nothing here waits, or reads a clock.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num

# Over how many seconds of the task a difference must last to be trouble; from which
# share on somebody takes over, below which they hand back, and after how long.
MEMORY = 0.3
TAKE_OVER, HAND_BACK = 0.5, 0.1
SHORTEST_DRIVE = 1.0
# A lapse, or a tremor, lasts so long; so does not looking at trouble. In seconds.
MOOD = 0.25
UNAWARE = 1.0


class Moment(NamedTuple):
    """What was there to see, when, and whether the policy did something else."""

    seconds: float
    observation: Float[np.ndarray, " obs"]
    trouble: float


@dataclass(eq=False)
class Companion:
    """Somebody who knows what to do, and how far two actions are apart (0 to 1).

    They act on what they saw `reaction` seconds before. A share `lapses` of the time
    they do anything at all, their real actions scatter by `tremor` half-ranges, and in
    a share `unsure` of the troubles they do not notice for a while. In a hurry they
    play as fast as the page lets them, and react as fast as at the task's own speed.
    """

    wanted: Callable[[Float[np.ndarray, " obs"]], Num[np.ndarray, " actions"]]
    apart: Callable[[np.ndarray, np.ndarray], float]
    at_random: Callable[[np.random.Generator], Num[np.ndarray, " actions"]]
    half_range: Float[np.ndarray, " actions"] | None
    generator: np.random.Generator = field(repr=False)
    lapses: float = 0.0
    tremor: float = 0.0
    unsure: float = 0.0
    reaction: float = 0.1
    hurry: bool = False

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """An episode begins."""
        self._seen: deque[Moment] = deque(maxlen=1_000)
        self._trouble = 0.0
        self._driving_since: float | None = None
        self._unaware_until = self._mood_until = 0.0
        self._lapse: np.ndarray | None = None
        self._tremor: np.ndarray | float = 0.0

    def look(
        self,
        seconds: float,
        observation: Float[np.ndarray, " obs"],
        before: Float[np.ndarray, " obs"] | None,
        policy_action: Num[np.ndarray, " actions"] | None,
    ) -> None:
        """See what is there after so many seconds of the task.

        `policy_action` is what the policy did, or would have done, a step `before`.
        """
        passed = seconds - (self._seen[-1].seconds if self._seen else 0.0)
        if policy_action is not None and before is not None and passed > 0:
            apart = self.apart(self.wanted(before), policy_action)
            kept = math.exp(-passed / MEMORY)
            self._trouble = kept * self._trouble + (1 - kept) * apart
        self._seen.append(Moment(seconds, observation, self._trouble))

    def perceived(self, speed: float) -> Moment:
        """What has come to mind by now of what was there to see."""
        reaction = self.reaction * (1.0 if self.hurry else speed)
        late = self._seen[-1].seconds - reaction
        for moment in reversed(self._seen):
            if moment.seconds <= late + 1e-6:
                return moment
        return self._seen[0]

    def takes_over(self, speed: float) -> bool:
        """Whether they want the controls now."""
        seconds = self._seen[-1].seconds
        if self.perceived(speed).trouble < TAKE_OVER or seconds < self._unaware_until:
            return False
        if self.generator.random() < self.unsure:
            self._unaware_until = seconds + UNAWARE
            return False
        self._driving_since = seconds
        return True

    def hands_back(self, speed: float) -> bool:
        """Whether they leave the controls to the policy now."""
        seconds = self._seen[-1].seconds
        if self._driving_since is None:
            self._driving_since = seconds
        long_enough = seconds - self._driving_since >= SHORTEST_DRIVE
        return long_enough and self.perceived(speed).trouble < HAND_BACK

    def action(self, speed: float) -> Num[np.ndarray, " actions"]:
        """What they do now."""
        seconds = self._seen[-1].seconds
        if seconds >= self._mood_until:
            self._mood_until = seconds + MOOD
            self._change_mood()
        if self._lapse is not None:
            return self._lapse
        wanted = self.wanted(self.perceived(speed).observation)
        if self.half_range is None:
            return wanted
        return wanted + self.half_range * self._tremor

    def _change_mood(self) -> None:
        chance = self.generator.random()
        self._lapse = self.at_random(self.generator) if chance < self.lapses else None
        if self.half_range is not None:
            scatter = self.generator.standard_normal(len(self.half_range))
            self._tremor = self.tremor * scatter
