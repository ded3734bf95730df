"""The play page in a real browser, played with real keys."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inbox.axe import serious_findings
from inbox.visiting import Seen
from inbox.windows import Windows
from novice.inbox.recording import read_recording

TESTS = Path(__file__).resolve().parents[1]
SHOTS = os.environ.get("NOVICE_SHOTS")

SERVE = """
import sys
from pathlib import Path
import inbox.test_stage
from novice.app.options import PageOptions
from novice.app.play import play
from novice.app.play_settings import PlaySettings
task, out, episodes = sys.argv[1:]
settings = PlaySettings(out=out, resume=True, episodes=int(episodes))
page = PageOptions(port=8750)
sys.exit(play(task, {}, settings, page, say=lambda line: print(line, flush=True)))
"""


@dataclass
class Served:
    """A play server in a process of its own."""

    process: subprocess.Popen[str]
    address: str
    folder: Path

    def rest(self) -> str:
        """What it says until its end."""
        return self.process.communicate(timeout=30)[0]


@contextmanager
def served(
    folder: Path, task: str = "CartPole-v1", episodes: int = 0
) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, task, str(folder), str(episodes)],
        cwd=TESTS,
        env=os.environ | {"PYGAME_HIDE_SUPPORT_PROMPT": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http\S+", line)
        assert found, line + process.stdout.read()
        yield Served(process, found[0], folder)
    finally:
        process.kill()
        process.communicate()


class Page(Seen):
    """A page of the browser, and what went wrong on it."""

    def __init__(self, window: Any, address: str):
        self.context = window
        super().__init__(window.new_page())
        self.wrong: list[str] = []
        self.asked: set[str] = set()
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.asked.add(request.url))
        self.page.goto(address)

    def until(self, state: str) -> None:
        self.page.wait_for_selector(f'body[data-state="{state}"]', timeout=10_000)

    def steps(self) -> int:
        return int(self.text("#steps").replace(",", ""))

    def shoot(self, name: str) -> None:
        if SHOTS:
            self.page.screenshot(path=f"{SHOTS}/play-{name}.png")


@pytest.fixture
def opened(browser: Windows) -> Iterator[Callable[..., Page]]:
    """Open pages that are closed again, and on which nothing may have gone wrong."""
    pages: list[Page] = []
    with ExitStack() as stack:

        def open_page(
            address: str, size: tuple[int, int] = (1280, 800), **options: Any
        ) -> Page:
            viewport = {"width": size[0], "height": size[1]}
            window = browser.window(viewport=viewport, bypass_csp=True, **options)
            pages.append(Page(stack.enter_context(window), address))
            return pages[-1]

        yield open_page
        for page in pages:
            assert page.wrong == []
            origins = {"/".join(url.split("/")[:3]) for url in page.asked}
            allowed = r"http://127\.0\.0\.1:\d+$"
            assert all(re.match(allowed, each) for each in origins)


def test_three_episodes_are_played_with_keys_and_recorded(
    tmp_path: Path, opened: Callable[..., Page]
):
    with served(tmp_path / "run", episodes=3) as server:
        page = opened(server.address)
        page.until("ready")
        assert "token" not in page.page.url
        assert page.text("#task") == "CartPole-v1"
        page.page.wait_for_function("document.getElementById('picture').width === 600")
        page.shoot("wide-ready")
        assert serious_findings(page.page) == []
        for episode in range(3):
            page.until("ready")
            page.down("ArrowRight")
            page.until("over")
            page.up("ArrowRight")
            if episode == 0:
                page.shoot("wide-over")
                assert serious_findings(page.page) == []
            page.page.wait_for_selector('#saved[data-state="saved"]')
            page.press("Enter")
        page.until("done")
        page.shoot("wide-done")
        saved = int(re.sub(r"\D", "", page.text("#saved")))
        said = server.rest()
        assert server.process.returncode == 0, said

    recording = read_recording(tmp_path / "run")
    assert [episode.ending for episode in recording.episodes] == ["terminated"] * 3
    assert all(episode.action.all() for episode in recording.episodes)
    assert len({episode.seed for episode in recording.episodes}) == 3
    assert recording.steps == saved
    assert f"Recorded 3 episodes, {saved} steps" in said
    assert f"novice dagger CartPole-v1 --expert human --from {tmp_path}/run" in said


def test_nothing_is_recorded_while_paused(tmp_path: Path, opened: Callable[..., Page]):
    with served(tmp_path / "run", "MountainCar-v0") as server:
        page = opened(server.address)
        page.until("ready")
        page.down("ArrowRight")
        page.until("playing")
        page.shoot("wide-playing")
        page.press("p")
        page.until("paused")
        page.shoot("wide-paused")
        steps = page.steps()
        time.sleep(0.5)
        assert page.steps() == steps > 0
        assert serious_findings(page.page) == []
        page.press("p")
        page.until("playing")


def test_fingers_play_on_a_small_screen(tmp_path: Path, opened: Callable[..., Page]):
    with served(tmp_path / "run") as server:
        page = opened(
            server.address,
            size=(360, 740),
            has_touch=True,
            is_mobile=True,
            color_scheme="dark",
        )
        page.until("ready")
        page.page.wait_for_function("document.getElementById('picture').width === 600")
        page.shoot("small-ready")
        assert page.page.evaluate("document.documentElement.scrollWidth") == 360
        buttons = page.page.query_selector_all(".action")
        for button in buttons:
            box = button.bounding_box()
            assert box["width"] >= 48 and box["height"] >= 48
            assert box["y"] + box["height"] <= 740, "reachable without scrolling"
        press = """
            (button, kind) => button.dispatchEvent(new PointerEvent(kind, {
                pointerId: 1, pointerType: "touch", bubbles: true, cancelable: true }))
        """
        page.page.evaluate("HTMLElement.prototype.setPointerCapture = () => {}")
        buttons[1].evaluate(press, "pointerdown")
        page.until("playing")
        page.shoot("small-playing")
        page.until("over")
        buttons[1].evaluate(press, "pointerup")
        page.shoot("small-over")
        assert serious_findings(page.page) == []
        page.page.click("#card-buttons .button >> nth=0")
        page.until("ready")
    (episode,) = read_recording(tmp_path / "run").episodes
    assert episode.action.all()


def test_a_page_out_of_sight_records_nothing(
    tmp_path: Path, opened: Callable[..., Page]
):
    with served(tmp_path / "run", "MountainCar-v0") as server:
        page = opened(server.address)
        page.until("ready")
        page.down("ArrowLeft")
        page.until("playing")
        page.page.evaluate("""
            Object.defineProperty(document, "hidden", { get: () => true });
            document.dispatchEvent(new Event("visibilitychange"));
        """)
        page.until("paused")
        assert "hidden" in page.text("#card-text")
        time.sleep(0.2)
        steps = read_recording(tmp_path / "run").steps
        time.sleep(0.8)
        assert read_recording(tmp_path / "run").steps == steps > 0


def test_a_lost_link_is_shown_and_records_nothing(
    tmp_path: Path, opened: Callable[..., Page]
):
    with served(tmp_path / "run", "MountainCar-v0") as server:
        page = opened(server.address)
        page.until("ready")
        page.down("ArrowLeft")
        page.until("playing")
        server.process.kill()
        page.until("lost")
        page.shoot("wide-lost")
        assert "nothing is recorded" in page.text("#card-title")
        assert serious_findings(page.page) == []
        assert page.page.is_disabled("#keep")
        steps = page.steps()
    (episode,) = read_recording(tmp_path / "run").episodes
    assert (episode.ending, episode.steps >= steps - 3) == ("unfinished", True)


def test_a_cut_socket_pauses_and_comes_back(
    tmp_path: Path, opened: Callable[..., Page]
):
    with served(tmp_path / "run", "MountainCar-v0") as server:
        page = opened(server.address)
        page.page.add_init_script("""
            const Real = WebSocket;
            window.WebSocket = class extends Real {
                constructor(...all) { super(...all); window.socket = this; }
            };
        """)
        page.page.reload()
        page.until("ready")
        page.down("ArrowLeft")
        page.until("playing")
        page.page.evaluate("socket.close()")
        page.until("paused")
        assert "connection was lost" in page.text("#card-text")
        assert page.steps() > 0


def test_a_second_tab_watches_until_it_takes_over(
    tmp_path: Path, opened: Callable[..., Page]
):
    with served(tmp_path / "run") as server:
        first = opened(server.address)
        first.until("ready")
        second = Page.__new__(Page)
        second.context, second.wrong, second.asked = first.context, [], set()
        second.page = first.context.new_page()
        second.page.goto(first.page.url)
        second.until("watching")
        assert "Another page is playing" in second.text("#card-title")
        second.shoot("wide-watching")
        second.down("ArrowLeft")
        time.sleep(0.3)
        assert (second.steps(), first.steps()) == (0, 0)
        second.up("ArrowLeft")
        second.page.click("#card-buttons .button")
        second.until("ready")
        first.until("watching")
        second.down("ArrowLeft")
        second.until("over")


def test_a_task_without_pictures_is_played_by_its_numbers(
    tmp_path: Path, opened: Callable[..., Page]
):
    with served(tmp_path / "run", "Room-v0") as server:
        page = opened(server.address)
        page.until("ready")
        assert page.page.is_hidden("#picture")
        assert "no pictures" in page.text("#large-bars .note")
        for _ in range(3):
            page.press("Digit1")
        page.page.wait_for_function("document.getElementById('steps').innerText == '3'")
        page.shoot("bars")
        assert re.search(r"\n3$", page.text("#large-bars .bars"))
        assert serious_findings(page.page) == []
        page.press("Digit1")
        page.press("Digit1")
        page.until("over")
        assert "No reward" in page.text("#card-text")
        page.press("Backspace")
        page.until("ready")
    recording = read_recording(tmp_path / "run")
    assert (recording.episodes, recording.discarded) == ((), 1)


def test_keys_rest_while_something_else_has_the_focus(
    tmp_path: Path, opened: Callable[..., Page]
):
    with served(tmp_path / "run") as server:
        page = opened(server.address)
        page.until("ready")
        page.page.focus("#help")
        page.press("ArrowLeft")
        page.page.wait_for_selector("#keys-rest", state="visible")
        page.press("Enter")
        page.page.wait_for_selector("#keys[open]")
        page.shoot("wide-help")
        page.press("Escape")
        page.page.wait_for_selector("#keys[open]", state="hidden")
        page.page.wait_for_selector("#keys-rest", state="hidden")
        page.down("ArrowLeft")
        page.until("playing")


@pytest.mark.parametrize("moment", [0.05, 0.15, 0.25])
def test_what_the_page_called_saved_survives_a_kill_of_the_server(
    tmp_path: Path, opened: Callable[..., Page], moment: float
):
    with served(tmp_path / "run", "MountainCar-v0") as server:
        page = opened(server.address)
        page.until("ready")
        page.down("ArrowLeft")
        page.until("playing")
        time.sleep(moment)
        server.process.kill()
        page.until("lost")
        found = re.search(r"Saved (\d+)", page.text("#saved"))
        saved = int(found[1]) if found else 0

        assert read_recording(tmp_path / "run").steps >= saved
        page.page.close()  # It would come back and play on.
    with served(tmp_path / "run", "MountainCar-v0") as server:
        page = opened(server.address)
        page.until("ready")
