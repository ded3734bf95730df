"""Say which command goes on with a run, or learns from its labels anew."""

import dataclasses
import json
import shlex
from collections.abc import Mapping
from typing import Any

from novice.algorithms.practice_settings import ReinforceSettings
from novice.algorithms.settings import BcSettings, DaggerSettings
from novice.app.data.provenance import Labels
from novice.app.learning_commands import (
    DRIVER_REACTION,
    FROM_A_DRIVER,
    FROM_A_PERSON,
    HUMAN,
)
from novice.app.options import RunOptions, SimulationOptions

KINDS: Mapping[str, type] = {
    "bc": BcSettings,
    "dagger": DaggerSettings,
    "reinforce": ReinforceSettings,
}


def next_command(labels: Labels) -> str:
    """The command that learns without what was set aside."""
    settings = labels.settings["settings"]
    command, run = labels.settings["command"], str(labels.path)
    if labels.delivered is None:
        words = [command, settings["task"], *flags(command, settings)]
        return shlex.join(["novice", *words, "--resume", "--out", run])
    task, given = settings["task"], without_sources(settings)
    if command == "dagger":
        words = [command, task, *flags(command, given), "--from", run]
    elif command == "bc":
        words = [command, task, *flags(command, given), "--data", run]
    else:
        words = ["bc", task, *argument_words(settings), "--data", run]
    return shlex.join(["novice", *words])


def without_sources(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, but for where the labels come from.

    Those of a run are paired with what was seen already; who takes over still lags.
    """
    gone = {"from", "data"} | (set() if is_takeover(settings) else {"lag"})
    return {name: value for name, value in settings.items() if name not in gone}


def flags(command: str, settings: Mapping[str, Any]) -> list[str]:
    """The words that say each setting of a run that is not as usual."""
    found = argument_words(settings)
    values, usual = flat(settings), usual_of(command, settings)
    if is_takeover(settings):
        values.setdefault("lag", 0.0)
    for name, value in values.items():
        standard = usual.get(name)
        if isinstance(standard, list) and not isinstance(value, list):
            value = [value]
        if value != standard:
            found += flag_words(name, value)
    return found


def argument_words(settings: Mapping[str, Any]) -> list[str]:
    """The words that say what the task is told."""
    found = []
    for name, value in settings.get("task_argument", {}).items():
        # Text that reads as JSON, such as a number, needs its quotes.
        word = f"{name}={value if is_plain(value) else json.dumps(value)}"
        found += ["--task-argument", word]
    return found


def is_plain(value: Any) -> bool:
    """Whether a value is text that is read as text where JSON is looked for."""
    if not isinstance(value, str):
        return False
    try:
        json.loads(value)
    except ValueError:
        return True
    return False


def flag_words(name: str, value: Any) -> list[str]:
    """A flag with its value, as words."""
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    many = value if isinstance(value, list) else [value]
    return [f"--{flag}", *(str(each) for each in many)]


def flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting by its own name, but for the task."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if name in ("task", "task_argument"):
            continue
        if isinstance(value, Mapping):
            found |= flat(value)
        else:
            found[name] = value
    return found


def usual_of(command: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What each setting is unless the command line says something else."""
    usual: dict[str, Any] = {"expert": "auto", "lag": 0.0, "stop": "labels"}
    for kind in (RunOptions, SimulationOptions, KINDS[command]):
        usual |= flat(dataclasses.asdict(kind()))
    if command == "reinforce":
        # What is usual hangs on the task: on its own this, and all with a policy.
        del usual["episodes_per_batch"]
        if "from" in settings:
            kept = ("expert", "lag", "stop", "seed")
            usual = {name: usual[name] for name in kept}
    if is_takeover(settings):
        usual |= {**FROM_A_DRIVER, "lag": "auto"}
        if "simulation" in settings:
            usual["reaction"] = DRIVER_REACTION
    elif settings.get("expert") == HUMAN:
        usual |= FROM_A_PERSON
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in usual.items()
    }


def is_takeover(settings: Mapping[str, Any]) -> bool:
    """Whether people teach by taking the controls over."""
    by = settings.get("people", {}).get("by")
    return settings.get("expert") == HUMAN and by == "takeover"
