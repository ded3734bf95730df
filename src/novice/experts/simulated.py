"""Somebody who answers like a person: not at once, and not always right or sure."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from novice.envs.task import Task
from novice.experts.expert import AbstractExpert, UnknownExpertError

# How much the time for an answer varies: the standard deviation of its logarithm.
SPREAD_OF_REACTIONS = 0.35


@dataclass(frozen=True)
class Reply:
    """What a simulated person says, and the seconds that it took them."""

    verdict: str
    actions: tuple[tuple[int | float, ...], ...]
    seconds: float


@dataclass(frozen=True, eq=False)
class SimulatedPerson:
    """An expert with lapses, doubts and a reaction time.

    A lapse is any of the task's actions, one as likely as the other. Real actions are
    given with a `tremor`: the standard deviation of a normal error, in half-ranges.
    Reaction times are log-normal, `reaction` seconds in the mean. Raises
    UnknownExpertError for an expert with a memory: the page shows single moments.
    """

    task: Task
    expert: AbstractExpert
    generator: np.random.Generator = field(repr=False)
    lapses: float = 0.0
    unsure: float = 0.0
    reaction: float = 0.6
    tremor: float = 0.0

    def __post_init__(self) -> None:
        if self.expert.remembers:
            raise UnknownExpertError(
                f"{self.expert.name} remembers the episode, but a simulated person is"
                " shown single moments; name an expert that needs the present"
                " observation alone"
            )

    @property
    def name(self) -> str:
        """What stands beside the answers, wherever they go."""
        return f"simulated {self.expert.name}"

    def reply(self, observation: Float[np.ndarray, " obs"]) -> Reply:
        """What the person says about a moment."""
        seconds = self._seconds()
        chance, place = self.generator.random(), self.generator.random(self._width)
        error = self._error()
        if chance < self.unsure:
            return Reply("unsure", (), seconds)
        if chance < self.unsure + (1 - self.unsure) * self.lapses:
            action: Any = self.task.action_at(place[None].astype(np.float32))[0]
        else:
            seen = self.task.observation_of(observation)
            given, _ = self.expert.act(self.expert.start(), seen)
            meant = self.task.action_vector(given, by=self.expert.name)
            action = self.task.clip(meant + error)
        return Reply("action", (tuple(np.asarray(action).tolist()),), seconds)

    def _error(self) -> Any:
        """How far from what they mean they put a real action; others are exact."""
        if self.task.bounds is None:
            return 0
        deviation = self.tremor * self.task.half_range
        error = deviation * self.generator.normal(size=self._width)
        return error.astype(np.float32)

    @property
    def _width(self) -> int:
        return int(self.task.head.width)

    def _seconds(self) -> float:
        mean = np.log(self.reaction) - SPREAD_OF_REACTIONS**2 / 2
        return float(np.exp(self.generator.normal(mean, SPREAD_OF_REACTIONS)))
