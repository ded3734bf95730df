"""What the tests of the page share: a browser, a run to answer, and who may."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from inbox.serving import PLENTY, Album, fill
from inbox.visiting import visit  # noqa: F401
from inbox.windows import ARGUMENTS, Windows
from novice.inbox.security import Doorkeeper, Guard
from novice.inbox.server import label_app
from novice.inbox.store import Inbox

CHROMIUM = "/usr/bin/chromium"


def why_there_is_no_browser() -> str | None:
    """A sentence when pages cannot be tried here, None when they can."""
    if shutil.which(CHROMIUM) is None:
        return f"the page was not tried in a browser: there is no {CHROMIUM}"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "the page was not tried in a browser: playwright is not installed"
    return None


@pytest.fixture(scope="module")
def browser() -> Iterator[Windows]:
    """Chromium without a window; where there is none, CI fails and others skip.

    Until it is closed, no other event loop can run in the thread: it ends with the
    module.
    """
    reason = why_there_is_no_browser()
    if reason is not None:
        if os.environ.get("CI") or os.environ.get("NOVICE_NEEDS_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield Windows(chromium)
        chromium.close()


@dataclass(frozen=True)
class Desk:
    """A label server in this process, and what it works with."""

    folder: Path
    inbox: Inbox
    doorkeeper: Doorkeeper
    album: Album
    app: Guard

    def visitor(self, **other: Any) -> TestClient:
        """A client that nobody knows yet."""
        return TestClient(
            self.app, base_url="http://localhost:8642", follow_redirects=False, **other
        )

    def labeler(self, who: str = "ana", **other: Any) -> TestClient:
        """A browser that came in with its token, and says that our page sends it."""
        client = self.visitor(**other)
        reply = client.get("/", params={"token": self.doorkeeper.invite(who)})
        assert reply.status_code == 303, reply.text
        client.headers["Origin"] = "http://localhost:8642"
        client.headers["X-Novice-CSRF"] = client.get("/api/hello").json()["csrf"]
        return client


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A run with 30 questions, asked by a server without limits on how fast."""
    folder = tmp_path / "run"
    inbox = fill(folder, questions=30)
    doorkeeper, album = Doorkeeper(folder), Album()
    app = label_app(folder, doorkeeper, inbox, album, answers=PLENTY, bad_tokens=PLENTY)
    yield Desk(folder, inbox, doorkeeper, album, app)
    inbox.close()
