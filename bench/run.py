"""Run the work of each row on both sides, in turn, and write bench/RESULTS.md."""

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from environments import BENCH
from measure import FailedSideError, run_once
from rows import ROWS, Row
from table import results

MEASUREMENTS = BENCH / "measurements.json"
NOTES = BENCH / "notes.json"
RESULTS = BENCH / "RESULTS.md"


def machine() -> str:
    """What kind of machine this is, in words that do not name it."""
    kind = platform.machine()
    cpu = Path("/proc/cpuinfo")
    flags = cpu.read_text().split() if cpu.exists() else []
    for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")):
        if flag in flags:
            kind += f" with {name}"
            break
    if "amx_tile" in flags:
        kind += " and AMX"
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{cores} cores, {kind}, {memory:.0f} GiB, no GPU used,"
        f" {platform.system()}, Python {platform.python_version()}"
    )


def saved_measurements() -> dict[str, Any]:
    """The pairs of each row that were measured before, and on which machine."""
    if not MEASUREMENTS.exists():
        return {"machines": {}, "pairs": {}}
    return json.loads(MEASUREMENTS.read_text())


def write(path: Path, text: str) -> None:
    """A file is whole or absent."""
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    os.replace(part, path)


def write_results(measurements: dict[str, Any]) -> None:
    """The page from what was measured and what is known about the distances."""
    notes = json.loads(NOTES.read_text()) if NOTES.exists() else {}
    write(MEASUREMENTS, json.dumps(measurements, indent=1) + "\n")
    write(RESULTS, results(measurements, notes))


def measure(row: Row, repetitions: int) -> list[dict[str, Any]]:
    """The row's pairs: in each, every side runs once, one right after the other."""
    for side in row.sides:
        if side.cache == "warm":
            run_once(side, seed=0)
    pairs: list[dict[str, Any]] = []
    for seed in range(repetitions):
        pair: dict[str, Any] = {}
        for side in row.sides:
            if side.at_most is not None and seed >= side.at_most:
                continue
            pair[side.name] = facts = run_once(side, seed=seed)
            said = {name: facts[name] for name in facts if not name.startswith("round")}
            print(f"{row.id} pair {seed} {side.name}: {json.dumps(said)}", flush=True)
        pairs.append(pair)
    return pairs


def main() -> int:
    """Measure what was asked for; exit 1 if a side failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=[row.id for row in ROWS], help="only these rows"
    )
    parser.add_argument("--repetitions", type=int, help="pairs a row (default 5)")
    parser.add_argument("--quick", action="store_true", help="2 pairs a row")
    parser.add_argument(
        "--page", action="store_true", help="measure nothing, write the page again"
    )
    asked = parser.parse_args()
    measurements = saved_measurements()
    failed = 0
    for row in ROWS:
        if asked.page or (asked.only and row.id not in asked.only):
            continue
        repetitions = asked.repetitions or (2 if asked.quick else row.repetitions or 5)
        try:
            measurements["pairs"][row.id] = measure(row, repetitions)
            measurements["machines"][row.id] = machine()
        except FailedSideError as failure:
            print(f"{row.id} was not measured: {failure}", file=sys.stderr)
            failed = 1
        write_results(measurements)
    if asked.page:
        write_results(measurements)
    return failed


if __name__ == "__main__":
    sys.exit(main())
