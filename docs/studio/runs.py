"""The states in which a person answers a run of frames."""

from typing import Any

from inbox.fake_label_server import Backend
from studio.labeling import Do, LabelState, press
from studio.lander import NUMBERS


def open_run(*keys: str) -> Do:
    """Open the run of frames, and press these keys there."""

    def do(page: Any, backend: Backend) -> None:
        page.keyboard.press("g")
        page.wait_for_selector("#film")
        press(*keys)(page, backend)

    return do


RUNS = [
    LabelState(
        name="label-run",
        title="A run is opened",
        sentence=(
            "G lays the frames of the clip side by side; the newest is open, and"
            " nothing is marked yet."
        ),
        frames=True,
        do=open_run(),
    ),
    LabelState(
        name="label-run-choices",
        title="A run of choices",
        sentence=(
            "An action marks the open frame; between two marks the older one is held,"
            " drawn hollow, and never counted as an answer."
        ),
        frames=True,
        do=open_run("ArrowUp", ",", ",", "ArrowLeft", ",", ",", ",", "ArrowUp"),
        dark=True,
        side=True,
    ),
    LabelState(
        name="label-run-linear",
        title="A run of numbers, in straight lines",
        sentence=(
            "Numbers go in straight lines from mark to mark; the open frame shows what"
            " was filled in."
        ),
        server={"task": NUMBERS},
        frames=True,
        do=open_run(*["Shift+ArrowUp"] * 2, *[","] * 5, "0", *["."] * 2),
    ),
    LabelState(
        name="label-run-held",
        title="A run of numbers, held",
        sentence="L holds each mark's numbers until the next mark instead.",
        server={"task": NUMBERS},
        frames=True,
        do=open_run(*["Shift+ArrowUp"] * 2, *[","] * 5, "Shift+ArrowRight", "l"),
    ),
]
