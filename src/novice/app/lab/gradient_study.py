"""Train a policy a little in two ways, and measure both gradients on the way."""

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int, PRNGKeyArray

from novice.algorithms.bc import demonstrate
from novice.algorithms.imitate import standardized
from novice.app.folder import check_finite
from novice.app.lab.gradient import GradientOptions
from novice.app.lab.gradient_point import (
    cloud,
    most_different,
    point_measured,
    practiced_batch,
    shown_batch,
)
from novice.app.lab.gradient_truth import truth_measured
from novice.app.lab.units import every_unit
from novice.app.machine import keep_compiled_programs
from novice.app.numbers import return_form
from novice.app.runs import expert_named
from novice.app.shift import visits_of
from novice.app.tasks import task_called
from novice.envs.actor import SampleActor
from novice.envs.rollout import padded, rollout
from novice.envs.seeds import training_seeds
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task
from novice.envs.words import words
from novice.errors import NoviceError
from novice.evaluation.returns import returns_of
from novice.evaluation.statistics import estimate
from novice.experts.expert import AbstractExpert
from novice.files import make_folder, write_json
from novice.learning.fit import (
    ADAM,
    WEIGHTED_LIKELIHOOD,
    fit,
    new_learner,
    whole_batch_plan,
)
from novice.learning.policy import Policy, new_policy
from novice.learning.stepping import ascended
from novice.types import Trajectories

SLOTS = 20
# What is measured, in the order in which it is told: two ways from one beginner.
POINTS = ("beginner", "cloned", "practiced")


class NoNumbersError(NoviceError):
    """A task whose states are pictures."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """What is to be measured, and where it is kept."""

    env: str
    kwargs: Mapping[str, Any]
    expert: str
    options: GradientOptions
    path: Path

    @cached_property
    def task(self) -> Task:
        found = task_called(self.env, self.kwargs)
        if found.picture is not None:
            raise NoNumbersError(
                f"{self.env} shows pictures, but this experiment draws two numbers of"
                " what is seen; name a task that shows numbers"
            )
        return found

    @cached_property
    def teacher(self) -> AbstractExpert:
        found = expert_named(self.expert, self.task, needed=True)
        assert found is not None
        return found

    @cached_property
    def slots(self) -> SeparateSlots:
        return SeparateSlots(self.task, SLOTS)

    def key(self, number: int) -> PRNGKeyArray:
        """A key of this experiment, for one purpose alone."""
        return jax.random.fold_in(jax.random.key(self.options.seed), number)

    def acted(
        self, policy: Policy, episodes: int, *, key: PRNGKeyArray
    ) -> Trajectories:
        """Episodes of a policy that explores, their seeds drawn beforehand."""
        seed_key, act_key = jax.random.split(key)
        seeds = training_seeds(seed_key, episodes)
        actor = SampleActor(policy, act_key, episodes=episodes, slots=SLOTS)
        seen = rollout(self.slots, actor, seeds)
        return padded(seen, limit=self.task.max_episode_steps)

    @cached_property
    def shown(self) -> Trajectories:
        """What the expert does: from here on the same, whatever the policy becomes."""
        seen = demonstrate(
            self.slots,
            self.teacher,
            episodes=self.options.episodes,
            noise=0.0,
            key=self.key(0),
        )
        return padded(seen, limit=self.task.max_episode_steps)

    @cached_property
    def beginner(self) -> Policy:
        """A policy that has learned nothing; it knows how large what it sees is.

        That is measured once, on the expert's episodes and on its own, so that all
        gradients are by the same numbers.
        """
        policy = new_policy(
            self.task.observation_size,
            self.task.head,
            hidden=self.options.layers,
            key=self.key(1),
        )
        seen = self.acted(policy, self.options.episodes, key=self.key(2))
        rows = [visits_of(each).state for each in (self.shown, seen)]
        trunk = standardized(policy.trunk, np.concatenate(rows))
        return eqx.tree_at(lambda whole: whole.trunk, policy, trunk)

    @cached_property
    def first(self) -> Trajectories:
        """The beginner's own episodes."""
        return self.acted(self.beginner, self.options.episodes, key=self.key(3))

    @cached_property
    def axes(self) -> Int[np.ndarray, "2"]:
        """The numbers of a state that are drawn."""
        return most_different(self.shown, self.first)

    @property
    def axis_names(self) -> list[str]:
        """What the drawn numbers are called."""
        names = [each["name"] for each in words(self.task)["observation"]]
        if len(names) != self.task.observation_size:
            names = [f"number {place}" for place in range(self.task.observation_size)]
        return [[*names, "step"][place] for place in self.axes]

    def cloned(self) -> Policy:
        """The beginner after some steps of `fit` on what the expert did."""
        batch = jax.tree.map(jnp.asarray, shown_batch(self.shown))
        learner = new_learner(self.beginner)
        rows = jnp.sum(batch.valid).astype(jnp.float32)
        plan = whole_batch_plan(batch.valid.shape[0], self.options.learning_rate)
        for _ in range(self.options.steps):
            learner, _ = fit(
                learner,
                batch,
                plan,
                objective=WEIGHTED_LIKELIHOOD,
                optimizer=ADAM,
                normalizer=rows,
            )
        return learner.policy

    def practiced(self) -> Policy:
        """The beginner after as many steps of `fit` on what it did itself."""
        learner, episodes = new_learner(self.beginner), self.options.batch_episodes
        for step in range(self.options.steps):
            key = jax.random.fold_in(self.key(4), step)
            seen = self.acted(learner.policy, episodes, key=key)
            batch = practiced_batch(learner.policy, seen)
            rate = self.options.learning_rate
            learner, _ = ascended(learner, batch, episodes, rate=rate)
        return learner.policy


