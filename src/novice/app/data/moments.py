"""Find the moments that rows are about, so that they can be looked at."""

import contextlib
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from novice.app.data.provenance import Labels, part_and_place
from novice.envs.moment import Moment
from novice.envs.task import Task
from novice.experts.question import Question
from novice.files import read_arrays, unchanged
from novice.inbox.content import AskedEpisode, SavedClip
from novice.inbox.darkroom import NotDrawnError
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


@dataclass(frozen=True, eq=False)
class RowsAsked:
    """The moments of rows, as a darkroom asks for those of questions.

    A row's number is that of a question, and of the episode that leads there.
    """

    labels: Labels
    task: Task
    render: str | None = None

    def question(self, id: int) -> Question:
        """What was seen in a row."""
        part, at = part_and_place(self.labels, id)
        return Question(
            id=id,
            visit=part.origin.round,
            episode=id,
            step=int(part.step[at]),
            observation=np.asarray(part.observation[at], np.float32),
            action=part.action[at],
        )

    def episode(self, id: int) -> AskedEpisode:
        """How to get to a row's moment; raises NotDrawnError where nobody ever knew."""
        part, at = part_and_place(self.labels, id)
        where = (id, part.origin.round, int(part.episode[at]))
        moment = moment_of_row(self.labels, id, self.task)
        if moment is None and part.question is None:
            raise NotDrawnError("this run was not there, the label came from elsewhere")
        if moment is None:
            return AskedEpisode(*where, 0, part.action[:0], replays=False)
        return AskedEpisode(*where, moment.seed, moment.actions, replays=True)

    def clip_of(self, question: int) -> SavedClip | None:
        """The pictures that were taken while the policy acted, if any were."""
        part, at = part_and_place(self.labels, question)
        path = self.labels.path / "dataset" / "inbox.sqlite"
        if part.question is None or not path.exists():
            return None
        with contextlib.closing(Inbox(path)) as inbox:
            return inbox.clip_of(int(part.question[at]))

    def told(self, name: str) -> Any:
        """What a darkroom is to know about the run."""
        if name == "task":
            here = str(Path.cwd())
            return {"id": self.task.id, "kwargs": self.task.kwargs, "folder": here}
        return self.render if name == "render" else None
