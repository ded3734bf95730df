"""Teach policies in three ways, and measure them against a simulated person's time."""

import dataclasses
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import numpy as np

from novice.algorithms.imitate import beginner, imitate, power_of_two
from novice.algorithms.settings import DaggerSettings
from novice.app.folder import check_finite
from novice.app.judge import Judge
from novice.app.lab.cost import CostOptions
from novice.app.lab.cost_driving import Pace, drive, pace_of
from novice.app.lab.cost_lessons import WAYS, Lesson, Taught
from novice.app.lab.cost_summary import compared
from novice.app.lab.units import every_unit
from novice.app.machine import keep_compiled_programs
from novice.app.numbers import return_form
from novice.app.runs import expert_named
from novice.app.tasks import task_called
from novice.datasets.dataset import Dataset, Origin
from novice.envs.seeds import validation_seeds
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task
from novice.errors import NoviceError
from novice.evaluation.cost import learned_at
from novice.evaluation.statistics import estimate, normalized
from novice.experts.expert import AbstractExpert
from novice.files import make_folder, write_json
from novice.types import Round

# Episodes that a policy visits at a time, for questions about them.
EPISODES = 5
# Datasets up to this size are fitted by the same compiled program.
ROWS = 4096
# Few labels, too, are looked at in so many gradient steps.
LEAST_STEPS = 1_000


