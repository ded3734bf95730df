"""A person, simulated, in a real browser: they watch a lander, and take it over.

They see what anybody sees, the named bars and the policy's action beside the picture,
and press keys.
"""

import json
import subprocess
import time
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest

from app.commands import spoken
from app.test_person_in_chromium import command
from inbox.conftest import browser  # noqa: F401
from novice.app.takeover import take_overs
from novice.experts.companion import Companion
from novice.experts.controllers import built_in_expert
from novice.inbox.recording import read_recording

TASK = "LunarLanderContinuous-v3"
FRAMES_PER_SECOND = 50
# What is pressed where nothing goes on by itself.
GO_ON = {"over": "Enter", "ready": "Space", "paused": "KeyP"}
READ = """() => ({
    state: document.body.dataset.state,
    steps: document.querySelector('#steps').textContent,
    bars: [...document.querySelectorAll('#bars .bar-value, #bars .bars > .value')]
        .map(e => e.textContent),
    policy: [...document.querySelectorAll('#compare .number.policy')]
        .map(e => e.textContent),
})"""


def numbers(texts: list[str], count: int) -> np.ndarray | None:
    """What stands there; None unless there are so many numbers."""
    words = [text.replace("\u2212", "-").split() for text in texts]
    try:
        found = [float(each[0]) for each in words[:count]]
    except (IndexError, ValueError):
        return None
    return np.array(found, np.float32) if len(found) == count else None


def by_keys(observation: np.ndarray) -> np.ndarray:
    """What the textbook would do, with engines that are on or off."""
    expert = built_in_expert(TASK, {})
    (main, side), _ = expert.act(expert.start(), observation)
    push = float(np.sign(side)) if abs(side) > 0.5 else 0.0
    return np.array([1.0 if main > 0 else 0.0, push], np.float32)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """0 where the same engines burn, 1 where none of them does as it should.

    The main engine burns from 0 on, and those at the sides from a half on.
    """
    main = (one[0] > 0) != (other[0] > 0)
    sides = [np.sign(each[1]) * (abs(each[1]) > 0.5) for each in (one, other)]
    return 0.5 * float(main) + 0.5 * float(sides[0] != sides[1])


def keys_for(action: np.ndarray) -> set[str]:
    """The arrows to hold."""
    held = {"ArrowUp"} if action[0] > 0 else set()
    if action[1]:
        held.add("ArrowRight" if action[1] > 0 else "ArrowLeft")
    return held


class Mind(Protocol):
    """Who decides what to do, and when to take the controls."""

    def begin(self) -> None: ...

    def look(
        self,
        seconds: float,
        observation: np.ndarray,
        before: np.ndarray | None,
        policy_action: np.ndarray | None,
    ) -> None: ...

    def takes_over(self, speed: float) -> bool: ...

    def hands_back(self, speed: float) -> bool: ...

    def action(self, speed: float) -> np.ndarray: ...


