"""Act in a task through the play page's socket, without a browser."""

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from websockets.sync.client import ClientConnection, connect

from novice.errors import NoviceError
from novice.inbox.visitor import Visitor

# After so many seconds a turn that was not taken is asked for again.
PATIENCE = 1.0


class CannotSimulateError(NoviceError):
    """A task that a simulated person cannot play."""


def play_episodes(
    visitor: Visitor, choose: Callable[[np.ndarray], int], *, episodes: int
) -> int:
    """Play so many episodes, each as well as `choose` knows, and keep them all.

    `choose` is shown what the page knows of the observation. Returns the steps.
    """
    steps = 0
    with connect(
        visitor.socket_address("/play/socket"), additional_headers=visitor.headers
    ) as socket:
        hello = next_words(socket, "hello")
        keys = keys_of(hello)
        status = next_words(socket, "status")
        for _ in range(episodes):
            status = play_one(socket, status, choose, keys, turns=hello["turns"])
            steps += int(status["steps"])
            say(socket, {"kind": "wish", "wish": "keep"})
            while status["state"] == "over":
                status = next_words(socket, "status")
    return steps


def keys_of(hello: dict[str, Any]) -> list[str]:
    """A key for each of the task's actions."""
    action = hello["words"]["action"]
    if action["kind"] != "discrete":
        raise CannotSimulateError(
            f"a simulated person plays tasks with actions to choose from, and"
            f" {hello['task']} is none; leave --simulate away"
        )
    return [choice["keys"][0] for choice in action["choices"]]


def play_one(
    socket: ClientConnection,
    status: dict[str, Any],
    choose: Callable[[np.ndarray], int],
    keys: list[str],
    *,
    turns: bool,
) -> dict[str, Any]:
    """Play one episode from its first status to its last, which is returned."""
    held, pressed, since = "", -1, 0.0
    while True:
        state, seen = status["state"], status["frame"]
        if state in ("over", "done"):
            return status
        key = keys[choose(np.asarray(status["observation"], np.float32))]
        now = time.monotonic()
        if turns and (seen != pressed or now - since > PATIENCE):
            # What is seen until the turn is taken is still the moment before.
            pressed, since = seen, now
            say(socket, {"kind": "pressed", "key": key, "keys": [key], "seen": seen})
        elif not turns and key != held:
            say(socket, {"kind": "held", "keys": [key], "seen": seen})
            held = key
        else:
            say(socket, {"kind": "alive", "seen": seen})
        if not turns and state in ("ready", "paused"):
            say(socket, {"kind": "wish", "wish": "go"})
        status = next_words(socket, "status", patience=PATIENCE) or status


def say(socket: ClientConnection, content: dict[str, Any]) -> None:
    """Send one message."""
    socket.send(json.dumps(content))


def next_words(
    socket: ClientConnection, kind: str, *, patience: float | None = None
) -> dict[str, Any]:
    """The next message of a kind that is not out of date already.

    Empty when none came for so many seconds.
    """
    found: dict[str, Any] = {}
    while True:
        try:
            message = socket.recv(timeout=0 if found else patience)
        except TimeoutError:
            return found
        if isinstance(message, bytes):
            continue
        words = json.loads(message)
        if words.get("kind") == kind:
            found = words
            if kind != "status":
                return found
