"""Serve the page on which a person settles answers that contradict each other."""

import json
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from novice.app.data.docket import Docket
from novice.app.data.moments import RowsAsked
from novice.app.data.provenance import Labels, labels_of
from novice.app.data.telling import many
from novice.app.label import address_of, invitation, kept_in_inbox
from novice.app.options import PageOptions, UsageError, refuse_false_name
from novice.app.serving import serve_page
from novice.app.tasks import task_called
from novice.envs.task import Task
from novice.errors import NoviceError
from novice.inbox.darkroom import Darkroom
from novice.inbox.people import People
from novice.inbox.security import LOOPBACK, Doorkeeper
from novice.inbox.settle_server import settle_app


class NothingToSettleError(NoviceError):
    """A run without labels that contradict each other."""


def settle(run: str, page: PageOptions, *, as_json: bool = False) -> int:
    """Let a person settle pairs until a signal comes, and say what came of it."""
    labels, folder = labels_of(run), Path(run)
    doorkeeper = Doorkeeper(folder, secure=page.tls_cert is not None)
    check_may_decide(doorkeeper.everybody(), page.who, folder)
    docket = docket_of(labels)
    rows = RowsAsked(labels, task_of(labels), render_of(labels, page))
    token = doorkeeper.invite(page.who)

    def ready(port: int) -> None:
        address = address_of(page, port, token)
        lines = announcement(docket.progress(page.who), page, port, address)
        told = {"address": address, "port": port, "by": page.who}
        print(json.dumps(told) if as_json else "\n".join(lines))
        sys.stdout.flush()

    darkroom, hosts = Darkroom(rows, folder), {*LOOPBACK, page.host}
    app = settle_app(doorkeeper, docket, darkroom, allowed_hosts=hosts)
    serve_page(app, page, ready=ready)
    if not as_json and docket.changed():
        told = docket.progress(page.who)["closing"]
        print(f"{told['sentence']} Next: {told['next']}")
    return 0


def docket_of(labels: Labels) -> Docket:
    """The pairs of a run; raises NothingToSettleError where there are none."""
    docket = Docket(labels, task_of(labels))
    if docket.is_empty():
        near = docket.found.near
        why = "no two are about nearly equal observations"
        if near:
            why = f"of {many(near, 'pair')} of nearly equal observations, none was"
            why += " answered differently"
        raise NothingToSettleError(
            f"no two labels of {labels.path} contradict each other ({why}); novice"
            f" data doubt {labels.path} says what else to look at"
        )
    return docket


def task_of(labels: Labels) -> Task:
    """The task that a run is about."""
    settings = labels.settings["settings"]
    return task_called(settings["task"], settings["task_argument"])


def render_of(labels: Labels, page: PageOptions) -> str | None:
    """What draws the moments, if the task does not: given now, or to the run."""
    kept = kept_in_inbox(labels.path, "render")
    return page.render or kept or labels.settings["settings"].get("render")


def announcement(
    progress: Mapping[str, Any], page: PageOptions, port: int, address: str
) -> list[str]:
    """What there is to settle, and where."""
    done = f", {progress['settled']:,} settled already" if progress["settled"] else ""
    _, *elsewhere = invitation(page, port, address)
    return [
        f"{many(progress['open'], 'pair')} of contradicting answers to settle{done}",
        f"Settle them here:  {address}",
        *elsewhere,
        "Ctrl-C ends it; what was settled is kept, and the next time goes on there.",
    ]


def check_name(by: str) -> None:
    """Raise UsageError for a name under which nothing can be decided on a page."""
    if not re.fullmatch(r"[\w][\w .-]{0,39}", by):
        raise UsageError(
            f"--by is {by!r}, but a name is up to 40 letters, digits, spaces, dots and"
            " dashes"
        )
    refuse_false_name(by, "--by")


def check_may_decide(people: People, by: str, run: Path) -> None:
    """Raise UsageError for whom the run knows as somebody who decides nothing.

    Serving the page must make nobody an owner who was let in for something else, or is
    not to come in any more.
    """
    known = people.named(by)
    if known is None or (known.role == "owner" and not known.revoked):
        return
    article = "an" if known.role == "observer" else "a"
    what = "was revoked" if known.revoked else f"is {article} {known.role}"
    words = ["novice", "label", str(run), "--invite", by, "--role", "owner"]
    raise UsageError(
        f"--by is {by!r}, but only an owner of {run} decides and {by} {what}; give"
        f" another name, or make them an owner: {shlex.join(words)}"
    )
