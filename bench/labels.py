"""How many labels do the loop, its parts and the query strategies need? On three tasks.

    .venv/bin/python bench/labels.py               # goes on after a stop
    .venv/bin/python bench/labels.py usual default # some arms
    .venv/bin/python bench/labels.py --page        # the page again, nothing run

Each arm is one `novice dagger` command that a user would type, with five seeds. A run
is ended once it has reached 0.9 twice in a row, and the policy of the first time is
played in fresh episodes. What was measured stays in bench/labels.json; the page that
`labels_page.py` makes of it is bench/LABELS.md. Hopper needs its expert (--experts).
"""

import argparse
import functools
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from labels_arms import (
    ARMS,
    CLONE,
    LOOPS,
    MORE,
    PARTS,
    REACHED,
    SEEDS,
    STRATEGIES,
    TASKS,
    Arm,
    Learned,
)
from labels_page import page
from learning import BENCH, EXPERTS, labels_to
from novice.files import read_json, write_json

RUNS = BENCH / "runs" / "labels"
KEPT, PAGE = BENCH / "labels.json", BENCH / "LABELS.md"
# Episodes that choose nothing, in which the policy that reached is played.
FRESH_EPISODES = 50


@dataclass(frozen=True)
class Run:
    """One seed of an arm on a task."""

    task: Learned
    arm: Arm
    seed: int

    @property
    def key(self) -> str:
        return f"{self.task.name}/{self.arm.name}/{self.seed}"

    @property
    def folder(self) -> Path:
        return RUNS / self.key

    @property
    def words(self) -> tuple[str, ...]:
        """The command without its seed and its folder."""
        return (
            *("dagger", *self.task.words, *self.arm.words),
            *("--labels", str(self.arm.labels)),
            *("--validation-episodes", str(self.task.episodes)),
        )

    def rounds(self) -> list[dict[str, Any]]:
        """What the rounds measured, until they had reached."""
        paths = sorted((self.folder / "rounds").glob("[0-9][0-9][0-9]/measures.json"))
        found = [read_json(path) for path in paths]
        labels = labels_to({"rounds": found}, REACHED)
        if labels is None:
            return found
        return found[: [each["labels"] for each in found].index(labels) + 2]

    def reached(self) -> int | None:
        """The labels at the first of two validations in a row that reached."""
        return labels_to({"rounds": self.rounds()}, REACHED)


def runs() -> Iterator[Run]:
    """All runs, what matters most first."""
    for arms in (LOOPS[:2], LOOPS[2:], STRATEGIES, PARTS, MORE):
        for task in TASKS:
            for seed in SEEDS:
                for arm in arms:
                    if arm.only in ("", task.name):
                        yield Run(task, arm, seed)


def typed(words: tuple[str, ...], seed: int, folder: Path) -> list[str]:
    """The whole command."""
    return [
        *(sys.executable, "-m", "novice", *words, "--seed", str(seed)),
        *("--out", str(folder), "--resume", "--quiet", "--no-report"),
    ]


def carry_out(run: Run) -> None:
    """The command of a run, ended as soon as it has reached."""
    command = typed(
        (*run.words, "--no-shift", "--test-episodes", "2"), run.seed, run.folder
    )
    with subprocess.Popen(command, cwd=BENCH, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and run.reached() is None:
            time.sleep(0.5)
        process.terminate()
    if run.reached() is None and process.returncode:
        raise subprocess.CalledProcessError(process.returncode, shlex.join(command))


@functools.cache
def judge_of(task: Learned) -> Any:
    """Who plays policies, chance and the expert in fresh episodes."""
    # These load JAX.
    from novice.app.judge import Judge
    from novice.app.runs import expert_named
    from novice.app.tasks import task_called

    taught = task_called(task.words[0], {})
    expert = expert_named(task.expert, taught, needed=True)
    return Judge(taught, expert, task.episodes, FRESH_EPISODES)


def measured(run: Run) -> dict[str, Any]:
    """What is kept of a run, with its policy's return in fresh episodes."""
    from novice.envs.seeds import test_seeds
    from novice.evaluation.returns import returns_of
    from novice.evaluation.statistics import estimate
    from novice.experts.kept import load_policy

    rounds, judge = run.rounds(), judge_of(run.task)
    ends = judge.test
    way = float(ends.expert.value.mean() - ends.random.value.mean())
    found: dict[str, Any] = {
        "labels": [each["labels"] for each in rounds],
        "normalized": [round(each["normalized"], 4) for each in rounds],
        "half_width": [
            round(float(np.ptp(each["return"]["ci95"])) / 2 / way, 4) for each in rounds
        ],
        "reached": run.reached(),
    }
    if found["reached"] is not None:
        number = found["labels"].index(found["reached"])
        policy = load_policy(run.folder / "rounds" / f"{number:03d}")
        returns = returns_of(judge.play(policy, test_seeds(FRESH_EPISODES)))
        low, high = estimate(returns.value).ci95
        chance = float(ends.random.value.mean())
        shares = (returns.value.mean(), low, high)
        found["fresh"] = [round(float(each - chance) / way, 4) for each in shares]
    return found


def clone(seed: int) -> dict[str, Any]:
    """What cloning makes of 10,000 labels of the third task."""
    task = TASKS[-1]
    folder = RUNS / task.name / "clone" / str(seed)
    words = ("bc", *task.words, *CLONE, "--test-episodes", str(FRESH_EPISODES))
    subprocess.run(typed(words, seed, folder), check=True, cwd=BENCH)
    return {"normalized": read_json(folder / "summary.json")["last"]["normalized"]}


def known() -> dict[str, Any]:
    """What was measured so far, by whomever."""
    return json.loads(KEPT.read_text()) if KEPT.exists() else {}


def keep(key: str, found: Mapping[str, Any]) -> None:
    """Note what was found, and write the page of all that is known so far."""
    kept = known() | {key: found}
    write_json(KEPT, kept)
    PAGE.write_text(page(kept))
    print(
        time.strftime("%H:%M"),
        key,
        found.get("reached"),
        found.get("fresh"),
        flush=True,
    )


def main() -> None:
    """Carry out what is missing, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("arms", nargs="*", metavar="arm", help=", ".join(ARMS))
    parser.add_argument("--experts", type=Path, default=EXPERTS)
    parser.add_argument("--page", action="store_true", help="write the page alone")
    asked = parser.parse_args()
    os.environ.setdefault("CS285_EXPERTS", str(asked.experts))
    for seed in () if asked.page or asked.arms else SEEDS:
        if f"pendulum/clone/{seed}" not in known():
            keep(f"pendulum/clone/{seed}", clone(seed))
    for run in () if asked.page else runs():
        if run.key in known() or (asked.arms and run.arm.name not in asked.arms):
            continue
        carry_out(run)
        keep(run.key, measured(run))
    PAGE.write_text(page(known()))


if __name__ == "__main__":
    main()
