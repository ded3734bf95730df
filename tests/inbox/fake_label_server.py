"""A small server that speaks the labeling page's protocol, and fails when told to."""

import asyncio
import io
import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from inbox.hosting import hosted

PAGES = Path(__file__).resolve().parents[2] / "src" / "novice" / "inbox" / "pages"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
    " connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
FRAMES, WIDTH, HEIGHT = 12, 96, 64
TELLING = ("action", "wrong", "hold", "linear")

CARTPOLE = {
    "observation": [
        {"name": "position", "unit": "m", "low": -4.8, "high": 4.8},
        {"name": "speed", "unit": "m/s", "low": None, "high": None},
        {"name": "angle", "unit": "rad", "low": -0.42, "high": 0.42},
        {"name": "angular speed", "unit": "rad/s", "low": None, "high": None},
    ],
    "action": {
        "kind": "discrete",
        "choices": [
            {
                "name": "push left",
                "keys": ["ArrowLeft", "KeyA", "Digit1"],
                "place": "left",
            },
            {
                "name": "push right",
                "keys": ["ArrowRight", "KeyD", "Digit2"],
                "place": "right",
            },
        ],
        "idle": None,
    },
    "step_seconds": 0.02,
}


@dataclass
class Backend:
    """What the fake server knows, and how it misbehaves; tests set it as they go."""

    words: dict[str, Any] = field(default_factory=lambda: CARTPOLE)
    task: str = "CartPole-v1"
    who: str = "ana"
    run: str = "dagger-CartPole-v1-0"
    questions: int = 1000
    labels: int | None = 1000
    instructions: str | None = None
    simulated: bool = False
    phase: str = "fitting"
    training: bool = True
    round: int = 3
    news: list[dict[str, Any]] = field(default_factory=list)
    consequences: bool = True
    # While agreement is measured, nobody looks ahead or copies.
    measuring: bool = False
    overview: bool = False
    pause_after: float = 25  # minutes
    # Steps of the task between two frames of a clip; None: the server tells none.
    every: int | None = None
    # What the policy did, wherever it is asked for; None: nobody knows.
    policy: list[float] | None = None
    action_delay: float = 0.0
    clip_delay: float = 0.0
    answer_delay: float = 0.0
    pictures: bool = True
    # Every request is refused so: the status and its sentence.
    refuse: tuple[int, str] | None = None
    # Answers about these questions are refused for good.
    bad: set[int] = field(default_factory=set)
    # The next so many answers are stored, but the reply is lost.
    lose_replies: int = 0
    # Each row as it was stored; `received` counts every post of every answer.
    rows: list[dict[str, Any]] = field(default_factory=list)
    received: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    leased: dict[int, int] = field(default_factory=dict)
    clips: dict[int, tuple[bytes, str, int, int, int]] = field(default_factory=dict)
    observations: dict[int, list[float]] = field(default_factory=dict)
    branches: tuple[bytes, str, int, int, int, list[dict[str, Any]]] | None = None
    requests: list[str] = field(default_factory=list)

    def standing(self) -> dict[int, dict[str, Any]]:
        """The newest row of each question, the most recently answered last."""
        newest: dict[int, dict[str, Any]] = {}
        for row in self.rows:
            newest.pop(row["question"], None)
            newest[row["question"]] = row
        return newest

    def open_questions(self) -> list[int]:
        answered = self.standing()
        return [id for id in range(1, self.questions + 1) if id not in answered]

    def progress(self) -> dict[str, Any]:
        standing = list(self.standing().values())
        telling = [row for row in standing if row["verdict"] in TELLING]
        return {
            "answered": len(telling),
            "mine": len(telling),
            "stored": len(standing),
            "human_seconds": sum(row["seconds"] for row in self.rows),
            "open": len(self.open_questions()),
            "per_minute": 38.2 if self.rows else 0.0,
            "minutes_left": 15.4 if self.labels and self.rows else None,
            "round": self.round,
            "phase": self.phase,
            "budget": {"labels": self.labels, "minutes": None},
            "news": self.news[-5:],
            "training": self.training,
        }

    def question(self, id: int, lease: int) -> dict[str, Any]:
        observation = self.observations.get(id, [0.01 * id, -0.5, 0.04, 1.25])
        return {
            "id": id,
            "lease": lease,
            "visit": self.round,
            "step": 40 + id,
            "observation": observation,
            "episode": 1 + id // 10,
            "episode_progress": 40 + id,
        }


def drawn_clip(id: int) -> tuple[bytes, str, int, int, int]:
    """Twelve small frames that carry the question's number."""
    strip = Image.new("RGB", (WIDTH, HEIGHT * FRAMES), "white")
    draw = ImageDraw.Draw(strip)
    for frame in range(FRAMES):
        top = frame * HEIGHT
        draw.line((10 + 4 * frame, top + 50, 40 + 2 * frame, top + 12), "black", 4)
        draw.text((4, top + 2), str(id), "#0072b2")
    return encoded(strip, "PNG"), "image/png", FRAMES, WIDTH, HEIGHT


def encoded(image: Image.Image, form: str) -> bytes:
    file = io.BytesIO()
    image.save(file, form)
    return file.getvalue()


