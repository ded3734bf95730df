"""Ride along with a policy on the play page's socket, and take over, without a browser.

When they do, `novice.experts.companion` says; this carries it to the page's server.
"""

import contextlib
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Num
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from novice.experts.companion import Companion
from novice.inbox.player import (
    WAIT,
    CannotSimulateError,
    next_words,
    push_for,
    say,
)
from novice.inbox.visitor import Visitor

# What is said at least so often, and how long a server may be gone, in seconds.
HEARTBEAT = 0.1
PATIENCE = 30.0
# So many turns are a second for whoever takes them one by one.
TURNS_PER_SECOND = 2.0
# A turn that was not taken is asked for again after so many seconds.
AGAIN = 1.0


class Hands(NamedTuple):
    """What somebody holds: keys, and how far they push each stick."""

    keys: tuple[str, ...]
    axes: tuple[float, ...] | None


def ride_along(address: str, companion: Companion, stop: threading.Event) -> None:
    """Watch and take over, episode after episode, until `stop` is set or all is done.

    A server that goes away may come back; raises OSError if it does not.
    """
    with contextlib.closing(Visitor(address)) as visitor:
        there = time.monotonic()
        while not stop.is_set():
            try:
                with connect(
                    visitor.socket_address("/play/socket"),
                    additional_headers=visitor.headers,
                ) as socket:
                    ride = _Ride(socket, companion, stop)
                    try:
                        if ride.go():
                            return
                    finally:
                        there = time.monotonic()
            except (ConnectionClosed, OSError, TimeoutError):
                if time.monotonic() - there > PATIENCE and not stop.is_set():
                    raise
            stop.wait(0.2)


