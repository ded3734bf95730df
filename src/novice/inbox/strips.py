"""Say what pictures of questions are, and send them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from starlette.responses import Response


@runtime_checkable
class Strip(Protocol):
    """Frames of one size in one image."""

    @property
    def image(self) -> bytes: ...
    @property
    def media(self) -> str: ...
    @property
    def frames(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def frames_per_second(self) -> float: ...
    @property
    def every(self) -> int: ...


@runtime_checkable
class BranchedStrip(Strip, Protocol):
    """Frames beside each other, a column a branch."""

    @property
    def branches(self) -> Sequence[Mapping[str, Any]]: ...


@runtime_checkable
class Pictures(Protocol):
    """Where the pictures of questions are drawn."""

    async def clip(self, question: int) -> Strip: ...

    async def consequences(self, question: int) -> BranchedStrip: ...

    def expect(self, questions: Collection[int], *, consequences: bool) -> None: ...

    def forget(self, questions: Collection[int]) -> None: ...

    async def close(self) -> None: ...


def send_strip(strip: Strip) -> Response:
    """The image, and in the headers how to read it."""
    headers = {
        "X-Frames": str(strip.frames),
        "X-Width": str(strip.width),
        "X-Height": str(strip.height),
        "X-Frames-Per-Second": f"{strip.frames_per_second:g}",
        "X-Every": str(strip.every),
    }
    return Response(strip.image, media_type=strip.media, headers=headers)
