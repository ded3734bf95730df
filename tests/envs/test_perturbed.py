"""One thing about a task is other than usual, and nothing else."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from novice.envs.knobs import CannotVaryError, knob_called, knobs
from novice.envs.perturbed import perturbed, spread_of
from novice.envs.task import Task, make_task
from novice.types import Trajectories


class Echo(gymnasium.Env):
    """Shows how many steps it has taken, and what was done last; pays what was done."""

    observation_space: spaces.Space = spaces.Box(-100, 100, (2,))
    action_space: spaces.Space = spaces.Box(-2, 2, (1,))

    def __init__(self, pace: int = 1, render_mode: str | None = None) -> None:
        self.pace = pace
        self.offset = 0.5
        self._hidden = 3.0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.steps = 0
        return self.seen(0.0), {}

    def seen(self, done: float) -> np.ndarray:
        return np.array([self.steps + self.offset, done], np.float32)

    def step(self, action: Any) -> tuple:
        self.steps += self.pace
        done = float(np.ravel(action)[0])
        return self.seen(done), done, False, False, {}


class Choice(Echo):
    """The same with two things to do."""

    action_space = spaces.Discrete(2)


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    for name, kind in (("Echo", Echo), ("Choice", Choice)):
        gymnasium.register(f"perturbed/{name}-v0", kind, max_episode_steps=50)


@pytest.fixture
def echo(registered: None) -> Task:
    return make_task("perturbed/Echo-v0")


@pytest.fixture
def choice(registered: None) -> Task:
    return make_task("perturbed/Choice-v0")


def with_value(task: Task, name: str, value: Any, **more: Any) -> Task:
    return perturbed(task, knob_called(task, name), value, **more)


def played(
    task: Task, actions: list[float], *, seed: int = 7
) -> tuple[np.ndarray, np.ndarray]:
    """What was seen and paid when these actions were chosen."""
    environment = task.make()
    seen, rewards = [environment.reset(seed=seed)[0]], []
    for action in actions:
        chosen = task.executable(np.array([action]))
        observation, reward, *_ = environment.step(chosen)
        seen.append(observation)
        rewards.append(reward)
    environment.close()
    return np.array(seen), np.array(rewards)


def test_an_observation_is_late_by_the_delay_and_begins_with_the_first(echo: Task):
    late = with_value(echo, "observation_delay", 2)

    seen, _ = played(late, [0.0] * 5)

    assert seen[:, 0].tolist() == [0.5, 0.5, 0.5, 1.5, 2.5, 3.5]


def test_a_real_action_is_done_late_and_nothing_is_done_before(echo: Task):
    late = with_value(echo, "action_delay", 2)

    _, paid = played(late, [1.0, 2.0, -1.0, 0.5])

    assert paid.tolist() == [0, 0, 1, 2]


def test_a_choice_is_done_late_and_the_first_is_done_before(choice: Task):
    late = with_value(choice, "action_delay", 2)

    _, paid = played(late, [1, 0, 0, 0, 1])

    assert paid.tolist() == [1, 1, 1, 0, 0]


def test_no_delay_outlasts_its_episode(choice: Task):
    environment = with_value(choice, "action_delay", 1).make()
    environment.reset(seed=1)
    environment.step(1)
    environment.reset(seed=1)

    assert environment.step(0)[1] == 0.0


@pytest.mark.parametrize(
    "name",
    ["observation_noise", "action_noise", "observation_delay", "action_delay"],
)
def test_zero_is_the_task_itself(name: str, echo: Task, choice: Task):
    actions = {echo: [0.3, -1.7, 2.0], choice: [1, 0, 1]}
    for task, chosen in actions.items():
        same = with_value(task, name, 0)
        for ours, theirs in zip(
            played(same, chosen), played(task, chosen), strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)


def test_noise_depends_on_the_seed_and_the_step_and_not_on_what_is_done(echo: Task):
    noisy = with_value(echo, "observation_noise", 1.0, spread=np.array([1.0, 0.0]))

    one, _ = played(noisy, [0.0, 1.0, 2.0])
    other, _ = played(noisy, [2.0, 0.0, -1.0])
    elsewhere, _ = played(noisy, [0.0, 1.0, 2.0], seed=8)

    assert one[:, 0].tolist() == other[:, 0].tolist()
    assert (one[:, 0] != elsewhere[:, 0]).all()


def test_noise_in_observations_is_in_units_of_their_spread(echo: Task):
    noisy = with_value(echo, "observation_noise", 0.5, spread=np.array([4.0, 0.0]))

    seen, _ = played(noisy, [1.0] * 2000)
    clean, _ = played(echo, [1.0] * 2000)

    noise = seen - clean
    assert noise[:, 0].std() == pytest.approx(2.0, rel=0.05)
    assert (noise[:, 1] == 0).all()


def test_more_noise_is_the_same_noise_larger(echo: Task):
    clean, _ = played(echo, [0.0] * 4)
    noises = [
        played(with_value(echo, "observation_noise", level), [0.0] * 4)[0] - clean
        for level in (0.5, 1.0)
    ]

    np.testing.assert_allclose(2 * noises[0], noises[1], rtol=1e-4, atol=1e-5)


def test_noise_in_real_actions_is_in_half_ranges_and_stays_within_bounds(echo: Task):
    _, paid = played(with_value(echo, "action_noise", 0.1), [0.0] * 2000)
    assert paid.std() == pytest.approx(0.2, rel=0.05)

    _, paid = played(with_value(echo, "action_noise", 0.1), [2.0] * 200)
    assert paid.max() == 2.0


def test_noise_in_choices_does_a_random_one_at_times(choice: Task):
    _, paid = played(with_value(choice, "action_noise", 0.4), [1] * 2000)

    # Half of the random ones are what was chosen anyway.
    assert 1 - paid.mean() == pytest.approx(0.2, abs=0.03)


def test_an_argument_is_given_to_the_task(echo: Task):
    fast = with_value(echo, "pace", 3)

    assert fast.kwargs == {"pace": 3}
    assert played(fast, [0.0] * 2)[0][:, 0].tolist() == [0.5, 3.5, 6.5]


def test_an_argument_counts_before_an_attribute_of_its_name(echo: Task):
    found = knobs(echo)

    assert (found["pace"].kind, found["offset"].kind) == ("argument", "attribute")
    assert "_hidden" not in found


def test_an_attribute_is_set_on_the_environment(echo: Task):
    seen, _ = played(with_value(echo, "offset", 10.0), [0.0])

    assert seen[:, 0].tolist() == [10.0, 11.0]


def test_a_cart_pole_of_other_measures_moves_by_its_equations():
    task = make_task("CartPole-v1")
    for name, value in (("length", 1.5), ("masspole", 0.4), ("masscart", 2.0)):
        inner: Any = with_value(task, name, value).make().unwrapped

        assert getattr(inner, name) == value
        assert inner.total_mass == inner.masspole + inner.masscart
        assert inner.polemass_length == inner.masspole * inner.length


def test_a_push_turns_a_longer_pole_less():
    task = make_task("CartPole-v1")

    short, long = (
        played(each, [1])[0][:, 3] for each in (task, with_value(task, "length", 2.0))
    )

    assert 0 < long[0] - long[1] < short[0] - short[1]


def test_gymnasiums_pendulum_has_its_gravity_by_argument_and_its_length_by_attribute():
    task = make_task("Pendulum-v1")

    kinds = {name: knob.kind for name, knob in knobs(task).items()}

    assert (kinds["g"], kinds["l"], kinds["m"]) == ("argument",) + ("attribute",) * 2
    assert with_value(task, "l", 2.0).make().unwrapped.l == 2.0


def test_what_gymnasium_derives_unseen_is_not_offered():
    assert {knob.kind for knob in knobs(make_task("BipedalWalker-v3")).values()} == {
        "argument",
        "observation_noise",
        "action_noise",
        "observation_delay",
        "action_delay",
    }


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("friction", lambda model: model.geom_friction),
        ("gravity", lambda model: model.opt.gravity),
        ("mass", lambda model: model.body_mass),
        ("mass", lambda model: model.body_inertia),
        ("strength", lambda model: model.actuator_gear),
    ],
)
def test_a_factor_scales_the_models_own_numbers(
    name: str, array: Callable[[Any], np.ndarray]
):
    pytest.importorskip("mujoco", reason="MuJoCo is not installed")
    task = make_task("InvertedPendulum-v5")

    usual: Any = task.make().unwrapped
    other: Any = with_value(task, name, 0.5).make().unwrapped

    np.testing.assert_allclose(array(other.model), 0.5 * array(usual.model))
    if name == "mass":  # What MuJoCo itself derives from it follows.
        np.testing.assert_allclose(
            other.model.body_subtreemass, 0.5 * usual.model.body_subtreemass
        )


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("observation_delay", 1.5, "a delay is a whole number of steps, 0 to 100"),
        ("action_delay", -1, "a delay is a whole number of steps, 0 to 100"),
        ("observation_noise", -0.1, "noise is 0 or more"),
        ("offset", "far", "is varied in numbers, but 'far' is none"),
        ("action_noise", True, "is varied in numbers, but True is none"),
        ("paces", 1, "perturbed/Echo-v0 has no paces to vary; it has pace, offset, "),
    ],
)
def test_what_cannot_be_is_refused(name: str, value: Any, reason: str, echo: Task):
    with pytest.raises(CannotVaryError, match=reason):
        with_value(echo, name, value)


def test_a_probability_beyond_one_is_refused(choice: Task):
    with pytest.raises(CannotVaryError, match="probability of a random action, 0 to 1"):
        with_value(choice, "action_noise", 1.5)


def test_wind_that_cannot_blow_is_refused():
    pytest.importorskip("Box2D", reason="Box2D is not installed")
    task = make_task("LunarLander-v3")

    with pytest.raises(CannotVaryError, match="add --task-argument enable_wind=true"):
        with_value(task, "wind_power", 5)


def test_an_argument_that_changes_the_actions_is_refused():
    pytest.importorskip("Box2D", reason="Box2D is not installed")
    task = make_task("LunarLander-v3")

    with pytest.raises(CannotVaryError, match="but the policies know"):
        with_value(task, "continuous", True)


def test_the_spread_is_that_of_valid_steps_alone():
    observation = np.array([[[0.0], [2.0], [50.0]], [[4.0], [70.0], [90.0]]])
    valid = np.array([[True, True], [True, False]])
    nothing = np.zeros((2, 2))
    seen = Trajectories(
        observation=observation.astype(np.float32),
        action_sampled=np.zeros((2, 2, 1), np.int32),
        action_executed=np.zeros((2, 2, 1), np.int32),
        expert_acted=valid,
        reward=nothing.astype(np.float32),
        valid=valid,
        terminated=np.array([True, True]),
        truncated=np.array([False, False]),
        seed=np.array([1, 2]),
    )

    # Of 0, 2 and 4: the square root of 8/3.
    np.testing.assert_allclose(spread_of(seen), [np.sqrt(8 / 3)])


def test_noise_on_a_picture_stays_a_picture():
    task = make_task("CarRacing-v3")
    knob = knobs(task)["observation_noise"]
    quiet = perturbed(task, knob, 0.5, spread=np.zeros(task.observation_size))
    noisy = perturbed(task, knob, 0.5, spread=np.full(task.observation_size, 40.0))

    plain, still, shaken = (
        task.vector(one.make().reset(seed=5)[0]).astype(int)
        for one in (task, quiet, noisy)
    )

    np.testing.assert_array_equal(still, plain)
    inside = (plain > 80) & (plain < 175)
    assert np.std((shaken - plain)[inside]) == pytest.approx(20, rel=0.1)
    assert shaken.min() >= 0 and shaken.max() <= 255
