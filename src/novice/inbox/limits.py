"""Keep one visitor from taking what the others need."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.types import Message, Receive

from novice.errors import NoviceError

# So many keys are remembered; the ones that have been quiet longest go first.
MOST_KEYS = 10_000


class RefusedError(NoviceError):
    """A request that is turned away: the status, and a sentence that says why."""

    def __init__(
        self, status: int, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = dict(headers or {})


def refused_for(seconds: float, sentence: str) -> RefusedError:
    """Too many; when to come again stands in Retry-After."""
    return RefusedError(429, sentence, {"Retry-After": str(max(1, round(seconds)))})


@dataclass(frozen=True)
class _Bucket:
    left: float
    at: float


class Allowance:
    """So many a second for each key, and some saved up for a burst."""

    def __init__(
        self,
        *,
        a_second: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.a_second = a_second
        self.burst = burst
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def wait(self, key: str, count: int = 1) -> float:
        """Seconds until `key` may have so many; 0: it may have them now."""
        return max(0.0, (count - self._left(key)) / self.a_second)

    def take(self, key: str, count: int = 1) -> float:
        """Take so many if they are there; else the seconds until they will be."""
        wait = self.wait(key, count)
        if wait == 0:
            left = self._left(key) - count
            self._buckets.pop(key, None)  # So that the order is that of the last use.
            self._buckets[key] = _Bucket(left, self._clock())
            if len(self._buckets) > MOST_KEYS:
                del self._buckets[next(iter(self._buckets))]
        return wait

    def _left(self, key: str) -> float:
        bucket = self._buckets.get(key)
        if bucket is None:
            return float(self.burst)
        since = self._clock() - bucket.at
        return min(float(self.burst), bucket.left + since * self.a_second)


async def read_body(
    receive: Receive, *, announced: str | None, most: int, seconds: float
) -> bytes:
    """A request's whole body; raises RefusedError as soon as it is too long or slow."""
    if announced is not None and not re.fullmatch("[0-9]{1,18}", announced, re.ASCII):
        raise RefusedError(400, "Content-Length is not a number")
    if int(announced or 0) > most:
        raise _too_long(most)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise RefusedError(400, "the request was cut off")
                body += message.get("body", b"")
                if len(body) > most:
                    raise _too_long(most)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise RefusedError(
            408, f"the request took longer than {seconds:g} seconds to arrive"
        ) from None


async def let_run_out(receive: Receive, *, most: int, seconds: float) -> None:
    """Read a little of what still comes, so that the visitor hears why it was refused.

    Closing a connection that has unread bytes would throw the reply away.
    """
    seen = 0
    try:
        async with asyncio.timeout(seconds):
            while seen <= most:
                message = await receive()
                seen += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def heard_already(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives out a body which was read before."""
    pending: list[Message] = [
        {"type": "http.request", "body": body, "more_body": False}
    ]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again


def _too_long(most: int) -> RefusedError:
    return RefusedError(413, f"the request is longer than {most} bytes")
