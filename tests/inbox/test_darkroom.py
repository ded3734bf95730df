"""Pictures come from another process, which may do what it likes."""

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from novice.envs.pictures import render_function
from novice.experts.question import Question
from novice.inbox.content import AskedEpisode, NewQuestion, SavedClip
from novice.inbox.darkroom import Darkroom, NotDrawnError, Picture
from novice.inbox.drawing import encoded
from novice.inbox.drawing_process import DarkroomFailedError, ending, surroundings
from novice.inbox.messages import LENGTHS, message
from novice.inbox.store import Inbox

MISCHIEF = """
import os, signal, sys, time
import gymnasium, numpy as np
from gymnasium import spaces

class Mischief(gymnasium.Env):
    metadata = {"render_modes": ["rgb_array"], "render_fps": 50}
    observation_space = spaces.Box(-np.inf, np.inf, (2,))
    action_space = spaces.Discrete(3)
    made = 0

    def __init__(self, render_mode=None, what="", size=(20, 30)):
        self.render_mode, self.what, self.size = render_mode, what, size
        Mischief.made += 1
        log("made")

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.steps = 10.0, 0
        log(f"seed {seed}")
        return self.seen(), {}

    def seen(self):
        return np.array([self.place, self.np_random.normal()], np.float32)

    def step(self, action):
        self.steps += 1
        self.place += int(action) - 1
        if self.what == "print":
            print("x" * 100_000)
            os.write(1, b"y" * 100_000)
            sys.stderr.write("z" * 100_000)
            sys.stdin.read()
        if self.what == "raise" and self.steps == 3:
            raise RuntimeError("the wheel came off")
        if self.what == "exit" and self.steps == 3:
            os._exit(7)
        if self.what == "kill" and self.steps == 3:
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.what == "hang" and self.steps == 3:
            time.sleep(999)
        if self.what == "freeze" and self.steps == 3:
            os.kill(os.getpid(), signal.SIGSTOP)
        if self.what == "slow":
            time.sleep(0.02)
        return self.seen(), 0.0, False, False, {}

    def render(self):
        picture = np.zeros((*self.size, 3), np.uint8)
        picture[:, int(np.clip(self.place, 0, self.size[1] - 1))] = (250, 120, 10)
        return picture

class Unseen(Mischief):
    def __init__(self):
        super().__init__()

def log(line):
    with open("log.txt", "a") as file:
        file.write(line + chr(10))

def draw(observation):
    return np.full((4, 5, 3), int(observation[0]), np.uint8)

gymnasium.register("Mischief-v0", entry_point=Mischief, max_episode_steps=300)
gymnasium.register("Unseen-v0", entry_point=Unseen, max_episode_steps=300)
"""


