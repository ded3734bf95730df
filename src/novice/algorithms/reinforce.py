"""REINFORCE: act, and make likelier what paid (M5).

A batch is N whole episodes whose seeds are drawn before anybody acts; it gives one
gradient step, divided by N. A round is a stretch of batches, ended by an evaluation.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from novice.algorithms.bc import Evaluate, Phase
from novice.algorithms.settings import ReinforceSettings, layers_of
from novice.envs.actor import SampleActor
from novice.envs.functional import (
    functional_core,
    functional_practice,
    functional_rollout,
)
from novice.envs.rollout import padded, rollout
from novice.envs.seeds import training_seeds
from novice.envs.slots import AbstractSlots
from novice.envs.task import Task
from novice.errors import NoviceError
from novice.learning.fit import new_learner
from novice.learning.policy import Policy, new_critic, new_policy
from novice.learning.practice import (
    Practice,
    Practiced,
    Rates,
    looked_around,
    practice,
)
from novice.types import Learner, Round, Trajectories

# Runs N whole episodes and takes one step from them; the keys: for acting, for fitting.
Improve = Callable[[Learner, Rates, PRNGKeyArray, PRNGKeyArray], Practiced]


class CannotPracticeError(NoviceError):
    """A policy that cannot practice."""


class Practitioner(NamedTuple):
    """How N whole episodes of a task are run, with and without learning from them."""

    collect: Callable[[Policy, PRNGKeyArray], Trajectories]
    improve: Improve


def on_host(
    slots: AbstractSlots, settings: ReinforceSettings, phase: Phase
) -> Practitioner:
    """A task is stepped outside, then one compiled program learns."""
    task, episodes = slots.task, settings.episodes_per_batch
    how = practice_of(settings)

    def collect(policy: Policy, key: PRNGKeyArray) -> Trajectories:
        seed_key, act_key = jax.random.split(key)
        actor = SampleActor(policy, act_key, episodes=episodes, slots=slots.count)
        seen = rollout(slots, actor, training_seeds(seed_key, episodes))
        return padded(seen, limit=task.max_episode_steps)

    def improve(
        learner: Learner, rates: Rates, act_key: PRNGKeyArray, fit_key: PRNGKeyArray
    ) -> Practiced:
        with phase("collect"):
            seen = collect(learner.policy, act_key)
        with phase("fit"):
            practiced = practice(learner, seen, how, rates, key=fit_key)
            return jax.block_until_ready(practiced)

    return Practitioner(collect, improve)


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
        learner: Learner, rates: Rates, act_key: PRNGKeyArray, fit_key: PRNGKeyArray
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
                act_key=act_key,
                fit_key=fit_key,
            )
            return jax.block_until_ready(practiced)

    return Practitioner(collect, improve)


def practice_of(settings: ReinforceSettings) -> Practice:
    """How the settings turn a batch into a step."""
    return Practice(
        settings.weigh, settings.baseline, settings.discount, settings.critic_steps
    )


def first_learner(
    task: Task,
    settings: ReinforceSettings,
    policy: Policy | None,
    collect: Callable[[Policy, PRNGKeyArray], Trajectories],
    *,
    key: PRNGKeyArray,
) -> tuple[Learner, int]:
    """Somebody who has practiced nothing yet, and the steps it took to look around.

    A new policy acts in one batch to see how large observations are, a new critic what
    returns to expect; the policy learns nothing from that batch.
    """
    policy_key, critic_key, look_key, warm_key = jax.random.split(key, 4)
    size = task.observation_size
    how: Any = {"hidden": layers_of(settings.hidden), "picture": task.picture}
    beginner = policy is None
    if policy is None:
        policy = new_policy(size, task.head, **how, key=policy_key)
    check_can_practice(policy)
    critic = None
    if settings.baseline == "value":
        critic = new_critic(size, **how, key=critic_key)
    learner = new_learner(policy, critic)
    if not beginner and critic is None:
        return learner, 0
    seen = collect(policy, look_key)
    rates = Rates(jnp.float32(0), jnp.float32(settings.critic_learning_rate))
    learner = looked_around(learner, seen, practice_of(settings), rates, key=warm_key)
    if not beginner:  # A policy that was learned keeps what it was measured on.
        learner = eqx.tree_at(lambda whole: whole.policy, learner, policy)
    return learner, int(np.sum(seen.length))


def check_can_practice(policy: Policy) -> None:
    """Raise CannotPracticeError for a policy whose gradient nobody can estimate."""
    kind = policy.head.config()["kind"]
    if not policy.head.has_likelihood:
        raise CannotPracticeError(
            f"this policy has the head {kind}, which cannot say how likely its actions"
            " are: it serves imitation only; practice goes on from gaussian, mixture,"
            " discretized or categorical"
        )
    if policy.remembers:
        raise CannotPracticeError(
            f"this policy has a history of {policy.history} and chunks of"
            f" {policy.chunk}, but practice weighs one action at a time; it goes on"
            " from policies without --history and --chunk"
        )


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
    core = functional_core(slots.task)
    if core is None:
        practitioner = on_host(slots, settings, phase)
    else:
        practitioner = on_device(core, slots.task, settings, phase)
    first_key, batches_key = jax.random.split(key)
    if after is None:
        learner, steps = first_learner(
            slots.task, settings, policy, practitioner.collect, key=first_key
        )
        after = Round(
            number=-1, learner=learner, measures={"env_steps": steps, "batches": 0}
        )
    round = after
    while round.number + 1 < settings.rounds:
        round = advance(round, practitioner.improve, settings, key=batches_key)
        measures = {**round.measures, **evaluate(round)}
        round = dataclasses.replace(round, measures=measures)
        yield round


def advance(
    round: Round,
    improve: Improve,
    settings: ReinforceSettings,
    *,
    key: PRNGKeyArray,
) -> Round:
    """Practice, batch after batch, until the next evaluation is due."""
    number = round.number + 1
    learner = round.learner
    env_steps, batches = round.measures["env_steps"], round.measures["batches"]
    due = settings.env_steps * (number + 1) / settings.rounds
    log: list[dict[str, float]] = []
    while env_steps < due:
        act_key, fit_key = jax.random.split(jax.random.fold_in(key, batches))
        left = max(0.0, 1.0 - env_steps / settings.env_steps)
        rates = Rates(
            jnp.float32(settings.learning_rate * left),
            jnp.float32(settings.critic_learning_rate),
        )
        practiced = improve(learner, rates, act_key, fit_key)
        learner = practiced.learner
        env_steps += int(practiced.steps)
        batches += 1
        log.append(measured(practiced))
    measures: dict[str, Any] = {"env_steps": env_steps, "batches": batches}
    for name in dict.fromkeys(name for each in log for name in each):
        numbers = [each[name] for each in log if name in each]
        measures[name] = float(np.mean(numbers))
    if learner.critic is None:
        measures.pop("value_loss", None)
    return Round(number=number, learner=learner, measures=measures)


def measured(practiced: Practiced) -> dict[str, float]:
    """What one batch says about the practice; what is not known of it is absent."""
    found = {
        "training_return": practiced.mean_return,
        "entropy": practiced.entropy,
        "loss": practiced.loss,
        "value_loss": practiced.value_loss,
    }
    if practiced.signal is not None and not np.isnan(practiced.signal.variance):
        found |= {
            "gradient_squared": practiced.signal.squared,
            "gradient_variance": practiced.signal.variance,
            "halves_agree": practiced.signal.agreement,
            "effective_episodes": practiced.signal.effective,
        }
    return {name: float(number) for name, number in found.items()}
