"""Open the page on which a person answers, in a state."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from inbox.fake_label_server import CARTPOLE, Backend, serving
from studio.camera import Camera, State, opened
from studio.lander import CHOICES, NUMBERS, landing

ANSWERED = 412
SAID = {
    CHOICES: [[2], [2], [0], [1], [2], [3]],
    NUMBERS: [[0.6, -0.1], [0.8, 0.0], [0.0, 0.25], [0.4, -0.3], [0.9, 0.1]],
}
SKIP_PRACTICE = "localStorage['novice.settings'] ??= JSON.stringify({practiced: true})"

Do = Callable[[Any, Backend], None]


def nothing(page: Any, backend: Backend) -> None:
    """Leave the page as it comes."""


@dataclass(frozen=True, kw_only=True)
class LabelState(State):
    """A state of the page, and how to come to it."""

    server: dict[str, Any] = field(default_factory=dict)
    do: Do = nothing
    script: str = ""
    practiced: bool = True
    frames: bool = False  # whether clips have a run of frames


def answers(said: list[list[float]], count: int) -> list[dict[str, Any]]:
    """So many answers that a person gave before."""
    return [
        {
            "uuid": f"{number:032x}",
            "question": number,
            "lease": 1,
            "verdict": "action",
            "actions": [said[number % len(said)]],
            "seconds": 1.5,
            "shown": {},
        }
        for number in range(1, count + 1)
    ]


def of_kind(**action: Any) -> dict[str, Any]:
    """The words of a task with actions of this kind."""
    return CARTPOLE | {"action": action, "step_seconds": None}


def of_numbers(*names: str, **action: Any) -> dict[str, Any]:
    """The words of a task with these numbers as its actions."""
    size = len(names)
    usual = {"kind": "real", "low": [-1] * size, "high": [1] * size, "names": names}
    return of_kind(**usual | action)


def backend_of(state: LabelState) -> Backend:
    """A run in which the lander is taught, but for what a state changes."""
    changes, task = state.server, state.server.get("task", CHOICES)
    if task not in SAID:
        return Backend(**{"run": f"dagger-{task}-0", **changes})
    known = landing(task)
    usual = {
        "words": known.words,
        "task": task,
        "run": f"dagger-{task}-0",
        "rows": answers(SAID[task], ANSWERED),
        "branches": known.branches,
        "every": known.every if state.frames else None,
    }
    backend = Backend(**{**usual, **changes})
    for number in range(1, backend.questions + 1):
        # The branches are those of the first question that is open.
        place = (number - len(backend.rows) - 1) % len(known.clips)
        backend.clips[number] = known.clips[place]
        backend.observations[number] = known.observations[place]
    return backend


def press(*keys: str) -> Do:
    """Press these keys one after the other."""

    def do(page: Any, backend: Backend) -> None:
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_timeout(120)

    return do


def show_label(browser: Any, camera: Camera, states: list[LabelState]) -> None:
    """Take the pictures of these states."""
    for state in camera.wanted_of(states):
        for size, scheme, ending in state.views():
            backend = backend_of(state)
            with (
                serving(backend) as address,
                opened(browser, size, color_scheme=scheme) as page,
            ):
                if state.practiced:
                    page.add_init_script(SKIP_PRACTICE)
                if state.script:
                    page.add_init_script(state.script)
                page.goto(address)
                page.wait_for_timeout(800)
                state.do(page, backend)
                page.wait_for_timeout(600)
                camera.shoot(page, state.name, ending)
