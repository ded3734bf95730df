"""Say how to have a result again: what to type, and what it depends on."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from novice.app.report.markup import Child, Html, tag
from novice.app.report.parts import definitions, section


def repetition(
    typed: Iterable[str], settings: Mapping[str, Any], note: Child = None
) -> Html:
    """The words to type, each of which stays on a line, the settings and the versions.

    `settings` is the content of a settings.json.
    """
    versions = settings.get("versions") or {}
    if settings.get("version") is not None:
        versions = {"novice": settings["version"], **versions}
    return section(
        "How to repeat it",
        tag("pre", tag("code", ([tag("span", part), " "] for part in typed))),
        _folded("Settings", settings.get("settings") or {}),
        _folded("Versions", versions),
        note=note,
    )


def _folded(name: str, pairs: Mapping[str, Any]) -> Html | None:
    if not pairs:
        return None
    told = {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in pairs.items()
    }
    return tag("details", tag("summary", name), definitions(told))
