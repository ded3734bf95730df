"""Take a trained policy for an expert."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from novice.envs.actor import HostPolicy
from novice.envs.task import Task
from novice.experts.expert import AbstractExpert
from novice.learning.policy import Policy


@dataclass(frozen=True, eq=False)
class PolicyExpert(AbstractExpert):
    """A policy of novice's own that always gives its likeliest action."""

    remembers: ClassVar[bool] = False
    name: str
    policy: HostPolicy
    task: Task

    @classmethod
    def of(cls, policy: Policy, task: Task, *, name: str) -> "PolicyExpert":
        return cls(name, HostPolicy(policy), task)

    def start(self) -> tuple[()]:
        return ()

    def act(self, memory: tuple[()], observation: Any) -> tuple[Any, tuple[()]]:
        seen = self.task.vector(observation)[None]
        action = self.policy.best(np.asarray(seen, np.float32))
        return self.task.executable(action[0]), memory
