"""DAgger: act, be corrected on what was visited, aggregate, fit again (M2).

Ross, Gordon and Bagnell 2011, algorithm 3.1: https://arxiv.org/abs/1011.0686. A round

1. trains π on D, after it has
2. run π (or the expert, with probability β) to get D_π,
3. asked the expert for actions in the states of D_π, and
4. aggregated D ← D ∪ D_π.
"""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from novice.algorithms.asking import audit_of, choose, chosen_in, head_of
from novice.algorithms.bc import Evaluate, Phase, demonstrate
from novice.algorithms.imitate import (
    beginner,
    imitate,
    outgrown,
    power_of_two,
    whole_stretches,
)
from novice.algorithms.settings import DaggerSettings
from novice.datasets.dataset import Answers, Dataset, Origin
from novice.envs.actor import (
    AbstractActor,
    BestActor,
    Chance,
    MixedActor,
    NoisyActor,
    RandomActor,
)
from novice.envs.rollout import rollout
from novice.envs.seeds import training_seeds
from novice.envs.slots import AbstractSlots
from novice.envs.task import Task
from novice.evaluation.trust import trusted
from novice.experts.acting import ExpertActor
from novice.experts.ask import answers, as_done
from novice.experts.asking.bursts import context_switches
from novice.experts.asking.strategies import Asked, check_strategy
from novice.experts.expert import AbstractExpert
from novice.learning.policy import Policy
from novice.types import Round, Trajectories


def beta(round: int, settings: DaggerSettings) -> float:
    """The probability β_i that the expert acts in a step of this round."""
    schedules = {
        "first": float(round == 0),
        "linear": max(0.0, 1.0 - settings.beta_rate * round),
        "exponential": settings.beta_rate**round,
        "constant": settings.beta_rate,
    }
    return schedules[settings.beta]


def visit(
    slots: AbstractSlots,
    expert: AbstractExpert | None,
    policy: Policy | None,
    settings: DaggerSettings,
    *,
    beta: float = 0.0,
    key: PRNGKeyArray,
) -> Trajectories:
    """Step 2: run the mixture of expert and novice in whole episodes.

    Without a policy the expert acts; without an expert, too, chance does.
    """
    episodes = settings.episodes_per_round
    if expert is not None and (policy is None or beta == 1):
        return demonstrate(
            slots, expert, episodes=episodes, noise=settings.noise, key=key
        )
    seed_key, mix_key, noise_key = jax.random.split(key, 3)
    seeds = training_seeds(seed_key, episodes)
    task, many = slots.task, {"episodes": episodes, "slots": slots.count}
    actor: AbstractActor = (
        RandomActor(task, mix_key, **many) if policy is None else BestActor(policy)
    )
    if beta and expert is not None:
        teacher = ExpertActor(expert, task, slots=slots.count, seeds=seeds)
        chance = Chance(task, mix_key, **many)
        actor = MixedActor(teacher, actor, chance, beta=beta)
    if settings.noise:
        actor = NoisyActor(actor, task, noise_key, level=settings.noise, **many)
    return rollout(slots, actor, seeds)


def ask(
    expert: AbstractExpert,
    task: Task,
    seen: Trajectories,
    asked: Asked,
    settings: DaggerSettings,
    *,
    round: int,
) -> Answers:
    """Step 3: the expert's actions in the states asked about.

    Where the expert itself acted throughout, what it did is its answer.
    """
    past = settings.fit.history - 1
    if np.all(seen.expert_acted | ~seen.valid):
        origin = Origin(round, "demonstration", expert.name)
        given = as_done(seen, asked.states, origin=origin, past=past)
    else:
        origin = Origin(round, "correction", expert.name)
        given = answers(expert, task, seen, asked.states, origin=origin, past=past)
    return dataclasses.replace(given, chance=asked.chances)


