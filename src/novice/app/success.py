"""Say beside the return how often episodes succeeded, where the task speaks of it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from novice.evaluation.success import success_rate


def count_silence_as_failure(*parts: dict[str, Any]) -> None:
    """Where somebody's episodes spoke of success, give everybody a rate.

    A task may speak only when it succeeds: then who never succeeded hears nothing.
    """
    if not any("success" in part for part in parts):
        return
    for part in parts:
        failed = np.zeros(part["return"]["episodes"], bool)
        part.setdefault("success", success_rate(failed).as_json())


def success_in(part: Mapping[str, Any]) -> str | None:
    """A success rate in words, if there is one: success 93 % [86, 97]."""
    found = part.get("success")
    if found is None:
        return None
    # Of more than 100 episodes, a single failure would be rounded away.
    form = ".0f" if found["episodes"] <= 100 else ".1f"
    rate, low, high = (100 * share for share in (found["rate"], *found["ci95"]))
    return f"success {rate:{form}} % [{low:{form}}, {high:{form}}]"


def success_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    """Who succeeded how often, where there are no returns to say it beside."""
    for who, part in (("random", "random"), ("expert", "expert"), ("policy", "final")):
        if told := success_in(summary.get(part, {})):
            episodes = summary[part]["success"]["episodes"]
            yield f"{who:<8} {told} over {episodes} episodes"
