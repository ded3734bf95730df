"""What the server behind the play page sends, and whom it hears."""

import asyncio
import json
import struct
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect

from inbox.played import Player
from novice.inbox import play_server
from novice.inbox.play_server import Audience, Seat
from novice.inbox.theater import Shown, Theater
from novice.inbox.wishes import Alive, Gone, Held, Message, Wanted


class Socket(WebSocket):
    """A page's socket: what it says is put in, what it is sent is kept."""

    def __init__(self, role: str = "owner"):
        self.scope = {"state": {"role": role}}
        self.said: asyncio.Queue[str | None] = asyncio.Queue()
        self.words: list[dict[str, Any]] = []
        self.frames: list[int] = []

    async def accept(self, *_: Any) -> None: ...

    async def close(self, *_: Any) -> None: ...

    async def send_text(self, text: str) -> None:
        self.words.append(json.loads(text))

    async def send_bytes(self, content: bytes) -> None:
        self.frames.append(struct.unpack(">Q", content[:8])[0])

    async def receive_text(self) -> str:
        text = await self.said.get()
        if text is None:
            raise WebSocketDisconnect
        return text

    def say(self, **content: Any) -> None:
        self.said.put_nowait(json.dumps(content))

    @property
    def role(self) -> dict[str, Any]:
        """What the page was told last of who plays."""
        return [each for each in self.words if each["kind"] == "role"][-1]


class House(Theater):
    """A theater whose stage is not there, but which notes what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Message] = []

    def watch(self, watcher: Callable[[Shown], None]) -> Callable[[], None]:
        return lambda: None

    def say(self, message: Message) -> None:
        self.heard.append(message)


async def settle() -> None:
    """Let everything happen that can."""
    for _ in range(50):
        await asyncio.sleep(0)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 20))


@pytest.fixture
def shown(tmp_path: Path) -> Callable[[int], Shown]:
    """What the stage shows as its frame of a number."""
    player = Player(tmp_path / "run")
    status = player.stage.status
    player.stage.close()

    def at(frame: int) -> Shown:
        return Shown(type(status)(**{**vars(status), "frame": frame}), b"picture")

    return at


def test_a_page_that_is_behind_gets_the_newest_picture(
    shown: Callable[[int], Shown], monkeypatch: pytest.MonkeyPatch
):
    now = [100.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr(play_server, "time", clock)

    async def test() -> None:
        socket = Socket()
        seat = Seat(socket)
        sending = asyncio.create_task(seat.send_on())
        for frame in range(1, 11):
            seat.show(shown(frame))
            await settle()
        assert socket.frames == [1, 2, 3]
        # The words are always those of now.
        assert [each["frame"] for each in socket.words] == list(range(1, 11))
        seat.saw(1)
        await settle()
        assert socket.frames == [1, 2, 3, 10]
        # Pictures of which nothing is ever heard are not waited for.
        seat.show(shown(11))
        now[0] += 1.1
        seat.saw(1)
        await settle()
        assert socket.frames == [1, 2, 3, 10, 11]
        sending.cancel()

    run(test())


def test_only_the_page_that_plays_is_heard():
    async def test() -> None:
        house, first, second = House(), Socket(), Socket()
        audience = Audience(house, {"task": "Room-v0"})
        visits = [asyncio.create_task(audience.visit(each)) for each in (first, second)]
        await settle()
        assert (first.role["role"], second.role["role"]) == ("play", "watch")
        second.say(kind="wish", wish="take_over")
        second.say(kind="held", keys=["KeyA"], seen=1, axes=[0.5])
        second.say(kind="alive", seen=1)
        await settle()
        assert house.heard == []
        first.say(kind="held", keys=["KeyA"], seen=1)
        first.say(kind="wish", wish="take_over")
        await settle()
        assert house.heard == [Held(("KeyA",), 1), Wanted("take_over")]

        second.say(kind="wish", wish="take")
        await settle()
        assert house.heard[2:] == [Wanted("pause", "moved")]
        first.say(kind="wish", wish="hand_back")
        second.say(kind="alive", seen=2)
        await settle()
        assert house.heard[3:] == [Alive(2)]

        first.said.put_nowait(None)
        await settle()
        assert house.heard[4:] == []
        second.said.put_nowait(None)
        await settle()
        assert house.heard[4:] == [Gone()]
        await asyncio.gather(*visits)

    run(test())


@pytest.mark.parametrize("role", ["observer", "labeler"])
def test_whoever_is_not_invited_to_play_watches(role: str):
    async def test() -> None:
        house, socket = House(), Socket(role)
        audience = Audience(house, {})
        visit = asyncio.create_task(audience.visit(socket))
        await settle()
        socket.say(kind="wish", wish="take")
        socket.say(kind="wish", wish="go")
        await settle()
        assert socket.role["role"] == "watch"
        socket.said.put_nowait(None)
        await visit
        assert house.heard == []

    run(test())


def test_a_page_that_talks_nonsense_is_told_so_and_then_left_alone():
    async def test() -> None:
        house, socket = House(), Socket()
        audience = Audience(house, {})
        visit = asyncio.create_task(audience.visit(socket))
        for _ in range(play_server.MOST_NONSENSE):
            socket.say(kind="held", keys=[], seen=0, axes=[2])
        await visit
        errors = [each for each in socket.words if each["kind"] == "error"]
        assert "an axis is -1 to 1, or null" in errors[0]["error"]
        assert house.heard == [Gone()]

    run(test())
