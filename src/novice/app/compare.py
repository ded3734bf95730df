"""Compare trained policies, the expert and chance on the same fresh episodes."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from novice.app.folder import RunFolder
from novice.app.judge import Judge
from novice.app.machine import keep_compiled_programs
from novice.app.options import UsageError
from novice.app.result import interval
from novice.app.runs import check_fits, expert_named, policy_of_run
from novice.app.tasks import task_called
from novice.envs.seeds import test_seeds
from novice.evaluation.returns import Returns, returns_of
from novice.evaluation.statistics import estimate, paired_difference


def compare(
    runs: Sequence[str], *, episodes: int, which: str, expert: str, as_json: bool
) -> None:
    """Play the same test episodes with everybody, and print who returned what."""
    keep_compiled_programs()
    found = compared(runs, episodes=episodes, which=which, expert=expert)
    if as_json:
        print(json.dumps(found, sort_keys=True))
    else:
        print_comparison(found)


def compared(
    runs: Sequence[str], *, episodes: int, which: str, expert: str
) -> dict[str, Any]:
    """Returns, normalized returns, and paired differences between each two runs."""
    first = RunFolder(Path(runs[0])).settings()["settings"]
    task = task_called(first["task"], first["task_argument"])
    judge = Judge(task, expert_named(expert, task, needed=False), 2, episodes)
    seeds = test_seeds(episodes)
    entries, returns = [], {}
    for run in runs:
        settings = RunFolder(Path(run)).settings()["settings"]
        if (settings["task"], settings["task_argument"]) != (task.id, task.kwargs):
            raise UsageError(
                f"{run} was trained on {settings['task']} {settings['task_argument']},"
                f" but {runs[0]} on {task.id} {dict(task.kwargs)}; compare runs of one"
                " task"
            )
        policy, number = policy_of_run(run, which=which)
        check_fits(policy, task, run)
        returns[run] = returns_of(judge.play(policy, seeds))
        entries.append(entry_of(run, number, returns[run], judge))
    found: dict[str, Any] = {
        "command": "evaluate",
        "env": task.id,
        "policies": entries,
        "random": {"return": estimate(judge.test.random.value).as_json()},
        "differences": [
            difference_of(one, other, returns)
            for one, other in itertools.combinations(returns, 2)
        ],
    }
    if judge.expert is not None and judge.test.expert is not None:
        returned = estimate(judge.test.expert.value).as_json()
        found["expert"] = {"name": judge.expert.name, "return": returned}
    return found


def entry_of(run: str, number: int, returns: Returns, judge: Judge) -> dict[str, Any]:
    """What one run's policy achieved."""
    entry: dict[str, Any] = {
        "run": run,
        "round": number,
        "return": estimate(returns.value).as_json(),
    }
    share = judge.test.normalized(returns)
    if share is not None:
        entry["normalized"] = share
    return entry


def difference_of(one: str, other: str, returns: dict[str, Returns]) -> dict[str, Any]:
    """What `other` returns more than `one` on the same seeds."""
    gap = paired_difference(returns[other].value, returns[one].value)
    return {"from": one, "to": other, "mean": gap.mean, "ci95": list(gap.ci95)}


def print_comparison(found: dict[str, Any]) -> None:
    """The comparison as a table, and the differences as lines."""
    episodes = found["random"]["return"]["episodes"]
    title = f"{found['env']}, the same {episodes} episodes for everybody"
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("who", "return, 95 % interval", "normalized"):
        table.add_column(column)
    table.add_row("chance", interval(found["random"]["return"]))
    for entry in found["policies"]:
        share = f"{entry['normalized']:.3f}" if "normalized" in entry else ""
        name = f"{entry['run']}, round {entry['round']}"
        table.add_row(name, interval(entry["return"]), share)
    if "expert" in found:
        expert = found["expert"]
        table.add_row(expert["name"], interval(expert["return"]), "1")
    console = Console()
    console.print(table)
    for gap in found["differences"]:
        low, high = gap["ci95"]
        sure = "" if low > 0 or high < 0 else ": not told apart"
        console.print(
            f"{gap['to']} minus {gap['from']}: {gap['mean']:+.1f}"
            f" [{low:+.1f}, {high:+.1f}]{sure}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