def advance(
    task: Task,
    round: Round | None,
    answers: Sequence[Answers],
    settings: DaggerSettings,
    *,
    key: PRNGKeyArray,
) -> Round:
    """Steps 4 and 1: aggregate the answers, and fit the policy to everything.

    Each of the answers has its own origin: several people may have given them, and
    `settings.people.answers` says which of theirs are learned from. A policy that was
    `outgrown` is not gone on from; the measures say that it was `started_anew`.
    """
    beginner_key, fit_key = jax.random.split(key)
    policy = beginner(task, settings.fit, key=beginner_key)
    number, dataset, steps = 0, Dataset(), settings.first_steps
    if round is not None:
        number, dataset = round.number + 1, round.dataset
    for part in answers:
        dataset = dataset.append(part)
    anew = False
    if round is not None:
        anew = settings.refit == "warm" and outgrown(round, dataset)
        if anew or settings.refit == "scratch":
            steps = settings.first_steps + number * settings.steps
        else:
            policy, steps = round.learner.policy, settings.steps
    trust = None
    if settings.people.answers != "all":
        trust = trusted(dataset, policy.head, use=settings.people.answers)
    learner, loss = imitate(
        policy,
        dataset,
        settings.fit,
        steps=steps,
        capacity=power_of_two(max(settings.labels, int(dataset.standing().sum()))),
        key=fit_key,
        trust=trust,
    )
    measures: dict[str, Any] = {
        "labels": int(dataset.taught().sum()),
        "loss": loss,
        "gradient_steps": whole_stretches(steps),
    }
    if anew:
        measures["started_anew"] = True
    if trust is not None:
        measures["people"] = trust.people
    return Round(number=number, learner=learner, dataset=dataset, measures=measures)


def watched(
    task: Task,
    demonstrations: Dataset,
    settings: DaggerSettings,
    *,
    key: PRNGKeyArray,
    evaluate: Evaluate,
    phase: Phase = contextlib.nullcontext,
) -> Round:
    """Round 0 where somebody has demonstrated beforehand: nobody acts, nobody asks."""
    with phase("fit"):
        round = advance(task, None, demonstrations.parts, settings, key=key)
    measures = {
        "env_steps": 0,
        **round.measures,
        **evaluate(round),
    }
    return dataclasses.replace(round, measures=measures)


def dagger(
    slots: AbstractSlots,
    expert: AbstractExpert,
    settings: DaggerSettings,
    *,
    key: PRNGKeyArray,
    evaluate: Evaluate,
    after: Round | None = None,
    phase: Phase = contextlib.nullcontext,
    brought: int = 0,
) -> Iterator[Round]:
    """Rounds of DAgger until the labels are used up, going on from `after`.

    Where demonstrations were given beforehand (`after` is, or began as, a round number
    -1 that holds them and a policy), they are `brought` along: these rows are not asked
    for, so they don't count as labels of the settings, and the schedule of β begins at
    its second round: by default the expert never acts.
    """
    round, task = after, slots.task
    check_strategy(settings.ask, head_of(task, settings))
    while round is None or len(round.dataset) - brought < settings.labels:
        number = 0 if round is None else round.number + 1
        used = 0 if round is None else len(round.dataset) - brought
        env_steps = 0 if round is None else int(round.measures["env_steps"])
        visit_key, ask_key, fit_key = jax.random.split(
            jax.random.fold_in(key, number), 3
        )
        policy = None if round is None else round.learner.policy
        with phase("collect"):
            seen = visit(
                slots,
                expert,
                policy,
                settings,
                beta=beta(number + bool(brought), settings),
                key=visit_key,
            )
        at_most = min(settings.labels_per_round, settings.labels - used)
        with phase("label"):
            asked = choose(task, round, seen, settings, at_most=at_most, key=ask_key)
            given = ask(expert, task, seen, asked, settings, round=number)
        with phase("fit"):
            round = advance(task, round, [given], settings, key=fit_key)
        measures = {
            "env_steps": env_steps + int(np.sum(seen.length)),
            **round.measures,
            "context_switches": context_switches(
                set(zip(given.episode.tolist(), given.step.tolist(), strict=True))
            ),
            **audit_of(task, given, chosen_in(seen, given), policy=number - 1),
            **evaluate(round),
        }
        round = dataclasses.replace(round, measures=measures, trajectories=seen)
        yield round
