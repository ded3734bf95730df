"""Take the pictures of the pages for people, and write docs/pages.md around them.

`.venv/bin/python docs/pictures.py [STATE ...]` opens the pages in Chromium in every
state, or in the named ones, such as `label-question`. It needs no network.
"""

import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from studio.answering import ANSWERING
from studio.camera import PICTURES, Camera, State
from studio.driving import show_takeover
from studio.labeling import show_label
from studio.numbers import NUMBERED
from studio.overviews import OVERVIEWS, show_overviews
from studio.playing import PLAYING, show_play
from studio.practice import PRACTICE
from studio.runs import RUNS
from studio.settling import SETTLING, show_settling
from studio.takeover import TAKEOVER

PAGE = Path(__file__).resolve().parent / "pages.md"
CHROMIUM = "/usr/bin/chromium"
WIDTHS = {"wide": 560, "narrow": 162, "side": 360}
INTRODUCTION = """\
# The pages for people

Four pages let people teach and see what their teaching brings: on one they answer
questions about moments that the policy got into, on another they act themselves or take
over from a policy, on the third a run's owner sees who said what, and on the fourth
they say which of two contradicting answers is right. This is every state of them, on a
wide screen and on a phone of 360 pixels. All follow the light or dark setting of the
system; some states are shown both ways, and some on a phone that lies on its side.

The pictures are taken by `.venv/bin/python docs/pictures.py`.
"""


@dataclass(frozen=True)
class Chapter:
    """States of a page that belong together, and who takes their pictures."""

    title: str
    sentence: str
    states: Sequence[Any]
    show: Callable[[Any, Camera, Any], None]


CHAPTERS = [
    Chapter(
        "Answering",
        "`novice dagger TASK --expert human` and `novice label RUN` serve this page.",
        ANSWERING,
        show_label,
    ),
    Chapter(
        "Answering with numbers",
        "Where a task's actions are real numbers, the same page asks for them.",
        NUMBERED,
        show_label,
    ),
    Chapter(
        "Answering a run of frames",
        "One answer can be about many frames of a clip.",
        RUNS,
        show_label,
    ),
    Chapter(
        "Practice",
        "Five examples explain how to answer; nothing of them is saved or sent. They"
        " come at the first visit, and again from the settings.",
        PRACTICE,
        show_label,
    ),
    Chapter("Playing", "`novice play TASK` serves this page.", PLAYING, show_play),
    Chapter(
        "Taking over",
        "`novice dagger TASK --expert takeover` serves the same page with a policy that"
        " drives too.",
        TAKEOVER,
        show_takeover,
    ),
    Chapter(
        "The overview",
        "A run's owner finds it beside the page on which people answer; an observer"
        " sees nothing else. It is one long page.",
        OVERVIEWS,
        show_overviews,
    ),
    Chapter(
        "Settling",
        "`novice data settle RUN` shows a run's owner labels that contradict each"
        " other.",
        SETTLING,
        show_settling,
    ),
]


def shown(state: State) -> str:
    """A state's part of docs/pages.md."""
    lines = [
        f"### {state.title}",
        "",
        textwrap.fill(state.sentence, 88),
        "",
        "<p>",
        *[
            f'<img src="pages/{state.name}-{ending}.png" width="{WIDTHS[size]}"'
            f' alt="{state.title}, {ending.replace("-", ", ")}">'
            for size, _, ending in state.views()
        ],
    ]
    return "\n".join([*lines, "</p>", ""])


def write_page() -> None:
    """Write docs/pages.md."""
    parts = [INTRODUCTION]
    for chapter in CHAPTERS:
        parts += [f"## {chapter.title}", "", textwrap.fill(chapter.sentence, 88), ""]
        parts += map(shown, chapter.states)
    PAGE.write_text("\n".join(parts).rstrip("\n") + "\n")


def remove_strangers() -> None:
    """Remove pictures of states that are no more."""
    kept = {
        f"{state.name}-{ending}.png"
        for chapter in CHAPTERS
        for state in chapter.states
        for _, _, ending in state.views()
    }
    for path in PICTURES.glob("*.png"):
        if path.name not in kept:
            path.unlink()


def main(wanted: set[str]) -> None:
    """Take the wanted pictures, or all of them."""
    known = {state.name for chapter in CHAPTERS for state in chapter.states}
    if unknown := wanted - known:
        sys.exit(
            f"no such state: {', '.join(sorted(unknown))}; there are {sorted(known)}"
        )
    PICTURES.mkdir(exist_ok=True)
    camera = Camera(wanted)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        for chapter in CHAPTERS:
            chapter.show(browser, camera, chapter.states)
        browser.close()
    remove_strangers()
    write_page()
    kept = sum(path.stat().st_size for path in PICTURES.glob("*.png"))
    print(f"{kept / 1e6:.2f} MB of pictures in {PICTURES}")


if __name__ == "__main__":
    main(set(sys.argv[1:]))
