"""Read what a run has told about itself, as far as the page of questions needs it."""

from collections.abc import Mapping
from typing import Any

from novice.inbox.limits import RefusedError


def needed(facts: Mapping[str, Any], name: str) -> Any:
    """A fact without which there is no page; raises RefusedError before it is told."""
    if facts.get(name) is None:
        raise RefusedError(503, "the run is still starting; try again in a moment")
    return facts[name]


def budget_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What may be spent in all; None where nobody has set a limit."""
    return {"labels": None, "minutes": None, **facts.get("budget", {})}


def measures(facts: Mapping[str, Any]) -> bool:
    """Whether agreement is being measured, so that nobody may look ahead or copy."""
    return bool(facts.get("measuring")) or facts.get("consequences") is False


def offers_consequences(facts: Mapping[str, Any]) -> bool:
    """Whether a person may look at what an action leads to."""
    if measures(facts):
        return False
    action = (facts.get("words") or {}).get("action", {})
    return bool(facts.get("consequences", action.get("kind") == "discrete"))
