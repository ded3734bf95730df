from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.played import Player
from novice.envs.seeds import FIRST_VALIDATION_SEED
from novice.envs.task import Task
from novice.inbox.controls import CannotPlayError, controls
from novice.inbox.recording import read_recording
from novice.inbox.sitting import episode_seed
from novice.inbox.stage import GONE, SILENT
from novice.inbox.wishes import BadMessageError, Gone, Pressed, message_in


class Room(gymnasium.Env):
    """Ten places in a row, nothing to see and nothing to earn."""

    observation_space = spaces.Box(0, 9, (1,))
    action_space = spaces.Discrete(2)
    broken_at = -1

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.place = 0
        return np.array([0], np.float32), {}

    def step(self, action: int) -> tuple:
        self.place += 1 if action else -1
        seen = np.nan if self.place == self.broken_at else self.place
        return np.array([seen], np.float32), 0.0, self.place == 5, False, {}


class Cracked(Room):
    broken_at = 2


gymnasium.register("Room-v0", entry_point=Room)
gymnasium.register("Cracked-v0", entry_point=Cracked)


@pytest.fixture
def player(tmp_path: Path) -> Player:
    return Player(tmp_path / "run")


def replayed(task: Task, seed: int, actions: np.ndarray) -> tuple[np.ndarray, ...]:
    """What is seen and paid when nobody looks: no renderer, no person."""
    environment = task.make()
    observation, _ = environment.reset(seed=seed)
    seen, paid = [task.vector(observation)], []
    for action in actions:
        observation, reward, *_ = environment.step(task.executable(action))
        seen.append(task.vector(observation))
        paid.append(reward)
    environment.close()
    return np.array(seen), np.array(paid, np.float64)


@pytest.mark.parametrize("task", ["CartPole-v1", "LunarLander-v3", "Pendulum-v1"])
def test_what_was_played_replays_to_the_bit(tmp_path: Path, task: str):
    player = Player(tmp_path / "run", task)
    keys = ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowRight"]
    player.begin("ArrowRight")
    for turn in range(40):
        player.hold(keys[turn % 4])
        player.wait(0.08)
        player.stage.picture()
    player.stage.close()

    (episode,) = read_recording(tmp_path / "run").episodes
    assert episode.steps >= 10
    seen, paid = replayed(player.task, episode.seed, episode.action)
    np.testing.assert_array_equal(seen[:-1], episode.observation)
    np.testing.assert_array_equal(seen[-1], episode.last_observation)
    np.testing.assert_array_equal(paid, episode.reward)


def test_time_is_the_tasks_own(player: Player):
    player.begin("ArrowRight")
    player.hold("ArrowLeft", "ArrowRight")
    player.wait(0.11)

    assert player.steps == 6  # 50 a second, the first at once
    assert player.stage.status.seconds == 0.1  # shown in tenths


def test_half_the_speed_is_half_the_steps(player: Player):
    for _ in range(2):
        player.wish("slower")
    player.begin("ArrowRight")
    player.wait(0.11)

    assert player.stage.status.speed == 0.5
    assert player.steps == 3


def test_the_latest_pressed_wins_and_the_last_stays(player: Player):
    player.begin("ArrowLeft")
    actions = []
    for keys in (
        ["ArrowLeft"],
        ["ArrowLeft", "ArrowRight"],
        ["ArrowLeft"],
        ["KeyD"],
        [],
    ):
        player.hold(*keys)
        player.wait(0.02)
        actions.append(player.stage.status.action)

    assert actions == [(0,), (1,), (0,), (1,), (1,)]


def test_without_an_idle_action_somebody_has_to_choose(player: Player):
    player.wish("go")

    assert player.state == "ready"
    assert "action keys" in player.stage.status.reason


def test_frames_seen_and_applied_are_steps_of_the_episode(
    player: Player, tmp_path: Path
):
    player.begin("ArrowRight")
    player.wait(0.06)
    seen = player.stage.frame - 1
    player.wait(0.02)
    player.stage.hear(message_in(f'{{"kind":"held","keys":["KeyA"],"seen":{seen}}}'))
    player.wait(0.04)
    player.stage.close()

    (episode,) = read_recording(tmp_path / "run").episodes
    changed = int(np.flatnonzero(episode.action[:, 0] == 0)[0])
    assert episode.applied[changed:].tolist() == [changed] * (episode.steps - changed)
    assert set(episode.seen[changed:].tolist()) == {changed - 2}


@pytest.mark.parametrize("why", ["asked", "hidden", "gone", "silent"])
def test_nothing_is_recorded_while_nobody_plays(player: Player, why: str):
    player.begin("ArrowRight")
    player.wait(0.04)
    if why == "gone":
        player.stage.hear(Gone())
    elif why == "silent":
        player.stage.tick()
        player.clock.now += 0.51
        player.stage.tick()
    else:
        player.stage.hear(message_in(f'{{"kind":"wish","wish":"pause","why":"{why}"}}'))
    steps, seconds = player.steps, player.stage.status.seconds

    assert player.state == "paused"
    reasons = {"gone": GONE, "silent": SILENT, "asked": ""}
    assert player.stage.status.reason == reasons.get(
        why, player.stage.status.reason or None
    )
    player.wait(3)
    player.hold("ArrowLeft")
    player.wait(3)
    assert (player.steps, player.stage.status.seconds) == (steps, seconds)


