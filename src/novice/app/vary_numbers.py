"""Say in numbers what policies return where a task is other than usual."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float

from novice.app.judge import Judge
from novice.envs.knobs import Knob, knobs
from novice.envs.task import Task
from novice.evaluation.statistics import estimate, normalized, paired_difference
from novice.evaluation.variation import is_number, kept, over_range, stretch
from novice.learning.policy import Policy


@dataclass(frozen=True, eq=False)
class Contestant:
    """A run's policy; `home` judges in the task that it was trained on."""

    run: str
    number: int
    policy: Policy
    home: Judge


@dataclass(frozen=True, eq=False)
class Course:
    """The values of one thing that is varied, each with the task where it is so."""

    knob: Knob
    base: Task
    tasks: Sequence[tuple[Any, Task]]
    spread_of: str | None

    @property
    def values(self) -> list[Any]:
        return [value for value, _ in self.tasks]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What everybody returned in the same episodes of one task."""

    policies: Float[np.ndarray, "policies episodes"]
    random: Float[np.ndarray, " episodes"]
    expert: Float[np.ndarray, " episodes"] | None


def as_trained(
    contestants: Sequence[Contestant],
    usual: Sequence[Float[np.ndarray, " episodes"]],
    homes: Sequence[Judge],
) -> dict[str, Any]:
    """What everybody returns as trained: chance and the expert in the first's task.

    Differences are told where all were trained on the same task.
    """
    first = homes[0]
    entries = []
    for each, returns in zip(contestants, usual, strict=True):
        entry: dict[str, Any] = {
            "run": each.run,
            "round": each.number,
            "return": estimate(returns).as_json(),
            "task_argument": dict(each.home.task.kwargs),
        }
        share = share_of(returns, each.home)
        entries.append(entry if share is None else {**entry, "normalized": share})
    found: dict[str, Any] = {
        "command": "evaluate",
        "env": first.task.id,
        "policies": entries,
        "random": {"return": estimate(first.test.random.value).as_json()},
        "differences": (
            list(differences(contestants, usual)) if len(homes) == 1 else []
        ),
    }
    if first.expert is not None and first.test.expert is not None:
        returned = estimate(first.test.expert.value).as_json()
        found["expert"] = {"name": first.expert.name, "return": returned}
    return found


def share_of(returns: Float[np.ndarray, " episodes"], home: Judge) -> float | None:
    """The normalized return as trained; None where no expert says what is possible."""
    reference = home.test
    if reference.expert is None:
        return None
    return normalized(
        returns.mean(), reference.random.value.mean(), reference.expert.value.mean()
    )


def differences(
    contestants: Sequence[Contestant],
    returns: Sequence[Float[np.ndarray, " episodes"]],
) -> Iterator[dict[str, Any]]:
    """What each policy returns more than each before it, on the same seeds."""
    names = [each.run for each in contestants]
    for (one, a), (other, b) in combinations(zip(names, returns, strict=True), 2):
        gap = paired_difference(b, a)
        yield {"from": one, "to": other, "mean": gap.mean, "ci95": list(gap.ci95)}


def block(
    course: Course,
    outcomes: Sequence[Outcome],
    contestants: Sequence[Contestant],
    usual: Sequence[Float[np.ndarray, " episodes"]],
) -> dict[str, Any]:
    """All that is said about one thing that was varied."""
    knob = course.knob
    told: dict[str, Any] = {
        "what": knob.name,
        "kind": knob.kind,
        "unit": knob.unit,
        "task_argument": {
            name: value
            for name, value in course.base.kwargs.items()
            if name != knob.name
        },
        "values": [
            value_entry(value, each, contestants, usual)
            for value, each in zip(course.values, outcomes, strict=True)
        ],
        "over_range": range_entry(course, outcomes, contestants, usual),
        "without_effect": without_effect(outcomes),
    }
    if course.spread_of is not None:
        told["spread_of"] = course.spread_of
    known = [usual_value(each, course) for each in contestants]
    if all(value == known[0] for value in known) and shows(known[0]):
        told["usual"] = known[0]
    return told


def value_entry(
    value: Any,
    outcome: Outcome,
    contestants: Sequence[Contestant],
    usual: Sequence[Float[np.ndarray, " episodes"]],
) -> dict[str, Any]:
    """What everybody returned at one value."""
    entries = []
    for each, mine, before in zip(contestants, outcome.policies, usual, strict=True):
        entry = {"run": each.run, **returned(mine, before, each.home)}
        if outcome.expert is not None:
            share = normalized(
                mine.mean(), outcome.random.mean(), outcome.expert.mean()
            )
            entry |= {} if share is None else {"normalized": share}
        entries.append(entry)
    told: dict[str, Any] = {
        "value": value,
        "policies": entries,
        "random": {"return": estimate(outcome.random).as_json()},
        "differences": list(differences(contestants, list(outcome.policies))),
    }
    home = contestants[0].home
    if outcome.expert is not None and home.test.expert is not None:
        told["expert"] = returned(outcome.expert, home.test.expert.value, home)
    return told


def returned(
    mine: Float[np.ndarray, " episodes"],
    before: Float[np.ndarray, " episodes"],
    home: Judge,
) -> dict[str, Any]:
    """A return, and how much that is of what was returned as trained."""
    entry: dict[str, Any] = {"return": estimate(mine).as_json()}
    share = kept(mine, before, home.test.random.value)
    return entry if share is None else {**entry, "kept": share.as_json()}


def range_entry(
    course: Course,
    outcomes: Sequence[Outcome],
    contestants: Sequence[Contestant],
    usual: Sequence[Float[np.ndarray, " episodes"]],
) -> dict[str, Any]:
    """What each policy returns in the mean over all values, and where it holds."""
    values = course.values
    means, entries = [], []
    for place, each in enumerate(contestants):
        returns = np.stack([outcome.policies[place] for outcome in outcomes])
        mean = over_range(returns, values)
        entry = {"run": each.run, **returned(mean, usual[place], each.home)}
        chance = each.home.test.random.value
        shares = [kept(row, usual[place], chance) for row in returns]
        known = [share.mean for share in shares if share is not None]
        if len(known) == len(values):
            holds = stretch(values, known, usual_value(each, course))
            entry["holds"] = list(holds)
        means.append(mean)
        entries.append(entry)
    return {"policies": entries, "differences": list(differences(contestants, means))}


def usual_value(each: Contestant, course: Course) -> Any:
    """The value in the task that a policy was trained on.

    None where that differs from the varied task by more than this.
    """
    name, home = course.knob.name, each.home.task
    here, there = ({**task.kwargs, name: None} for task in (course.base, home))
    if here != there:
        return None
    known = knobs(home).get(name)
    return None if known is None else known.usual


def shows(value: Any) -> bool:
    """Whether a usual value can be written down: JSON knows no infinity."""
    return isinstance(value, str | bool) or is_number(value)


def without_effect(outcomes: Sequence[Outcome]) -> bool:
    """Whether nobody's return in any episode depends on the value."""
    first = outcomes[0]
    return len(outcomes) > 1 and all(
        np.array_equal(first.policies, each.policies)
        and np.array_equal(first.random, each.random)
        for each in outcomes[1:]
    )
