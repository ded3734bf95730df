"""The states of the page on which contradicting answers are settled."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inbox.serving import PLENTY, Album, served
from novice.inbox.darkroom import NotDrawnError
from novice.inbox.security import Doorkeeper
from novice.inbox.settle_server import settle_app
from novice.inbox.settling import Decision
from novice.inbox.store import SavedClip
from studio.camera import Camera, State, opened
from studio.lander import CHOICES, NUMBERS, landing

PAIRS = 4
PEOPLE = (("ana", 1_795_000_000.0), ("ben", 1_795_004_200.0))


@dataclass(frozen=True, kw_only=True)
class SettleState(State):
    """A state of the page: which task, and what was pressed."""

    task: str = CHOICES
    pictures: bool = True
    keys: tuple[str, ...] = ()
    do: Callable[[Any], None] = lambda page: None


class Sample:
    """Pairs of moments of a landing, whose answers are made up."""

    def __init__(self, task: str) -> None:
        self.task, self.known = task, landing(task)
        self.said: dict[int, str] = {}

    def facts(self) -> Mapping[str, Any]:
        """The run and its task."""
        run = f"runs/dagger-{self.task}-0"
        return {"run": run, "task": self.task, "words": self.known.words}

    def upcoming(self, most: int) -> Sequence[Mapping[str, Any]]:
        """What nobody has settled."""
        left = [pair for pair in range(PAIRS) if pair not in self.said]
        return [self.told(pair) for pair in left[:most]]

    def decide(self, who: str, decision: Decision) -> Mapping[str, Any]:
        """Remember a decision."""
        pair = decision.pair[0] // 2
        self.said[pair] = decision.choice
        return self.revealed(pair)

    def decided(self, who: str, back: int) -> Mapping[str, Any] | None:
        """What was decided."""
        own = [*self.said]
        return self.revealed(own[-1 - back]) if back < len(own) else None

    def progress(self, who: str) -> Mapping[str, Any]:
        """How many are settled."""
        count = len(self.said)
        closing = {
            "sentence": f"{count} pairs settled: {count - 1} answers are set aside and"
            " in 1 pair both are fine.",
            "next": f"novice dagger {self.task} --resume --out"
            f" runs/dagger-{self.task}-0",
        }
        told = {"settled": count, "mine": count, "skipped": 0, "closing": closing}
        return {**told, "open": PAIRS - count}

    def has_row(self, row: int) -> bool:
        """Whether there is such a moment."""
        return row < 2 * PAIRS

    def told(self, pair: int) -> dict[str, Any]:
        """Two moments that follow each other closely."""
        rows = (2 * pair, 2 * pair + 1)
        return {
            "id": f"{rows[0]}-{rows[1]}",
            "steps_apart": 0.31 + 0.04 * pair,
            "choice": None,
            "chosen": None,
            "sides": [self.side(pair, row) for row in rows],
        }

    def side(self, pair: int, row: int) -> dict[str, Any]:
        """One moment, and what somebody answered."""
        names = [each["name"] for each in self.known.words["action"].get("choices", ())]
        seen = list(self.known.observations[2 * pair])
        seen[1] += 0.004 * (row % 2)
        real = self.task == NUMBERS
        return {
            "row": row,
            "step": 40 + 18 * pair + row % 2,
            "says": names[2 if row % 2 else 1] if names else "",
            "action": ([0.62, -0.1] if row % 2 else [-0.35, 0.02]) if real else None,
            "observation": seen,
        }

    def revealed(self, pair: int) -> dict[str, Any]:
        """The pair, and who answered."""
        people = [
            {"row": 2 * pair + place, "who": who, "when": when, "round": 2 + place}
            for place, (who, when) in enumerate(PEOPLE)
        ]
        told = [{**each, "source": "correction"} for each in people]
        said = {"choice": self.said[pair], "chosen": self.said[pair], "stays": []}
        return {**self.told(pair), **said, "people": told}


class Moments(Album):
    """A darkroom with moments of a landing, two of a pair alike."""

    def __init__(self, task: str) -> None:
        super().__init__()
        self.clips = [SavedClip(*clip, 24.0) for clip in landing(task).clips]

    async def clip(self, question: int) -> SavedClip:
        if self.error is not None:
            raise self.error
        return self.clips[2 * (question // 2) % len(self.clips)]


def look_back(page: Any) -> None:
    """Go back to what was decided last."""
    page.locator("#back").click()
    page.locator("#ask").get_by_text("1 back").wait_for()


SETTLING = [
    SettleState(
        name="settle-pair",
        title="Two answers to one moment",
        sentence=(
            "Both clips have stopped at their moments; an arrow key or a button says"
            " which answer is right. Who gave them is not said before."
        ),
        dark=True,
    ),
    SettleState(
        name="settle-back",
        title="Looking back",
        sentence=(
            "Z goes back through one's decisions, in amber, and says who had answered;"
            " another choice replaces the first, and S takes it back."
        ),
        keys=("ArrowRight",),
        do=look_back,
        dark=True,
    ),
    SettleState(
        name="settle-numbers",
        title="Without pictures, with numbers",
        sentence=(
            "Where nothing can be drawn, bars show what was seen; of actions that are"
            " numbers, those that differ are marked."
        ),
        task=NUMBERS,
        pictures=False,
    ),
    SettleState(
        name="settle-done",
        title="Every pair is settled",
        sentence="The page says what changed, and the command to type next.",
        keys=("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowRight"),
    ),
]


@contextmanager
def settled_at(state: SettleState) -> Iterator[str]:
    """The address of the page, with the key to it."""
    album = Moments(state.task)
    if not state.pictures:
        album.error = NotDrawnError("the label came from elsewhere")
    with tempfile.TemporaryDirectory() as place:
        doors = Doorkeeper(Path(place))
        token = doors.invite("kai")
        app = settle_app(doors, Sample(state.task), album, bad_tokens=PLENTY)
        with served(app) as port:
            yield f"http://127.0.0.1:{port}/?token={token}"


def show_settling(browser: Any, camera: Camera, states: list[SettleState]) -> None:
    """Take the pictures of these states."""
    for state in camera.wanted_of(states):
        for size, scheme, ending in state.views():
            with (
                settled_at(state) as address,
                opened(browser, size, color_scheme=scheme) as page,
            ):
                page.goto(address)
                ready = page.locator("[data-choice=left][aria-disabled=false]")
                for count, key in enumerate(state.keys):
                    ready.wait_for()
                    page.keyboard.press(key)
                    page.locator("#count").get_by_text(
                        f"{count + 1} settled"
                    ).wait_for()
                if len(state.keys) < PAIRS:
                    ready.wait_for()
                state.do(page)
                page.wait_for_timeout(600)
                camera.shoot(page, state.name, ending)
