"""A visited state is found again by replaying its seed and its actions."""

import os
from typing import Any, ClassVar

# MuJoCo, which looks at this once, draws without a window.
os.environ.setdefault("MUJOCO_GL", "egl")

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium import spaces

import toys
from novice.envs.actor import RandomActor
from novice.envs.branches import Branch, candidates
from novice.envs.moment import Moment
from novice.envs.pictures import NoPictureError
from novice.envs.replayer import Replayer
from novice.envs.replays import DoesNotReplayError, replay_faults, replays
from novice.envs.rollout import rollout
from novice.envs.scene import Scene, TooSlowError, frames
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task, make_task
from novice.types import Trajectories


@pytest.mark.parametrize("id", ["CartPole-v1", "Pendulum-v1", "LunarLander-v3"])
def test_a_replay_shows_what_was_seen_to_the_bit(id):
    task = make_task(id)
    actor = RandomActor(task, jax.random.key(0), episodes=3, slots=2)
    seen = rollout(SeparateSlots(task, 2), actor, np.array([4, 5, 6]))

    for episode, length in enumerate(seen.length):
        for step in (0, length // 2, length):
            moment = Moment(
                task, int(seen.seed[episode]), seen.action_executed[episode, :step]
            )
            np.testing.assert_array_equal(
                moment.observation(), seen.observation[episode, step]
            )


CARTPOLE = make_task("CartPole-v1")


def there_and_back(steps: int) -> Moment:
    return Moment(CARTPOLE, 3, np.arange(steps, dtype=np.int32)[:, None] % 2)


@pytest.mark.parametrize("most", [1, 2, 3, 5, 50])
@pytest.mark.parametrize("steps", [0, 1, 7, 20])
def test_there_are_at_most_so_many_pictures(steps, most):
    pictures, _ = frames(there_and_back(steps), most=most)

    assert 1 <= len(pictures) <= most
    assert all(picture.shape == (400, 600, 3) for picture in pictures)


def picture_of(moment: Moment) -> np.ndarray:
    environment = CARTPOLE.make(render_mode="rgb_array")
    environment.reset(seed=moment.seed)
    for action in moment.actions:
        environment.step(int(action[0]))
    picture = environment.render()
    environment.close()
    return picture


@pytest.mark.parametrize("most", [1, 4])
def test_the_last_picture_is_the_moment_itself(most):
    moment = there_and_back(13)

    pictures, _ = frames(moment, most=most)

    np.testing.assert_array_equal(pictures[-1], picture_of(moment))


def test_pictures_are_evenly_spaced_from_the_beginning():
    pictures, _ = frames(there_and_back(12), most=4)

    # Steps 0, 4, 8 and 12.
    assert len(pictures) == 4
    np.testing.assert_array_equal(pictures[0], picture_of(there_and_back(0)))
    np.testing.assert_array_equal(pictures[1], picture_of(there_and_back(4)))


def test_fewer_pictures_are_shown_more_slowly():
    _, every_step = frames(there_and_back(12), most=50)
    _, every_fourth = frames(there_and_back(12), most=4)

    assert (every_step, every_fourth) == (50.0, 12.5)


@pytest.mark.parametrize("id", ["Parade-v0", "Trouble-v0"])
def test_a_task_without_pictures_says_so(id):
    moment = Moment(make_task(id), 0, np.zeros((0, 1), np.int32))

    with pytest.raises(NoPictureError, match=f"^{id} has no pictures"):
        frames(moment, most=3)
    with pytest.raises(NoPictureError, match=f"^{id} has no pictures"):
        Replayer(moment.task).clip(moment)


# ------------------------------------------------------------------- seen again


class Lamp(gymnasium.Env):
    """Walks back and forth by chance and by will; shows where it is as a bright column.

    `spoiled` tasks break their word: "global" draws from NumPy's global generator,
    "memory" remembers the episodes before, "crash" raises in step 5.
    """

    metadata: ClassVar = {"render_modes": ["rgb_array"], "render_fps": 50}
    observation_space = spaces.Box(-np.inf, np.inf, (2,))
    action_space = spaces.Discrete(3)
    steps_taken = 0
    pictures_drawn = 0

    def __init__(
        self, render_mode: str | None = None, spoiled: str = "", end: int = 99
    ):
        self.render_mode = render_mode
        self.spoiled = spoiled
        self.end = end
        self.episodes = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.place, self.steps = 15.0, 0
        self.episodes += 1
        return self.seen(), {}

    def seen(self) -> np.ndarray:
        chance = self.np_random.normal()
        if self.spoiled == "global":
            chance = np.random.normal()  # noqa: NPY002
        if self.spoiled == "memory":
            chance += self.episodes
        return np.array([self.place, chance], np.float32)

    def step(self, action: int) -> tuple:
        Lamp.steps_taken += 1
        self.steps += 1
        if self.spoiled == "crash" and self.steps == 5:
            raise RuntimeError("the bulb\nburst")
        self.place += int(action) - 1 + float(self.np_random.integers(-1, 2))
        return self.seen(), 0.0, self.steps >= self.end, False, {}

    def render(self) -> np.ndarray:
        Lamp.pictures_drawn += 1
        picture = np.zeros((8, 31, 3), np.uint8)
        picture[:, int(np.clip(self.place, 0, 30))] = 255
        return picture


gymnasium.register("Lamp-v0", entry_point=Lamp, max_episode_steps=200)


class Blind(Lamp):
    """The same without a renderer."""

    def __init__(self) -> None:
        super().__init__()


gymnasium.register("Blind-v0", entry_point=Blind, max_episode_steps=200)


def wander(task: Task, episodes: int, *, slots: int = 2) -> Trajectories:
    separate = SeparateSlots(task, slots)
    actor = RandomActor(task, jax.random.key(0), episodes=episodes, slots=slots)
    seen = rollout(separate, actor, np.arange(episodes) + 7)
    separate.close()
    return seen


def moment_in(task: Task, seen: Trajectories, episode: int, step: int) -> Moment:
    actions = seen.action_executed[episode, :step]
    return Moment(task, int(seen.seed[episode]), actions)


def stays(task: Task, steps: int, *, seed: int = 3) -> Moment:
    return Moment(task, seed, np.ones((steps, 1), np.int32))


def revisit(
    task: Task, seen: Trajectories, count: int, *, most_open: int = 8
) -> list[str]:
    """Why random moments were not seen again; they are asked about as people are."""
    rng = np.random.default_rng(0)
    episodes = np.sort(rng.integers(0, len(seen.seed), count))
    places = [(e, int(rng.integers(0, seen.length[e] + 1))) for e in episodes]
    replayer = Replayer(task, patience=60.0, most_open=most_open)
    faults = []
    for number, (episode, step) in enumerate(sorted(places)):
        moment = moment_in(task, seen, int(episode), step)
        stored = seen.observation[episode, step]
        try:
            if number % 10:
                scene = replayer._best_scene(moment, [])
                replayer._visited(replayer._scenes, scene, moment, [], stored)
            else:
                replayer.clip(moment, seen=stored)
        except DoesNotReplayError as error:
            faults.append(str(error))
    replayer.close()
    return faults


@pytest.mark.parametrize("id", ["CartPole-v1", "LunarLander-v3", "Hopper-v5"])
def test_a_thousand_moments_are_seen_again_to_the_bit(id):
    task = make_task(id)
    seen = wander(task, 50)

    assert replays(task, seen) is None
    assert revisit(task, seen, 1000) == []


def racing() -> Task:
    return make_task("CarRacing-v3", {"max_episode_steps": 30}, pictures=True)


@pytest.mark.slow
def test_moments_of_a_task_that_shows_pictures_are_seen_again_to_the_bit():
    seen = wander(racing(), 2)

    assert replays(racing(), seen) is None
    assert revisit(racing(), seen, 8) == []


@pytest.mark.soak
def test_a_thousand_moments_of_a_task_that_shows_pictures_are_seen_again():
    task = make_task("CarRacing-v3", pictures=True)
    seen = wander(task, 4)

    assert replays(task, seen) is None
    assert revisit(task, seen, 1000) == []


def test_what_is_not_seen_again_is_said():
    # The walker's world goes on from the episodes before, which nobody replays.
    task = make_task("BipedalWalker-v3")
    seen = wander(task, 6, slots=1)

    faults = replay_faults(task, seen)
    again = revisit(task, seen, 50)

    assert faults[0] is None
    assert any(faults)
    assert again
    assert all("BipedalWalker-v3 does not replay: at step" in why for why in again)


def test_a_moment_that_differs_names_entry_found_and_stored():
    task = make_task("Lamp-v0")
    moment = stays(task, 4)
    stored = moment.observation()
    found = str(stored[1])
    stored[1] = 0.5

    with pytest.raises(
        DoesNotReplayError,
        match=rf"at step 4 of the episode with seed 3, entry 1 of the observation is"
        rf" {found}, but 0\.5 was seen before",
    ):
        Replayer(task).clip(moment, seen=stored)


def test_the_smallest_difference_counts():
    task = make_task("Lamp-v0")
    moment = stays(task, 4)
    stored = np.nextafter(moment.observation(), np.float32(99), dtype=np.float32)

    with pytest.raises(DoesNotReplayError, match="entry 0"):
        Replayer(task).clip(moment, seen=stored)


def test_randomness_from_elsewhere_is_found_out():
    task = make_task("Lamp-v0", {"spoiled": "global", "end": 9})
    seen = wander(task, 2)

    why = replays(task, seen)

    assert why and why.startswith("Lamp-v0 does not replay: at step 0")
    assert "does not follow from the seed and the actions" in why
    assert len(revisit(task, seen, 5)) == 5


def test_a_trace_of_earlier_episodes_does_no_harm_where_a_new_environment_has_none():
    task = make_task("Lamp-v0", {"spoiled": "memory", "end": 9})
    # Each episode was the first in its environment.
    seen = wander(task, 3, slots=3)

    assert replays(task, seen) is None
    assert revisit(task, seen, 20, most_open=1) == []


def test_a_trace_of_earlier_episodes_is_found_out():
    task = make_task("Lamp-v0", {"spoiled": "memory", "end": 9})

    faults = replay_faults(task, wander(task, 3, slots=1))

    assert [fault is None for fault in faults] == [True, False, False]


def test_a_task_that_crashes_in_a_replay_says_so():
    task = make_task("Lamp-v0", {"spoiled": "crash"})
    replayer = Replayer(task)
    expected = r"step 5 of the episode with seed 3 raised RuntimeError: the bulb burst"

    with pytest.raises(DoesNotReplayError, match=expected):
        replayer.clip(stays(task, 7))
    # The environment is gone, and the next one works.
    assert len(replayer.clip(stays(task, 4)).frames) == 3


# ------------------------------------------------------------------------- clips


def test_a_clip_ends_with_the_moment_and_covers_half_a_second():
    clip = Replayer(CARTPOLE).clip(there_and_back(40))

    # 50 steps a second: every second step, 22 of them.
    assert (len(clip.frames), clip.frames_per_second, clip.every) == (12, 25.0, 2)
    np.testing.assert_array_equal(clip.frames[-1], picture_of(there_and_back(40)))
    np.testing.assert_array_equal(clip.frames[-2], picture_of(there_and_back(38)))
    np.testing.assert_array_equal(clip.frames[0], picture_of(there_and_back(18)))


@pytest.mark.parametrize(
    ("step", "count"), [(0, 1), (1, 1), (2, 2), (21, 11), (22, 12)]
)
def test_a_clip_begins_with_the_episode_at_the_earliest(step, count):
    clip = Replayer(CARTPOLE).clip(there_and_back(step))

    assert (len(clip.frames), clip.every) == (count, 2 if count > 1 else 0)
    assert clip.frames_per_second == (25.0 if count > 1 else 50.0)


def test_a_task_in_turns_shows_the_last_few():
    task = make_task("FrozenLake-v1")
    clip = Replayer(task).clip(Moment(task, 0, np.zeros((9, 1), np.int32)))

    assert (len(clip.frames), clip.frames_per_second, clip.every) == (4, 4.0, 1)


def test_going_on_in_an_episode_costs_only_the_steps_in_between():
    task = make_task("Lamp-v0")
    replayer = Replayer(task)
    Lamp.steps_taken = 0

    for step in (40, 70, 90):
        replayer.clip(stays(task, step))
        replayer.clip(stays(task, 30, seed=4))

    assert Lamp.steps_taken == 90 + 30


def test_going_back_begins_anew():
    task = make_task("Lamp-v0")
    replayer = Replayer(task)
    later = replayer.clip(stays(task, 80))
    earlier = replayer.clip(stays(task, 50))

    np.testing.assert_array_equal(
        earlier.frames, Replayer(task).clip(stays(task, 50))[0]
    )
    assert not np.array_equal(later.frames, earlier.frames)


def test_another_way_to_the_same_step_is_another_moment():
    task = make_task("Lamp-v0")
    replayer = Replayer(task)
    replayer.clip(stays(task, 50))
    elsewhere = Moment(task, 3, np.zeros((50, 1), np.int32))

    clip = replayer.clip(elsewhere, seen=elsewhere.observation())

    np.testing.assert_array_equal(clip.frames, Replayer(task).clip(elsewhere).frames)


def test_frames_that_were_drawn_are_not_drawn_again():
    task = make_task("Lamp-v0")
    replayer = Replayer(task)
    replayer.clip(stays(task, 50))
    Lamp.pictures_drawn = 0

    replayer.clip(stays(task, 50))
    replayer.clip(stays(task, 54))

    assert Lamp.pictures_drawn == 2


def test_at_most_so_many_environments_are_open():
    task = make_task("Lamp-v0")
    replayer = Replayer(task, most_open=3)

    for seed in range(9):
        replayer.clip(stays(task, 5, seed=seed))

    assert len(replayer._scenes) == 3


def test_a_slow_task_is_left_off():
    task = make_task("Lamp-v0")

    with pytest.raises(TooSlowError, match="takes too long to be replayed up to step"):
        Replayer(task, patience=0.0).clip(stays(task, 50))


def test_a_lander_that_nobody_sees_throws_no_sparks():
    task = make_task("LunarLander-v3")
    scene = Scene(task)
    burning = Moment(task, 3, np.full((40, 1), 2, np.int32))

    scene.visit(burning, [30])
    sparks = scene.environment.unwrapped.particles
    assert len(sparks) == 0

    # Three steps before a picture it does.
    for left in (5, 4, 3, 2, 1):
        scene.step(np.array([2]), sparking=left)
    assert len(sparks) == 3
    scene.close()


# ------------------------------------------------------------------ other pictures


def drawn_from(observation: np.ndarray) -> np.ndarray:
    picture = np.zeros((5, 31, 3), np.uint8)
    picture[:, int(np.clip(observation[0], 0, 30))] = 200
    return picture


def test_a_task_without_a_renderer_is_drawn_from_its_observations():
    task = make_task("Blind-v0")
    moment = stays(task, 10)

    clip = Replayer(task, render=drawn_from).clip(moment, seen=moment.observation())

    np.testing.assert_array_equal(clip.frames[-1], drawn_from(moment.observation()))


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        (np.zeros((4, 4)), r"an array of shape \(4, 4\), but a picture is"),
        (np.zeros((4, 4, 3)), "an array of float64, but a picture is uint8"),
        ([[1]], "returned list, not a picture"),
    ],
)
def test_what_is_no_picture_is_refused(drawn, words):
    task = make_task("Blind-v0")

    with pytest.raises(NoPictureError, match=words):
        Replayer(task, render=lambda observation: drawn).clip(stays(task, 1))


