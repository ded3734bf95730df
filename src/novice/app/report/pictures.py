"""Pack an episode's frames into a moving picture small enough to travel in a page."""

import base64
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from novice.app.report.contents import Frame, Replay, RunContents
from novice.errors import NoviceError

if TYPE_CHECKING:
    import PIL.Image

_MOST_FRAMES = 75
_MOST_BYTES = 150_000  # of a replay as it stands in the page
_SLOWEST = 100.0  # milliseconds a picture; longer episodes are shown faster than life
_LAST = 1500  # milliseconds that the end stays before the episode starts again
# Tried in turn until the picture is small enough: quality, share of the width.
_ECONOMIES = ((70, 1.0), (45, 1.0), (20, 1.0), (20, 0.75), (5, 0.5), (0, 0.25))


def with_pictures(
    contents: RunContents,
    draw: Callable[[Replay], tuple[Sequence[Frame], float]],
) -> RunContents:
    """The contents with pictures of every replay.

    `draw` gives a replay's frames and how many make a second; where it raises a
    NoviceError, the page says why there are no pictures. Only the frames that the page
    shows are kept: a thousand whole ones would fill the memory.
    """
    return replace(
        contents, replays=[_with_frames(replay, draw) for replay in contents.replays]
    )


def animated(frames: Sequence[Frame], *, fps: int | float, width: int = 320) -> str:
    """A data URI of the episode moving; `fps` is how fast the frames were taken.

    Frames are left out until there are at most 75, and quality until it is 150 kB.
    """
    kept = _kept(frames)
    pause = round(_pause(len(frames), fps=fps))
    durations = [pause] * (len(kept) - 1) + [_LAST]
    for quality, share in _ECONOMIES:
        pictures = [_picture(frame, width=round(width * share)) for frame in kept]
        uri = _uri(pictures, quality=quality, durations=durations)
        if len(uri) <= _MOST_BYTES:
            break
    return uri


def still(frame: Frame, *, width: int = 320) -> str:
    """A data URI of one frame."""
    return _uri([_picture(frame, width=width)], quality=70, durations=[0])


def speed(count: int, *, fps: int | float) -> float:
    """How many times faster than life `animated` shows that many frames."""
    return _step(count) / fps * 1000 / _pause(count, fps=fps)


def _with_frames(
    replay: Replay, draw: Callable[[Replay], tuple[Sequence[Frame], float]]
) -> Replay:
    try:
        frames, per_second = draw(replay)
    except NoviceError as reason:
        return replace(replay, frames=f"There are no pictures: {reason}")
    return replace(
        replay,
        frames=_kept(frames),
        frames_per_second=per_second / _step(len(frames)),
    )


def _kept(frames: Sequence[Frame]) -> list[Frame]:
    """Every so many frames, and always the last: how the episode ended."""
    kept = list(frames[:: _step(len(frames))])
    if (len(frames) - 1) % _step(len(frames)):
        kept[-1] = frames[-1]
    return kept


def _step(count: int) -> int:
    return math.ceil(count / _MOST_FRAMES)


def _pause(count: int, *, fps: int | float) -> float:
    """Milliseconds that a picture stays."""
    return min(1000 * _step(count) / fps, _SLOWEST)


def _picture(frame: Frame, *, width: int) -> "PIL.Image.Image":
    from PIL import Image

    picture = Image.fromarray(frame)
    width = min(width, picture.width)
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _uri(
    pictures: Sequence["PIL.Image.Image"], *, quality: int, durations: list[int]
) -> str:
    packed = io.BytesIO()
    first, *rest = pictures
    first.save(
        packed,
        "WEBP",
        save_all=bool(rest),
        append_images=rest,
        duration=durations,
        loop=0,
        quality=quality,
        method=3,
    )
    return f"data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}"
