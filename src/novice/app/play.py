"""Let a person act in a task, in the browser, and keep what they show."""

import contextlib
import dataclasses
import json
import platform
import shlex
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from novice import __version__
from novice.app.label import wait_alone
from novice.app.options import PageOptions, UsageError, simulated_name
from novice.app.play_settings import PlaySettings
from novice.app.scene import Scene, set_scene, versions
from novice.app.serving import serve_page
from novice.app.tasks import task_called
from novice.envs.task import Task
from novice.inbox.play_server import play_app
from novice.inbox.played import NotARecordingError
from novice.inbox.recorder import Recorder
from novice.inbox.recording import (
    Recording,
    begin_recording,
    read_recording,
    recording_settings,
)
from novice.inbox.security import LOOPBACK, Doorkeeper, guard
from novice.inbox.stage import Stage
from novice.inbox.theater import Theater


def print_at_once(line: str) -> None:
    """Print a line that somebody waits for, be it a person or a program."""
    print(line, flush=True)


def play(
    id: str,
    kwargs: Mapping[str, Any],
    settings: PlaySettings,
    page: PageOptions,
    *,
    follow: bool = False,
    until_alone: bool = False,
    as_json: bool = False,
    say: Callable[[str], None] = print_at_once,
) -> int:
    """Serve the page until its person is done; the exit code.

    With a policy it drives until the person takes over; `follow` means the newest round
    of its run, at the beginning of every episode. `until_alone` ends it with the
    command that began it, and `as_json` has it say nothing but its address. What was
    done is kept whatever ends it: the page, Ctrl-C, SIGTERM or a kill.
    """
    task = task_called(id, kwargs, pictures=settings.policy is None)
    play_instead = None
    if settings.simulate is not None:
        page = dataclasses.replace(page, who=simulated_name(page.who))
        play_instead = player(task, settings.simulate, settings.episodes)
    scene = set_scene(task, settings, page, follow=follow)
    folder = chosen_folder(task, settings, page)
    door = Door(folder, page, play_instead, say=say, as_json=as_json)
    theater = Theater()
    stage = opened(theater, scene, folder)
    if until_alone:
        threading.Thread(target=wait_alone, args=(theater.done,), daemon=True).start()
    stopped_by = None
    try:
        with contextlib.closing(door):
            hello = scene.hello(stage, folder)
            stopped_by = show(theater, hello, door.keeper, page, door.open)
    finally:
        theater.close()
        if (folder / "settings.json").exists():
            conclude(read_recording(folder), door.tell)
    return 128 + stopped_by if stopped_by not in (None, signal.SIGINT) else 0


def opened(theater: Theater, scene: Scene, folder: Path) -> Stage:
    """The stage on which what is done is recorded in a folder."""
    recorder = Recorder(folder, changed=theater.wake)
    try:
        labels = read_recording(folder).taught
        return theater.open(lambda: scene.stage(recorder, labels=labels))
    except BaseException:
        recorder.close()
        raise


# What plays at an address instead of a person.
PlayInstead = Callable[[str], contextlib.AbstractContextManager[None]]


class Door:
    """Where the page's person comes in, or whoever plays instead."""

    def __init__(
        self,
        folder: Path,
        page: PageOptions,
        play_instead: PlayInstead | None,
        *,
        say: Callable[[str], None],
        as_json: bool,
    ):
        self.keeper = Doorkeeper(folder, secure=page.tls_cert is not None)
        self._page, self._play_instead = page, play_instead
        self._say, self._as_json = say, as_json
        self._stack = contextlib.ExitStack()

    def tell(self, line: str) -> None:
        """Say something to a person, who does not read JSON."""
        if not self._as_json:
            self._say(line)

    def open(self, port: int) -> None:
        """Say where the page is, now that it is there."""
        address = invite(self.keeper, self._page, port, self.tell)
        if self._as_json:
            told = {"address": address, "port": port, "who": self._page.who}
            self._say(json.dumps(told))
        if self._play_instead is not None:
            self._stack.enter_context(self._play_instead(address))

    def close(self) -> None:
        """Wait for whoever plays instead; raises what went wrong with them."""
        self._stack.close()


def show(
    theater: Theater,
    hello: Mapping[str, Any],
    doorkeeper: Doorkeeper,
    page: PageOptions,
    ready: Callable[[int], None],
) -> signal.Signals | None:
    """Serve the page until it is done, or a signal comes, which is returned."""
    app = guard(
        play_app(theater, hello), doorkeeper, allowed_hosts=LOOPBACK | {page.host}
    )
    return serve_page(app, page, ready=ready, stop=theater.done)


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
    run = recording_settings(recording.folder)["settings"].get("policy")
    if run is not None:
        say(f"You drove {count(recording.taught, 'step')} of them; those are labels.")
    if any(episode.reward.any() for episode in recording.episodes):
        returns = [episode.total_reward for episode in recording.episodes]
        say(f"Returns {min(returns):g} to {max(returns):g}.")
    task = task_words(recording)
    say(f"Clone it:        novice bc {task} --data {folder}")
    if run is None:
        say(f"Be corrected on: novice dagger {task} --expert human --from {folder}")
    elif (Path(run) / "settings.json").exists():
        say(
            f"Teach it on:     novice dagger {task} --expert human --by takeover --from"
            f" {shlex.quote(run)}"
        )


def task_words(recording: Recording) -> str:
    """The task as one types it, with its arguments."""
    return " ".join(
        [
            shlex.quote(recording.task),
            *(
                f"--task-argument {shlex.quote(f'{name}={json.dumps(value)}')}"
                for name, value in recording.kwargs.items()
            ),
        ]
    )


def count(number: int, noun: str) -> str:
    """So many of something, in words."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
