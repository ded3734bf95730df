"""Does practice arrive, and does a clone that practices forget? By seed, resumable.

    .venv/bin/python bench/practice.py                 # what is not there yet
    .venv/bin/python bench/practice.py --only ppo-8    # some rows
    .venv/bin/python bench/practice.py --page          # write the page alone

Every run is `novice reinforce` (after `novice bc`, where a row has a clone) with the
row's words, in bench/runs/practice/ROW/SEED; a run that was cut off goes on. What a run
came to is kept in bench/practice.json, and a run that is there is not repeated. The
page is bench/PRACTICE.md.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from novice.app.runs import policy_of_run
from novice.app.tasks import task_called
from novice.envs.actor import BestActor
from novice.envs.rollout import rollout
from novice.envs.seeds import test_seeds
from novice.envs.slots import SeparateSlots
from novice.files import read_json

BENCH = Path(__file__).resolve().parent
DATA = BENCH.parent.parent / "shared" / "data"
RUNS, PAGE = BENCH / "runs" / "practice", BENCH / "PRACTICE.md"
KEPT = BENCH / "practice.json"
# Two disjoint sets of ten seeds.
TWENTY = (*range(10), *range(100, 110))
OPENED = 50  # episodes in which it is counted how often a door is opened
# Nothing is played on the way: what counts is the policy at the end.
AT_THE_END = ("--rounds", "1", "--validation-episodes", "2")
HOPPER = ("--expert", "cs285_experts:hopper")
POOR = ("--demonstrations", "1", "--labels", "40")
FIVE = ("--demonstrations", "5")
THOUSAND = ("--demonstrations", "1", "--labels", "1000", *HOPPER)
CONTROL = ("--preset", "ppo", "--warm-up", "0", "--validation-episodes", "100")


@dataclass(frozen=True)
class Row:
    """A way to practice, from nothing or from a clone."""

    name: str
    task: str
    words: tuple[str, ...]
    seeds: tuple[int, ...]
    clone: tuple[str, ...] = ()  # how it is cloned; empty: from nothing
    enough: float | None = None  # the return that is to be reached


def cartpole(
    preset: str, environments: int, env_steps: int, seeds: tuple[int, ...] = TWENTY
) -> Row:
    """CartPole from nothing, on two disjoint sets of seeds unless others are said."""
    sizes = ("--environments", str(environments), "--env-steps", str(env_steps))
    words = ("--preset", preset, *sizes, *AT_THE_END)
    return Row(f"{preset}-{environments}", "CartPole-v1", words, seeds, enough=475)


def steps(count: int, rounds: int) -> tuple[str, ...]:
    """So many steps, evaluated so many times on the way."""
    return ("--env-steps", str(count), "--rounds", str(rounds))


def published(name: str, task: str, words: str, count: int, enough: float) -> Row:
    """A row of tianshou's table of MuJoCo tasks: the mean that it prints is enough."""
    said = (*words.split(), "--env-steps", str(count), *AT_THE_END)
    return Row(name, task, said, (0, 1, 2), enough=enough)


THREE_MILLION, MILLION = 3_000_000, 1_000_000
# https://github.com/thu-ml/tianshou/tree/master/examples/mujoco: 10 seeds, version 3 of
# HalfCheetah and Hopper, 2 of the other two; of each curve the highest mean.
PUBLISHED = (
    published("reinforce-cheetah", "HalfCheetah-v5", "", THREE_MILLION, 884.0),
    # Looked at on the way: with 8 episodes a batch it fell there.
    Row(
        "reinforce-reacher",
        "Reacher-v5",
        (*steps(THREE_MILLION, 10), "--validation-episodes", "10"),
        (0, 1, 2),
        enough=-10.5,
    ),
    published("reinforce-pendulum", "InvertedPendulum-v5", "", THREE_MILLION, 999.2),
    published("reinforce-hopper", "Hopper-v5", "", THREE_MILLION, 395.8),
    published("ppo-cheetah", "HalfCheetah-v5", "--preset ppo", MILLION, 5783.9),
    published("ppo-hopper", "Hopper-v5", "--preset ppo", MILLION, 2609.3),
)
ROWS = (
    *PUBLISHED,
    cartpole("ppo", 8, 70_000),
    cartpole("ppo", 64, 100_000),
    cartpole("ppo", 1024, 700_000),
    cartpole("a2c", 8, 300_000),
    cartpole("a2c", 64, 300_000, TWENTY[:10]),
    cartpole("a2c", 1024, 5_000_000, TWENTY[:10]),
    Row(
        "mountain-car", "MountainCar-v0", steps(600_000, 6), (0, 1, 2, 3, 4), POOR, -110
    ),
    Row("lander", "LunarLander-v3", steps(200_000, 10), (0, 1, 2), FIVE),
    Row(
        "lander-control",
        "LunarLander-v3",
        (*steps(200_000, 10), *CONTROL),
        (0, 1, 2),
        FIVE,
    ),
    Row("hopper", "Hopper-v5", (*steps(300_000, 10), *HOPPER), (0, 1, 2), THOUSAND),
    Row(
        "hopper-control",
        "Hopper-v5",
        (*steps(200_000, 10), *HOPPER, *CONTROL),
        (0, 1, 2),
        THOUSAND,
    ),
)


