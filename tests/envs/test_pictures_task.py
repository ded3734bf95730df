"""What a task shows as pictures is seen smaller, in color, and stays bytes."""

from pathlib import Path
from typing import Any

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv

from novice.algorithms.dagger import dagger
from novice.algorithms.imitate import beginner
from novice.algorithms.settings import BadSettingError, DaggerSettings, FitSettings
from novice.datasets.shards import load_dataset, save_part
from novice.envs.actor import BestActor, RandomActor
from novice.envs.rollout import rollout
from novice.envs.sight import enlarged, seen_shape, shrunk
from novice.envs.slots import BadStepError, SeparateSlots, VectorSlots
from novice.envs.spaces import UnsupportedSpaceError
from novice.envs.task import Task, make_task
from novice.experts.expert import Law
from novice.experts.kept import load_policy, save_policy
from novice.files import seal
from toys import RowByRow, task_of


class Screen(gymnasium.Env):
    """Shows an arcade machine's screen, all in one shade that grows with each step."""

    observation_space = spaces.Box(0, 255, (210, 160, 3), np.uint8)
    action_space = spaces.Discrete(2)

    def __init__(self, odd: Any = None):
        self.odd = odd

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.shade = int(self.np_random.integers(100))
        return self.seen(), {}

    def seen(self) -> np.ndarray:
        return np.full((210, 160, 3), self.shade, np.uint8)

    def step(self, action: int) -> tuple:
        self.shade += 1 + int(action)
        seen = self.seen() if self.odd is None else self.odd
        return seen, float(self.shade), False, False, {}


class Beacon(gymnasium.Env):
    """Shows a light on the left or on the right, and pays for saying where."""

    observation_space = spaces.Box(0, 255, (20, 20, 3), np.uint8)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        return self.lit(), {}

    def lit(self) -> np.ndarray:
        self.side = int(self.np_random.integers(2))
        row, column = self.np_random.integers(0, [16, 6])
        seen = np.zeros((20, 20, 3), np.uint8)
        seen[row : row + 4, 10 * self.side + column :][:, :4, 1] = 255
        return seen

    def step(self, action: int) -> tuple:
        reward = float(action == self.side)
        return self.lit(), reward, False, False, {}


WATCH = Law("a watchman", lambda seen: int(seen[:, 10:].max() > 0))


gymnasium.register("Beacon-v0", entry_point=Beacon, max_episode_steps=10)
gymnasium.register("Screen-v0", entry_point=Screen, max_episode_steps=5)


def picture_space(*shape: int) -> spaces.Box:
    return spaces.Box(0, 255, shape, np.uint8)


def task_that_shows(space: spaces.Space) -> Task:
    return task_of(spaces.Discrete(2), space)


@pytest.mark.parametrize(
    ("shown", "seen"),
    [
        ((96, 96, 3), (48, 48, 3)),
        ((210, 160, 3), (52, 40, 3)),
        ((84, 84, 1), (42, 42, 1)),
        ((84, 84), (42, 42, 1)),
        ((480, 640, 3), (40, 53, 3)),
        ((64, 64, 3), (64, 64, 3)),
        ((28, 28, 1), (28, 28, 1)),
    ],
    ids=str,
)
def test_a_picture_is_shrunk_to_forty_pixels_or_more(shown, seen):
    assert task_that_shows(picture_space(*shown)).picture == seen


@pytest.mark.parametrize(
    "space",
    [
        spaces.Box(0, 1, (96, 96, 3), np.float32),
        spaces.Box(0, 255, (3, 96, 96), np.uint8),
        spaces.Box(0, 255, (7, 7, 3), np.uint8),
        spaces.Box(0, 255, (128,), np.uint8),
        spaces.Dict({"screen": spaces.Box(0, 255, (96, 96, 3), np.uint8)}),
    ],
    ids=["floats", "channels first", "tiny", "memory", "in a Dict"],
)
def test_other_observations_are_no_pictures(space):
    assert seen_shape(space) is None


