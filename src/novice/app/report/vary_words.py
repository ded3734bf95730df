"""Say in sentences what became of returns where a task was varied, and what to do."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from novice.app.report.facts import Score, score
from novice.app.report.numbers import interval, share
from novice.app.report.words import verdict
from novice.evaluation.variation import KEPT, is_number

Block = Mapping[str, Any]

_ADVICE: Mapping[str, str] = {
    "argument": (
        "To hold over more of it, a policy must be taught there: novice dagger {task}"
        " {arguments} --from RUN goes on with the answers of a"
        " run and asks the expert for more at that value."
    ),
    "attribute": (
        "To hold over more of it, a policy must be taught there: make a task of your"
        " own in which {what} is an argument or is drawn anew in each episode, and"
        " teach in that (novice dagger my_module:MyTask-v0)."
    ),
    "observation_noise": (
        "A policy that sees several observations at once can even noise out (--history"
        " 4), and one that was taught under it knows it: put the noise into a task of"
        " your own and teach there."
    ),
    "action_noise": (
        "To hold under more of it, let answers show how to recover: --noise 0.2 shakes"
        " the hand of whoever acts (novice bc, novice dagger), and dagger asks the"
        " expert what to do where a slip led."
    ),
    "observation_delay": (
        "Under a delay several observations at once say where things are going"
        " (--history 4); put the delay into a task of your own and teach there."
    ),
    "action_delay": (
        "Under a delay the right action is that for a moment later: put the delay into"
        " a task of your own and teach there, with several observations at once"
        " (--history 4)."
    ),
}


def short_names(runs: Sequence[str]) -> list[str]:
    """The last part of each run's folder where that tells them apart."""
    last = [PurePath(run).name or run for run in runs]
    return last if len(set(last)) == len(last) else list(runs)


def called(block: Block) -> str:
    """What was varied, what it usually is, and how the task was made beside that."""
    told = block["what"]
    if "usual" in block:
        told += f" (as trained: {value_shown(block['usual'])})"
    beside = [f"{k}={value_shown(v)}" for k, v in block["task_argument"].items()]
    return f"{told} with {', '.join(beside)}" if beside else told


def value_shown(value: Any) -> str:
    """A value as it would be typed."""
    if isinstance(value, float):
        return f"{value:.10g}"
    return value if isinstance(value, str) else json.dumps(value)


