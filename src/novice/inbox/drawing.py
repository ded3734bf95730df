"""Draw moments in a process of its own: `python -m novice.inbox.drawing`.

Whatever a task does there — print, crash, hang — the server goes on.
"""

import contextlib
import importlib
import io
import json
import os
import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from novice.envs.branches import Act, Consequences, candidates
from novice.envs.moment import Clip, Moment
from novice.envs.pictures import at_most, one_line, render_function
from novice.envs.replayer import Replayer
from novice.envs.task import make_task
from novice.errors import NoviceError
from novice.inbox.messages import LENGTHS, arrays_from_bytes, message

# Frames larger than this are sent shrunk, in pixels.
WIDEST = 640
HIGHEST = 960
# Frames of at most so many pixels are sent to the last bit.
SMALL_AREA = 100_000
JPEG_QUALITY = 88
# What is drawn for people may be late; training may not.
NICENESS = 5


class Studio:
    """What a drawing process keeps between requests: tasks, places and a policy."""

    def __init__(self) -> None:
        self._replayers: dict[str, Replayer] = {}
        self._policies: dict[str, Act] = {}

    def answer(
        self, content: Mapping[str, Any], body: bytes
    ) -> tuple[dict[str, Any], bytes]:
        """Do what a request asks, and say how it went."""
        try:
            arrays = arrays_from_bytes(body)
            replayer = self._replayer(content)
            moment = Moment(replayer.task, int(content["seed"]), arrays["actions"])
            if content["kind"] == "clip":
                return developed_clip(replayer.clip(moment, seen=arrays["seen"]))
            return developed_branches(
                replayer.consequences(
                    moment,
                    candidates(replayer.task, arrays["action"]),
                    self._act(content["policy"]),
                    seen=arrays["seen"],
                    hold=content["hold"],
                    seconds=content["seconds"],
                )
            )
        except NoviceError as error:
            return {"error": str(error), "kind": type(error).__name__}, b""
        except Exception as error:
            what = f"{type(error).__name__}: {one_line(error)}"
            return {"error": f"drawing failed: {what}", "kind": "Exception"}, b""

    def _replayer(self, content: Mapping[str, Any]) -> Replayer:
        name = json.dumps([content["task"], content["render"]], sort_keys=True)
        if name not in self._replayers:
            for other in self._replayers.values():
                other.close()
            task = make_task(
                content["task"]["id"], content["task"]["kwargs"], pictures=True
            )
            render = render_function(content["render"]) if content["render"] else None
            self._replayers = {name: Replayer(task, render=render)}
        return self._replayers[name]

    def _act(self, folder: str | None) -> Act | None:
        """The best action of the policy in a folder; None where there is none yet."""
        if folder is None:
            return None
        if folder not in self._policies:
            self._policies = {folder: loaded(Path(folder))}
        return self._policies[folder]


def loaded(folder: Path) -> Act:
    """What the policy in a folder thinks best."""
    # Here JAX is imported, which takes a second.
    from novice.envs.host_policy import HostPolicy
    from novice.experts.kept import load_policy

    policy = HostPolicy(load_policy(folder))
    return lambda observation: policy.at_once(observation[None])[0]


def developed_clip(clip: Clip) -> tuple[dict[str, Any], bytes]:
    """A clip as one picture: its frames from top to bottom."""
    frames = [at_most(frame, width=WIDEST, height=HIGHEST) for frame in clip.frames]
    shrunk = frames[0] is not clip.frames[0]
    height, width = frames[0].shape[:2]
    small = not shrunk and height * width <= SMALL_AREA
    media, image = encoded(np.concatenate(frames), exact=small)
    told = {
        "media": media,
        "frames": len(frames),
        "width": width,
        "height": height,
        "frames_per_second": clip.frames_per_second,
        "every": clip.every,
        "branches": [],
    }
    return told, image


def developed_branches(told: Consequences) -> tuple[dict[str, Any], bytes]:
    """What several actions lead to as one picture: each has a column of frames."""
    columns = [np.concatenate(branch.frames) for branch in told.branches]
    media, image = encoded(np.concatenate(columns, axis=1), exact=False)
    first = told.branches[0].frames
    height, width = first[0].shape[:2]
    branches = [
        {
            "actions": branch.action.tolist(),
            "alike": list(branch.alike),
            "ended": branch.ended,
        }
        for branch in told.branches
    ]
    content = {
        "media": media,
        "frames": len(first),
        "width": width,
        "height": height,
        "frames_per_second": told.frames_per_second,
        "branches": branches,
    }
    return content, image


def encoded(picture: np.ndarray, *, exact: bool) -> tuple[str, bytes]:
    """The media type and the bytes of a picture."""
    from PIL import Image

    packed = io.BytesIO()
    image = Image.fromarray(picture)
    if exact:
        image.save(packed, "PNG", compress_level=1)
        return "image/png", packed.getvalue()
    image.save(packed, "JPEG", quality=JPEG_QUALITY)
    return "image/jpeg", packed.getvalue()


def read_exactly(source: BinaryIO, count: int) -> bytes:
    """So many bytes; raises EOFError when there are no more."""
    content = source.read(count)
    if len(content) < count:
        raise EOFError
    return content


def hear(source: BinaryIO, requests: "queue.SimpleQueue[tuple[Any, bytes]]") -> None:
    """Pass requests on, and end this process when there will be no more.

    Also when a task hangs: whoever asked is gone.
    """
    try:
        while True:
            lengths = LENGTHS.unpack(read_exactly(source, LENGTHS.size))
            words, body = (read_exactly(source, length) for length in lengths)
            requests.put((json.loads(words), body))
    except (EOFError, OSError):
        os._exit(0)


def take_channel() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for us alone: a task that prints speaks to nobody."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return requests, replies


def import_slowly() -> None:
    """Import what a policy needs, so that nobody waits for it."""
    with contextlib.suppress(Exception):
        importlib.import_module("novice.envs.actor")
        importlib.import_module("novice.experts.kept")


def main() -> None:
    """Answer requests until there are no more."""
    source, replies = take_channel()
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    requests: queue.SimpleQueue[tuple[Any, bytes]] = queue.SimpleQueue()
    threading.Thread(target=hear, args=(source, requests), daemon=True).start()
    studio = Studio()
    slowly: threading.Thread | None = None
    while True:
        content, body = requests.get()
        told, image = studio.answer(content, body)
        replies.write(message(told, image))
        replies.flush()
        if slowly is None and content["kind"] == "clip":
            slowly = threading.Thread(target=import_slowly, daemon=True)
            slowly.start()


if __name__ == "__main__":
    main()
