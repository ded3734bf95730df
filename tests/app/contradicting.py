"""A run whose labels contradict each other in known places."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.commands import short
from novice.app.cli import main

EPISODES, STEPS = 8, 10
# In these rows of the file, all of them ed's, the answer was turned around; a run has
# all rows of dora first.
TURNED = (12, 37, 55)
WRONG = (42, 57, 65)
PEOPLE = ("dora", "ed")


def make_contradicting(
    folder: Path, task: str = "app.homemade:Walk-v0", turned: Sequence[int] = TURNED
) -> Path:
    """A clone of eight walks from a file, each through the same ten places."""
    place = np.tile(np.linspace(-0.9, 0.9, STEPS), EPISODES)[:, None]
    action = (place[:, 0] < 0).astype(int)
    action[list(turned)] = 1 - action[list(turned)]
    names = np.array(PEOPLE)[np.arange(EPISODES) % 2]
    real = {"action": np.where(action, 0.8, -0.8)[:, None]} if "Glide" in task else {}
    np.savez(
        folder / "walks.npz",
        observation=place,
        **({"action": action} | real),
        episode_length=[STEPS] * EPISODES,
        who=names,
    )
    run = folder / "run"
    words = short("bc", "--data", folder / "walks.npz", "--out", run, task=task)
    assert main([*words, "--steps", "20"]) == 0
    return run


def right_row(pair: tuple[int, int]) -> int:
    """The row of a pair that was not turned around."""
    [right] = [row for row in pair if row not in WRONG]
    return right
