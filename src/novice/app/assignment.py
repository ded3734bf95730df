"""Say what a run is to do, and open the folder where it does that or goes on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from novice import __version__
from novice.algorithms.settings import as_json
from novice.app.folder import RunFolder, free_name
from novice.app.machine import versions
from novice.app.options import RunOptions, SimulationOptions, UsageError
from novice.app.shown import LagSetting


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Everything that a run's result depends on."""

    command: str
    env: str
    kwargs: Mapping[str, Any]
    expert: str
    settings: Any
    seed: int
    test_episodes: int
    validation_episodes: int
    start: str | None = None
    data: str | None = None
    simulation: SimulationOptions | None = None
    render: str | None = None
    lag: LagSetting = 0.0
    shift: bool = True
    stop: str = "labels"  # or "enough": where more of them no longer pay

    @property
    def by_people(self) -> bool:
        """Whether people teach, in the browser."""
        return self.expert == "human"

    @property
    def by_takeover(self) -> bool:
        """Whether they do so by taking the controls over."""
        return self.by_people and self.settings.people.by == "takeover"

    @property
    def goes_on(self) -> bool:
        """Whether a policy practices that was learned elsewhere."""
        return self.command == "reinforce" and self.start is not None

    def as_json(self) -> dict[str, Any]:
        """What settings.json says."""
        values = {
            "task": self.env,
            "task_argument": dict(self.kwargs),
            "expert": self.expert,
            "seed": self.seed,
            "test_episodes": self.test_episodes,
            "validation_episodes": self.validation_episodes,
            **json.loads(json.dumps(as_json(self.settings, whole=self.goes_on))),
        }
        if self.start is not None:
            values["from"] = self.start
        if self.data is not None:
            values["data"] = self.data
        if self.render is not None:
            values["render"] = self.render
        if self.lag:
            values["lag"] = self.lag
        if not self.shift:
            values["shift"] = False
        if self.stop != "labels":
            values["stop"] = self.stop
        if self.simulation is not None:
            values["simulation"] = self.simulation.as_json()
        return {
            "command": self.command,
            "version": __version__,
            "settings": values,
            "versions": versions(),
        }


def open_folder(assignment: Assignment, options: RunOptions) -> RunFolder:
    """The run's folder: one to begin in, or the one to go on in."""
    name = f"{assignment.command}-{assignment.env}-{assignment.seed}"
    default = Path("runs") / name.replace("/", "-").replace(":", "-")
    path = Path(options.out) if options.out else default
    # What a person answered goes on by the same command.
    if not (options.resume or assignment.by_people):
        if options.out:
            refuse_what_is_there(path)
        return RunFolder(path if options.out else free_name(path))
    folder = RunFolder(path)
    folder.check_free()
    if folder.settings_path.exists():
        check_same(folder.settings(), assignment.as_json(), path)
    return folder


def refuse_what_is_there(path: Path) -> None:
    """Raise UsageError when a folder to begin in is not empty."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    on = "--resume goes on with it, " if (path / "settings.json").exists() else ""
    raise UsageError(f"{path} is there already; {on}--out names another folder")


def check_same(there: Mapping[str, Any], here: Mapping[str, Any], path: Path) -> None:
    """Raise UsageError when a run is to go on with other settings than it had."""
    before, now = flags_of(there), flags_of(here)
    names = before.keys() | now.keys()
    for name in sorted(names, key=lambda name: (name.startswith("-"), name)):
        old, new = (each.get(name, "not given") for each in (before, now))
        if old != new:
            raise UsageError(
                f"{path} was begun with {name} {old}, but now it is {new}; repeat the"
                " old value, or choose another --out"
            )


def flags_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """What settings.json says, by the words of the command line."""
    flags = {"COMMAND": content["command"]}
    for name, value in content["settings"].items():
        if name == "task":
            flags["TASK"] = value
        elif isinstance(value, dict) and name != "task_argument":
            flags |= flags_of({**content, "settings": value})
        else:
            flags["--" + name.replace("_", "-")] = value
    return flags
