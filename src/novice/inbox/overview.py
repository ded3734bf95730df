"""Put together what a run's owner sees: who answered what, and how far it agrees."""

import asyncio
import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from novice.experts.question import Question
from novice.inbox import readings
from novice.inbox.people import People
from novice.inbox.standing import Standing
from novice.inbox.store import Inbox

# What is measured anew takes at most this share of the time, and is at least so old.
SHARE = 0.2
YOUNGEST = 2.0  # seconds
# Who looks waits so long for what is being measured, in seconds.
PATIENCE = 1.0

Facts = Mapping[str, Any]

NOTHING_YET = Standing(labels=0, seconds=0.0, last=None)
UNMEASURED: Facts = {
    "reliability": None,
    "self_agreement": None,
    "gold": {"right": 0, "asked": 0},
}


class Overview:
    """What an inbox's overview says, found in threads of its own.

    It reads over a connection of its own, so that nobody who answers waits for it, and
    measures agreement anew only when there are new answers, and not all the time.
    """

    def __init__(self, path: Path, people: Callable[[], People]) -> None:
        self._path, self._people = path, people
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="overview")
        self._opening = threading.Lock()
        self._inbox: Inbox | None = None
        self._measuring: Future[None] | None = None
        self._measured: dict[str, Any] = {}
        self._until = -1  # the last answer that was measured
        self._again = (
            0.0  # when something may be measured again, on the monotonic clock
        )

    async def latest(self) -> dict[str, Any]:
        """The overview as it is now; what takes long to measure is there next time."""
        if self._measuring is None or self._measuring.done():
            self._measuring = self._threads.submit(self._measure)
        await asyncio.wait({asyncio.wrap_future(self._measuring)}, timeout=PATIENCE)
        if self._measuring.done():
            self._measuring.result()
        return await asyncio.wrap_future(self._threads.submit(self._look))

    async def close(self) -> None:
        """Let go of the file, and end the threads."""
        if self._measuring is not None:
            await asyncio.wait({asyncio.wrap_future(self._measuring)})
        self._threads.shutdown()
        if self._inbox is not None:
            self._inbox.close()

    def _opened(self) -> Inbox:
        with self._opening:
            if self._inbox is None:
                self._inbox = Inbox(self._path)
            return self._inbox

    def _measure(self) -> None:
        inbox = self._opened()
        last, began = inbox.last_answer(), time.monotonic()
        if last != self._until and began >= self._again:
            self._measured, self._until = measured_in(inbox, inbox.facts()), last
            took = time.monotonic() - began
            self._again = began + max(YOUNGEST, took / SHARE)

    def _look(self) -> dict[str, Any]:
        inbox = self._opened()
        known = self._measured if self._until >= 0 else None
        content = overview_of(inbox, inbox.facts(), self._people(), known)
        return {**content, "measured_until": self._until}


def measured_in(inbox: Inbox, facts: Facts) -> dict[str, Any]:
    """What people's answers tell of them; nothing while nobody has answered."""
    if facts.get("words") is None or not inbox.last_answer():
        return {}
    # These load SciPy, which nobody needs who only answers.
    from novice.inbox.agreeing import measured

    names = [each["name"] for each in facts["words"]["action"].get("choices", ())]
    return measured(inbox.opinions(), inbox.golds(), names)


def overview_of(
    inbox: Inbox, facts: Facts, people: People, known: Facts | None
) -> dict[str, Any]:
    """The whole overview as plain values, with a sentence beside each number.

    `known` is what `measured_in` found, None while that is on its way.
    """
    measured = known or {}
    standings = inbox.people()
    choices = ((facts.get("words") or {}).get("action") or {}).get("kind") != "real"
    course = facts.get("course") or []
    shares = inbox.measuring()
    labeled = [each for each in standings.values() if each.labels]
    return {
        "run": facts.get("run"),
        "task": (facts.get("task") or {}).get("id"),
        "simulated": facts.get("simulated", False),
        "round": facts.get("round", 0),
        "phase": facts.get("phase", "starting"),
        "alive": time.time() - facts.get("alive", 0.0),
        "budget": {"labels": None, "minutes": None, **facts.get("budget", {})},
        "answers": facts.get("answers", "all"),
        "totals": {
            "labels": sum(each.labels for each in standings.values()),
            "seconds": sum(each.seconds for each in standings.values()),
            "people": len(labeled),
        },
        "queue": inbox.queue_counts(),
        "measuring": shares,
        "choices": choices,
        "people": people_of(standings, people, known, choices=choices),
        "alpha": measured.get("alpha"),
        "pairs": [
            {**pair, "reading": readings.pair(pair["agreement"])}
            for pair in measured.get("pairs", ())
        ],
        "actions": measured.get("actions", []),
        "contradictions": [
            contradiction(inbox.question(each["question"]), each, facts)
            for each in measured.get("contradictions", ())
        ],
        "course": course,
        "readings": {
            "use": readings.use(facts.get("answers", "all")),
            "everybody": "How far people agree is being measured."
            if known is None and len(labeled) > 1
            else readings.everybody(measured.get("alpha"), len(labeled)),
            "measuring": readings.measuring(shares),
            "course": readings.course(course, facts.get("enough")),
        },
    }


def people_of(
    standings: Mapping[str, Standing],
    people: People,
    measured: Facts | None,
    *,
    choices: bool,
) -> list[dict[str, Any]]:
    """A row for everybody who was invited or has answered, the most labels first."""
    known = {person.name: person for person in people.people}
    found = (measured or {}).get("people", {})
    rows = []
    for who in {*known, *standings}:
        standing, person = standings.get(who, NOTHING_YET), known.get(who)
        trust = found.get(who, UNMEASURED)
        answers = person is not None and person.role != "observer"
        reading = readings.person(
            trust, labels=standing.labels, answers=answers, choices=choices
        )
        rows.append(
            {
                "who": who,
                "role": person.role if person else None,
                "revoked": person.revoked if person else True,
                "simulated": who.casefold().startswith("simulated"),
                "labels": standing.labels,
                "seconds": standing.seconds,
                "per_minute": 60 * standing.labels / standing.seconds
                if standing.seconds > 0
                else None,
                "last": standing.last,
                **trust,
                "reading": reading if measured is not None else "",
            }
        )
    return sorted(rows, key=lambda row: (-row["labels"], row["who"].casefold()))


def contradiction(question: Question, found: Facts, facts: Facts) -> dict[str, Any]:
    """A moment that people judge differently, in the words of the task."""
    action = facts["words"]["action"]
    return {
        "question": question.id,
        "visit": question.visit,
        "episode": question.episode,
        "step": question.step,
        "apart": found["apart"],
        "said": [
            {"who": each["who"], "says": in_words(each["action"], action)}
            for each in found["said"]
        ],
    }


def in_words(numbers: list[float], action: Facts) -> str:
    """An action as a person would say it."""
    if action["kind"] == "discrete":
        return str(action["choices"][int(numbers[0])]["name"])
    names = action.get("names") or [f"part {i + 1}" for i in range(len(numbers))]
    units = action.get("units") or [""] * len(numbers)
    if action["kind"] == "switches":
        on = [name for name, number in zip(names, numbers, strict=True) if number]
        return ", ".join(on) or "nothing"
    return ", ".join(
        f"{name} {number_in_words(number, unit)}"
        for name, number, unit in zip(names, numbers, units, strict=True)
    )


def number_in_words(number: float, unit: str) -> str:
    """A number of an action with its unit; "open" where nobody said one."""
    if math.isnan(number):
        return "open"
    return f"{number:.3g} {unit}".strip().replace("-", "−")
