"""Recordings of somebody who takes over, as the play page writes them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from app.commands import WALK
from novice.app.tasks import task_called
from novice.envs.task import Task
from novice.inbox.driving import Decision
from novice.inbox.recorder import Recorder
from novice.inbox.recording import begin_recording

# Seconds of the person's time in each step.
PACE = 0.5

# Whether the person drives in a step of an episode.
Drives = Callable[[int, int], bool]


def last_four(episode: int, step: int) -> bool:
    """The policy may begin, and the person ends each episode."""
    return step >= 6


def always(episode: int, step: int) -> bool:
    """The person drives alone."""
    return True


def record(
    folder: Path,
    episodes: int,
    *,
    drives: Drives = last_four,
    policy: str | None = "round 0",
    who: str = "ana",
    task: str = WALK,
) -> None:
    """Play so many episodes of ten steps: to the middle, the policy never lets go.

    The policy always does the first of its actions.
    """
    if not (folder / "settings.json").exists():
        begin_recording(folder, {"settings": {"task": task, "kwargs": {}}})
    recorder = Recorder(folder)
    for number in range(episodes):
        play_one(recorder, task_called(task, {}), drives, policy, who, number)
    recorder.close()


def play_one(
    recorder: Recorder,
    task: Task,
    drives: Drives,
    policy: str | None,
    who: str,
    seed: int,
) -> None:
    """Record one episode to its end."""
    environment = gymnasium.make(task.id)
    observation, _ = environment.reset(seed=seed)
    recorder.begin(head(task, policy, who, seed))
    over, step = False, 0
    while not over:
        seen = task.vector(observation)
        decision = decided(task, seen, drives(seed, step), policy)
        observation, reward, terminated, truncated, _ = environment.step(
            task.executable(decision.executed)
        )
        recorder.step(
            seen,
            decision,
            float(reward),
            seen=step,
            applied=step,
            seconds=PACE * (step + 1),
            speed=1.0,
        )
        over, step = terminated or truncated, step + 1
    recorder.end(
        "truncated",
        task.vector(observation),
        terminated=False,
        truncated=True,
        seconds=PACE * step,
    )


def head(task: Task, policy: str | None, who: str, seed: int) -> dict[str, Any]:
    """What every episode says about itself."""
    return {
        "task": {"id": task.id, "kwargs": {}},
        "who": who,
        "words": {},
        "observation_size": task.observation_size,
        "action_width": int(task.head.width),
        "action_type": "int32" if task.bounds is None else "float32",
        "seed": seed,
        "policy": policy,
    }


def decided(
    task: Task, seen: np.ndarray, by_person: bool, policy: str | None
) -> Decision:
    """A step towards the middle by the person, or the policy's always same one."""
    real = task.bounds is not None
    advice = np.array([-1.0], np.float32) if real else np.array([0], np.int32)
    wanted = np.clip(-seen, -1, 1) if real else np.array([int(seen[0] < 0)], np.int32)
    chosen = wanted.astype(advice.dtype) if by_person else advice
    return Decision(
        executed=chosen,
        intended=chosen,
        driver="person" if by_person else "policy",
        policy_action=None if policy is None else advice,
        uncertainty=None,
    )