class Asked:
    """Questions about an episode that stays where it is, one a step; in memory.

    `replays` and `clip` are those of every question; question 100 + n is about an
    episode with another seed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        id: str = "Mischief-v0",
        replays: bool = True,
        clip: SavedClip | None = None,
        **kwargs: Any,
    ):
        (folder / "mischief.py").write_text(MISCHIEF)
        self.folder = folder
        task = {"id": f"mischief:{id}", "kwargs": kwargs, "folder": str(folder)}
        self.facts: dict[str, Any] = {"task": task}
        self.replays, self.clip = replays, clip
        self.asked: list[int] = []
        self.wrong = False

    def question(self, id: int) -> Question:
        self.asked.append(id)
        episode, step = divmod(id, 100)
        chance = np.random.default_rng(episode).normal(size=step + 1)[-1]
        return Question(
            id=id,
            visit=0,
            episode=episode,
            step=step,
            observation=np.array([10, 9 if self.wrong else chance], np.float32),
            action=np.array([1], np.int32),
        )

    def episode(self, id: int) -> AskedEpisode:
        actions = np.ones((99, 1), np.int32)
        return AskedEpisode(id, 0, id, id, actions, self.replays)

    def clip_of(self, question: int) -> SavedClip | None:
        return self.clip

    def told(self, name: str) -> Any:
        return self.facts.get(name)

    def log(self) -> list[str]:
        path = self.folder / "log.txt"
        return path.read_text().split("\n")[:-1] if path.exists() else []


def developing(
    asked: Asked, what: Callable[[Darkroom], Awaitable[Any]], *, patience: float = 20.0
) -> Any:
    """What comes of a darkroom, which is closed then."""

    async def run() -> Any:
        darkroom = Darkroom(asked, asked.folder, patience=patience)
        try:
            return await what(darkroom)
        finally:
            process = darkroom._process.process
            await darkroom.close()
            assert process is None or process.returncode is not None

    return asyncio.run(run())


def pixels(picture: Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.image)))


def where(frame: np.ndarray) -> int:
    return int(np.argmax(frame[0, :, 0]))


def test_a_clip_is_a_column_of_frames(tmp_path):
    picture = developing(Asked(tmp_path), lambda darkroom: darkroom.clip(50))

    assert (picture.media, picture.branches) == ("image/png", ())
    assert (picture.frames, picture.width, picture.height) == (12, 30, 20)
    assert (picture.frames_per_second, picture.every) == (25.0, 2)
    # Small pictures come to the last bit.
    column = pixels(picture)
    assert column.shape == (12 * 20, 30, 3)
    assert column[-1, 10].tolist() == [250, 120, 10]
    assert column[-1, 11].tolist() == [0, 0, 0]


def test_a_large_clip_is_sent_smaller(tmp_path):
    asked = Asked(tmp_path, size=[700, 1280])

    picture = developing(asked, lambda darkroom: darkroom.clip(3))

    assert picture.media == "image/jpeg"
    assert (picture.frames, picture.width, picture.height) == (2, 640, 350)
    assert pixels(picture).shape == (700, 640, 3)


def test_consequences_are_a_column_for_each_action(tmp_path):
    picture = developing(Asked(tmp_path), lambda darkroom: darkroom.consequences(5))

    assert (picture.frames, picture.width, picture.height) == (9, 30, 20)
    assert pixels(picture).shape == (9 * 20, 3 * 30, 3)
    assert picture.branches == (
        {"actions": [0], "alike": [], "ended": False},
        {"actions": [1], "alike": [], "ended": False},
        {"actions": [2], "alike": [], "ended": False},
    )
    # Without a policy each action is held: after six steps they are six apart.
    second = pixels(picture)[20:40]
    columns = [where(second[:, 30 * i : 30 * (i + 1)]) for i in range(3)]
    assert columns == [4, 10, 16]
    first = pixels(picture)[:20]
    assert [where(first[:, 30 * i : 30 * (i + 1)]) for i in range(3)] == [10, 10, 10]


def always_left(folder: Path) -> None:
    """A policy that always takes action 0."""
    import jax

    from novice.experts.kept import save_policy
    from novice.files import whole_folder
    from novice.learning.heads import Categorical
    from novice.learning.policy import new_policy

    policy = new_policy(2, Categorical((3,)), hidden=(4,), key=jax.random.key(0))
    last = policy.trunk.layers[-1]
    object.__setattr__(last, "bias", last.bias.at[0].set(1e3))
    with whole_folder(folder) as part:
        save_policy(part, policy)


def test_the_newest_policy_goes_on(tmp_path):
    asked = Asked(tmp_path)
    always_left(tmp_path / "rounds" / "000")

    async def before_and_after(darkroom: Darkroom) -> list[Picture]:
        before = await darkroom.consequences(5)
        asked.facts["policy"] = "rounds/000"
        return [before, await darkroom.consequences(5)]

    before, after = developing(asked, before_and_after)

    held, left = (where(pixels(picture)[-20:, 60:]) for picture in (before, after))
    # 48 steps to the right; or 15 to the right, and then 33 to the left.
    assert (held, left) == (29, 0)


def test_a_clip_that_was_drawn_is_kept(tmp_path):
    asked = Asked(tmp_path)

    async def twice(darkroom: Darkroom) -> list[Picture]:
        return [await darkroom.clip(3), await darkroom.clip(3)]

    first, second = developing(asked, twice)

    assert first is second
    assert asked.asked == [3]


def test_what_many_wait_for_is_drawn_once(tmp_path):
    asked = Asked(tmp_path)

    async def together(darkroom: Darkroom) -> list[Picture]:
        early = [asyncio.create_task(darkroom.clip(3)) for _ in range(10)]
        while darkroom._drawing is None:
            await asyncio.sleep(0)
        return await asyncio.gather(*early, *(darkroom.clip(3) for _ in range(10)))

    pictures = developing(asked, together)

    assert len({id(picture) for picture in pictures}) == 1
    assert asked.asked == [3]


def test_one_who_leaves_takes_no_picture_from_others(tmp_path):
    async def leave(darkroom: Darkroom) -> Picture:
        leaving = asyncio.create_task(darkroom.clip(3))
        staying = asyncio.create_task(darkroom.clip(3))
        await asyncio.sleep(0.05)
        leaving.cancel()
        return await staying

    assert developing(Asked(tmp_path), leave).frames == 2


def test_what_somebody_waits_for_comes_first_and_clips_before_consequences(tmp_path):
    asked = Asked(tmp_path)

    async def order(darkroom: Darkroom) -> None:
        darkroom.expect([20, 21])
        darkroom.expect([22])
        await asyncio.sleep(0.01)  # 20 is being drawn
        consequences = asyncio.create_task(darkroom.consequences(30))
        await asyncio.sleep(0)
        await asyncio.gather(darkroom.clip(31), darkroom.clip(22), consequences)
        while darkroom._waiting or darkroom._drawing:
            await asyncio.sleep(0.01)

    developing(asked, order)

    # What was expected first and asked for then keeps its place among the asked.
    assert asked.asked == [20, 22, 31, 30, 21, 20, 21, 22]


def test_what_was_expected_is_there_at_once(tmp_path):
    async def ahead(darkroom: Darkroom) -> float:
        darkroom.expect([5, 6])
        while darkroom._waiting or darkroom._drawing:
            await asyncio.sleep(0.01)
        began = time.perf_counter()
        await darkroom.consequences(6)
        return time.perf_counter() - began

    assert developing(Asked(tmp_path), ahead) < 0.05


def test_consequences_are_drawn_ahead_again_under_a_newer_policy(tmp_path):
    asked = Asked(tmp_path)

    async def ahead(darkroom: Darkroom) -> None:
        for question in (5, 6, 5):
            darkroom.expect([question])
            while darkroom._waiting or darkroom._drawing:
                await asyncio.sleep(0.01)
            asked.facts["policy"] = "rounds/000"

    always_left(tmp_path / "rounds" / "000")
    developing(asked, ahead)

    # A clip is a clip under any policy.
    assert asked.asked == [5, 5, 6, 6, 5]


def test_an_inbox_s_questions_are_drawn(tmp_path):
    like = Asked(tmp_path)
    inbox = Inbox(tmp_path / "dataset" / "inbox.sqlite")
    question = like.question(5)
    asked = NewQuestion(0, 5, 0, question.observation, question.action)
    inbox.add_visit(0, [replace(like.episode(0), id=None)], [asked])
    inbox.tell("task", like.facts["task"])

    async def draw() -> Picture:
        darkroom = Darkroom(inbox, tmp_path)
        leased = inbox.lease("ana", want=1)
        picture = await darkroom.clip(leased[0].question.id)
        await darkroom.close()
        return picture

    assert asyncio.run(draw()).frames == 3
    inbox.close()


def test_what_was_answered_is_not_drawn_ahead(tmp_path):
    asked = Asked(tmp_path)

    async def answered(darkroom: Darkroom) -> None:
        darkroom.expect([20, 21, 22])
        await asyncio.sleep(0)
        darkroom.forget([20, 21, 22])
        waiting = asyncio.create_task(darkroom.clip(30))
        await asyncio.sleep(0)
        darkroom.forget([30])
        await waiting

    developing(asked, answered)

    assert set(asked.asked) <= {20, 30}
    assert 30 in asked.asked


def test_pictures_are_kept_up_to_a_limit(tmp_path):
    asked = Asked(tmp_path)

    async def many() -> list[int]:
        darkroom = Darkroom(asked, tmp_path, most_bytes=1000)
        for question in range(8):
            await darkroom.clip(question)
        await darkroom.close()
        assert sum(len(kept.found.image) for kept in darkroom._kept.values()) <= 1000
        return [question for _, question in darkroom._kept]

    kept = asyncio.run(many())

    # The oldest go first.
    assert 0 < len(kept) < 8
    assert kept == list(range(8))[-len(kept) :]


# ------------------------------------------------------------------------ mischief


def refused(asked: Asked, kind: str = "clip", **kwargs: Any) -> str:
    """Why there is no picture of question 5, and that the next one comes."""

    async def ask(darkroom: Darkroom) -> str:
        with pytest.raises((NotDrawnError, DarkroomFailedError)) as refusal:
            await getattr(darkroom, kind)(5)
        # Before the third step nothing happens yet.
        assert (await darkroom.clip(1)).frames == 1
        return str(refusal.value)

    return developing(asked, ask, **kwargs)


def test_a_task_that_prints_disturbs_nobody(tmp_path):
    asked = Asked(tmp_path, what="print")

    assert developing(asked, lambda darkroom: darkroom.clip(3)).frames == 2


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("exit", r"ended the process that draws \(exit status 7\) over the clip of"),
        ("kill", r"ended the process that draws \(signal SIGSEGV\) over the clip of"),
        ("raise", "step 3 of the episode with seed 0 raised RuntimeError: the wheel"),
    ],
)
def test_a_task_that_breaks_is_told_and_the_next_picture_comes(tmp_path, what, words):
    told = refused(Asked(tmp_path, what=what))

    assert re.search(words, told), told


@pytest.mark.parametrize("what", ["hang", "freeze"])
def test_a_task_that_hangs_is_stopped(tmp_path, what):
    began = time.monotonic()

    told = refused(Asked(tmp_path, what=what), patience=3.0)

    assert "did not draw the clip of question 5 within 3 seconds" in told
    assert time.monotonic() - began < 20


def test_what_broke_down_ahead_is_not_tried_ahead_again(tmp_path):
    asked = Asked(tmp_path, what="exit")

    async def ahead(darkroom: Darkroom) -> None:
        for _ in range(3):
            darkroom.expect([5], consequences=False)
            while darkroom._waiting or darkroom._drawing:
                await asyncio.sleep(0.01)

    developing(asked, ahead)

    assert asked.asked == [5]


def test_closing_tells_those_who_wait(tmp_path):
    async def close() -> None:
        darkroom = Darkroom(Asked(tmp_path, what="hang"), tmp_path)
        waiting = [asyncio.create_task(darkroom.clip(n)) for n in (5, 6)]
        await asyncio.sleep(0.2)
        await darkroom.close()
        for each in waiting:
            with pytest.raises(NotDrawnError, match="the server is closing"):
                await each

    asyncio.run(close())


def test_the_process_ends_with_the_server_even_when_a_task_hangs(tmp_path):
    (tmp_path / "log.txt").touch()
    script = f"""
