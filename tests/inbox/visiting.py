"""Open the labeling page in a browser, against a small server."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from inbox.axe import serious_findings
from inbox.fake_label_server import CARTPOLE, Backend, serving
from inbox.serving import served
from inbox.windows import Windows

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


# Width and height of a screen, and its colors.
Look = tuple[int, int, str]
# Each size and each scheme once; the other two pairs of them.
LOOKS: tuple[Look, ...] = ((1280, 800, "light"), (360, 740, "dark"))
OTHER_LOOKS: tuple[Look, ...] = ((1280, 800, "dark"), (360, 740, "light"))
TWO_LOOKS_AND_THE_OTHERS = [
    pytest.param(LOOKS, id="looks"),
    pytest.param(OTHER_LOOKS, id="other-looks", marks=pytest.mark.soak),
]
# So many seconds a page may take for what it is expected to do.
PATIENCE = 30.0


@dataclass
class Seen:
    """An open page: what stands on it, and the keys under somebody's fingers."""

    page: Any

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def wait_until(
        self, happened: Callable[[], bool], otherwise: Callable[[], str]
    ) -> None:
        """Look again and again, for a busy machine is late; fail with these words."""
        end = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < end, otherwise()
            self.page.wait_for_timeout(20)

    def wait(self, condition: str) -> None:
        """Wait until this expression of JavaScript is true on the page."""
        # Playwright's own waiting evaluates text, which the page's policy forbids.
        self.wait_until(
            lambda: bool(self.page.evaluate(condition)),
            lambda: f"never came: {condition}",
        )

    def reads(self, words: str, selector: str) -> None:
        """Wait until these words stand there."""
        self.wait_until(
            lambda: words in self.text(selector),
            lambda: f"{words!r} is not in {self.text(selector)!r}",
        )

    def says(self, words: str, selector: str) -> None:
        """Wait until these words and no others stand there."""
        self.wait_until(
            lambda: self.text(selector) == words,
            lambda: f"{self.text(selector)!r} is not {words!r}",
        )

    def shows(self, selector: str, *, visible: bool = True) -> None:
        """Wait until something can be seen, or no longer."""
        self.wait_until(
            lambda: self.page.is_visible(selector) == visible,
            lambda: f"{selector} is visible: {not visible}",
        )

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

    def wait_for_question(self) -> None:
        """Until a question is on the screen, no card hides it, and all is saved."""
        self.wait(f"{READY} && document.querySelector('#card').hidden")
        self.page.evaluate(PAINTED)

    def saved(self, count: int, *, rows: int = 0) -> list[dict[str, Any]]:
        """The rows, once so many questions have one and the page says so.

        An answer that takes another's place is a row more and no question more.
        """
        self.wait_until(
            lambda: (
                len(self.backend.standing()) >= count and len(self.backend.rows) >= rows
            ),
            lambda: f"only {len(self.backend.rows)} rows came",
        )
        stored = self.backend.progress()["stored"]
        text = "document.querySelector('#saved-text').textContent"
        self.wait(f"{SAVED} && {text} === 'Saved {stored:,}'")
        return self.backend.rows

    def keeps_out(self, looks: Sequence["Look"]) -> list[str]:
        """What keeps somebody out who has one of these screens and schemes."""
        self.page.evaluate(PAINTED)  # What moves in has begun to.
        faults: list[str] = []
        for width, height, scheme in looks:
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.emulate_media(color_scheme=scheme)
            found = serious_findings(self.page)
            faults += [f"{width} {scheme}: {each}" for each in found]
            fits = "document.documentElement.scrollWidth <= innerWidth"
            if not self.page.evaluate(fits):
                faults.append(f"{width}: wider than the screen")
        return faults


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Windows) -> Iterator[Open]:
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
            page = stack.enter_context(browser.window(**context)).new_page()
            if practiced:
                page.add_init_script(PRACTICED)
            if script:
                page.add_init_script(script)
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
def visit_to(browser: Windows, desk: Any) -> Iterator[Visit]:
    """Open the page of our own server as ana; its errors hold all that goes wrong."""
    with served(desk.app) as port, browser.window() as window:
        page = window.new_page()
        page.add_init_script(PRACTICED)
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
