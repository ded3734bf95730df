"""REINFORCE: act, and make likelier what paid (M5).

A batch is N whole episodes whose seeds are drawn before anybody acts; it gives one
gradient step, divided by N. A round is a stretch of batches, ended by an evaluation.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from novice.algorithms.bc import Evaluate, Phase
from novice.algorithms.settings import ReinforceSettings
from novice.envs.actor import SampleActor
from novice.envs.functional import functional_core, functional_rollout
from novice.envs.rollout import padded, rollout
from novice.envs.seeds import training_seeds
from novice.envs.slots import AbstractSlots
from novice.envs.task import Task
from novice.learning.fit import new_learner
from novice.learning.policy import Policy, new_critic, new_policy
from novice.learning.practice import Practice, looked_around, practice
from novice.types import Learner, Round, Trajectories

# Runs a policy in N whole episodes.
Collect = Callable[[Policy, PRNGKeyArray], Trajectories]


def collector(slots: AbstractSlots, settings: ReinforceSettings) -> Collect:
    """How this task's episodes are run: compiled where the task is written in JAX."""
    core, task, episodes = (
        functional_core(slots.task),
        slots.task,
        settings.episodes_per_batch,
    )

    def on_device(policy: Policy, key: PRNGKeyArray) -> Trajectories:
        seed_key, act_key = jax.random.split(key)
        seeds = jnp.asarray(training_seeds(seed_key, episodes), jnp.int32)
        return functional_rollout(core, task, policy, act_key, seeds, explore=True)

    def on_host(policy: Policy, key: PRNGKeyArray) -> Trajectories:
        seed_key, act_key = jax.random.split(key)
        actor = SampleActor(policy, act_key, episodes=episodes, slots=slots.count)
        seen = rollout(slots, actor, training_seeds(seed_key, episodes))
        return padded(seen, limit=task.max_episode_steps)

    return on_host if core is None else on_device


def practice_of(settings: ReinforceSettings) -> Practice:
    """How the settings turn a batch into a step."""
    return Practice(
        settings.weigh, settings.baseline, settings.discount, settings.critic_steps
    )


def first_learner(
    task: Task,
    settings: ReinforceSettings,
    policy: Policy | None,
    collect: Collect,
    *,
    key: PRNGKeyArray,
) -> tuple[Learner, int]:
    """Somebody who has practiced nothing yet, and the steps it took to look around.

    A new policy acts in one batch to see how large observations are, a new critic how
    large returns are; nothing else is learned from that batch.
    """
    policy_key, critic_key, look_key = jax.random.split(key, 3)
    size = task.observation_size
    beginner = policy is None
    if policy is None:
        policy = new_policy(size, task.head, hidden=settings.hidden, key=policy_key)
    critic = None
    if settings.baseline == "value":
        critic = new_critic(size, hidden=settings.hidden, key=critic_key)
    learner = new_learner(policy, critic)
    if not beginner and critic is None:
        return learner, 0
    seen = collect(policy, look_key)
    learner = looked_around(learner, seen, practice_of(settings))
    if not beginner:  # A policy that was learned keeps what it was measured on.
        learner = eqx.tree_at(lambda whole: whole.policy, learner, policy)
    return learner, int(np.sum(seen.length))


def reinforce(
    slots: AbstractSlots,
    settings: ReinforceSettings,
    *,
    key: PRNGKeyArray,
    evaluate: Evaluate,
    policy: Policy | None = None,
    after: Round | None = None,
    phase: Phase = contextlib.nullcontext,
) -> Iterator[Round]:
    """Rounds of practice from nothing or from `policy`, going on from `after`."""
    collect = collector(slots, settings)
    first_key, batches_key = jax.random.split(key)
    if after is None:
        learner, steps = first_learner(
            slots.task, settings, policy, collect, key=first_key
        )
        after = Round(
            number=-1, learner=learner, measures={"env_steps": steps, "batches": 0}
        )
    round = after
    while round.number + 1 < settings.rounds:
        round = advance(round, collect, settings, key=batches_key, phase=phase)
        measures = {**round.measures, **evaluate(round.learner.policy)}
        round = dataclasses.replace(round, measures=measures)
        yield round


def advance(
    round: Round,
    collect: Collect,
    settings: ReinforceSettings,
    *,
    key: PRNGKeyArray,
    phase: Phase = contextlib.nullcontext,
) -> Round:
    """Practice, batch after batch, until the next evaluation is due."""
    number = round.number + 1
    learner = round.learner
    env_steps, batches = round.measures["env_steps"], round.measures["batches"]
    due = settings.env_steps * (number + 1) / settings.rounds
    how = practice_of(settings)
    log = []
    while env_steps < due:
        act_key, fit_key = jax.random.split(jax.random.fold_in(key, batches))
        with phase("collect"):
            seen = collect(learner.policy, act_key)
        left = max(0.0, 1.0 - env_steps / settings.env_steps)
        with phase("fit"):
            practiced = practice(
                learner,
                seen,
                how,
                learning_rate=jnp.float32(settings.learning_rate * left),
                critic_learning_rate=jnp.float32(settings.critic_learning_rate),
                key=fit_key,
            )
            log.append([float(number) for number in practiced[1:]])
        learner = practiced.learner
        env_steps += int(np.sum(seen.length))
        batches += 1
    measures = {"env_steps": env_steps, "batches": batches}
    if log:
        means = np.mean(log, axis=0)
        names = ("training_return", "entropy", "loss", "value_loss")
        measures |= dict(zip(names, (float(mean) for mean in means), strict=True))
    if learner.critic is None:
        measures.pop("value_loss", None)
    return Round(number=number, learner=learner, measures=measures)
