"""Run one side of a row once and say what it did and how long the process took."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from environments import BENCH, PEERS, python_of
from rows import Side

# What a round of a run costs, without its evaluation.
ROUND_PHASES = ("fit", "collect", "label")


class FailedSideError(RuntimeError):
    """A side's process did not end well."""


def command(side: Side, *, seed: int, folder: Path) -> list[str]:
    """What somebody would type."""
    if side.runs_in == "novice":
        novice = Path(sys.executable).parent / "novice"
        # No peer writes a report.
        run = ("--seed", str(seed), "--out", str(folder), "--quiet", "--no-report")
        return [str(novice), *side.words, *run]
    python = python_of(side.runs_in) if side.runs_in in PEERS else sys.executable
    script, *words = side.words
    return [str(python), str(BENCH / script), *words, "--seed", str(seed)]


def surroundings(cache: Path) -> dict[str, str]:
    """The environment of a measured process, its caches in `cache`.

    Matplotlib's list of fonts is no part of the work, so it stays where it was.
    """
    fonts = BENCH / ".cache" / "matplotlib"
    fonts.mkdir(parents=True, exist_ok=True)
    return {
        **os.environ,
        "PYTHONPATH": str(BENCH),
        "XDG_CACHE_HOME": str(cache),
        "MPLCONFIGDIR": str(fonts),
    }


def run_once(side: Side, *, seed: int) -> dict[str, Any]:
    """The facts of one run; with a warm cache, one like it has run before."""
    with tempfile.TemporaryDirectory() as scratch:
        cache = Path(scratch)
        if side.cache == "warm":
            cache = BENCH / ".cache" / "warm"
            cache.mkdir(parents=True, exist_ok=True)
        return timed(side, seed=seed, cache=cache, folder=Path(scratch) / "run")


def timed(side: Side, *, seed: int, cache: Path, folder: Path) -> dict[str, Any]:
    """Seconds from the start of the process to its end, and what it told."""
    line = command(side, seed=seed, folder=folder)
    busy, own = busy_seconds(), own_seconds()
    start = time.perf_counter()
    done = subprocess.run(
        line,
        env=surroundings(cache),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - start
    foreign = (busy_seconds() - busy) - (own_seconds() - own)
    others = max(0.0, foreign) / (seconds * len(os.sched_getaffinity(0)))
    if done.returncode:
        raise FailedSideError(
            f"{side.name} ended with {done.returncode}: {' '.join(line)}\n"
            + done.stderr[-3000:]
        )
    if side.runs_in == "novice":
        told = facts_of(folder)
    else:
        told = json.loads(done.stdout.splitlines()[-1])
    return {"seconds": seconds, "others": others, **told}


def busy_seconds() -> float:
    """Processor seconds used by anybody, or taken away, since the machine began."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system, _, _, *rest = map(
        int, stat.read_text().split("\n")[0].split()[1:9]
    )
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """Processor seconds that this program and its finished processes have used."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def facts_of(run: Path) -> dict[str, Any]:
    """What a run folder tells, in the same words as the peers' scripts."""
    summary = json.loads((run / "summary.json").read_text())
    final = summary["final"]["return"]
    measures = lines(run / "metrics.jsonl")
    steps = sum(line.get("gradient_steps", 0) for line in measures)
    if not steps:
        steps = measures[-1]["batches"] * steps_a_batch(run)
    costs = [
        sum(line.get(phase, 0.0) for phase in ROUND_PHASES)
        for line in lines(run / "timings.jsonl")
    ]
    last = summary["rounds"][-1]
    facts = {
        "return": {name: final[name] for name in ("mean", "ci95", "episodes")},
        "env_steps": last["env_steps"],
        "gradient_steps": steps,
        "round_seconds": costs,
        "phase_seconds": summary["seconds"],
    }
    return {**facts, "labels": last["labels"]} if "labels" in last else facts


def steps_a_batch(run: Path) -> int:
    """Gradient steps of the policy on one batch of practice."""
    settings = json.loads((run / "settings.json").read_text())["settings"]
    if settings.get("step") not in ("clip", "kl"):
        return 1
    return settings.get("epochs", 10) * settings.get("minibatches", 1)


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file with one a line."""
    return [json.loads(line) for line in path.read_text().splitlines()]
