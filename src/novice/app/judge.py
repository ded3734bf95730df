"""Tell how good somebody is, in episodes that trained nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from novice.app.shift import shift_measures
from novice.datasets.dataset import Dataset, Origin
from novice.envs.actor import AbstractActor, BestActor, RandomActor
from novice.envs.functional import functional_core, functional_rollout
from novice.envs.rollout import rollout
from novice.envs.seeds import test_seeds, validation_seeds
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task
from novice.evaluation.disagreement import disagreement
from novice.evaluation.returns import Returns, returns_of
from novice.evaluation.statistics import estimate, normalized
from novice.experts.acting import ExpertActor
from novice.experts.ask import answers, at_random
from novice.experts.expert import AbstractExpert
from novice.learning.policy import Policy
from novice.types import Trajectories

# Episodes that run side by side; part of what makes equal seeds give equal bytes.
SLOTS = 16
# States of the validation episodes on which policy and expert are compared.
COMPARED_STATES = 200


@dataclass(frozen=True, eq=False)
class Reference:
    """What chance and the expert return in some episodes: the two ends of the scale."""

    random: Returns
    expert: Returns | None

    def normalized(self, returns: Returns) -> float | None:
        """(policy - random) / (expert - random), on the same episodes."""
        if self.expert is None:
            return None
        return normalized(
            returns.value.mean(), self.random.value.mean(), self.expert.value.mean()
        )


@dataclass(frozen=True, eq=False)
class Judge:
    """Evaluates policies, the expert and chance on episodes that train nobody."""

    task: Task
    expert: AbstractExpert | None
    validation_episodes: int
    test_episodes: int
    measures_shift: bool = True

    @cached_property
    def slots(self) -> SeparateSlots:
        return SeparateSlots(self.task, SLOTS)

    @cached_property
    def core(self) -> Any | None:
        return functional_core(self.task)

    def play(self, policy: Policy, seeds: np.ndarray) -> Trajectories:
        """The policy's likeliest actions in the episodes of these seeds."""
        # What a policy remembers, and what it draws, is kept outside the task.
        if self.core is None or policy.remembers or not policy.head.likeliest:
            return rollout(self.slots, BestActor(policy), seeds)
        key = jax.random.key(0)
        seen = functional_rollout(
            self.core, self.task, policy, key, jnp.asarray(seeds), explore=False
        )
        return jax.tree.map(np.asarray, seen)

    def random_actor(self, episodes: int) -> AbstractActor:
        key = jax.random.key(0)
        return RandomActor(self.task, key, episodes=episodes, slots=SLOTS)

    def reference(self, seeds: np.ndarray) -> Reference:
        """Chance and the expert in the episodes of these seeds."""
        chance = rollout(self.slots, self.random_actor(len(seeds)), seeds)
        if self.expert is None:
            return Reference(returns_of(chance), None)
        actor = ExpertActor(self.expert, self.task, slots=SLOTS, seeds=seeds)
        expert = rollout(self.slots, actor, seeds)
        return Reference(returns_of(chance), returns_of(expert))

    @cached_property
    def validation(self) -> Reference:
        return self.reference(validation_seeds(self.validation_episodes))

    @cached_property
    def test(self) -> Reference:
        return self.reference(test_seeds(self.test_episodes))

    def validate(
        self, policy: Policy, dataset: Dataset | None = None
    ) -> Mapping[str, Any]:
        """What a round reports: return, success, normalized, disagreement, shift.

        The shift is how far what the policy visits is from a `dataset`, if one is given
        and has enough episodes.
        """
        seen = self.play(policy, validation_seeds(self.validation_episodes))
        returns = returns_of(seen)
        measures: dict[str, Any] = {
            **returns.told(),
            "validation_returns": returns.value.tolist(),
        }
        share = self.validation.normalized(returns)
        if share is not None:
            measures["normalized"] = share
        if self.expert is not None:
            measures["expert_disagreement"] = self.disagreement(policy, seen)
        if dataset is not None and self.measures_shift:
            measures |= shift_measures(dataset, seen)
        return measures

    def disagreement(self, policy: Policy, seen: Trajectories) -> dict[str, Any]:
        """How far policy and expert are apart on a random slice of what it visited."""
        assert self.expert is not None
        asked = at_random(seen, at_most=COMPARED_STATES, key=jax.random.key(1))
        origin = Origin(-1, "validation", self.expert.name)
        given = answers(self.expert, self.task, seen, asked, origin=origin)
        chosen = np.asarray(seen.action_executed)[asked]
        apart = disagreement(self.task, chosen, self.task.clip(given.action))
        found = estimate(apart)
        return {"mean": found.mean, "ci95": list(found.ci95)}
