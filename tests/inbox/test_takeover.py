"""Somebody watches a policy, takes the controls, and gives them back."""

import itertools
import os
from pathlib import Path
from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.played import Player
from novice.envs.task import make_task
from novice.inbox.controls import CannotPlayError, controls
from novice.inbox.live import LiveTask
from novice.inbox.played import PlayedEpisode
from novice.inbox.recording import Recording, read_recording
from novice.inbox.screen import Screen
from novice.inbox.stage import GONE, SILENT, STALE
from novice.inbox.wishes import Alive, Gone, Held, Pressed, Wanted

SWING = "Pendulum-v1"  # 30 steps a second, torques from -2 to 2
# What is pushed to the right turns clockwise, which is a negative torque.
LESS, MORE = "ArrowRight", "ArrowLeft"


class Steady:
    """A policy that always does the same; `forgot` says how it was to plan anew."""

    def __init__(self, *action: float, kind: type = np.float32):
        self.action, self.begun = np.array(action, kind), 0
        self.forgot: list[bool] = []

    def begin(self) -> str:
        self.begun += 1
        return f"round {self.begun}"

    def replan(self, *, forget: bool = False) -> None:
        self.forgot.append(forget)

    def act(self, observation: np.ndarray) -> tuple[np.ndarray, float | None]:
        return self.action, 0.5


class Drifting(gymnasium.Env):
    """A place that a wind moves, of which no seed knows anything."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": [], "render_fps": 30}
    observation_space = spaces.Box(-np.inf, np.inf, (1,))
    action_space = spaces.Box(-1, 1, (1,))

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.place = np.zeros(1, np.float32)
        return self.place, {}

    def step(self, action: np.ndarray) -> tuple:
        wind = int.from_bytes(os.urandom(2)) / 2**16
        self.place = (self.place + action + wind).astype(np.float32)
        return self.place, 1.0, False, False, {}


class Gusty(Drifting):
    """Still air, but for one gust in the third step."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        self.steps = 0
        return super().reset(seed=seed)

    def step(self, action: np.ndarray) -> tuple:
        self.steps += 1
        before = self.place
        seen, *rest = super().step(action)
        if self.steps != 3:
            seen = self.place = (before + action).astype(np.float32)
        return seen, *rest


gymnasium.register("Drifting-v0", entry_point=Drifting)
gymnasium.register("Gusty-v0", entry_point=Gusty)


@pytest.fixture
def player(tmp_path: Path) -> Player:
    """Somebody who watches a policy that swings to the right as hard as it can."""
    return Player(tmp_path / "run", SWING, pilot=Steady(2))


def drive(player: Player, seconds: float, *keys: str) -> None:
    player.wish("take_over")
    player.hold(*keys)
    player.wait(seconds)


def recorded(player: Player) -> PlayedEpisode:
    """The one episode that was played, once the stage is closed."""
    player.stage.close()
    (episode,) = read_recording(player.recorder.folder).episodes
    return episode


def test_the_policy_drives_until_somebody_takes_over(player: Player):
    status = player.stage.status
    assert (status.state, status.driver, status.policy) == (
        "ready",
        "policy",
        "round 1",
    )
    player.wish("go")
    player.wait(0.31)
    watched = player.stage.status
    assert (watched.driver, watched.action, watched.policy_action) == (
        "policy",
        (2.0,),
        (2.0,),
    )
    assert (watched.uncertainty, watched.person_steps, watched.undoable) == (0.5, 0, 0)
    drive(player, 0.5, LESS)
    driven = player.stage.status
    assert (driven.driver, driven.action, driven.policy_action) == (
        "person",
        (-2.0,),
        (2.0,),
    )
    assert driven.person_steps == driven.steps - watched.steps == 15
    assert (driven.interventions, driven.label_total) == (1, 15)
    assert driven.undoable == 0.5
    player.wish("hand_back")
    player.wait(0.5)
    assert player.stage.status.action == (2.0,)

    episode = recorded(player)
    assert episode.policy == "round 1"
    expected = [False] * 10 + [True] * 15 + [False] * 15
    assert episode.by_person.tolist() == expected
    assert episode.taught.tolist() == expected
    assert (episode.policy_action == 2).all()
    assert (episode.uncertainty == 0.5).all()
    assert episode.intended[10:25].tolist() == [[-2.0]] * 15
    assert episode.intended[25:].tolist() == [[2.0]] * 15
    assert episode.drive_seconds == pytest.approx(0.5, abs=0.04)