def test_an_episode_that_is_over_waits_for_its_person(tmp_path: Path, player: Player):
    player.begin("ArrowRight")
    player.wait(1)

    status = player.stage.status
    assert (status.state, status.ending, status.kept) == ("over", "terminated", 1)
    assert status.rewarded and status.total_reward == status.steps
    player.hold("ArrowLeft")
    player.wait(1)
    assert player.state == "over"

    player.wish("keep")
    assert (player.state, player.steps) == ("ready", 0)
    player.stage.close()
    (episode,) = read_recording(tmp_path / "run").episodes
    assert (episode.terminated, episode.truncated) == (True, False)


def test_start_over_discards_and_begins_the_same_episode(
    tmp_path: Path, player: Player
):
    beginning = player.stage.status.observation
    player.begin("ArrowRight")
    player.wait(0.1)
    player.wish("restart")
    assert player.stage.status.observation == beginning
    player.begin("ArrowLeft")
    player.wait(0.1)
    player.wish("keep")
    assert player.stage.status.observation != beginning
    player.stage.close()

    recording = read_recording(tmp_path / "run")
    (episode,) = recording.episodes
    assert (recording.discarded, episode.ending) == (1, "cut")
    assert not episode.action.any()


def test_discard_takes_a_kept_episode_back(tmp_path: Path, player: Player):
    player.begin("ArrowRight")
    player.wait(1)
    player.wish("discard")

    assert (player.state, player.stage.status.kept) == ("ready", 0)
    player.stage.close()
    recording = read_recording(tmp_path / "run")
    assert (recording.episodes, recording.discarded) == ((), 1)


def test_after_so_many_episodes_it_is_done(tmp_path: Path):
    player = Player(tmp_path / "run", episodes=2)
    for _ in range(2):
        assert player.state == "ready"
        player.begin("ArrowRight")
        player.wait(1)
        player.wish("keep")

    assert player.state == "done"
    for wish in ("go", "restart", "discard", "keep", "pause"):
        player.wish(wish)
    assert player.state == "done"


def test_a_task_without_pictures_goes_by_turns(tmp_path: Path):
    player = Player(tmp_path / "run", "Room-v0")
    assert player.stage.turns and not player.stage.screen.draws
    for key in ("Digit1", "Digit1", "Digit0", "KeyX", "Digit1", "Period"):
        player.stage.hear(Pressed(key, (key,), player.stage.frame))
        player.wait(0.4)

    assert player.steps == 5
    assert player.stage.status.observation == (3,)
    assert not player.stage.status.rewarded


def test_a_task_that_fails_ends_the_episode_and_says_so(tmp_path: Path):
    player = Player(tmp_path / "run", "Cracked-v0")
    for _ in range(4):
        player.stage.hear(Pressed("Digit1", ("Digit1",), player.stage.frame))

    status = player.stage.status
    assert (status.state, status.ending, status.steps) == ("over", "cut", 1)
    assert "Cracked-v0 failed in step 1" in status.reason
    assert "number 0 of the observation is not finite" in status.reason
    player.wish("keep")
    assert player.state == "ready"
    player.stage.close()
    assert read_recording(tmp_path / "run").steps == 1


