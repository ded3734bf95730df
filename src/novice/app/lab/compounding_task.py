"""Train clones and corrected policies on a task, and measure them step by step."""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jaxtyping import Float, Int

from novice.algorithms.bc import bc, demonstrate
from novice.algorithms.dagger import dagger
from novice.algorithms.imitate import whole_stretches
from novice.algorithms.settings import BcSettings, DaggerSettings
from novice.app.folder import check_finite
from novice.app.judge import SLOTS, Judge
from novice.app.lab.units import every_unit
from novice.app.machine import keep_compiled_programs
from novice.app.numbers import return_form
from novice.app.runs import expert_named
from novice.app.tasks import task_called
from novice.datasets.dataset import Dataset, Origin
from novice.envs.rollout import rollout
from novice.envs.seeds import test_seeds
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task
from novice.errors import NoviceError
from novice.evaluation.by_time import (
    at_length,
    going_on,
    mean_in_stretches,
    over_seeds,
    reward_by_step,
    stretches,
)
from novice.evaluation.disagreement import disagreement
from novice.evaluation.returns import returns_of
from novice.evaluation.statistics import estimate
from novice.experts.acting import ExpertActor
from novice.experts.ask import answers, as_done, at_random, everything
from novice.experts.expert import AbstractExpert
from novice.files import make_folder, write_json
from novice.types import Round, Trajectories

if TYPE_CHECKING:
    from novice.app.lab.compounding import TaskOptions

# The ways to learn that are compared, in the order in which they are told.
WAYS = ("bc", "bc-noise", "dagger")
# Episodes that somebody acts in at a time, for their answers.
EPISODES = 5
# States of a policy's test episodes in which the expert is asked.
COMPARED = 4000
# How many stretches of time are told apart.
STRETCHES = 40


class NothingShownError(NoviceError):
    """The expert's episodes hold no steps to learn from."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """What is to be trained and measured, and where it is kept."""

    env: str
    kwargs: Mapping[str, Any]
    expert: str
    options: "TaskOptions"
    seed: int
    path: Path

    @cached_property
    def task(self) -> Task:
        return task_called(self.env, self.kwargs)

    @cached_property
    def teacher(self) -> AbstractExpert:
        found = expert_named(self.expert, self.task, needed=True)
        assert found is not None
        return found

    @cached_property
    def judge(self) -> Judge:
        return Judge(self.task, self.teacher, 2, self.options.test_episodes)

    @property
    def dagger(self) -> DaggerSettings:
        """What corrected policies are trained by."""
        per_round = max(1, min(250, -(-self.options.labels // 8)))
        return DaggerSettings(
            labels=self.options.labels,
            labels_per_round=per_round,
            episodes_per_round=EPISODES,
            fit=self.options.fit,
        )

    @property
    def bc(self) -> BcSettings:
        """What clones are trained by: as many gradient steps as for the corrected."""
        rounds = self.dagger.rounds
        later = (rounds - 1) * whole_stretches(self.dagger.steps)
        steps = whole_stretches(self.dagger.first_steps) + later
        return BcSettings(steps=steps, fit=self.options.fit)

    @cached_property
    def slots(self) -> SeparateSlots:
        return SeparateSlots(self.task, EPISODES)


def measured(
    study: Study, settings: Mapping[str, Any], say: Callable[[str], None]
) -> Mapping[str, Any]:
    """Train every policy that is not measured yet; what all of them came to."""
    keep_compiled_programs()
    began = time.perf_counter()
    seen, chance = expert_alone(study)
    returned = returns_of(seen).value
    references = (float(returned.mean()), float(chance.mean()))
    form = return_form(*references)
    options = study.options
    say(
        f"{study.env}: {len(WAYS)} ways to learn, {options.seeds} policies each, all"
        f" told {options.labels:,} right actions. The expert ({study.teacher.name})"
        f" returns {references[0]:{form}}, chance {references[1]:{form}}."
    )
    make_folder(study.path / "measured")
    write_json(study.path / "settings.json", settings)
    try:
        found = list(
            every_unit(
                study.path,
                [(way, seed) for seed in range(options.seeds) for way in WAYS],
                functools.partial(policy_measured, study),
                say=say,
                line=functools.partial(told, references),
            )
        )
    finally:
        study.slots.close()
        study.judge.slots.close()
    return {
        "command": settings["command"],
        "env": study.env,
        "seed": study.seed,
        "version": settings["version"],
        "labels": options.labels,
        "seeds": options.seeds,
        "noise": options.noise,
        "expert": {
            "name": study.teacher.name,
            "return": estimate(returned).as_json(),
        },
        "random": {"return": estimate(chance).as_json()},
        **by_time(found, seen),
        "seconds": {"total": round(time.perf_counter() - began, 3)},
    }


def expert_alone(study: Study) -> tuple[Trajectories, np.ndarray]:
    """The expert's test episodes, and what chance returns in them."""
    seeds = test_seeds(study.options.test_episodes)
    slots = study.judge.slots
    actor = ExpertActor(study.teacher, study.task, slots=SLOTS, seeds=seeds)
    chance = study.judge.random_actor(len(seeds))
    return (
        rollout(slots, actor, seeds),
        returns_of(rollout(slots, chance, seeds)).value,
    )


def told(references: Sequence[float], found: Mapping[str, Any]) -> str:
    """One policy in a line, its return written as those of the references are."""
    mean = float(np.mean(found["returns"]))
    form = return_form(*references, mean)
    return f"{found['way']:<9} seed {found['seed']}  return {mean:>9{form}}"