def test_a_real_action_goes_over_without_a_jump(player: Player):
    player.wish("go")
    player.wait(0.21)
    drive(player, 0.4, LESS)
    player.wish("hand_back")
    player.wait(0.3)

    episode = recorded(player)
    first = int(np.flatnonzero(episode.by_person)[0])
    back = first + int(episode.by_person.sum())
    # From 2 to -2 in six of thirty steps a second, and back again.
    way = [4 / 3, 2 / 3, 0, -2 / 3, -4 / 3, -2, -2]
    np.testing.assert_allclose(episode.action[first : first + 7, 0], way, atol=1e-6)
    way_back = [-4 / 3, -2 / 3, 0, 2 / 3, 4 / 3, 2, 2]
    np.testing.assert_allclose(episode.action[back : back + 7, 0], way_back, atol=1e-6)
    jumps = np.abs(np.diff(episode.action[:, 0]))
    assert jumps.max() == pytest.approx(4 / 6, abs=1e-6)


def test_hands_that_change_twice_at_once_do_not_jump_either(player: Player):
    player.wish("go")
    player.wait(0.1)
    drive(player, 0.07, LESS)
    for wish in ("hand_back", "take_over", "hand_back"):
        player.wish(wish)
    player.wait(0.2)

    jumps = np.abs(np.diff(recorded(player).action[:, 0]))
    assert jumps.max() <= 4 / 6 + 1e-6


def test_something_to_choose_is_the_new_drivers_at_once(tmp_path: Path):
    pilot = Steady(0, kind=np.int32)
    player = Player(tmp_path / "run", "CartPole-v1", pilot=pilot)
    player.wish("go")
    player.wait(0.03)
    drive(player, 0.03, "ArrowRight")
    player.wish("hand_back")
    player.wait(0.03)

    episode = recorded(player)
    assert episode.action.tolist() == episode.intended.tolist()
    assert (episode.action[:, 0] == episode.by_person).all()


def test_without_a_policy_the_person_drives_all_the_time(tmp_path: Path):
    player = Player(tmp_path / "run", SWING)
    player.begin(LESS)
    player.wish("hand_back")
    player.wait(0.2)
    status = player.stage.status

    assert (status.driver, status.policy, status.policy_action) == ("person", "", None)
    assert (status.interventions, status.person_steps) == (0, status.steps)
    episode = recorded(player)
    assert episode.policy is None and episode.by_person.all()
    assert np.isnan(episode.policy_action).all() and np.isnan(episode.uncertainty).all()


@pytest.mark.parametrize(
    ("task", "driven", "undone"),
    [(SWING, 3.5, 3.0), ("LunarLanderContinuous-v3", 1.0, 1.0)],
)
def test_an_undo_goes_back_three_seconds_and_what_follows_replays(
    tmp_path: Path, task: str, driven: float, undone: float
):
    pilot = Steady(*[0.5] * (1 if task == SWING else 2))
    player = Player(tmp_path / "run", task, pilot=pilot)
    a_second = round(player.stage.frames_per_second)
    player.wish("go")
    player.wait(0.31)
    watched = player.steps
    drive(player, driven, LESS)
    player.stage.picture()
    steps, frame = player.steps, player.stage.frame
    assert player.stage.status.undoable == undone

    player.wish("undo")
    status = player.stage.status
    assert (status.state, status.driver) == ("paused", "person")
    assert status.steps == steps - undone * a_second >= watched
    assert status.person_steps == status.steps - watched == status.label_total
    assert status.frame > frame
    assert f"Went back {undone:.1f} s" in status.reason
    here = status.observation
    player.wish("go")
    player.wish("hand_back")
    player.wait(0.5)

    episode = recorded(player)
    assert episode.steps == status.steps + a_second // 2
    np.testing.assert_array_equal(
        episode.observation[status.steps][: len(here)], np.float32(here)
    )
    assert episode.by_person.sum() == status.person_steps
    # The person's time is theirs, whatever became of it.
    assert episode.seconds == pytest.approx(0.31 + driven + 0.5, abs=0.1)
    assert episode.drive_seconds == pytest.approx(driven, abs=0.1)
    environment = player.task.make()
    seen, _ = environment.reset(seed=episode.seed)
    for observation, action in zip(episode.observation, episode.action, strict=True):
        np.testing.assert_array_equal(player.task.vector(seen), observation)
        seen, *_ = environment.step(player.task.executable(action))
    environment.close()


