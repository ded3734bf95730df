"""Measure whether wrong labels are found, and what setting them aside is worth.

DAgger with the built-in expert gives 2,000 labels, dealt out at random among three
labelers. Then a tenth of all labels are made wrong, every one of them cem's: about 30 %
of what cem said. In one kind of trial a wrong answer is another action at random (real
ones: at least half a half-range away), in the other cem always says the same where he
is wrong (the first action, or the lowest one), which no averaging takes away.

For each seed: how many of the wrong labels stand in the first 15 % of the ranking of
`novice data doubt`; and what clones of the right labels, of the spoiled ones, and of
those that are left without the first 15 % return over 100 episodes. Each trial is kept
in bench/doubt.json as it ends; the same command goes on there.

    .venv/bin/python bench/doubt.py             # what is still missing, and DOUBT.md
    .venv/bin/python bench/doubt.py --seeds 3   # fewer
    .venv/bin/python bench/doubt.py --page      # the page again, nothing measured
"""

import argparse
import contextlib
import dataclasses
import itertools
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from novice.algorithms.bc import advance
from novice.algorithms.dagger import dagger
from novice.algorithms.settings import BcSettings, DaggerSettings
from novice.app.data.doubting import findings
from novice.app.judge import Judge
from novice.app.tasks import task_called
from novice.datasets.dataset import Answers, Dataset
from novice.datasets.episodes import episode_numbers
from novice.envs.seeds import test_seeds
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task
from novice.evaluation.returns import returns_of
from novice.evaluation.statistics import estimate, paired_difference
from novice.experts.controllers import built_in_expert
from novice.files import read_json, write_json, write_text

HERE = Path(__file__).parent
MEASURED, PAGE = HERE / "doubt.json", HERE / "DOUBT.md"
TASKS = ("LunarLander-v3", "Pendulum-v1")
KINDS = ("random", "same")
LABELERS = ("ana", "ben", "cem")
LABELS, SHARE, TOP, EPISODES = 2_000, 0.10, 0.15, 100
WANTED = 0.80


def labels_of(task: Task, seed: int) -> Dataset:
    """What the task's own expert answers where DAgger goes."""
    expert = built_in_expert(task.id, task.kwargs)
    settings = DaggerSettings(labels=LABELS)
    with contextlib.closing(SeparateSlots(task, 16)) as slots:
        *_, last = dagger(
            slots, expert, settings, key=jax.random.key(seed), evaluate=lambda _: {}
        )
    return last.dataset


def spoiled(
    right: Dataset, task: Task, kind: str, seed: int
) -> tuple[Dataset, Dataset, np.ndarray]:
    """The labels as three people's, right and spoiled, in the same order; which are.

    Answers keep their rounds, so that their episodes stay apart.
    """
    draw = np.random.default_rng([seed, KINDS.index(kind)])
    rows = len(right)
    who = draw.integers(len(LABELERS), size=rows)
    bad = draw.choice(np.flatnonzero(who == 2), round(SHARE * rows), replace=False)
    action = right.column("action").copy()
    action[bad] = wrong_actions(action[bad], task, kind, draw)
    episode = episode_numbers(right).astype(np.int32)
    parts, order = [], []
    for person, name in enumerate(LABELERS):
        mine = np.flatnonzero(who == person)
        order.append(mine)
        origin = dataclasses.replace(right.parts[0].origin, source="correction")
        parts.append(
            Answers(
                observation=right.column("observation")[mine],
                action=action[mine],
                episode=episode[mine],
                step=right.column("step")[mine],
                origin=dataclasses.replace(origin, who=name),
            )
        )
    rank = np.concatenate(order)
    true = right.column("action")[rank]
    ends = np.cumsum([len(part) for part in parts])[:-1]
    clean = [
        dataclasses.replace(part, action=each)
        for part, each in zip(parts, np.split(true, ends), strict=True)
    ]
    return Dataset(tuple(clean)), Dataset(tuple(parts)), np.isin(rank, bad)


def wrong_actions(
    right: np.ndarray, task: Task, kind: str, draw: np.random.Generator
) -> np.ndarray:
    """Another action than the right one, for each."""
    if task.bounds is None:
        options = task.head.options[0]
        if kind == "random":
            return (right + draw.integers(1, options, right.shape)) % options
        return np.where(right == 0, 1, 0).astype(right.dtype)
    low, high = task.bounds
    if kind == "same":
        middle = (low + high) / 2
        return np.where(task.clip(right) > middle, low, high).astype(right.dtype)
    found = draw.uniform(low, high, right.shape)
    while True:
        apart = np.abs(found - task.clip(right)) / task.half_range
        near = apart.max(axis=1) < 0.5
        if not near.any():
            return found.astype(right.dtype)
        found[near] = draw.uniform(low, high, (int(near.sum()), right.shape[1]))


