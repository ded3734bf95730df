"""The page of bench/labels.py: labels to 0.9, and what they are compared with."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.stats

from labels_arms import (
    ARMS,
    CLONE,
    FORMER,
    LOOPS,
    MORE,
    PARTS,
    SEEDS,
    STRATEGIES,
    TASKS,
    Arm,
    Learned,
)

Kept = Mapping[str, Any]


def found_of(kept: Kept, task: Learned, arm: Arm) -> dict[int, dict[str, Any]]:
    """What each finished seed of an arm measured."""
    keys = {seed: f"{task.name}/{arm.name}/{seed}" for seed in SEEDS}
    return {seed: kept[key] for seed, key in keys.items() if key in kept}


def labels_of(found: Mapping[str, Any]) -> int:
    """The labels at which a run reached, or all it had where it never did."""
    return int(found["reached"] or found["labels"][-1])


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean and its 95 % interval by Student's t; no bounds from one value."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, -math.inf, math.inf
    side = scipy.stats.t.ppf(0.975, len(values) - 1) * scipy.stats.sem(values)
    return mean, mean - side, mean + side


def log_ratios(kept: Kept, task: Learned, arm: Arm, base: Arm) -> list[float]:
    """How many times the labels of another arm are needed, seed by seed, in logs."""
    ours, others = found_of(kept, task, arm), found_of(kept, task, base)
    return [
        math.log(labels_of(ours[seed]) / labels_of(others[seed]))
        for seed in sorted(ours.keys() & others.keys())
    ]


def ratio(logs: Sequence[float]) -> str:
    """The geometric mean of ratios with its interval; two tell none."""
    if not logs:
        return ""
    middle, low, high = map(math.exp, clipped(interval(logs)))
    bounds = f" [{low:.2f}, {high:.2f}]" if len(logs) > 2 else ""
    return f"{middle:.2f}{bounds}"


def clipped(values: Iterable[float]) -> list[float]:
    """Logs that can be written as numbers."""
    return [min(max(value, -99.0), 99.0) for value in values]


def verdict(logs: Sequence[float]) -> str:
    """Whether an arm needs fewer labels than another, in a word."""
    _, low, high = interval(logs)
    return "fewer" if high < 0 else "more" if low > 0 else "no difference shown"


# Tables


def each_seed(found: Mapping[int, Mapping[str, Any]]) -> str:
    """The labels of every seed; those of a run that never reached are a bound."""
    return " ".join(
        f"{labels_of(each):,}" if each["reached"] else f">{labels_of(each):,}"
        for each in found.values()
    )


def fresh(found: Mapping[int, Mapping[str, Any]]) -> str:
    """What the policies that reached return in fresh episodes: the mean, the worst."""
    shares = [each["fresh"][0] for each in found.values() if "fresh" in each]
    return f"{np.mean(shares):.2f} ({min(shares):.2f})" if shares else ""


def row(kept: Kept, task: Learned, arm: Arm, base: Arm) -> str:
    """An arm on a task, held against another one."""
    found = found_of(kept, task, arm)
    if not found:
        return f"| {arm.says} | not run | | | | |"
    labels = [labels_of(each) for each in found.values()]
    logs = log_ratios(kept, task, arm, base)
    against = "" if arm == base else f"{ratio(logs)} | {verdict(logs)}"
    bound = "" if all(each["reached"] for each in found.values()) else "≥ "
    return (
        f"| {arm.says} | {bound}{np.mean(labels):,.0f} | {each_seed(found)} |"
        f" {fresh(found)} | {against or ' | '} |"
    )


def table(kept: Kept, arms: Sequence[Arm], base: Arm) -> str:
    """Arms held against another one, task by task."""
    return "\n".join(section(kept, task, arms, base) for task in TASKS)


def section(kept: Kept, task: Learned, arms: Sequence[Arm], base: Arm) -> str:
    """The arms on one task."""
    here = [arm for arm in arms if arm.only in ("", task.name)]
    rows = "\n".join(row(kept, task, arm, base) for arm in (base, *here))
    return f"""**{task.words[0]}**

| arm | labels to 0.9 | each seed | fresh | labels, times {base.name} | |
|---|--:|---|---|---|---|
{rows}
"""


def commands() -> Iterator[str]:
    """What is typed for each arm."""
    for arm in ARMS.values():
        words = " ".join(("TASK", *arm.words, "--labels", str(arm.labels)))
        yield f"| {arm.name} | `novice dagger {words}` |"


# Sentences


def halves(kept: Kept) -> Iterator[str]:
    """Whether the default needs at most half of the usual loop's labels."""
    usual, default = ARMS["usual"], ARMS["default"]
    by_task = {task.words[0]: log_ratios(kept, task, default, usual) for task in TASKS}
    for name, logs in (*by_task.items(), ("all tasks", over_all(kept, default, usual))):
        if logs:
            middle, _, high = (each <= math.log(0.5) for each in interval(logs))
            sure = "shown" if high else "but the interval reaches above"
            half = f"at most half, {sure}" if middle else "more than half"
            yield f"  - {name}: {ratio(logs)}, {half}"


