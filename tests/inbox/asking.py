"""Inboxes with something in them, and answers to it."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from novice.experts.question import Answer
from novice.inbox.store import AskedEpisode, Inbox, NewQuestion, SavedClip

CLIP = SavedClip(b"\x89PNG...", "image/png", 12, 8, 6, 24.0)
_COUNTER = itertools.count(1)


def an_episode(visit: int = 0, **changed: Any) -> AskedEpisode:
    content = {
        "id": None,
        "visit": visit,
        "episode": 0,
        "seed": 7,
        "actions": np.array([[0], [2], [1]], np.int32),
        "replays": True,
    }
    return AskedEpisode(**{**content, **changed})


def a_question(step: int = 0, **changed: Any) -> NewQuestion:
    content = {
        "episode": 0,
        "step": step,
        "rank": step,
        "observation": np.array([0.5, -step], np.float32),
        "action": np.array([1], np.int32),
    }
    return NewQuestion(**{**content, **changed})


def ask(inbox: Inbox, count: int, *, visit: int = 0, **changed: Any) -> None:
    """Ask about the first steps of an episode; they are numbered from 1."""
    questions = [a_question(step, **changed) for step in range(count)]
    inbox.add_visit(visit, [an_episode(visit)], questions)


def asked(path: Path, count: int) -> Inbox:
    """A new inbox with questions 1 to `count`."""
    inbox = Inbox(path)
    ask(inbox, count)
    return inbox


def says(question: int, who: str = "ana", **changed: Any) -> Answer:
    """A person's answer, to take the action 2 by default."""
    content: dict[str, Any] = {
        "uuid": f"{next(_COUNTER):032x}",
        "question": question,
        "who": who,
        "verdict": "action",
        "seconds": 1.5,
    }
    content.update(changed)
    if content["verdict"] in {"action", "wrong"}:
        content.setdefault("actions", ((2.0,),))
    return Answer(**content)


def everything(inbox: Inbox) -> list[Any]:
    """Whatever is to be read in an inbox, as plain values."""
    people = sorted({each.answer.who for each in inbox.answers_after(0)})
    found: list[Any] = [
        inbox.visits(),
        inbox.answers_after(0),
        inbox.facts(),
        inbox.news(0),
        [inbox.tally(who, now=1e9) for who in [*people, "nobody"]],
        [[kept for _, kept in inbox.history(who)] for who in people],
    ]
    (questions,) = inbox._file.connection.execute("SELECT count(*) FROM questions")
    for number in range(1, questions[0] + 1):
        question = inbox.question(number)
        episode = inbox.episode(question.episode)
        found += [
            (question.visit, question.episode, question.step),
            (question.observation.dtype.str, question.observation.tolist()),
            (question.action.dtype.str, question.action.tolist()),
            inbox.clip_of(number),
            (episode.visit, episode.episode, episode.seed, episode.replays),
            (episode.actions.dtype.str, episode.actions.tolist()),
        ]
    return found
