"""Measure how fast the labeling page is, in Chromium against our own server.

    python bench/page.py [--keys 400] [--busy]

With --busy a run trains at full speed on each core all the while, and stands back as
runs do that people answer. Prints a table: what was measured, the median, the 95th and
the 99th percentile of the times, and the figure to hold.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import Page, sync_playwright

from novice.inbox.assets import assets
from novice.inbox.connections import serve
from novice.inbox.darkroom import NotDrawnError
from novice.inbox.security import Doorkeeper
from novice.inbox.server import label_app
from novice.inbox.store import AskedEpisode, Inbox, NewQuestion, SavedClip

CHROMIUM = "/usr/bin/chromium"
FRAMES, WIDTH, HEIGHT = 12, 600, 400
QUESTIONS = 3000
VISITS = 10
A_SECOND = 20

WORDS = {
    "observation": [
        {"name": f"number {n}", "unit": None, "low": -3.0, "high": 3.0}
        for n in range(8)
    ],
    "action": {
        "kind": "discrete",
        "choices": [
            {"name": "left", "keys": ["ArrowLeft", "Digit1"], "place": "left"},
            {"name": "right", "keys": ["ArrowRight", "Digit2"], "place": "right"},
        ],
        "idle": None,
    },
    "step_seconds": 0.02,
}

# Notes when keys came, when pictures were drawn and painted, and when the server had
# confirmed each answer; the page knows nothing of it.
WATCH = """
localStorage["novice.settings"] = JSON.stringify({practiced: true});
const seen = window.seen = {keys: [], drawn: [], painted: [], confirmed: [], first: 0};
let open = null;
addEventListener("keydown", (event) => {
  if (event.repeat) return;
  seen.keys.push(event.timeStamp);
  open = event.timeStamp;
}, {capture: true});
const draw = CanvasRenderingContext2D.prototype.drawImage;
CanvasRenderingContext2D.prototype.drawImage = function (...all) {
  draw.apply(this, all);
  seen.first ||= performance.now();
  if (open === null) return;
  const key = open;
  open = null;
  seen.drawn.push(performance.now() - key);
  const {port1, port2} = new MessageChannel();
  port1.onmessage = () => seen.painted.push(performance.now() - key);
  requestAnimationFrame(() => port2.postMessage(null));
};
const send = window.fetch;
window.fetch = async (path, how) => {
  const reply = await send(path, how);
  if (path === "/api/answers") {
    for (const each of JSON.parse(how.body).answers) {
      seen.confirmed.push(performance.now() - seen.keys[seen.confirmed.length]);
    }
  }
  return reply;
};
"""


class Album:
    """Pictures of a usual size, which are there at once."""

    def __init__(self) -> None:
        pixels = np.random.default_rng(0).integers(0, 60, (HEIGHT // 8, WIDTH // 8, 3))
        ground = Image.fromarray(pixels.astype(np.uint8)).resize((WIDTH, HEIGHT))
        strip = Image.new("RGB", (WIDTH, HEIGHT * FRAMES))
        for frame in range(FRAMES):
            strip.paste(ground, (0, HEIGHT * frame))
            draw = ImageDraw.Draw(strip)
            left, top = 40 * frame, HEIGHT * frame + 150
            draw.ellipse((left, top, left + 60, top + 60), "#e69f00")
        file = io.BytesIO()
        strip.save(file, "JPEG", quality=88)
        self._strip = SavedClip(
            file.getvalue(), "image/jpeg", FRAMES, WIDTH, HEIGHT, 24.0
        )

    async def clip(self, question: int) -> SavedClip:
        """The one strip there is."""
        return self._strip

    async def consequences(self, question: int) -> Any:
        """None: looking ahead is not what is measured."""
        raise NotDrawnError("the bench has no pictures of what would come of it")

    def expect(self, questions: Sequence[int], *, consequences: bool) -> None:
        """Everything is there already."""

    def forget(self, questions: Sequence[int]) -> None:
        """Nothing is kept."""

    async def close(self) -> None:
        """Nothing is open."""


def ask(folder: Path) -> Inbox:
    """An inbox full of questions."""
    inbox = Inbox(folder / "dataset" / "inbox.sqlite")
    actions = np.zeros((QUESTIONS, 1), np.int32)
    rows = np.random.default_rng(0).normal(size=(QUESTIONS, 8)).astype(np.float32)
    asked = [
        NewQuestion(0, step, step, row, actions[step], None)
        for step, row in enumerate(rows)
    ]
    inbox.add_visit(0, [AskedEpisode(None, 0, 0, 7, actions, True)], asked)
    inbox.tell("words", WORDS)
    inbox.tell("task", {"id": "Bench-v0", "kwargs": {}, "folder": "."})
    return inbox


def serve_folder(folder: Path) -> None:
    """Serve the questions of a new inbox until a signal comes."""
    inbox, doorkeeper = ask(folder), Doorkeeper(folder)
    app = label_app(folder, doorkeeper, inbox, Album())
    token = doorkeeper.invite("ana")

    def tell(port: int) -> None:
        print(json.dumps(f"http://127.0.0.1:{port}/?token={token}"), flush=True)

    serve(app, host="127.0.0.1", port=0, ready=tell)
    inbox.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server in a process of its own."""
    command = [sys.executable, __file__, "--serve", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(timeout=30)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    found: str
    hold: str


def spread(milliseconds: Sequence[float]) -> str:
    """Median, 95th and 99th percentile, and the largest."""
    middle, late, latest = np.percentile(milliseconds, [50, 95, 99])
    return (
        f"p50 {middle:.1f} ms, p95 {late:.1f} ms, p99 {latest:.1f} ms,"
        f" max {max(milliseconds):.1f} ms (n = {len(milliseconds)})"
    )


def wait_for(page: Page, condition: str) -> None:
    """Until this is true on the page."""
    end = time.monotonic() + 60
    while not page.evaluate(condition):
        if time.monotonic() > end:
            raise TimeoutError(condition)
        page.wait_for_timeout(10)


def first_items(page: Page, address: str) -> list[float]:
    """Milliseconds from each navigation to the first picture on the canvas."""
    found = []
    for _ in range(VISITS):
        page.goto(address)
        wait_for(page, "seen.first > 0")
        found.append(page.evaluate("seen.first"))
    return found


def type_steadily(page: Page, keys: int) -> dict[str, list[float]]:
    """What the page saw while somebody answered 20 times a second."""
    began = time.perf_counter()
    for number in range(keys):
        page.keyboard.press("12"[number % 2])
        rest = began + (number + 1) / A_SECOND - time.perf_counter()
        if rest > 0:
            time.sleep(rest)
    wait_for(page, f"seen.confirmed.length >= {keys}")
    return page.evaluate("seen")


BURST = """async (keys) => {
  const began = performance.now();
  for (const key of keys) {
    const code = key === "1" ? "Digit1" : "Digit2";
    const event = {key, code, bubbles: true, cancelable: true};
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", event));
    await new Promise((done) => setTimeout(done, 5));
  }
  return performance.now() - began;
}"""


def burst(page: Page, inbox: Inbox) -> Row:
    """100 keys in less than a second: what became of them."""
    typed = ["12"[n * n % 7 % 2] for n in range(100)]
    before = inbox.last_answer()
    began = time.perf_counter()
    took = page.evaluate(BURST, typed)
    end = began + 60
    while inbox.last_answer() < before + 100 and time.perf_counter() < end:
        time.sleep(0.01)
    durable = time.perf_counter() - began
    kept = [
        str(int(each.answer.actions[0][0]) + 1) for each in inbox.answers_after(before)
    ]
    order = "in order" if kept == typed[: len(kept)] else "NOT IN ORDER"
    found = (
        f"{100 - len(kept)} lost, {order}; typed in {took / 1000:.2f} s, all durable"
        f" after {durable:.2f} s"
    )
    return Row("burst of 100 keys", found, "0 lost, in order, typed in < 1 s")


def measure(folder: Path, keys: int) -> list[Row]:
    """Every line of the table."""
    names = assets()
    weight = sum(
        len(asset.content) for name, asset in names.items() if "play" not in name
    )
    with served(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(WATCH)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        origin = address.partition("/?")[0]
        visits = first_items(page, origin)
        wait_for(page, "document.querySelector('#skeleton').hidden")
        page.wait_for_timeout(1000)
        seen = type_steadily(page, keys)
        inbox = Inbox(folder / "dataset" / "inbox.sqlite")
        rows = [burst(page, inbox) for _ in range(3)]
        inbox.close()
        browser.close()
    strangers = [url for url in asked if not url.startswith((origin, "blob:"))]
    return [
        Row("first usable item after navigation", spread(visits), "<= 1500 ms"),
        Row("key to next frame drawn", spread(seen["drawn"]), "p99 <= 16 ms"),
        Row("key to next frame painted", spread(seen["painted"]), ""),
        Row(
            f"key to durable, {A_SECOND} a second",
            spread(seen["confirmed"][:keys]),
            "p99 <= 50 ms",
        ),
        *rows,
        Row("weight of the page", f"{weight / 1000:.1f} kB", "<= 150 kB"),
        Row("requests to elsewhere", f"{len(strangers)} of {len(asked)}", "0"),
    ]


@contextmanager
def training(folder: Path, count: int) -> Iterator[None]:
    """So many runs that learn without end."""
    words = ["-m", "novice", "dagger", "LunarLander-v3", "--labels", "1000000"]
    runs = [
        subprocess.Popen(
            ["nice", "-n", "10", sys.executable, *words, "--out", f"training-{number}"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for number in range(count)
    ]
    if runs:
        time.sleep(12)  # Until they have compiled.
    try:
        yield
    finally:
        for run in runs:
            run.kill()
            run.wait()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=400)
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve_folder(options.serve)
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        training(Path(folder), os.cpu_count() or 1 if options.busy else 0),
    ):
        for row in measure(Path(folder) / "run", options.keys):
            print(f"| {row.what} | {row.found} | {row.hold} |")


if __name__ == "__main__":
    main()
