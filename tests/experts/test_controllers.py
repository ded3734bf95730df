"""The experts that come with novice are good at what they advise on."""

from importlib.util import find_spec

import gymnasium
import numpy as np
import pytest
import scipy.linalg
from gymnasium.envs.box2d.bipedal_walker import BipedalWalkerHeuristics
from gymnasium.envs.box2d.lunar_lander import heuristic

from novice.experts.box2d import BipedalWalker
from novice.experts.controllers import BUILT_IN, built_in_expert
from novice.experts.expert import Law, UnknownExpertError
from novice.experts.mujoco import pole_on_a_cart
from novice.experts.regulator import linear_quadratic_gain

mujoco = pytest.mark.skipif(
    find_spec("mujoco") is None, reason="MuJoCo tasks need novice[mujoco]"
)
# Gymnasium says of each version but the newest that it is out of date.
older_version = pytest.mark.filterwarnings("ignore:.*out of date:DeprecationWarning")


def returns(env_id: str, episodes: int, **kwargs) -> np.ndarray:
    """The return of the built-in expert in each of the first episodes."""
    expert = built_in_expert(env_id, kwargs)
    with gymnasium.make(env_id, **kwargs) as env:
        return np.array([returned(env, expert, seed) for seed in range(episodes)])


def returned(env: gymnasium.Env, expert, seed: int) -> float:
    observation, _ = env.reset(seed=seed)
    memory, total, over = expert.start(), 0.0, False
    while not over:
        action, memory = expert.act(memory, observation)
        assert env.action_space.contains(action)
        observation, reward, terminated, truncated, _ = env.step(action)
        total += float(reward)
        over = terminated or truncated
    return total


def observations_of_a_walk(seed: int, steps: int) -> list[np.ndarray]:
    """What a walker sees that follows Gymnasium's own heuristic."""
    with gymnasium.make("BipedalWalker-v3") as env:
        observation, _ = env.reset(seed=seed)
        walker = own_walker()
        seen = []
        for _ in range(steps):
            seen.append(observation)
            observation, _, terminated, _, _ = env.step(
                walker.step_heuristic(observation).astype(np.float32)
            )
            assert not terminated
    return seen


def own_walker() -> BipedalWalkerHeuristics:
    walker = BipedalWalkerHeuristics()
    walker.a = np.zeros(4)
    return walker


def advice(expert, observations: list[np.ndarray]) -> np.ndarray:
    memory, given = expert.start(), []
    for observation in observations:
        action, memory = expert.act(memory, observation)
        given.append(action)
    return np.array(given)


def test_the_pole_never_falls():
    assert (returns("CartPole-v1", 25) == 500.0).all()


@older_version
def test_the_pole_never_falls_in_the_older_version():
    assert (returns("CartPole-v0", 10) == 200.0).all()


def test_the_pole_never_falls_in_the_jax_task():
    pytest.importorskip("flax", reason="phys2d tasks need novice[jax-tasks]")
    assert (returns("phys2d/CartPole-v1", 1) == 500.0).all()


def test_the_pole_is_caught_from_a_bad_position():
    expert = built_in_expert("CartPole-v1", {})
    with gymnasium.make("CartPole-v1") as env:
        env.reset(seed=0)
        env.unwrapped.state = np.array([1.5, 0.5, 0.15, -0.3])
        observation, memory = np.array(env.unwrapped.state, np.float32), ()
        for _ in range(300):
            action, memory = expert.act(memory, observation)
            observation, _, terminated, _, _ = env.step(action)
            assert not terminated
    assert abs(observation[0]) < 1.0


def test_the_pendulum_swings_up_and_stays():
    found = returns("Pendulum-v1", 40)
    assert found.mean() > -172
    assert found.min() > -420


def test_the_pendulum_swings_up_under_another_gravity():
    assert returns("Pendulum-v1", 20, g=9.0).mean() > -190


def test_the_pendulum_leaves_the_bottom():
    action, _ = built_in_expert("Pendulum-v1", {}).act((), np.array([-1.0, 0.0, 0.0]))
    assert action == 2.0


def test_the_car_reaches_the_flag_in_few_steps():
    found = returns("MountainCar-v0", 40)
    assert found.mean() > -105
    assert found.min() > -115


def test_the_car_reaches_the_flag_from_anywhere():
    expert = built_in_expert("MountainCar-v0", {})
    generator = np.random.default_rng(0)
    with gymnasium.make("MountainCar-v0") as env:
        for _ in range(20):
            env.reset(seed=0)
            state = generator.uniform([-1.2, -0.07], [0.45, 0.07])
            env.unwrapped.state = observation = state
            over = terminated = False
            while not over:
                action, _ = expert.act((), observation)
                observation, _, terminated, truncated, _ = env.step(action)
                over = terminated or truncated
            assert terminated, state


