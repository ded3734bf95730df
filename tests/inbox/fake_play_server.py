"""A small server that speaks the play page's protocol, and misbehaves when told to.

As a program, `fake_play_server.py lander` or `... cart` serves until Ctrl-C.
"""

import asyncio
import contextlib
import io
import json
import math
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageDraw
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from inbox.fake_label_server import CARTPOLE, CSP, PAGES
from inbox.hosting import hosted

FRAMES_PER_SECOND = 30
LOOPED = 24  # different pictures, shown again and again

LANDER = {
    "observation": [
        {"name": "x", "unit": "m", "low": -2.5, "high": 2.5},
        {"name": "y", "unit": "m", "low": -2.5, "high": 2.5},
        {"name": "angle", "unit": "rad", "low": -6.3, "high": 6.3},
    ],
    "action": {
        "kind": "real",
        "low": [-1.0, -1.0],
        "high": [1.0, 1.0],
        "names": ["main engine", "lateral engine"],
        "units": ["", ""],
        "center": [0.0, 0.0],
        "half_range": [1.0, 1.0],
    },
    "step_seconds": 0.02,
}
CART_BUTTONS = [
    {"name": "push left", "keys": ["ArrowLeft", "KeyA"], "place": "left", "group": 0},
    {
        "name": "push right",
        "keys": ["ArrowRight", "KeyD"],
        "place": "right",
        "group": 0,
    },
]
LANDER_KEYS = [
    ("main engine −", "ArrowDown", "down", 0),
    ("main engine +", "ArrowUp", "up", 0),
    ("lateral engine −", "ArrowLeft", "left", 1),
    ("lateral engine +", "ArrowRight", "right", 1),
]
LANDER_BUTTONS = [
    {"name": name, "keys": [key], "place": place, "group": group}
    for name, key, place, group in LANDER_KEYS
]


def axis(name: str, low: float = -1.0, high: float = 1.0) -> dict[str, Any]:
    """A number of an action, as the page is told of it."""
    rest = min(max(0.0, low), high)
    return {
        "name": name,
        "low": low,
        "rest": rest,
        "high": high,
        "unit": "",
        "place": None,
    }


def hello(kind: str = "lander", **other: Any) -> dict[str, Any]:
    """What the page is told once; `kind` is lander, with real actions, or cart."""
    real = kind == "lander"
    content = {
        "kind": "hello",
        "task": "LunarLanderContinuous-v3" if real else "CartPole-v1",
        "who": "ana",
        "turns": False,
        "frames_per_second": FRAMES_PER_SECOND,
        "buttons": LANDER_BUTTONS if real else CART_BUTTONS,
        "groups": ["main engine", "lateral engine"] if real else [],
        "words": LANDER if real else CARTPOLE,
        "folder": "runs/play-LunarLanderContinuous-v3-0",
        "takeover": True,
        "drive": "toggle",
        "axes": [axis("main engine"), axis("lateral engine")] if real else [],
        "rewinds": True,
        "heartbeat": 0.1,
        # Longer than in earnest: a machine that is busy with tests is slow.
        "stale_after": 1.0,
        "undo_seconds": 3.0,
        "blend": 0.2,
    }
    return content | other


def status(**other: Any) -> dict[str, Any]:
    """Everything besides the picture, at an episode's beginning."""
    content = {
        "kind": "status",
        "state": "ready",
        "reason": "",
        "trouble": "",
        "frame": 1,
        "episode": 1,
        "steps": 0,
        "total_reward": 0.0,
        "rewarded": True,
        "ending": None,
        "seconds": 0.0,
        "saved": 0,
        "unsaved": 0,
        "kept": 0,
        "wanted": 3,
        "speed": 1.0,
        "action": None,
        "observation": [0.12, 1.4, -0.05, 0.3],
        "no_picture": "",
        "driver": "policy",
        "policy": "round 3",
        "policy_action": None,
        "uncertainty": None,
        "person_steps": 0,
        "interventions": 0,
        "undoable": 0.0,
        "locked": "",
        "label_total": 212,
    }
    return content | other


