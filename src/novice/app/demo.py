"""Show the whole idea in a minute: watch, be corrected, practice."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from novice import __version__
from novice.algorithms.practice_settings import ReinforceSettings, after_imitation
from novice.algorithms.settings import BcSettings, DaggerSettings
from novice.app.assignment import Assignment, refuse_what_is_there
from novice.app.folder import RunFolder, free_name
from novice.app.judge import Judge
from novice.app.machine import compile_seconds, versions
from novice.app.numbers import interval
from novice.app.options import RunOptions
from novice.app.publish import publish
from novice.app.result import outcome, replay_of
from novice.app.teller import Teller
from novice.app.train import run
from novice.envs.seeds import test_seeds
from novice.envs.task import make_task
from novice.evaluation.returns import Returns, returns_of
from novice.evaluation.statistics import estimate, paired_difference
from novice.experts.controllers import built_in_expert
from novice.files import write_json
from novice.types import Trajectories

TASK = "LunarLander-v3"
# Episodes on which the three policies are compared; never those they learned from.
EPISODES = 200


@dataclass(frozen=True)
class Lesson:
    """One way to learn, and what it is called in the table."""

    name: str
    told: str
    command: str
    settings: Any
    validation_episodes: int = 20


LESSONS = (
    Lesson(
        "cloned",
        "It watches a single landing and clones it",
        "bc",
        BcSettings(demonstrations=1, steps=2_000),
    ),
    Lesson(
        "corrected",
        "It tries, and is corrected where it went",
        "dagger",
        DaggerSettings(labels=2_000, steps=1_000),
    ),
    Lesson(
        "practiced",
        "It practices by itself, for the task's reward",
        "reinforce",
        ReinforceSettings(**after_imitation(), env_steps=200_000, rounds=5),
        validation_episodes=100,
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """What one lesson came to, beside what was there before it."""

    lesson: Lesson
    folder: RunFolder
    seen: Trajectories
    returns: Returns
    change: Mapping[str, Any] | None
    kept: bool


def demo(*, out: str | None, seed: int) -> Mapping[str, Any]:
    """Three lessons, each compared with the one before on the same episodes."""
    began = time.perf_counter()
    path = Path(out) if out else free_name(Path("runs/demo"))
    if out:
        refuse_what_is_there(path)
    teller = Teller(quiet=False)
    teller.say(
        f"{TASK}: land between the flags. The teacher is Gymnasium's controller."
    )
    task = make_task(TASK)
    judge = Judge(task, built_in_expert(TASK, {}), 2, EPISODES)
    learned: list[Learned] = []
    for number, lesson in enumerate(LESSONS, start=1):
        teller.say(f"\n{number}. {lesson.told}.")
        before = next((each for each in reversed(learned) if each.kept), None)
        learned.append(taught(lesson, before, judge, path, seed))
    summary = summary_of(learned, judge, seed, time.perf_counter() - began)
    write_demo(path, learned, summary)
    for line in closing_lines(learned):
        teller.say(line)
    print_table(summary)
    teller.say(f"report: {path / 'report.html'}")
    return summary


def taught(
    lesson: Lesson, before: Learned | None, judge: Judge, path: Path, seed: int
) -> Learned:
    """Give one lesson, and compare its policy with what was kept so far."""
    start = str(before.folder.path) if before else None
    assignment = Assignment(
        command=lesson.command,
        env=TASK,
        kwargs={},
        expert="auto",
        settings=lesson.settings,
        seed=seed,
        test_episodes=2,
        validation_episodes=lesson.validation_episodes,
        start=start,
    )
    folder = RunFolder(path / lesson.name)
    run(assignment, folder, RunOptions(report=False))
    policy = folder.policy(folder.best_round())
    seen = judge.play(policy, test_seeds(EPISODES))
    returns = returns_of(seen)
    change, kept = None, True
    if before is not None:
        gap = paired_difference(returns.value, before.returns.value)
        change = {"mean": gap.mean, "ci95": list(gap.ci95), "episodes": gap.episodes}
        kept = gap.ci95[1] >= 0
    return Learned(
        lesson=lesson,
        folder=folder,
        seen=seen,
        returns=returns,
        change=change,
        kept=kept,
    )


def summary_of(
    learned: Sequence[Learned], judge: Judge, seed: int, seconds: float
) -> dict[str, Any]:
    """What the demo came to, for other programs and for its report."""
    assert judge.expert is not None and judge.test.expert is not None
    steps = []
    labels = env_steps = 0
    for each in learned:
        last = each.folder.measures(each.folder.round_count() - 1)
        labels = last.get("labels", labels)
        env_steps += last["env_steps"]
        entry = {
            "name": each.lesson.name,
            "folder": each.lesson.name,
            "labels": labels,
            "env_steps": env_steps,
            "kept": each.kept,
            **outcome(each.returns, judge),
        }
        if each.change is not None:
            entry["change"] = each.change
        steps.append(entry)
    expert = estimate(judge.test.expert.value).as_json()
    return {
        "command": "demo",
        "env": TASK,
        "seed": seed,
        "version": __version__,
        "random": {"return": estimate(judge.test.random.value).as_json()},
        "expert": {"name": judge.expert.name, "return": expert},
        "steps": steps,
        "seconds": {"total": round(seconds, 3), "compile": round(compile_seconds(), 3)},
    }


def write_demo(
    path: Path, learned: Sequence[Learned], summary: Mapping[str, Any]
) -> None:
    """Write the demo's files: where the clone fails, and the others in that episode."""
    worst = int(learned[0].returns.value.argmin())
    replays = [
        replay_of(each.seen, each.returns, worst, each.lesson.name) for each in learned
    ]
    evaluation = {each.lesson.name: each.returns.as_json() for each in learned}
    settings = {"task": TASK, "task_argument": {}, "seed": summary["seed"]}
    whole = {
        "command": "demo",
        "version": __version__,
        "settings": settings,
        "versions": versions(),
    }
    RunFolder(path).begin(whole)
    write_json(path / "evaluation.json", evaluation)
    write_json(path / "replays.json", replays)
    write_json(path / "summary.json", summary)
    publish(path)


