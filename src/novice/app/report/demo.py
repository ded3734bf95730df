"""Lay out the report of the demo: a policy that watched, was corrected, practiced."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from novice.app.report.closing import closing
from novice.app.report.contents import Replay, RunContents
from novice.app.report.facts import Episodes, Facts, Score, count, number, score
from novice.app.report.figures import Heap, histograms
from novice.app.report.markup import Child, Html, joined, tag
from novice.app.report.numbers import interval, share, whole
from novice.app.report.parts import (
    Mark,
    opening,
    replays,
    scale,
    section,
    table,
    with_interval,
)
from novice.app.report.svg import POLICY
from novice.app.report.words import verdict

# Each step of the demo as people know it: what the policy did, and who it then is.
_DID = {
    "cloned": "watching",
    "corrected": "being corrected",
    "practiced": "practicing",
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One way to learn, and what it brought on the same seeds as the step before."""

    name: str
    labels: int | None
    env_steps: int | None
    score: Score | None
    normalized: float | None
    change: Score | None
    kept: bool | None

    @property
    def did(self) -> str:
        return _DID.get(self.name, self.name)


def demo_sections(contents: RunContents, run: Facts) -> Html:
    """The page of `novice demo`, from top to bottom."""
    steps = [_step(entry) for entry in contents.summary.get("steps", ())]
    return joined(
        opening(
            "novice demo",
            run.env,
            None if run.seed is None else f"seed {run.seed}",
            headline=_headline(run, steps),
            remarks=list(_remarks(steps)),
        ),
        _on_scale(run, steps),
        _table(run, steps),
        _replays(contents.replays, run),
        _returns(run, steps),
        closing(contents, run),
    )


def _step(entry: Mapping[str, Any]) -> Step:
    name = str(entry.get("name", "step"))
    where = f"steps[{name}]"
    return Step(
        name=name,
        labels=count(entry, "labels", where=where),
        env_steps=count(entry, "env_steps", where=where),
        score=score(entry, "return", where=where),
        normalized=number(entry, "normalized", where=where),
        change=score({"change": entry.get("change")}, "change", where=where),
        kept=entry.get("kept"),
    )


def _delivered(steps: Sequence[Step]) -> Step | None:
    """The step whose policy was kept last."""
    kept = [step for step in steps if step.kept is not False]
    return kept[-1] if kept else None


def _headline(run: Facts, steps: Sequence[Step]) -> str:
    last = _delivered(steps)
    if last is None or last.normalized is None:
        return f"A policy learned {run.env}."
    first = steps[0]
    told = (
        f"The policy ends {share(last.normalized)} of the way from random to the expert"
    )
    if first is last or first.normalized is None:
        return f"{told}."
    return f"{told}; after {first.did} alone it was {share(first.normalized)}."


def _remarks(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        if step.change is None:
            continue
        change = step.change
        seeds = (
            "" if change.episodes is None else f" on the same {change.episodes} seeds"
        )
        told = verdict(change)
        judged = f"it is {told}" if told in ("better", "worse") else told
        end = "" if step.kept is None else "; kept" if step.kept else "; set aside"
        yield (
            f"After {step.did} the return changed by {interval(change, signed=True)}"
            f"{seeds}: {judged}{end}."
        )


def _on_scale(run: Facts, steps: Sequence[Step]) -> Html | None:
    marks = [
        Mark(name=step.name, score=step.score)
        for step in steps
        if step.score is not None
    ]
    if not marks or run.random is None or run.expert is None:
        return None
    return scale(marks, random=run.random, expert=run.expert)


def _table(run: Facts, steps: Sequence[Step]) -> Html:
    head = ["", "labels", "steps", "return", "normalized", "change", ""]
    rows = [_row(step) for step in steps]
    for name, known in (("expert", run.expert), ("random", run.random)):
        if known is not None:
            end = share(1.0 if name == "expert" else 0.0)
            rows.append([name, None, None, with_interval(known), end, None, None])
    told = [place for place in range(len(head)) if any(row[place] for row in rows)]
    return section(
        "Step by step",
        table(
            [head[place] for place in told],
            [[row[place] for place in told] for row in rows],
        ),
        note="The change is against the policy kept before, on the same seeds.",
    )


def _row(step: Step) -> list[Child]:
    return [
        step.name,
        None if step.labels is None else whole(step.labels),
        None if step.env_steps is None else whole(step.env_steps),
        None if step.score is None else with_interval(step.score),
        None if step.normalized is None else share(step.normalized),
        None if step.change is None else with_interval(step.change, signed=True),
        None if step.kept is None else "kept" if step.kept else tag("em", "set aside"),
    ]


def _returns(run: Facts, steps: Sequence[Step]) -> Html | None:
    """Histograms of the episodes on which the steps were compared."""
    heaps = [
        Heap(name=step.name, color=POLICY, values=episodes.total, score=step.score)
        for step in steps
        if (episodes := run.episodes.get(step.name)) is not None
        and len(episodes.total)
        and step.score is not None
    ]
    if not heaps:
        return None
    told = "; ".join(f"{heap.name} {interval(heap.score)}" for heap in heaps)
    return section(
        "Episode by episode",
        histograms(heaps, name="returns", zero=False, description=f"Returns: {told}"),
        note="Dot and bar: mean and 95 % interval. Each heap has a height of its own.",
    )


def _replays(these: Sequence[Replay], run: Facts) -> Html | None:
    if not these:
        return None
    return section(
        "What it looks like",
        replays(these, [replay.label.capitalize() for replay in these]),
        note=_whence({replay.seed for replay in these}, run.episodes.get("cloned")),
    )


def _whence(seeds: set[int], cloned: Episodes | None) -> str | None:
    """Which episode the replays show, if all show the same one."""
    if len(seeds) > 1:
        return None
    worst = None if cloned is None else cloned.seed[cloned.total.argmin()]
    if worst in seeds:
        return "The same episode for everybody: the one where the clone returned least."
    return "The same episode for everybody."
