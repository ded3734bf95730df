"""Moving pictures: small, whole to the end, and still for those who want stillness."""

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app import sample_runs
from app.commands import spoken
from novice.app.report import Replay, animated, report, with_pictures
from novice.app.report.pictures import speed, still
from novice.errors import NoviceError


def frames(count: int, *, height: int = 40, width: int = 60) -> list[np.ndarray]:
    """A bright bar that moves from left to right."""
    drawn = []
    for number in range(count):
        frame = np.zeros((height, width, 3), np.uint8)
        place = number * (width - 4) // max(count - 1, 1)
        frame[:, place : place + 4] = 255
        drawn.append(frame)
    return drawn


def opened(uri: str) -> Image.Image:
    head, packed = uri.split(",", 1)
    assert head == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(packed)))


def durations(picture: Image.Image) -> list[int]:
    """Milliseconds that each frame stays."""
    found = []
    for number in range(getattr(picture, "n_frames", 1)):
        picture.seek(number)
        picture.load()
        found.append(picture.info["duration"])
    return found


def brightest_column(picture: Image.Image) -> int:
    return int(np.asarray(picture.convert("L")).mean(axis=0).argmax())


@pytest.mark.slow
def test_a_replay_is_at_most_150_kB_whatever_it_shows() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (75, 300, 480, 3), np.uint8)
    assert len(animated(list(noise), fps=50)) <= 150_000


def test_a_long_episode_is_thinned_to_75_frames() -> None:
    assert 70 <= opened(animated(frames(1_000, width=640), fps=50)).n_frames <= 75


def test_a_thinned_episode_still_ends_as_it_ended() -> None:
    # Every 14th of 1,049 frames is kept, and then twelve are left.
    picture = opened(animated(frames(1_049, width=640), fps=50))
    picture.seek(picture.n_frames - 1)
    assert brightest_column(picture) >= 318


def test_a_short_episode_plays_as_fast_as_the_task() -> None:
    assert set(durations(opened(animated(frames(40), fps=25)))[:-1]) == {40}


def test_a_long_episode_plays_at_ten_frames_a_second() -> None:
    # Every 14th of 1,000 frames is kept; the last one stays for a second and a half.
    assert sum(durations(opened(animated(frames(1_000), fps=50)))) == 71 * 100 + 1_500


def test_speed_by_hand() -> None:
    # 1,000 frames, every 14th kept: 280 ms of the task in 100 ms.
    assert speed(1_000, fps=50) == pytest.approx(2.8)
    assert speed(40, fps=25) == pytest.approx(1)


def test_a_picture_is_made_narrower_and_never_wider() -> None:
    assert opened(still(frames(1, height=100, width=640)[0])).size == (320, 50)
    assert opened(still(frames(1)[0])).size == (60, 40)


def test_the_same_frames_give_the_same_bytes() -> None:
    assert animated(frames(60), fps=30) == animated(frames(60), fps=30)


def test_only_frames_that_are_shown_are_kept() -> None:
    contents = with_pictures(sample_runs.bc(), lambda replay: (frames(1_000), 50.0))
    for replay in contents.replays:
        assert len(replay.frames) <= 75
        assert replay.frames_per_second == pytest.approx(50 / 14)


def test_where_nothing_can_be_drawn_the_page_says_why() -> None:
    def draw(replay: Replay) -> tuple[list[np.ndarray], float]:
        raise NoviceError("Chess-v0 has no renderer")

    page = report(with_pictures(sample_runs.bc(), draw))
    assert page.count("There are no pictures: Chess-v0 has no renderer") == 3


def test_every_replay_has_a_still_a_moving_picture_and_a_switch() -> None:
    page = report(with_pictures(sample_runs.bc(), lambda replay: (frames(30), 30.0)))
    for kind in ('class="still"', 'class="moving"', 'type="checkbox"'):
        assert page.count(kind) == 3
    stills, movings = (
        re.findall(rf'<img src="([^"]*)" alt="[^"]*" class="{kind}">', page)
        for kind in ("still", "moving")
    )
    assert brightest_column(opened(stills[0])) == brightest_column(opened(movings[0]))


def test_where_motion_is_unwelcome_the_still_comes_first() -> None:
    page = report(sample_runs.bc())
    rules = page[page.index("(prefers-reduced-motion: reduce)") :]
    assert re.search(r"\.still, [^{]*\.moving \{ display: block", rules)


def test_a_faster_replay_says_so() -> None:
    replay = replace(
        sample_runs.bc().replays[0], frames=frames(70), frames_per_second=5.0
    )
    page = report(replace(sample_runs.bc(), replays=[replay]))
    assert "2 times as fast".replace(" ", "\N{NO-BREAK SPACE}") in page


@pytest.mark.slow
def test_mujoco_is_drawn_where_there_is_no_display(tmp_path: Path):
    """Somebody at the other end of a line, who has set nothing."""
    nothing = dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY", "MUJOCO_GL"), "")
    words = ("reinforce", "InvertedPendulum-v5", "--env-steps", "100", "--rounds", "1")
    episodes = ("--validation-episodes", "2", "--test-episodes", "2")

    ended = spoken(*words, *episodes, "--out", "run", cwd=tmp_path, variables=nothing)

    assert (ended.status, ended.err) == (0, "")
    assert "data:image/webp" in (tmp_path / "run" / "report.html").read_text()
