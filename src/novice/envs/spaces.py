"""Refuse tasks whose observations or actions novice cannot learn."""

import math

import numpy as np
from gymnasium import spaces

from novice.envs.sight import Shape, seen_shape
from novice.errors import NoviceError

# A vector of more numbers than this is taken for a picture.
MOST_NUMBERS = 10_000
# A picture of more numbers than this, shrunk, is more than a policy can learn from.
MOST_PICTURE_NUMBERS = 20_000


class UnsupportedSpaceError(NoviceError):
    """The task's observations or actions are of a kind that novice cannot learn."""


def check_actions(space: spaces.Space) -> None:
    """Raise UnsupportedSpaceError unless there is a head for these actions."""
    choices = spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary
    real = isinstance(space, spaces.Box) and np.issubdtype(space.dtype, np.floating)
    if not (real or isinstance(space, choices)):
        raise UnsupportedSpaceError(
            f"the actions are {space}, but novice learns Discrete, MultiDiscrete,"
            " MultiBinary and real Box actions; wrap the task so that it takes one of"
            " these"
        )


def check_observations(space: spaces.Space, *, pictures: bool) -> None:
    """Raise UnsupportedSpaceError unless observations can become a vector."""
    if not becomes_a_vector(space):
        raise UnsupportedSpaceError(
            f"the observations are {space}, which do not flatten into a vector;"
            " wrap the task so that it shows a Box, Discrete, Dict or Tuple of these"
        )
    if pictures:
        return
    if (shape := seen_shape(space)) is not None:
        check_picture(space, shape)
        return
    size = spaces.flatdim(space)
    if size > MOST_NUMBERS:
        raise UnsupportedSpaceError(
            f"an observation has {size:,} numbers ({space}), which looks like a"
            f" picture; novice learns from vectors of at most {MOST_NUMBERS:,}: wrap"
            " the task so that it shows its state, or one picture of bytes whose last"
            " axis is color"
        )


def check_picture(space: spaces.Space, shape: Shape) -> None:
    """Raise UnsupportedSpaceError where a shrunk picture is still too large."""
    size = math.prod(shape)
    if size > MOST_PICTURE_NUMBERS:
        raise UnsupportedSpaceError(
            f"a picture has {size:,} numbers after it is shrunk to"
            f" {' x '.join(map(str, shape))} ({space}), but novice learns from at most"
            f" {MOST_PICTURE_NUMBERS:,}: wrap the task so that it shows a smaller one"
        )


def becomes_a_vector(space: spaces.Space) -> bool:
    """Whether observations are numbers, or named or listed together."""
    if isinstance(space, spaces.Dict):
        return all(becomes_a_vector(part) for part in space.values())
    if isinstance(space, spaces.Tuple):
        return all(becomes_a_vector(part) for part in space)
    numbers = spaces.Box | spaces.Discrete | spaces.MultiDiscrete | spaces.MultiBinary
    return isinstance(space, numbers)