def test_on_a_full_disk_playing_stops_and_the_page_says_so(
    player: Player, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import os

    player.begin("ArrowRight")
    player.wait(0.04)
    player.recorder.retry()
    saved = player.stage.status.saved

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        player.wait(0.02)
        with pytest.raises(ValueError, match="No space left"):
            player.recorder._open_journal.flush()
        player.wait(1)
        status = player.stage.status
        assert status.state == "paused"
        assert "No space left" in status.trouble and "bytes are free" in status.trouble
        assert status.saved == saved and status.unsaved > 0
        player.wish("go")
        player.wish("keep")
        player.wish("discard")
        assert player.state in ("paused", "over")
    player.wish("keep")
    assert (player.state, player.stage.status.unsaved) == ("ready", 0)
    assert player.recorder.trouble is None
    player.stage.close()


def test_episodes_never_meet_those_that_validate_or_test():
    seeds = {episode_seed(seed, number) for seed in range(50) for number in range(50)}

    assert len(seeds) == 2500
    assert all(0 <= seed < FIRST_VALIDATION_SEED for seed in seeds)


WISHES = ["go", "pause", "restart", "discard", "keep", "slower", "faster"]


@settings(max_examples=30)
@given(st.lists(st.sampled_from([*WISHES, "hold", "wait", "gone"]), max_size=25))
def test_whatever_is_wished_only_playing_takes_steps(
    tmp_path_factory: pytest.TempPathFactory, wishes: list[str]
):
    folder = tmp_path_factory.mktemp("wished") / "run"
    player = Player(folder, "Room-v0", turns=False)
    try:
        for wish in wishes:
            before, steps = player.state, player.steps
            if wish == "hold":
                player.hold("Digit1")
            elif wish == "wait":
                player.wait(0.07)
                assert player.steps == steps or before == "playing"
            elif wish == "gone":
                player.stage.hear(Gone())
            else:
                player.wish(wish)
                assert player.steps in (steps, 0)
    finally:
        player.stage.close()
    recording = read_recording(folder)
    for episode in recording.episodes:
        assert episode.ending in ("terminated", "cut")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"kind":"fly"}',
        '{"kind":"alive"}',
        '{"kind":"alive","seen":-1}',
        '{"kind":"alive","seen":true}',
        '{"kind":"alive","seen":1e3}',
        '{"kind":"held","seen":0}',
        '{"kind":"held","seen":0,"keys":"KeyA"}',
        '{"kind":"held","seen":0,"keys":["<b>"]}',
        '{"kind":"held","seen":0,"keys":[' + '"A",' * 30 + '"A"]}',
        '{"kind":"pressed","seen":0,"keys":[]}',
        '{"kind":"wish","wish":"win"}',
        '{"kind":"wish","wish":["go"]}',
        '{"kind":"wish","wish":"go","why":"because"}',
        '{"kind":"wish","wish":"go","why":"moved"}',
        '{"kind":"alive","seen":0,"axes":1}',
        '{"kind":"alive","seen":0,"axes":{"0":1}}',
        '{"kind":"alive","seen":0,"axes":["1"]}',
        '{"kind":"alive","seen":0,"axes":[true]}',
        '{"kind":"alive","seen":0,"axes":[1.01]}',
        '{"kind":"alive","seen":0,"axes":[NaN]}',
        '{"kind":"held","seen":0,"keys":[],"axes":[1e999]}',
        '{"kind":"held","seen":0,"keys":[],"axes":[' + "0," * 20 + "0]}",
    ],
)
def test_nonsense_is_refused_in_a_sentence(text: str):
    with pytest.raises(BadMessageError) as refused:
        message_in(text)

    assert len(str(refused.value)) < 300


def test_sticks_are_heard_where_they_are_spoken_of():
    said = '{"kind":"%s","seen":3,"key":"KeyA","keys":[]%s}'
    sticks = ',"axes":[-1,null,0.25]'

    for kind in ("alive", "held", "pressed"):
        assert message_in(said % (kind, "")).axes is None  # type: ignore[union-attr]
        found = message_in(said % (kind, sticks)).axes  # type: ignore[union-attr]
        assert found == (-1.0, None, 0.25)


REAL = {
    "kind": "real",
    "low": [-1.0, -1.0],
    "high": [1.0, 1.0],
    "names": ["main engine", "side engines"],
}
SEVERAL = {"kind": "several", "counts": [3, 2], "names": ["move", "grip"]}
SWITCHES = {"kind": "switches", "count": 3, "names": ["a", "b", "c"]}
JOYSTICK = {
    "kind": "discrete",
    "choices": [
        {"name": name, "keys": [], "place": None}
        for name in ("noop", "fire", "up", "right", "left", "up right", "up right fire")
    ],
    "idle": 0,
}


@pytest.mark.parametrize(
    ("action", "held", "expected"),
    [
        (REAL, [], [0, 0]),
        (REAL, ["ArrowUp"], [1, 0]),
        (REAL, ["ArrowUp", "ArrowLeft"], [1, -1]),
        (REAL, ["ArrowLeft", "ArrowRight"], [0, 1]),
        (REAL, ["ArrowLeft", "ShiftLeft"], [0, -1 / 3]),
        (SEVERAL, [], [0, 0]),
        (SEVERAL, ["Digit3", "KeyW"], [2, 1]),
        (SEVERAL, ["Digit3", "Digit2"], [1, 0]),
        (SWITCHES, ["Digit1", "Digit3"], [1, 0, 1]),
        (SWITCHES, [], [0, 0, 0]),
        (JOYSTICK, [], [0]),
        (JOYSTICK, ["ArrowUp", "ArrowRight"], [5]),
        (JOYSTICK, ["ArrowUp", "Space", "ArrowRight"], [6]),
        (JOYSTICK, ["ArrowRight", "ArrowLeft"], [4]),
        (JOYSTICK, ["ArrowDown"], [0]),
    ],
)
def test_what_the_keys_do(
    action: dict[str, Any], held: list[str], expected: list[float]
):
    keys = controls({"action": action}, "Task-v0")

    found = keys.action(held, None)

    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "action",
    [
        {"kind": "real", "low": [0] * 9, "high": [1] * 9, "names": ["x"] * 9},
        {"kind": "several", "counts": [2] * 5, "names": ["x"] * 5},
        {"kind": "several", "counts": [2, 9], "names": ["x"] * 2},
        {"kind": "switches", "count": 11, "names": ["x"] * 11},
        {
            "kind": "discrete",
            "choices": [{"name": f"{n}", "keys": ["KeyP"]} for n in range(11)],
        },
    ],
)
def test_too_many_actions_for_two_hands_are_refused(action: dict[str, Any]):
    with pytest.raises(CannotPlayError, match=r"^(Task-v0|an action of Task-v0) "):
        controls({"action": action}, "Task-v0")
