"""Print how returns depend on what was varied, and what a task can vary."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from novice.app.compare import common_task
from novice.app.numbers import interval, return_form
from novice.app.report.vary import columns_of
from novice.app.report.vary_words import called, short_names, told, value_shown
from novice.envs.knobs import knobs


def print_knobs(
    runs: Sequence[str], arguments: Mapping[str, Any], *, as_json: bool
) -> None:
    """Everything that `--vary` can vary in the task of these runs."""
    task = common_task(runs, arguments)
    found = knobs(task)
    if as_json:
        listed = {
            name: {"kind": knob.kind, "usual": str(knob.usual), "unit": knob.unit}
            for name, knob in found.items()
        }
        print(json.dumps(listed, sort_keys=True))
        return
    table = Table(title=f"What can be varied in {task.id}", box=box.SIMPLE_HEAD)
    for column in ("--vary", "as trained", "its values are"):
        table.add_column(column)
    for name, knob in found.items():
        table.add_row(name, str(knob.usual), knob.unit)
    Console(highlight=False).print(table)


def print_variations(found: Mapping[str, Any]) -> None:
    """A table for each thing that was varied, and what it means."""
    console = Console(highlight=False)
    names = short_names([entry["run"] for entry in found["policies"]])
    for block in found["vary"]:
        console.print(table_of(block, names, found))
        for line in told(block, found, names):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        console.print()


def table_of(
    block: Mapping[str, Any], names: Sequence[str], found: Mapping[str, Any]
) -> Table:
    """Rows are values, columns are policies, the expert and chance."""
    episodes = found["random"]["return"]["episodes"]
    table = Table(
        title=f"{found['env']}, return by {called(block)}, the same {episodes}"
        " episodes for everybody",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    columns = columns_of(block, names, found)
    for column in (block["what"], *columns):
        table.add_column(column)
    form = return_form(
        *(each["mean"] for column in columns.values() for each in column)
    )
    for place, entry in enumerate(block["values"]):
        row = [interval(column[place], form) for column in columns.values()]
        table.add_row(value_shown(entry["value"]), *row)
    return table