def test_a_policy_plans_anew_where_a_person_drove_and_forgets_what_was_undone(
    tmp_path: Path,
):
    pilot = Steady(0.5)
    player = Player(tmp_path / "run", SWING, pilot=pilot)
    player.wish("go")
    player.wait(0.31)
    assert pilot.forgot == []
    drive(player, 0.5, LESS)
    assert pilot.forgot == [False] * player.stage.status.person_steps

    pilot.forgot.clear()
    player.wish("undo")
    assert pilot.forgot == [True]
    player.wish("hand_back")
    player.wish("go")
    player.wait(0.3)

    assert pilot.forgot == [True]


def test_after_an_undo_the_person_drives_on_without_a_jump(player: Player):
    player.wish("go")
    player.wait(0.31)
    drive(player, 0.5, LESS)
    player.wish("undo")
    player.hold(LESS)
    player.wish("go")
    player.wait(0.3)

    jumps = np.abs(np.diff(recorded(player).action[:, 0]))
    assert jumps.max() == pytest.approx(4 / 6, abs=1e-6)


def test_an_undo_stops_where_the_person_took_over_and_then_goes_further(player: Player):
    player.wish("go")
    player.wait(0.31)
    drive(player, 0.5, LESS)
    player.wish("hand_back")
    player.wait(0.5)
    drive(player, 0.2, LESS)
    player.wish("hand_back")
    player.wait(0.2)

    undone = [player.steps]
    for _ in range(3):
        player.wish("undo")
        undone.append(player.steps)
    # The second stretch with what the policy did since, then the first, then nothing.
    assert np.diff(undone).tolist() == [-12, -30, 0]
    assert player.stage.status.interventions == 0


def test_an_episode_that_is_over_can_be_taken_back(tmp_path: Path):
    pilot = Steady(1, kind=np.int32)
    player = Player(tmp_path / "run", "CartPole-v1", pilot=pilot, episodes=1)
    player.wish("take_over")
    player.begin("ArrowLeft")
    player.wait(1)
    lost = player.stage.status
    assert (lost.state, lost.kept, lost.ending) == ("over", 1, "terminated")

    player.wish("undo")
    status = player.stage.status
    assert (status.state, status.kept, status.ending) == ("paused", 0, None)
    assert (status.steps, status.total_reward) == (0, 0)
    player.hold("ArrowRight")
    player.wish("go")
    player.wait(0.05)
    player.wish("keep")
    episode = recorded(player)
    assert (episode.ending, episode.terminated) == ("cut", False)
    assert episode.action.tolist() == [[1]] * episode.steps


def test_a_task_that_does_not_lead_back_goes_on_and_teaches_nothing(tmp_path: Path):
    player = Player(tmp_path / "run", "Drifting-v0", pilot=Steady(0), turns=False)
    player.wish("go")
    player.wait(0.31)
    drive(player, 4, "ArrowLeft")
    steps, seen = player.steps, player.stage.status.observation

    player.wish("undo")
    status = player.stage.status
    assert (status.state, status.steps, status.observation) == ("paused", steps, seen)
    assert "Nothing is learned from your last 3.0 s" in status.reason
    assert status.person_steps == 30 and status.undoable == 1
    player.wish("undo")
    assert player.stage.status.person_steps == 0
    player.wish("undo")

    episode = recorded(player)
    assert episode.by_person.sum() == 120
    assert episode.fumbled.tolist() == episode.by_person.tolist()
    assert not episode.taught.any()


def test_it_goes_back_only_where_everything_was_the_same_to_the_bit():
    task = make_task("Gusty-v0")
    live = LiveTask(task, Screen(task))
    live.begin(7)
    push = np.array([0.25], np.float32)
    places = [live.step(push).observation[0] for _ in range(4)]

    assert live.go_back(3) is None  # The gust was another one.
    assert live.step(push).observation[0] == places[3] + np.float32(0.25)
    assert live.go_back(2) == places[1]
    assert live.step(push).observation[0] != places[2]
    assert live.go_back(1) == places[0] == 0.25
    live.close()


