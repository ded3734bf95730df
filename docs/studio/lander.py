"""Moments of a landing, drawn as the server draws them."""

import functools
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.box2d.lunar_lander import heuristic

from novice.envs.branches import candidates
from novice.envs.moment import Moment
from novice.envs.replayer import Replayer
from novice.envs.task import make_task
from novice.envs.words import words
from novice.inbox.drawing import developed_branches, developed_clip

CHOICES = "LunarLander-v3"
NUMBERS = "LunarLanderContinuous-v3"
SEED = 3
FIRST, EVERY = 40, 9  # the steps of the episode that are shown

Clip = tuple[bytes, str, int, int, int]


@dataclass(frozen=True)
class Landing:
    """Moments of an episode in the words of its task."""

    words: dict[str, Any]
    clips: list[Clip]
    every: int  # steps of the task between two frames of a clip
    observations: list[list[float]]
    branches: tuple[bytes, str, int, int, int, list[dict[str, Any]]]


@functools.cache
def landing(name: str) -> Landing:
    """One episode of Gymnasium's own pilot, made clumsy, seen at several moments."""
    task = make_task(name, pictures=True)
    actions, seen = flown(name)
    replayer = Replayer(task)
    flying = int(np.argmax(seen[:, 6:].any(axis=1)))  # until a leg is on the ground
    clips, observations, every = [], [], 0
    for step in range(FIRST, flying, EVERY):
        told, image = developed_clip(
            replayer.clip(Moment(task, SEED, actions[:step]), seen=seen[step])
        )
        clips.append((image, *sizes(told)))
        observations.append([float(number) for number in seen[step]])
        every = told["every"]
    choices = candidates(task, actions[FIRST])
    moment = Moment(task, SEED, actions[:FIRST])
    told, image = developed_branches(
        replayer.consequences(moment, choices, None, seen=seen[FIRST])
    )
    replayer.close()
    branches = (image, *sizes(told), told["branches"])
    return Landing(words(task), clips, every, observations, branches)


def sizes(told: dict[str, Any]) -> tuple[str, int, int, int]:
    """The media type of a strip, its frames, and the width and height of one."""
    return told["media"], told["frames"], told["width"], told["height"]


def flown(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The actions of an episode, and what was seen before each."""
    environment = gymnasium.make(name)
    generator = np.random.default_rng(SEED)
    observation, _ = environment.reset(seed=SEED)
    actions, seen, over = [], [], False
    while not over:
        best = np.atleast_1d(heuristic(environment.unwrapped, observation))
        slip = generator.integers(4, size=1)
        if name == NUMBERS:
            slip = generator.uniform(-1, 1, size=2)
        action = slip if generator.random() < 0.3 else best
        actions.append(action)
        seen.append(observation)
        taken = action.astype(np.float32) if name == NUMBERS else int(action[0])
        observation, _, ended, cut, _ = environment.step(taken)
        over = ended or cut
    environment.close()
    kind = np.float32 if name == NUMBERS else np.int32
    return np.array(actions, kind), np.array(seen)
