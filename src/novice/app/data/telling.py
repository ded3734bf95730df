"""Tell in plain lines where a run's labels come from, and what became of them."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from novice.datasets.ledger import ABOUT_PAIRS


def run_lines(told: Mapping[str, Any], pairs: str = "") -> Iterator[str]:
    """What `run_told` found, a line for each fact, and which `pairs` wait."""
    yield f"{told['run']}: {many(told['rows'], 'row')}, {fate(told)}"
    yield ""
    for heading, name in (("sources", "sources"), ("people", "people")):
        width = max(map(len, told[name]), default=0)
        for place, (each, facts) in enumerate(told[name].items()):
            start = heading if not place else ""
            count = many(facts["rows"], "row")
            yield f"{start:<9}{each:<{width}}  {count}, {rest(facts)}"
    yield ""
    for place, round in enumerate(told["rounds"]):
        start = "rounds" if not place else ""
        held = f", {round['quarantined']:,} in quarantine" * bool(round["quarantined"])
        yield (
            f"{start:<9}round {round['round']}: {round['new']:,} new,"
            f" {round['rows']:,} in all{held}"
        )
    if told["decided"] or pairs:
        yield ""
    if pairs:
        yield f"{'pairs':<9}{pairs}"
    for place, entry in enumerate(told["decided"]):
        yield f"{'ledger' if not place else '':<9}{decision(entry)}"


def rest(facts: Mapping[str, Any]) -> str:
    """What became of somebody's rows, and where they were imported from."""
    told = fate(facts)
    if facts.get("imported"):
        told += f"; imported from {listed(facts['imported'])}, " + (
            f"{listed(facts['vouched'])} vouches for them"
            if facts.get("vouched")
            else "nobody has vouched for them"
        )
    return told


def fate(facts: Mapping[str, Any]) -> str:
    """How many rows stand, and why the others don't."""
    told = [f"{facts['stand']:,} stand"]
    for name, what in (
        ("quarantined", "in quarantine"),
        ("replaced", "answered anew or not to learn from"),
        ("untrusted", "untrusted"),
    ):
        if facts[name]:
            told.append(f"{facts[name]:,} {what}")
    return ", ".join(told)


def label_lines(told: Mapping[str, Any], action: str) -> Iterator[str]:
    """What `label_told` found about one row; `action` is what it says, in words."""
    yield (
        f"row {told['row']}: {action}, at step {told['step']} of episode"
        f" {told['episode']}, in round {told['round']}"
    )
    yield f"{'from':<9}{origin(told)}"
    yield f"{'learned':<9}{learned(told['learned'])}{delivered(told)}"
    stands = "it stands" if told["stands"] else f"it does not count: {told['why']}"
    yield f"{'stands':<9}{stands}"
    for entry in told["decided"]:
        yield f"{'ledger':<9}{decision(entry)}"


def origin(told: Mapping[str, Any]) -> str:
    """Who gave a label, when, to which question, and how long it took."""
    who, source = told["who"], told["source"]
    if "imported" in told:
        vouched = told.get("vouched")
        who = f"{who}, imported from {told['imported']}"
        return f"{who}; " + (
            f"{vouched} vouches for it" if vouched else "nobody has vouched for it"
        )
    if "answer" not in told:
        return f"{who} ({source}); no page, so no time was kept"
    answer = told["answer"]
    looked = answer["shown"].get("consequences")
    after = ", after a look at what each action leads to" if looked else ""
    return (
        f"{who} ({source}), to question {told['question']} on the page, answer"
        f" {answer['number']}, {when(answer['received'])}, in"
        f" {answer['seconds']:.1f} s{after}"
    )


def learned(rounds: Sequence[Mapping[str, Any]]) -> str:
    """Which rounds learned from a label, and what it weighed there."""
    if not rounds:
        return "by no round"
    stretches: list[list[Mapping[str, Any]]] = []
    for each in rounds:
        last = stretches[-1][-1] if stretches else None
        follows = last is not None and (last["round"] + 1, last["weight"]) == (
            each["round"],
            each["weight"],
        )
        if follows:
            stretches[-1].append(each)
        else:
            stretches.append([each])
    return "; ".join(
        f"by round{'s' * (len(each) > 1)} {each[0]['round']}"
        + f" to {each[-1]['round']}" * (len(each) > 1)
        + f", weight {each[0]['weight']:.3g}"
        for each in stretches
    )


def delivered(told: Mapping[str, Any]) -> str:
    """Whether the weights that a run delivers learned from a label."""
    if "delivered" not in told:
        return ""
    number = told["delivered"]["round"]
    has = "has" if told["delivered"]["learned"] else "has not"
    return (
        f"; the delivered policy (rounds/{number:03d}/policy.safetensors) {has} learned"
        " from it"
    )


def decision(entry: Mapping[str, Any]) -> str:
    """An entry of the ledger: when, who, what, why."""
    if entry["what"] in ABOUT_PAIRS:
        return f"{when(entry['when'])}: {entry['by']} {about_pair(entry)}"
    count = sum(b - a + 1 for a, b in entry["rows"])
    what = {
        "quarantine": f"put {many(count, 'row')} in quarantine",
        "restore": f"let {many(count, 'row')} out of quarantine",
        "trust": f"vouched for what was imported of {listed(entry['people'])}",
    }[entry["what"]]
    rows = f" ({rows_told(entry['rows'])})" if entry["rows"] else ""
    because = f": {entry['because']}" if entry["because"] else ""
    return f"{when(entry['when'])}: {entry['by']} {what}{rows}{because}"


def about_pair(entry: Mapping[str, Any]) -> str:
    """What was said about two rows that contradict each other."""
    one, other = (row for a, b in entry["rows"] for row in range(a, b + 1))
    pair = f"the contradiction of rows {one} and {other}"
    if entry["what"] == "reopen":
        return f"opened {pair} again"
    right = entry["right"]
    which = f"row {right[0]} is right" if len(right) == 1 else "both are fine"
    return f"settled {pair}: {which if right else 'neither is right'}"


def rows_told(stretches: Sequence[Sequence[int]], most: int = 6) -> str:
    """Rows as one would type them: 3, 5-9; of many, the first ones."""
    told = [f"{a}" if a == b else f"{a}-{b}" for a, b in stretches[:most]]
    return ", ".join(told) + ", …" * (len(stretches) > most)


def when(seconds: float) -> str:
    """A Unix time as people write it, in UTC."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def many(count: int, noun: str) -> str:
    """A count and its noun: 1 row, 2,000 rows."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: ana, ben and cem; nothing where there are none."""
    *first, last = names or [""]
    return f"{', '.join(first)} and {last}" if first else last
