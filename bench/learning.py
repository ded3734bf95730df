"""Run the learning results of the README, seed by seed, and write bench/LEARNING.md.

    .venv/bin/python bench/learning.py                 # every row; goes on after a stop
    .venv/bin/python bench/learning.py hopper-dagger   # some rows
    .venv/bin/python bench/learning.py --page          # the page again, nothing run

Each line of the table is one command that a user would type, repeated with several
seeds. The runs stay in bench/runs/, and a stopped one goes on where it was. Hopper and
HalfCheetah need the experts of Berkeley's CS 285 (see `EXPERTS`); without them their
rows are left out, and the page says so.
"""

import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

BENCH = Path(__file__).resolve().parent
RUNS = BENCH / "runs"
EXPERTS = BENCH.parent.parent / "shared" / "data" / "cs285"
HOPPER = ("Hopper-v5", "--expert", "cs285_experts:hopper")
CHEETAH = ("HalfCheetah-v5", "--expert", "cs285_experts:half_cheetah")
CLONE = ("--demonstrations", "10", "--labels", "10000")
CORRECT = ("--labels", "10000", "--validation-episodes", "10")


@dataclass(frozen=True)
class Row:
    """One line of the table: a command and how many seeds it is repeated with."""

    name: str
    seeds: int
    arguments: tuple[str, ...]
    compared_with: str = ""
    needs_experts: bool = False


ROWS = (
    Row("cartpole-dagger", 10, ("dagger", "CartPole-v1")),
    Row("lander-dagger", 5, ("dagger", "LunarLander-v3", "--test-episodes", "600")),
    Row("lander-bc", 5, ("bc", "LunarLander-v3", "--test-episodes", "600")),
    Row(
        "cartpole-reinforce",
        10,
        ("reinforce", "CartPole-v1"),
        "Stable-Baselines3 PPO 500, A2C 500",
    ),
    Row(
        "cartpole-reinforce-mean",
        10,
        ("reinforce", "CartPole-v1", "--baseline", "mean", "--discount", "1"),
        "Stable-Baselines3 PPO 500, A2C 500",
    ),
    Row(
        "acrobot-reinforce",
        3,
        ("reinforce", "Acrobot-v1"),
        "Stable-Baselines3 PPO -73.5 (1M steps), A2C -83.4",
    ),
    Row(
        "pendulum-reinforce",
        3,
        (
            *("reinforce", "Pendulum-v1", "--env-steps", "1000000"),
            *("--episodes-per-batch", "4", "--discount", "0.95"),
        ),
        "Stable-Baselines3 PPO -172.2 (100k steps), A2C -163.0",
    ),
    Row(
        "lander-reinforce",
        3,
        ("reinforce", "LunarLander-v3", "--env-steps", "1000000"),
        "v2: Stable-Baselines3 PPO 242.1 (1M steps), A2C 155.8",
    ),
    Row("hopper-dagger", 5, ("dagger", *HOPPER, *CORRECT), needs_experts=True),
    Row("hopper-bc", 5, ("bc", *HOPPER, *CLONE), needs_experts=True),
    Row(
        "hopper-bc-noise",
        5,
        ("bc", *HOPPER, *CLONE, "--noise", "0.1"),
        needs_experts=True,
    ),
    Row(
        "hopper-dagger-1000",
        5,
        ("dagger", *HOPPER, "--labels", "1000"),
        needs_experts=True,
    ),
    Row(
        "hopper-bc-1000",
        5,
        ("bc", *HOPPER, "--demonstrations", "1", "--labels", "1000"),
        needs_experts=True,
    ),
    Row("cheetah-dagger", 5, ("dagger", *CHEETAH, *CORRECT), needs_experts=True),
    Row("cheetah-bc", 5, ("bc", *CHEETAH, *CLONE), needs_experts=True),
)


def run(row: Row, seed: int) -> None:
    """One seed of a row, through the command that a user types."""
    folder = RUNS / row.name / str(seed)
    command = [
        *(sys.executable, "-m", "novice", *row.arguments, "--seed", str(seed)),
        *("--out", str(folder), "--resume", "--no-report", "--quiet"),
    ]
    environment = {**os.environ, "CS285_EXPERTS": str(EXPERTS)}
    subprocess.run(command, check=True, cwd=BENCH, env=environment)


def summaries(row: Row) -> list[dict[str, Any]]:
    """What the finished seeds came to."""
    paths = [RUNS / row.name / str(seed) / "summary.json" for seed in range(row.seeds)]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def labels_to(summary: dict[str, Any], share: float) -> int | None:
    """The labels at the first of two evaluations in a row that reached `share`."""
    for first, second in itertools.pairwise(summary["rounds"]):
        if min(first["normalized"], second["normalized"]) >= share:
            return first["labels"]
    return None


def spread(values: list[float], digits: int) -> str:
    """The mean over seeds with its 95 % interval (Student's t), and the extremes."""
    numbers = np.asarray(values)
    low, high = numbers.min(), numbers.max()
    text = f"{numbers.mean():.{digits}f}"
    if len(numbers) > 1:
        quantile = {3: 4.303, 5: 2.776, 10: 2.262}.get(len(numbers), 2.0)
        half = quantile * numbers.std(ddof=1) / np.sqrt(len(numbers))
        text += f" ± {half:.{digits}f}"
    return f"{text} ({low:.{digits}f} to {high:.{digits}f})"


def line(row: Row) -> str:
    """A row of the table."""
    found = summaries(row)
    command = "novice " + " ".join(row.arguments)
    if not found:
        return f"| `{command}` | not run | | | | {row.compared_with} |"
    last = [summary["last"] for summary in found]
    returns = spread([each["return"]["mean"] for each in last], 1)
    shares = [each["normalized"] for each in last if "normalized" in each]
    normalized = spread(shares, 3) if shares else ""
    labels = ""
    if row.arguments[0] == "dagger":
        reached = [labels_to(summary, 0.9) for summary in found]
        if None not in reached:
            labels = spread([float(each or 0) for each in reached], 0)
    return (
        f"| `{command}` | {len(found)} | {returns} | {normalized} | {labels} |"
        f" {row.compared_with} |"
    )


def page() -> str:
    """The table as Markdown."""
    head = """# What learns, and how far

Written by `bench/learning.py`. Every figure is of the *last* policy of a run, over
100 fresh episodes (600 where the command says so), the same for every seed; the mean
over the seeds with its 95 % interval (Student's t), and the worst and best seed.
Normalized: 0 is chance, 1 is the expert, on the same episodes. Labels to 0.9: the
answers at the first of two validations in a row that reached 0.9.

| command | seeds | return | normalized | labels to 0.9 | published |
|---|---|---|---|---|---|
"""
    return head + "\n".join(line(row) for row in ROWS) + "\n"


def main(wanted: list[str]) -> None:
    """Run the rows that are named (all by default), then write the page."""
    for row in ROWS:
        if "--page" in wanted or (wanted and row.name not in wanted):
            continue
        if row.needs_experts and not EXPERTS.exists():
            print(f"{row.name}: left out, there is no {EXPERTS}")
            continue
        for seed in range(row.seeds):
            print(f"{row.name}, seed {seed}: ", end="", flush=True)
            run(row, seed)
    (BENCH / "LEARNING.md").write_text(page())


if __name__ == "__main__":
    main(sys.argv[1:])
