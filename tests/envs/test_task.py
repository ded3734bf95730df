"""Any task is opened and described, or a sentence says why not."""

import dataclasses
from typing import Any

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

import toys
from novice.envs.opening import MissingExtraError, UnknownTaskError
from novice.envs.spaces import UnsupportedSpaceError
from novice.envs.task import STEPS_WITHOUT_LIMIT, BadActionError, make_task
from novice.errors import NoviceError
from novice.learning.heads import Bernoulli, Categorical, Gaussian
from toys import task_of

ACTION_SPACES = {
    "Discrete": spaces.Discrete(4),
    "Discrete from 3": spaces.Discrete(4, start=3),
    "Discrete from -2": spaces.Discrete(4, start=-2),
    "MultiDiscrete": spaces.MultiDiscrete([2, 5]),
    "MultiDiscrete from elsewhere": spaces.MultiDiscrete([2, 5], start=[-1, 7]),
    "MultiDiscrete in a square": spaces.MultiDiscrete([[2, 3], [4, 5]]),
    "MultiBinary": spaces.MultiBinary(3),
    "MultiBinary in a rectangle": spaces.MultiBinary([2, 3]),
    "Box": spaces.Box(np.float32([-1, 0]), np.float32([1, 10])),
    "Box in a rectangle": spaces.Box(-2, 3, (2, 3)),
    "Box without bounds": spaces.Box(-np.inf, np.inf, (2,)),
    "Box with a floor": spaces.Box(np.float32([0, -1]), np.float32([np.inf, 1])),
    "Box of doubles": spaces.Box(-1, 1, (2,), np.float64),
}
each_action_space = pytest.mark.parametrize(
    "space", ACTION_SPACES.values(), ids=ACTION_SPACES
)


@each_action_space
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_an_action_becomes_a_vector_and_the_same_action_again(space, seed):
    task = task_of(space)
    space.seed(seed)
    action = space.sample()

    vector = task.action_vector(action, by="somebody")
    again = task.executable(vector)

    assert vector.shape == (task.head.width,)
    assert vector.dtype == (np.float32 if isinstance(space, spaces.Box) else np.int32)
    assert space.contains(again)
    np.testing.assert_allclose(again, action, rtol=1e-6)


@each_action_space
@settings(max_examples=20)
@given(data=st.data())
def test_any_place_within_the_range_is_an_action_of_the_task(space, data):
    task = task_of(space)
    place = st.floats(0, 1, exclude_max=True, width=32)
    places = np.float32([data.draw(place) for _ in range(task.head.width)])

    vectors = task.clip(task.action_at(places[None]))

    assert space.contains(task.executable(vectors[0]))
    assert task.acceptable(vectors).all()


@each_action_space
def test_the_head_speaks_of_as_many_numbers_as_the_action_has(space):
    kind = {spaces.Box: Gaussian, spaces.MultiBinary: Bernoulli}.get(
        type(space), Categorical
    )
    head = task_of(space).head

    assert type(head) is kind
    assert head.width == np.size(space.sample())


def test_actions_are_counted_from_zero():
    assert task_of(spaces.Discrete(4, start=3)).action_vector(5, by="me") == [2]


def test_a_bounded_box_is_spoken_of_in_half_ranges_around_its_center():
    head = task_of(ACTION_SPACES["Box"]).head

    assert (head.center, head.half_range) == ((0.0, 5.0), (1.0, 5.0))


@pytest.mark.parametrize(
    ("low", "high", "center", "half_range"),
    [(-np.inf, np.inf, 0, 1), (0, np.inf, 0, 1), (-np.inf, 7, 0, 1), (3, 3, 3, 1)],
    ids=["free", "floor", "ceiling", "no choice"],
)
def test_a_box_without_a_range_is_spoken_of_in_units(low, high, center, half_range):
    head = task_of(spaces.Box(np.float32([low]), np.float32([high]))).head

    assert (head.center, head.half_range) == ((center,), (half_range,))


@pytest.mark.parametrize(
    "space",
    [
        spaces.Box(0, 4, (2,), np.int64),
        spaces.Text(5),
        spaces.Sequence(spaces.Discrete(2)),
        spaces.Dict({"gas": spaces.Box(0, 1)}),
        spaces.Tuple((spaces.Discrete(2),)),
    ],
    ids=lambda space: type(space).__name__,
)
def test_actions_of_another_kind_are_refused(space):
    with pytest.raises(UnsupportedSpaceError, match="but novice learns"):
        assert task_of(space).head


