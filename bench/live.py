"""Measure the play page live, in Chromium against our own server.

    python bench/live.py [--minutes 10] [--policy] [--busy]

Somebody plays a task of 30 pictures of 256x256 a second. Each picture says when it was
drawn, and both ends read the same monotonic clock, so that the time from there to the
screen can be told. After a minute of that, memory is watched: of the page's JavaScript
after a collection, of the browser process that draws it, and of the server. With
--policy a cloned policy drives, and the person takes over now and then; with --busy a
run trains on each core all the while. Prints a table as bench/page.py does.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from clockwork import BITS, FRAMES_PER_SECOND, SIZE, SQUARE, Clock
from novice.inbox.screen import encoded
from page import CHROMIUM, Row, spread, training, wait_for

BENCH = Path(__file__).parent
TASK = "clockwork:Clock-v0"
# So long, in seconds: frames are timed, memory is looked at, somebody drives.
TIMED, LOOK, DRIVES = 60, 5, 15
PINGS = 300

# Reads each picture that comes to the page's canvas, and notes its number, when it was
# drawn and when it had been painted; the page knows nothing of it.
WATCH = """
const seen = window.seen = {frames: [], on: false};
const probe = new OffscreenCanvas(size, 3 * square)
  .getContext("2d", {willReadFrequently: true});