def fake_app(backend: Backend) -> Starlette:
    """The routes of the labeling page over a backend in memory."""

    def refusal() -> Response | None:
        if backend.refuse is None:
            return None
        status, sentence = backend.refuse
        return JSONResponse({"error": sentence}, status)

    async def page(request: Request) -> Response:
        return FileResponse(
            PAGES / "label.html", headers={"Content-Security-Policy": CSP}
        )

    async def static(request: Request) -> Response:
        return FileResponse(PAGES / request.path_params["name"])

    async def hello(request: Request) -> Response:
        return refusal() or JSONResponse(
            {
                "who": backend.who,
                "csrf": "c" * 64,
                "run": backend.run,
                "task": backend.task,
                "simulated": backend.simulated,
                "words": backend.words,
                "instructions": backend.instructions,
                "budget": {"labels": backend.labels, "minutes": None},
                "consequences": backend.consequences,
                "pause_after_minutes": backend.pause_after,
                "role": "owner",
                "overview": backend.overview,
                "measuring": backend.measuring,
            }
        )

    async def lease(request: Request) -> Response:
        wish = await request.json()
        assert set(wish) == {"want", "holding", "release"}, wish
        assert request.headers["x-novice-csrf"] == "c" * 64
        if refused := refusal():
            return refused
        free = [id for id in backend.open_questions() if id not in wish["holding"]]
        given = free[: wish["want"]]
        for id in given:
            backend.leased[id] = backend.leased.get(id, 0) + 1
        questions = [backend.question(id, backend.leased[id]) for id in given]
        return JSONResponse({"questions": questions, "progress": backend.progress()})

    async def clip(request: Request) -> Response:
        await asyncio.sleep(backend.clip_delay)
        id = int(request.path_params["id"])
        if refused := refusal():
            return refused
        if not backend.pictures:
            return JSONResponse({"error": "this task cannot be drawn"}, 404)
        if id not in backend.clips:
            backend.clips[id] = drawn_clip(id)
        content, media, frames, width, height = backend.clips[id]
        every = {} if backend.every is None else {"X-Every": str(backend.every)}
        return picture(content, media, frames, width, height, every)

    async def action(request: Request) -> Response:
        await asyncio.sleep(backend.action_delay)
        if refused := refusal():
            return refused
        if backend.policy is None:
            return JSONResponse({"error": "what was done here is not kept"}, 404)
        return JSONResponse({"action": backend.policy})

    async def consequences(request: Request) -> Response:
        await asyncio.sleep(backend.clip_delay)
        if refused := refusal():
            return refused
        if backend.branches is None:
            return JSONResponse({"error": "this episode cannot be replayed"}, 404)
        content, media, frames, width, height, branches = backend.branches
        return picture(
            content, media, frames, width, height, {"X-Branches": json.dumps(branches)}
        )

    async def answers(request: Request) -> Response:
        content = (await request.json())["answers"]
        backend.in_flight += 1
        backend.most_in_flight = max(backend.most_in_flight, backend.in_flight)
        await asyncio.sleep(backend.answer_delay)
        backend.in_flight -= 1
        if refused := refusal():
            return refused
        assert 1 <= len(content) <= 100
        if wrong := [each for each in content if each["question"] in backend.bad]:
            return JSONResponse(
                {"error": f"there is no question {wrong[0]['question']}"}, 409
            )
        backend.received += len(content)
        known = {row["uuid"] for row in backend.rows}
        backend.rows += [each for each in content if each["uuid"] not in known]
        if backend.lose_replies > 0:
            backend.lose_replies -= 1
            return Response("the proxy lost it", 502)
        stored = [each["uuid"] for each in content]
        return JSONResponse({"stored": stored, "progress": backend.progress()})

    async def history(request: Request) -> Response:
        if refused := refusal():
            return refused
        numbered = list(enumerate(backend.rows, start=1))
        standing = {row["uuid"] for row in backend.standing().values()}
        before = int(request.query_params.get("before", 1 << 60))
        newest = [
            {
                "answer": id,
                "verdict": row["verdict"],
                "actions": row["actions"],
                "steps": row.get("steps", []),
                "question": backend.question(row["question"], 0),
            }
            for id, row in reversed(numbered)
            if id < before and row["uuid"] in standing
        ]
        return JSONResponse({"items": newest[: int(request.query_params["most"])]})

    async def count(request: Request) -> Response:
        return refusal() or JSONResponse(backend.progress())

    def picture(
        content: bytes,
        media: str,
        frames: int,
        width: int,
        height: int,
        more: dict[str, str] | None = None,
    ) -> Response:
        headers = {
            "X-Frames": str(frames),
            "X-Width": str(width),
            "X-Height": str(height),
            "X-Frames-Per-Second": "24",
        }
        return Response(content, media_type=media, headers=headers | (more or {}))

    return Starlette(
        routes=[
            Route("/", page),
            Route("/static/{name}", static),
            Route("/api/hello", hello),
            Route("/api/lease", lease, methods=["POST"]),
            Route("/api/questions/{id:int}/clip", clip),
            Route("/api/questions/{id:int}/consequences", consequences),
            Route("/api/questions/{id:int}/action", action),
            Route("/api/answers", answers, methods=["POST"]),
            Route("/api/history", history),
            Route("/api/progress", count),
        ]
    )


def serving(backend: Backend) -> AbstractContextManager[str]:
    """The address of the fake server, in a thread, while it serves."""
    return hosted(fake_app(backend))