def test_a_renderer_that_breaks_is_told():
    task = make_task("Blind-v0")

    with pytest.raises(NoPictureError, match=r"Blind-v0 .* ZeroDivisionError: "):
        Replayer(task, render=lambda observation: 1 // 0).clip(stays(task, 1))


class Painting(gymnasium.Env):
    """Shows pictures, but has no renderer."""

    observation_space = spaces.Box(0, 255, (4, 6, 3), np.uint8)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        return self.seen(), {}

    def seen(self) -> np.ndarray:
        return self.np_random.integers(0, 256, (4, 6, 3), dtype=np.uint8)

    def step(self, action: int) -> tuple:
        return self.seen(), 0.0, False, False, {}


gymnasium.register("Painting-v0", entry_point=Painting, max_episode_steps=20)


def test_a_picture_that_is_observed_is_what_it_looks_like():
    task = make_task("Painting-v0")
    moment = Moment(task, 0, np.zeros((3, 1), np.int32))

    clip = Replayer(task).clip(moment)

    shown = task.observation_of(moment.observation())
    np.testing.assert_array_equal(clip.frames[-1], shown)


# -------------------------------------------------------------------- consequences


def branches_of(
    task: Task, moment: Moment, actions: list[int], **kwargs
) -> list[Branch]:
    chosen = [np.array([action], np.int32) for action in actions]
    return Replayer(task).consequences(moment, chosen, **kwargs).branches


def columns(branch: Branch) -> list[int]:
    """Where the lamp is in each frame."""
    return [int(np.argmax(frame[0, :, 0])) for frame in branch.frames]


def test_branches_show_the_same_chance():
    task = make_task("Lamp-v0")
    moment = stays(task, 5)

    left, still, right = branches_of(
        task, moment, [0, 1, 2], act=lambda observation: np.array([1]), hold=0.1
    )

    # Eight frames a second of fifty steps: one in six, and eight after the moment.
    assert len(still.frames) == 9
    # Held for five steps: five places apart, ever after.
    apart = np.array(columns(right))[1:] - np.array(columns(still))[1:]
    assert set(apart) == {5}
    apart = np.array(columns(still))[1:] - np.array(columns(left))[1:]
    assert set(apart) == {5}
    assert columns(left)[0] == columns(right)[0] == columns(still)[0]


def test_the_policy_goes_on_after_an_action():
    task = make_task("Lamp-v0")
    saw: list[np.ndarray] = []

    def act(observation: np.ndarray) -> np.ndarray:
        saw.append(observation)
        return np.array([1])

    branches_of(task, stays(task, 5), [0], act=act, hold=0.3, seconds=0.48)

    # 24 steps, of which 15 were held.
    assert len(saw) == 24 - 15
    stepped = np.array([1] * 5 + [0] * 15)[:, None]
    np.testing.assert_array_equal(saw[0], Moment(task, 3, stepped).observation())


def test_an_action_is_held_for_a_step_at_least():
    task = make_task("Lamp-v0")
    one, other = branches_of(
        task, stays(task, 5), [1, 2], act=lambda observation: np.array([1]), hold=0.001
    )

    assert columns(other)[-1] - columns(one)[-1] == 1


def test_branches_that_look_alike_are_named():
    task = make_task("Lamp-v0")

    branches = branches_of(task, stays(task, 5), [0, 2, 0], act=None)

    assert [branch.alike for branch in branches] == [(2,), (), (0,)]


def test_an_episode_that_ends_goes_on_showing_its_end():
    task = make_task("Lamp-v0", {"end": 20})

    branch = branches_of(task, stays(task, 5), [2], act=None)[0]

    # It ends after 15 steps: in the third frame of six steps each.
    assert branch.ended
    assert len(branch.frames) == 9
    assert len(set(columns(branch)[3:])) == 1
    at_end = Moment(task, 3, np.array([1] * 5 + [2] * 15)[:, None]).observation()
    assert columns(branch)[-1] == min(at_end[0], 30)


def test_an_episode_that_goes_on_does_not_end():
    assert not branches_of(
        make_task("Lamp-v0"), stays(make_task("Lamp-v0"), 5), [2], act=None
    )[0].ended


def test_consequences_of_a_moment_that_does_not_replay_are_not_shown():
    task = make_task("Lamp-v0")

    with pytest.raises(DoesNotReplayError):
        branches_of(
            task, stays(task, 5), [0, 1], act=None, seen=np.zeros(2, np.float32)
        )


def test_consequences_draw_the_moment_once():
    task = make_task("Lamp-v0")
    replayer = Replayer(task)
    replayer.clip(stays(task, 5))
    Lamp.pictures_drawn = 0

    actions = [np.array([i]) for i in range(3)]
    replayer.consequences(stays(task, 5), actions, None)

    assert Lamp.pictures_drawn == 3 * 8


def test_consequences_that_take_too_long_are_left_off_at_once():
    task = make_task("Lamp-v0")
    replayer = Replayer(task, patience=1.0)
    replayer.clip(stays(task, 1))
    scene = Scene(task)
    scene.visit(stays(task, 5))
    scene.step_cost = 1.0
    replayer._side.append(scene)

    with pytest.raises(TooSlowError, match="what 2 actions lead to after 5 steps"):
        replayer.consequences(stays(task, 5), [np.array([0]), np.array([1])], None)


def test_consequences_are_small():
    task = make_task("LunarLander-v3")
    still = Moment(task, 3, np.zeros((3, 1), np.int32))

    branch = branches_of(task, still, [0], act=None)[0]

    assert branch.frames[0].shape == (160, 240, 3)


@pytest.mark.parametrize(
    ("space", "action", "expected"),
    [
        (spaces.Discrete(3, start=5), [1], [[0], [1], [2]]),
        (spaces.Discrete(20), [1], [[i] for i in range(9)]),
        (
            spaces.MultiDiscrete([2, 3]),
            [1, 1],
            [[1, 1], [0, 1], [1, 0], [1, 2]],
        ),
        (spaces.MultiBinary(2), [0, 1], [[0, 1], [1, 1], [0, 0]]),
        (spaces.Box(-2, 2, (1,)), [0.5], [[0.5], [-2], [2]]),
        (spaces.Box(-2, np.inf, (1,)), [9.0], [[9], [-2], [1]]),
        (spaces.Box(-1, 1, (2,)), [3, 0], [[1, 0], [-1, 0], [1, -1], [1, 1]]),
    ],
)
def test_the_actions_worth_showing(space, action, expected):
    kind = np.float32 if isinstance(space, spaces.Box) else np.int32

    found = candidates(toys.task_of(space), np.array(action, kind))

    assert [each.tolist() for each in found] == expected
