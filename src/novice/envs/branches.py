"""Show what several actions lead to from the same moment."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from gymnasium import spaces
from jaxtyping import Bool, Num

from novice.envs.pictures import Frame, at_most
from novice.envs.scene import Scene
from novice.envs.task import Task

# How wide the frames of a branch are at most, and how many branches are shown.
BRANCH_WIDTH = 240
MOST_BRANCHES = 9
# Colors that differ by no more than this, of 255, look the same.
SAME_COLOR = 16

# The best action vector for an observation vector.
Act = Callable[[np.ndarray], np.ndarray]


class Branch(NamedTuple):
    """What one action leads to; the first frame is the moment itself.

    An episode that `ended` goes on showing its last frame. `alike` names the other
    branches whose pictures cannot be told from these.
    """

    action: Num[np.ndarray, " actions"]
    frames: list[np.ndarray]
    ended: bool
    alike: tuple[int, ...]


class Consequences(NamedTuple):
    """What each of several actions leads to, in equally many frames."""

    branches: list[Branch]
    frames_per_second: float


def candidates(
    task: Task, action: Num[np.ndarray, " actions"]
) -> list[Num[np.ndarray, " actions"]]:
    """The actions whose consequences are worth showing, where `action` was taken.

    They are all of a Discrete space's, or those that change one part of what was done;
    nine at most.
    """
    if isinstance(task.action_space, spaces.Discrete):
        return [np.array([i], np.int32) for i in range(int(task.action_space.n))][
            :MOST_BRANCHES
        ]
    found = [task.clip(action)]
    for part, choices in enumerate(_choices(task)):
        for choice in choices:
            changed = found[0].copy()
            changed[part] = choice
            if not any(np.array_equal(changed, other) for other in found):
                found.append(changed)
    return found[:MOST_BRANCHES]


def _choices(task: Task) -> list[list[float]]:
    """The values that stand for each part of an action."""
    if task.bounds is not None:
        low, high = task.bounds
        ends = zip(low.tolist(), high.tolist(), strict=True)
        return [
            [least if np.isfinite(least) else -1.0, most if np.isfinite(most) else 1.0]
            for least, most in ends
        ]
    space = task.action_space
    if isinstance(space, spaces.MultiDiscrete):
        return [[float(i) for i in range(count)] for count in space.nvec.ravel()]
    return [[0.0, 1.0]] * spaces.flatdim(space)


def branched(
    scene: Scene,
    action: Num[np.ndarray, " actions"],
    act: Act,
    *,
    held: int,
    every: int,
    count: int,
) -> tuple[list[np.ndarray], bool]:
    """`count` small frames, one in `every` steps, and whether the episode ended.

    The action is executed for `held` steps, and then what `act` chooses.
    """
    frames: list[np.ndarray] = []
    for step in range(1, every * count + 1):
        chosen = action if step <= held else act(scene.observation)
        ended = scene.step(scene.task.clip(chosen), sparking=-step % every + 1)
        if ended or step % every == 0:
            frames.append(small(scene.picture()))
        if ended:
            return frames + frames[-1:] * (count - len(frames)), True
    return frames, False


def small(frame: Frame) -> Frame:
    """The same picture, no wider than what is shown of a branch."""
    return at_most(frame, width=BRANCH_WIDTH, height=BRANCH_WIDTH)


def look_alike(branches: Sequence[Sequence[Frame]]) -> list[tuple[int, ...]]:
    """For each branch, the others whose pictures cannot be told from its own."""
    stacked = [np.stack(frames).astype(np.int16) for frames in branches]
    same: Bool[np.ndarray, "branches branches"]
    same = np.zeros((len(branches), len(branches)), bool)
    for one in range(len(branches)):
        for other in range(one):
            apart = np.abs(stacked[one] - stacked[other]).max()
            same[one, other] = same[other, one] = apart <= SAME_COLOR
    return [tuple(np.flatnonzero(row).tolist()) for row in same]