class NothingToReachError(NoviceError):
    """An expert who does no better than chance."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """What is to be taught and measured, and where it is kept."""

    env: str
    kwargs: Mapping[str, Any]
    expert: str
    options: CostOptions
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
        episodes = self.options.validation_episodes
        return Judge(self.task, self.teacher, episodes, 2, measures_shift=False)

    @cached_property
    def alone(self) -> SeparateSlots:
        return SeparateSlots(self.task, 1)

    @cached_property
    def many(self) -> SeparateSlots:
        return SeparateSlots(self.task, EPISODES)

    @cached_property
    def pace(self) -> Pace:
        return pace_of(self.task)

    @property
    def visits(self) -> DaggerSettings:
        """How a policy is visited, for questions about it."""
        return DaggerSettings(episodes_per_round=EPISODES, fit=self.options.fit)

    def lesson(self, way: str, seed: int) -> Lesson:
        """The person who teaches one policy; they are the same in every way."""
        number = list(WAYS).index(way)
        of_seed = jax.random.fold_in(jax.random.key(self.options.seed), seed)
        return Lesson(
            task=self.task,
            expert=self.teacher,
            options=self.options,
            settings=self.visits,
            pace=self.pace,
            alone=self.alone,
            many=self.many,
            chance=(self.options.seed, seed, number),
            key=jax.random.fold_in(of_seed, number),
        )

    def close(self) -> None:
        """Close every environment."""
        for slots in (self.alone, self.many, self.judge.slots):
            slots.close()


def measured(
    study: Study, settings: Mapping[str, Any], say: Callable[[str], None]
) -> dict[str, Any]:
    """Teach every policy that is not measured yet; what all of them came to."""
    keep_compiled_programs()
    began = time.perf_counter()
    try:
        references = check_reachable(study)
        person = person_alone(study)
        make_folder(study.path / "measured")
        write_json(study.path / "settings.json", settings)
        say(introduction(study, references))
        found = list(
            every_unit(
                study.path,
                [(way, seed) for seed in range(study.options.seeds) for way in WAYS],
                functools.partial(policy_measured, study),
                say=say,
                line=functools.partial(told, study.options),
            )
        )
    finally:
        study.close()
    options = study.options
    expert, chance = (estimate(each).as_json() for each in references)
    return {
        "command": settings["command"],
        "env": study.env,
        "seed": options.seed,
        "version": settings["version"],
        "seeds": options.seeds,
        "needed": options.needed,
        "minutes": options.minutes,
        "rounds": options.rounds,
        "episodes": options.validation_episodes,
        "fit": {
            "passes": options.passes,
            "least_steps": LEAST_STEPS,
            "batch_size": options.fit.batch_size,
        },
        "person": person,
        "expert": {"name": study.teacher.name, "return": expert},
        "random": {"return": chance},
        **compared(found, options),
        "seconds": {"total": round(time.perf_counter() - began, 3)},
    }


def check_reachable(study: Study) -> tuple[np.ndarray, np.ndarray]:
    """What the expert and chance return; raises where there is nothing between."""
    reference = study.judge.validation
    assert reference.expert is not None
    expert, chance = reference.expert.value, reference.random.value
    if not expert.mean() > chance.mean():
        raise NothingToReachError(
            f"in {len(expert)} episodes of {study.env}, {study.teacher.name} returns"
            f" {expert.mean():.4g} and chance {chance.mean():.4g}, so nothing can be"
            " learned from such a person; name another --expert"
        )
    return expert, chance


def person_alone(study: Study) -> dict[str, Any]:
    """Who teaches: their traits, and what they return when they drive alone."""
    options = study.options
    lesson = study.lesson("demonstrations", -1 % 2**32)
    origin = Origin(0, "demonstration", lesson.name)
    returned = [
        drive(study.alone, lesson.driver(None, number), int(seed), origin=origin)
        for number, seed in enumerate(validation_seeds(options.validation_episodes))
    ]
    value = np.array([each.total_reward for each in returned])
    reference = study.judge.validation
    assert reference.expert is not None
    ends = reference.random.value.mean(), reference.expert.value.mean()
    traits = ("lapses", "tremor", "unsure", "reaction", "clip", "speed")
    return {
        "simulated": True,
        "knows": study.teacher.name,
        "steps_a_second": study.pace.steps_a_second,
        "by_turns": study.pace.by_turns,
        "compensated": options.compensate,
        "real_actions": study.task.bounds is not None,
        "delay": lesson.delay,
        **{name: getattr(options, name) for name in traits},
        "return": estimate(value).as_json(),
        "normalized": normalized(float(value.mean()), *ends),
    }


def introduction(study: Study, references: Sequence[np.ndarray]) -> str:
    """What is about to be done."""
    means = [float(each.mean()) for each in references]
    form, options = return_form(*means), study.options
    return (
        f"{study.env}: a simulated person teaches {options.seeds} policies in each of"
        f" {len(WAYS)} ways, for {options.minutes:g} minutes of their (virtual) time"
        f" each. The expert ({study.teacher.name}), who is what they know, returns"
        f" {means[0]:{form}}, chance {means[1]:{form}}."
    )


def told(options: CostOptions, found: Mapping[str, Any]) -> str:
    """One policy in a line."""
    rounds = found["rounds"]
    place = learned_at([each["normalized"] for each in rounds], needed=options.needed)
    when = (
        f"{options.needed:g} not reached twice in a row"
        if place is None
        else f"{options.needed:g} after {rounds[place]['minutes']:.1f} simulated min"
    )
    labels = f"{rounds[-1]['labels']:,} labels"
    who = f"{found['way']:<14} seed {found['seed']}"
    return f"{who}  {rounds[-1]['normalized']:>6.2f} in the end, {labels:>13}, {when}"


def policy_measured(study: Study, way: str, seed: int) -> dict[str, Any]:
    """Teach one policy, round by round, and try it in the same episodes after each."""
    lesson, options = study.lesson(way, seed), study.options
    round: Round | None = None
    spent, rounds = 0.0, []
    tried: Mapping[str, Any] = {}
    for number in range(options.rounds):
        wanted = (number + 1) * options.seconds_a_round - spent
        taught = WAYS[way](lesson, round, wanted)
        spent += taught.seconds
        key = jax.random.fold_in(jax.random.fold_in(lesson.key, number), 2**31)
        before, round = round, fitted(study, round, taught, key=key)
        policy = round.learner.policy
        check_finite(policy, f"the policy of {way}, seed {seed},")
        if before is None or round.learner is not before.learner:
            tried = study.judge.validate(policy)
        rounds.append(
            {
                "minutes": spent / 60,
                "labels": int(round.dataset.taught().sum()),
                "return": tried["return"]["mean"],
                "normalized": tried["normalized"],
                "disagreement": tried["expert_disagreement"]["mean"],
            }
        )
    return {"way": way, "seed": seed, "rounds": rounds}


def fitted(
    study: Study, before: Round | None, taught: Taught, *, key: jax.Array
) -> Round:
    """The next round's policy, fitted anew to all that was said so far.

    In every way alike, which is to look at each label as often: who goes on from the
    last policy looks so often in the end that they know a person's lapses by heart, and
    where labels are few, as at take-over, nothing outweighs those. As many steps for
    all would be too few where there are many. Who was told nothing new stays as they
    are.
    """
    number = 0 if before is None else before.number + 1
    if before is not None and not taught.labels:
        return dataclasses.replace(before, number=number)
    dataset = Dataset() if before is None else before.dataset
    for part in taught.answers:
        dataset = dataset.append(part)
    settings, looks = study.options.fit, study.options.passes * len(dataset)
    beginner_key, fit_key = jax.random.split(key)
    learner, _ = imitate(
        beginner(study.task, settings, key=beginner_key),
        dataset,
        settings,
        steps=max(LEAST_STEPS, looks // settings.batch_size),
        capacity=power_of_two(max(ROWS, len(dataset))),
        key=fit_key,
    )
    return Round(number=number, learner=learner, dataset=dataset, measures={})