# People opened a door in virtual reality (Rajeswaran et al. 2018); it is a hand with 28
# joints, so that a batch has more episodes than usual.
DOOR = "gymnasium_robotics:AdroitHandDoor-v1"
SHOWN = ("--data", str(DATA / "adroit_door" / "door_25_human_demonstrations.npz"))
MANY = ("--preset", "npg", "--episodes-per-batch", "64", "--validation-episodes", "50")
TAUGHT = ("--demonstrations", "0.1", "--warm-up", "2")
DOORS = (
    Row("door", DOOR, (*steps(3_000_000, 20), *MANY, *TAUGHT), (0,), SHOWN),
    Row("door-control", DOOR, (*steps(3_000_000, 20), *MANY), (0,)),
)
EVERY = (*ROWS, *DOORS)


def novice(words: Sequence[str]) -> None:
    """A command as anybody would type it."""
    command = [sys.executable, "-m", "novice", *words, "--quiet"]
    subprocess.run(command, cwd=BENCH, check=True, stdout=subprocess.DEVNULL)


def kept() -> dict[str, dict[str, Any]]:
    """What each run came to, by row and seed."""
    return read_json(KEPT) if KEPT.exists() else {}


def keep(row: Row, seed: int, numbers: dict[str, Any]) -> None:
    """Write down what a run came to, among the others."""
    every = kept()
    every.setdefault(row.name, {})[str(seed)] = numbers
    KEPT.write_text(json.dumps(every, indent=1) + "\n")


def carry_out(row: Row, seed: int) -> None:
    """One run of a row, unless it is there."""
    if str(seed) in kept().get(row.name, {}):
        return
    folder = RUNS / row.name / str(seed)
    common = ("--seed", str(seed), "--resume", "--out")
    words = row.words
    if row.clone:
        clone = RUNS / f"{row.task}-clone" / str(seed)
        novice(("bc", row.task, *row.clone, *common, str(clone)))
        words = (*words, "--from", str(clone))
    novice(("reinforce", row.task, *words, *common, str(folder)))
    keep(row, seed, told(folder))


def told(folder: Path) -> dict[str, Any]:
    """What is kept of a run."""
    run = read_json(folder / "summary.json")
    means = [entry["return"]["mean"] for entry in run["rounds"]]
    numbers = {
        "first": means[0],
        "lowest": min(means),
        "last": run["last"]["return"]["mean"],
        "delivered": run["final"]["return"]["mean"],
        "ci95": run["final"]["return"]["ci95"],
        "seconds": run["seconds"]["collect"] + run["seconds"]["fit"],
    }
    if folder.parent.name in [row.name for row in DOORS]:
        return numbers | {"successes": successes(folder)}
    return numbers


def found(row: Row) -> dict[str, dict[str, Any]]:
    """What the row's runs that are there came to, by seed."""
    runs = kept().get(row.name, {})
    return {str(seed): runs[str(seed)] for seed in row.seeds if str(seed) in runs}


