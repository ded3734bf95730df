"""What a person acts with: a task, its controls, and its policy."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from novice import __version__
from novice.app.label import instructions_in
from novice.app.options import PageOptions
from novice.app.play_settings import PlaySettings
from novice.app.tasks import render_called
from novice.envs.pictures import Render
from novice.envs.task import Task
from novice.envs.words import words
from novice.inbox.controls import controls
from novice.inbox.hands import AbstractControls
from novice.inbox.recorder import Recorder
from novice.inbox.screen import Screen
from novice.inbox.stage import Stage
from novice.inbox.status import takeover_words

if TYPE_CHECKING:
    from novice.app.pilot import PolicyPilot

TURNS = {"auto": None, "yes": True, "no": False}


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """Everything that acting needs, found before anything is begun."""

    task: Task
    settings: PlaySettings
    who: str
    words: Mapping[str, Any]
    instructions: str | None
    controls: AbstractControls
    pilot: "PolicyPilot | None"
    draw: Render | None

    def stage(self, recorder: Recorder, *, labels: int) -> Stage:
        """The task as a stage, in whose folder there are so many labels already."""
        settings = self.settings
        return Stage(
            self.task,
            recorder,
            self.controls,
            Screen(self.task, self.draw),
            head=head(self.task, self.words, self.who),
            seed=settings.seed,
            turns=TURNS[settings.turns],
            speed=settings.speed,
            episodes=settings.episodes,
            pilot=self.pilot,
            labels=labels,
        )

    def hello(self, stage: Stage, folder: Path) -> dict[str, Any]:
        """What the page is told once."""
        return {
            "task": self.task.id,
            "who": self.who,
            "turns": stage.turns,
            "frames_per_second": stage.frames_per_second,
            "buttons": [button.as_json() for button in self.controls.buttons],
            "groups": list(self.controls.groups),
            "words": self.words,
            "folder": str(folder),
            "instructions": self.instructions,
            "uncertainty": "" if self.pilot is None else self.pilot.uncertainty_means,
            **takeover_words(
                takeover=stage.takes_over,
                drive=self.settings.drive,
                rewinds=stage.rewinds,
                axes=self.controls.axes,
            ),
        }


def set_scene(
    task: Task, settings: PlaySettings, page: PageOptions, *, follow: bool
) -> Scene:
    """Find what acting needs; raises CannotPlayError and other NoviceErrors."""
    described = words(task)
    instructions = instructions_in(page.instructions)
    buttons = controls(described, task.id, takeover=settings.policy is not None)
    return Scene(
        task=task,
        settings=settings,
        who=page.who,
        words=described,
        instructions=instructions,
        controls=buttons,
        pilot=pilot_of(settings.policy, task, follow=follow),
        draw=render_called(page.render) if page.render else None,
    )


def pilot_of(run: str | None, task: Task, *, follow: bool) -> "PolicyPilot | None":
    """Who drives until a person takes over, if anybody; raises NoviceError."""
    if run is None:
        return None
    # Without a policy nobody waits for JAX.
    from novice.app.pilot import PolicyPilot

    return PolicyPilot(run, task, follow=follow)


def head(task: Task, described: Mapping[str, Any], who: str) -> dict[str, Any]:
    """What every episode says about itself."""
    return {
        "task": {"id": task.id, "kwargs": dict(task.kwargs)},
        "who": who,
        "version": __version__,
        "versions": versions(),
        "words": dict(described),
        "observation_size": task.observation_size,
        "action_width": int(np.prod(task.action_space.shape or ())),
        "action_type": "int32" if task.bounds is None else "float32",
    }


def versions() -> dict[str, str]:
    """What a recording may depend on besides its settings."""
    found = {name: metadata.version(name) for name in ("gymnasium", "numpy")}
    return {"python": platform.python_version(), **found}