import asyncio, os, sys
sys.path[:0] = {[str(Path(__file__).parent)]!r}
from pathlib import Path
import test_darkroom as here

async def main():
    asked = here.Asked(Path({str(tmp_path)!r}), what="hang")
    darkroom = here.Darkroom(asked, Path("."))
    asyncio.create_task(darkroom.clip(5))
    while not darkroom._process.process:
        await asyncio.sleep(0.01)
    print(darkroom._process.process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
    server = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    drawing = int(server.stdout.readline())
    wait_for(lambda: "seed 0" in (tmp_path / "log.txt").read_text())
    server.send_signal(signal.SIGKILL)
    server.wait()
    server.stdout.close()

    wait_for(lambda: is_gone(drawing))


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "Z"


# ------------------------------------------------------------------- other pictures

SAVED = SavedClip(b"frames", "image/webp", 3, 40, 30, 15.0)


def test_an_episode_that_does_not_replay_shows_what_was_kept(tmp_path):
    asked = Asked(tmp_path, replays=False, clip=SAVED)

    picture = developing(asked, lambda darkroom: darkroom.clip(5))

    assert picture == Picture(b"frames", "image/webp", 3, 40, 30, 15.0)
    assert picture.every == 0, "nobody knows which steps were kept"
    assert asked.log() == []


def test_a_moment_that_is_not_found_again_shows_what_was_kept(tmp_path):
    asked = Asked(tmp_path, clip=SAVED)
    asked.wrong = True

    assert developing(asked, lambda darkroom: darkroom.clip(5)).image == b"frames"


def test_where_nothing_was_kept_the_difference_is_told(tmp_path):
    asked = Asked(tmp_path)
    asked.wrong = True

    async def both(darkroom: Darkroom) -> list[str]:
        told = []
        for picture in (darkroom.clip(5), darkroom.consequences(5)):
            with pytest.raises(NotDrawnError) as refusal:
                await picture
            told.append(str(refusal.value))
        return told

    clip, consequences = developing(asked, both)

    assert "entry 1 of the observation is" in clip
    assert "but 9.0 was seen before" in clip
    assert clip.endswith("no frames were kept")
    assert consequences.endswith("nobody can say what follows")


def test_a_task_without_pictures_says_why(tmp_path):
    asked = Asked(tmp_path, id="Unseen-v0")

    async def ask(darkroom: Darkroom) -> None:
        with pytest.raises(NotDrawnError, match="mischief:Unseen-v0 cannot be drawn"):
            await darkroom.clip(5)

    developing(asked, ask)


def test_a_function_of_one_s_own_draws(tmp_path):
    asked = Asked(tmp_path, id="Unseen-v0")
    asked.facts["render"] = "mischief:draw"

    picture = developing(asked, lambda darkroom: darkroom.clip(5))

    assert (picture.width, picture.height) == (5, 4)
    assert (pixels(picture) == 10).all()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("draw", "is written module:function, not 'draw'"),
        ("nowhere:draw", "'nowhere:draw', which draws the task, cannot be imported"),
        ("math:draw", "cannot be imported: AttributeError"),
        ("math:pi", "which cannot be called"),
    ],
)
def test_a_function_that_is_not_there_is_refused(spec, words):
    with pytest.raises(ValueError, match=words):
        render_function(spec)