DISCRETE = spaces.Discrete(4, start=3)
BAD_ACTIONS = {
    "above the last": (DISCRETE, 7),
    "below the first": (DISCRETE, 2),
    "between two": (DISCRETE, 3.5),
    "not a number": (DISCRETE, np.nan),
    "two for one": (DISCRETE, [3, 4]),
    "nothing": (DISCRETE, None),
    "a word": (DISCRETE, "left"),
    "half a switch": (spaces.MultiBinary(2), [0, 0.5]),
    "a switch of two": (spaces.MultiBinary(2), [0, 2]),
    "one choice too high": (spaces.MultiDiscrete([2, 3]), [1, 3]),
    "one choice missing": (spaces.MultiDiscrete([2, 3]), [1]),
    "infinite": (spaces.Box(-1, 1, (2,)), [0, np.inf]),
    "NaN among reals": (spaces.Box(-1, 1, (2,)), [0, np.nan]),
    "three reals for two": (spaces.Box(-1, 1, (2,)), [0, 0, 0]),
    "a ragged list": (spaces.Box(-1, 1, (2,)), [[0], 0, [1, 2]]),
}


@pytest.mark.parametrize(("space", "action"), BAD_ACTIONS.values(), ids=BAD_ACTIONS)
def test_an_action_that_the_task_does_not_have_is_refused(space, action):
    with pytest.raises(BadActionError) as refused:
        task_of(space).action_vector(action, by="pilots:steer")

    told = str(refused.value)
    assert told.startswith("pilots:steer gave the action") and "\n" not in told
    assert str(space) in told and "Still-v0" in told


def test_a_real_action_outside_the_bounds_is_taken_and_clipped_later():
    task = task_of(ACTION_SPACES["Box"])

    vector = task.action_vector([-3.0, 11.0], by="me")

    np.testing.assert_array_equal(vector, [-3, 11])
    np.testing.assert_array_equal(task.clip(vector), [-1, 10])


def test_rows_with_an_action_that_the_task_does_not_have_are_found():
    task = task_of(spaces.MultiDiscrete([2, 3]))

    rows = np.array([[1, 2], [2, 0], [0, -1], [0.5, 0], [0, 0]])

    assert task.acceptable(rows).tolist() == [True, False, False, False, True]


OBSERVATION_SPACES = {
    "Box": spaces.Box(-1, 1, (3,)),
    "Box in a rectangle": spaces.Box(-1, 1, (2, 3)),
    "Discrete": spaces.Discrete(4, start=2),
    "MultiBinary": spaces.MultiBinary(3),
    "MultiDiscrete": spaces.MultiDiscrete([2, 3]),
    "nested": toys.Parade.observation_space,
}


@pytest.mark.parametrize("space", OBSERVATION_SPACES.values(), ids=OBSERVATION_SPACES)
def test_an_observation_becomes_a_vector_and_the_same_observation_again(space):
    task = task_of(spaces.Discrete(2), space)
    space.seed(0)

    for _ in range(10):
        observation = space.sample()
        vector = task.vector(observation)
        assert vector.shape == (task.observation_size,)
        assert vector.dtype == np.float32
        again = task.observation_of(vector)
        assert space.contains(again)
        np.testing.assert_array_equal(task.vector(again), vector)


def test_a_discrete_observation_is_one_hot():
    task = task_of(spaces.Discrete(2), spaces.Discrete(4, start=2))

    np.testing.assert_array_equal(task.vector(3), [0, 1, 0, 0])


def registered(
    monkeypatch, observation_space=None, action_space=None, entry_point=None
) -> str:
    """The id of a task with these spaces, forgotten after the test."""

    class Odd(toys.Patient):
        pass

    Odd.observation_space = observation_space or spaces.Discrete(2)
    Odd.action_space = action_space or spaces.Discrete(2)
    monkeypatch.setattr(gymnasium.envs.registration, "registry", {**gymnasium.registry})
    gymnasium.register("Odd-v0", entry_point=entry_point or Odd)
    return "Odd-v0"


@pytest.mark.parametrize(
    "space",
    [
        spaces.Text(5),
        spaces.Sequence(spaces.Discrete(2)),
        spaces.Graph(spaces.Discrete(2), None),
        spaces.OneOf((spaces.Discrete(2), spaces.Discrete(3))),
        spaces.Dict({"name": spaces.Text(5)}),
        spaces.Tuple((spaces.Discrete(2), spaces.Sequence(spaces.Discrete(2)))),
    ],
    ids=str,
)
def test_observations_that_are_no_numbers_are_refused(monkeypatch, space):
    with pytest.raises(UnsupportedSpaceError, match="wrap the task so that it shows"):
        make_task(registered(monkeypatch, observation_space=space))


def test_pictures_of_floats_are_refused(monkeypatch):
    picture = spaces.Box(0, 1, (84, 84, 3), np.float32)

    with pytest.raises(UnsupportedSpaceError, match=r"21,168 .*looks like a picture"):
        make_task(registered(monkeypatch, observation_space=picture))


def test_actions_that_cannot_be_learned_are_refused_when_the_task_is_made(monkeypatch):
    steps = spaces.Box(0, 4, (2,), np.int64)

    with pytest.raises(UnsupportedSpaceError, match="the actions are"):
        make_task(registered(monkeypatch, action_space=steps))


