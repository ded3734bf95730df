"""Let an expert act in the slots of a rollout."""

from typing import Any

import numpy as np
from jaxtyping import Float

from novice.envs.actor import AbstractActor, Decision
from novice.envs.task import Task
from novice.experts.expert import AbstractExpert


class ExpertActor(AbstractActor):
    """An expert with a memory of its own for every slot."""

    def __init__(self, expert: AbstractExpert, task: Task, *, slots: int):
        self._expert = expert
        self._task = task
        self._memory: list[Any] = [expert.start() for _ in range(slots)]

    def begin(self, slot: int, episode: int) -> None:
        self._memory[slot] = self._expert.start()

    def act(self, observation: Float[np.ndarray, "slots obs"]) -> Decision:
        given = []
        for slot, seen in enumerate(observation):
            action, self._memory[slot] = self._expert.act(
                self._memory[slot], self._task.observation_of(seen)
            )
            given.append(self._task.action_vector(action, by=self._expert.name))
        action = np.stack(given)
        return Decision(action, action, np.ones(len(action), bool))