def closing_lines(learned: Sequence[Learned]) -> list[str]:
    """What happened, in words that the numbers bear."""
    clone = learned[0]
    worst = int(clone.returns.value.argmin())
    after = learned[1].returns.value[worst]
    lines = [
        "",
        f"Where the clone fails most (seed {clone.returns.seed[worst]}) it returns"
        f" {clone.returns.value[worst]:.0f}; corrected, it returns {after:.0f} there.",
    ]
    for each in learned[1:]:
        assert each.change is not None
        low, high = each.change["ci95"]
        verdict = "better" if low > 0 else "worse" if high < 0 else "no worse"
        kept = "kept" if each.kept else "not kept: the policy before it stays"
        lines.append(
            f"{each.lesson.name}: {each.change['mean']:+.0f} [{low:+.0f}, {high:+.0f}]"
            f" on the same {each.change['episodes']} episodes, {verdict}; {kept}."
        )
    return lines


def print_table(summary: Mapping[str, Any]) -> None:
    """Everybody in one table."""
    title = f"{summary['env']}: the same {EPISODES} episodes for everybody"
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("policy", no_wrap=True)
    for column in ("labels", "steps", "return", "change", "normalized"):
        table.add_column(column, justify="right", no_wrap=True)
    by_chance = interval(summary["random"]["return"], ".0f")
    table.add_row("chance", "", "", by_chance, "", "0")
    for step in summary["steps"]:
        change = interval(step["change"], "+.0f") if "change" in step else ""
        table.add_row(
            step["name"],
            f"{step['labels']:,}",
            f"{step['env_steps']:,}",
            interval(step["return"], ".0f"),
            change,
            f"{step['normalized']:.2f}",
        )
    taught = interval(summary["expert"]["return"], ".0f")
    table.add_row("teacher", "", "", taught, "", "1")
    Console().print(table)
