"""Whoever plays without a browser plays what they see, over the page's own socket."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from novice.app.cli import main
from novice.app.options import PageOptions
from novice.app.play import play
from novice.app.play_settings import PlaySettings
from novice.experts.controllers import built_in_expert
from novice.inbox.player import CannotSimulateError, hands_for, play_episodes
from novice.inbox.recording import read_recording
from novice.inbox.visitor import Visitor


class Doors(gymnasium.Env):
    """Shows one of three numbers at a time; the door of that number pays."""

    observation_space = spaces.Box(0, 2, (1,))
    action_space = spaces.Discrete(3)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.steps = 0
        return self.seen(), {}

    def seen(self) -> np.ndarray:
        self.open = int(self.np_random.integers(3))
        return np.float32([self.open])

    def step(self, action: int) -> tuple:
        reward, self.steps = float(action == self.open), self.steps + 1
        return self.seen(), reward, self.steps == 12, False, {}


class Dial(gymnasium.Env):
    """Shows a number from -2 to 2; whoever turns to exactly that number is paid."""

    observation_space = spaces.Box(-2, 2, (1,))
    action_space = spaces.Box(-2, 2, (1,))

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.steps = 0
        return self.seen(), {}

    def seen(self) -> np.ndarray:
        self.at = self.np_random.uniform(-2, 2, 1).astype(np.float32)
        return self.at

    def step(self, action: np.ndarray) -> tuple:
        reward, self.steps = float(abs(action[0] - self.at[0]) < 1e-6), self.steps + 1
        return self.seen(), reward, self.steps == 12, False, {}


class Levers(Doors):
    action_space = spaces.MultiBinary(2)


gymnasium.register("Dial-v0", entry_point=Dial, max_episode_steps=50)
gymnasium.register("Levers-v0", entry_point=Levers, max_episode_steps=50)
gymnasium.register("Doors-v0", entry_point=Doors, max_episode_steps=50)
# Three seconds of balancing a pole.
gymnasium.register(
    "ShortPole-v0",
    entry_point="gymnasium.envs.classic_control:CartPoleEnv",
    max_episode_steps=150,
)


def the_open_door(observation: np.ndarray) -> int:
    return int(observation[0])


@contextmanager
def stage(task: str, out: Path, **settings: Any) -> Iterator[str]:
    """The address of a play server, which ends when its episodes are played."""
    said: list[str] = []
    heard = threading.Event()

    def hear(line: str) -> None:
        said.append(line)
        heard.set()

    chosen = PlaySettings(out=str(out), **settings)
    thread = threading.Thread(
        target=play,
        args=(task, {}, chosen, PageOptions(port=8770)),
        kwargs={"say": hear},
    )
    thread.start()
    assert heard.wait(20)
    found = re.search(r"http\S+", said[0])
    assert found, said
    yield found[0]
    thread.join(20)
    assert not thread.is_alive()


def played(address: str, choose: Callable[[np.ndarray], Any], *, episodes: int) -> int:
    visitor = Visitor(address)
    try:
        return play_episodes(visitor, choose, episodes=episodes)
    finally:
        visitor.close()


def test_turn_by_turn_every_action_belongs_to_what_was_seen(tmp_path: Path):
    with stage("Doors-v0", tmp_path / "run", episodes=3) as address:
        steps = played(address, the_open_door, episodes=3)

    recording = read_recording(tmp_path / "run")
    assert steps == recording.steps == 3 * 12
    for episode in recording.episodes:
        np.testing.assert_array_equal(episode.action, episode.observation)
        assert (episode.ending, episode.total_reward) == ("terminated", 12.0)
    # Episodes of chance that begin alike would be the same one.
    assert len({episode.seed for episode in recording.episodes}) == 3


def the_number(observation: np.ndarray) -> np.ndarray:
    return observation


def test_real_actions_are_played_to_the_number(tmp_path: Path):
    with stage("Dial-v0", tmp_path / "run", episodes=2) as address:
        steps = played(address, the_number, episodes=2)

    recording = read_recording(tmp_path / "run")
    assert steps == recording.steps == 2 * 12
    for episode in recording.episodes:
        np.testing.assert_allclose(episode.action, episode.observation, atol=1e-6)
        assert episode.total_reward == 12.0


@pytest.mark.slow
def test_in_real_time_the_pole_is_balanced(tmp_path: Path):
    expert = built_in_expert("CartPole-v1", {})

    def choose(observation: np.ndarray) -> int:
        return int(expert.act(expert.start(), observation)[0])

    with stage("ShortPole-v0", tmp_path / "run", episodes=1) as address:
        steps = played(address, choose, episodes=1)

    (episode,) = read_recording(tmp_path / "run").episodes
    assert steps == episode.steps
    # Whoever holds one key loses it in 10 steps, chance in about 20.
    assert episode.steps > 60


def test_a_simulated_person_plays_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("--simulate", f"{__name__}:the_open_door", "--episodes", "2")
    where = ("--out", str(tmp_path / "run"), "--port", "8771")

    status = main(["play", "Doors-v0", *words, *where, "--who", "ana"])

    out, err = capsys.readouterr()
    assert (status, err) == (0, "")
    assert "Recorded 2 episodes, 24 steps" in out
    assert "Returns 12 to 12." in out, out
    recording = read_recording(tmp_path / "run")
    assert {episode.who for episode in recording.episodes} == {"simulated ana"}


@pytest.mark.parametrize(
    ("task", "who", "why"),
    [
        ("Doors-v0", "nonsense", "there is no expert 'nonsense': an expert is auto"),
        (
            "Levers-v0",
            "auto",
            "a simulated person plays tasks with actions to choose from, or with real"
            " actions, and Levers-v0 takes MultiBinary(2); leave --simulate away",
        ),
        ("BipedalWalker-v3", "auto", "Gymnasium's heuristic remembers the"),
        (
            "CarRacing-v3",
            "auto",
            "a simulated person reads the numbers on the page, which shows 64 of them,"
            " and CarRacing-v3 has 6,912; leave --simulate away and play it yourself",
        ),
    ],
)
def test_whoever_cannot_play_is_refused_before_anything_is_recorded(
    task: str,
    who: str,
    why: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    out = tmp_path / "run"

    words = ["play", task, "--simulate", who, "--episodes", "1", "--out", str(out)]
    status = main(words)

    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert said.err.startswith(f"novice: {why}") and said.err.count("\n") == 1
    assert not out.exists()


def no_door(observation: np.ndarray) -> int:
    return 3


def test_a_simulated_person_who_breaks_down_ends_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("--simulate", f"{__name__}:no_door", "--episodes", "1")
    where = ("--out", str(tmp_path / "run"), "--port", "8772")

    status = main(["play", "Doors-v0", *words, *where])

    assert status == 2
    assert capsys.readouterr().err == (
        f"novice: {__name__}:no_door gave the action 3, but Doors-v0 takes"
        " Discrete(3)\n"
    )


def test_each_action_has_a_key():
    choices = [{"keys": ["ArrowLeft", "Digit1"]}, {"keys": ["Digit2"]}]
    hello = {"words": {"action": {"kind": "discrete", "choices": choices}}}

    hands = hands_for(hello)

    assert hands.of(np.array([0])) == {"keys": ["ArrowLeft"]}
    assert hands.of(1) == {"keys": ["Digit2"]}


def test_a_stick_is_pushed_as_far_as_the_number_says():
    axes = [
        {"low": -2.0, "rest": 0.0, "high": 2.0},
        {"low": 0.0, "rest": 0.0, "high": 4.0},
        {"low": -1.0, "rest": 0.0, "high": 1.0},
    ]
    hands = hands_for({"words": {"action": {"kind": "real"}}, "axes": axes})

    assert hands.of(np.array([-1, 3, 5])) == {"keys": [], "axes": [-0.5, 0.75, 1.0]}


def test_a_task_of_switches_has_no_hands_to_simulate():
    hello = {"task": "Levers-v0", "words": {"action": {"kind": "switches"}}}

    with pytest.raises(CannotSimulateError, match="Levers-v0 has neither; leave --sim"):
        hands_for(hello)
