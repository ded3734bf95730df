"""The tightrope: who errs falls, and only who was shown the way climbs back."""

from typing import Any

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from novice.algorithms.bc import bc
from novice.algorithms.dagger import dagger
from novice.algorithms.settings import BcSettings, DaggerSettings
from novice.envs.actor import BestActor
from novice.envs.opening import UnknownTaskError
from novice.envs.own.tightrope import (
    CLIMB,
    LEFT,
    RIGHT,
    STRAIGHT,
    Tightrope,
    against,
    depth_after,
)
from novice.envs.rollout import rollout
from novice.envs.seeds import test_seeds as seeds_of_tests
from novice.envs.slots import SeparateSlots
from novice.envs.task import make_task
from novice.experts.controllers import built_in_expert
from novice.learning.policy import Policy

ID = "novice/Tightrope-v0"


def depths(actions: list[int], **kwargs: Any) -> list[int]:
    """How far below a rope that hangs still these actions lead, step by step."""
    env = Tightrope(length=len(actions), sway=0, **kwargs)
    env.reset(seed=0)
    return [int(env.step(action)[0][2]) for action in actions]


@pytest.mark.parametrize("kwargs", [{}, {"length": 7}, {"sway": 0.5, "recovery": 9}])
def test_the_expert_crosses_every_rope_without_a_fall(kwargs: dict[str, Any]) -> None:
    expert = built_in_expert(ID, kwargs)
    env = make_task(ID, kwargs).make()
    for seed in range(20):
        observation, _ = env.reset(seed=seed)
        rewards, over = [], False
        while not over:
            action, _ = expert.act((), observation)
            observation, reward, over, truncated, _ = env.step(action)
            rewards.append(reward)
            assert not truncated
        assert rewards == [1.0] * kwargs.get("length", 200)


def test_it_is_a_task_as_gymnasium_wants_it() -> None:
    make_task(ID)  # Which registers it.
    check_env(gymnasium.make(ID, disable_env_checker=True).unwrapped)


def test_what_each_action_leads_to_by_hand() -> None:
    depth = np.array([0, 0, 0, 3, 3, 1, 1, 2])
    action = np.array([STRAIGHT, LEFT, CLIMB, CLIMB, STRAIGHT, CLIMB, LEFT, CLIMB])
    right = np.array(STRAIGHT)
    np.testing.assert_array_equal(
        depth_after(depth, action, right, recovery=3), [0, 3, 3, 2, 3, 0, 3, 1]
    )
    np.testing.assert_array_equal(
        depth_after(depth, action, right, recovery=3, forgiving=True),
        [0, 3, 3, 2, 2, 0, 0, 1],
    )


def test_a_fall_is_made_up_for_in_as_many_climbs_as_there_are_rungs() -> None:
    actions = [STRAIGHT, RIGHT, CLIMB, CLIMB, CLIMB, STRAIGHT]
    assert depths(actions, recovery=3) == [0, 3, 2, 1, 0, 0]


def test_who_stops_climbing_falls_back_into_the_net() -> None:
    actions = [LEFT, CLIMB, CLIMB, STRAIGHT, STRAIGHT, CLIMB]
    assert depths(actions, recovery=3) == [3, 2, 1, 3, 3, 2]


def test_from_a_forgiving_net_one_comes_back_whatever_one_does() -> None:
    actions = [LEFT, LEFT, STRAIGHT, RIGHT, STRAIGHT]
    assert depths(actions, recovery=3, forgiving=True) == [3, 2, 1, 0, 0]


def test_a_gust_throws_the_walker_off_at_its_pace_alone() -> None:
    assert depths([STRAIGHT] * 2 + [CLIMB] * 2 + [STRAIGHT], recovery=2, gust=2) == [
        *(0, 2),
        *(1, 0),
        0,
    ]