class _Ride:
    """One connection to the page's server."""

    def __init__(
        self, socket: ClientConnection, companion: Companion, stop: threading.Event
    ):
        self._socket, self._companion, self._stop = socket, companion, stop
        self._hello = next_words(socket, "hello")
        self._before: Mapping[str, Any] = {}
        self._held: Hands | None = None
        self._turn, self._turned = -1, 0.0
        self._asked = 0.0
        self._seconds, self._counted = 0.0, time.monotonic()

    def go(self) -> bool:
        """Ride until it is over; whether the server said so."""
        status: dict[str, Any] = {}
        while not self._stop.is_set():
            status = next_words(self._socket, "status", patience=HEARTBEAT) or status
            if status:
                state = status["state"]
                if state == "done":
                    return True
                self._live(status, state)
        return False

    def _live(self, status: Mapping[str, Any], state: str) -> None:
        if state == "over":
            self._wish("keep")
            self._before = {}
        elif state in ("ready", "paused"):
            self._begin(status, state)
        else:
            self._look(status)
            self._drive(status)

    def _begin(self, status: Mapping[str, Any], state: str) -> None:
        """Set off; some tasks want to know first what is to be done."""
        if state == "ready" and status["steps"] == 0:
            self._companion.begin()
            self._before = {}
            self._seconds = 0.0
        self._counted = time.monotonic()  # No time goes by in a pause.
        self._look(status)
        self._held = None  # Whoever stands still holds nothing.
        if self._companion.hurry and status["speed"] < 2:
            self._wish("faster")
        if status["driver"] == "person":
            self._hold(self._hands(status), status["frame"])
        if not (self._hello["turns"] and status["driver"] == "person"):
            self._wish("go")
        else:
            self._take_a_turn(status)

    def _look(self, status: Mapping[str, Any]) -> None:
        """See what there is, once."""
        now = (status["steps"], status["frame"])
        if self._before and now == (self._before["steps"], self._before["frame"]):
            return
        seconds = self._task_seconds(status)
        before, advice = self._before, status["policy_action"]
        if before and status["steps"] < before["steps"]:
            self._companion.begin()
            before = {}
        self._companion.look(
            seconds,
            seen(status),
            seen(before) if before else None,
            None if advice is None else np.asarray(advice),
        )
        self._before = status

    def _task_seconds(self, status: Mapping[str, Any]) -> float:
        """How far the task is, for somebody who looks: its time is that of the clock.

        A machine that is busy draws late, but nobody reacts later for that. By turns,
        and in a hurry, the task has a time of its own.
        """
        now = time.monotonic()
        self._seconds += (now - self._counted) * status["speed"]
        self._counted = now
        if self._hello["turns"]:
            return float(status["steps"] / TURNS_PER_SECOND)
        if self._companion.hurry:
            return float(status["steps"] / self._hello["frames_per_second"])
        return self._seconds

    def _drive(self, status: Mapping[str, Any]) -> None:
        companion, speed, frame = self._companion, status["speed"], status["frame"]
        if status["driver"] == "policy":
            if companion.takes_over(speed):
                self._hold(self._hands(status), frame)
                self._wish("take_over", again=0.0)
            else:
                say(self._socket, {"kind": "alive", "seen": frame})
        elif self._hello.get("takeover") and companion.hands_back(speed):
            self._wish("hand_back", again=0.0)
        elif self._hello["turns"]:
            self._take_a_turn(status)
        else:
            self._hold(self._hands(status), frame)

    def _hands(self, status: Mapping[str, Any]) -> Hands:
        """What to hold now."""
        return hands_for(self._companion.action(status["speed"]), self._hello)

    def _hold(self, hands: Hands, seen: int) -> None:
        """Hold these; a page that holds what it held only says that it is there."""
        if hands == self._held:
            say(self._socket, {"kind": "alive", "seen": seen})
            return
        self._held = hands
        axes = {} if hands.axes is None else {"axes": list(hands.axes)}
        say(
            self._socket,
            {"kind": "held", "keys": list(hands.keys), "seen": seen, **axes},
        )

    def _take_a_turn(self, status: Mapping[str, Any]) -> None:
        """Press a key once for each frame."""
        frame, now = status["frame"], time.monotonic()
        if frame == self._turn and now - self._turned < AGAIN:
            say(self._socket, {"kind": "alive", "seen": frame})
            return
        self._turn, self._turned = frame, now
        hands = self._held = self._hands(status)
        key = hands.keys[-1] if hands.keys else WAIT
        axes = {} if hands.axes is None else {"axes": list(hands.axes)}
        say(
            self._socket,
            {
                "kind": "pressed",
                "key": key,
                "keys": list(hands.keys) or [key],
                "seen": frame,
                **axes,
            },
        )

    def _wish(self, wish: str, *, again: float = 0.2) -> None:
        """Wish for something; what takes a moment is not wished for twice."""
        now = time.monotonic()
        if now - self._asked >= again:
            self._asked = now
            say(self._socket, {"kind": "wish", "wish": wish})


def seen(status: Mapping[str, Any]) -> Float[np.ndarray, " obs"]:
    """The observation that a status shows."""
    return np.asarray(status["observation"], np.float32)


def hands_for(action: Num[np.ndarray, " actions"], hello: Mapping[str, Any]) -> Hands:
    """What must be held for an action; raises CannotSimulateError."""
    kind, buttons = hello["words"]["action"]["kind"], hello["buttons"]
    if kind == "real":
        ends = ("low", "rest", "high")
        pushes = [
            push_for(float(each), *(axis[end] for end in ends))
            for each, axis in zip(action, hello["axes"], strict=True)
        ]
        return Hands((), tuple(pushes))
    if kind == "several":
        return Hands(tuple(keys_of_groups(action, buttons)), None)
    if kind == "switches":
        on = np.flatnonzero(action)
        return Hands(tuple(buttons[place]["keys"][0] for place in on), None)
    if len(buttons) != len(hello["words"]["action"]["choices"]):
        raise CannotSimulateError(
            f"a simulated person has a key for each action, but in {hello['task']} keys"
            " are held together; leave --simulate away"
        )
    return Hands((buttons[int(action[0])]["keys"][0],), None)


def keys_of_groups(
    action: Num[np.ndarray, " actions"], buttons: Sequence[Mapping[str, Any]]
) -> list[str]:
    """A key for each part of an action of several choices."""
    groups: dict[int, list[Mapping[str, Any]]] = {}
    for button in buttons:
        groups.setdefault(button["group"], []).append(button)
    return [groups[place][int(each)]["keys"][0] for place, each in enumerate(action)]
