"""Tell the page what a run is about, how far it is, and what changed."""

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from novice.algorithms.settings import DaggerSettings
from novice.envs.task import Task
from novice.envs.words import words
from novice.inbox.store import Inbox
from novice.types import Round

# How often the run says that it is alive, in seconds.
HEARTBEAT = 5.0
# What the page is told of a round's measures.
_TOLD = ("labels", "human_seconds", "return", "normalized", "corrected", "people")


def introduce(inbox: Inbox, folder: Path, task: Task, settings: DaggerSettings) -> None:
    """Tell the page what it must know about a run."""
    if inbox.told("inbox") is None:
        # The page keeps what is not sent yet by this name.
        inbox.tell("inbox", secrets.token_hex(16))
    budget = {"labels": settings.labels, "minutes": settings.minutes or None}
    for name, value in {
        "run": folder.name,
        "task": {"id": task.id, "kwargs": dict(task.kwargs), "folder": os.getcwd()},
        "words": words(task),
        "budget": budget,
        "labels_per_round": settings.labels_per_round,
        "answers": settings.people.answers,
        "phase": "starting",
    }.items():
        inbox.tell(name, value)


@contextlib.contextmanager
def alive(inbox: Inbox) -> Iterator[None]:
    """Say every few seconds that the run is at work, for the page to show."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(HEARTBEAT):
            inbox.tell("alive", time.time())

    inbox.tell("alive", time.time())
    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def announce(inbox: Inbox, round: Round) -> None:
    """Tell people once what their answers changed, and add the round to the course."""
    course = inbox.told("course") or []
    earlier = [each for each in course if each["round"] < round.number]
    told = [each["round"] for each in inbox.news(0)]
    if round.number not in told:
        before = earlier[-1].get("return") if earlier else None
        sentence = what_changed(round.measures, before)
        enough = inbox.told("enough")
        if enough and enough["round"] == round.number:
            sentence += f" {enough['says']}"
        inbox.announce({"round": round.number, "sentence": sentence})
    facts = {name: round.measures[name] for name in _TOLD if name in round.measures}
    inbox.tell("course", [*earlier, {"round": round.number, **facts}])


def what_changed(measures: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    """What a round's answers changed, as far as the validation episodes can tell."""
    labels = f"{measures['labels']} answers"
    found = measures.get("return")
    if not (isinstance(found, Mapping) and (found["mean"] or any(found["ci95"]))):
        if "corrected" not in measures:
            return f"After {labels} the policy has learned anew."
        share = 100 * measures["corrected"]["mean"]
        return f"After {labels}: you corrected {share:.0f} % of what the policy did."
    low, high = found["ci95"]
    change = f"return {found['mean']:.0f}"
    if before is not None:
        change = f"return {before['mean']:.0f} → {found['mean']:.0f}"
    return f"After {labels}: {change} (95 % interval {low:.0f} to {high:.0f})."
