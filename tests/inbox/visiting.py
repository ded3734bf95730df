"""Open the labeling page in a browser, against a small server."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from inbox.fake_label_server import CARTPOLE, Backend, serving

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


@dataclass
class Visit:
    """An open page, its server's memory, and what went wrong in it."""

    page: Any
    backend: Backend
    url: str
    errors: list[str] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

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

    def saved(self, count: int) -> list[dict[str, Any]]:
        """The rows, once so many questions have one and the page says so."""
        end = time.monotonic() + 15
        while len(self.backend.standing()) < count:
            assert time.monotonic() < end, f"only {len(self.backend.rows)} rows came"
            self.page.wait_for_timeout(20)
        stored = self.backend.progress()["stored"]
        text = "document.querySelector('#saved-text').textContent"
        self.wait(f"{SAVED} && {text} === 'Saved {stored:,}'")
        return self.backend.rows

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def violations(self) -> list[str]:
        """What axe-core finds serious or critical."""
        axe = pytest.importorskip("axe_playwright_python")
        script = (Path(axe.__file__).parent / "axe.min.js").read_text()
        protocol = self.page.context.new_cdp_session(self.page)
        protocol.send("Runtime.evaluate", {"expression": script})
        found = protocol.send(
            "Runtime.evaluate",
            {
                "expression": "axe.run().then(r => JSON.stringify(r.violations))",
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        return [
            f"{each['id']}: {each['nodes'][0]['html'][:200]}"
            for each in json.loads(found["result"]["value"])
            if each["impact"] in ("serious", "critical")
        ]


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
            visits.append(one)
            return one

        yield open_page
    assert [error for one in visits for error in one.errors] == []


def actions_of(rows: list[dict[str, Any]]) -> list[Any]:
    return [row["actions"] for row in rows]


def words_of(kind: dict[str, Any]) -> dict[str, Any]:
    return CARTPOLE | {"action": kind}
