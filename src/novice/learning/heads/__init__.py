"""Turn a network's numbers into actions: one family of distributions a file."""

from collections.abc import Callable
from typing import Any

import jax
from jaxtyping import PRNGKeyArray

from novice.learning.heads.choosing import Bernoulli, Categorical
from novice.learning.heads.discretized import Discretized, discretized
from novice.learning.heads.flow import Flow, flow
from novice.learning.heads.gaussian import Gaussian, gaussian
from novice.learning.heads.head import (
    ABOUT,
    AbstractHead,
    AbstractRealHead,
    cannot_say,
    choices,
    marks_of,
)
from novice.learning.heads.mixture import Mixture, mixture
from novice.learning.heads.pairs import Pairs
from novice.learning.heads.squared import Squared

__all__ = [
    "ABOUT",
    "CHOOSING_HEADS",
    "REAL_HEADS",
    "AbstractHead",
    "AbstractRealHead",
    "Bernoulli",
    "Categorical",
    "Discretized",
    "Flow",
    "Gaussian",
    "Mixture",
    "Pairs",
    "Squared",
    "cannot_say",
    "choices",
    "choosing_head",
    "discretized",
    "flow",
    "gaussian",
    "head_from_config",
    "marks_of",
    "mixture",
    "real_head",
]

# The kinds of heads that `real_head` and `choosing_head` build.
REAL_HEADS = ("gaussian", "squared", "mixture", "discretized", "flow")
CHOOSING_HEADS = ("categorical", "pairs")


def real_head(
    name: str,
    center: tuple[float, ...],
    half_range: tuple[float, ...],
    *,
    bounded: bool = False,
    key: PRNGKeyArray,
) -> AbstractHead:
    """A head for real actions that has learned nothing yet; `name` is in REAL_HEADS.

    Where they are `bounded`, none is farther from the center than half the range.
    """
    builders: dict[str, Callable[[], AbstractHead]] = {
        "gaussian": lambda: gaussian(center, half_range),
        "squared": lambda: Squared(center, half_range),
        "mixture": lambda: mixture(center, half_range, key=key),
        "discretized": lambda: discretized(center, half_range, key=key),
        "flow": lambda: flow(center, half_range, bounded=bounded, key=key),
    }
    return builders[name]()


def choosing_head(name: str, counts: tuple[int, ...]) -> AbstractHead:
    """A head that chooses among options; `name` is in CHOOSING_HEADS."""
    builders: dict[str, Callable[..., AbstractHead]] = {
        "categorical": Categorical,
        "pairs": Pairs,
    }
    return builders[name](counts)


def head_from_config(config: dict[str, Any]) -> AbstractHead:
    """The head that wrote this `config()`; learned numbers are filled in by the caller.

    Raises KeyError for a kind that this version does not know.
    """
    settings = dict(config)
    kind = settings.pop("kind")
    if kind == "bernoulli":
        return Bernoulli(**settings)
    if kind in CHOOSING_HEADS:
        return choosing_head(kind, tuple(settings["counts"]))
    builders: dict[str, Callable[..., AbstractHead]] = {
        "gaussian": gaussian,
        "squared": Squared,
        "mixture": mixture,
        "discretized": discretized,
        "flow": flow,
    }
    builder = builders[kind]
    settings |= {name: tuple(settings[name]) for name in ("center", "half_range")}
    if kind in ("mixture", "discretized", "flow"):
        settings["key"] = jax.random.key(0)
    return builder(**settings)