def policy_measured(study: Study, way: str, seed: int) -> dict[str, Any]:
    """Train one policy and play its test episodes; numbers by step."""
    round = trained(study, way, seed)
    policy, task = round.learner.policy, study.task
    check_finite(policy, f"the policy of {way}, seed {seed},")
    seen = study.judge.play(policy, test_seeds(study.options.test_episodes))
    asked = at_random(seen, at_most=COMPARED, key=jax.random.key(1))
    origin = Origin(-1, "validation", study.teacher.name)
    given = answers(study.teacher, task, seen, asked, origin=origin)
    chosen = task.clip(np.asarray(seen.action_executed)[asked])
    apart = disagreement(task, chosen, task.clip(given.action))
    steps = seen.valid.shape[1]
    step = np.nonzero(asked)[1]
    return {
        "way": way,
        "seed": seed,
        "labels": len(round.dataset),
        "returns": returns_of(seen).value.tolist(),
        "lengths": np.asarray(seen.length).tolist(),
        "reward": reward_by_step(seen, steps).tolist(),
        "going_on": going_on(seen, steps).tolist(),
        "disagreement": np.bincount(step, apart, minlength=steps).tolist(),
        "compared": np.bincount(step, minlength=steps).tolist(),
    }


def trained(study: Study, way: str, seed: int) -> Round:
    """The last round of one way to learn."""
    of_seed = jax.random.fold_in(jax.random.key(study.seed), seed)
    key = jax.random.fold_in(of_seed, WAYS.index(way))
    if way == "dagger":
        *_, last = dagger(
            study.slots, study.teacher, study.dagger, key=key, evaluate=nothing
        )
        return last
    show_key, fit_key = jax.random.split(key)
    noise = study.options.noise if way == "bc-noise" else 0.0
    shown = demonstrated(study, noise, key=show_key)
    (only,) = bc(study.slots, shown, study.bc, key=fit_key, evaluate=nothing)
    return only


def nothing(*_: Any) -> Mapping[str, Any]:
    """What is measured on the way."""
    return {}


def demonstrated(study: Study, noise: float, *, key: jax.Array) -> Dataset:
    """Demonstrations of exactly so many labels; the hand is shaken by `noise`."""
    dataset, labels, batch = Dataset(), study.options.labels, 0
    origin = Origin(0, "demonstration", study.teacher.name)
    while len(dataset) < labels:
        seen = demonstrate(
            study.slots,
            study.teacher,
            episodes=EPISODES,
            noise=noise,
            key=jax.random.fold_in(key, batch),
        )
        asked = everything(seen, at_most=labels - len(dataset))
        past = study.options.fit.history - 1
        if not asked.any():
            raise NothingShownError(f"the expert's episodes in {study.env} are empty")
        dataset = dataset.append(as_done(seen, asked, origin=origin, past=past))
        batch += 1
    return dataset


def by_time(found: Sequence[Mapping[str, Any]], expert: Trajectories) -> dict[str, Any]:
    """What each way costs, and how far it is from the expert, as time passes."""
    steps = max(expert.valid.shape[1], *(len(each["reward"]) for each in found))
    ends = stretches(steps, STRETCHES)
    paid = np.cumsum(reward_by_step(expert, steps))[ends - 1]
    returned = float(returns_of(expert).value.mean())
    ways, costs = [], {}
    for name in WAYS:
        mine = [each for each in found if each["way"] == name]
        costs[name] = np.array([returned - np.mean(each["returns"]) for each in mine])
        ways.append(
            {
                "name": name,
                "labels": mine[0]["labels"],
                "returns": [float(np.mean(each["returns"])) for each in mine],
                "cost": interval_of(costs[name]),
                "less_than_bc": interval_of(costs["bc"] - costs[name]),
                "disagreement": interval_of(np.array([apart_in_all(e) for e in mine])),
                **courses(mine, paid, ends),
            }
        )
    return {"ways": ways, "ends": ends.tolist()}


def apart_in_all(policy: Mapping[str, Any]) -> float:
    """How far a policy is from the expert over all steps."""
    return float(sum(policy["disagreement"]) / max(1, sum(policy["compared"])))


def courses(
    policies: Sequence[Mapping[str, Any]],
    paid: Float[np.ndarray, " ends"],
    ends: Int[np.ndarray, " ends"],
) -> dict[str, Any]:
    """For each policy of a way: what it has lost so far, and how far it is apart.

    `paid` is what the expert has got by the end of each stretch.
    """
    steps = int(ends[-1])
    lost, apart, alive = [], [], []
    for each in policies:
        got = np.cumsum(at_length(each["reward"], steps))[ends - 1]
        lost.append((paid - got).tolist())
        sums, counts = (
            at_length(each[name], steps) for name in ("disagreement", "compared")
        )
        apart.append(without_nan(mean_in_stretches(sums, counts, ends)))
        alive.append(at_length(each["going_on"], steps)[ends - 1])
    return {
        "lost_so_far": lost,
        "disagreement_by_time": apart,
        "going_on": np.mean(alive, axis=0).tolist(),
    }


def interval_of(values: np.ndarray) -> dict[str, Any]:
    """A mean over training seeds and its interval."""
    mean, low, high = over_seeds(values)
    return {"mean": mean, "ci95": [low, high], "seeds": len(values)}


def without_nan(values: np.ndarray) -> list[float | None]:
    """The values, with nothing where nothing is known."""
    return [None if np.isnan(value) else float(value) for value in values]
