"""Let an expert act in the slots of a rollout."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Int, Num

from novice.envs.actor import AbstractActor, Decision
from novice.envs.task import Task
from novice.experts.expert import AbstractExpert


class ExpertActor(AbstractActor):
    """An expert with a memory of its own for every slot.

    `seeds` are those of the rollout's episodes, for experts that know an episode
    beforehand; without them nobody is told which one begins.
    """

    def __init__(
        self,
        expert: AbstractExpert,
        task: Task,
        *,
        slots: int,
        seeds: Sequence[int] | Int[np.ndarray, " episodes"] | None = None,
    ):
        self._expert = expert
        self._task = task
        self._seeds = seeds
        # Where nothing begins, somebody stands at the first episode's beginning.
        self._memory: list[Any] = [self._at_start_of(0) for _ in range(slots)]

    def begin(self, slot: int, episode: int) -> None:
        self._memory[slot] = self._at_start_of(episode)

    def _at_start_of(self, episode: int) -> Any:
        if self._seeds is None:
            return self._expert.start()
        return self._expert.begin(int(self._seeds[episode]))

    def act(self, observation: Num[np.ndarray, "slots obs"]) -> Decision:
        given = []
        for slot, seen in enumerate(observation):
            action, self._memory[slot] = self._expert.act(
                self._memory[slot], self._task.observation_of(seen)
            )
            given.append(self._task.action_vector(action, by=self._expert.name))
        action = np.stack(given)
        return Decision(action, action, np.ones(len(action), bool))
