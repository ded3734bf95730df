"""Lay out the page of `novice evaluate`: policies on the same fresh episodes."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from novice.app.report.contents import RunContents, UnreadableRunError
from novice.app.report.facts import Facts, Score, success
from novice.app.report.markup import Child, Html, joined, tag
from novice.app.report.numbers import interval, share, whole
from novice.app.report.parts import opening, section, table, with_interval
from novice.app.report.repetition import repetition
from novice.app.report.shift import EXPLANATION, in_words
from novice.app.report.vary import vary_sections
from novice.app.report.vary_words import kept_share, score_of, short_names
from novice.app.report.words import verdict

_FLAGS = ("episodes", "round", "expert", "vary")


def evaluation_sections(contents: RunContents, run: Facts) -> Html:
    """The page of `evaluate`, from top to bottom. Raises UnreadableRunError."""
    try:
        return _sections(contents, run)
    except (IndexError, KeyError, TypeError, ValueError) as problem:
        raise UnreadableRunError(
            f"summary.json is not what novice evaluate writes ({problem!r})"
        ) from problem


def _sections(contents: RunContents, run: Facts) -> Html:
    found = contents.summary
    names = short_names([entry["run"] for entry in found["policies"]])
    return joined(
        opening(
            "novice evaluate",
            run.env,
            headline=_headline(found, names),
            remarks=list(_remarks(found, names)),
        ),
        vary_sections(found),
        _where_they_go(found, names),
        _everybody(found, names),
        repetition(_words(contents.settings.get("settings") or {}), contents.settings),
    )


def _headline(found: Mapping[str, Any], names: Sequence[str]) -> str:
    """Who keeps how much, or who returns how much."""
    blocks = found.get("vary") or ()
    for block in blocks:
        told = [
            f"{name} keeps {100 * entry['kept']['mean']:.0f}\N{NO-BREAK SPACE}%"
            for name, entry in zip(names, block["over_range"]["policies"], strict=True)
            if kept_share(entry) is not None
        ]
        if told and not block["without_effect"]:
            return (
                f"Where {block['what']} varies, {_listed(told)} of the usual return"
                " above chance."
            )
    told = [
        f"{name} returns {interval(score_of(entry['return']))}"
        for name, entry in zip(names, found["policies"], strict=True)
    ]
    return f"{_listed(told)}."


def _listed(told: Sequence[str]) -> str:
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def _remarks(found: Mapping[str, Any], names: Sequence[str]) -> Iterator[Child]:
    """What was played, and who is told apart as trained."""
    episodes = whole(found["random"]["return"]["episodes"])
    yield (
        f"Everybody played the same {episodes} episodes, whose seeds no training uses."
    )
    by_run = dict(zip((e["run"] for e in found["policies"]), names, strict=True))
    if len(names) > 2:  # They are in a table further down.
        return
    for gap in found["differences"]:
        found_gap = score_of(gap)
        sure = verdict(found_gap) in ("better", "worse")
        yield (
            f"{by_run[gap['to']]} minus {by_run[gap['from']]}, on the same seeds:"
            f" {interval(found_gap, signed=True)}{'' if sure else ', not told apart'}."
        )


def _everybody(found: Mapping[str, Any], names: Sequence[str]) -> Html:
    """A table of everybody's returns in the task as it is."""
    rows: list[list[Child]] = [
        [
            f"{name}, round {entry['round']}",
            with_interval(score_of(entry["return"])),
            share(entry["normalized"]) if "normalized" in entry else "",
            _arguments(entry.get("task_argument")),
        ]
        for name, entry in zip(names, found["policies"], strict=True)
    ]
    if "expert" in found:
        expert = found["expert"]
        returned = with_interval(score_of(expert["return"]))
        rows.append([f"expert: {expert['name']}", returned, "1.00", ""])
    rows.append(
        ["chance", with_interval(score_of(found["random"]["return"])), "0.00", ""]
    )
    head = ["", "return", "of the way to the expert", "trained with"]
    if not any(row[3] for row in rows):
        head, rows = head[:3], [row[:3] for row in rows]
    rates = _rates(found)
    if any(rates):
        head = [*head[:2], "success, %", *head[2:]]
        rows = [
            [*row[:2], "" if rate is None else with_interval(rate), *row[2:]]
            for row, rate in zip(rows, rates, strict=True)
        ]
    title = "As trained" if found.get("vary") else "Everybody's returns"
    return section(title, table(head, rows), _differences(found, names))


def _rates(found: Mapping[str, Any]) -> list[Score | None]:
    """How often each of the table's rows succeeded, where that is said."""
    experts = [found["expert"]] if "expert" in found else []
    everybody = [*found["policies"], *experts, found["random"]]
    return [success(part, where="success") for part in everybody]


def _differences(found: Mapping[str, Any], names: Sequence[str]) -> Html | None:
    """Of more than two policies, who returns more than whom on the same seeds."""
    if len(names) < 3 or not found["differences"]:
        return None
    by_run = dict(zip((e["run"] for e in found["policies"]), names, strict=True))
    rows = [
        [
            f"{by_run[gap['to']]} minus {by_run[gap['from']]}",
            with_interval(score_of(gap), signed=True),
            verdict(score_of(gap)),
        ]
        for gap in found["differences"]
    ]
    return table(["", "on the same seeds", ""], rows)


def _where_they_go(found: Mapping[str, Any], names: Sequence[str]) -> Html | None:
    """How far each policy's states are from those it learned from, where measured."""
    lines = []
    for name, entry in zip(names, found["policies"], strict=True):
        if "shift" in entry:
            told = entry["shift"]
            low, high = told["ci95"]
            auc = f"{told['auc']:.2f} [{low:.2f}, {high:.2f}]"
            lines.append(f"{name}: AUC {auc}: {in_words(told)}.")
        elif "shift_unknown" in entry:
            lines.append(f"{name}: no AUC: {entry['shift_unknown']}.")
    if not lines:
        return None
    lines.append(
        "States that can be told from the dataset\N{RIGHT SINGLE QUOTATION MARK}s are"
        " new, or known and visited more or less often. Where the return is low as"
        " well, novice dagger asks the expert in the states that the policy visits."
    )
    return section(
        "Where each policy goes",
        (tag("p", line, class_="remark") for line in lines),
        note=EXPLANATION,
    )


def _arguments(arguments: Mapping[str, Any] | None) -> str:
    return ", ".join(f"{k}={json.dumps(v)}" for k, v in (arguments or {}).items())


def _words(settings: Mapping[str, Any]) -> Iterator[str]:
    """The parts of the command line, each of which stays on a line."""
    yield "novice evaluate"
    yield from (shlex.quote(str(run)) for run in settings.get("runs", ()))
    for name, value in (settings.get("task_argument") or {}).items():
        plain = value if isinstance(value, str) else json.dumps(value)
        yield shlex.join(["--task-argument", f"{name}={plain}"])
    if settings.get("shift"):
        yield "--shift"
    for name in _FLAGS:
        value = settings.get(name)
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                yield shlex.join([f"--{name}", str(each)])
