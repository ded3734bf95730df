"""Compare trained policies, the expert and chance on the same fresh episodes."""

import itertools
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from novice import __version__
from novice.app.evaluation import Wish
from novice.app.folder import RunFolder, free_name
from novice.app.judge import Judge
from novice.app.machine import keep_compiled_programs, versions
from novice.app.numbers import interval, return_form
from novice.app.options import UsageError
from novice.app.publish import publish
from novice.app.runs import check_fits, expert_named, policy_of_run
from novice.app.shift import shift_lines, shift_of_run
from novice.app.success import count_silence_as_failure, success_in
from novice.app.tasks import task_called
from novice.envs.seeds import test_seeds
from novice.envs.task import Task
from novice.evaluation.returns import Returns, returns_of
from novice.evaluation.statistics import paired_difference
from novice.experts.kept import SCHEMA
from novice.files import make_folder, write_json


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Who is to be compared, in how many episodes, and what is to be varied."""

    runs: Sequence[str]
    episodes: int
    which: str
    expert: str
    arguments: Mapping[str, Any]
    wishes: Sequence[Wish]
    shift: bool = False

    def as_json(self, env: str) -> dict[str, Any]:
        """What settings.json says."""
        return {
            "task": env,
            "task_argument": dict(self.arguments),
            "runs": list(self.runs),
            "episodes": self.episodes,
            "round": self.which,
            "expert": self.expert,
            "vary": [wish.text for wish in self.wishes],
            "shift": self.shift,
        }


def compare(asked: Comparison, *, out: str | None, as_json: bool) -> None:
    """Play the same test episodes with everybody, and say who returned what.

    With wishes, or a folder to put it `out` to, a page shows it as well.
    """
    keep_compiled_programs()
    folder = folder_for(out, asked.runs[0]) if asked.wishes or out else None
    found = found_by(asked)
    page = None
    if folder is not None:
        page = keep(folder, asked.as_json(found["env"]), found)
    if as_json:
        told = {} if page is None else {"report": str(page)}
        print(json.dumps({**found, **told}, sort_keys=True))
    else:
        print_found(asked, found, page)


def found_by(asked: Comparison) -> dict[str, Any]:
    """Everybody's returns, as trained or at each value of what is wished to vary."""
    if asked.wishes:
        from novice.app.vary import varied

        return varied(
            asked.runs,
            asked.wishes,
            episodes=asked.episodes,
            which=asked.which,
            expert=asked.expert,
            arguments=asked.arguments,
        )
    return compared(
        asked.runs,
        episodes=asked.episodes,
        which=asked.which,
        expert=asked.expert,
        arguments=asked.arguments,
        shift=asked.shift,
    )


def print_found(asked: Comparison, found: dict[str, Any], page: Path | None) -> None:
    """What was found, for people to read, and where there is a page of it."""
    print_comparison(found)
    if asked.shift:
        for line in shift_lines(found):
            print(line)
    if asked.wishes:
        from novice.app.vary_table import print_variations

        print_variations(found)
    if page is not None:
        print(page)


def folder_for(out: str | None, run: str) -> Path:
    """A free folder for what is found. Raises UsageError where something is."""
    if out is None:
        task = RunFolder(Path(run)).settings()["settings"]["task"]
        name = f"evaluate-{task}".replace("/", "-").replace(":", "-")
        return free_name(Path("runs") / name)
    path = Path(out)
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise UsageError(
            f"--out is {out}, but something is there already; name a new folder"
        )
    return path


def keep(folder: Path, asked: Mapping[str, Any], found: Mapping[str, Any]) -> Path:
    """Write down what was asked and found, and the page; the page's path."""
    settings = {
        "schema": SCHEMA,
        "command": "evaluate",
        "settings": dict(asked),
        "version": __version__,
        "versions": versions(),
    }
    make_folder(folder)
    write_json(folder / "settings.json", settings)
    write_json(folder / "summary.json", dict(found))
    return publish(folder)


