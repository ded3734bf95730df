"""Say which keys an action has: where it leads, or its number."""

from collections.abc import Sequence
from typing import Any

from novice.envs.phrases import Choice

# Up to so many choices have a number key each.
MOST_DIGITS = 10

# The keys at a place, as KeyboardEvent.code names them: they stay on every layout.
PLACES = {
    "left": ("ArrowLeft", "KeyA"),
    "right": ("ArrowRight", "KeyD"),
    "up": ("ArrowUp", "KeyW"),
    "down": ("ArrowDown", "KeyS"),
    "fire": ("Space",),
}
# For choices beyond ten that lie at no place.
SPARE_KEYS = tuple(
    [f"Key{letter}" for letter in "TYGVBNMIOJKL"]
    + ["Comma", "Period", "Slash", "Semicolon", "Quote", "BracketLeft", "BracketRight"]
)

# What others call an action that lies at a place.
_AT = {
    "left": "left",
    "west": "left",
    "right": "right",
    "east": "right",
    "up": "up",
    "north": "up",
    "forward": "up",
    "down": "down",
    "south": "down",
    "backward": "down",
    "back": "down",
    "fire": "fire",
    "jump": "fire",
    "shoot": "fire",
}
_IDLE = {"noop", "none", "nothing", "idle", "coast", "wait", "stay", "do nothing"}


def with_places(choices: Sequence[Choice]) -> list[Choice]:
    """The choices with the places that their names speak of, each place once."""
    placed: list[Choice] = []
    for choice in choices:
        place = _AT.get(plain(choice.name)) or _word_for_place(choice.name)
        free = place and all(other.place != place for other in placed)
        placed.append(choice._replace(place=place if free else None))
    return placed


def _word_for_place(name: str) -> str | None:
    """The place that exactly one word of a name speaks of."""
    said = {_AT[word] for word in plain(name).split() if word in _AT}
    return said.pop() if len(said) == 1 else None


def idle_of(choices: Sequence[Choice]) -> int | None:
    """The choice whose name says that it does nothing."""
    for number, choice in enumerate(choices):
        if plain(choice.name) in _IDLE:
            return number
    return None


def plain(name: str) -> str:
    """A name in small letters, with its words apart."""
    return " ".join(name.replace("_", " ").replace("-", " ").lower().split())


def with_keys(choices: Sequence[Choice]) -> list[dict[str, Any]]:
    """Each choice with its keys: by its place, and by its number up to ten."""
    spare = iter(SPARE_KEYS)
    described = []
    for number, choice in enumerate(choices):
        keys = [*PLACES.get(choice.place or "", ())]
        if len(choices) <= MOST_DIGITS:
            keys.append(f"Digit{number}")
        elif not keys:
            keys += [key for key in [next(spare, None)] if key]
        described.append({"name": choice.name, "keys": keys, "place": choice.place})
    return described