def write_page() -> None:
    """What the runs came to, from nothing and from a clone."""
    lines = [
        "# Practice",
        "",
        "Written by `bench/practice.py`; every number is a mean over 100 fresh episodes"
        " with the",
        "likeliest actions. Nothing was left out.",
        "",
        "## From nothing, the policy at the end",
        "",
        "On MuJoCo's tasks enough is the mean in"
        " [tianshou's table](https://github.com/thu-ml/tianshou/tree/master/examples/mujoco):",
        "10 seeds, the highest point of each curve, version 3 of HalfCheetah and Hopper"
        " and 2 of the",
        "others. Ours are version 5, and what counts is the end. CartPole's enough is"
        " its registered",
        "threshold of 475. Seconds are those of a machine that did other work besides.",
        "",
        "| row | command | runs that reach it | lowest, median, highest | seconds of"
        " acting and learning |",
        "|---|---|---|---|---|",
    ]
    for row in ROWS:
        if not row.clone and (runs := found(row)):
            lines.append(from_nothing(row, list(runs.values())))
    lines += [
        "",
        "## A clone that practices",
        "",
        "The clone is round 0. *Lowest* is the lowest evaluation on the way,"
        " *delivered* is what",
        "the run hands over: a round that is surely better than the clone, or the"
        " clone.",
        "",
        "| row | seed | clone | lowest | last | delivered |",
        "|---|---|---|---|---|---|",
    ]
    for row in ROWS:
        if row.clone:
            lines += [from_a_clone(row, *each) for each in found(row).items()]
    PAGE.write_text("\n".join([*lines, *doors(), ""]))


def doors() -> list[str]:
    """How often the door is opened, over the steps, with and without being shown."""
    runs = [found(row).get("0") for row in DOORS]
    if None in runs:
        return []
    shown, alone = (run["successes"] for run in runs if run)
    lines = [
        "",
        "## A door, 25 demonstrations of people",
        "",
        f"`novice bc {DOOR} --data FILE`, then `novice reinforce {DOOR}"
        f" {' '.join(DOORS[0].words)} --from CLONE`,",
        "against the same without the clone and its demonstrations. How often the door"
        f" is opened in {OPENED} fresh",
        "episodes, one seed.",
        "",
        "| env steps | shown first | from nothing |",
        "|---|---|---|",
        f"| 0 | {shown[0][1]:.0%} | |",
    ]
    for (steps, first), (_, second) in zip(shown[1:], alone, strict=False):
        lines.append(f"| {steps:,} | {first:.0%} | {second:.0%} |")
    return lines


def successes(run: Path) -> list[tuple[int, float]]:
    """The steps of each round so far, and how often its policy succeeds."""
    rates = []
    task = task_called(DOOR, {})
    slots = SeparateSlots(task, OPENED)
    for entry in read_json(run / "summary.json")["rounds"]:
        policy, _ = policy_of_run(str(run), which=str(entry["round"]))
        seen = rollout(slots, BestActor(policy), test_seeds(OPENED))
        opened = 0.0 if seen.success is None else float(np.mean(seen.success))
        rates.append((entry["env_steps"], opened))
        print(run.parent.name, *rates[-1], flush=True)
    return rates


def from_nothing(row: Row, runs: list[dict[str, Any]]) -> str:
    """A row of the first table."""
    last = np.array([run["last"] for run in runs])
    spent = np.array([run["seconds"] for run in runs])
    reached = np.sum(last >= row.enough)
    spread = f"{last.min():.0f}, {np.median(last):.0f}, {last.max():.0f}"
    command = f"`novice reinforce {row.task} {' '.join(row.words)}`"
    return (
        f"| {row.name} | {command} | {reached} of {len(runs)} (at least {row.enough:g})"
        f" | {spread} | {np.median(spent):.1f} |"
    )


def from_a_clone(row: Row, seed: str, run: dict[str, Any]) -> str:
    """A row of the second table."""
    low, high = run["ci95"]
    return (
        f"| {row.name} | {seed} | {run['first']:.0f} | {run['lowest']:.0f} |"
        f" {run['last']:.0f} | {run['delivered']:.0f} [{low:.0f}, {high:.0f}] |"
    )


def main() -> None:
    """Carry out what is asked for, and write the page after each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=[row.name for row in EVERY])
    parser.add_argument("--page", action="store_true")
    given = parser.parse_args()
    os.environ.setdefault("CS285_EXPERTS", str(DATA / "cs285"))
    for row in EVERY:
        if given.page or (given.only and row.name not in given.only):
            continue
        for seed in row.seeds:
            carry_out(row, seed)
            print(row.name, seed, flush=True)
            write_page()
    write_page()


if __name__ == "__main__":
    main()