def measured(
    study: Study, settings: Mapping[str, Any], say: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Measure what is not measured yet; the summary, and what is to be drawn."""
    keep_compiled_programs()
    began = time.perf_counter()
    options = study.options
    introduced = introduction(study)
    make_folder(study.path / "measured")
    write_json(study.path / "settings.json", settings)
    say(introduced)
    units = [("truth", 0), ("expert", 0), ("beginner", 0)]
    units += [(name, options.steps) for name in POINTS[1:]]
    try:
        found = {
            name: each
            for (name, _), each in zip(
                units,
                every_unit(
                    study.path,
                    units,
                    functools.partial(unit_measured, study),
                    say=say,
                    line=unit_line,
                ),
                strict=True,
            )
        }
    finally:
        study.slots.close()
    drawn = {name: found[name].pop("drawn") for name in ("truth", "expert", *POINTS)}
    summary = {
        "command": settings["command"],
        "env": study.env,
        "seed": options.seed,
        "version": settings["version"],
        **{name: getattr(options, name) for name in ("episodes", "steps")},
        "batch_episodes": options.batch_episodes,
        "learning_rate": options.learning_rate,
        "expert": found["expert"],
        "points": [found[name] for name in POINTS],
        "truth": found["truth"],
        "seconds": {"total": round(time.perf_counter() - began, 3)},
    }
    return summary, drawn


def introduction(study: Study) -> str:
    """What is about to be done; whether task and expert are there shows here."""
    return (
        f"{study.env}: {study.options.episodes} episodes of the expert"
        f" ({study.teacher.name}) beside as many of a policy itself, as a beginner,"
        f" after {study.options.steps} steps of cloning and after as many of practice."
    )


def unit_measured(study: Study, name: str, steps: int) -> dict[str, Any]:
    """One of the things that are measured, by its name."""
    if name == "truth":
        return {"name": name, **truth_measured(study.options.seed)}
    if name == "expert":
        return expert_measured(study)
    policy = {
        "beginner": lambda: study.beginner,
        "cloned": study.cloned,
        "practiced": study.practiced,
    }[name]()
    check_finite(policy, f"the policy {name} by {steps} steps")
    seen = study.first
    if name != "beginner":
        key = study.key(10 + POINTS.index(name))
        seen = study.acted(policy, study.options.episodes, key=key)
    found = point_measured(policy, study.shown, seen, study.first, study.axes)
    return {"name": name, "steps": steps, **found}


def expert_measured(study: Study) -> dict[str, Any]:
    """Who shows it, what they return, and where they go."""
    return {
        "name": study.teacher.name,
        "return": estimate(returns_of(study.shown).value).as_json(),
        "rows": int(np.sum(study.shown.valid)),
        "axes": study.axis_names,
        "drawn": {"states": cloud(study.shown, study.axes)},
    }


def unit_line(found: Mapping[str, Any]) -> str:
    """What was measured, in a line."""
    if "batches" in found:
        return (
            f"{'exact':<10} both gradients of a small task,"
            f" {found['trajectories']:,} trajectories listed"
        )
    returned = found["return"]
    form = return_form(returned["mean"])
    low, high = returned["ci95"]
    told = f"returns {returned['mean']:{form}} [{low:{form}}, {high:{form}}]"
    return f"{'expert' if 'rows' in found else found['name']:<10} {told}"