def test_shrinking_takes_the_mean_of_each_square_and_rounds():
    picture = np.uint8([[0, 1, 10, 11], [2, 3, 10, 11], [255, 255, 7, 7]])[..., None]

    # (0 + 1 + 2 + 3) / 4 = 1.5 and (10 + 11 + 10 + 11) / 4 = 10.5; the last row is cut.
    assert shrunk(picture, (1, 2, 1)).tolist() == [2, 11]


def test_white_stays_white_however_much_it_is_shrunk():
    picture = np.full((400, 600, 1), 255, np.uint8)

    assert (shrunk(picture, (20, 30, 1)) == 255).all()


def test_color_is_kept():
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[..., 1] = 200

    assert shrunk(picture, (2, 2, 3)).reshape(2, 2, 3)[0, 0].tolist() == [0, 200, 0]


@pytest.mark.parametrize("shape", [(210, 160, 3), (96, 96, 3), (85, 90), (64, 64, 1)])
def test_what_a_policy_saw_is_the_tasks_own_observation_but_coarser(shape):
    task = task_that_shows(picture_space(*shape))
    seen = task.vector(task.observation_space.sample())

    again = task.observation_of(seen)

    assert task.observation_space.contains(again)
    np.testing.assert_array_equal(task.vector(again), seen)


def test_pixels_cut_off_at_the_edge_repeat_their_neighbors():
    space = picture_space(45, 81, 1)
    seen = np.arange(45 * 81, dtype=np.uint32).astype(np.uint8)[: 45 * 81]

    whole = enlarged(seen, (45, 81, 1), space)
    tall = enlarged(np.uint8([1, 2]), (1, 2, 1), picture_space(41, 41, 1))

    assert whole.shape == (45, 81, 1)
    assert tall[:, 0].max() == 1
    assert tall[:, -1].min() == 2


def test_a_vector_of_a_picture_is_bytes():
    task = make_task("Screen-v0")

    vector = task.vector(task.observation_space.sample())

    assert task.observation_size == 52 * 40 * 3
    assert vector.shape == (task.observation_size,)
    assert vector.dtype == task.observation_dtype == np.uint8


def test_other_vectors_are_floats():
    assert make_task("CartPole-v1").observation_dtype is np.float32


def test_a_rollout_keeps_bytes_and_where_it_ended():
    task = make_task("Screen-v0")
    slots = SeparateSlots(task, 2)

    seen = rollout(
        slots, RowByRow(lambda observation: np.zeros(1, np.int32)), [5, 6, 7]
    )

    slots.close()
    assert seen.observation.dtype == np.uint8
    assert seen.observation.shape == (3, 6, task.observation_size)
    shades = seen.observation[..., 0].astype(int)
    np.testing.assert_array_equal(np.diff(shades, axis=1), 1)
    np.testing.assert_array_equal(shades[:, -1], seen.reward[:, -1])


def test_a_vector_environment_shows_the_same_pictures():
    task = make_task("Screen-v0")
    vector = SyncVectorEnv([task.make] * 2)
    slots = VectorSlots(task, vector)

    first = slots.begin(np.arange(2), np.array([3, 3]))
    step = slots.step(np.zeros((2, 1), np.int32), np.array([True, False]))

    slots.close()
    assert first.dtype == step.observation.dtype == np.uint8
    np.testing.assert_array_equal(step.observation[0], first[0] + 1)


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (np.zeros((210, 160, 1), np.uint8), r"of uint8 of shape \(210, 160, 1\)"),
        (np.zeros((212, 161, 3), np.uint8), r"of uint8 of shape \(212, 161, 3\)"),
        (np.zeros((210, 160, 3)), r"of float64 of shape \(210, 160, 3\)"),
        ("fog", "the observation 'fog'"),
    ],
    ids=["channels", "a little larger", "floats", "words"],
)
def test_a_picture_of_another_kind_is_an_error_that_says_where(odd, said):
    task = make_task("Screen-v0", {"odd": odd})
    slots = SeparateSlots(task, 1)
    slots.begin(np.arange(1), np.array([9]))

    with pytest.raises(BadStepError, match=rf"seed 9, step 1\) showed .*{said}"):
        slots.step(np.zeros((1, 1), np.int32), np.array([True]))
    slots.close()


