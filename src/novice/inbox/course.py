"""What became of an episode's steps: who took them, and which are learned from."""

import itertools
from typing import NamedTuple

import numpy as np
from jaxtyping import Num

# How much driving one undo throws away, in seconds of the task.
UNDO_SECONDS = 3.0


class Stretch(NamedTuple):
    """Steps of the person's driving that lie next to each other."""

    first: int
    length: int


class Course:
    """The steps of an episode so far, in memory.

    A step of the person's is *kept* unless it is marked as fumbled. Steps that were
    taken back are gone from here; the recording still has them.
    """

    def __init__(self) -> None:
        self._kept: list[bool] = []
        self._by_person: list[bool] = []
        self._rewards: list[float] = []
        self._actions: list[Num[np.ndarray, " actions"]] = []
        self.total_reward, self.rewarded = 0.0, False
        self.person_steps = 0  # those that are kept
        self.stretches = 0  # how often the person began to drive

    @property
    def steps(self) -> int:
        return len(self._kept)

    @property
    def last_action(self) -> Num[np.ndarray, " actions"] | None:
        """What was executed in the last step."""
        return self._actions[-1] if self._actions else None

    def add(
        self, action: Num[np.ndarray, " actions"], reward: float, *, by_person: bool
    ) -> None:
        """A step was taken."""
        self.stretches += by_person and not (self._by_person and self._by_person[-1])
        self._kept.append(by_person)
        self._by_person.append(by_person)
        self._rewards.append(reward)
        self._actions.append(action)
        self.person_steps += by_person
        self.total_reward += reward
        self.rewarded = self.rewarded or reward != 0

    def latest_driving(self, most: int) -> Stretch | None:
        """The latest kept steps of the person in a row, at most so many."""
        last = len(self._kept)
        while last and not self._kept[last - 1]:
            last -= 1
        first = last
        while first and self._kept[first - 1] and last - first < most:
            first -= 1
        return Stretch(first, last - first) if last else None

    def kept_since(self, step: int) -> int:
        """How many steps from this one on are the person's, and kept."""
        return sum(self._kept[step:])

    def fumble(self, count: int) -> None:
        """The last so many kept steps of the person are not learned from."""
        place = len(self._kept)
        while count and place:
            place -= 1
            if self._kept[place]:
                self._kept[place] = False
                self.person_steps -= 1
                count -= 1

    def go_back(self, step: int) -> None:
        """The episode goes on from before this step."""
        for column in (self._kept, self._by_person, self._rewards, self._actions):
            del column[step:]
        before = [False, *self._by_person]
        self.stretches = sum(
            now and not then for then, now in itertools.pairwise(before)
        )
        self.person_steps = sum(self._kept)
        self.total_reward = float(sum(self._rewards))
        self.rewarded = any(self._rewards)