def gains(kept: Kept, arms: Sequence[Arm], base: Arm) -> Iterator[str]:
    """What each arm gains over another, over all tasks that were run."""
    for arm in arms:
        by_task = {
            task.words[0]: log_ratios(kept, task, arm, base)
            for task in TASKS
            if arm.only in ("", task.name)
        }
        by_task = {name: logs for name, logs in by_task.items() if logs}
        logs = over_all(kept, arm, base)
        if len(logs) < 2:
            continue
        apart = ", ".join(f"{name} {verdict(some)}" for name, some in by_task.items())
        yield f"| {arm.says} | {ratio(logs)} | {verdict(logs)} | {apart} |"


def widths(kept: Kept) -> str:
    """How far a validation can be trusted, where a run reached."""
    told = []
    for task in TASKS:
        sides = [
            each["half_width"][each["labels"].index(each["reached"])]
            for arm in ARMS.values()
            for each in found_of(kept, task, arm).values()
            if each["reached"]
        ]
        if sides:
            told.append(
                f"{task.words[0]} ± {np.median(sides):.2f}, {max(sides):.2f}"
                f" ({task.episodes} episodes)"
            )
    return "; ".join(told)


def cloned(kept: Kept) -> str:
    """What cloning comes to on the third task."""
    found = [kept.get(f"pendulum/clone/{seed}") for seed in SEEDS]
    shares = [each["normalized"] for each in found if each]
    if not shares:
        return "not run yet"
    return f"{np.mean(shares):.3f} ({min(shares):.3f} to {max(shares):.3f})"


def verdicts(kept: Kept, arms: Sequence[Arm], base: Arm) -> str:
    """Which arms need fewer labels than another over all tasks, which need more."""
    told = []
    for said in ("fewer", "more", "no difference shown"):
        names = [
            arm.name
            for arm in arms
            if len(logs := over_all(kept, arm, base)) > 1 and verdict(logs) == said
        ]
        told.append(f"{said}: {', '.join(names) or 'none'}")
    return "; ".join(told)


def over_all(kept: Kept, arm: Arm, base: Arm) -> list[float]:
    """The logs of the ratios of all tasks."""
    return [each for task in TASKS for each in log_ratios(kept, task, arm, base)]


def former(kept: Kept) -> str:
    """What the default needed on the third task before it could start anew."""
    found = found_of(kept, TASKS[-1], FORMER)
    return each_seed(found) if found else "not run"


def page(kept: Kept) -> str:
    """Everything that was found."""
    usual, default, small = LOOPS
    summary = (
        "| arm | labels, times {} | over all tasks | by task |\n|---|---|---|---|\n"
    )
    nl = "\n"
    return f"""# How many labels to 0.9?

Written by `bench/labels.py`, five seeds an arm. Normalized: 0 is chance, 1 is the
expert. Reached: the labels at the first of two validations in a row of 0.9 or more;
then the run is ended. Half the width of a validation's 95 % interval there, the median
and the largest:
{widths(kept)}.
Who looks more often is lucky more often, so the policy that reached is played in 50
fresh episodes: "fresh" is the mean of these over the seeds, and the worst seed. Ratios
are geometric means over pairs of the same seed, their 95 % interval is Student's t of
the logarithms; a run that never reached (">") counts with all the labels it had. Five
seeds tell a factor of two, not a tenth; an interval is for one comparison, and of
twenty such one is off by chance.

In short:

- novice's default against the usual loop, in labels:
{nl.join(halves(kept))}
- Query strategies against a random choice of as many labels, over all tasks:
  {verdicts(kept, STRATEGIES, small)}.
- Rounds of 50 against the default's 250, over all tasks:
  {ratio(over_all(kept, small, default))}.
- Everything refitted from scratch in each round, against the default:
  {ratio(over_all(kept, PARTS[-1], default))}.

The third task is InvertedPendulum-v5, because there cloning fails: the expert stands
still after a moment, and of 10,000 labels of that (`novice bc InvertedPendulum-v5
{" ".join(CLONE)}`) the policy comes to
{cloned(kept)} normalized. As soon as it acts, an input varies 6 to
130 times as much (five seeds). To go on from a policy that was fitted to so little held
learning back: the default needed {former(kept)} labels, seed by
seed, when it did not start anew where an input's standard deviation grows fourfold.

## The usual loop

As in the first paper on DAgger (Ross et al. 2011: a lap, about 1,000 states, in each of
20 rounds, and a new fit to everything) and Berkeley's CS 285 (batches of 1,000 steps):
few large rounds of up to 8 whole episodes, every visited state labeled in order until
there are 1,000, and a new network fitted to everything, with 2,000 gradient steps more
each round. Its first round alone is 1,000 labels: it cannot reach before that.

{table(kept, [default, small], usual)}
## What makes the difference

The default with one thing as in the usual loop, against the default:

{summary.format("the default")}{nl.join(gains(kept, PARTS, default))}

{table(kept, PARTS, default)}
## Query strategies

In rounds of 50, where a strategy has a say soonest, against a random choice of the
same number of labels in the same rounds. A strategy leaves a tenth of its questions to
chance (`--audit`), as it comes. Real actions are spread alike everywhere, so that there
is no entropy to go by.

{summary.format("random")}{nl.join(gains(kept, STRATEGIES, small))}

{table(kept, STRATEGIES, small)}
## Smaller rounds, and more in rounds of 50

{summary.format("rounds of 50")}{nl.join(gains(kept, MORE, small))}

{table(kept, MORE, small)}
## Commands

With `--validation-episodes`, `--seed`, `--no-shift` and `--no-report`; TASK is
{", ".join(f"`{' '.join(task.words)}`" for task in TASKS)}.

| arm | command |
|---|---|
{nl.join(commands())}
"""
