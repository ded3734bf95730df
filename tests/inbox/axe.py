"""Ask axe-core, which looks for what keeps people out, about an open page."""

import json
from importlib import resources
from typing import Any

SCRIPT = (resources.files("axe_playwright_python") / "axe.min.js").read_text()
# A card that is still fading in has no contrast yet. What beats forever is not waited
# for, and what ends before its time has ended too.
LOOK = """
    Promise.allSettled(
      document.getAnimations()
        .filter((each) => Number.isFinite(each.effect?.getComputedTiming().endTime))
        .map((each) => each.finished)
    ).then(() => axe.run()).then((found) => JSON.stringify(found.violations))
"""


def all_findings(page: Any) -> list[str]:
    """Everything that axe-core finds, whatever its weight."""
    return [line for each in _violations(page) for line in _lines(each)]


def serious_findings(page: Any) -> list[str]:
    """What axe-core finds serious or critical."""
    return [
        line
        for each in _violations(page)
        if each["impact"] in ("serious", "critical")
        for line in _lines(each)
    ]


def _violations(page: Any) -> list[dict[str, Any]]:
    # Playwright's own evaluating is what a page's policy forbids.
    protocol = page.context.new_cdp_session(page)
    protocol.send("Runtime.evaluate", {"expression": SCRIPT})
    found = protocol.send(
        "Runtime.evaluate",
        {"expression": LOOK, "awaitPromise": True, "returnByValue": True},
    )
    protocol.detach()
    if "exceptionDetails" in found:
        raise RuntimeError(f"axe-core could not look: {found['exceptionDetails']}")
    return json.loads(found["result"]["value"])


def _lines(violation: dict[str, Any]) -> list[str]:
    """One line for each place; one at least, so that no violation gets lost."""
    begin = f"{violation['impact']} {violation['id']}"
    return [f"{begin}: {node['html'][:200]}" for node in violation["nodes"]] or [begin]
