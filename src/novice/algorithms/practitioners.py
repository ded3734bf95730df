"""Who acts to learn from it: in whole episodes or fragments, outside JAX or inside."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from novice.algorithms.bc import Phase
from novice.algorithms.practice_settings import ReinforceSettings
from novice.envs.actor import SampleActor
from novice.envs.functional import (
    Going,
    functional_beginning,
    functional_fragments,
    functional_practice,
    functional_practice_on_fragments,
    functional_rollout,
)
from novice.envs.rollout import padded, rollout
from novice.envs.seeds import training_seeds
from novice.envs.slots import AbstractSlots
from novice.envs.stream import Stream
from novice.envs.task import Task
from novice.learning.policy import Policy
from novice.learning.practice import (
    Practice,
    Practiced,
    practice,
    practice_on_fragments,
)
from novice.learning.stepping import Guides, Rates, Stepping
from novice.learning.weighing import Weighing
from novice.types import Fragments, Learner, Trajectories

# One step of so many is held against what each of its episodes says.
LOOKS = 4

# Acts in a batch and learns from it; the keys: for acting, for fitting.
Improve = Callable[[Learner, Rates, Guides, PRNGKeyArray, PRNGKeyArray], Practiced]


class Practitioner(NamedTuple):
    """How batches of a task are run, with and without learning from them.

    `begin` starts new episodes where they are not waited for; a round begins with it,
    so that what a round does depends on nothing that was not kept.
    """

    begin: Callable[[PRNGKeyArray], None]
    collect: Callable[[Policy, PRNGKeyArray], Trajectories | Fragments]
    improve: Improve


def practitioner_for(
    slots: AbstractSlots, core: Any | None, settings: ReinforceSettings, phase: Phase
) -> Practitioner:
    """Whoever practices this task as the settings say."""
    if settings.fragment:
        if core is None:
            return streaming_on_host(slots, settings, phase)
        return streaming_on_device(core, slots.task, settings, phase)
    if core is None:
        return on_host(slots, settings, phase)
    return on_device(core, slots.task, settings, phase)


def practice_of(settings: ReinforceSettings) -> Practice:
    """How the settings turn a batch into a step."""
    return Practice(
        Weighing(
            settings.weigh,
            settings.baseline,
            settings.discount,
            settings.smoothing,
            settings.normalize,
        ),
        Stepping(
            settings.step,
            settings.epochs,
            settings.minibatches,
            settings.longest_gradient,
            settings.entropy_bonus,
        ),
        settings.critic_steps,
    )


def rates_of(
    settings: ReinforceSettings, *, left: float, penalty: float = 1.0, batches: int = 1
) -> Rates:
    """How far the next step goes, with this share of all steps to act `left`.

    `batches` are done already.
    """
    proximal = settings.step in ("clip", "kl")
    numbers = {
        "policy": settings.learning_rate * left,
        "critic": settings.critic_learning_rate * (left if proximal else 1.0),
        "clip": settings.clip * left,
        "penalty": penalty,
        "divergence": settings.divergence,
        "anchor": settings.anchor * left,
        "demonstrations": settings.demonstrations
        * settings.demonstrations_fall**batches,
    }
    each = {name: np.float32(number) for name, number in numbers.items()}
    return Rates(**each, look=np.bool_(batches % LOOKS == 0))


def on_host(
    slots: AbstractSlots, settings: ReinforceSettings, phase: Phase
) -> Practitioner:
    """A task is stepped outside, then one compiled program learns."""
    task, episodes = slots.task, settings.episodes_per_batch

    def collect(policy: Policy, key: PRNGKeyArray) -> Trajectories:
        seed_key, act_key = jax.random.split(key)
        actor = SampleActor(policy, act_key, episodes=episodes, slots=slots.count)
        seen = rollout(slots, actor, training_seeds(seed_key, episodes))
        return padded(seen, limit=task.max_episode_steps)

    return outside(no_beginning, collect, practice, settings, phase)


def outside(
    begin: Callable[[PRNGKeyArray], None],
    collect: Callable[[Policy, PRNGKeyArray], Any],
    learn: Callable[..., Practiced],
    settings: ReinforceSettings,
    phase: Phase,
) -> Practitioner:
    """Acts on the host, then learns from what was collected."""
    how = practice_of(settings)

    def improve(
        learner: Learner,
        rates: Rates,
        guides: Guides,
        act_key: PRNGKeyArray,
        fit_key: PRNGKeyArray,
    ) -> Practiced:
        with phase("collect"):
            seen = collect(learner.policy, act_key)
        with phase("fit"):
            practiced = learn(learner, seen, how, rates, guides, key=fit_key)
            return jax.block_until_ready(practiced)

    return Practitioner(begin, collect, improve)


def no_beginning(key: PRNGKeyArray) -> None:
    """Whole episodes begin by themselves."""


def on_device(
    core: Any, task: Task, settings: ReinforceSettings, phase: Phase
) -> Practitioner:
    """A task that is written in JAX acts and learns in one compiled program."""
    how = practice_of(settings)

    def seeds(key: PRNGKeyArray) -> jax.Array:
        drawn = training_seeds(key, settings.episodes_per_batch)
        return jnp.asarray(drawn, jnp.int32)

    def collect(policy: Policy, key: PRNGKeyArray) -> Trajectories:
        seed_key, act_key = jax.random.split(key)
        drawn = seeds(seed_key)
        return functional_rollout(core, task, policy, act_key, drawn, explore=True)

    def improve(
        learner: Learner,
        rates: Rates,
        guides: Guides,
        act_key: PRNGKeyArray,
        fit_key: PRNGKeyArray,
    ) -> Practiced:
        seed_key, act_key = jax.random.split(act_key)
        with phase("fit"):
            practiced = functional_practice(
                core,
                task,
                learner,
                seeds(seed_key),
                how,
                rates,
                guides,
                act_key=act_key,
                fit_key=fit_key,
            )
            return jax.block_until_ready(practiced)

    return Practitioner(no_beginning, collect, improve)


def streaming_on_host(
    slots: AbstractSlots, settings: ReinforceSettings, phase: Phase
) -> Practitioner:
    """Environments go on from batch to batch; one compiled program learns."""
    stream, steps = Stream(slots), settings.fragment

    def collect(policy: Policy, key: PRNGKeyArray) -> Fragments:
        return stream.collect(policy, key, steps=steps)

    return outside(stream.begin, collect, practice_on_fragments, settings, phase)


def streaming_on_device(
    core: Any, task: Task, settings: ReinforceSettings, phase: Phase
) -> Practitioner:
    """Environments in JAX go on from batch to batch; acting and learning are one."""
    how, steps = practice_of(settings), settings.fragment
    now: list[Going] = []

    def begin(key: PRNGKeyArray) -> None:
        count = settings.environments
        now[:] = [functional_beginning(core, task, key, count=count)]

    def collect(policy: Policy, key: PRNGKeyArray) -> Fragments:
        now[0], seen = functional_fragments(
            core, task, policy, now[0], key, steps=steps
        )
        return seen

    def improve(
        learner: Learner,
        rates: Rates,
        guides: Guides,
        act_key: PRNGKeyArray,
        fit_key: PRNGKeyArray,
    ) -> Practiced:
        with phase("fit"):
            now[0], practiced = functional_practice_on_fragments(
                core,
                task,
                learner,
                now[0],
                how,
                rates,
                guides,
                steps=steps,
                act_key=act_key,
                fit_key=fit_key,
            )
            return jax.block_until_ready(practiced)

    return Practitioner(begin, collect, improve)