def test_a_run_that_says_nothing_yet_is_told(tmp_path):
    asked = Asked(tmp_path)
    asked.facts = {}

    async def ask(darkroom: Darkroom) -> None:
        with pytest.raises(NotDrawnError, match="has not said yet which task"):
            await darkroom.clip(5)

    developing(asked, ask)


# -------------------------------------------------------------------------- details


def test_the_server_s_side_loads_neither_jax_nor_gymnasium():
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, novice.inbox.darkroom; print(*sys.modules)",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.split()

    assert "novice.inbox.darkroom" in loaded
    assert {"jax", "equinox", "gymnasium", "PIL"}.isdisjoint(loaded)


def test_drawing_needs_no_window():
    assert surroundings({"DISPLAY": ":1"})["SDL_VIDEODRIVER"] == "dummy"
    assert surroundings({})["MUJOCO_GL"] == "egl"
    assert surroundings({"MUJOCO_GL": "osmesa"})["MUJOCO_GL"] == "osmesa"
    assert "MUJOCO_GL" not in surroundings({"DISPLAY": ":1"})
    assert surroundings({"HOME": "/home/me"})["HOME"] == "/home/me"


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit status 0"), (-9, "signal SIGKILL"), (-99, "signal 99")],
)
def test_an_ending_in_words(code, words):
    assert ending(code) == words


def test_a_message_by_hand():
    sent = message({"a": 1}, b"xyz")

    assert sent == LENGTHS.pack(8, 3) + b'{"a": 1}xyz'


def test_exact_pictures_are_exact():
    noise = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)

    media, image = encoded(noise, exact=True)

    assert media == "image/png"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(image))), noise)
