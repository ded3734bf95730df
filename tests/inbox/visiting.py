"""Open the labeling page in a browser, against a small server."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from inbox.axe import serious_findings
from inbox.fake_label_server import CARTPOLE, Backend, serving
from inbox.serving import served

PRACTICED = (
    "localStorage['novice.settings'] ??= JSON.stringify({practiced: true});"
    # Whatever a name from outside manages to run would set this.
    "window.alert = () => { window.hacked = true };"
)
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
}
SAVED = "document.querySelector('#saved').dataset.state === 'saved'"
READY = f"document.querySelector('#skeleton').hidden && {SAVED}"
# A key waits until its question has been on the screen, which a busy machine delays.
PAINTED = """new Promise((then) => {
  const {port1, port2} = new MessageChannel();
  port1.onmessage = () => (port1.close(), then(true));
  requestAnimationFrame(() => port2.postMessage(null));
})"""


@dataclass
class Seen:
    """An open page: what stands on it, and the keys under somebody's fingers."""

    page: Any

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def reads(self, words: str, selector: str) -> None:
        """Wait until these words stand there: a busy machine paints late."""
        end = time.monotonic() + 15
        while words not in (found := self.text(selector)):
            assert time.monotonic() < end, f"{words!r} is not in {found!r}"
            self.page.wait_for_timeout(20)

    def says(self, words: str, selector: str) -> None:
        """Wait until these words and no others stand there."""
        end = time.monotonic() + 15
        while (found := self.text(selector)) != words:
            assert time.monotonic() < end, f"{found!r} is not {words!r}"
            self.page.wait_for_timeout(20)

    def shows(self, selector: str, *, visible: bool = True) -> None:
        """Wait until something can be seen, or no longer."""
        end = time.monotonic() + 15
        while self.page.is_visible(selector) != visible:
            assert time.monotonic() < end, f"{selector} is visible: {not visible}"
            self.page.wait_for_timeout(20)

    def down(self, key: str) -> None:
        self.page.keyboard.down(key)

    def up(self, key: str) -> None:
        self.page.keyboard.up(key)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)


@dataclass
class Visit(Seen):
    """An open page, its server's memory, and what went wrong in it."""

    backend: Backend
    url: str
    errors: list[str] = field(default_factory=list)

    def burst(self, codes: list[str]) -> None:
        """Press these physical keys faster than anybody can."""
        self.page.evaluate(
            """(codes) => {
                 for (const code of codes) {
                   const key = {code, key: code, bubbles: true, cancelable: true};
                   const event = new KeyboardEvent("keydown", key);
                   document.activeElement.dispatchEvent(event);
                 }
               }""",
            codes,
        )

    def wait(self, condition: str) -> None:
        # Playwright's own waiting evaluates text, which the page's policy forbids.
        end = time.monotonic() + 15
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, f"never came: {condition}"
            self.page.wait_for_timeout(20)

    def wait_for_question(self) -> None:
        """Until a question is on the screen, no card hides it, and all is saved."""
        self.wait(f"{READY} && document.querySelector('#card').hidden")
        self.page.evaluate(PAINTED)

    def saved(self, count: int, *, rows: int = 0) -> list[dict[str, Any]]:
        """The rows, once so many questions have one and the page says so.

        An answer that takes another's place is a row more and no question more.
        """
        end = time.monotonic() + 15
        while len(self.backend.standing()) < count or len(self.backend.rows) < rows:
            assert time.monotonic() < end, f"only {len(self.backend.rows)} rows came"
            self.page.wait_for_timeout(20)
        stored = self.backend.progress()["stored"]
        text = "document.querySelector('#saved-text').textContent"
        self.wait(f"{SAVED} && {text} === 'Saved {stored:,}'")
        return self.backend.rows

    def keeps_out(self) -> list[str]:
        """What keeps somebody out: wide and on a phone, in light and in dark."""
        self.page.wait_for_timeout(350)
        faults: list[str] = []
        for width, height in ((1280, 800), (360, 740)):
            self.page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme)
                found = serious_findings(self.page)
                faults += [f"{width} {scheme}: {each}" for each in found]
            fits = "document.documentElement.scrollWidth <= innerWidth"
            if not self.page.evaluate(fits):
                faults.append(f"{width}: wider than the screen")
        return faults


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Any) -> Iterator[Open]:
    """Open the page of a backend; at the end no script of it may have failed."""
    visits: list[Visit] = []
    with ExitStack() as stack:

        def open_page(
            backend: Backend | None = None,
            practiced: bool = True,
            ready: bool = True,
            script: str = "",
            **context: Any,
        ) -> Visit:
            backend = backend or Backend()
            url = stack.enter_context(serving(backend))
            window = stack.enter_context(browser.new_context(**context))
            if practiced:
                window.add_init_script(PRACTICED)
            if script:
                window.add_init_script(script)
            page = window.new_page()
            page.set_default_timeout(10_000)
            one = Visit(page, backend, url)
            page.on("pageerror", lambda error: one.errors.append(str(error)))
            page.on("dialog", lambda dialog: dialog.accept())
            page.on("request", lambda request: backend.requests.append(request.url))
            page.goto(url)
            if ready:
                one.wait(READY)
                page.evaluate(PAINTED)
            visits.append(one)
            return one

        yield open_page
    assert [error for one in visits for error in one.errors] == []


@contextmanager
def visit_to(browser: Any, desk: Any) -> Iterator[Visit]:
    """Open the page of our own server as ana; its errors hold all that goes wrong."""
    with served(desk.app) as port, browser.new_context() as window:
        window.add_init_script(PRACTICED)
        page = window.new_page()
        one = Visit(page, Backend(), "")
        page.on(
            "console",
            lambda line: line.type == "error" and one.errors.append(line.text),
        )
        page.on("pageerror", lambda error: one.errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}/?token={desk.doorkeeper.invite('ana')}")
        one.wait(READY)
        yield one


def actions_of(rows: list[dict[str, Any]]) -> list[Any]:
    return [row["actions"] for row in rows]


def words_of(kind: dict[str, Any]) -> dict[str, Any]:
    return CARTPOLE | {"action": kind}
