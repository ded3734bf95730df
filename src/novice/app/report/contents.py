"""Read what the files of a run's folder say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from novice.app.data.provenance import DOUBTS, labels_of, run_told
from novice.errors import NoviceError
from novice.files import read_json, read_lines

Frame = UInt8[np.ndarray, "height width 3"]


class UnreadableRunError(NoviceError):
    """A folder from which no report can be made."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Replay:
    """An episode to look at: its pictures, or a sentence why there are none."""

    label: str  # "best", "median", "worst"; in the demo the step that acted
    seed: int
    length: int  # steps
    total_reward: float | None = None  # `None` where the task pays no reward
    actions: Sequence[Any] = ()  # the executed ones, to draw the frames from
    frames: Sequence[Frame] | str = "No pictures were drawn for this page."
    frames_per_second: int | float = 50  # at which `frames` are as fast as the task


@dataclass(frozen=True, kw_only=True, eq=False)
class RunContents:
    """What a finished run's folder says, file by file."""

    settings: Mapping[str, Any]
    summary: Mapping[str, Any]
    evaluation: Mapping[str, Any] | None = None
    metrics: Sequence[Mapping[str, Any]] = ()
    timings: Sequence[Mapping[str, Any]] = ()
    replays: Sequence[Replay] = ()
    labels: Mapping[str, Any] = field(default_factory=dict)  # as `run_told` has them
    doubts: Mapping[str, Any] = field(default_factory=dict)  # doubts.json
    moments: Mapping[int, Frame] = field(default_factory=dict)  # what rows are about


def read_contents(folder: Path) -> RunContents:
    """What the folder says; `pictures.with_pictures` adds the pictures."""
    return RunContents(
        settings=_object(folder, "settings.json"),
        summary=_object(folder, "summary.json"),
        evaluation=(
            _object(folder, "evaluation.json")
            if (folder / "evaluation.json").exists()
            else None
        ),
        metrics=read_lines(folder / "metrics.jsonl"),
        timings=read_lines(folder / "timings.jsonl"),
        replays=_replays(folder / "replays.json"),
        labels=_labels(folder),
        doubts=_object(folder, DOUBTS) if (folder / DOUBTS).exists() else {},
    )


def _labels(folder: Path) -> Mapping[str, Any]:
    """Where the run's labels come from; empty where it has none."""
    if not (folder / "dataset" / "index.json").exists():
        return {}
    return run_told(labels_of(str(folder)))


def _object(folder: Path, name: str) -> Mapping[str, Any]:
    path = folder / name
    if not path.exists():
        raise UnreadableRunError(
            f"{folder} has no {name}: a report needs the folder of a finished run"
        )
    found = read_json(path)
    if not isinstance(found, dict):
        raise UnreadableRunError(
            f"{path} should hold an object, but holds a {type(found).__name__}"
        )
    return found


def _replays(path: Path) -> list[Replay]:
    if not path.exists():
        return []
    try:
        return [
            Replay(
                label=str(entry["label"]),
                seed=int(entry["seed"]),
                length=int(entry["length"]),
                total_reward=None if "return" not in entry else float(entry["return"]),
                actions=entry["actions"],
            )
            for entry in read_json(path)
        ]
    except (KeyError, TypeError, ValueError) as problem:
        raise UnreadableRunError(
            f"{path} should hold a list of replays, each with label, seed, length and"
            f" actions ({problem!r})"
        ) from problem
