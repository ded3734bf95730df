"""Say at a run's end what is to be known of its labels, where it concerns anybody."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from novice.app.data.found import doubted
from novice.app.data.provenance import labels_of, run_told
from novice.app.data.suspects import imported_sentence


def doubts_to_tell(path: Path, *, by_people: bool) -> Mapping[str, Any]:
    """What is doubtful in labels that people gave or that were imported.

    Empty for those of experts, who make no slips; `novice data doubt` measures them
    all the same.
    """
    if not (path / "dataset" / "index.json").exists():
        return {}
    labels = labels_of(str(path))
    if not (by_people or any(part.origin.imported for part in labels.parts)):
        return {}
    return doubted(labels)


def labels_summary(path: Path, doubts: Mapping[str, Any]) -> dict[str, Any]:
    """What a summary says of a run's labels: nothing where there is nothing to say."""
    if not (path / "dataset" / "index.json").exists():
        return {}
    told = run_told(labels_of(str(path)))
    if not (doubts or told["decided"]):
        return {}
    found = {name: told[name] for name in ("rows", "stand", "quarantined", "untrusted")}
    if sentence := imported_sentence(told, doubts):
        found["imported"] = sentence
    if doubts:
        found["contradictions"] = doubts["contradictions"]["pairs"]
    if "doubts" in doubts:
        people = doubts["doubts"]["people"]
        found["doubted"] = {who: each["share"] for who, each in people.items()}
    return {"labels": found}