@dataclass
class Play:
    """What the fake server knows, and how it misbehaves; tests set it as they go."""

    hello: dict[str, Any] = field(default_factory=hello)
    status: dict[str, Any] = field(default_factory=status)
    role: str = "play"
    # Nothing is sent any more, and nothing happens.
    stalled: bool = False
    # Words are still sent, but no pictures.
    frozen: bool = False
    # Nothing is done about what the page wishes.
    deaf: bool = False
    heard: list[dict[str, Any]] = field(default_factory=list)
    socket: WebSocket | None = None
    loop: asyncio.AbstractEventLoop | None = None
    held: tuple[str, ...] = ()
    axes: list[float | None] = field(default_factory=list)
    begun: float = 0.0

    def since(self, place: int = 0) -> list[dict[str, Any]]:
        """What the page said from a place on, without its heartbeats."""
        return [each for each in self.heard[place:] if each["kind"] != "alive"]

    def acted(self, place: int = 0) -> list[dict[str, Any]]:
        """What it said that would move something."""
        return [
            each
            for each in self.since(place)
            if each["kind"] == "pressed"
            or (each["kind"] == "held" and (each["keys"] or any(each.get("axes", []))))
        ]

    def wishes(self, place: int = 0) -> list[str]:
        return [e["wish"] for e in self.since(place) if e["kind"] == "wish"]

    def cut(self) -> None:
        """Close the socket under the page."""
        assert self.socket is not None and self.loop is not None
        asyncio.run_coroutine_threadsafe(self.socket.close(), self.loop).result(5)

    def hear(self, message: dict[str, Any]) -> None:
        self.heard.append(message)
        if self.deaf:
            return
        if message["kind"] in ("held", "pressed"):
            self.held = tuple(message["keys"])
            self.axes = message.get("axes", [])
        elif message["kind"] == "wish":
            self.grant(message)

    def grant(self, message: dict[str, Any]) -> None:
        now, wish = self.status, message["wish"]
        if wish == "go" and now["state"] in ("ready", "paused"):
            now.update(state="playing", locked="", reason="")
        elif wish == "pause" and now["state"] == "playing":
            why = message.get("why", "asked")
            now.update(state="paused", locked="" if why == "asked" else why)
        elif wish == "take_over" and now["driver"] == "policy":
            now.update(driver="person", interventions=now["interventions"] + 1)
        elif wish == "hand_back":
            now["driver"] = "policy"
        elif wish == "undo":
            taken = round(now["undoable"] * FRAMES_PER_SECOND)
            now.update(undoable=0.0, person_steps=max(0, now["person_steps"] - taken))
        elif wish in ("keep", "discard", "restart"):
            self.status = status(episode=now["episode"] + (wish == "keep"))
        elif wish == "step" and now["state"] == "paused":
            self.step()

    def step(self) -> None:
        """One step of something that looks like a task."""
        now = self.status
        now["steps"] += 1
        now["frame"] += 1
        now["seconds"] = round(now["steps"] / FRAMES_PER_SECOND, 1)
        now["saved"] = now["steps"]
        at = now["steps"] / 20
        person = now["driver"] == "person" or not self.hello["takeover"]
        real = bool(self.hello["axes"])
        theirs = [round(0.8 * math.sin(at), 3), round(0.6 * math.cos(1.3 * at), 3)]
        policy = theirs if real else [int(math.sin(at) > 0)]
        now["policy_action"] = policy if self.hello["takeover"] else None
        now["uncertainty"] = round(0.1 + 0.08 * math.sin(at / 2), 3)
        now["action"] = self.mine(real) if person else policy
        now["observation"] = [math.sin(at), math.cos(at), 0.1 * math.sin(at), 0.4]
        if person and self.hello["takeover"]:
            now["person_steps"] += 1
            now["label_total"] += 1
            seconds = now["undoable"] + 1 / FRAMES_PER_SECOND
            now["undoable"] = min(3.0, round(seconds, 3))

    def mine(self, real: bool) -> list[float]:
        if not real:
            return [int("ArrowRight" in self.held)]
        numbers = [0.0, 0.0]
        for number, (less, more) in enumerate(
            (("ArrowDown", "ArrowUp"), ("ArrowLeft", "ArrowRight"))
        ):
            numbers[number] = (more in self.held) - (less in self.held)
            touched = self.axes[number] if number < len(self.axes) else None
            numbers[number] = numbers[number] if touched is None else touched
        return numbers