def test_a_single_step_is_taken_while_everything_stands_still(player: Player):
    player.wish("go")
    player.wait(0.1)
    player.wish("pause")
    seconds, steps = player.stage.status.seconds, player.steps
    player.wish("step")
    player.wish("take_over")
    player.hold(LESS)
    player.wish("step")
    player.wait(1)

    status = player.stage.status
    assert (status.state, status.steps, status.seconds) == (
        "paused",
        steps + 2,
        seconds,
    )
    assert recorded(player).by_person.tolist()[-2:] == [False, True]


@pytest.mark.parametrize("state", ["ready", "playing", "over", "done"])
def test_single_steps_are_for_pauses_alone(tmp_path: Path, state: str):
    pilot = Steady(1, kind=np.int32)
    player = Player(tmp_path / "run", "CartPole-v1", pilot=pilot)
    if state != "ready":
        player.wish("go")
    if state in ("over", "done"):
        player.wait(1)
    if state == "done":
        player.wish("stop")
    steps = player.steps
    assert player.state == state

    player.wish("step")

    assert player.steps == steps


# ---------------------------------------------------------------- whether anybody looks


def test_what_nobody_was_there_for_teaches_nothing(player: Player):
    player.wish("go")
    drive(player, 0.5, LESS)
    player.wait(0.6, alive=False)

    status = player.stage.status
    assert (status.state, status.locked, status.reason) == ("paused", "silent", SILENT)
    assert status.person_steps == 15
    episode = recorded(player)
    assert episode.by_person.all()
    assert episode.taught.tolist() == [True] * 15 + [False] * (episode.steps - 15)


@pytest.mark.parametrize("driving", [True, False])
@pytest.mark.parametrize(
    ("how", "locked", "reason"),
    [
        ("gone", "link", GONE),
        ("hidden", "hidden", "The page was hidden or lost the keyboard."),
        ("silent", "silent", SILENT),
    ],
)
def test_when_nobody_looks_time_stands_still(
    player: Player, driving: bool, how: str, locked: str, reason: str
):
    player.wish("go")
    player.wait(0.1)
    if driving:
        drive(player, 0.1, LESS)
    if how == "gone":
        player.stage.hear(Gone())
    elif how == "hidden":
        player.stage.hear(Wanted("pause", "hidden"))
    else:
        player.wait(0.6, alive=False)
    steps = player.steps
    status = player.stage.status
    assert (status.state, status.locked, status.reason) == ("paused", locked, reason)
    player.wait(2)
    assert player.steps == steps

    # The keys were let go: going on does not go on pushing.
    player.wish("go")
    assert player.stage.status.locked == ""
    player.wait(0.4)
    assert player.stage.status.driver == ("person" if driving else "policy")
    assert player.stage.status.action == ((0,) if driving else (2,))


def look_away(player: Player, seconds: float) -> int:
    """Let time pass for a page that speaks, but shows the same old picture."""
    old = player.stage.frame
    end = player.clock.now + seconds
    while player.clock.now < end - 1e-9:
        player.clock.now += 0.005
        player.stage.hear(Alive(old))
        player.stage.tick()
        player.stage.showed(player.stage.frame)
    return old


def test_what_was_done_at_the_sight_of_an_old_picture_is_not_done(player: Player):
    player.wish("go")
    drive(player, 0.2, LESS)
    old = look_away(player, 0.4)
    player.stage.hear(Held((MORE,), seen=old))
    player.stage.tick()
    assert player.stage.status.action == (-2,)

    player.stage.hear(Held((MORE,), seen=player.stage.frame))
    player.wait(0.1)
    assert player.stage.status.action == (2,)
    assert player.state == "playing"


def test_whoever_drives_by_an_old_picture_loses_the_controls(player: Player):
    player.wish("go")
    drive(player, 0.5, LESS)
    look_away(player, 0.7)

    status = player.stage.status
    assert (status.state, status.locked, status.reason) == ("paused", "stale", STALE)
    # Until 0.3 seconds after something newer was there to see, it was meant.
    taught = recorded(player).taught
    assert taught.sum() == pytest.approx((0.5 + 0.3) * 30, abs=2)
    assert taught[: taught.sum()].all()


def test_a_policy_goes_on_by_an_old_picture_but_the_page_says_so(player: Player):
    player.wish("go")
    player.wait(0.1)
    look_away(player, 1)
    status = player.stage.status
    assert (status.state, status.locked) == ("playing", "stale")

    player.wait(0.1)
    assert player.stage.status.locked == ""


