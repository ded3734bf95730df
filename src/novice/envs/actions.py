"""Find the head whose actions are those of a space."""

from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from novice.envs.spaces import UnsupportedSpaceError, check_actions

if TYPE_CHECKING:
    from jaxtyping import PRNGKeyArray

    from novice.learning.heads import AbstractHead


def head_for(space: spaces.Space) -> "AbstractHead":
    """The head whose actions are those of `space`; raises UnsupportedSpaceError."""
    # Whoever only plays or looks at a task need not wait for JAX.
    from novice.learning.heads import Bernoulli, Categorical, gaussian

    if isinstance(space, spaces.Discrete):
        return Categorical((int(space.n),))
    if isinstance(space, spaces.MultiDiscrete):
        return Categorical(tuple(int(n) for n in space.nvec.ravel()))
    if isinstance(space, spaces.MultiBinary):
        return Bernoulli(int(np.prod(space.shape)))
    check_actions(space)
    return gaussian(*center_and_half_range(space))


def named_head(
    space: spaces.Space, name: str, chunk: int, *, of: str, key: "PRNGKeyArray"
) -> "AbstractHead":
    """A head by its name for the actions `of` a task; `auto` is the usual one.

    It decides `chunk` actions at once. Raises UnsupportedSpaceError.
    """
    from novice.learning.heads import (
        CHOOSING_HEADS,
        REAL_HEADS,
        Bernoulli,
        choosing_head,
        real_head,
    )

    real = isinstance(space, spaces.Box)
    known = REAL_HEADS if real else CHOOSING_HEADS
    if name == "auto":
        name = "gaussian" if real else "categorical"
    if isinstance(space, spaces.MultiBinary) and name == "categorical":
        return Bernoulli(chunk * head_for(space).width)
    if name not in known or isinstance(space, spaces.MultiBinary):
        usable = known if real or not isinstance(space, spaces.MultiBinary) else ()
        raise UnsupportedSpaceError(
            f"the head {name} is not made for the actions of {of}, which takes"
            f" {space}; --head is one of {', '.join(['auto', *usable])} there"
        )
    if isinstance(space, spaces.Box):
        center, half_range = center_and_half_range(space)
        if name == "discretized" and not space.is_bounded():
            raise UnsupportedSpaceError(
                f"the head discretized needs bounds, but {of} takes {space};"
                " choose mixture or flow"
            )
        return real_head(
            name,
            center * chunk,
            half_range * chunk,
            bounded=space.is_bounded(),
            key=key,
        )
    return choosing_head(name, head_for(space).options * chunk)


def center_and_half_range(
    box: Any,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The middle and half of the range of each real action; 0 and 1 without bounds."""
    low, high = box.low.ravel().astype(np.float64), box.high.ravel().astype(np.float64)
    bounded = np.isfinite(low) & np.isfinite(high)
    low, high = np.where(bounded, low, -1.0), np.where(bounded, high, 1.0)
    # Where there is nothing to choose, any unit will do but zero.
    half = np.where(high > low, (high - low) / 2, 1.0)
    return tuple(((low + high) / 2).tolist()), tuple(half.tolist())
