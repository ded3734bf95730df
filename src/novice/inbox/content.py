"""What an inbox holds: questions with their episodes, answers, and their digests."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Num

from novice.experts.question import SEGMENTS, Answer, Question, Told

# What the first answer's digest goes on from.
NO_DIGEST = bytes(32)


@dataclass(frozen=True, eq=False)
class AskedEpisode:
    """An episode that a policy acted, from whose visited states questions come.

    `id` is the inbox's number for it, None before it is in one. `actions` are those
    that were executed, and `replays` says whether they lead there again from `seed`.
    """

    id: int | None
    visit: int
    episode: int
    seed: int
    actions: Num[np.ndarray, "steps width"] = field(repr=False)
    replays: bool


@dataclass(frozen=True)
class SavedClip:
    """The frames before a moment and its own, stacked vertically, oldest first."""

    image: bytes = field(repr=False)
    media: str
    frames: int
    width: int  # of one frame, in pixels
    height: int  # of one frame, in pixels
    frames_per_second: float
    every: int = 0  # steps of the task between two frames, where they are known


@dataclass(frozen=True, eq=False)
class NewQuestion:
    """A visited state to ask about, in the episode with this index in its visit.

    Within a visit the lowest `rank` is asked first; `wanted` people are asked. `gold`
    is the right action where `gold_by` knows it. One that `repeats` another, given by
    its index in the visit, goes only to somebody who answered that one. With a `chance`
    it is one of those that chance alone chose from all visited states, each with this
    probability: answered without help, and asked until it is answered.
    """

    episode: int
    step: int
    rank: int
    observation: Float[np.ndarray, " obs"] = field(repr=False)
    action: Num[np.ndarray, " actions"]
    clip: SavedClip | None = None
    wanted: int = 1
    gold: tuple[float, ...] | None = None
    gold_by: str = ""
    repeats: int | None = None
    chance: float | None = None


@dataclass(frozen=True)
class KeptAnswer:
    """An answer as the inbox keeps it, numbered in order of arrival.

    `late` marks an extra opinion: as it came, the question was with others already.
    """

    id: int
    answer: Answer
    received: float  # Unix time in seconds
    late: bool


@dataclass(frozen=True)
class Leased:
    """A question in somebody's hands, and which lease of it this is."""

    question: Question
    lease: int


@dataclass(frozen=True)
class Tally:
    """How far the answering is, as one person sees it.

    `answered` and `mine` count labels that stand: one for each telling answer, and of a
    segment one for each keyframe. `open` counts the questions that this person could be
    asked. `stored` counts the questions to which this
    person's answer is kept, telling or not. `seconds` is what people spent on every
    answer, corrected ones too. `rate` is this person's telling answers a minute.
    """

    answered: int
    mine: int
    stored: int
    seconds: float
    open: int
    rate: float


def packed(array: np.ndarray) -> bytes:
    """The bytes of numbers behind a line that says their kind and shape."""
    if array.dtype.kind not in "biuf":
        raise TypeError(f"only plain numbers can be kept, not {array.dtype}")
    kind = array.dtype.newbyteorder("<").str
    head = " ".join([kind, *map(str, array.shape)])
    return head.encode() + b"\n" + array.astype(kind, copy=False).tobytes()


def unpacked(content: bytes) -> np.ndarray:
    """The numbers that `packed` laid down."""
    head, _, numbers = content.partition(b"\n")
    kind, *shape = head.decode().split(" ")
    return np.frombuffer(numbers, kind).reshape([int(size) for size in shape])


def compact(content: Any, *, finite: bool = False) -> str:
    """JSON in the shortest form; equal contents are equal texts.

    With `finite`, NaN and infinity raise ValueError: a browser cannot read them.
    """
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), allow_nan=not finite
    )


def digest_of(fields: Iterable[Any], previous: bytes = b"") -> bytes:
    """SHA-256 over the fields of a row, behind the digest of the row before it."""
    plain = [
        {"sha256": hashlib.sha256(each).hexdigest()} if type(each) is bytes else each
        for each in fields
    ]
    return hashlib.sha256(previous + compact(plain).encode()).digest()


def answer_fields(kept: KeptAnswer) -> tuple[Any, ...]:
    """The columns of an answer's row, in their order, without the digest."""
    answer = kept.answer
    return (
        kept.id,
        answer.uuid,
        answer.question,
        answer.who,
        answer.verdict,
        compact(actions_to_keep(answer)),
        float(answer.seconds),
        compact(dict(answer.shown)),
        answer.lease,
        kept.received,
        int(kept.late),
    )


def actions_to_keep(answer: Answer) -> Sequence[Sequence[int | float | None]]:
    """An answer's actions as JSON; a keyframe's step stands before its numbers."""
    actions = [
        [None if number is None else float(number) for number in action]
        for action in answer.actions
    ]
    if not answer.segment:
        return actions
    keyframes = zip(answer.steps, actions, strict=True)
    return [[step, *action] for step, action in keyframes]


def told_actions(
    verdict: str, kept: Sequence[Sequence[int | float | None]]
) -> tuple[tuple[int, ...], tuple[Told, ...]]:
    """The steps and the actions that `actions_to_keep` wrote."""
    steps: tuple[int, ...] = ()
    if verdict in SEGMENTS:
        steps = tuple(int(each[0] or 0) for each in kept)
        kept = [each[1:] for each in kept]
    return steps, tuple(
        tuple(None if number is None else float(number) for number in action)
        for action in kept
    )


def kept_answer(row: Iterable[Any]) -> KeptAnswer:
    """The answer that a row keeps."""
    number, uuid, question, who, verdict, actions, seconds, shown, lease, *rest = row
    received, late = rest
    steps, told = told_actions(verdict, json.loads(actions))
    answer = Answer(
        uuid=uuid,
        question=question,
        who=who,
        verdict=verdict,
        actions=told,
        steps=steps,
        seconds=seconds,
        shown=json.loads(shown),
        lease=lease,
    )
    return KeptAnswer(number, answer, received, bool(late))


def question_of(row: Sequence[Any]) -> Question:
    """The question that a row keeps."""
    id, visit, episode, step, observation, action = row
    return Question(
        id=id,
        visit=visit,
        episode=episode,
        step=step,
        observation=unpacked(observation),
        action=unpacked(action),
    )


def gives(verdict: str | None) -> bool:
    """Whether a verdict counts among the wanted ones; to skip leaves it to others."""
    return verdict not in (None, "skip")