def test_the_car_with_a_throttle_saves_fuel():
    assert returns("MountainCarContinuous-v0", 25).min() > 96


def test_the_acrobot_gets_its_foot_up():
    assert returns("Acrobot-v1", 40).mean() > -92


def test_the_lander_lands():
    assert returns("LunarLander-v3", 40).mean() > 195


def test_the_lander_with_a_throttle_lands():
    assert returns("LunarLanderContinuous-v3", 20).mean() > 245


def test_the_lander_advises_what_the_heuristic_of_gymnasium_does():
    expert = built_in_expert("LunarLander-v3", {})
    with gymnasium.make("LunarLander-v3") as env:
        observation, _ = env.reset(seed=3)
        for _ in range(60):
            action, _ = expert.act((), observation)
            assert action == heuristic(env, observation)
            observation, *_ = env.step(action)


@pytest.mark.parametrize(
    ("env_id", "kwargs"),
    [
        ("LunarLander-v3", {"continuous": True}),
        ("LunarLanderContinuous-v3", {}),
        ("gymnasium:LunarLanderContinuous-v3", {"gravity": -9.0}),
    ],
)
def test_a_lander_that_is_continuous_gets_a_throttle(env_id, kwargs):
    action, _ = built_in_expert(env_id, kwargs).act((), np.zeros(8, np.float32))
    assert action.dtype == np.float32
    assert action.shape == (2,)


@mujoco
@older_version
@pytest.mark.parametrize("version", ["v4", "v5"])
def test_the_pole_on_its_cart_never_falls(version):
    assert (returns(f"InvertedPendulum-{version}", 4) == 1000.0).all()


@mujoco
def test_the_pole_on_its_cart_never_falls_where_actions_are_held_longer():
    assert (returns("InvertedPendulum-v5", 2, frame_skip=4) == 1000.0).all()


@mujoco
def test_the_pole_on_its_cart_is_caught_from_a_bad_position():
    expert = built_in_expert("InvertedPendulum-v5", {})
    with gymnasium.make("InvertedPendulum-v5") as env:
        env.reset(seed=0)
        observation = pole_at(env, [0.4, 0.12, 0.2, -0.1])
        for _ in range(500):
            action, _ = expert.act((), observation)
            observation, _, terminated, _, _ = env.step(action)
            assert not terminated
    assert abs(observation[0]) < 0.05


def pole_at(env: gymnasium.Env, state: list[float]) -> np.ndarray:
    env.unwrapped.set_state(np.array(state[:2]), np.array(state[2:]))
    return np.array(state)


@mujoco
def test_the_pole_on_its_cart_moves_as_the_regulator_believes():
    """Its equations are the task's own, made linear: a small step shows them."""
    small = 1e-4
    dynamics, control = pole_on_a_cart(step=0.04)
    with gymnasium.make("InvertedPendulum-v5") as env:
        env.reset(seed=0)

        def moved(state: np.ndarray, action: float) -> np.ndarray:
            pole_at(env, list(state))
            return env.step(np.array([action], np.float32))[0]

        # The model's pole leans by a six hundredth, so upright is not quite at rest.
        rest = moved(np.zeros(4), 0.0)
        shifted = [moved(small * one, 0.0) - rest for one in np.eye(4)]
        pushed = moved(np.zeros(4), small) - rest
    np.testing.assert_allclose(np.transpose(shifted) / small, dynamics, atol=1e-4)
    np.testing.assert_allclose(pushed / small, control[:, 0], atol=1e-4)


@mujoco
@older_version
@pytest.mark.parametrize("version", ["v4", "v5"])
def test_the_arm_reaches_its_target(version):
    found = returns(f"Reacher-{version}", 40)
    # Doing nothing returns -12; Gymnasium calls -3.75 solved.
    assert found.mean() > -4
    assert found.min() > -8


@mujoco
def test_the_arm_comes_to_rest_on_its_target():
    expert = built_in_expert("Reacher-v5", {})
    with gymnasium.make("Reacher-v5") as env:
        for seed in range(10):
            observation, _ = env.reset(seed=seed)
            for _ in range(50):
                observation, *_ = env.step(expert.act((), observation)[0])
            assert np.linalg.norm(observation[8:10]) < 0.01  # the target's radius
            assert np.abs(observation[6:8]).max() < 0.5


