"""Practice: act, and make likelier what paid (M5).

A batch is N whole episodes whose seeds are drawn before anybody acts, or a fragment of
the episodes of several environments; it gives one step of the policy, or several that
stay near what acted. A round is a stretch of batches, ended by an evaluation.
"""

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from novice.algorithms.bc import Evaluate, Phase
from novice.algorithms.beginning import (
    check_can_practice,
    experienced_learner,
    first_learner,
)
from novice.algorithms.practice_settings import ReinforceSettings
from novice.algorithms.practitioners import (
    Practitioner,
    practitioner_for,
    rates_of,
)
from novice.datasets.dataset import Dataset
from novice.envs.functional import functional_core
from novice.envs.slots import AbstractSlots
from novice.learning.policy import Policy, with_spread
from novice.learning.practice import Practiced
from novice.learning.stepping import NO_GUIDES, Guides
from novice.types import Batch, Round

# A divergence costs at most so much a nat, and at least the inverse.
LARGEST_PENALTY = 1e3


def reinforce(
    slots: AbstractSlots,
    settings: ReinforceSettings,
    *,
    key: PRNGKeyArray,
    evaluate: Evaluate,
    policy: Policy | None = None,
    shown: Batch | None = None,
    after: Round | None = None,
    phase: Phase = contextlib.nullcontext,
) -> Iterator[Round]:
    """Rounds of practice from nothing or from `policy`, going on from `after`.

    With a policy, round 0 is that policy, which has practiced nothing yet, and as many
    rounds of practice follow as without one. What was `shown` goes on being learned
    from.
    """
    core = functional_core(slots.task)
    practitioner = practitioner_for(slots, core, settings, phase)
    guides = NO_GUIDES
    if policy is not None:
        check_can_practice(policy)
        policy = with_spread(policy, settings.spread)
        guides = Guides(policy if settings.anchor else None, shown)
    first_key, batches_key = jax.random.split(key)
    if after is None:
        learner, steps = (
            first_learner(slots.task, settings, practitioner, key=first_key)
            if policy is None
            else experienced_learner(policy, settings, practitioner, key=first_key)
        )
        number = -1 if policy is None else 0
        after = Round(
            number=number, learner=learner, measures={"env_steps": steps, "batches": 0}
        )
        if policy is not None:
            after = with_measures(after, evaluate)
            yield after
    round, last = after, settings.rounds - (policy is None)
    while round.number < last:
        round = advance(
            round, practitioner, settings, guides, last=last, key=batches_key
        )
        round = with_measures(round, evaluate)
        yield round


def demonstrated(answers: Dataset) -> Batch:
    """What somebody showed, as rows that all weigh the same."""
    rows = len(answers)
    return Batch(
        jnp.asarray(answers.column("observation")),
        jnp.asarray(answers.column("action")),
        jnp.ones(rows),
        jnp.ones(rows, bool),
    )


def with_measures(round: Round, evaluate: Evaluate) -> Round:
    """The round, and what its evaluation says besides."""
    measures = {**round.measures, **evaluate(round)}
    return dataclasses.replace(round, measures=measures)


def advance(
    round: Round,
    practitioner: Practitioner,
    settings: ReinforceSettings,
    guides: Guides = NO_GUIDES,
    *,
    last: int,
    key: PRNGKeyArray,
) -> Round:
    """Practice, batch after batch, until the next evaluation is due.

    The `last` round is the one after which all steps have been acted.
    """
    number = round.number + 1
    learner = round.learner
    env_steps, batches = round.measures["env_steps"], round.measures["batches"]
    penalty = round.measures.get("penalty", 1.0)
    due = settings.env_steps * (settings.rounds - last + number) / settings.rounds
    log: list[dict[str, float]] = []
    begin_key, key = jax.random.split(key)
    practitioner.begin(jax.random.fold_in(begin_key, number))
    while env_steps < due:
        act_key, fit_key = jax.random.split(jax.random.fold_in(key, batches))
        rates = rates_of(
            settings,
            left=max(0.0, 1.0 - env_steps / settings.env_steps),
            penalty=penalty,
            batches=batches,
        )
        practiced = practitioner.improve(learner, rates, guides, act_key, fit_key)
        learner = practiced.learner
        env_steps += int(practiced.steps)
        batches += 1
        log.append(measured(practiced, settings))
        if settings.step == "kl":
            penalty = adapted(penalty, log[-1]["divergence"], settings.divergence)
    measures: dict[str, Any] = {"env_steps": env_steps, "batches": batches}
    for name in dict.fromkeys(name for each in log for name in each):
        numbers = [each[name] for each in log if name in each]
        measures[name] = float(np.mean(numbers))
    if learner.critic is None:
        measures.pop("value_loss", None)
    if settings.step == "kl":
        measures["penalty"] = penalty
    return Round(number=number, learner=learner, measures=measures)


def adapted(penalty: float, divergence: float, wanted: float) -> float:
    """What a nat of divergence costs in the next batch.

    Twice as much after steps that went too far, half as much after timid ones, as in
    Schulman et al. 2017, section 4 (https://arxiv.org/abs/1707.06347).
    """
    if divergence > 1.5 * wanted:
        return min(2 * penalty, LARGEST_PENALTY)
    if divergence < wanted / 1.5:
        return max(penalty / 2, 1 / LARGEST_PENALTY)
    return penalty


def measured(practiced: Practiced, settings: ReinforceSettings) -> dict[str, float]:
    """What one batch says about the practice; what is not known of it is absent."""
    found = {
        "entropy": practiced.entropy,
        "loss": practiced.loss,
        "value_loss": practiced.value_loss,
    }
    if not np.isnan(practiced.mean_return):
        found = {"training_return": practiced.mean_return, **found}
    if settings.step != "gradient":
        found["divergence"] = practiced.divergence
    if practiced.signal is not None and not np.isnan(practiced.signal.variance):
        found |= {
            "gradient_squared": practiced.signal.squared,
            "gradient_variance": practiced.signal.variance,
            "halves_agree": practiced.signal.agreement,
            "effective_episodes": practiced.signal.effective,
        }
    return {name: float(number) for name, number in found.items()}
