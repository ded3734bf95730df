"""Berkeley's CS 285 experts for Hopper and HalfCheetah, as functions of an observation.

The folder that CS285_EXPERTS names holds `Hopper_expert.npz` and
`HalfCheetah_expert.npz`: two tanh layers over a standardized observation.
"""

import functools
import os
from pathlib import Path

import numpy as np


@functools.cache
def weights(name: str) -> dict[str, np.ndarray]:
    """The arrays of one expert."""
    with np.load(Path(os.environ["CS285_EXPERTS"]) / f"{name}_expert.npz") as file:
        return {key: file[key] for key in file.files}


def act(name: str, observation: np.ndarray) -> np.ndarray:
    """What the expert does; the task clips it."""
    w = weights(name)
    z = (observation - w["obs_mean"]) / (w["obs_std"] + 1e-6)
    hidden = np.tanh(np.tanh(z @ w["w0"] + w["b0"]) @ w["w1"] + w["b1"])
    return hidden @ w["w2"] + w["b2"]


def hopper(observation: np.ndarray) -> np.ndarray:
    """Hopper-v4 and v5."""
    return act("Hopper", observation)


def half_cheetah(observation: np.ndarray) -> np.ndarray:
    """HalfCheetah-v4 and v5."""
    return act("HalfCheetah", observation)
