"""Take a trained policy for an expert."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from novice.envs.host_policy import NOTHING, HostPolicy, Memory, noise_at
from novice.envs.task import Task
from novice.experts.expert import AbstractExpert
from novice.learning.policy import Policy


@dataclass(frozen=True, eq=False)
class PolicyExpert(AbstractExpert):
    """A policy of novice's own that always gives its likeliest action.

    It may remember what it saw. What it decided at once for later steps it does not
    carry out: it is asked what it would do here, whoever acts. Where no action is the
    likeliest it draws one, in every episode by the same noise.
    """

    name: str
    policy: HostPolicy
    task: Task

    @classmethod
    def of(cls, policy: Policy, task: Task, *, name: str) -> "PolicyExpert":
        return cls(name, HostPolicy(policy), task)

    @property
    def remembers(self) -> bool:  # type: ignore[override]
        """Whether what it does depends on more than the present observation."""
        return self.policy.history > 1 or self.policy.draws

    def start(self) -> Memory:
        return NOTHING

    def act(self, memory: Memory, observation: Any) -> tuple[Any, Memory]:
        seen = np.asarray(self.task.vector(observation))[None]
        action, after = self.policy.act([memory], seen, self._noise(memory))
        return self.task.executable(action[0]), replace(after[0], rest=())

    def _noise(self, memory: Memory) -> Any:
        """How the noise of one decision is drawn."""

        def drawn(due: Sequence[int]) -> Float[np.ndarray, "some noise"]:
            key, head = jax.random.key(0), self.policy.head
            none = np.zeros(1, np.int64)
            return np.asarray(noise_at(head.noise, key, none, none + memory.decisions))

        return drawn
