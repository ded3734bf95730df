"""Read handwritten words as in the DAgger paper, and write bench/LETTERS.md.

    .venv/bin/python bench/letters.py                        # goes on after a stop
    .venv/bin/python bench/letters.py --data letter.data.gz  # one's own copy
    .venv/bin/python bench/letters.py --folds 0 5 --only pairs softmax
    .venv/bin/python bench/letters.py --page                 # the page again

The protocol is that of Ross, Gordon and Bagnell 2011, section 5.3
(https://arxiv.org/abs/1011.0686): ten folds of words, nine to train and one to test;
each letter is read from its image and from what the one before was taken for. Three
ways to learn are compared: each letter by itself; with the letter before, which is the
right one in training (behavior cloning); and DAgger, which trains on what the policy
itself took the letter before for. What a fold came to stays in bench/letters.json.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

import novice
from novice.algorithms.dagger import watched
from novice.algorithms.settings import FitSettings, as_json
from novice.datasets.dataset import Dataset, Origin
from novice.experts.acting import ExpertActor
from novice.experts.ask import as_done

BENCH = Path(__file__).resolve().parent
DATA = BENCH.parent.parent / "shared" / "data" / "letters" / "letters.npz"
KEPT = BENCH / "letters.json"
FOLDS = 10
SLOTS = 64
ROUNDS = 5
# Fewer than the letters that are visited in a round, so that all rounds have as many.
LABELS_A_ROUND = 40_000
WAYS = {
    "independent": "each letter by itself",
    "supervised": "the letter before, right in training",
    "dagger": "DAgger",
}
PUBLISHED = {"independent": 82.0, "supervised": 83.6, "dagger": 85.5}
# Student's t for 95 % with so many folds.
QUANTILE = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 8: 2.365, 10: 2.262}

Score = Callable[[novice.Round], Mapping[str, Any]]


@dataclass(frozen=True)
class Row:
    """A class of policies, and how it is fitted."""

    name: str
    what: str
    fit: FitSettings
    first_steps: int = 5_000
    steps: int = 1_000
    rounds: int = ROUNDS

    @property
    def dagger(self) -> novice.DaggerSettings:
        """DAgger that asks about every visited letter."""
        return novice.DaggerSettings(
            labels=self.rounds * LABELS_A_ROUND,
            labels_per_round=LABELS_A_ROUND,
            episodes_per_round=6_000,
            ask="everything",
            first_steps=self.first_steps,
            steps=self.steps,
            fit=self.fit,
        )

    @property
    def bc(self) -> novice.BcSettings:
        """Behavior cloning with as many steps as DAgger's first round."""
        return novice.BcSettings(steps=self.first_steps, fit=self.fit)

    def signature(self) -> str:
        """What a fold's result depends on."""
        settings = {"dagger": as_json(self.dagger), "bc": as_json(self.bc)}
        return json.dumps(settings, sort_keys=True)


LINEAR = {"hidden": (0,), "learning_rate": 3e-3}
ROWS = (
    Row(
        "pairs", "linear, hinge loss of all pairs", FitSettings(head="pairs", **LINEAR)
    ),
    Row("softmax", "linear, softmax", FitSettings(**LINEAR)),
    Row("network", "256 hidden units, softmax", FitSettings(hidden=(256,))),
)


def task_of(data: Path, fold: int, split: str, *, previous: bool) -> novice.Task:
    """The words of a fold's training or test."""
    words = {"data": str(data), "fold": fold, "split": split, "previous": previous}
    return novice.make_task("novice/Letters-v0", words)


def every_word(task: novice.Task) -> np.ndarray:
    """Seeds of episodes that hold each word of the split exactly once."""
    environment: Any = task.make()
    return np.arange(environment.unwrapped.words.count)


def demonstrated(slots: novice.SeparateSlots, fit: FitSettings) -> Dataset:
    """Every word of training, read by somebody who knows it."""
    seeds = every_word(slots.task)
    expert = novice.built_in_expert(slots.task.id, slots.task.kwargs)
    actor = ExpertActor(expert, slots.task, slots=slots.count, seeds=seeds)
    shown = novice.rollout(slots, actor, seeds)
    origin = Origin(0, "demonstration", expert.name)
    letters = as_done(shown, shown.valid, origin=origin, past=fit.history - 1)
    return Dataset().append(letters)


def score(data: Path, fold: int, *, previous: bool) -> Score:
    """The share of the test fold's letters that a round's policy reads right."""
    slots = novice.SeparateSlots(task_of(data, fold, "test", previous=previous), SLOTS)
    seeds = every_word(slots.task)

    def right(round: novice.Round) -> Mapping[str, Any]:
        policy = round.learner.policy
        returns = novice.evaluate(slots, novice.BestActor(policy), seeds)
        return {"right": float(returns.value.sum() / returns.length.sum())}

    return right


