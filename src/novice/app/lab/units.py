"""Measure policy after policy; what is measured already is read."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from novice.files import read_json, write_json

# A policy of an experiment: how it learned, and by which training seed.
Unit = tuple[str, int]


def every_unit(
    folder: Path,
    units: Iterable[Unit],
    measure: Callable[[str, int], dict[str, Any]],
    *,
    say: Callable[[str], None],
    line: Callable[[Mapping[str, Any]], str],
) -> Iterator[dict[str, Any]]:
    """What each policy came to, said in a line with the time that is left."""
    paths = {unit: folder / "measured" / "{}-{}.json".format(*unit) for unit in units}
    waiting = [unit for unit, path in paths.items() if not path.exists()]
    began, done = time.perf_counter(), 0
    for unit, path in paths.items():
        if unit in waiting:
            write_json(path, measure(*unit))
            done += 1
        found: dict[str, Any] = read_json(path)
        left = (time.perf_counter() - began) / max(done, 1) * (len(waiting) - done)
        eta = f"   about {max(1, round(left / 60))} min left" if left > 20 else ""
        say(f"{line(found)}{eta}")
        yield found
