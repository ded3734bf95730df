"""Walk the tightrope: lean against its sway, and climb back after a fall."""

from typing import Any

import numpy as np

from novice.envs.own.tightrope import CLIMB, against
from novice.experts.expert import Law


def tightrope() -> Law:
    """Lean against the sway on the rope, climb in the net. The law is novice's own."""
    return Law("tightrope walker", _walk)


def _walk(observation: Any) -> int:
    _, sway, depth = np.asarray(observation)
    return CLIMB if depth > 0 else int(against(sway))