@pytest.mark.parametrize(
    ("sway", "right"),
    [(0.34, LEFT), (0.33, STRAIGHT), (0.0, STRAIGHT), (-0.33, STRAIGHT), (-1, RIGHT)],
)
def test_one_leans_against_the_sway(sway: float, right: int) -> None:
    assert against(np.float32(sway)) == right


def test_only_paces_that_end_on_the_rope_pay_and_the_last_one_ends_it() -> None:
    env = Tightrope(length=4, recovery=1, sway=0)
    env.reset(seed=0)
    steps = [env.step(action)[1:4] for action in (STRAIGHT, LEFT, CLIMB, STRAIGHT)]
    assert steps == [
        (1.0, False, False),
        (0.0, False, False),
        (1.0, False, False),
        (1.0, True, False),
    ]


def test_the_same_seed_sways_the_same_way_and_another_one_does_not() -> None:
    def swaying(seed: int) -> list[float]:
        env = Tightrope(length=20)
        env.reset(seed=seed)
        return [float(env.step(STRAIGHT)[0][1]) for _ in range(20)]

    assert swaying(3) == swaying(3)
    assert swaying(3) != swaying(4)


def test_a_fall_can_be_seen() -> None:
    env = Tightrope(render_mode="rgb_array", sway=0)
    env.reset(seed=0)
    pictures = [env.render()]
    env.step(STRAIGHT)
    pictures.append(env.render())
    env.step(LEFT)
    pictures.append(env.render())
    for picture in pictures:
        assert picture is not None
        assert (picture.shape, picture.dtype) == ((240, 480, 3), np.uint8)
    falls = np.abs(np.diff(np.stack(pictures).astype(int), axis=0)).sum(axis=(1, 2, 3))
    assert 0 < falls[0] < falls[1]
    assert Tightrope().render() is None


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"length": 0}, "length is 0, but it is 1 to 1000 paces"),
        ({"length": 1001}, "length is 1001, but it is 1 to 1000 paces"),
        ({"recovery": 0}, "recovery is 0, but it is 1 to 20 rungs"),
        ({"sway": 2}, "sway is 2, but it is 0 to 1"),
    ],
)
def test_it_says_which_ropes_there_are(kwargs: dict[str, Any], words: str) -> None:
    with pytest.raises(UnknownTaskError, match=words):
        make_task(ID, kwargs)


def nothing(*_: Any) -> dict[str, Any]:
    """What is measured on the way."""
    return {}


def after_a_gust(policy: Policy) -> np.ndarray:
    """The rewards of a policy from pace 20 of 60, where wind throws it off the rope.

    Episodes in which it is in the net by then already are left out.
    """
    task = make_task(ID, {"length": 60, "gust": 20})
    seen = rollout(SeparateSlots(task, 8), BestActor(policy), seeds_of_tests(16))
    reward = np.asarray(seen.reward)
    return reward[reward[:, 18] == 1, 19:]


@pytest.mark.slow
def test_a_clone_stays_in_the_net_after_a_gust_and_the_corrected_climb_back() -> None:
    task = make_task(ID, {"length": 60})
    expert, slots = built_in_expert(ID, {}), SeparateSlots(task, 5)
    key = jax.random.key(0)
    watched = BcSettings(demonstrations=25, labels=1500, noise=0.0, steps=4000)
    (clone,) = bc(slots, expert, watched, key=key, evaluate=nothing)
    *_, corrected = dagger(
        slots, expert, DaggerSettings(labels=1500), key=key, evaluate=nothing
    )
    shaken = BcSettings(demonstrations=25, labels=1500, noise=0.1, steps=4000)
    (clone_of_shaken,) = bc(slots, expert, shaken, key=key, evaluate=nothing)
    fallen = after_a_gust(clone.learner.policy)
    assert len(fallen) > 4 and not fallen.any()
    for round in (corrected, clone_of_shaken):
        rewards = after_a_gust(round.learner.policy)
        assert not rewards[:, :4].any()  # The gust, and three of four rungs.
        assert rewards[:, 4:].mean() > 0.9
