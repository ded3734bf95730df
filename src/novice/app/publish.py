"""Write a run's report from what its folder holds."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from novice.app.data.moments import moment_of_row
from novice.app.data.provenance import labels_of
from novice.app.folder import NotARunError, RunFolder
from novice.app.report import report
from novice.app.report.contents import Frame, Replay, RunContents, read_contents
from novice.app.report.pictures import with_pictures
from novice.app.report.trust import MOST_PAIRS
from novice.app.tasks import render_called, task_called
from novice.envs.moment import Moment
from novice.envs.scene import frames
from novice.envs.task import Task
from novice.errors import NoviceError
from novice.files import write_text

# Pictures of an episode: drawing takes milliseconds each, and a page is to be small.
MOST_FRAMES = 75


def moment_of(replay: Replay, task: Task) -> Moment:
    """The end of a replay's episode."""
    dtype = np.float32 if task.bounds is not None else np.int32
    return Moment(task, replay.seed, np.asarray(replay.actions, dtype))


def publish(run: str | Path) -> Path:
    """Draw the replays, put the page together and write it; the path of the page."""
    folder = RunFolder(Path(run))
    if folder.settings()["command"].startswith("lab "):
        raise NotARunError(
            f"{run} is an experiment of novice lab, whose report is written with it;"
            " repeat the experiment to write it anew"
        )
    settings = folder.settings()["settings"]
    task = task_called(settings["task"], settings["task_argument"])

    def draw(replay: Replay) -> tuple[list[np.ndarray], float]:
        render = render_called(settings["render"]) if "render" in settings else None
        return frames(moment_of(replay, task), most=MOST_FRAMES, render=render)

    contents = with_pictures(read_contents(folder.path), draw)
    contents = with_moments(contents, folder.path, task, settings.get("render"))
    path = folder.path / "report.html"
    write_text(path, report(contents))
    return path


def with_moments(
    contents: RunContents, path: Path, task: Task, render: str | None
) -> RunContents:
    """The contents with pictures of what contradicting labels are about.

    Where one cannot be drawn, the page does without them.
    """
    pairs = contents.doubts.get("contradictions", {}).get("shown", ())[:MOST_PAIRS]
    if not pairs:
        return contents
    labels = labels_of(str(path))
    drawn = render_called(render) if render is not None else None
    found: dict[int, Frame] = {}
    for side in [side for pair in pairs for side in pair["sides"]]:
        moment = moment_of_row(labels, side["row"], task)
        if moment is None:
            continue
        try:
            found[side["row"]] = frames(moment, most=1, render=drawn)[0][-1]
        except NoviceError:
            return contents
    return replace(contents, moments=found)
