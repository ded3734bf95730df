"""The experts that come with novice are good at what they advise on."""

import gymnasium
import numpy as np
import pytest
import scipy.linalg
from gymnasium.envs.box2d.bipedal_walker import BipedalWalkerHeuristics
from gymnasium.envs.box2d.lunar_lander import heuristic

from novice.experts.controllers import (
    BUILT_IN,
    BipedalWalker,
    built_in_expert,
    linear_quadratic_gain,
)
from novice.experts.expert import Law, UnknownExpertError


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


@pytest.mark.filterwarnings("ignore:.*CartPole-v0 is out of date:DeprecationWarning")
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
        " BipedalWalker, CartPole, LunarLander, LunarLanderContinuous, MountainCar,"
        " MountainCarContinuous, Pendulum, phys2d/CartPole, phys2d/Pendulum); name one"
        " of your own with `--expert module:function` or a saved run with"
        " `--expert runs/x`"
    )
