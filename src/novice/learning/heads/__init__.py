"""Turn a network's numbers into actions: one family of distributions a file."""

from typing import Any

from novice.learning.heads.choosing import Bernoulli, Categorical
from novice.learning.heads.gaussian import Gaussian, gaussian
from novice.learning.heads.head import AbstractHead, choices, marks_of

__all__ = [
    "AbstractHead",
    "Bernoulli",
    "Categorical",
    "Gaussian",
    "choices",
    "gaussian",
    "head_from_config",
    "marks_of",
]


def head_from_config(config: dict[str, Any]) -> AbstractHead:
    """The head that wrote this `config()`; learned numbers are filled in by the caller.

    Raises KeyError for a kind that this version does not know.
    """
    builders = {
        "categorical": lambda c: Categorical(tuple(c["counts"])),
        "bernoulli": lambda c: Bernoulli(c["count"]),
        "gaussian": lambda c: gaussian(tuple(c["center"]), tuple(c["half_range"])),
    }
    return builders[config["kind"]](config)