def test_the_arm_takes_the_short_way_to_its_target():
    # Both angles as (cosines, sines), then the target, two speeds and the way to it.
    behind = [np.cos(3.0), 1, np.sin(3.0), 0, -0.21 * np.cos(0.1), -0.021, 0, 0, 0, 0]
    action, _ = built_in_expert("Reacher-v5", {}).act((), np.array(behind))
    # From 3 radians on to pi + 0.1, not back through zero.
    assert 0 < action[0] < 1


@pytest.mark.parametrize(
    ("target", "shoulder", "elbow"),
    [
        ([0.21, 0.0], 0.0, 0.0),  # stretched
        ([0.3, 0.0], 0.0, 0.0),  # out of reach: towards it
        ([0.1, 0.11], 0.0, np.pi / 2),  # a right angle
        ([-0.11, 0.1], np.pi / 2, np.pi / 2),
        ([0.1, -0.11], 0.0, -np.pi / 2),
    ],
)
def test_an_arm_that_is_on_its_target_stays(target, shoulder, elbow):
    angles = np.array([shoulder, elbow])
    seen = np.concatenate([np.cos(angles), np.sin(angles), target, np.zeros(4)])
    action, _ = built_in_expert("Reacher-v5", {}).act((), seen)
    np.testing.assert_allclose(action, 0, atol=1e-6)


def test_the_walker_does_what_the_heuristic_of_gymnasium_does():
    observations = observations_of_a_walk(seed=0, steps=120)
    walker = own_walker()
    theirs = [walker.step_heuristic(seen).copy() for seen in observations]
    np.testing.assert_array_equal(
        advice(BipedalWalker(), observations), np.float32(theirs)
    )


def test_the_walker_walks():
    assert returns("BipedalWalker-v3", 8).mean() > 0


def test_two_walks_in_turn_do_not_disturb_each_other():
    expert = BipedalWalker()
    walks = [observations_of_a_walk(seed, steps=100) for seed in (0, 1)]
    alone = [advice(expert, walk) for walk in walks]
    memories = [expert.start(), expert.start()]
    together = [[], []]
    for step in range(100):
        for walk in (0, 1):
            action, memories[walk] = expert.act(memories[walk], walks[walk][step])
            together[walk].append(action)
    np.testing.assert_array_equal(together, alone)


def test_a_step_can_be_asked_about_twice():
    expert = BipedalWalker()
    memory = expert.start()
    for seen in observations_of_a_walk(seed=0, steps=60):
        before = tuple(memory)
        first, after = expert.act(memory, seen)
        again, once_more = expert.act(memory, seen)
        assert tuple(memory) == before
        assert after == once_more
        np.testing.assert_array_equal(first, again)
        memory = after


def test_the_advice_of_earlier_steps_is_not_overwritten():
    observations = observations_of_a_walk(seed=0, steps=20)
    expert = BipedalWalker()
    first, memory = expert.act(expert.start(), observations[0])
    kept = first.copy()
    for seen in observations:
        _, memory = expert.act(memory, seen)
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(BipedalWalkerHeuristics.a, np.zeros(4))


def test_the_gain_solves_the_riccati_equation():
    dynamics = np.array([[1.0, 0.1], [0.3, 1.1]])
    control = np.array([[0.0], [0.2]])
    cost = np.diag([1.0, 0.5])
    value = scipy.linalg.solve_discrete_are(dynamics, control, cost, np.eye(1) * 0.3)
    expected = np.linalg.solve(
        0.3 + control.T @ value @ control, control.T @ value @ dynamics
    )
    np.testing.assert_allclose(
        linear_quadratic_gain(dynamics, control, state_cost=cost, control_cost=0.3),
        expected[0],
        rtol=1e-9,
    )


def test_every_expert_has_a_name():
    names = [make({}).name for make in BUILT_IN.values()]
    assert all(names)


def test_a_law_remembers_nothing():
    law = Law("the sign", lambda observation: int(observation[0] > 0))
    assert law.start() == ()
    assert law.act((), np.array([0.5])) == (1, ())


@pytest.mark.parametrize("env_id", ["Hopper-v5", "elsewhere/CartPole-v1", "Cart"])
def test_a_task_without_an_expert_is_refused_with_what_to_do(env_id):
    with pytest.raises(UnknownExpertError) as refusal:
        built_in_expert(env_id, {})
    assert str(refusal.value) == (
        f"no expert comes with novice for {env_id!r} (there is one for Acrobot,"
        " BipedalWalker, CarRacing, CartPole, InvertedPendulum, LunarLander,"
        " LunarLanderContinuous, MountainCar, MountainCarContinuous, Pendulum, Reacher,"
        " novice/Fork, novice/Letters, novice/Tightrope, phys2d/CartPole,"
        " phys2d/Pendulum); name one of your own with"
        " `--expert module:function` or a saved run with `--expert runs/x`"
    )
