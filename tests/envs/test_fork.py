"""The fork has two right ways, and the mean of both is a crash."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from novice.envs.opening import UnknownTaskError
from novice.envs.own.fork import Fork, crashed
from novice.envs.task import make_task
from novice.experts.controllers import built_in_expert
from novice.experts.fork import ForkDriver, tossed


def driven(environment: Fork, seed: int, steer) -> tuple[float, np.ndarray, int]:
    """The return of an episode, where it ended, and its steps."""
    observation, _ = environment.reset(seed=seed)
    steps, over = 0, False
    while not over:
        observation, reward, over, _, _ = environment.step(steer(observation))
        steps += 1
    return reward, observation, steps


def by_expert(environment: Fork, seed: int) -> tuple[float, int]:
    """The expert's return in an episode, and the side that it took."""
    expert, memory = ForkDriver(environment.turn), 0

    def steer(observation: np.ndarray) -> np.ndarray:
        nonlocal memory
        action, memory = expert.act(memory, observation)
        assert environment.action_space.contains(action)
        return action

    reward, *_ = driven(environment, seed, steer)
    return reward, memory


def test_who_drives_straight_on_hits_the_obstacle():
    reward, where, steps = driven(Fork(), 0, lambda _: np.zeros(1, np.float32))

    assert reward == 0
    assert np.hypot(where[0] - 1, where[1]) < 0.4
    assert steps == 5  # 0.5 to 0.6 meters, by 0.125


@pytest.mark.parametrize("turn", [0.2, 0.8, 1.5])
def test_the_expert_gets_past_on_both_sides(turn: float):
    environment = Fork(turn=turn)

    found = [by_expert(environment, seed) for seed in range(60)]

    assert all(reward == 1 for reward, _ in found)
    assert 15 < sum(side > 0 for _, side in found) < 45


def test_what_one_sees_at_the_start_does_not_tell_the_side():
    environment = Fork()
    starts = [environment.reset(seed=seed)[0] for seed in range(1000)]

    side = [tossed(start) for start in starts]

    told = [np.corrcoef(side, number)[0, 1] for number in np.array(starts).T]
    assert np.abs([np.mean(side), *told]).max() < 0.1


def test_both_sides_are_right_and_their_mean_is_straight_on():
    left, right = (
        ForkDriver().act(side, np.array([0.05, 0, 0], np.float32))[0]
        for side in (1, -1)
    )

    # asin(0.52 / 0.95) = 0.579 radians, of 0.8 that a step can turn.
    np.testing.assert_allclose([left[0], right[0]], [0.724, -0.724], atol=1e-3)


def test_the_same_episode_has_the_same_side():
    assert by_expert(Fork(), 7) == by_expert(Fork(), 7)


def test_who_is_on_the_other_side_already_is_led_past_there():
    beside = np.array([0.6, 0.35, 0.5], np.float32)

    action, side = ForkDriver().act(-1, beside)

    assert side == -1
    assert beside[2] + 0.8 * action[0] > 0.3


def test_who_misses_the_gate_gets_nothing():
    environment = Fork()
    environment.reset(seed=0)
    environment._place[:] = 1.95, 0.3, 0.0

    _, reward, over, truncated, _ = environment.step(np.zeros(1))

    assert (reward, over, truncated) == (0, True, False)


def test_who_passes_the_gate_gets_one():
    environment = Fork()
    environment.reset(seed=0)
    environment._place[:] = 1.95, 0.2, 0.0

    _, reward, over, _, _ = environment.step(np.zeros(1))

    assert (reward, over) == (1, True)


def test_the_obstacle_is_hit_between_two_steps_as_well():
    # Both ends are 0.4025 meters from the obstacle's middle, the middle is 0.398.
    assert crashed((0.94, 0.398), (1.06, 0.398))
    assert not crashed((0.94, 0.401), (1.06, 0.401))


def test_the_road_has_an_edge():
    assert crashed((0.1, 0.89), (0.2, 0.91))
    assert not crashed((0.1, 0.89), (0.2, 0.899))


def test_nobody_turns_back():
    _, where, _ = driven(Fork(), 0, lambda _: np.ones(1, np.float32))

    assert where[2] == pytest.approx(np.pi / 2)
    assert where[1] > 0.9


def test_equal_seeds_and_actions_give_equal_episodes():
    random = np.random.default_rng(0)
    actions = random.uniform(-0.3, 0.3, (4, 1)).astype(np.float32)
    seen = []
    for environment in (Fork(), Fork()):
        environment.reset(seed=5)
        seen.append([environment.step(action)[0] for action in actions])

    np.testing.assert_array_equal(seen[0], seen[1])


@pytest.mark.filterwarnings("ignore")
def test_gymnasium_finds_nothing_wrong_with_it():
    make_task("novice/Fork-v0")

    check_env(gymnasium.make("novice/Fork-v0", render_mode="rgb_array").unwrapped)


def test_the_expert_knows_how_far_the_task_turns():
    task = make_task("novice/Fork-v0", {"turn": 0.3})

    assert built_in_expert(task.id, task.kwargs) == ForkDriver(0.3)
    assert task.max_episode_steps == 100


def test_a_turn_that_leads_nobody_round_is_refused():
    with pytest.raises(UnknownTaskError, match=r"turn is 0.1, but it is 0.2 to π/2"):
        make_task("novice/Fork-v0", {"turn": 0.1})


def test_the_picture_shows_the_way_so_far():
    environment = Fork(render_mode="rgb_array")
    environment.reset(seed=0)
    before = environment.render()
    environment.step(np.ones(1))
    after = environment.render()

    assert before.shape == after.shape == (420, 460, 3)
    assert before.dtype == np.uint8
    changed = (before != after).any(axis=2)
    # Something moved, near the left end, and nothing else did.
    assert 50 < changed.sum() < 2500
    assert not changed[:, 120:].any()
