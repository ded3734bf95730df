"""What the play page may say, understood word by word."""

import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

from novice.errors import NoviceError

Wish = Literal[
    "go", "pause", "restart", "discard", "keep", "stop", "slower", "faster", "take"
]
# More keys than anybody holds, and longer names than any key has.
MOST_KEYS = 20
LONGEST_KEY = 30
LAST_FRAME = 2**53


class BadMessageError(NoviceError):
    """The page said something that it may not say."""


@dataclass(frozen=True)
class Alive:
    """The page is there, and shows the frame `seen`."""

    seen: int


@dataclass(frozen=True)
class Held:
    """These keys are held now, the latest pressed last."""

    keys: tuple[str, ...]
    seen: int


@dataclass(frozen=True)
class Pressed:
    """This key went down, while `keys` are held."""

    key: str
    keys: tuple[str, ...]
    seen: int


@dataclass(frozen=True)
class Wanted:
    """Something else than an action; `why` says it when nobody asked for it."""

    wish: Wish
    why: Literal["asked", "hidden", "moved"] = "asked"


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
        return Alive(seen=frame(content))
    if kind == "held":
        return Held(keys=keys(content), seen=frame(content))
    if kind == "pressed":
        (key,) = keys({"keys": [content.get("key")]})
        return Pressed(key=key, keys=keys(content), seen=frame(content))
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


def wanted(content: dict[str, Any]) -> Wanted:
    """A wish."""
    wish, why = content.get("wish"), content.get("why", "asked")
    if not isinstance(wish, str) or wish not in get_args(Wish):
        raise BadMessageError(
            f"a wish is one of {', '.join(get_args(Wish))}, not {wish!r:.60}"
        )
    if why not in ("asked", "hidden"):
        raise BadMessageError(f"a wish was asked or hidden, not {why!r:.60}")
    return Wanted(wish, why)  # type: ignore[arg-type]
