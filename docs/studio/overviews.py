"""The states of the page on which a run's owner sees what people have said."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inbox.asking import a_question, an_episode, says
from inbox.serving import PLENTY, Album, served
from novice.inbox import overview as overviews
from novice.inbox.security import Doorkeeper
from novice.inbox.server import label_app
from novice.inbox.store import Inbox, SavedClip
from studio.camera import Camera, State, opened
from studio.lander import CHOICES, NUMBERS, landing

QUESTIONS = 90
PEOPLE = {"ana": "owner", "ben": "labeler", "cleo": "labeler"}
RETURNS = [-212, -148, -71, -20, 38, 74]


@dataclass(frozen=True, kw_only=True)
class OverviewState(State):
    """A state of the page: what people have said in the run."""

    fill: Callable[[Inbox], None]
    task: str = CHOICES
    people: tuple[str, ...] = ("ana",)
    do: Callable[[Any], None] = lambda page: None


class Pictures(Album):
    """A darkroom with moments of a landing."""

    def __init__(self, task: str) -> None:
        super().__init__()
        self.clips = [SavedClip(*clip, 24.0) for clip in landing(task).clips]

    async def clip(self, question: int) -> SavedClip:
        return self.clips[question % len(self.clips)]


def tell_course(inbox: Inbox, rounds: int, *, labels: int) -> None:
    """Tell how the return grew from round to round, with so many labels in each."""
    course = [
        {
            "round": number,
            "labels": labels * (number + 1),
            "human_seconds": 2.0 * labels * (number + 1),
            "return": {"mean": mean, "ci95": [mean - 46 + 3 * number, mean + 44]},
        }
        for number, mean in enumerate(map(float, RETURNS[:rounds]))
    ]
    inbox.tell("course", course)
    inbox.tell("round", rounds)


def right(question: int) -> int:
    """What is best at a moment of the landing."""
    return [2, 2, 0, 1, 2, 3][question % 6]


def nobody(inbox: Inbox) -> None:
    """Nobody has answered yet."""


def one(inbox: Inbox) -> None:
    """One person answers alone."""
    tell_course(inbox, 3, labels=18)
    inbox.store(
        [
            says(number, "ana", actions=((float(right(number)),),), seconds=2.1)
            for number in range(1, 61)
        ]
    )


def three(inbox: Inbox) -> None:
    """Three people answer, of whom one means the main engine differently."""
    tell_course(inbox, 6, labels=38)
    chance = np.random.default_rng(1)
    often = {"ana": 0.96, "ben": 0.9, "cleo": 0.7}
    shares = {"ana": (1, 91), "ben": (1, 76), "cleo": (20, 86)}
    for who, (first, last) in shares.items():
        said = []
        for number in range(first, last):
            other = 3 if right(number) == 2 else 0
            best = chance.random() < often[who]
            action = float(right(number) if best else other)
            seconds = float(chance.uniform(0.9, 3.2))
            said.append(says(number, who, actions=((action,),), seconds=seconds))
        inbox.store(said)


def two_with_numbers(inbox: Inbox) -> None:
    """Two people answer with two numbers."""
    tell_course(inbox, 4, labels=30)
    chance = np.random.default_rng(2)
    for number in range(1, 61):
        best = chance.uniform(-0.6, 0.9, size=2)
        for who, apart in (("ana", 0.05), ("ben", 0.16)):
            engine, push = (best + chance.normal(0, apart, 2)).clip(-1, 1).round(2)
            known = None if who == "ben" and number % 7 == 0 else float(push)
            inbox.store([says(number, who, actions=((float(engine), known),))])


def go_offline(page: Any) -> None:
    """Lose the server."""
    page.context.set_offline(True)
    page.wait_for_selector("#live:not([data-state=live])", timeout=30_000)


OVERVIEWS = [
    OverviewState(
        name="overview-people",
        title="Several people",
        sentence=(
            "What the answers bring, how much each person said and how far they can be"
            " trusted, how far people agree, which actions they mean differently, and"
            " the moments that they judge differently, with their pictures."
        ),
        fill=three,
        people=("ana", "ben", "cleo"),
        dark=True,
    ),
    OverviewState(
        name="overview-numbers",
        title="Actions that are numbers",
        sentence=(
            "Where actions are numbers, agreement says how near they are, and a number"
            " that was left open is called so."
        ),
        fill=two_with_numbers,
        task=NUMBERS,
        people=("ana", "ben"),
    ),
    OverviewState(
        name="overview-alone",
        title="One person alone",
        sentence="The page says how a second person is invited, and why.",
        fill=one,
    ),
    OverviewState(
        name="overview-empty",
        title="Nobody has answered",
        sentence="Each part says what it will show, and when.",
        fill=nobody,
    ),
    OverviewState(
        name="overview-offline",
        title="The server does not answer",
        sentence="The numbers stay, and are called old until the server is back.",
        fill=one,
        do=go_offline,
    ),
]


@contextmanager
def overseen(state: OverviewState) -> Iterator[str]:
    """The address of the overview of such a run, with the key to it."""
    overviews.YOUNGEST = 0.0
    known = landing(state.task)
    with (
        tempfile.TemporaryDirectory() as place,
        contextlib.closing(Inbox(Path(place) / "dataset" / "inbox.sqlite")) as inbox,
    ):
        alone = len(state.people) == 1 and state.fill is one
        moments = np.array(known.observations, np.float32)
        # Each is a moment of its own.
        moments = np.resize(moments, (QUESTIONS, moments.shape[1])).copy()
        moments[:, 0] += np.arange(QUESTIONS) / 1000
        asked = [
            a_question(
                step,
                wanted=1 if alone else 2,
                observation=moments[step],
            )
            for step in range(QUESTIONS)
        ]
        inbox.add_visit(0, [an_episode()], asked)
        inbox.tell("words", known.words)
        inbox.tell("task", {"id": state.task, "kwargs": {}, "folder": "."})
        inbox.tell("run", f"dagger-{state.task}-0")
        inbox.tell("budget", {"labels": 400, "minutes": None})
        inbox.tell("phase", "waiting")
        inbox.tell("alive", time.time() + 3600)
        state.fill(inbox)
        doors = Doorkeeper(Path(place))
        tokens = {who: doors.invite(who, PEOPLE[who]) for who in state.people}
        app = label_app(
            Path(place),
            doors,
            inbox,
            Pictures(state.task),
            answers=PLENTY,
            bad_tokens=PLENTY,
        )
        with served(app) as port:
            yield f"http://127.0.0.1:{port}/overview?token={tokens['ana']}"


def show_overviews(browser: Any, camera: Camera, states: list[OverviewState]) -> None:
    """Take the pictures of these states, from the top of the page to its bottom."""
    for state in camera.wanted_of(states):
        with overseen(state) as address:
            for size, scheme, ending in state.views():
                with opened(browser, size, color_scheme=scheme) as page:
                    page.goto(address)
                    live = page.locator("#live-text").get_by_text("Live", exact=True)
                    live.wait_for()
                    page.wait_for_timeout(800)
                    state.do(page)
                    page.wait_for_timeout(200)
                    camera.shoot(page, state.name, ending, whole=True)
