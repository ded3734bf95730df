"""Begin to practice: with nothing learned yet, or with a policy that was brought."""

from typing import Any

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from novice.algorithms.practice_settings import ReinforceSettings
from novice.algorithms.practitioners import Practitioner, practice_of, rates_of
from novice.algorithms.settings import layers_of
from novice.envs.task import Task
from novice.errors import NoviceError
from novice.learning.fit import new_learner
from novice.learning.policy import Policy, new_critic, new_policy
from novice.learning.practice import looked_around, looked_around_fragments
from novice.learning.stepping import NO_GUIDES
from novice.types import Fragments, Learner


class CannotPracticeError(NoviceError):
    """A policy that cannot practice."""


def first_learner(
    task: Task,
    settings: ReinforceSettings,
    practitioner: Practitioner,
    *,
    key: PRNGKeyArray,
) -> tuple[Learner, int]:
    """Somebody who has learned nothing yet, and the steps it took to look around.

    A new policy acts in one batch to see how large observations are, a new critic what
    returns to expect; the policy learns nothing from that batch.
    """
    policy_key, critic_key, look_key, warm_key = jax.random.split(key, 4)
    size = task.observation_size
    how: Any = {"hidden": layers_of(settings.hidden), "picture": task.picture}
    policy = new_policy(size, task.head, **how, key=policy_key)
    check_can_practice(policy)
    critic = None
    if settings.baseline == "value":
        critic = new_critic(size, **how, key=critic_key)
    learner = new_learner(policy, critic)
    learner, steps = look_around(
        learner, settings, practitioner, look_key=look_key, warm_key=warm_key
    )
    return learner, steps


def look_around(
    learner: Learner,
    settings: ReinforceSettings,
    practitioner: Practitioner,
    *,
    look_key: PRNGKeyArray,
    warm_key: PRNGKeyArray,
) -> tuple[Learner, int]:
    """The learner whose scales are measured in one batch, and the steps of that."""
    begin_key, act_key = jax.random.split(look_key)
    practitioner.begin(begin_key)
    seen = practitioner.collect(learner.policy, act_key)
    if isinstance(seen, Fragments):
        learner = looked_around_fragments(learner, seen, unit=settings.critic_unit)
    else:
        rates = rates_of(settings, left=0.0)
        how = practice_of(settings)
        learner = looked_around(learner, seen, how, rates, key=warm_key)
    return learner, int(np.sum(seen.valid))


def experienced_learner(
    policy: Policy,
    settings: ReinforceSettings,
    practitioner: Practitioner,
    *,
    key: PRNGKeyArray,
) -> tuple[Learner, int]:
    """Somebody who brings a policy, and the steps that their critic learned it in.

    A critic that knew nothing would make the first steps worse than none, so it learns
    alone for some batches. The policy keeps what it was measured on.
    """
    critic_key, look_key, warm_key, batches_key = jax.random.split(key, 4)
    if settings.baseline != "value":
        return new_learner(policy), 0
    picture = getattr(policy.trunk, "picture", None)
    critic = new_critic(
        policy.trunk.config()["observation"],
        hidden=layers_of(settings.hidden),
        picture=picture,
        key=critic_key,
    )
    learner, steps = look_around(
        new_learner(policy, critic),
        settings,
        practitioner,
        look_key=look_key,
        warm_key=warm_key,
    )
    rates = rates_of(settings, left=1.0)._replace(policy=np.float32(0))
    for number in range(settings.warm_up):
        batch_key = jax.random.fold_in(batches_key, number)
        act_key, fit_key = jax.random.split(batch_key)
        learner = with_policy(learner, policy)
        practiced = practitioner.improve(learner, rates, NO_GUIDES, act_key, fit_key)
        learner, steps = practiced.learner, steps + int(practiced.steps)
    return with_policy(learner, policy), steps


def with_policy(learner: Learner, policy: Policy) -> Learner:
    """The same critic beside a policy that has practiced nothing yet."""
    new = new_learner(policy)
    return Learner(policy, new.policy_state, learner.critic, learner.critic_state)


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
