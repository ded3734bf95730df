"""Where episodes cannot be replayed, every step is photographed as it is taken."""

import io
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from PIL import Image

from novice.envs.photographed import Album, PhotographedSlots
from novice.envs.slots import SeparateSlots
from novice.envs.task import make_task


class Signal(gymnasium.Env):
    """Shows the number of its episode's seed and step in the color of its picture."""

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012
    observation_space = spaces.Box(0, 255, (1,))
    action_space = spaces.Discrete(2)

    def __init__(self, render_mode: str | None = None, ends: int = 99):
        self.render_mode, self.ends, self.drawn = render_mode, ends, 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.place, self.steps = int(seed or 0), 0
        return self.seen(), {}

    def seen(self) -> np.ndarray:
        return np.float32([self.place])

    def step(self, action: int) -> tuple:
        self.place, self.steps = self.place + 10 * action, self.steps + 1
        return self.seen(), 0.0, self.steps == self.ends, False, {}

    def render(self) -> np.ndarray:
        self.drawn += 1
        return np.full((16, 16, 3), self.place, np.uint8)


class Blind(Signal):
    """Says it can be drawn, and then cannot."""

    def render(self) -> Any:
        return None


class Broken(Signal):
    """Can be drawn at the beginning alone."""

    def render(self) -> np.ndarray:
        if self.steps:
            raise OSError("the screen went black")
        return super().render()


for kind in (Signal, Blind, Broken):
    gymnasium.register(
        f"Photographed{kind.__name__}-v0", entry_point=kind, max_episode_steps=50
    )


@pytest.fixture
def slots() -> Iterator[PhotographedSlots]:
    """Two slots, in which episodes 30 and 100 have begun."""
    with PhotographedSlots(make_task("PhotographedSignal-v0"), 2) as both:
        both.begin(np.array([0, 1]), np.array([30, 100]))
        yield both


def step(slots: PhotographedSlots, *actions: int, live: tuple[bool, ...]) -> None:
    slots.step(np.array(actions, np.int32)[:, None], np.array(live))


def colors(
    album: Album, seed: int, at: int, *, most: int = 99, every: int = 1
) -> list[int]:
    """The color of each picture, to the nearest ten: they are kept as JPEG."""
    frames = album.frames(seed, at, most=most, every=every)
    return [int(round(float(frame.mean()), -1)) for frame in frames]


def test_every_step_is_kept_from_the_beginning(slots):
    step(slots, 1, 0, live=(True, True))
    step(slots, 1, 1, live=(True, True))

    assert colors(slots.album, 30, 2) == [30, 40, 50]
    assert colors(slots.album, 100, 2) == [100, 100, 110]


def test_the_last_picture_is_the_moment_itself(slots):
    for _ in range(6):
        step(slots, 1, 1, live=(True, True))

    assert colors(slots.album, 30, 4, most=2) == [60, 70]


def test_pictures_stand_so_many_steps_apart(slots):
    for _ in range(6):
        step(slots, 1, 1, live=(True, True))

    assert colors(slots.album, 30, 5, most=3, every=2) == [40, 60, 80]
    assert colors(slots.album, 30, 5, most=9, every=2) == [40, 60, 80]


def test_a_slot_at_rest_is_not_photographed(slots):
    step(slots, 1, 1, live=(True, False))

    assert colors(slots.album, 100, 1) == [100]
    assert slots._slots.environments[1].unwrapped.drawn == 1


def test_a_slot_that_rested_goes_on_where_it_was(slots):
    step(slots, 1, 1, live=(True, False))
    step(slots, 1, 1, live=(True, True))

    assert colors(slots.album, 100, 1) == [100, 110]


def test_a_new_episode_in_a_slot_is_a_new_page(slots):
    step(slots, 1, 1, live=(True, True))
    slots.begin(np.array([0]), np.array([200]))
    step(slots, 0, 1, live=(True, True))

    assert colors(slots.album, 200, 1) == [200, 200]
    assert colors(slots.album, 30, 5) == [30, 40]
    assert colors(slots.album, 100, 2) == [100, 110, 120]


def test_nothing_is_kept_of_an_episode_that_was_not_seen(slots):
    assert slots.album.frames(7, 3, most=5) == []


def test_pictures_are_kept_small(slots):
    kept = slots.album._kept[30][0]

    assert Image.open(io.BytesIO(kept)).format == "JPEG"


def test_an_album_knows_the_task_s_own_pace(slots):
    assert slots.album.frames_per_second == 20


def test_photographing_changes_nothing_that_is_seen(slots):
    plain = SeparateSlots(slots.task, 2)
    begun = plain.begin(np.array([0, 1]), np.array([30, 100]))
    action, live = np.array([[1], [0]], np.int32), np.array([True, True])

    mine, theirs = slots.step(action, live), plain.step(action, live)
    plain.close()

    np.testing.assert_array_equal(begun, [[30], [100]])
    np.testing.assert_array_equal(mine.observation, theirs.observation)
    np.testing.assert_array_equal(mine.observation, [[40], [100]])


@pytest.mark.parametrize("id", ["PhotographedBlind-v0", "app.homemade:Walk-v0"])
def test_a_task_that_cannot_be_drawn_is_played_all_the_same(id):
    with PhotographedSlots(make_task(id), 1) as slots:
        slots.begin(np.array([0]), np.array([30]))
        step(slots, 1, live=(True,))

        assert slots.album.frames(30, 1, most=5) == []


def test_a_task_that_is_drawn_no_longer_is_played_all_the_same():
    with PhotographedSlots(make_task("PhotographedBroken-v0"), 1) as slots:
        slots.begin(np.array([0]), np.array([30]))
        step(slots, 1, live=(True,))
        step(slots, 1, live=(True,))

        assert colors(slots.album, 30, 2) == [30]
