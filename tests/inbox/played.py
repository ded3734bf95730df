"""Stages to play on without a page, and recordings to read."""

from pathlib import Path
from typing import Any

import numpy as np

from novice.envs.task import Task, make_task
from novice.envs.words import words
from novice.inbox.controls import controls
from novice.inbox.driving import Decision, Driver
from novice.inbox.recorder import Recorder
from novice.inbox.recording import begin_recording
from novice.inbox.screen import Screen
from novice.inbox.stage import Stage
from novice.inbox.wishes import Alive, Axes, Held, Wanted, Wish

HEAD = {"who": "ana", "seed": 7, "words": {"action": {"kind": "discrete"}}}
SHAPES = {"observation_size": 2, "action_width": 1, "action_type": "int32"}


def begun(folder: Path, task: str = "CartPole-v1") -> Path:
    begin_recording(folder, {"settings": {"task": task, "kwargs": {}}})
    return folder


def record(
    recorder: Recorder, *, steps: int, first: int = 0, by: Driver = "person"
) -> None:
    """Steps whose every number says which step it is."""
    for number in range(first, first + steps):
        action = np.array([number % 2], np.int32)
        recorder.step(
            np.array([number, number / 3], np.float32),
            Decision(action, action, by, None, None),
            float(number) / 7,
            seen=max(0, number - 1),
            applied=number,
            seconds=number / 50,
            speed=1.0,
        )


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Player:
    """Somebody in front of a stage, whose clock the test turns."""

    def __init__(self, folder: Path, task: str | Task = "CartPole-v1", **options: Any):
        self.task = make_task(task) if isinstance(task, str) else task
        if not (folder / "settings.json").exists():
            begun(folder, self.task.id)
        self.clock = Clock()
        described = words(self.task)
        kind = "int32" if self.task.bounds is None else "float32"
        head = {
            "who": "ana",
            "words": described,
            "observation_size": self.task.observation_size,
            "action_width": int(np.prod(self.task.action_space.shape or ())),
            "action_type": kind,
        }
        self.recorder = Recorder(folder)
        self.stage = Stage(
            self.task,
            self.recorder,
            controls(described, self.task.id),
            options.pop("screen", None) or Screen(self.task),
            head=head,
            seed=0,
            clock=self.clock,
            **{"turns": None, **options},
        )

    def wish(self, wish: Wish) -> None:
        self.stage.hear(Wanted(wish))

    def hold(self, *keys: str, axes: Axes | None = None) -> None:
        self.stage.hear(Held(keys, seen=self.stage.frame, axes=axes))

    def begin(self, *keys: str) -> None:
        self.hold(*keys)
        self.wish("go")

    def wait(self, seconds: float, *, alive: bool = True) -> None:
        """Let time pass in small pieces, with a page that is there or is not."""
        end = self.clock.now + seconds
        while self.clock.now < end - 1e-9:
            self.clock.now += 0.005
            self.stage.showed(self.stage.frame)
            if alive:
                self.stage.hear(Alive(self.stage.frame))
            self.stage.tick()

    @property
    def state(self) -> str:
        return self.stage.state

    @property
    def steps(self) -> int:
        return self.stage.status.steps
