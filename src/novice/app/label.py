"""Serve the page on which a run's questions are answered.

JAX is not imported here: the page is there at once, and nothing disturbs it.
"""

import contextlib
import dataclasses
import functools
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from novice.app.options import PageOptions, SimulationOptions, simulated_name
from novice.app.serving import serve_page
from novice.errors import NoviceError
from novice.files import CannotWriteError
from novice.inbox.darkroom import Darkroom
from novice.inbox.security import LOOPBACK, Doorkeeper
from novice.inbox.server import label_app
from novice.inbox.store import Inbox

# Where a run keeps its questions and answers.
INBOX = Path("dataset") / "inbox.sqlite"


class NobodyAsksError(NoviceError):
    """The run has no questions for people."""


class NoInstructionsError(NoviceError):
    """The instructions for the page cannot be read."""


def label(
    run: str,
    page: PageOptions,
    simulation: SimulationOptions,
    *,
    as_json: bool = False,
    until_alone: bool = False,
) -> int:
    """Let people answer until a signal comes, or the command that began this ends."""
    folder = folder_that_asks(run)
    if simulation.simulate:
        page = dataclasses.replace(page, who=simulated_name(page.who))
    instructions = instructions_in(page.instructions)
    doorkeeper = Doorkeeper(folder, secure=page.tls_cert is not None)
    stop = threading.Event()
    if until_alone:
        threading.Thread(target=wait_alone, args=(stop,), daemon=True).start()
    answer = None
    if simulation.simulate:
        from novice.app.simulation import answering, people_for

        people = people_for(folder, simulation)
        answer = functools.partial(answering, people, folder, hurry=simulation.hurry)
    with contextlib.ExitStack() as stack:
        inbox = stack.enter_context(contextlib.closing(Inbox(folder / INBOX)))
        if page.render is not None:
            inbox.tell("render", page.render)
        if instructions is not None:
            inbox.tell("instructions", instructions)
        token = doorkeeper.invite(page.who)

        def ready(port: int) -> None:
            stack.enter_context(serving_at(inbox, page, port))
            print_addresses(page, port, token, as_json=as_json)
            if answer is not None:
                stack.enter_context(answer(address_of(page, port, token)))

        darkroom, hosts = Darkroom(inbox, folder), {*LOOPBACK, page.host}
        app = label_app(folder, doorkeeper, inbox, darkroom, allowed_hosts=hosts)
        serve_page(app, page, ready=ready, stop=stop)
    return 0


def kept_in_inbox(folder: Path, name: str) -> Any:
    """A fact that a run's inbox was told; None where there is no inbox."""
    if not (folder / INBOX).exists():
        return None
    with contextlib.closing(Inbox(folder / INBOX)) as inbox:
        return inbox.told(name)


def folder_that_asks(run: str) -> Path:
    """The folder of a run that asks people; raises NobodyAsksError."""
    folder = Path(run)
    if not (folder / INBOX).exists():
        raise NobodyAsksError(
            f"{run} asks nobody: it holds no {INBOX}; novice dagger TASK --expert human"
            f" --out {run} begins a run that does"
        )
    return folder


@contextlib.contextmanager
def serving_at(inbox: Inbox, page: PageOptions, port: int) -> Iterator[None]:
    """Let other commands know where the page is, for as long as it is there."""
    place = {"scheme": scheme_of(page), "host": page.host, "port": port}
    inbox.tell("served", place)
    try:
        yield
    finally:
        # A full disk is no reason to end badly: whoever looks asks at the port too.
        with contextlib.suppress(CannotWriteError):
            if inbox.told("served") == place:
                inbox.tell("served", None)


def instructions_in(path: str | None) -> str | None:
    """The text that the page shows; raises NoInstructionsError."""
    if path is None:
        return None
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise NoInstructionsError(
            f"--instructions {path} cannot be read ({error}); name a text file"
        ) from error


def wait_alone(stop: threading.Event) -> None:
    """Set `stop` when the command at the other end of stdin ends."""
    # Not through sys.stdin: whoever ends while a thread reads there is killed for it.
    with contextlib.suppress(OSError):
        while os.read(0, 1):
            pass
    stop.set()


def address_of(page: PageOptions, port: int, token: str) -> str:
    """The address that lets a person in."""
    return address_at(scheme_of(page), page.host, port, token)


def scheme_of(page: PageOptions) -> str:
    """How the page is spoken to."""
    return "http" if page.tls_cert is None else "https"


def address_at(scheme: str, host: str, port: int, token: str, path: str = "/") -> str:
    """The address of a page, with the token that lets a person in."""
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{port}{path}?token={token}"


def print_addresses(page: PageOptions, port: int, token: str, *, as_json: bool) -> None:
    """Say where to answer."""
    address = address_of(page, port, token)
    if as_json:
        print(json.dumps({"address": address, "port": port, "who": page.who}))
    else:
        print("\n".join(invitation(page, port, address)))
        print("Ctrl-C ends it; every answer is kept.")
    sys.stdout.flush()


def invitation(page: PageOptions, port: int, address: str) -> list[str]:
    """How to get to the page, from this machine and from another one."""
    lines = [f"Answer here:  {address}"]
    if page.host in LOOPBACK:
        here = socket.gethostname()
        lines.append(
            f"From another machine:  ssh -L {port}:127.0.0.1:{port} {here}  and then"
            " the same address"
        )
    elif page.tls_cert is None:
        lines.append(
            "Whoever is on this network can read along: --tls-cert and --tls-key keep"
            " it between you and the page."
        )
    return lines