def test_taking_over_by_an_old_picture_only_stops(player: Player):
    player.wish("go")
    player.wait(0.1)
    look_away(player, 0.5)
    steps = player.steps
    player.wish("take_over")
    player.wait(0.1)

    status = player.stage.status
    assert (status.state, status.locked, status.steps) == ("paused", "stale", steps)


def test_a_page_that_lags_does_not_drive_by_what_the_one_before_it_saw(tmp_path: Path):
    for moved in (Wanted("pause", "moved"), Gone()):
        player = Player(tmp_path / type(moved).__name__, SWING, pilot=Steady(2))
        player.wish("go")
        player.wait(1)
        player.stage.hear(moved)
        player.stage.hear(Alive(1))
        player.wish("go")
        player.wish("take_over")
        steps = player.steps
        player.stage.tick()

        status = player.stage.status
        assert (status.state, status.locked, status.steps) == ("paused", "stale", steps)
        player.stage.close()


def test_without_a_policy_no_picture_is_too_old(tmp_path: Path):
    player = Player(tmp_path / "run", SWING)
    player.begin(LESS)
    old = look_away(player, 2)
    player.stage.hear(Held((MORE,), seen=old))
    player.wait(0.1)

    status = player.stage.status
    assert (status.state, status.locked, status.action) == ("playing", "", (2,))


def test_a_task_that_draws_slowly_is_not_an_old_picture(player: Player):
    """Half a second a picture: what is seen is still the newest there is to see."""
    player.wish("go")
    drive(player, 0.1, LESS)
    for _ in range(6):
        player.stage.showed(player.stage.frame)
        player.stage.hear(Held((LESS,), seen=player.stage.frame))
        for _ in range(20):
            player.clock.now += 0.025
            player.stage.hear(Alive(0))
            player.stage.tick()

    assert player.state == "playing"


# ------------------------------------------------------------------------ turn by turn


def test_by_turns_a_policy_takes_two_a_second_and_a_person_as_many_as_they_like(
    tmp_path: Path,
):
    lake = make_task("FrozenLake-v1", {"is_slippery": False})
    player = Player(tmp_path / "run", lake, pilot=Steady(0, kind=np.int32))
    assert player.stage.turns
    player.wish("go")
    player.wait(1.4)
    assert player.steps == 3
    player.wish("faster")
    assert player.stage.status.speed == 1.25
    player.wish("take_over")
    player.wait(3)
    assert player.steps == 3
    key = player.stage.status
    player.stage.hear(Pressed("ArrowLeft", ("ArrowLeft",), key.frame))
    assert player.steps == 4
    player.wish("hand_back")
    player.wait(0.39)
    assert player.steps == 5
    player.wait(0.1)
    assert player.steps == 6
    # A key of the person's takes no turn while the policy drives.
    steps = player.steps
    player.stage.hear(Pressed("ArrowLeft", ("ArrowLeft",), player.stage.frame))
    assert player.steps == steps


def test_by_turns_nothing_blends(tmp_path: Path):
    player = Player(tmp_path / "run", SWING, pilot=Steady(2), turns=True)
    player.wish("go")
    player.wait(0.1)
    player.wish("take_over")
    player.stage.hear(Pressed(LESS, (LESS,), player.stage.frame))

    assert player.stage.status.action == (-2,)


# -------------------------------------------------------------------------- the labels


def test_labels_are_counted_over_episodes_and_those_thrown_away_are_not(tmp_path: Path):
    pilot = Steady(2)
    player = Player(tmp_path / "run", SWING, pilot=pilot, labels=100)
    totals = []
    for wish in ("keep", "discard", "restart", "keep"):
        player.wish("go")
        drive(player, 0.31, LESS)
        totals.append(player.stage.status.label_total)
        player.wish(wish)
        totals.append(player.stage.status.label_total)

    assert totals == [110, 110, 120, 110, 120, 110, 120, 120]
    assert pilot.begun == 5
    player.stage.close()
    assert read_recording(tmp_path / "run").taught == 20


def test_the_page_knows_what_was_done_and_what_the_policy_wanted(player: Player):
    player.wish("go")
    player.wait(0.1)
    player.hold(LESS)  # Whoever only watches may rest a finger on a key.
    player.wait(0.1)
    assert player.stage.status.action == (2.0,)
    player.wish("take_over")
    player.wait(0.3)
    assert player.stage.status.action == (-2.0,)


# ------------------------------------------------------------------------- sticks


