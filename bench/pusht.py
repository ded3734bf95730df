"""Clone a person's pushes, by each head, alone and in chunks, and write bench/PUSHT.md.

    python bench/pusht.py                     # every row; goes on after a stop
    python bench/pusht.py flow squared        # some rows
    python bench/pusht.py --seeds 1           # fewer trainings a row
    python bench/pusht.py --pace 240          # the steps that take so many seconds
    python bench/pusht.py --page              # the page again, nothing run

It takes a Python with novice and gym-pusht 0.1.8 (see `pusht_task.py`), and the 206
demonstrations of Chi et al. 2023 as `pusht_206_lowdim.npz` (see `DEMONSTRATIONS`).
Each row is one command that a user would type, repeated with several training seeds;
two processes run side by side, each on a core of its own. All rows train for the same
time, as long as nobody else uses the machine, but for the first two, which take about
twice that; so each has its own number of steps.
"""

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import pusht_task

BENCH = Path(__file__).resolve().parent
WORK = BENCH / "runs" / "pusht"
DEMONSTRATIONS = (
    BENCH.parent.parent / "shared" / "data" / "pusht" / "pusht_206_lowdim.npz"
)
SEEDS = 5
EPISODES = 100
RESAMPLES = 10_000
# Runs of so many steps say how long a step takes, by what the longer one takes more.
SHORT, LONG = 500, 3_000

SEES = ("--history", "2", "--batch-size", "128")
CHUNK = ("--chunk", "16", "--execute", "8")
# Two layers a block and three blocks: as many as the flow's own network has.
BLOCKS = ("--residual", "--hidden", "256", "256", "256", "256")


@dataclass(frozen=True)
class Row:
    """One line of the table: a command, and as many steps as the time allows."""

    name: str
    what: str
    steps: int
    arguments: tuple[str, ...]
    mirrored: bool = False


FLOW = ("--head", "flow", "--hidden", "0")
SQUARED = ("--head", "squared", *BLOCKS)
GAUSSIAN = ("--head", "gaussian", *BLOCKS)
MIXTURE = ("--head", "mixture", *BLOCKS)

ROWS = (
    Row("mirrored", "flow, chunks, mirrored too", 51_000, (*FLOW, *CHUNK), True),
    Row("flow-long", "flow, chunks, as long", 51_000, (*FLOW, *CHUNK)),
    Row("flow", "flow, chunks", 24_000, (*FLOW, *CHUNK)),
    Row("squared", "squared error, chunks", 51_500, (*SQUARED, *CHUNK)),
    Row("mixture", "mixture, chunks", 36_500, (*MIXTURE, *CHUNK)),
    Row("gaussian", "Gaussian, chunks", 40_500, (*GAUSSIAN, *CHUNK)),
    Row("squared-one", "squared error, one action", 57_000, SQUARED),
    Row("flow-one", "flow, one action", 24_500, FLOW),
)

# What is told apart: the first row less the second.
GAINS = (
    ("mirrored demonstrations, with the flow in chunks", "mirrored", "flow-long"),
    ("training for longer, with the flow in chunks", "flow-long", "flow"),
    ("chunks, with the flow", "flow", "flow-one"),
    ("chunks, with squared error", "squared", "squared-one"),
    ("the flow over squared error, in chunks", "flow", "squared"),
    ("the flow over the mixture, in chunks", "flow", "mixture"),
    ("the flow over the Gaussian, in chunks", "flow", "gaussian"),
    ("the mixture over squared error, in chunks", "mixture", "squared"),
    ("the flow over squared error, one action", "flow-one", "squared-one"),
)


def demonstrations(*, mirrored: bool = False) -> Path:
    """The demonstrations as novice takes them, made once in the work folder.

    With those that are `mirrored` there are twice as many.
    """
    path = WORK / ("mirrored.npz" if mirrored else "demonstrations.npz")
    if not path.exists():
        if not DEMONSTRATIONS.exists():
            raise SystemExit(f"there is no {DEMONSTRATIONS}; bench/pusht.py needs it")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name("part.npz")
        rows = as_rows(np.load(DEMONSTRATIONS))
        np.savez(part, **(with_mirrored(rows) if mirrored else rows))
        part.replace(path)
    return path


