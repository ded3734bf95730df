"""Tell how a run is going: a progress bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from novice.app.numbers import return_form
from novice.app.success import success_in
from novice.types import Round


class Remaining(TimeRemainingColumn):
    """What is left, as of now: rich by itself shows what was left half a second ago."""

    max_refresh: float | None = None  # type: ignore[assignment]


class Teller:
    """Speaks on stdout unless told to be quiet; a run's lines stay, its bar goes."""

    def __init__(self, *, quiet: bool):
        self._console = Console(quiet=quiet, highlight=False, soft_wrap=True)
        self._quiet = quiet
        self._progress: Progress | None = None

    def say(self, line: str) -> None:
        """One line that stays."""
        self._console.print(line, markup=False)
        if not self._console.is_terminal:
            sys.stdout.flush()

    def address(self, line: str) -> None:
        """One line that a person needs: who is to be quiet says it on stderr."""
        if self._quiet:
            print(line, file=sys.stderr, flush=True)
        else:
            self.say(line)

    @contextmanager
    def progress(self, total: int, done: int) -> Iterator[None]:
        """A bar for `total` rounds, on a terminal."""
        if self._quiet or not self._console.is_terminal:
            yield
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} rounds"),
            TimeElapsedColumn(),
            TextColumn("left"),
            Remaining(),
        )
        with Progress(*columns, console=self._console, transient=True) as progress:
            self._progress = progress
            self._bar = progress.add_task("starting", total=total, completed=done)
            yield
        self._progress = None

    def phase(self, name: str) -> None:
        """What is being done now."""
        if self._progress is not None:
            self._progress.update(self._bar, description=f"{name:<10}")

    def round(self, round: Round, among: Sequence[float]) -> None:
        """How a round went; its return is written as those `among` which it is read."""
        self.say(round_line(round.number, round.measures, among))
        if self._progress is not None:
            self._progress.update(self._bar, advance=1, refresh=True)


def round_line(number: int, measures: Mapping[str, Any], among: Sequence[float]) -> str:
    """A round as one line of a table."""
    parts = [f"round {number:>3}"]
    if "labels" in measures:
        parts.append(f"{measures['labels']:>7,} labels")
    if measures.get("human_seconds"):
        parts.append(f"{measures['human_seconds'] / 60:>6.1f} min of a person")
    parts.append(f"{measures['env_steps']:>9,} steps")
    found = measures.get("return")
    # Where people teach there may be no reward at all.
    if found and (
        found["mean"] or any(found["ci95"]) or "human_seconds" not in measures
    ):
        low, high = found["ci95"]
        form = return_form(*among, found["mean"])
        parts.append(f"return {found['mean']:>8{form}} [{low:{form}}, {high:{form}}]")
    if success := success_in(measures):
        parts.append(success)
    if "normalized" in measures:
        parts.append(f"normalized {measures['normalized']:>6.3f}")
    if "expert_disagreement" in measures:
        apart = measures["expert_disagreement"]["mean"]
        parts.append(f"disagreement {apart:.3f}")
    if "intervention_share" in measures:
        parts.append(f"driven {100 * measures['intervention_share']['mean']:.0f} %")
    if measures.get("started_anew"):
        parts.append("fitted anew")
    if "corrected" in measures:
        parts.append(f"corrected {100 * measures['corrected']['mean']:.0f} %")
    return "  ".join(parts)


class Stopwatch:
    """Adds up the seconds spent in each phase; clock readings stay out of results."""

    def __init__(self, teller: Teller):
        self._teller = teller
        self._started = time.perf_counter()
        self._earlier = 0.0
        self.round: dict[str, float] = {}
        self.total: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count what happens inside as this phase."""
        self._teller.phase(name)
        began = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - began
            self.round[name] = self.round.get(name, 0.0) + spent
            self.total[name] = self.total.get(name, 0.0) + spent

    def lap(self) -> dict[str, float]:
        """The seconds by phase since the last lap."""
        lap, self.round = self.round, {}
        return lap

    def add(self, seconds: Mapping[str, float]) -> None:
        """Count what a killed attempt spent on rounds that are still there."""
        for name, spent in seconds.items():
            self.total[name] = self.total.get(name, 0.0) + spent
        self._earlier += sum(seconds.values())

    def seconds(self) -> float:
        return time.perf_counter() - self._started + self._earlier