let last = -1;
function number(row) {
  const line = ((row + 0.5) * square) * size;
  const {data} = probe.getImageData(0, 0, size, 3 * square);
  let found = 0;
  for (let bit = 0; bit < bits; bit++) {
    found = 2 * found + (data[4 * (line + (bit + 0.5) * square)] > 127 ? 1 : 0);
  }
  return found;
}
const draw = CanvasRenderingContext2D.prototype.drawImage;
CanvasRenderingContext2D.prototype.drawImage = function (image, ...place) {
  draw.call(this, image, ...place);
  if (!seen.on || image.width !== size) return;
  probe.drawImage(image, 0, 0);
  const frame = number(0);
  if (frame === last) return;
  last = frame;
  const drawn = (number(1) * 2 ** bits + number(2)) / 1000;
  const {port1, port2} = new MessageChannel();
  port1.onmessage = () => seen.frames.push([frame, drawn, performance.now()]);
  requestAnimationFrame(() => port2.postMessage(null));
};
"""
LAYOUT = f"const size = {SIZE}, bits = {BITS}, square = {SQUARE};"


@contextmanager
def playing(folder: Path, *, policy: bool) -> Iterator[tuple[str, int]]:
    """The address of a page on which the task is played, and its server's process."""
    environment = {**os.environ, "PYTHONPATH": str(BENCH), "PYTHONUNBUFFERED": "1"}
    novice = [sys.executable, "-m", "novice"]
    command = [*novice, "play", TASK, "--out", "played"]
    if policy:
        clone = ["--expert", "clockwork:steer", "--demonstrations", "2", "--no-report"]
        clone += ["--steps", "500", "--test-episodes", "2", "--out", "cloned"]
        subprocess.run(
            [*novice, "bc", TASK, *clone],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        command += ["--policy", "cloned"]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield address_in(process.stdout), process.pid
    finally:
        process.terminate()
        process.communicate(timeout=30)


def address_in(lines: Iterator[str]) -> str:
    """The address that a command prints."""
    for line in lines:
        if found := re.search(r"https?://\S+\?token=\S+", line):
            return found[0]
    raise SystemExit("novice play did not start; what it says stands above")


@dataclass(frozen=True)
class Clocks:
    """What the page's clock shows beside ours, in milliseconds."""

    ahead: float  # of the page's clock, ours is
    error: float  # at most


def compared(page: Page) -> Clocks:
    """Ask the page for its time again and again; the quickest reply is the best."""
    found = []
    for _ in range(PINGS):
        before = time.monotonic()
        there = page.evaluate("performance.now()")
        after = time.monotonic()
        middle = 500 * (before + after)
        found.append(Clocks(middle - there, 500 * (after - before)))
    return min(found, key=lambda clocks: clocks.error)


@dataclass
class Player:
    """Somebody at the page: begins, keeps each episode, and goes on.

    Where a policy drives, they take the controls and hand them back now and then.
    """

    page: Page
    drove: float = field(default_factory=time.monotonic)

    def play(self, seconds: float) -> None:
        """Play on for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.press()
            self.page.wait_for_timeout(500)

    def press(self) -> None:
        """Press whatever is needed now."""
        state = self.page.evaluate("document.body.dataset.state")
        if state == "over":
            self.page.keyboard.press("Enter")
        elif state == "ready":
            self.page.keyboard.press("Space")
        elif state == "paused":
            self.page.keyboard.press("p")
        elif state in ("watch", "drive") and time.monotonic() - self.drove > DRIVES:
            self.page.keyboard.press("Space")
            self.drove = time.monotonic()


@dataclass(frozen=True)
class Memory:
    """What is in use, in megabytes."""

    script: float
    drawing: float
    server: float


def resident(process: int) -> float:
    """Megabytes of a process that are in memory."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def drawing_process(browser: Browser) -> int:
    """The process that runs the page: the one that has worked most."""
    session = browser.new_browser_cdp_session()
    found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    pages = [each for each in found if each["type"] == "renderer"]
    return int(max(pages, key=lambda each: each["cpuTime"])["id"])


def memory_now(session: CDPSession, drawing: int, server: int) -> Memory:
    """What is in use after what is not needed has been let go."""
    session.send("HeapProfiler.collectGarbage")
    used: dict[str, Any] = session.send("Runtime.getHeapUsage")
    return Memory(used["usedSize"] / 1e6, resident(drawing), resident(server))


def growth(megabytes: Sequence[float]) -> str:
    """From the mean of the first looks to that of the last ones."""
    few = max(1, min(6, len(megabytes) // 2))
    first, last = np.mean(megabytes[:few]), np.mean(megabytes[-few:])
    return (
        f"{first:.1f} to {last:.1f} MB: {last - first:+.1f} MB, never more than"
        f" {max(megabytes):.1f} MB (n = {len(megabytes)})"
    )


def timing_rows(frames: Sequence[Sequence[float]], clocks: Clocks) -> list[Row]:
    """How long each picture was on its way, and how many came."""
    late = [painted + clocks.ahead - drawn for _, drawn, painted in frames]
    numbers = [number for number, _, _ in frames]
    count = int(max(numbers) - min(numbers)) + 1
    seconds = (frames[-1][2] - frames[0][2]) / 1000
    weight = len(encoded(Clock("rgb_array").render())) / 1000
    return [
        Row("picture drawn to painted on the page", spread(late), "p95 <= 50 ms"),
        Row(
            "pictures painted",
            f"{len(frames)} of {count} drawn, {len(frames) / seconds:.1f} a second,"
            f" of {weight:.0f} kB",
            f"{FRAMES_PER_SECOND} a second",
        ),
        Row("what both clocks differ by at most", f"{clocks.error:.2f} ms", ""),
    ]


def memory_rows(looks: Sequence[Memory], minutes: float) -> list[Row]:
    """How memory grew."""
    what = {
        "JavaScript of the page": [look.script for look in looks],
        "the process that draws it": [look.drawing for look in looks],
        "the server": [look.server for look in looks],
    }
    return [
        Row(f"memory of {name}, {minutes:g} min", growth(values), "growth <= 20 MB")
        for name, values in what.items()
    ]


def measure(folder: Path, minutes: float, *, policy: bool) -> list[Row]:
    """Every line of the table."""
    with (
        playing(folder, policy=policy) as (address, server),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(LAYOUT + WATCH)
        page.goto(address)
        wait_for(page, "document.body.dataset.state === 'ready'")
        player = Player(page)
        player.play(5)
        clocks = compared(page)
        page.evaluate("() => {seen.on = true}")
        player.play(TIMED)
        frames = page.evaluate("() => {seen.on = false; return seen.frames.splice(0)}")
        drawing, session = drawing_process(browser), page.context.new_cdp_session(page)
        looks, end = [], time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            looks.append(memory_now(session, drawing, server))
            player.play(LOOK)
        browser.close()
    return [*timing_rows(frames, clocks), *memory_rows(looks, minutes)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--policy", action="store_true")
    parser.add_argument("--busy", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        training(Path(folder), os.cpu_count() or 1 if options.busy else 0),
    ):
        for row in measure(Path(folder), options.minutes, policy=options.policy):
            print(f"| {row.what} | {row.found} | {row.hold} |")


if __name__ == "__main__":
    main()