def refusal(kind: type[NoviceError], id: str, kwargs: dict | None = None) -> str:
    with pytest.raises(kind) as refused:
        make_task(id, kwargs)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("LunarLender-v3", "LunarLander-v3"),
        ("cartpole-v1", "CartPole-v1"),
        ("Acrobat-v1", "Acrobot-v1"),
    ],
)
def test_a_misspelt_task_gets_a_suggestion(wrong, right):
    told = refusal(UnknownTaskError, wrong)

    assert told.startswith(f"no task is called {wrong!r}; did you mean {right}")


def test_a_name_like_no_other_gets_told_where_tasks_are():
    told = refusal(UnknownTaskError, "Zzyzx-v7")

    assert "module:Id-v0" in told


def test_a_version_that_is_no_longer_there_names_the_newer_one():
    assert "LunarLander-v3" in refusal(UnknownTaskError, "LunarLander-v2")


def test_a_name_that_could_never_be_one_is_refused():
    assert "'two words'" in refusal(UnknownTaskError, "two words")


def test_a_module_that_is_not_there_is_named():
    told = refusal(UnknownTaskError, "no_such_module:Task-v0")

    assert told.startswith("no module is called 'no_such_module'")


def test_arguments_that_the_task_does_not_take_are_named():
    told = refusal(UnknownTaskError, "CartPole-v1", {"gravitas": 3})

    assert told.startswith("CartPole-v1 does not take the arguments {'gravitas': 3}")


def test_a_value_that_the_task_does_not_take_is_named():
    told = refusal(UnknownTaskError, "LunarLander-v3", {"gravity": 5.0})

    assert told.startswith(
        "LunarLander-v3 does not take the arguments {'gravity': 5.0}"
    )
    assert "between -12 and 0" in told


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (gymnasium.error.DependencyNotInstalled("MuJoCo is not installed"), "[mujoco]"),
        (ModuleNotFoundError("No module named 'flax'"), "[jax-tasks]"),
        (ModuleNotFoundError("No module named 'Box2D'"), "[box2d]"),
        (ModuleNotFoundError("No module named 'lua'"), "No module named 'lua'"),
    ],
    ids=["mujoco", "flax", "box2d", "unknown"],
)
def test_a_package_that_is_missing_is_named_with_its_remedy(monkeypatch, error, remedy):
    def without_its_package() -> gymnasium.Env:
        raise error

    told = refusal(
        MissingExtraError, registered(monkeypatch, entry_point=without_its_package)
    )

    assert told.startswith("Odd-v0 needs") and remedy in told


def test_a_task_is_described():
    task = make_task("CartPole-v1")

    assert task.observation_size == 4
    assert task.head == Categorical((2,))
    assert (task.max_episode_steps, task.reward_threshold) == (500, 475)


def test_a_task_without_a_limit_gets_one():
    assert make_task("Patient-v0").max_episode_steps == STEPS_WITHOUT_LIMIT


def test_a_task_keeps_its_arguments():
    task = make_task("Pendulum-v1", {"g": 2.0})

    assert task.make().unwrapped.g == 2.0


def test_a_task_that_knows_no_pictures_can_be_made():
    environment = make_task("Parade-v0").make()

    assert environment.reset(seed=0)[0] in environment.observation_space


def test_a_task_that_knows_pictures_is_asked_for_them():
    environment = make_task("CartPole-v1").make(render_mode="rgb_array")

    assert environment.render_mode == "rgb_array"
    environment.close()


def called(space: spaces.Space, name: str, chunk: int = 1) -> Any:
    """The head of this name for a task with these actions."""
    task = dataclasses.replace(make_task("Pendulum-v1"), action_space=space)
    return task.head_called(name, chunk, key=jax.random.key(0))


@pytest.mark.parametrize(
    "name", ["gaussian", "squared", "mixture", "discretized", "flow"]
)
def test_a_head_decides_a_chunk_of_real_actions(name: str):
    box = spaces.Box(np.float32([-1, 0]), np.float32([1, 4]))
    head = called(box, name, 3)

    assert head.width == 6
    assert head.one_action(3) == {"center": [0, 2], "half_range": [1, 2]}
    assert head.config()["kind"] == name


def test_a_head_decides_a_chunk_of_choices():
    assert called(spaces.Discrete(3), "auto", 2) == Categorical((3, 3))
    assert called(spaces.MultiDiscrete([2, 3]), "auto", 2).options == (2, 3, 2, 3)
    assert called(spaces.MultiBinary(2), "auto", 3) == Bernoulli(6)
    assert called(spaces.Discrete(3), "pairs").one_action() == {"options": [3]}


@pytest.mark.parametrize(
    ("space", "name", "words"),
    [
        (spaces.Discrete(3), "flow", "--head is one of auto, categorical, pairs there"),
        (spaces.Box(-1, 1, (2,)), "pairs", "--head is one of auto, gaussian, squared"),
        (spaces.MultiBinary(2), "pairs", "--head is one of auto there"),
        (
            spaces.Box(np.float32([0, -1]), np.float32([np.inf, 1])),
            "discretized",
            "the head discretized needs bounds",
        ),
    ],
)
def test_a_head_for_other_actions_is_refused(space, name, words):
    with pytest.raises(UnsupportedSpaceError, match=words):
        called(space, name)
