"""Have moments drawn by another process, ahead of time where possible."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from novice.errors import NoviceError
from novice.experts.question import Question
from novice.inbox.content import AskedEpisode, SavedClip
from novice.inbox.drawing_process import PATIENCE, DarkroomFailedError, DrawingProcess
from novice.inbox.messages import arrays_as_bytes, message

# What is kept of the pictures, in bytes.
MOST_BYTES = 64 * 2**20
# How many questions are remembered to be drawn ahead.
MOST_EXPECTED = 64
# How long each action is held, and how long what it leads to is shown, in seconds.
HOLD = 0.3
SECONDS = 1.0

Kind = Literal["clip", "consequences"]
# What is drawn first: what somebody waits for, and clips.
ASKED: dict[Kind, int] = {"clip": 0, "consequences": 1}
EXPECTED: dict[Kind, int] = {"clip": 2, "consequences": 3}


class NotDrawnError(NoviceError):
    """There is no picture, for a reason that the page can show."""


@runtime_checkable
class Asking(Protocol):
    """The part of an Inbox that a darkroom reads."""

    def question(self, id: int) -> Question: ...

    def episode(self, id: int) -> AskedEpisode: ...

    def clip_of(self, question: int) -> SavedClip | None: ...

    def told(self, name: str) -> Any: ...


@dataclass(frozen=True)
class Picture:
    """Frames in one image: from top to bottom in time, and a column for each branch.

    `width` and `height` are those of one frame, and between two frames of a clip lie
    `every` steps of the task (0: nobody knows). A clip has no `branches`; each has its
    `actions`, the branches that look `alike`, and whether the episode `ended` in it.
    """

    image: bytes = field(repr=False)
    media: str
    frames: int
    width: int
    height: int
    frames_per_second: float
    branches: tuple[Mapping[str, Any], ...] = ()
    every: int = 0


@dataclass(eq=False)
class _Job:
    """A picture that is wanted, and those who wait for it."""

    kind: Kind
    question: int
    priority: int
    done: "asyncio.Future[Picture]"

    @property
    def name(self) -> tuple[Kind, int]:
        return self.kind, self.question


@dataclass(frozen=True)
class _Kept:
    """A picture, or why there is none, and the policy that it shows."""

    found: Picture | NoviceError
    policy: str | None


class Darkroom:
    """Clips and consequences of an inbox's questions, drawn by one other process.

    The process is started when it is first needed, and anew when it broke down or took
    longer than `patience` seconds. All methods belong to one event loop.
    """

    def __init__(
        self,
        inbox: Asking,
        folder: Path,
        *,
        most_bytes: int = MOST_BYTES,
        patience: float = PATIENCE,
    ):
        self._inbox = inbox
        self._folder = folder
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[Kind, int], _Kept] = OrderedDict()
        self._waiting: dict[tuple[Kind, int], _Job] = {}
        self._drawing: _Job | None = None
        self._avoided: set[tuple[Kind, int]] = set()
        self._newest: str | None = None
        self._work: asyncio.Task[None] | None = None
        self._process = DrawingProcess(patience)

    async def clip(self, question: int) -> Picture:
        """The frames up to a question's moment; raises NotDrawnError saying why not."""
        return await self._ask("clip", question)

    async def consequences(self, question: int) -> Picture:
        """What each action leads to from there, under the newest policy."""
        return await self._ask("consequences", question)

    def expect(self, questions: Iterable[int], *, consequences: bool = True) -> None:
        """Draw these ahead when nobody waits for anything: first clips, in this order.

        `consequences` says whether what actions lead to will be asked for, too.
        """
        wanted = [*questions]
        kinds: list[Kind] = ["clip", "consequences"] if consequences else ["clip"]
        for kind in kinds:
            for question in wanted:
                name = (kind, question)
                if not self._is_current(name) and name not in self._avoided:
                    self._wanted(kind, question, EXPECTED[kind])
        for kind in kinds:
            ahead = [j for j in self._waiting.values() if j.priority == EXPECTED[kind]]
            for job in ahead[: max(0, len(ahead) - MOST_EXPECTED)]:
                self._drop(job)

    def forget(self, questions: Iterable[int]) -> None:
        """Don't draw these ahead any more: they were answered."""
        gone = {*questions}
        for job in [*self._waiting.values()]:
            if job.question in gone and job.priority == EXPECTED[job.kind]:
                self._drop(job)

    async def close(self) -> None:
        """End the process that draws; whoever waits is told."""
        if self._work is not None:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._work
            self._work = None
        jobs = [*self._waiting.values(), *([self._drawing] if self._drawing else [])]
        self._waiting, self._drawing = {}, None
        for job in jobs:
            self._tell(job, NotDrawnError("the server is closing; nothing is drawn"))
        await self._process.end()

    def _is_current(self, name: tuple[Kind, int]) -> bool:
        """Whether it is kept, and shows the newest policy that was heard of."""
        kept = self._kept.get(name)
        return kept is not None and (name[0] == "clip" or kept.policy == self._newest)

    async def _ask(self, kind: Kind, question: int) -> Picture:
        kept = self._kept.get((kind, question))
        if kept is not None and kind == "consequences":
            policy = await self._policy()
            kept = kept if kept.policy == policy else None
        if kept is None:
            job = self._wanted(kind, question, ASKED[kind])
            # Others may wait for it too: one who leaves cancels nothing.
            return await asyncio.shield(job.done)
        self._kept.move_to_end((kind, question))
        if isinstance(kept.found, NoviceError):
            raise kept.found
        return kept.found

    def _wanted(self, kind: Kind, question: int, priority: int) -> _Job:
        """The job of drawing this, shared by all who want it."""
        name = (kind, question)
        if self._drawing is not None and self._drawing.name == name:
            return self._drawing
        job = self._waiting.get(name)
        if job is None:
            done = asyncio.get_running_loop().create_future()
            job = self._waiting[name] = _Job(kind, question, priority, done)
        job.priority = min(job.priority, priority)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._draw_all())
        return job

    def _drop(self, job: _Job) -> None:
        del self._waiting[job.name]
        job.done.cancel()

    async def _draw_all(self) -> None:
        """Draw what is wanted, the most urgent first, until nothing is."""
        while self._waiting:
            job = min(self._waiting.values(), key=lambda waiting: waiting.priority)
            self._drawing = self._waiting.pop(job.name)
            found = await self._found(job)
            self._drawing = None
            self._tell(job, found)

    async def _found(self, job: _Job) -> Picture | NoviceError:
        """A picture, or why there is none; both are kept, unless the process broke."""
        found: Picture | NoviceError
        policy = None
        try:
            policy = await self._policy()
            found = await self._picture(job, policy)
        except DarkroomFailedError as error:
            self._avoided.add(job.name)
            return error
        except NoviceError as error:
            found = error
        except Exception as error:
            return NotDrawnError(f"drawing failed: {type(error).__name__}: {error}")
        self._keep(job.name, _Kept(found, policy))
        return found

    def _keep(self, name: tuple[Kind, int], kept: _Kept) -> None:
        self._kept[name] = kept
        self._kept.move_to_end(name)
        total = sum(_size(each) for each in self._kept.values())
        while total > self._most_bytes and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            total -= _size(oldest)

    def _tell(self, job: _Job, found: Picture | NoviceError) -> None:
        if job.done.done():
            return
        if isinstance(found, Picture):
            job.done.set_result(found)
        else:
            job.done.set_exception(found)
            job.done.exception()  # It may be that nobody waits: that is no mistake.

    async def _policy(self) -> str | None:
        """The folder of the newest policy; None before there is one."""
        told = await asyncio.to_thread(self._inbox.told, "policy")
        if isinstance(told, str):
            self._newest = str((self._folder / told).resolve())
        return self._newest

    async def _picture(self, job: _Job, policy: str | None) -> Picture:
        question, episode, saved, facts = await asyncio.to_thread(
            self._look_up, job.question
        )
        if not episode.replays:
            why = "the episode does not replay"
            return _saved_picture(job.kind, saved, why)
        request = _request(job.kind, question, episode, facts, policy)
        folder = facts["task"].get("folder") or "."
        what = f"the {job.kind} of question {job.question}"
        told, image = await self._process.drawn(request, what, folder)
        if "error" not in told:
            return Picture(image, **{**told, "branches": tuple(told["branches"])})
        if told["kind"] == "DoesNotReplayError":
            return _saved_picture(job.kind, saved, told["error"])
        raise NotDrawnError(told["error"])

    def _look_up(
        self, id: int
    ) -> tuple[Question, AskedEpisode, SavedClip | None, dict[str, Any]]:
        question = self._inbox.question(id)
        facts = {name: self._inbox.told(name) for name in ("task", "render")}
        if not isinstance(facts["task"], Mapping):
            raise NotDrawnError("the run has not said yet which task it is about")
        episode = self._inbox.episode(question.episode)
        return question, episode, self._inbox.clip_of(id), facts


def _request(
    kind: Kind,
    question: Question,
    episode: AskedEpisode,
    facts: Mapping[str, Any],
    policy: str | None,
) -> bytes:
    """What the process that draws is told about a picture."""
    return message(
        {
            "kind": kind,
            "task": {
                "id": facts["task"]["id"],
                "kwargs": facts["task"].get("kwargs") or {},
            },
            "render": facts["render"],
            "seed": episode.seed,
            "policy": policy,
            "hold": HOLD,
            "seconds": SECONDS,
        },
        arrays_as_bytes(
            {
                "actions": episode.actions[: question.step],
                "action": question.action,
                "seen": question.observation,
            }
        ),
    )


def _saved_picture(kind: Kind, saved: SavedClip | None, why: str) -> Picture:
    """The frames that were kept while the policy acted, where there are any."""
    if kind == "clip" and saved is not None:
        return Picture(
            saved.image,
            saved.media,
            saved.frames,
            saved.width,
            saved.height,
            saved.frames_per_second,
        )
    what = "no frames were kept" if kind == "clip" else "nobody can say what follows"
    raise NotDrawnError(f"{why}; {what}")


def _size(kept: _Kept) -> int:
    return len(kept.found.image) if isinstance(kept.found, Picture) else 200
