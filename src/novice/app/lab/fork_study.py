"""Train policies with several heads on the fork, and let them drive."""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from novice.algorithms.bc import advance, demonstrations
from novice.algorithms.settings import BcSettings
from novice.app.folder import check_finite
from novice.app.judge import SLOTS
from novice.app.lab.units import every_unit
from novice.app.machine import keep_compiled_programs
from novice.datasets.dataset import Dataset
from novice.envs.actor import AbstractActor, BestActor
from novice.envs.own.fork import OBSTACLE_AT
from novice.envs.rollout import rollout
from novice.envs.seeds import test_seeds
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task, make_task
from novice.evaluation.by_time import over_seeds
from novice.evaluation.modes import actions_at, mode_averaging
from novice.evaluation.success import exact_interval
from novice.experts.acting import ExpertActor
from novice.experts.controllers import built_in_expert
from novice.experts.expert import AbstractExpert
from novice.files import make_folder, write_json
from novice.types import Trajectories

if TYPE_CHECKING:
    from novice.app.lab.fork import ForkOptions

ENV = "novice/Fork-v0"
# Ways that are kept of each policy, to be drawn.
WAYS = 12

# A way is the places that were visited: along the road, and left of its middle.
Way = Sequence[Sequence[float]]


@dataclass(frozen=True, eq=False)
class Study:
    """What is to be trained and measured, and where it is kept."""

    options: "ForkOptions"
    path: Path

    @property
    def kwargs(self) -> Mapping[str, Any]:
        return {"turn": self.options.turn}

    @cached_property
    def task(self) -> Task:
        return make_task(ENV, self.kwargs)

    @cached_property
    def teacher(self) -> AbstractExpert:
        return built_in_expert(ENV, self.kwargs)

    @cached_property
    def slots(self) -> SeparateSlots:
        return SeparateSlots(self.task, SLOTS)

    @property
    def seeds(self) -> np.ndarray:
        """The fresh episodes, the same ones for everybody."""
        return test_seeds(self.options.test_episodes)

    def bc(self, head: str) -> BcSettings:
        """What policies with this head are trained by."""
        return BcSettings(
            demonstrations=self.options.demonstrations,
            steps=self.options.steps,
            fit=self.options.fit(head),
        )

    def shown(self, seed: int) -> Dataset:
        """The demonstrations of one training seed, the same for every head."""
        key = jax.random.fold_in(jax.random.key(self.options.seed), seed)
        head = self.options.heads[0]
        return demonstrations(self.slots, self.teacher, self.bc(head), key=key)[0]


def measured(
    study: Study, settings: Mapping[str, Any], say: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, list[Way]]]:
    """Train and measure every policy that is not yet; the summary, and ways to draw."""
    keep_compiled_programs()
    began = time.perf_counter()
    options = study.options
    make_folder(study.path / "measured")
    write_json(study.path / "settings.json", settings)
    say(
        f"{ENV}: {len(options.heads)} heads, {options.seeds} policies each, trained on"
        f" {options.demonstrations} demonstrations and tried in"
        f" {options.test_episodes} fresh episodes."
    )
    try:
        actor = ExpertActor(study.teacher, study.task, slots=SLOTS, seeds=study.seeds)
        expert = driven(study, actor)
        found = list(
            every_unit(
                study.path,
                [
                    (head, seed)
                    for head in options.heads
                    for seed in range(options.seeds)
                ],
                functools.partial(policy_measured, study),
                say=say,
                line=told,
            )
        )
    finally:
        study.slots.close()
    summary = {
        "command": settings["command"],
        "env": ENV,
        "seed": options.seed,
        "version": settings["version"],
        "demonstrations": options.demonstrations,
        "seeds": options.seeds,
        "episodes": options.test_episodes,
        "expert": {
            "name": study.teacher.name,
            "success": expert["success"],
            "left": expert["left"],
        },
        "heads": [head_of(head, found) for head in options.heads],
        "seconds": {"total": round(time.perf_counter() - began, 3)},
    }
    ways = {"expert": expert["ways"]}
    for each in found:
        ways.setdefault(each["head"], []).extend(each["ways"])
    return summary, ways


def told(found: Mapping[str, Any]) -> str:
    """One policy in a line."""
    past = f"{100 * found['success']:.0f} % get past"
    return f"{found['head']:<12} seed {found['seed']}  {past:>14}"


def policy_measured(study: Study, head: str, seed: int) -> dict[str, Any]:
    """Train one policy, let it drive, and look for what nobody did."""
    dataset = study.shown(seed)
    of_seed = jax.random.fold_in(jax.random.key(study.options.seed), seed)
    key = jax.random.fold_in(of_seed, 1)
    policy = advance(study.task, dataset, study.bc(head), key=key).learner.policy
    check_finite(policy, f"the policy with the head {head}, seed {seed},")
    found = driven(study, BestActor(policy))
    action = actions_at(policy, dataset)
    if action is not None:
        found["mode_averaging"] = mode_averaging(study.task, action, dataset)
    return {"head": head, "seed": seed, **found}


def driven(study: Study, actor: AbstractActor) -> dict[str, Any]:
    """How many get past, on which side, and some of the ways they took."""
    seen = rollout(study.slots, actor, study.seeds)
    reward = np.sum(seen.reward, axis=1, where=np.asarray(seen.valid))
    ways = [way_of(seen, episode) for episode in range(len(reward))]
    sides = [beside(way) > 0 for way, paid in zip(ways, reward, strict=True) if paid]
    found: dict[str, Any] = {
        "success": float(np.mean(reward > 0)),
        "episodes": len(reward),
        "ways": [np.round(way, 3).tolist() for way in ways[:WAYS]],
    }
    # Who never gets past has no side.
    found["left"] = float(np.mean(sides)) if sides else None
    return found


def way_of(seen: Trajectories, episode: int) -> np.ndarray:
    """The places that were visited in an episode."""
    length = int(seen.length[episode])
    return np.asarray(seen.observation)[episode, : length + 1, :2]


def beside(way: np.ndarray) -> float:
    """How far left of the middle somebody was beside the obstacle."""
    return float(np.interp(OBSTACLE_AT, way[:, 0], way[:, 1]))


def head_of(head: str, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all policies with one head came to."""
    mine = [each for each in found if each["head"] == head]
    trials = sum(each["episodes"] for each in mine)
    summary: dict[str, Any] = {
        "head": head,
        "success": share_over([each["success"] for each in mine], trials),
        "each": [each["success"] for each in mine],
    }
    left = [each["left"] for each in mine if each["left"] is not None]
    if left:
        summary["left"] = float(np.mean(left))
    modes = [each["mode_averaging"] for each in mine if each.get("mode_averaging")]
    if modes:
        summary["mode_averaging"] = {
            **share_over([each["mean"] for each in modes]),
            "far": share_over([each["far"]["mean"] for each in modes]),
            "disagree": share_over([each["disagree"]["mean"] for each in modes]),
        }
    return summary


def share_over(shares: Sequence[float], trials: int = 0) -> dict[str, Any]:
    """A mean share over training seeds, with its interval where there are several.

    Of so many `trials` in all: policies that all succeed, or all fail, are then not
    taken for ones that always do.
    """
    mean, low, high = over_seeds(np.array(shares))
    found: dict[str, Any] = {"mean": mean}
    if len(shares) > 1:
        least, most = (
            exact_interval(round(mean * trials), trials) if trials else (low, high)
        )
        found["ci95"] = [max(min(low, least), 0.0), min(max(high, most), 1.0)]
    return found
