"""Let a person act in a task, in the browser, and keep what they show."""

import contextlib
import dataclasses
import json
import platform
import shlex
import signal
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from novice import __version__
from novice.app.options import PageOptions, UsageError, simulated_name
from novice.app.play_settings import PlaySettings
from novice.app.tasks import render_called, task_called
from novice.envs.task import Task
from novice.envs.words import words
from novice.inbox.connections import serve
from novice.inbox.controls import controls
from novice.inbox.play_server import play_app
from novice.inbox.recording import (
    NotARecordingError,
    Recorder,
    Recording,
    begin_recording,
    read_recording,
    recording_settings,
)
from novice.inbox.screen import Screen
from novice.inbox.security import LOOPBACK, Doorkeeper, guard
from novice.inbox.stage import Stage
from novice.inbox.theater import Theater

TURNS = {"auto": None, "yes": True, "no": False}


def play(
    id: str,
    kwargs: Mapping[str, Any],
    settings: PlaySettings,
    page: PageOptions,
    *,
    say: Callable[[str], None] = print,
) -> int:
    """Serve the page until its person is done; the exit code.

    What was done is kept whatever ends it: the page, Ctrl-C, SIGTERM or a kill.
    """
    task = task_called(id, kwargs, pictures=True)
    play_instead = None
    if settings.simulate is not None:
        page = dataclasses.replace(page, who=simulated_name(page.who))
        play_instead = player(task, settings.simulate, settings.episodes)
    described = words(task)
    buttons = controls(described, task.id)
    draw = render_called(page.render) if page.render else None
    folder = chosen_folder(task, settings, page)
    theater, screen = Theater(), Screen(task, draw)
    recorder = Recorder(folder, changed=theater.wake)
    try:
        stage = theater.open(
            lambda: Stage(
                task,
                recorder,
                buttons,
                screen,
                head=head(task, described, page.who),
                seed=settings.seed,
                turns=TURNS[settings.turns],
                speed=settings.speed,
                episodes=settings.episodes,
            )
        )
    except BaseException:
        recorder.close()
        raise
    stopped_by = None

    def ready(port: int) -> None:
        address = invite(doorkeeper, page, port, say)
        if play_instead is not None:
            stack.enter_context(play_instead(address))

    stack = contextlib.ExitStack()
    try:
        hello = {
            "task": task.id,
            "who": page.who,
            "turns": stage.turns,
            "frames_per_second": stage.frames_per_second,
            "buttons": [button.as_json() for button in buttons.buttons],
            "groups": list(buttons.groups),
            "words": described,
            "folder": str(folder),
        }
        doorkeeper = Doorkeeper(folder, secure=page.tls_cert is not None)
        with stack:
            stopped_by = serve(
                guard(
                    play_app(theater, hello),
                    doorkeeper,
                    allowed_hosts=LOOPBACK | {page.host},
                ),
                host=page.host,
                port=page.port,
                tls_cert=Path(page.tls_cert) if page.tls_cert else None,
                tls_key=Path(page.tls_key) if page.tls_key else None,
                ready=ready,
                stop=theater.done,
            )
    finally:
        theater.close()
        if (folder / "settings.json").exists():
            conclude(read_recording(folder), say)
    return 128 + stopped_by if stopped_by not in (None, signal.SIGINT) else 0


def chosen_folder(task: Task, settings: PlaySettings, page: PageOptions) -> Path:
    """The folder to record into, begun or found; raises NotARecordingError."""
    named = f"runs/play-{task.id.replace('/', '-').replace(':', '-')}-{settings.seed}"
    folder = Path(settings.out or named)
    if settings.resume and (folder / "settings.json").exists():
        check_same_task(folder, task)
        return folder
    if settings.out is None:
        base, number = folder, 2
        while folder.exists():
            folder = base.with_name(f"{base.name}-{number}")
            number += 1
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"{folder} is there already; --resume adds to a recording, or choose"
            " another --out"
        )
    begin_recording(
        folder,
        {
            "version": __version__,
            "versions": versions(),
            "settings": {
                "task": task.id,
                "kwargs": dict(task.kwargs),
                "who": page.who,
                **dataclasses.asdict(settings),
            },
        },
    )
    return folder


def check_same_task(folder: Path, task: Task) -> None:
    """Raise NotARecordingError when something else was played in the folder."""
    before = recording_settings(folder)["settings"]
    if (before["task"], before["kwargs"]) != (task.id, dict(task.kwargs)):
        raise NotARecordingError(
            f"{folder} holds {before['task']} {before['kwargs'] or ''}, not"
            f" {task.id} {dict(task.kwargs) or ''}; choose another --out"
        )


def versions() -> dict[str, str]:
    """What a recording may depend on besides its settings."""
    found = {name: metadata.version(name) for name in ("gymnasium", "numpy")}
    return {"python": platform.python_version(), **found}


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


def invite(
    doorkeeper: Doorkeeper, page: PageOptions, port: int, say: Callable[[str], None]
) -> str:
    """Print the address, which is returned, and how to come to it from elsewhere."""
    token = doorkeeper.invite(page.who)
    scheme = "https" if page.tls_cert else "http"
    host = f"[{page.host}]" if ":" in page.host else page.host
    address = f"{scheme}://{host}:{port}/play?token={token}"
    say(f"Play at {address}")
    if page.host in LOOPBACK:
        say(
            "From another machine, first: ssh -L"
            f" {port}:{host}:{port} {platform.node() or 'this-machine'}"
        )
    say("Ctrl-C ends it; what you did is kept, step by step.")
    return address


def player(
    task: Task, who: str, episodes: int
) -> Callable[[str], contextlib.AbstractContextManager[None]]:
    """A simulated person, who plays at an address beside the server."""
    from novice.app.simulation import playing, simulated_player

    choose = simulated_player(task, who)
    return lambda address: playing(choose, address, episodes=episodes)


def conclude(recording: Recording, say: Callable[[str], None]) -> None:
    """Say what was recorded, and what to type next."""
    folder = shlex.quote(str(recording.folder))
    discarded = recording.discarded
    thrown = f", {count(discarded, 'episode')} discarded" if discarded else ""
    if not recording.episodes:
        say(f"Nothing was recorded{thrown}. The folder is {folder}.")
        return
    episodes = count(len(recording.episodes), "episode")
    say(
        f"Recorded {episodes}, {count(recording.steps, 'step')},"
        f" {recording.seconds:.0f} seconds of your time{thrown}: {folder}"
    )
    if any(episode.reward.any() for episode in recording.episodes):
        returns = [episode.total_reward for episode in recording.episodes]
        say(f"Returns {min(returns):g} to {max(returns):g}.")
    task = " ".join(
        [
            shlex.quote(recording.task),
            *(
                f"--task-argument {shlex.quote(f'{name}={json.dumps(value)}')}"
                for name, value in recording.kwargs.items()
            ),
        ]
    )
    say(f"Clone it:        novice bc {task} --data {folder}")
    say(f"Be corrected on: novice dagger {task} --expert human --from {folder}")


def count(number: int, noun: str) -> str:
    """So many of something, in words."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
