"""Turn measurements into the table of bench/RESULTS.md."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from environments import PEERS, pins
from rows import ROWS, Comparison, Pair, Row

# What the peers' environments hold that a reader would ask for.
NOTABLE = ("imitation", "stable-baselines3", "stable_baselines3", "torch", "gymnasium")

HEAD = """\
# Results

Written by `make bench`; what each row does is in bench/README.md. The sides of a row
take turns, every pair of neighbors gives one ratio, and the ratios are what is judged:
the machine's speed drifts, and only neighbors in time saw the same machine.
"""


def results(measurements: Mapping[str, Any], notes: Mapping[str, str]) -> str:
    """The whole page."""
    pairs = measurements["pairs"]
    rows = [row for row in ROWS if pairs.get(row.id)]
    parts = [
        HEAD,
        *machines([measurements["machines"][row.id] for row in rows], rows),
        "",
        "Versions: " + "; ".join(versions()) + ".",
        "",
        *judgments(rows, pairs, notes),
        "",
        "## What was measured",
        "",
        *absolute_figures(rows, pairs),
    ]
    return "\n".join(parts) + "\n"


def machines(where: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Each machine on which rows were measured, with its rows if there are several."""
    several = len(set(where)) > 1
    lines = []
    for machine in dict.fromkeys(where):
        measured = [
            row.id for row, on in zip(rows, where, strict=True) if on == machine
        ]
        which = f" of {', '.join(measured)}" if several else ""
        lines.append(f"Machine{which}: {machine}.")
    return lines


def versions() -> list[str]:
    """Ours first, then each peer's environment."""
    ours = ("novice", "jax", "equinox", "optax", "gymnasium", "numpy")
    said = ["novice's side " + ", ".join(f"{name} {version(name)}" for name in ours)]
    for peer in PEERS:
        held = pins(peer)
        notable = [f"{name} {held[name]}" for name in NOTABLE if name in held]
        said.append(f"{peer}'s environment " + ", ".join(notable))
    return said


def judgments(
    rows: Sequence[Row], pairs: Mapping[str, list[Pair]], notes: Mapping[str, str]
) -> list[str]:
    """One line for each comparison: how far it got, and whether that is far enough."""
    lines = [
        "| row | work | against | bar | measured: median [lowest to highest],"
        " middle half | pairs | reached | cause of the distance, remarks |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        for comparison in row.comparisons:
            usable = [p for p in pairs[row.id] if comparison.needs <= p.keys()]
            if usable:
                note = notes.get(f"{row.id}: {comparison.against}", "")
                lines.append(judgment(row, comparison, usable, note))
    return lines


def judgment(row: Row, comparison: Comparison, pairs: list[Pair], note: str) -> str:
    """The line of one comparison; a ratio counts only if the work was done as well."""
    ratios = np.array([comparison.ratio(pair) for pair in pairs])
    median = float(np.median(ratios))
    far = median <= comparison.bar if comparison.at_most else median >= comparison.bar
    good = sum(row.as_good(pair) for pair in pairs)
    reached = "yes" if far and good == len(pairs) else "no"
    if good < len(pairs):
        reached += f" (as good in {good} of {len(pairs)})"
    low, q1, q3, high = np.percentile(ratios, [0, 25, 75, 100])
    show = percent if comparison.unit == "%" else times
    bar = ("at most " if comparison.at_most else "") + show(comparison.bar)
    spread = f"{show(median)} [{show(low)} to {show(high)}], {show(q1)} to {show(q3)}"
    cells = (
        row.id,
        row.work,
        comparison.against,
        bar,
        spread,
        len(pairs),
        reached,
        note,
    )
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def times(ratio: float) -> str:
    """A ratio with the digits that matter."""
    return f"{ratio:.3g}x" if ratio < 10 else f"{ratio:.1f}x"


def percent(share: float) -> str:
    """A share of the whole."""
    return f"{100 * share:.0f} %"


def absolute_figures(rows: Sequence[Row], pairs: Mapping[str, list[Pair]]) -> list[str]:
    """One line for each side: what it did, in its own units."""
    lines = [
        "| row | side | runs | seconds, whole process | in learning | steps a second |"
        " labels | gradient steps | env steps | mean return | runs of 475 or more |"
        " machine used by others |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        for side in row.sides:
            facts = [pair[side.name] for pair in pairs[row.id] if side.name in pair]
            if facts:
                lines.append(figures(row.id, side.name, facts))
    return lines


def figures(row: str, side: str, facts: list[Mapping[str, Any]]) -> str:
    """Medians over the runs of one side; empty where it has no such figure."""

    def middle(name: str, digits: int) -> str:
        values = [fact[name] for fact in facts if name in fact]
        if not values:
            return ""
        low, median, high = (f"{f(values):,.{digits}f}" for f in (min, np.median, max))
        return median if low == high else f"{median} [{low} to {high}]"

    returns = [fact["return"]["mean"] for fact in facts if "return" in fact]
    cells = (
        row,
        side,
        len(facts),
        middle("seconds", 1),
        middle("training_seconds", 1),
        middle("steps_a_second", 0) or flops(facts),
        middle("labels", 0),
        middle("gradient_steps", 0),
        middle("env_steps", 0),
        f"{np.mean(returns):.1f}" if returns else "",
        f"{sum(r >= 475 for r in returns)} of {len(returns)}" if returns else "",
        percent(float(np.median([fact["others"] for fact in facts]))),
    )
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def flops(facts: list[Mapping[str, Any]]) -> str:
    """The probe's figure stands in the column of speeds, with its unit."""
    rates = [fact["flops_a_second"] for fact in facts if "flops_a_second" in fact]
    return f"{np.median(rates) / 1e9:.0f} GFLOP/s" if rates else ""
