"""A person, simulated, at the real pages in a real browser: they show, they answer.

They see what anybody sees, the named bars beside the picture, and press keys.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inbox.conftest import browser  # noqa: F401
from novice.app.shown import shown_in
from novice.experts.controllers import built_in_expert
from novice.inbox.recording import read_recording
from novice.inbox.store import Inbox

KEYS = ["ArrowLeft", "ArrowRight"]
READ_BARS = """() => [...document.querySelectorAll(
    '#bars .bar-value, #bars .bars > .value')].map(e => e.textContent)"""

# Both at one look: who looks twice acts later.
LOOK = f"() => [({READ_BARS})(), document.body.dataset.state]"


@contextmanager
def command(*words: str, cwd: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command in a process of its own, and the address that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "novice", *words],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        while not (found := re.search(r"http\S+token=\S+", said)):
            line = process.stdout.readline()
            assert line, said
            said += line
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def seen(page: Any) -> np.ndarray | None:
    """What the bars say; None while there is nothing to see."""
    return numbers_in(page.evaluate(READ_BARS))


def numbers_in(bars: list[str]) -> np.ndarray | None:
    """The four numbers of the bars; None where they are not there."""
    texts = [text.replace("\u2212", "-").split() for text in bars]
    try:
        numbers = [float(words[0]) for words in texts[:4]]
    except (IndexError, ValueError):
        return None
    return np.array(numbers, np.float32) if len(numbers) == 4 else None


def looked(page: Any) -> np.ndarray:
    """What the bars say, as soon as they say something."""
    end = time.monotonic() + 10
    while (now := seen(page)) is None:
        assert time.monotonic() < end, "there is nothing to see"
        page.wait_for_timeout(20)
    return now


def as_the_law_says(run: Path) -> float:
    """The share of the answers that are those of the law."""
    inbox = Inbox(run / "dataset" / "inbox.sqlite")
    told = [
        law(inbox.question(kept.answer.question).observation)
        == kept.answer.actions[0][0]
        for kept in inbox.answers_after(0)
    ]
    inbox.close()
    return float(np.mean(told))


def law(observation: np.ndarray) -> int:
    expert = built_in_expert("CartPole-v1", {})
    action, _ = expert.act(expert.start(), observation)
    return int(action)


def play(page: Any, address: str, *, episodes: int, seconds: float) -> None:
    """Play by real keys; each episode is kept after a while, or when it ends."""
    page.goto(address)
    page.wait_for_selector("body[data-state=ready]")
    page.locator("#numbers summary").click()
    page.locator("#stage").focus()
    for _ in range(episodes):
        held = KEYS[law(looked(page))]
        page.keyboard.down(held)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            bars, state = page.evaluate(LOOK)
            if state == "over":
                break
            now = numbers_in(bars)
            key = held if now is None else KEYS[law(now)]
            if key != held:
                page.keyboard.up(held)
                page.keyboard.down(key)
                held = key
            page.wait_for_timeout(5)
        page.keyboard.up(held)
        page.keyboard.press("Enter")
        page.wait_for_timeout(300)


def label(page: Any, address: str, *, answers: int) -> None:
    """Answer so many questions by real keys."""
    page.goto(address)
    # Another card may say first that the policy is being trained.
    page.wait_for_selector("#card[data-name=practice]:not([hidden])")
    page.keyboard.press("Escape")  # The examples are for people.
    before, pressed = None, 0.0
    end = time.monotonic() + 120
    while (given := saved(page)) < answers:
        assert time.monotonic() < end, f"{given} answers, and no question for long"
        now = seen(page)
        # Two moments may look the same: who sees no change for long answers again.
        same = now is not None and now.tobytes() == before
        if now is None or (same and time.monotonic() < pressed + 1):
            page.wait_for_timeout(20)
            continue
        before, pressed = now.tobytes(), time.monotonic()
        page.wait_for_timeout(60)  # A look at the picture.
        page.keyboard.press(KEYS[law(now)])


def saved(page: Any) -> int:
    """How many answers the page says are saved."""
    found = re.search(r"\d+", page.inner_text("#saved-text").replace(",", ""))
    return int(found[0]) if found else 0


@pytest.mark.slow
def test_somebody_shows_answers_and_the_policy_gets_better(browser, tmp_path):  # noqa: F811
    page = browser.new_page()
    shown, taught = tmp_path / "shown", tmp_path / "taught"

    words = ("play", "CartPole-v1", "--speed", "0.25", "--episodes", "3")
    where = ("--port", "8790", "--out", str(shown))
    with command(*words, *where, cwd=tmp_path) as (process, address):
        play(page, address, episodes=3, seconds=4)
        said, _ = process.communicate(timeout=30)
    assert "Recorded 3 episodes" in said
    recording = read_recording(shown)
    assert recording.steps > 40

    words = ("dagger", "CartPole-v1", "--expert", "human", "--from", str(shown))
    # How late their keys are heard hangs on how busy the machine is.
    words += ("--lag", "auto", "--test-episodes", "20", "--validation-episodes", "5")
    words += ("--first-steps", "1000", "--steps", "500")
    budget = ("--labels", "100", "--labels-per-round", "50", "--port", "8791")
    with command(*words, *budget, "--out", str(taught), cwd=tmp_path) as (
        process,
        address,
    ):
        label(page, address, answers=100)
        page.wait_for_timeout(500)
        said, _ = process.communicate(timeout=120)
    page.close()

    assert process.returncode == 0, said
    summary = json.loads((taught / "summary.json").read_text())
    told = summary["teacher"]
    assert sum(told["latency"]["inputs"]) > 0
    assert (told["people"], told["simulated"]) == (["person"], False)
    assert told["human_seconds"] == pytest.approx(
        summary["rounds"][-1]["human_seconds"]
    )
    rounds = summary["rounds"]
    shown_rows = len(shown_in(recording.episodes, lag=told["lag_seconds"]))
    assert rounds[0]["labels"] == shown_rows
    assert rounds[-1]["labels"] == shown_rows + 100
    assert rounds[-1]["human_seconds"] > recording.seconds
    assert as_the_law_says(taught) > 0.9
    # How good 100 answers make it hangs on which moments they were about.
    chance, learned = (summary[who]["return"]["ci95"] for who in ("random", "final"))
    assert learned[0] > chance[1]
    report = (taught / "report.html").read_text()
    assert "minutes" in report
