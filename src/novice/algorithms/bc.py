"""Behavior cloning: watch an expert, and make its actions likely (M1).

max_θ Σ log π_θ(a_i given o_i) over the demonstrations o_1, a_1, …, o_N, a_N.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from novice.algorithms.imitate import (
    beginner,
    imitate,
    power_of_two,
    whole_stretches,
)
from novice.algorithms.settings import BcSettings
from novice.datasets.dataset import Dataset, Origin
from novice.envs.actor import AbstractActor, NoisyActor
from novice.envs.rollout import rollout
from novice.envs.seeds import training_seeds
from novice.envs.slots import AbstractSlots
from novice.envs.task import Task
from novice.experts.acting import ExpertActor
from novice.experts.ask import as_done, everything
from novice.experts.expert import AbstractExpert
from novice.types import Round, Trajectories

# How an algorithm is told how good a round's policy is; what is measured is the
# caller's.
Evaluate = Callable[[Round], Mapping[str, Any]]
# How an algorithm says what it is about to do: "collect", "label" or "fit".
Phase = Callable[[str], contextlib.AbstractContextManager[Any]]


def demonstrate(
    slots: AbstractSlots,
    expert: AbstractExpert,
    *,
    episodes: int,
    noise: float,
    key: PRNGKeyArray,
) -> Trajectories:
    """The expert acts in whole episodes, its hand shaken by `noise`."""
    seed_key, noise_key = jax.random.split(key)
    seeds = training_seeds(seed_key, episodes)
    actor: AbstractActor = ExpertActor(
        expert, slots.task, slots=slots.count, seeds=seeds
    )
    if noise:
        actor = NoisyActor(
            actor,
            slots.task,
            noise_key,
            level=noise,
            episodes=episodes,
            slots=slots.count,
        )
    return rollout(slots, actor, seeds)


def demonstrations(
    slots: AbstractSlots,
    expert: AbstractExpert,
    settings: BcSettings,
    *,
    key: PRNGKeyArray,
) -> tuple[Dataset, Trajectories]:
    """What the expert shows: `settings.demonstrations` episodes, or so many answers."""
    seen = demonstrate(
        slots,
        expert,
        episodes=settings.demonstrations,
        noise=settings.noise,
        key=key,
    )
    steps = int(seen.length.sum())
    asked = everything(seen, at_most=settings.labels or steps)
    origin = Origin(0, "demonstration", expert.name)
    shown = as_done(seen, asked, origin=origin, past=settings.fit.history - 1)
    return Dataset().append(shown), seen


def advance(
    task: Task, dataset: Dataset, settings: BcSettings, *, key: PRNGKeyArray
) -> Round:
    """Fit a new policy to a dataset of demonstrations."""
    beginner_key, fit_key = jax.random.split(key)
    learner, loss = imitate(
        beginner(task, settings.fit, key=beginner_key),
        dataset,
        settings.fit,
        steps=settings.steps,
        capacity=power_of_two(len(dataset)),
        key=fit_key,
    )
    measures = {
        "labels": len(dataset),
        "loss": loss,
        "gradient_steps": whole_stretches(settings.steps),
    }
    return Round(number=0, learner=learner, dataset=dataset, measures=measures)


def bc(
    slots: AbstractSlots,
    teacher: AbstractExpert | Dataset,
    settings: BcSettings,
    *,
    key: PRNGKeyArray,
    evaluate: Evaluate,
    phase: Phase = contextlib.nullcontext,
) -> Iterator[Round]:
    """Clone an expert, or whoever answered in a dataset: one round."""
    show_key, fit_key = jax.random.split(key)
    seen, env_steps = None, 0
    if isinstance(teacher, Dataset):
        dataset = teacher
    else:
        with phase("collect"):
            dataset, seen = demonstrations(slots, teacher, settings, key=show_key)
        env_steps = int(np.sum(seen.length))
    with phase("fit"):
        round = advance(slots.task, dataset, settings, key=fit_key)
    measures = {
        "env_steps": env_steps,
        **round.measures,
        **evaluate(round),
    }
    yield Round(
        number=0,
        learner=round.learner,
        dataset=dataset,
        measures=measures,
        trajectories=seen,
    )
