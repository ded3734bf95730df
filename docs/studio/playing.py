"""The states of the page on which a person acts alone, in a real task."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from studio import TESTS
from studio.camera import Camera, State, opened
from studio.lander import CHOICES, NUMBERS

# Among the tests there is a task that draws nothing.
PLAY_COMMAND = """
import sys
import inbox.test_stage
from novice.app.cli import main
sys.exit(main())
"""

PLAYING = [
    State(
        name="play-ready",
        title="Ready",
        sentence=(
            "The episode has not begun: the first key of an action begins it, and"
            " nothing is recorded before."
        ),
    ),
    State(
        name="play-playing",
        title="Playing",
        sentence=(
            "The orange frame says that each step is recorded; held keys act, and the"
            " side shows the return, the steps and the time."
        ),
        dark=True,
    ),
    State(
        name="play-numbers",
        title="Actions that are numbers",
        sentence=(
            "Two numbers are a stick under a finger or the mouse, and keys move them"
            " all the way."
        ),
    ),
    State(
        name="play-paused",
        title="Paused",
        sentence=(
            "P, a hidden page or a lost connection pauses; nothing is recorded until"
            " Space or an action's key."
        ),
    ),
    State(
        name="play-over",
        title="The episode is over",
        sentence="Enter keeps the episode and begins the next; Backspace discards it.",
    ),
    State(
        name="play-done",
        title="Done",
        sentence=(
            "All episodes are kept; the page says where, the terminal what to type"
            " next."
        ),
    ),
    State(
        name="play-lost",
        title="The link is lost",
        sentence=(
            "The page could not reach the task; nothing is recorded, and it tries again"
            " by itself."
        ),
    ),
    State(
        name="play-watching",
        title="Watching",
        sentence=(
            "A second page of the same run can look on, and take the controls with one"
            " click."
        ),
    ),
    State(
        name="play-help",
        title="Keys and help",
        sentence="The question mark pauses the game and lists every key.",
    ),
    State(
        name="play-settings",
        title="Settings",
        sentence="Every key can be changed, and the buttons lie under either hand.",
    ),
    State(
        name="play-bars",
        title="A task without a picture",
        sentence="The task is played by its numbers; here each key press is one step.",
    ),
]


def show_play(browser: Any, camera: Camera, states: list[State]) -> None:
    """Take the pictures of these states."""
    wanted = {state.name for state in camera.wanted_of(states)}
    for size in ("wide", "narrow"):
        if wanted - {"play-lost", "play-bars", "play-numbers"}:
            play_through(browser, camera, size)
        if "play-lost" in wanted:
            play_until_killed(browser, camera, size)
        if "play-bars" in wanted:
            play_by_numbers(browser, camera, size)
        if "play-numbers" in wanted:
            play_with_a_stick(browser, camera, size)


@contextmanager
def played(task: str, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of `novice play` and its process, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-c", PLAY_COMMAND, "play", task, *options],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(TESTS)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            lines = iter(process.stdout or [])
            found = next(filter(None, (re.search(r"http\S+", line) for line in lines)))
            yield found[0], process
        finally:
            process.kill()
            process.communicate()


def until(page: Any, state: str) -> None:
    """Wait until the page is in this state."""
    page.wait_for_selector(f'body[data-state="{state}"]', timeout=40_000)


def begin(page: Any) -> None:
    """Fall for a while, then brake."""
    page.keyboard.down("ArrowDown")
    until(page, "playing")
    page.wait_for_timeout(700)
    page.keyboard.down("ArrowUp")
    page.keyboard.up("ArrowDown")
    page.wait_for_timeout(150)


def play_through(browser: Any, camera: Camera, size: str) -> None:
    """One episode from its beginning to its end."""
    with (
        played(CHOICES, "--episodes", "1") as (address, _),
        opened(browser, size) as page,
    ):
        page.goto(address)
        until(page, "ready")
        page.wait_for_timeout(600)
        camera.shoot(page, "play-ready", size)
        for dialog in ("help", "settings"):
            page.click(f"#{dialog}")
            page.wait_for_timeout(200)
            camera.shoot(page, f"play-{dialog}", size)
            page.keyboard.press("Escape")
            page.wait_for_selector("#stage:focus")
        page.mouse.move(1, 1)
        begin(page)
        camera.shoot(page, "play-playing", size)
        page.emulate_media(color_scheme="dark")
        page.wait_for_timeout(100)
        camera.shoot(page, "play-playing", f"{size}-dark")
        page.emulate_media(color_scheme="light")
        page.keyboard.up("ArrowUp")
        page.click("#halt" if size == "narrow" else "#pause")
        until(page, "paused")
        camera.shoot(page, "play-paused", size)
        look_on(page, camera, size)
        page.bring_to_front()
        page.keyboard.down("ArrowLeft")
        until(page, "over")
        page.keyboard.up("ArrowLeft")
        page.wait_for_timeout(400)
        camera.shoot(page, "play-over", size)
        page.keyboard.press("Enter")
        until(page, "done")
        page.wait_for_timeout(200)
        camera.shoot(page, "play-done", size)


def look_on(page: Any, camera: Camera, size: str) -> None:
    """Open a second page of the same run for a moment."""
    second = page.context.new_page()
    second.goto(page.url)
    until(second, "watching")
    second.wait_for_timeout(400)
    camera.shoot(second, "play-watching", size)
    second.close()


def play_until_killed(browser: Any, camera: Camera, size: str) -> None:
    """A server that goes away in the middle of an episode."""
    with played(CHOICES) as (address, process), opened(browser, size) as page:
        page.goto(address)
        until(page, "ready")
        begin(page)
        process.kill()
        until(page, "lost")
        page.wait_for_timeout(200)
        camera.shoot(page, "play-lost", size)


def play_by_numbers(browser: Any, camera: Camera, size: str) -> None:
    """A task that draws nothing and waits for each key."""
    with played("Room-v0") as (address, _), opened(browser, size) as page:
        page.goto(address)
        until(page, "ready")
        for _ in range(3):
            page.keyboard.press("Digit1")
            page.wait_for_timeout(100)
        camera.shoot(page, "play-bars", size)


def play_with_a_stick(browser: Any, camera: Camera, size: str) -> None:
    """A task whose actions are two numbers."""
    with played(NUMBERS) as (address, _), opened(browser, size) as page:
        page.goto(address)
        until(page, "ready")
        page.keyboard.press("ArrowRight")
        until(page, "playing")
        page.wait_for_timeout(700)
        page.keyboard.down("ArrowUp")
        page.wait_for_timeout(250)
        camera.shoot(page, "play-numbers", size)
