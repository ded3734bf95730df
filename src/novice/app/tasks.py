"""Find the task that a command names."""

import os
import sys
from collections.abc import Mapping
from typing import Any

from novice.envs.pictures import Render, render_function
from novice.envs.slots import TaskCrashError
from novice.envs.task import Task, make_task
from novice.errors import NoviceError


def task_called(id: str, kwargs: Mapping[str, Any], *, pictures: bool = False) -> Task:
    """The task of this id; one of somebody's own may lie in the current folder."""
    if ":" in id:
        look_here()
    try:
        return make_task(id, kwargs, pictures=pictures)
    except NoviceError:
        raise
    except Exception as error:
        raise TaskCrashError(
            f"{id} cannot be made: {type(error).__name__}: {error}"
        ) from error


def render_called(spec: str) -> Render:
    """The function that draws observations; it may lie in the current folder."""
    look_here()
    return render_function(spec)


def look_here() -> None:
    """Let modules be imported from the current folder."""
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
