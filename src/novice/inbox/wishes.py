"""What the play page may say, understood word by word."""

import json
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from novice.errors import NoviceError

Wish = Literal[
    "go",
    "pause",
    "restart",
    "discard",
    "keep",
    "stop",
    "slower",
    "faster",
    "take",
    "take_over",
    "hand_back",
    "step",
    "undo",
]
# Why time stops: somebody asked, nobody looks, or what is seen is old.
Why = Literal["asked", "hidden", "stale", "moved"]
# How far each stick or slider is pushed, -1 to 1; None where nobody touches it.
Axes = tuple[float | None, ...]
# More keys than anybody holds, and longer names than any key has.
MOST_KEYS = 20
LONGEST_KEY = 30
LAST_FRAME = 2**53
# More sticks than two hands move.
MOST_AXES = 20


class BadMessageError(NoviceError):
    """The page said something that it may not say."""


@dataclass(frozen=True)
class Alive:
    """The page is there, and shows the frame `seen`.

    `axes` is None where the page says nothing new about its sticks.
    """

    seen: int
    axes: Axes | None = None


@dataclass(frozen=True)
class Held:
    """These keys are held now, the latest pressed last, and sticks are pushed so."""

    keys: tuple[str, ...]
    seen: int
    axes: Axes | None = None


@dataclass(frozen=True)
class Pressed:
    """This key went down, while `keys` are held."""

    key: str
    keys: tuple[str, ...]
    seen: int
    axes: Axes | None = None


@dataclass(frozen=True)
class Wanted:
    """Something else than an action; `why` says it when nobody asked for it."""

    wish: Wish
    why: Why = "asked"


@dataclass(frozen=True)
class Gone:
    """The page's connection is closed."""


Message = Alive | Held | Pressed | Wanted | Gone


def message_in(text: str) -> Message:
    """What the page says; raises BadMessageError."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMessageError(f"a message is JSON, but this is not: {error}") from error
    if not isinstance(content, dict):
        raise BadMessageError(
            f"a message is a JSON object, but this is {type(content).__name__}"
        )
    kind = content.get("kind")
    if kind == "alive":
        return Alive(seen=frame(content), axes=axes(content))
    if kind == "held":
        return Held(keys=keys(content), seen=frame(content), axes=axes(content))
    if kind == "pressed":
        (key,) = keys({"keys": [content.get("key")]})
        return Pressed(
            key=key, keys=keys(content), seen=frame(content), axes=axes(content)
        )
    if kind == "wish":
        return wanted(content)
    raise BadMessageError(
        f"the kind of a message is alive, held, pressed or wish, not {kind!r:.60}"
    )


def frame(content: dict[str, Any]) -> int:
    """The number of the frame that is on the screen."""
    seen = content.get("seen")
    if type(seen) is not int or not 0 <= seen < LAST_FRAME:
        raise BadMessageError(
            f"the frame seen is a whole number from 0, not {seen!r:.60}"
        )
    return seen


def keys(content: dict[str, Any]) -> tuple[str, ...]:
    """The keys that are held."""
    found = content.get("keys")
    if not isinstance(found, list) or len(found) > MOST_KEYS:
        raise BadMessageError(f"the keys are a list of at most {MOST_KEYS}")
    if not all(is_key(key) for key in found):
        raise BadMessageError(f"the keys are names of keys, not {found!r:.60}")
    return tuple(found)


def is_key(key: Any) -> bool:
    """Whether this may be the name of a key, as in KeyboardEvent.code."""
    return isinstance(key, str) and key.isalnum() and len(key) <= LONGEST_KEY


def axes(content: dict[str, Any]) -> Axes | None:
    """How far sticks are pushed; None when the message does not speak of them."""
    found = content.get("axes")
    if found is None:
        return None
    if not isinstance(found, list) or len(found) > MOST_AXES:
        raise BadMessageError(f"the axes are a list of at most {MOST_AXES}")
    if not all(is_push(push) for push in found):
        raise BadMessageError(f"an axis is -1 to 1, or null, not {found!r:.60}")
    return tuple(None if push is None else float(push) for push in found)


def is_push(push: Any) -> bool:
    """Whether this is how far a stick may be pushed."""
    if push is None:
        return True
    number = isinstance(push, int | float) and not isinstance(push, bool)
    return number and math.isfinite(push) and -1 <= push <= 1


def wanted(content: dict[str, Any]) -> Wanted:
    """A wish."""
    wish, why = content.get("wish"), content.get("why", "asked")
    if not isinstance(wish, str) or wish not in get_args(Wish):
        raise BadMessageError(
            f"a wish is one of {', '.join(get_args(Wish))}, not {wish!r:.60}"
        )
    if why not in ("asked", "hidden", "stale"):
        raise BadMessageError(f"a wish was asked, hidden or stale, not {why!r:.60}")
    return Wanted(wish, why)  # type: ignore[arg-type]
