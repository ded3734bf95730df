"""Keep what pages look like, as small pictures."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

PICTURES = Path(__file__).resolve().parents[1] / "pages"
COLORS = 96
FINGERS = {"has_touch": True, "is_mobile": True}
SIZES: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "narrow": {"viewport": {"width": 360, "height": 740}, **FINGERS},
    # A phone that lies on its side.
    "side": {"viewport": {"width": 740, "height": 360}, **FINGERS},
}


@dataclass(frozen=True, kw_only=True)
class State:
    """A state of a page: what it is called, and what a person sees there."""

    name: str
    title: str
    sentence: str
    dark: bool = False  # shown so, too
    side: bool = False  # shown on a phone on its side, too

    def views(self) -> list[tuple[str, str, str]]:
        """The size and the colors of each picture, and how its file's name ends."""
        views = [(size, "light", size) for size in ("wide", "narrow")]
        if self.side:
            views.append(("side", "light", "side"))
        if self.dark:
            views += [(size, "dark", f"{size}-dark") for size in ("wide", "narrow")]
        return views


class Camera:
    """Keeps pictures of those states that are wanted."""

    def __init__(self, wanted: set[str]) -> None:
        self.wanted = wanted

    def wants(self, name: str) -> bool:
        """Whether a state is to be shown at all."""
        return not self.wanted or name in self.wanted

    def wanted_of(self, states: Iterable[Any]) -> list[Any]:
        """Those of the states that are to be shown."""
        return [state for state in states if self.wants(state.name)]

    def shoot(self, page: Any, name: str, ending: str, *, whole: bool = False) -> None:
        """Keep a picture of the page, or of all that it scrolls over."""
        if not self.wants(name):
            return
        drawn = Image.open(io.BytesIO(page.screenshot(full_page=whole))).convert("RGB")
        few = with_few_colors(drawn)
        few.save(PICTURES / f"{name}-{ending}.png", optimize=True)
        print(f"{name}-{ending}", flush=True)


def with_few_colors(drawn: Image.Image) -> Image.Image:
    """A picture with a palette in which small things keep their color too."""
    pixels = np.asarray(drawn).astype(np.int32) @ np.array([65536, 256, 1])
    packed, places, counts = np.unique(pixels, return_inverse=True, return_counts=True)
    colors = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1)
    chosen = [int(np.argmax(counts))]
    apart = np.sum((colors - colors[chosen[0]]) ** 2, axis=1)
    nearest = np.zeros(len(colors), np.uint8)
    while len(chosen) < COLORS and apart.any():
        # The next one is what would be drawn worst, large things first.
        chosen.append(int(np.argmax(apart * np.sqrt(counts))))
        distance = np.sum((colors - colors[chosen[-1]]) ** 2, axis=1)
        nearest[distance < apart] = len(chosen) - 1
        apart = np.minimum(apart, distance)
    few = Image.fromarray(nearest[places].reshape(pixels.shape), "P")
    few.putpalette(colors[chosen].astype(np.uint8).tobytes())
    return few


@contextmanager
def opened(browser: Any, size: str, **options: Any) -> Iterator[Any]:
    """A page of this size, on which no script may fail."""
    failed: list[str] = []
    window = browser.new_context(
        **SIZES[size], **{"reduced_motion": "reduce", **options}
    )
    page = window.new_page()
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    try:
        yield page
    finally:
        window.close()
    assert not failed, failed