def told(block: Block, found: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    """What the numbers mean, and what to do, a sentence each."""
    if not block["without_effect"]:
        yield from _holding(block, names)
        yield from _compared(block, names, found)
    yield from meaning(block, found)


def meaning(block: Block, found: Mapping[str, Any]) -> Iterator[str]:
    """What follows for all policies together, a sentence each."""
    if block["without_effect"]:
        why = "try wider ones, if it does anything in this task"
        if block["kind"] == "argument":
            why += " (some count only with another --task-argument)"
        yield f"Nobody's return depends on {block['what']} at these values: {why}."
        return
    yield from _expert_too(block, found)
    many = sum(len(entry["policies"]) for entry in block["values"])
    many += sum(len(entry["differences"]) for entry in block["values"])
    if many >= 10:
        yield (
            f"Of {many} intervals at single values about {round(many / 20) or 1} will"
            " miss by chance; what is said over all values rests on one interval each."
        )
    yield from _advice(block, found)


def _holding(block: Block, names: Sequence[str]) -> Iterator[str]:
    """Where each policy keeps what it can, and how much over all values."""
    for name, entry in zip(names, block["over_range"]["policies"], strict=True):
        where = where_it_holds(block, entry)
        if where is None:
            better = "hardly" if "kept" in entry else "no"
            yield (
                f"{name} is {better} better than chance as trained: what it loses"
                " cannot be told."
            )
            continue
        yield (
            f"{name} keeps at least {100 * KEPT:.0f} % of its usual return above chance"
            f" {where}; in the mean over all values it keeps {kept_of(entry)}."
        )


def where_it_holds(block: Block, entry: Mapping[str, Any]) -> str | None:
    """At which values a policy keeps most; None where that cannot be told."""
    if kept_share(entry) is None or "holds" not in entry:
        return None
    what, holds = block["what"], entry["holds"]
    if all(value["value"] in holds for value in block["values"]):
        return f"at every {what} tried"
    if not holds:
        return f"at no {what} tried"
    if list(holds) == [block.get("usual")]:
        return f"at {what} {value_shown(holds[0])} only"
    if all(is_number(value) for value in holds) and len(holds) > 1:
        return f"from {what} {value_shown(holds[0])} to {value_shown(holds[-1])}"
    return f"at {what} {', '.join(value_shown(value) for value in holds)}"


def kept_share(entry: Mapping[str, Any]) -> float | None:
    """What share is kept; None where a policy is hardly better than chance anyway."""
    kept = entry.get("kept")
    return None if kept is None or kept["ci95"] is None else float(kept["mean"])


def loses(entry: Mapping[str, Any]) -> bool:
    """Whether a policy is known to keep less than it might."""
    kept = kept_share(entry)
    return kept is not None and kept < KEPT


def kept_of(entry: Mapping[str, Any]) -> str:
    """The share that is kept, with its interval."""
    kept = entry["kept"]
    low, high = (share(bound) for bound in kept["ci95"])
    return f"{share(kept['mean'])} [{low}, {high}]".replace(" ", "\N{NO-BREAK SPACE}")


def _compared(
    block: Block, names: Sequence[str], found: Mapping[str, Any]
) -> Iterator[str]:
    """Who returns more over all values, and where that is sure."""
    by_run = dict(zip((e["run"] for e in found["policies"]), names, strict=True))
    for place, gap in enumerate(block["over_range"]["differences"]):
        one, other = by_run[gap["from"]], by_run[gap["to"]]
        score = score_of(gap)
        if score.low == score.high == 0:
            yield f"{one} and {other} return the same over all values."
            continue
        sure = [
            value_shown(entry["value"])
            for entry in block["values"]
            if verdict(score_of(entry["differences"][place])) in ("better", "worse")
        ]
        where = f"; at single values told apart at {', '.join(sure)}" if sure else ""
        end = "" if verdict(score) in ("better", "worse") else ", not told apart"
        yield (
            f"{other} minus {one}, over all values: {interval(score, signed=True)}"
            f"{end}{where}."
        )


def _expert_too(block: Block, found: Mapping[str, Any]) -> Iterator[str]:
    """Where the expert fails as well, nobody can be asked for more."""
    lost = [
        value_shown(entry["value"])
        for entry in block["values"]
        if loses(entry.get("expert", {}))
    ]
    if lost:
        yield (
            f"The expert ({found['expert']['name']}) keeps less than 90 % itself at"
            f" {block['what']} {', '.join(lost)}: whoever learns from it alone will"
            " hardly do better there."
        )


def _advice(block: Block, found: Mapping[str, Any]) -> Iterator[str]:
    """What to do about what was lost, where the expert does better or where not."""
    everybody = [each for entry in block["values"] for each in entry["policies"]]
    if all(kept_share(each) is None for each in everybody):
        yield (
            "Before it can lose anything a policy must be better than chance as"
            " trained: more labels, or more --steps."
        )
        return
    lost = [entry for entry in block["values"] if any(map(loses, entry["policies"]))]
    if not lost:
        yield "Nothing was lost at any of these values: try wider ones."
        return
    worst = min(lost, key=_of_the_experts)
    if _of_the_experts(worst) >= KEPT:
        yield (
            "Where something was lost the policies do about as well as the expert"
            " there: better takes a teacher who knows of the change (--expert"
            " module:function), or practice under it (novice reinforce)."
        )
        return
    kind = "attribute" if block["kind"] == "factor" else block["kind"]
    given = {**block["task_argument"], block["what"]: worst["value"]}
    yield _ADVICE[kind].format(
        task=found["env"],
        what=block["what"],
        arguments=" ".join(
            f"--task-argument {name}={value_shown(value)}"
            for name, value in given.items()
        ),
    )


def _of_the_experts(entry: Mapping[str, Any]) -> float:
    """How much of the way to the expert those go at this value that lost something.

    An expert that is no better than chance there is reached by anybody.
    """
    unknown = 1.0 if "expert" in entry else 0.0
    return min(
        each.get("normalized", unknown) for each in entry["policies"] if loses(each)
    )


def score_of(entry: Mapping[str, Any]) -> Score:
    """A mean with its interval, as the summary has it."""
    found = score({"it": entry}, "it", where="vary")
    assert found is not None
    return found