def common_task(
    runs: Sequence[str], arguments: Mapping[str, Any], *, free: Collection[str] = ()
) -> Task:
    """The task that all runs were trained on, but for what `arguments` say instead.

    What is `free` may differ, too. Raises UsageError where more does.
    """
    all_settings = [RunFolder(Path(run)).settings()["settings"] for run in runs]
    first = all_settings[0]
    told = {*arguments, *free}

    def rest(settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        given = settings["task_argument"]
        return settings["task"], {k: v for k, v in given.items() if k not in told}

    for run, settings in zip(runs, all_settings, strict=True):
        if rest(settings) != rest(first):
            hint = ", or say by --task-argument in which they are to be compared"
            raise UsageError(
                f"{run} was trained on {settings['task']} {settings['task_argument']},"
                f" but {runs[0]} on {first['task']} {first['task_argument']}; compare"
                f" runs of one task{hint if settings['task'] == first['task'] else ''}"
            )
    return task_called(first["task"], {**first["task_argument"], **arguments})


def compared(
    runs: Sequence[str],
    *,
    episodes: int,
    which: str,
    expert: str,
    arguments: Mapping[str, Any] | None = None,
    shift: bool = False,
) -> dict[str, Any]:
    """Returns, normalized returns, and paired differences between each two runs.

    With `shift`, also how far each policy's states are from those it learned from.
    """
    task = common_task(runs, arguments or {})
    judge = Judge(task, expert_named(expert, task, needed=False), 2, episodes)
    seeds = test_seeds(episodes)
    entries, returns = [], {}
    for run in runs:
        policy, number = policy_of_run(run, which=which)
        check_fits(policy, task, run)
        seen = judge.play(policy, seeds)
        returns[run] = returns_of(seen)
        entry = entry_of(run, number, returns[run], judge)
        if shift:
            entry |= shift_of_run(RunFolder(Path(run)), number, seen)
        entries.append(entry)
    found: dict[str, Any] = {
        "command": "evaluate",
        "env": task.id,
        "task_argument": dict(task.kwargs),
        "policies": entries,
        "random": judge.test.random.told(),
        "differences": [
            difference_of(one, other, returns)
            for one, other in itertools.combinations(returns, 2)
        ],
    }
    if judge.expert is not None and judge.test.expert is not None:
        found["expert"] = {"name": judge.expert.name, **judge.test.expert.told()}
    if judge.core is None:  # What runs in a compiled program has no `info`.
        count_silence_as_failure(*everybody_in(found))
    return found


def entry_of(run: str, number: int, returns: Returns, judge: Judge) -> dict[str, Any]:
    """What one run's policy achieved."""
    entry: dict[str, Any] = {"run": run, "round": number, **returns.told()}
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
    given = found.get("task_argument", {}).items()
    made = "".join(f" {name}={json.dumps(value)}" for name, value in given)
    title = f"{found['env']}{made}, the same {episodes} episodes for everybody"
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    columns = ["who", "return, 95 % interval", "normalized"]
    if "success" in found["random"]:
        columns.append("success")
    for column in columns:
        table.add_column(column)
    form = form_of(found)
    table.add_row(*row_of("chance", found["random"], form))
    for entry in found["policies"]:
        share = f"{entry['normalized']:.3f}" if "normalized" in entry else ""
        name = f"{entry['run']}, round {entry['round']}"
        table.add_row(*row_of(name, entry, form, share))
    if "expert" in found:
        expert = found["expert"]
        table.add_row(*row_of(expert["name"], expert, form, "1"))
    console = Console()
    console.print(table)
    for gap in found["differences"]:
        low, high = gap["ci95"]
        sure = "" if low > 0 or high < 0 else ": not told apart"
        console.print(
            f"{gap['to']} minus {gap['from']}: {interval(gap, '+' + form)}{sure}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def row_of(name: str, part: Mapping[str, Any], form: str, share: str = "") -> list[str]:
    """One row of the table; a success rate comes last, if there is one."""
    row = [name, interval(part["return"], form), share]
    if success := success_in(part):
        row.append(success.removeprefix("success "))
    return row


def form_of(found: Mapping[str, Any]) -> str:
    """How everybody's returns are written."""
    return return_form(*(each["return"]["mean"] for each in everybody_in(found)))


def everybody_in(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Whatever holds a return: of chance, of each policy and of the expert."""
    everybody = [found["random"], *found["policies"]]
    return [*everybody, found["expert"]] if "expert" in found else everybody
