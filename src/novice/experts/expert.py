"""Somebody who knows what should be done."""

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from novice.errors import NoviceError


class UnknownExpertError(NoviceError):
    """Nobody answers to this name, or whoever does cannot advise."""


class AbstractExpert(abc.ABC):
    """Somebody who knows what should be done.

    Memory is a value: `act` returns the next one and leaves the one it was given as it
    was, so that episodes can be advised in turn and a step can be asked about twice.
    Whoever needs only the present observation says so: nobody `remembers` in vain.
    Whoever knows an episode beforehand, as a key to its riddles, is told its seed.
    """

    name: str
    remembers: ClassVar[bool] = True

    @abc.abstractmethod
    def start(self) -> Any:
        """What the expert remembers when an episode begins."""

    def begin(self, seed: int) -> Any:
        """What the expert remembers when the episode of this seed begins."""
        return self.start()

    @abc.abstractmethod
    def act(self, memory: Any, observation: Any) -> tuple[Any, Any]:
        """The action for one observation, both as the task has them, and the memory."""


@dataclass(frozen=True)
class Law(AbstractExpert):
    """Somebody who needs only the present observation."""

    remembers: ClassVar[bool] = False
    name: str
    function: Callable[[Any], Any]

    def start(self) -> tuple[()]:
        return ()

    def act(self, memory: Any, observation: Any) -> tuple[Any, Any]:
        return self.function(observation), memory