class ByTheClock:
    """Whoever takes the controls after half a second, and hands them back after one."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.seconds = self.since = 0.0
        self.observation = np.zeros(8, np.float32)

    def look(
        self,
        seconds: float,
        observation: np.ndarray,
        before: np.ndarray | None,
        policy_action: np.ndarray | None,
    ) -> None:
        self.seconds, self.observation = seconds, observation

    def has_waited(self, seconds: float) -> bool:
        if self.seconds < self.since + seconds:
            return False
        self.since = self.seconds
        return True

    def takes_over(self, speed: float) -> bool:
        return self.has_waited(0.5)

    def hands_back(self, speed: float) -> bool:
        return self.has_waited(1.0)

    def action(self, speed: float) -> np.ndarray:
        return by_keys(self.observation)


def a_teacher() -> Companion:
    """Whoever takes the controls while the policy does not do as they would."""
    return Companion(
        wanted=by_keys,
        apart=apart,
        at_random=lambda generator: np.zeros(2, np.float32),
        half_range=None,
        generator=np.random.default_rng(0),
        reaction=0.0,
    )


class Person:
    """Hands on a keyboard and eyes on a page."""

    def __init__(self, page: Any, mind: Mind):
        self.page, self.mind, self.held = page, mind, set[str]()
        self.before: tuple[float, np.ndarray] | None = None
        self.handed_back = 0

    def hold(self, keys: set[str]) -> None:
        for key in self.held - keys:
            self.page.keyboard.up(key)
        for key in keys - self.held:
            self.page.keyboard.down(key)
        self.held = keys

    def look(self) -> str:
        """See what there is; the state of the page."""
        seen = self.page.evaluate(READ)
        observation = numbers(seen["bars"], 8)
        policy = numbers(seen["policy"], 2)
        seconds = float(seen["steps"].replace(",", "")) / FRAMES_PER_SECOND
        if observation is not None:
            before = self.before
            if before is not None and seconds < before[0]:
                self.mind.begin()
                before = None
            if before is None or seconds > before[0]:
                earlier = None if before is None else before[1]
                self.mind.look(seconds, observation, earlier, policy)
                self.before = seconds, observation
        return str(seen["state"])

    def act(self, state: str) -> None:
        """Watch or drive; go on wherever it stopped."""
        if state == "watch":
            self.hold(set())
            if self.before is not None and self.mind.takes_over(1.0):
                self.hold(keys_for(self.mind.action(1.0)))
                self.change("drive")
        elif state == "drive":
            self.hold(keys_for(self.mind.action(1.0)))
            if self.mind.hands_back(1.0):
                self.hold(set())
                self.change("watch")
                self.handed_back += 1
        elif state == "playing":  # Nobody else could drive.
            self.hold(keys_for(self.mind.action(1.0)))
        elif state in GO_ON:
            self.hold(set())
            self.page.keyboard.press(GO_ON[state])
            self.page.wait_for_timeout(100)

    def change(self, state: str) -> None:
        """Press Space, and wait until the page shows who drives."""
        self.page.keyboard.press("Space")
        end = time.monotonic() + 0.5
        while self.look() not in (state, "over") and time.monotonic() < end:
            self.page.wait_for_timeout(5)


def drive(
    page: Any,
    address: str,
    mind: Mind,
    run: subprocess.Popen[str],
    *,
    enough: int = 1_000_000,
) -> str:
    """Sit at the page until the run has ended; what it said.

    After handing back so often, and an episode's end, somebody has had enough.
    """
    page.goto(address)
    page.wait_for_selector("body[data-state=ready]", timeout=60_000)
    page.evaluate("() => { document.querySelector('#numbers').open = true; }")
    page.locator("#stage").focus()
    person, end = Person(page, mind), time.monotonic() + 400
    while run.poll() is None:
        assert time.monotonic() < end, "it takes too long"
        state = person.look()
        if state == "over" and person.handed_back >= enough:
            page.click("#finish")
            person.handed_back = 0
        else:
            person.act(state)
        page.wait_for_timeout(5)
    page.close()
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 0, said
    return said


def words(folder: Path, *more: str) -> list[str]:
    """The words that begin a run in which somebody takes over."""
    taught = ["dagger", TASK, "--expert", "human", "--by", "takeover"]
    return [*taught, "--port", "8793", "--out", str(folder), *more]


@pytest.mark.slow
def test_somebody_drives_watches_what_came_of_it_and_takes_over(browser, tmp_path):  # noqa: F811
    rounds = ["--labels-per-round", "150", "--first-steps", "500", "--steps", "500"]
    few = ["--validation-episodes", "3", "--test-episodes", "4", "--no-report"]
    run = words(tmp_path / "run", *rounds, *few, "--lag", "0")
    with command(*run, cwd=tmp_path) as (process, address):
        drive(browser.new_page(), address, ByTheClock(), process, enough=3)

    summary = json.loads((tmp_path / "run/summary.json").read_text())
    played = read_recording(tmp_path / "run/takeover")
    alone = [each for each in played.episodes if each.policy is None]
    watched = [each for each in played.episodes if each.policy is not None]
    # Until there was a policy the person drove alone, with keys: all or nothing.
    assert alone and played.episodes[: len(alone)] == tuple(alone)
    assert all(each.by_person.all() for each in alone)
    pressed = {tuple(row) for each in alone for row in each.intended.tolist()}
    assert {(1, 0), (0, 0)} < pressed <= {(a, b) for a in (0, 1) for b in (-1, 0, 1)}
    # On the page that stayed open they then watched it, took over and handed back.
    assert watched[0].policy is not None and watched[0].policy.startswith("round ")
    assert sum(take_overs(each) for each in watched) >= 3
    handed_back = [each.by_person[:-1] & ~each.by_person[1:] for each in watched]
    assert sum(int(each.sum()) for each in handed_back) >= 3
    assert not any(each.by_person[0] for each in watched)
    assert summary["teacher"]["people"] == ["person"]
    first, *_, last = summary["rounds"]
    assert last["labels"] == played.taught > first["labels"] >= 150
    assert 0 < last["intervention_share"]["mean"] < 1


@pytest.mark.soak
def test_a_lander_is_taught_by_take_over(browser, tmp_path):  # noqa: F811
    shown, taught = tmp_path / "shown", tmp_path / "taught"
    play = ["play", TASK, "--simulate", "auto", "--episodes", "2", "--speed", "2"]
    said = spoken(*play, "--port", "8792", "--out", shown, cwd=tmp_path)
    assert said.status == 0, said.err

    budget = ["--from", str(shown), "--labels", "1500", "--labels-per-round", "300"]
    run = words(taught, *budget, "--minutes", "4", "--speed", "0.5")
    with command(*run, cwd=tmp_path) as (process, address):
        page = browser.new_page()
        said = drive(page, address, a_teacher(), process)

    summary = json.loads((taught / "summary.json").read_text())
    played = read_recording(taught / "takeover")
    assert summary["teacher"]["people"] == ["person", "simulated person"]
    assert summary["rounds"][-1]["labels"] > summary["rounds"][0]["labels"]
    assert any(
        each.by_person.any() and not each.by_person.all() for each in played.episodes
    )
    assert "intervention_share" in summary["rounds"][-1]
    assert summary["final"]["normalized"] >= 0.9, said
