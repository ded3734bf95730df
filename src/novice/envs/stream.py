"""Environments that go on from one batch to the next: episodes are not waited for."""

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float, Int, PRNGKeyArray

from novice.envs.host_policy import HostPolicy
from novice.envs.seeds import FIRST_VALIDATION_SEED, training_seeds
from novice.envs.slots import AbstractSlots
from novice.learning.heads.head import AbstractHead
from novice.learning.policy import Policy
from novice.types import Fragments


@eqx.filter_jit
def drawn(
    head: AbstractHead, key: PRNGKeyArray, steps: int, count: int
) -> Float[jax.Array, "steps count noise"]:
    """The randomness of every step in every slot."""
    return head.noise(key, (steps, count))


class Stream:
    """Host environments side by side, each of which begins anew when it ends.

    What happens depends on the key of `begin`, on the policies and on their keys.
    """

    def __init__(self, slots: AbstractSlots):
        self.slots = slots
        self._generator = np.random.default_rng(0)
        self._shown = np.zeros(0)
        self._returned = np.zeros(slots.count, np.float32)
        self._age = np.zeros(slots.count, np.int64)  # steps of each episode so far

    def begin(self, key: PRNGKeyArray) -> None:
        """New episodes everywhere."""
        count = self.slots.count
        seeds = training_seeds(key, count)
        self._generator = np.random.default_rng(seeds.tolist())
        self._shown = self.slots.begin(np.arange(count), seeds)
        self._returned = np.zeros(count, np.float32)
        self._age = np.zeros(count, np.int64)

    def collect(self, policy: Policy, key: PRNGKeyArray, *, steps: int) -> Fragments:
        """So many steps in every environment, from where they are."""
        slots, actor = self.slots, HostPolicy(policy)
        noise = np.asarray(drawn(policy.head, key, steps, slots.count))
        history = []
        for step_noise in noise:
            observation = self._shown
            sampled = actor.sample(observation, step_noise)
            late = self._age + 1 >= slots.task.max_episode_steps
            onward = slots.go_on(slots.task.clip(sampled), late, self._fresh)
            step, acted = onward.step, onward.acted
            self._returned = self._returned + step.reward
            history.append(
                (
                    acted,
                    observation,
                    step.observation,
                    sampled,
                    step.reward,
                    step.terminated,
                    step.truncated,
                    self._returned,
                )
            )
            ended = step.terminated | step.truncated
            self._returned = np.where(ended, np.float32(0), self._returned)
            self._age = np.where(ended, 0, self._age + acted)
            self._shown = onward.shown
        return Fragments(
            *(np.stack(column, axis=1) for column in zip(*history, strict=True))
        )

    def _fresh(self, count: int) -> Int[np.ndarray, " episodes"]:
        return self._generator.integers(0, FIRST_VALIDATION_SEED, count)
