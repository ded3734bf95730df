"""Messages of all kinds, good, broken and anything between, by a random generator."""

import json
import random
from collections.abc import Callable
from typing import Any, get_args

from inbox.serving import answer
from novice.experts.question import SEGMENTS, VERDICTS
from novice.inbox.wishes import Wish


def segment(
    question: int, verdict: str, actions: list[list[float]], steps: list[int]
) -> dict[str, Any]:
    """Keyframes of the steps before a moment, as the page sends them."""
    uuid = f"{question:032x}"
    return answer(question, uuid, verdict=verdict, actions=actions, steps=steps)


SEEDS = [
    json.dumps({"want": 8, "holding": [1, 2], "release": [3]}),
    json.dumps({"answers": [answer(1, "0" * 32)]}),
    json.dumps({"answers": [answer(2, "f" * 32, actions=[[0.5, -1]], seconds=1e3)]}),
    json.dumps({"answers": [answer(3, "a" * 32, verdict="skip", actions=[])] * 3}),
    json.dumps({"answers": [answer(4, "b" * 32, shown={"clip": True, "n": 2})]}),
    json.dumps({"answers": [answer(5, "c" * 32, actions=[[None, 0.25]])]}),
    json.dumps({"answers": [segment(6, "hold", [[0], [1], [0]], [24, 8, 0])]}),
    json.dumps({"answers": [segment(7, "linear", [[0.5], [-1.5]], [12, 3])]}),
    json.dumps([[[{"a": [None, True, 1.5, "x"]}]]]),
]
PIECES = [
    "null", "true", "-1", "1e999", "NaN", "-Infinity", "9" * 400, "0.1", "[]", "{}",
    '"\\ud800"', '"\\u0000"', "[[", "]]", "}}", '"answers"', '"action"', "\x00", "é",
    "😀", "'", '"', "\\", "/", "<script>", "%s", "{0}", "$(x)", "; DROP TABLE answers",
    "9223372036854775808", "0x1", "1" * 30, "[" * 300,
]  # fmt: skip


def mutated(text: str, chance: random.Random) -> str:
    """The text after a few accidents."""
    for _ in range(chance.randint(0, 4)):
        start = chance.randint(0, len(text))
        end = min(len(text), start + chance.choice([0, 0, 1, 2, 5, 40]))
        piece = chance.choice(
            [chance.choice(PIECES), chr(chance.randrange(0xD800)), "", text[:end]]
        )
        text = (text[:start] + piece + text[end:])[:60_000]
    return text


def anything(chance: random.Random, depth: int = 0) -> Any:
    """A JSON value, more likely one with the names and values that matter."""
    plain: list[Callable[[], Any]] = [
        lambda: chance.choice([None, True, False, "", 0, -1, 1, 2, 2**63, 1e308]),
        lambda: chance.uniform(-10, 4000),
        lambda: chance.randint(-3, 40),
        lambda: f"{chance.getrandbits(128):032x}",
        lambda: chance.choice(VERDICTS),
        lambda: chance.choice(PIECES),
    ]
    if depth < 4 and chance.random() < 0.5:
        count = chance.randint(0, 4)
        if chance.random() < 0.5:
            return [anything(chance, depth + 1) for _ in range(count)]
        names = [
            *answer(0, ""),
            "steps",
            "answers",
            "want",
            "holding",
            "release",
            "clip",
        ]
        return {chance.choice(names): anything(chance, depth + 1) for _ in range(count)}
    return chance.choice(plain)()


def some_answer(chance: random.Random, width: int) -> dict[str, Any]:
    """An answer that may be good, of any kind, about actions of so many numbers."""
    question, uuid = chance.randint(0, 44), f"{chance.getrandbits(128):032x}"
    verdict = chance.choice(["action", "action", "wrong", "hold", "linear"])
    count = chance.randint(2, 4) if verdict in SEGMENTS else 1
    whole = chance.random() < 0.7
    action = [
        chance.randint(0, 1) if whole else chance.uniform(-2, 2)
        for _ in range(chance.choice([width] * 7 + [width + 1]))
    ]
    actions = [action] * count
    if verdict == "action" and chance.random() < 0.2:
        actions = [[None, *actions[0][1:]]]
    if verdict in SEGMENTS:
        steps = sorted(chance.sample(range(40), count), reverse=True)
        return answer(question, uuid, verdict=verdict, actions=actions, steps=steps)
    return answer(question, uuid, verdict=verdict, actions=actions)


def some_body(chance: random.Random, width: int = 1) -> bytes:
    kind = chance.random()
    if kind < 0.1:
        return chance.randbytes(chance.randint(0, 200))
    if kind < 0.4:
        return mutated(chance.choice(SEEDS), chance).encode("utf-8", "surrogatepass")
    if kind < 0.7:
        sent = some_answer(chance, width)
        for _ in range(chance.choice([0, 0, 1, 2])):
            sent[chance.choice([*sent])] = anything(chance)
        return json.dumps({"answers": [sent] * chance.randint(1, 2)}).encode()
    return json.dumps(anything(chance)).encode()


# Those with which something is done more often than the others, which undo it.
ACTS = ["go", "go", "go", "take_over", "take_over", "hand_back", "step", "keep"]
WISHES = [*get_args(Wish), *2 * ACTS]
KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ShiftLeft", "Period", "KeyA", "F13"]


def some_words(chance: random.Random, frame: int = 0) -> str:
    """What the play page says when it shows this frame, or nearly so."""
    content: dict[str, Any] = {"kind": chance.choice(["alive", "held", "pressed"])}
    content["seen"] = chance.choice([frame] * 6 + [0, 1, 5, 40, 400, 10**6])
    if chance.random() < 0.4:
        content = {"kind": "wish", "wish": chance.choice(WISHES)}
        content["why"] = chance.choice(["asked", "asked", "hidden", "stale", "moved"])
    if content["kind"] != "wish":
        content["keys"] = chance.sample(KEYS, chance.randint(0, 3))
        content["key"] = chance.choice(KEYS)
        pushes = [None, 0, 1, -1, chance.uniform(-1, 1), chance.uniform(-1, 1)]
        content["axes"] = chance.choice([None, chance.choices(pushes, k=2)])
    for _ in range(chance.choice([0] * 7 + [1])):
        content[chance.choice([*content])] = anything(chance)
    text = json.dumps(content)
    return mutated(text, chance) if chance.random() < 0.1 else text