def test_a_stick_is_worth_more_than_the_keys_of_its_number():
    words = {
        "action": {
            "kind": "real",
            "low": [-2.0, 0.0],
            "high": [4.0, 1.0],
            "names": ["side", "main"],
            "units": ["N", ""],
        }
    }
    found = controls(words, "Task-v0")
    held = ["ArrowRight", "ArrowUp"]

    np.testing.assert_allclose(found.action(held, None, (None, None)), [4, 1])
    np.testing.assert_allclose(found.action(held, None, (-0.5, None)), [-1, 1])
    np.testing.assert_allclose(found.action(held, None, (0.0, 0.25)), [0, 0.25])
    np.testing.assert_allclose(found.action(held, None, (0.5,)), [2, 1])
    np.testing.assert_allclose(found.action([], None, (1.0, -1.0, 1.0)), [4, 0])
    assert [axis.as_json() for axis in found.axes] == [
        {
            "name": "side",
            "low": -2,
            "rest": 0,
            "high": 4,
            "unit": "N",
            "place": "right",
        },
        {"name": "main", "low": 0, "rest": 0, "high": 1, "unit": "", "place": "up"},
    ]


def test_a_heartbeat_may_move_a_stick_or_leave_it_alone(player: Player):
    player.wish("go")
    player.wish("take_over")
    player.hold(axes=(0.5,))
    player.wait(0.4)
    assert player.stage.status.action == (1.0,)
    player.stage.hear(Alive(player.stage.frame, axes=(-0.25,)))
    player.wait(0.1)
    assert player.stage.status.action == (-0.5,)
    player.stage.hear(Alive(player.stage.frame, axes=(None,)))
    player.wait(0.1)
    assert player.stage.status.action == (0.0,)


def test_the_key_that_takes_over_does_nothing_else():
    joystick = {
        "kind": "discrete",
        "choices": [
            {"name": name, "keys": [], "place": None}
            for name in ("noop", "fire", "up", "right", "left", "up right fire")
        ],
        "idle": 0,
    }
    plain = controls({"action": joystick}, "Task-v0")
    taken = controls({"action": joystick}, "Task-v0", takeover=True)
    assert "Space" in {key for button in plain.buttons for key in button.keys}
    assert "Space" not in {key for button in taken.buttons for key in button.keys}
    assert taken.action(["KeyX"], None).tolist() == [1]

    alone = {
        "kind": "discrete",
        "choices": [{"name": "jump", "keys": ["Space"], "place": None}],
        "idle": None,
    }
    with pytest.raises(
        CannotPlayError, match="Task-v0 has no key for 'jump' but Space"
    ):
        controls({"action": alone}, "Task-v0", takeover=True)


# ------------------------------------------------------------------------- everything


WISHES = ["go", "pause", "take_over", "hand_back", "step", "undo", "restart", "keep"]


@settings(max_examples=30, deadline=None)
@given(
    wishes=st.lists(
        st.sampled_from([*WISHES, "discard", "hold", "wait", "look away", "gone"]),
        max_size=30,
    ),
    task=st.sampled_from([SWING, "Drifting-v0"]),
)
def test_whatever_happens_the_page_and_the_recording_agree(
    tmp_path_factory: pytest.TempPathFactory, wishes: list[str], task: str
):
    folder = tmp_path_factory.mktemp("wished") / "run"
    player = Player(folder, task, pilot=Steady(0.5), turns=False)
    try:
        for wish in wishes:
            before, steps = player.state, player.steps
            if wish == "hold":
                player.hold("ArrowRight")
            elif wish == "wait":
                player.wait(0.15)
            elif wish == "look away":
                look_away(player, 0.4)
            elif wish == "gone":
                player.stage.hear(Gone())
            else:
                player.wish(wish)  # type: ignore[arg-type]
            more = player.steps - steps
            assert more <= 0 or before == "playing" or (wish == "step" and more == 1)
        status = player.stage.status
    finally:
        player.stage.close()
    recording: Recording = read_recording(folder)
    assert recording.taught == status.label_total
    for episode in recording.episodes:
        assert not (episode.fumbled & ~episode.by_person).any()
        np.testing.assert_array_equal(
            episode.intended[~episode.by_person],
            episode.policy_action[~episode.by_person],
        )
        steps = range(episode.steps)
        assert all(a <= b for a, b in zip(episode.seen, steps, strict=True))
        assert all(b >= a for a, b in itertools.pairwise(episode.step_seconds))
