"""Draw what a task shows, with its own renderer or another."""

import importlib
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from jaxtyping import UInt8

from novice.envs.task import Task
from novice.errors import NoviceError

# MuJoCo draws without a graphics card; at this size that takes milliseconds.
MUJOCO_SIZE = {"width": 320, "height": 240}

# Draws what a task's own observation shows.
Render = Callable[[Any], np.ndarray]
Frame = UInt8[np.ndarray, "_ _ 3"]


class NoPictureError(NoviceError):
    """The task cannot draw itself here."""


def render_function(spec: str) -> Render:
    """The function that `module:function` names; raises NoPictureError."""
    module, colon, name = spec.partition(":")
    if not (module and colon and name):
        raise NoPictureError(
            f"a function that draws is written module:function, not {spec!r}"
        )
    try:
        function: Any = getattr(importlib.import_module(module), name)
    except Exception as error:
        raise NoPictureError(
            f"{spec!r}, which draws the task, cannot be imported:"
            f" {type(error).__name__}: {one_line(error)}"
        ) from error
    if not callable(function):
        raise NoPictureError(f"{spec!r} is {function!r:.40}, which cannot be called")
    draw: Render = function
    return draw


def one_line(error: Exception) -> str:
    """What an exception says, without line breaks."""
    return " ".join(str(error).split())


def opened(task: Task, render: Render | None) -> tuple[gymnasium.Env, Render | None]:
    """An environment that can be drawn, and who draws it; None: it draws itself."""
    if render is not None:
        return task.make(), render
    try:
        return quick_to_draw(task), None
    except Exception as error:
        if is_picture(task.observation_space):
            return task.make(), np.asarray
        if not draws_itself(task):
            raise NoPictureError(
                f"{task.id} has no pictures; --render module:function draws one from"
                " an observation"
            ) from error
        raise NoPictureError(f"{task.id} cannot be drawn: {one_line(error)}") from error


def draws_itself(task: Task) -> bool:
    """Whether the task says that it can make pictures."""
    environment = task.make()
    try:
        return "rgb_array" in (environment.metadata.get("render_modes") or ())
    finally:
        environment.close()


def quick_to_draw(task: Task) -> gymnasium.Env:
    """An environment that draws itself; MuJoCo's small, without shadows."""
    spec = gymnasium.registry.get(task.id)
    if not (spec and str(spec.entry_point).startswith("gymnasium.envs.mujoco")):
        return task.make(render_mode="rgb_array")
    # Without a graphics card, shadows and smooth edges take most of the time.
    kwargs = {**MUJOCO_SIZE, **task.kwargs}
    environment = _with_kwargs(task, kwargs).make(render_mode="rgb_array")
    model: Any = getattr(environment.unwrapped, "model", None)
    if hasattr(model, "vis"):
        model.vis.quality.shadowsize = 0
        model.vis.quality.offsamples = 0
    return environment


def _with_kwargs(task: Task, kwargs: dict[str, Any]) -> Task:
    return Task(
        task.id,
        kwargs,
        observation_space=task.observation_space,
        action_space=task.action_space,
        max_episode_steps=task.max_episode_steps,
        reward_threshold=task.reward_threshold,
    )


def is_picture(space: spaces.Space[Any]) -> bool:
    """Whether observations are color pictures."""
    return (
        isinstance(space, spaces.Box)
        and space.dtype == np.uint8
        and len(space.shape) == 3
        and space.shape[2] == 3
    )


def checked_picture(drawn: Any, who: str) -> Frame:
    """A picture that `who` drew; raises NoPictureError unless it is one."""
    if not isinstance(drawn, np.ndarray):
        raise NoPictureError(f"{who} returned {type(drawn).__name__}, not a picture")
    if drawn.ndim != 3 or drawn.shape[2] != 3 or not drawn.size:
        raise NoPictureError(
            f"{who} returned an array of shape {drawn.shape}, but a picture is"
            " (height, width, 3)"
        )
    if drawn.dtype != np.uint8:
        raise NoPictureError(
            f"{who} returned an array of {drawn.dtype}, but a picture is uint8, 0 to"
            " 255"
        )
    return drawn


def at_most(frame: Frame, *, width: int, height: int) -> Frame:
    """The same picture, shrunk if it is larger than this."""
    # Loading it takes a tenth of a second, and whoever draws nothing does without.
    from PIL import Image

    share = min(1.0, width / frame.shape[1], height / frame.shape[0])
    if share == 1.0:
        return frame
    size = max(1, round(frame.shape[1] * share)), max(1, round(frame.shape[0] * share))
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BOX))


def step_seconds(environment: gymnasium.Env) -> float | None:
    """How long a step takes in the task's own time; None when it does not say."""
    per_second = environment.metadata.get("render_fps")
    return 1 / float(per_second) if per_second else None
