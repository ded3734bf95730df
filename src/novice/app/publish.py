"""Write a run's report from what its folder holds."""

from pathlib import Path

import numpy as np

from novice.app.folder import NotARunError, RunFolder
from novice.app.report import report
from novice.app.report.contents import Replay, read_contents
from novice.app.report.pictures import with_pictures
from novice.app.tasks import render_called, task_called
from novice.envs.moment import Moment
from novice.envs.scene import frames
from novice.envs.task import Task
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
    path = folder.path / "report.html"
    write_text(path, report(contents))
    return path