def pictures() -> list[bytes]:
    """A lander that swings to and fro, as PNG files."""
    drawn = []
    for number in range(LOOPED):
        image = Image.new("RGB", (300, 200), "#0c1016")
        draw = ImageDraw.Draw(image)
        hills = [(0, 200), (0, 150), (60, 165), (110, 180), (190, 180), (250, 160)]
        draw.polygon([*hills, (300, 168), (300, 200)], fill="#dfe3e8")
        for x in (112, 188):
            draw.line((x, 180, x, 156), "#dfe3e8", 2)
            draw.polygon([(x, 156), (x + 14, 160), (x, 164)], fill="#e6c229")
        turn = 2 * math.pi * number / LOOPED
        x, y = 150 + 46 * math.sin(turn), 84 + 14 * math.cos(turn)
        draw.polygon(
            [(x - 13, y + 9), (x + 13, y + 9), (x + 9, y - 10), (x - 9, y - 10)],
            fill="#8f83f0",
        )
        draw.line((x - 11, y + 9, x - 17, y + 19), "#8f83f0", 3)
        draw.line((x + 11, y + 9, x + 17, y + 19), "#8f83f0", 3)
        file = io.BytesIO()
        image.save(file, "PNG")
        drawn.append(file.getvalue())
    return drawn


def fake_app(play: Play) -> Starlette:
    """The routes of the play page over a task that is none."""
    drawn = pictures()

    async def page(request: Request) -> Response:
        return FileResponse(
            PAGES / "play.html", headers={"Content-Security-Policy": CSP}
        )

    async def static(request: Request) -> Response:
        return FileResponse(PAGES / request.path_params["name"])

    async def visit(websocket: WebSocket) -> None:
        await websocket.accept()
        play.socket, play.loop = websocket, asyncio.get_running_loop()
        if play.status["state"] == "playing":
            play.status.update(state="paused", locked="link")
        await websocket.send_text(json.dumps(play.hello))
        await websocket.send_text(json.dumps({"kind": "role", "role": play.role}))
        showing = asyncio.create_task(show(websocket))
        try:
            while True:
                play.hear(json.loads(await websocket.receive_text()))
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            showing.cancel()

    async def show(websocket: WebSocket) -> None:
        sent = -1
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                if not play.stalled:
                    if play.status["state"] == "playing":
                        play.step()
                    await websocket.send_text(json.dumps(play.status))
                    frame = play.status["frame"]
                    if frame != sent and not play.frozen:
                        sent = frame
                        await websocket.send_bytes(
                            struct.pack(">Q", frame) + drawn[frame % LOOPED]
                        )
                await asyncio.sleep(1 / FRAMES_PER_SECOND)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/play", page),
            Route("/static/{name}", static),
            WebSocketRoute("/play/socket", visit),
        ]
    )


@contextmanager
def serving(play: Play) -> Iterator[str]:
    """The address of the fake server, in a thread, while it serves."""
    with hosted(fake_app(play)) as origin:
        yield f"{origin}/play"


if __name__ == "__main__":
    with serving(Play(hello(sys.argv[1]))) as address:
        print(address, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            time.sleep(1e9)