def independent(row: Row, data: Path, fold: int) -> float:
    """Clone the reading of single letters."""
    slots = novice.SeparateSlots(task_of(data, fold, "train", previous=False), SLOTS)
    letters = demonstrated(slots, row.fit)
    (round,) = novice.bc(
        slots,
        letters,
        row.bc,
        key=jax.random.key(fold),
        evaluate=score(data, fold, previous=False),
    )
    return float(round.measures["right"])


def with_previous(row: Row, data: Path, fold: int) -> list[float]:
    """Clone the reading of words, then DAgger: the share right after every round."""
    task = task_of(data, fold, "train", previous=True)
    slots, right = novice.SeparateSlots(task, SLOTS), score(data, fold, previous=True)
    expert, key = novice.built_in_expert(task.id, task.kwargs), jax.random.key(fold)
    words = demonstrated(slots, row.fit)
    first = watched(task, words, row.dagger, key=key, evaluate=right)
    rounds = novice.dagger(
        slots,
        expert,
        row.dagger,
        key=key,
        evaluate=right,
        after=first,
        brought=len(words),
    )
    return [round.measures["right"] for round in (first, *rounds)]


def run(row: Row, data: Path, fold: int) -> dict[str, Any]:
    """What one fold comes to."""
    started = time.perf_counter()
    alone, rounds = independent(row, data, fold), with_previous(row, data, fold)
    return {
        "independent": alone,
        "supervised": rounds[0],
        "dagger": rounds[-1],
        "rounds": rounds,
        "seconds": round(time.perf_counter() - started, 1),
        "signature": row.signature(),
    }


def kept() -> dict[str, dict[str, dict[str, Any]]]:
    """What was found earlier: for each row, for each fold."""
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def keep(row: Row, fold: int, found: dict[str, Any]) -> None:
    """Add a fold's result to what was found."""
    results = kept()
    results.setdefault(row.name, {})[str(fold)] = found
    part = KEPT.with_suffix(".part")
    part.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    part.replace(KEPT)


def folds_of(row: Row) -> list[dict[str, Any]]:
    """The results of a row's folds that its present settings led to."""
    found = kept().get(row.name, {}).values()
    return [each for each in found if each["signature"] == row.signature()]


def spread(shares: list[float]) -> str:
    """The mean in percent over folds, its 95 % interval, and the extremes."""
    numbers = 100 * np.asarray(shares)
    text = f"{numbers.mean():.1f}"
    if len(numbers) > 1:
        quantile = QUANTILE.get(len(numbers), 2.5)
        text += f" ± {quantile * numbers.std(ddof=1) / len(numbers) ** 0.5:.1f}"
    return f"{text} ({numbers.min():.1f} to {numbers.max():.1f})"


def line(row: Row) -> str:
    """A row of the table."""
    found = folds_of(row)
    if not found:
        return f"| {row.what} | not run | | | | | |"
    cells = [spread([each[way] for each in found]) for way in WAYS]
    gain = spread([each["dagger"] - each["supervised"] for each in found])
    seconds = sum(each["seconds"] for each in found)
    return (
        f"| {row.what} | {len(found)} | {' | '.join(cells)} | {gain} | {seconds:.0f} |"
    )


def by_round(row: Row) -> str:
    """The mean over folds after each round."""
    rounds = 100 * np.array([each["rounds"] for each in folds_of(row)])
    means = " ".join(f"{share:.1f}" for share in rounds.mean(axis=0))
    return f"- {row.what}: {means}"


def page() -> str:
    """The tables as Markdown."""
    published = " | ".join(f"{share:.1f}" for share in PUBLISHED.values())
    columns = " | ".join(WAYS.values())
    known = [row for row in ROWS if folds_of(row)]
    return f"""# Handwritten words, as in the DAgger paper

Written by `bench/letters.py`. Letters of the test fold that are read right, in percent:
the mean over the folds, its 95 % interval (Student's t), and the worst and best fold.
Published are the figures of Ross, Gordon and Bagnell (2011, section 5.3), for a linear
classifier with the hinge loss of all pairs. Gain: DAgger less the letter before, fold
by fold. Seconds are those of all folds together.

| policy | folds | {columns} | gain | seconds |
|---|---|---|---|---|---|---|
| published | 10 | {published} | 1.9 | |
{chr(10).join(line(row) for row in ROWS)}

After each round of DAgger, in the mean over folds; the first is the letter before:

{chr(10).join(by_round(row) for row in known)}
"""


def main() -> None:
    """Run what has not been run yet, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [row.name for row in ROWS]
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(FOLDS)))
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--page", action="store_true")
    given = parser.parse_args()
    if not (given.page or given.data.exists()):
        parser.error(f"there are no words at {given.data}; name your file with --data")
    for row in ROWS:
        for fold in given.folds:
            if given.page or row.name not in given.only:
                continue
            earlier = kept().get(row.name, {}).get(str(fold), {})
            if earlier.get("signature") != row.signature():
                keep(row, fold, run(row, given.data, fold))
            found = kept()[row.name][str(fold)]
            shares = [f"{way} {100 * found[way]:.1f}" for way in WAYS]
            print(f"{row.name}, fold {fold}: {', '.join(shares)}", flush=True)
    text = page()
    (BENCH / "LETTERS.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