def with_mirrored(rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The demonstrations, and after them how they look in a mirror.

    The T's mark lies askew: its stem, around which a T is its own mirror image, is on
    the diagonal of the field. So a mirror there shows the same task, and what a person
    did in it is right there as well.
    """
    seen, ends = rows["observation"], rows["episode_ends"]
    field = pusht_task.FIELD
    turned = np.column_stack(
        [field - seen[:, 1], field - seen[:, 0], field - seen[:, 3], field - seen[:, 2]]
    )
    around = seen[:, [5, 4]]
    mirrored = np.column_stack([turned, around]).astype(seen.dtype)
    moved = field - rows["action"][:, ::-1]
    return {
        **rows,
        "observation": np.concatenate([seen, mirrored]),
        "action": np.concatenate([rows["action"], moved]),
        "episode_ends": np.concatenate([ends, ends[-1] + ends]),
    }


def as_rows(recorded: Any) -> dict[str, np.ndarray]:
    """The arrays of novice's .npz files, of those that Push-T was published with."""
    return {
        "observation": pusht_task.seen(recorded["state"]),
        "action": recorded["action"],
        "episode_ends": recorded["episode_ends"],
        "who": np.array("Chi et al."),
    }


def demonstrated() -> list[float]:
    """The score of each demonstration, done again in the task as it is here."""
    path = WORK / "demonstrated.json"
    if not path.exists():
        recorded = np.load(DEMONSTRATIONS)
        path.write_text(json.dumps([score for score, _ in replayed(recorded)]))
    scores: list[float] = json.loads(path.read_text())
    return scores


def replayed(recorded: Any, episodes: Sequence[int] | None = None) -> list[tuple]:
    """For each demonstration its score, and how far the task strays from the record."""
    ends = recorded["episode_ends"]
    starts = np.concatenate([[0], ends[:-1]])
    task = pusht_task.PushT()
    found = []
    for episode in range(len(ends)) if episodes is None else episodes:
        rows = slice(starts[episode], ends[episode])
        states, actions = recorded["state"][rows], recorded["action"][rows]
        shown, score = [task.reset_to(states[0].astype(np.float64))], 0.0
        for action in actions:
            observation, raised, *_ = task.step(action.astype(np.float64))
            shown.append(observation)
            score += raised
        strayed = np.abs(np.stack(shown[:-1]) - pusht_task.seen(states)).max()
        found.append((score, float(strayed)))
    return found


def command(row: Row, *, steps: int, seed: int, out: Path) -> list[str]:
    """What a user would type."""
    return [
        *(sys.executable, "-m", "novice", "bc", "pusht_task:PushT-v0"),
        *("--data", str(demonstrations(mirrored=row.mirrored)), *SEES),
        *row.arguments,
        *("--steps", str(steps), "--seed", str(seed), "--out", str(out)),
        *("--validation-episodes", "2", "--quiet"),
    ]


def carry_out(words: list[str]) -> float:
    """Run a command on a core of its own, and say how long it kept that busy."""
    alone = {"NPROC": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(words, cwd=BENCH, env={**os.environ, **alone})
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def run(row: Row, seed: int) -> None:
    """One training of a row, and its score in the fresh episodes."""
    out = WORK / row.name / str(seed)
    words = command(row, steps=row.steps, seed=seed, out=out)
    words += ["--test-episodes", str(EPISODES), "--resume", "--no-report"]
    carry_out(words)
    print(f"{row.name}, seed {seed}: {np.mean(scores_in(out)):.3f}", flush=True)


def pace(row: Row, seconds: float) -> int:
    """How many steps of a row keep a core busy for so many seconds."""
    took = []
    # The first run compiles, for those after it.
    for number, steps in enumerate((SHORT, SHORT, LONG)):
        out = WORK / "pace" / row.name / str(number)
        shutil.rmtree(out, ignore_errors=True)
        words = command(row, steps=steps, seed=0, out=out)
        took.append(carry_out([*words, "--test-episodes", "2", "--no-report"]))
    a_step = (took[2] - took[1]) / (LONG - SHORT)
    steps = int(seconds / a_step) // 500 * 500
    print(f"{row.name}: {1000 * a_step:.2f} ms a step, {steps} steps", flush=True)
    return steps


def summary_in(out: Path) -> dict[str, Any]:
    """What a run came to."""
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return summary


def seconds_in(out: Path) -> float:
    """How long a run has trained."""
    return float(summary_in(out)["seconds"]["fit"])


def scores_in(out: Path) -> list[float]:
    """The score of each fresh episode: its highest reward."""
    evaluation = json.loads((out / "evaluation.json").read_text())
    scores: list[float] = evaluation["final"]["return"]
    return scores


def finished(row: Row, seeds: int) -> list[Path]:
    """The folders of the trainings that are done."""
    folders = [WORK / row.name / str(seed) for seed in range(seeds)]
    return [folder for folder in folders if (folder / "summary.json").exists()]


def scores_of(row: Row, seeds: int) -> np.ndarray:
    """A line for each training seed, a column for each fresh episode."""
    return np.array([scores_in(folder) for folder in finished(row, seeds)])


def interval(scores: np.ndarray) -> tuple[float, float]:
    """Where the mean would lie with other trainings and other episodes, in 95 of 100.

    Both are drawn anew, each training with all of the drawn episodes.
    """
    random = np.random.default_rng(0)
    trainings, episodes = scores.shape
    means = [
        scores[random.integers(trainings, size=trainings)][
            :, random.integers(episodes, size=episodes)
        ].mean()
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def told(scores: np.ndarray, *, sign: str = "") -> str:
    """A mean with its interval."""
    low, high = interval(scores)
    return f"{scores.mean():{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def line(row: Row, seeds: int) -> str:
    """A row of the table."""
    folders = finished(row, seeds)
    words = " ".join(row.arguments)
    if not folders:
        return f"| {row.what} | `{words}` | {row.steps:,} | | 0 | not run |"
    seconds = np.median([seconds_in(folder) for folder in folders])
    scores = scores_of(row, seeds)
    each = " ".join(f"{score:.2f}" for score in scores.mean(axis=1))
    return (
        f"| {row.what} | `{words}` | {row.steps:,} | {seconds:.0f} | {each} |"
        f" **{told(scores)}** |"
    )


def gain(what: str, first: str, second: str, seeds: int) -> str:
    """How much more one row scores than another, in the same episodes."""
    by_name = {row.name: row for row in ROWS}
    one, other = (scores_of(by_name[name], seeds) for name in (first, second))
    both = min(len(one), len(other))
    if not both:
        return f"| {what} | not run |"
    return f"| {what} | {told(one[:both] - other[:both], sign='+')} |"


def page(seeds: int) -> str:
    """What was found, as Markdown."""
    human = np.array(demonstrated())
    shared = " ".join(SEES)
    table = "\n".join(line(row, seeds) for row in ROWS)
    gains = "\n".join(gain(*each, seeds) for each in GAINS)
    return f"""# What chunks give, and what the head gives: Push-T

Written by `bench/pusht.py`. A person showed 206 times how to push a T onto its mark
(Chi et al. 2023); novice clones them with one command a row:

```sh
novice bc pusht_task:PushT-v0 --data demonstrations.npz {shared} …
```

The score of an episode is its highest reward, min(1, coverage / 0.95). A policy is
scored in {EPISODES} fresh episodes of at most {pusht_task.LIMIT} steps, the same for
every row; the intervals (95 %) say what other training seeds and other episodes would
change. The person's own 206 scores average {human.mean():.3f}. Every row takes the
steps for which a core with nothing else to do needs about 180 seconds (the first two:
400); the seconds are those that passed, the median of the trainings, on a machine that
may have been busier.
Mirrored: the 206 demonstrations, and how each looks in a mirror along the diagonal on
which the mark lies. Every network has three blocks of two layers of 256 with a way
past them: the flow its own, the other heads those of `--residual`.

| what is learned | flags | steps | seconds | by training seed | score |
|---|---|---|---|---|---|
{table}

What makes the difference, in the same episodes and with the same training seeds:

| what | more score |
|---|---|
{gains}
"""


def main() -> None:
    """Run the rows that are named (all by default), then write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help="all by default")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--pace", type=float, metavar="SECONDS")
    parser.add_argument("--page", action="store_true", help="write the page, no more")
    asked = parser.parse_args()
    known = [row.name for row in ROWS]
    if unknown := set(asked.rows) - set(known):
        parser.error(f"there is no row {min(unknown)}; there are {', '.join(known)}")
    rows = [row for row in ROWS if not asked.rows or row.name in asked.rows]
    for row in rows:
        demonstrations(mirrored=row.mirrored)
    with ThreadPoolExecutor(asked.jobs) as pool:
        if asked.pace:
            list(pool.map(lambda row: pace(row, asked.pace), rows))
            return
        if not asked.page:
            todo = itertools.product(range(asked.seeds), rows)
            list(pool.map(lambda each: run(each[1], each[0]), todo))
    (BENCH / "PUSHT.md").write_text(page(asked.seeds))


if __name__ == "__main__":
    main()
