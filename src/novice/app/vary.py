"""Play the same test episodes in tasks that are other than those that policies know."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from rich.console import Console

from novice.app.compare import common_task
from novice.app.evaluation import Wish
from novice.app.folder import RunFolder
from novice.app.judge import SLOTS, Judge
from novice.app.runs import check_fits, expert_named, policy_of_run
from novice.app.tasks import task_called
from novice.app.vary_numbers import Contestant, Course, Outcome, as_trained, block
from novice.envs.actor import BestActor
from novice.envs.knobs import knob_called
from novice.envs.perturbed import perturbed, spread_of
from novice.envs.rollout import rollout
from novice.envs.seeds import test_seeds, validation_seeds
from novice.envs.task import Task
from novice.evaluation.returns import evaluate
from novice.evaluation.variation import is_number
from novice.experts.acting import ExpertActor
from novice.learning.policy import Policy

# Episodes whose observations say how much a standard deviation of them is.
EPISODES_FOR_SPREAD = 20


def varied(
    runs: Sequence[str],
    wishes: Sequence[Wish],
    *,
    episodes: int,
    which: str,
    expert: str,
    arguments: Mapping[str, Any],
) -> dict[str, Any]:
    """Returns as trained, and at each value of what is wished to vary."""
    homes: dict[str, Judge] = {}
    contestants = [
        contestant(run, homes, which=which, expert=expert, episodes=episodes)
        for run in runs
    ]
    courses = [course(wish, contestants, arguments) for wish in wishes]
    with Console(stderr=True).status("as trained") as status:
        usual = [play(each.home, each.policy) for each in contestants]
        found = as_trained(contestants, usual, list(homes.values()))
        found["vary"] = []
        for each in courses:
            outcomes = []
            for value, task in each.tasks:
                status.update(f"{each.knob.name} = {shown(value)}")
                outcomes.append(outcome(task, contestants, expert, episodes))
            found["vary"].append(block(each, outcomes, contestants, usual))
    return found


def contestant(
    run: str, homes: dict[str, Judge], *, which: str, expert: str, episodes: int
) -> Contestant:
    """The policy of a run; runs that were trained on the same task share its judge."""
    settings = RunFolder(Path(run)).settings()["settings"]
    name = json.dumps([settings["task"], settings["task_argument"]], sort_keys=True)
    if name not in homes:
        task = task_called(settings["task"], settings["task_argument"])
        known = expert_named(expert, task, needed=False)
        homes[name] = Judge(task, known, 2, episodes)
    policy, number = policy_of_run(run, which=which)
    check_fits(policy, homes[name].task, run)
    return Contestant(run, number, policy, homes[name])


def course(
    wish: Wish, contestants: Sequence[Contestant], arguments: Mapping[str, Any]
) -> Course:
    """The tasks that a wish asks for. Raises CannotVaryError or UsageError."""
    runs = [each.run for each in contestants]
    base = common_task(runs, arguments, free={wish.what})
    knob = knob_called(base, wish.what)
    values = list({shown(value): value for value in wish.values}.values())
    if all(is_number(value) for value in values):
        values.sort()
    spread, whose = None, None
    if knob.kind == "observation_noise":
        for value in values:
            perturbed(base, knob, value)
        spread, whose = usual_spread(contestants[0])
    tasks = [(value, perturbed(base, knob, value, spread=spread)) for value in values]
    return Course(knob, base, tasks, whose)


def usual_spread(first: Contestant) -> tuple[Float[np.ndarray, " obs"], str]:
    """How widely observations are spread as trained, and in whose episodes."""
    judge, seeds = first.home, validation_seeds(EPISODES_FOR_SPREAD)
    if judge.expert is None:
        seen = rollout(judge.slots, BestActor(first.policy), seeds)
        return spread_of(seen), first.run
    actor = ExpertActor(judge.expert, judge.task, slots=SLOTS)
    return spread_of(rollout(judge.slots, actor, seeds)), judge.expert.name


def play(judge: Judge, policy: Policy) -> Float[np.ndarray, " episodes"]:
    """What the policy returns in the test episodes."""
    seeds = test_seeds(judge.test_episodes)
    return evaluate(judge.slots, BestActor(policy), seeds).value


def outcome(
    task: Task, contestants: Sequence[Contestant], expert: str, episodes: int
) -> Outcome:
    """Everybody in the test episodes of one task."""
    judge = Judge(task, expert_named(expert, task, needed=False), 2, episodes)
    try:
        return Outcome(
            np.stack([play(judge, each.policy) for each in contestants]),
            judge.test.random.value,
            None if judge.test.expert is None else judge.test.expert.value,
        )
    finally:
        judge.slots.close()


def shown(value: Any) -> str:
    """A value as it was typed."""
    return value if isinstance(value, str) else json.dumps(value)
