"""Act in a task through the play page's socket, without a browser."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from websockets.sync.client import ClientConnection, connect

from novice.errors import NoviceError
from novice.inbox.visitor import Visitor

# After so many seconds a turn that was not taken is asked for again.
PATIENCE = 1.0
# The key that takes a turn with whatever the sticks say.
WAIT = "Period"


class CannotSimulateError(NoviceError):
    """A task that a simulated person cannot play."""


@dataclass(frozen=True)
class KeyHands:
    """Hands on a keyboard, with a key for each action."""

    keys: tuple[str, ...]

    def of(self, action: Any) -> dict[str, Any]:
        """The keys to hold for an action, as the page says it."""
        return {"keys": [self.keys[int(np.ravel(action)[0])]]}


@dataclass(frozen=True)
class StickHands:
    """Hands on sticks, one for each number of an action."""

    low: tuple[float, ...]
    rest: tuple[float, ...]
    high: tuple[float, ...]

    def of(self, action: Any) -> dict[str, Any]:
        """How far to push the sticks for an action, as the page says it."""
        numbers = zip(np.ravel(action), self.low, self.rest, self.high, strict=True)
        return {"keys": [], "axes": [push_for(float(n), *ends) for n, *ends in numbers]}


Hands = KeyHands | StickHands


def push_for(number: float, low: float, rest: float, high: float) -> float:
    """How far to push a stick so that it says this number, -1 to 1."""
    room = high - rest if number >= rest else rest - low
    return min(1.0, max(-1.0, (number - rest) / room)) if room else 0.0


def hands_for(hello: dict[str, Any]) -> Hands:
    """Hands for a task's actions; raises CannotSimulateError."""
    action = hello["words"]["action"]
    if action["kind"] == "discrete":
        return KeyHands(tuple(choice["keys"][0] for choice in action["choices"]))
    if action["kind"] == "real":
        ends = (
            [axis[end] for axis in hello["axes"]] for end in ("low", "rest", "high")
        )
        low, rest, high = (tuple(each) for each in ends)
        return StickHands(low, rest, high)
    raise CannotSimulateError(
        "a simulated person plays tasks with actions to choose from, or with real"
        f" actions, and {hello['task']} has neither; leave --simulate away"
    )


def play_episodes(
    visitor: Visitor, choose: Callable[[np.ndarray], Any], *, episodes: int
) -> int:
    """Play so many episodes, each as well as `choose` knows, and keep them all.

    `choose` is shown what the page knows of the observation, and gives the number of an
    action, or the numbers of a real one. Returns the steps.
    """
    steps = 0
    with connect(
        visitor.socket_address("/play/socket"), additional_headers=visitor.headers
    ) as socket:
        hello = next_words(socket, "hello")
        hands = hands_for(hello)
        status = next_words(socket, "status")
        for _ in range(episodes):
            status = play_one(socket, status, choose, hands, turns=hello["turns"])
            steps += int(status["steps"])
            say(socket, {"kind": "wish", "wish": "keep"})
            while status["state"] == "over":
                status = next_words(socket, "status")
    return steps


def play_one(
    socket: ClientConnection,
    status: dict[str, Any],
    choose: Callable[[np.ndarray], Any],
    hands: Hands,
    *,
    turns: bool,
) -> dict[str, Any]:
    """Play one episode from its first status to its last, which is returned."""
    held, pressed, since = {"keys": [""]}, -1, 0.0
    while True:
        state, seen = status["state"], status["frame"]
        if state in ("over", "done"):
            return status
        doing = hands.of(choose(np.asarray(status["observation"], np.float32)))
        now = time.monotonic()
        if turns and (seen != pressed or now - since > PATIENCE):
            # What is seen until the turn is taken is still the moment before.
            pressed, since = seen, now
            key = (doing["keys"] or [WAIT])[0]
            say(socket, {"kind": "pressed", "key": key, **doing, "seen": seen})
        elif not turns and doing != held:
            say(socket, {"kind": "held", **doing, "seen": seen})
            held = doing
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