def test_a_reward_that_is_no_number_is_still_found(monkeypatch):
    task = make_task("Screen-v0")
    slots = SeparateSlots(task, 1)
    slots.begin(np.arange(1), np.array([9]))
    own = slots.environments[0].unwrapped
    monkeypatch.setattr(own, "step", lambda _: (own.seen(), np.nan, False, False, {}))

    with pytest.raises(BadStepError, match="the reward nan"):
        slots.step(np.zeros((1, 1), np.int32), np.array([True]))
    slots.close()


def refusal(monkeypatch, space: spaces.Space) -> str:
    class Odd(Screen):
        observation_space = space

    monkeypatch.setattr(gymnasium.envs.registration, "registry", {**gymnasium.registry})
    gymnasium.register("OddScreen-v0", entry_point=Odd)
    with pytest.raises(UnsupportedSpaceError) as refused:
        make_task("OddScreen-v0")
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_very_long_picture_is_refused(monkeypatch):
    said = refusal(monkeypatch, picture_space(100, 4000, 3))

    assert "300,000 numbers after it is shrunk to 50 x 2000 x 3" in said
    assert "at most 20,000" in said


def test_pictures_that_are_not_bytes_are_refused(monkeypatch):
    said = refusal(monkeypatch, spaces.Box(0, 1, (84, 84, 3), np.float32))

    assert "21,168 numbers" in said
    assert "one picture of bytes whose last axis is color" in said


def test_anybody_may_look_at_a_picture_of_any_size(monkeypatch):
    class Long(Screen):
        observation_space = picture_space(100, 4000, 3)

    monkeypatch.setattr(gymnasium.envs.registration, "registry", {**gymnasium.registry})
    gymnasium.register("LongScreen-v0", entry_point=Long)

    assert make_task("LongScreen-v0", pictures=True).picture == (50, 2000, 3)


def test_chance_plays_from_pictures():
    task = make_task("Screen-v0")
    slots = SeparateSlots(task, 2)
    actor = RandomActor(task, jax.random.key(0), episodes=2, slots=2)

    seen = rollout(slots, actor, [0, 1])

    slots.close()
    assert seen.valid.all()


def test_blocks_for_numbers_are_refused_where_there_are_pictures():
    settings = FitSettings(residual=True, hidden=(8, 8))

    with pytest.raises(BadSettingError, match="--residual is for numbers"):
        beginner(make_task("Beacon-v0"), settings, key=jax.random.key(0))


@pytest.mark.slow
@pytest.mark.parametrize("history", [1, 2])
def test_dagger_learns_from_pictures_and_all_of_it_can_be_kept(
    tmp_path: Path, history: int
):
    task = make_task("Beacon-v0")
    slots = SeparateSlots(task, 4)
    fit = FitSettings(hidden=(16,), batch_size=32, history=history)
    settings = DaggerSettings(
        labels=200,
        labels_per_round=100,
        episodes_per_round=10,
        first_steps=500,
        steps=500,
        fit=fit,
    )

    *_, last = dagger(
        slots, WATCH, settings, key=jax.random.key(0), evaluate=lambda _: {}
    )
    save_policy(tmp_path, last.learner.policy)
    seal(tmp_path)
    save_part(tmp_path, 0, last.dataset.parts[0])
    seen = rollout(slots, BestActor(load_policy(tmp_path)), range(20))
    slots.close()

    kept = load_dataset(tmp_path).column("observation")
    np.testing.assert_array_equal(kept, last.dataset.parts[0].observation)
    assert kept.dtype == np.uint8
    assert np.asarray(seen.reward).mean() > 0.95
