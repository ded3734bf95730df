"""Find the moments that rows are about, so that they can be looked at."""

import contextlib
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from novice.app.data.provenance import Labels, part_and_place
from novice.envs.moment import Moment
from novice.envs.task import Task
from novice.files import read_arrays, unchanged
from novice.inbox.store import Inbox


def moment_of_row(labels: Labels, row: int, task: Task) -> Moment | None:
    """The moment that a row is about; None where nobody knows how to get there.

    What was imported, or brought along from another run, was not visited in this one.
    """
    part, at = part_and_place(labels, row)
    episode, step = int(part.episode[at]), int(part.step[at])
    if part.question is not None:
        return asked_about(labels.path, episode, step, task)
    path = labels.path / "rounds" / f"{part.origin.round:03d}"
    if part.origin.imported or not (path / "trajectories.safetensors").exists():
        return None
    seen = visited_in(path)
    if episode >= len(seen["length"]) or step >= seen["length"][episode]:
        return None
    first = int(seen["length"][:episode].sum())
    if not np.array_equal(seen["observation"][first + step], part.observation[at]):
        return None
    actions = seen["action_executed"][first : first + step]
    return Moment(task, int(seen["seed"][episode]), actions)


def asked_about(path: Path, episode: int, step: int, task: Task) -> Moment | None:
    """The moment of a question; None where its episode does not replay."""
    inbox_path = path / "dataset" / "inbox.sqlite"
    if not inbox_path.exists():
        return None
    with contextlib.closing(Inbox(inbox_path)) as inbox:
        asked = inbox.episode(episode)
    if not asked.replays:
        return None
    return Moment(task, asked.seed, asked.actions[:step])


@functools.lru_cache(maxsize=4)
def visited_in(path: Path) -> Mapping[str, Any]:
    """What was visited in a round."""
    return read_arrays(unchanged(path / "trajectories.safetensors"))