def trial(task: Task, right: Dataset, kind: str, seed: int) -> dict[str, Any]:
    """Spoil the labels, find what is wrong, set it aside, clone all three."""
    clean, dirty, wrong = spoiled(right, task, kind, seed)
    began = time.perf_counter()
    found = findings(dirty, task)
    took = time.perf_counter() - began
    assert found.doubts is not None
    first = found.doubts.ranked()[: int(TOP * len(dirty))]
    alone = np.argsort(-found.doubts.surprise)[: len(first)]
    pairs = found.contradictions
    left = dirty.without(first.tolist(), ledger=1)
    kept = {"clean": clean, "wrong": dirty, "quarantined": left}
    returned = {name: returns(task, each, seed) for name, each in kept.items()}
    return {
        "task": task.id,
        "kind": kind,
        "seed": seed,
        "labels": len(dirty),
        "wrong": int(wrong.sum()),
        "found": float(wrong[first].sum() / wrong.sum()),
        "by_surprise_alone": float(wrong[alone].sum() / wrong.sum()),
        "people": {who: round(each, 4) for who, each in found.doubts.share.items()},
        "pairs": len(pairs.pairs),
        "pairs_right": sum(not wrong[list(pair.rows)].any() for pair in pairs.pairs),
        "near": pairs.near,
        "seconds": round(took, 1),
        "returns": {name: each.tolist() for name, each in returned.items()},
    }


def returns(task: Task, dataset: Dataset, seed: int) -> np.ndarray:
    """What a clone of these labels returns in the test episodes."""
    settings = BcSettings(steps=4_000)
    round = advance(task, dataset, settings, key=jax.random.key(seed))
    judge = Judge(task, None, 20, EPISODES)
    return returns_of(judge.play(round.learner.policy, test_seeds(EPISODES))).value


def measured(seeds: int) -> list[dict[str, Any]]:
    """Every trial; those that are missing are carried out and kept."""
    done = read_json(MEASURED) if MEASURED.exists() else []
    known = {(each["task"], each["kind"], each["seed"]) for each in done}
    for seed, id in itertools.product(range(seeds), TASKS):
        missing = [kind for kind in KINDS if (id, kind, seed) not in known]
        if not missing:
            continue
        task = task_called(id, {})
        right = labels_of(task, seed)
        for kind in missing:
            done.append(trial(task, right, kind, seed))
            write_json(MEASURED, done)
            told = {k: v for k, v in done[-1].items() if k != "returns"}
            print(json.dumps(told), flush=True)
    return done


def page(trials: list[dict[str, Any]]) -> Iterator[str]:
    """The page, line by line."""
    seeds = len({each["seed"] for each in trials})
    yield "# Wrong labels, found and set aside\n"
    yield (
        f"{LABELS:,} labels of the built-in expert, dealt out among three labelers; a"
        " tenth of them made wrong, all of cem's (about 30 % of what cem said)."
        f" {seeds} seeds, mean [lowest, highest]. `bench/doubt.py` says how.\n"
    )
    yield (
        "| task | wrong answers | of them in the first 15 % | by surprise alone |"
        " doubted: ana | ben | cem | contradicting pairs | without a wrong one |"
        " seconds |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for (id, kind), group in groups(trials):
        people = [spread([each["people"][who] for each in group]) for who in LABELERS]
        yield (
            f"| {id} | {kind} | {spread([each['found'] for each in group])} |"
            f" {spread([each['by_surprise_alone'] for each in group])} |"
            f" {' | '.join(people)} |"
            f" {np.mean([each['pairs'] for each in group]):.0f} of"
            f" {np.mean([each['near'] for each in group]):.0f} |"
            f" {np.mean([each['pairs_right'] for each in group]):.1f} |"
            f" {np.mean([each['seconds'] for each in group]):.0f} |"
        )
    reached = sum(each["found"] >= WANTED for each in trials)
    yield (
        f"\nIn {reached} of {len(trials)} trials the first 15 % of the ranking hold at"
        f" least {WANTED:.0%} of the wrong labels.\n"
    )
    yield from returns_page(trials)


def returns_page(trials: list[dict[str, Any]]) -> Iterator[str]:
    """What setting the first 15 % aside is worth."""
    yield (
        f"Return of clones over {EPISODES} test episodes of each seed, all seeds'"
        " episodes together; differences to the clone of the right labels are paired by"
        " seed and episode, with 95 % intervals.\n"
    )
    yield (
        "| task | wrong answers | right labels | spoiled | difference | first 15 %"
        " in quarantine | difference |"
    )
    yield "|---|---|---|---|---|---|---|"
    for (id, kind), group in groups(trials):
        all_of = {
            name: np.concatenate([each["returns"][name] for each in group])
            for name in ("clean", "wrong", "quarantined")
        }
        cells = [interval(estimate(all_of["clean"]))]
        for name in ("wrong", "quarantined"):
            gap = paired_difference(all_of[name], all_of["clean"])
            cells += [interval(estimate(all_of[name])), interval(gap)]
        yield f"| {id} | {kind} | {' | '.join(cells)} |"


def groups(
    trials: list[dict[str, Any]],
) -> Iterator[tuple[tuple[str, str], list[Mapping[str, Any]]]]:
    """The trials of each task and kind."""
    for id, kind in itertools.product(TASKS, KINDS):
        group = [t for t in trials if (t["task"], t["kind"]) == (id, kind)]
        if group:
            yield (id, kind), group


def spread(shares: list[float]) -> str:
    """A mean share with the lowest and the highest."""
    low, high = min(shares), max(shares)
    return f"{np.mean(shares):.1%} [{low:.1%}, {high:.1%}]"


def interval(found: Any) -> str:
    """A mean and its interval."""
    low, high = found.ci95
    return f"{found.mean:.1f} [{low:.1f}, {high:.1f}]"


def main() -> None:
    """Measure what is missing, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--page", action="store_true")
    given = parser.parse_args()
    trials = read_json(MEASURED) if given.page else measured(given.seeds)
    write_text(PAGE, "\n".join(page(trials)) + "\n")


if __name__ == "__main__":
    main()
