"""Environments that go on from batch to batch tell every step as it was."""

import dataclasses
import functools
import importlib.util
from itertools import pairwise

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import toys  # noqa: F401 (it registers tasks)
from novice.envs.functional import (
    functional_beginning,
    functional_core,
    functional_fragments,
)
from novice.envs.slots import AbstractSlots, SeparateSlots, VectorSlots
from novice.envs.stream import Stream
from novice.envs.task import Task, make_task
from novice.learning.policy import Policy, new_policy
from novice.types import Fragments

needs_flax = pytest.mark.skipif(
    importlib.util.find_spec("flax") is None,
    reason="flax is missing (novice[jax-tasks]), so no task written in JAX is tested",
)
MODES = {f"sync, {mode.value}": mode for mode in AutoresetMode}
ON_HOST = ["separate", *MODES, "own"]
EVERYWHERE = [*ON_HOST, pytest.param("device", marks=needs_flax)]
# Forms that spend a step on beginning anew.
WAITING = {"sync, NextStep", "own"}
COUNT, STEPS = 3, 60


def slots_of(form: str, task: Task, count: int = COUNT) -> AbstractSlots:
    if form == "separate":
        return SeparateSlots(task, count)
    if form == "own":
        own = {"num_envs": count, "vectorization_mode": "vector_entry_point"}
        return VectorSlots(task, gymnasium.make_vec(task.id, **own))
    vector = SyncVectorEnv([task.make] * count, autoreset_mode=MODES[form])
    return VectorSlots(task, vector)


def policy_of(task: Task) -> Policy:
    size = task.observation_size
    return new_policy(size, task.head, hidden=(), key=jax.random.key(0))


def streamed(
    slots: AbstractSlots, *, steps: int, fragments: int = 1, key: int = 0
) -> list[Fragments]:
    stream, policy = Stream(slots), policy_of(slots.task)
    stream.begin(jax.random.key(key))
    return [
        stream.collect(policy, jax.random.key(100 + number), steps=steps)
        for number in range(fragments)
    ]


def on_device(*, key: int = 0) -> list[Fragments]:
    task = make_task("phys2d/CartPole-v1")
    core, policy = functional_core(task), policy_of(task)
    going = functional_beginning(core, task, jax.random.key(key), count=COUNT)
    found = []
    for number in range(2):
        act_key = jax.random.key(100 + number)
        going, seen = functional_fragments(
            core, task, policy, going, act_key, steps=STEPS
        )
        found.append(jax.tree.map(np.asarray, seen))
    return found


def balanced(form: str, *, key: int = 0) -> list[Fragments]:
    """Two fragments of CartPole, balanced by chance: an episode lasts 22 steps."""
    if form == "device":
        return on_device(key=key)
    slots = slots_of(form, make_task("CartPole-v1"))
    return streamed(slots, steps=STEPS, fragments=2, key=key)


@functools.cache
def seen_in(form: str) -> Fragments:
    """Both fragments, end to end."""
    return joined(balanced(form))


def joined(fragments: list[Fragments]) -> Fragments:
    return jax.tree.map(lambda *parts: np.concatenate(parts, axis=1), *fragments)


def ended(seen: Fragments) -> np.ndarray:
    return seen.terminated | seen.truncated


@pytest.mark.parametrize("form", EVERYWHERE)
def test_a_step_leads_to_the_next_one_unless_the_episode_ended(form):
    """Within a fragment, and from one fragment to the next."""
    seen = seen_in(form)

    same = (seen.after[:, :-1] == seen.observation[:, 1:]).all(axis=2)
    assert same[~ended(seen)[:, :-1]].all()
    assert ended(seen).sum() > COUNT


@pytest.mark.parametrize("form", EVERYWHERE)
def test_what_follows_an_end_is_a_fresh_start(form):
    seen = seen_in(form)

    over = np.zeros_like(seen.valid)
    over[:, 1:] = ended(seen)[:, :-1]
    # Where a step only begins, it leads to the start.
    place = np.where(seen.valid[..., None], seen.observation, seen.after)
    starts = (np.abs(place) <= 0.05).all(axis=2)
    assert starts[over].all()
    assert starts[:, 0].all()


@pytest.mark.parametrize("form", EVERYWHERE)
def test_a_step_that_terminates_leads_to_where_the_pole_has_fallen(form):
    seen = seen_in(form)

    place, angle = np.abs(seen.after[..., 0]), np.abs(seen.after[..., 2])
    fallen = (place > 2.4) | (angle > np.radians(12))
    np.testing.assert_array_equal(seen.terminated, fallen & seen.valid)


@pytest.mark.parametrize("form", EVERYWHERE)
def test_only_a_step_that_begins_anew_is_not_valid(form):
    seen = seen_in(form)

    expected = np.ones_like(seen.valid)
    if form in WAITING:
        expected[:, 1:] = ~ended(seen)[:, :-1]
    np.testing.assert_array_equal(seen.valid, expected)
    np.testing.assert_array_equal(seen.reward, expected)
    assert not ended(seen)[~expected].any()


def added_up(seen: Fragments) -> np.ndarray:
    """What each episode has returned after each step."""
    total, found = np.zeros(len(seen.reward), np.float32), []
    for reward, over in zip(seen.reward.T, ended(seen).T, strict=True):
        total = total + reward
        found.append(total)
        total = np.where(over, np.float32(0), total)
    return np.stack(found, axis=1)


@pytest.mark.parametrize("form", EVERYWHERE)
def test_rewards_add_up_until_the_episode_ends(form):
    seen = seen_in(form)

    np.testing.assert_array_equal(seen.returned, added_up(seen))


@pytest.mark.parametrize("form", EVERYWHERE)
def test_the_same_key_gives_the_same_bytes(form):
    first, again, other = (joined(balanced(form, key=key)) for key in (0, 0, 1))

    same = jax.tree.map(np.array_equal, first, again)
    assert all(jax.tree.leaves(same))
    assert not np.array_equal(first.observation, other.observation)


@pytest.mark.parametrize("form", ON_HOST)
def test_a_stream_that_begins_again_forgets_what_was(form):
    task = make_task("CartPole-v1")
    stream, found = Stream(slots_of(form, task)), []
    for _ in range(2):
        stream.begin(jax.random.key(0))
        found.append(stream.collect(policy_of(task), jax.random.key(1), steps=30))

    assert not ended(found[0])[:, -1].all()
    assert all(jax.tree.leaves(jax.tree.map(np.array_equal, *found)))


def test_environments_begin_apart():
    starts = seen_in("separate").observation[:, 0]

    assert len(np.unique(starts, axis=0)) == COUNT


def test_episodes_in_one_place_differ():
    seen = seen_in("separate")

    (places,) = np.nonzero(ended(seen)[0, :-1])
    starts = seen.observation[0, places + 1]
    assert len(np.unique(starts, axis=0)) == len(places) > 1


@needs_flax
def test_the_device_tells_what_the_host_tells():
    host, device = balanced("separate")[0], balanced("device")[0]

    kinds, expected = (
        jax.tree.map(lambda column: (column.shape, column.dtype), fragments)
        for fragments in (device, host)
    )
    assert kinds == expected


@pytest.mark.parametrize("mode", MODES)
def test_vector_environments_tell_where_an_episode_was_cut_off(mode):
    """Half of the parades end by themselves, the others after 4 steps."""
    seen = joined(streamed(slots_of(mode, make_task("Parade-v0")), steps=60))

    assert seen.truncated.any() and seen.terminated.any()
    np.testing.assert_array_equal(seen.returned, added_up(seen))
    for valid, over, cut in zip(seen.valid, ended(seen), seen.truncated, strict=True):
        bounds = [-1, *np.flatnonzero(over)]
        for before, last in pairwise(bounds):
            steps = valid[before + 1 : last + 1].sum()
            assert steps == 4 if cut[last] else steps <= 4


def patient(limit: int) -> Task:
    return dataclasses.replace(make_task("Patient-v0"), max_episode_steps=limit)


def test_a_time_limit_truncates_and_a_fragment_does_not():
    """Steps 5 and 10 of 12, told in fragments of 3."""
    task = patient(5)

    seen = joined(streamed(SeparateSlots(task, 2), steps=3, fragments=4))

    assert not seen.terminated.any()
    for cut in seen.truncated:
        np.testing.assert_array_equal(np.flatnonzero(cut), [4, 9])
    np.testing.assert_array_equal(seen.returned[0], [1, 2, 3, 4, 5] * 2 + [1, 2])
    # It counts to 3 and begins again with 0.
    shown, led_to = seen.observation[0].argmax(axis=1), seen.after[0].argmax(axis=1)
    np.testing.assert_array_equal(shown, [0, 1, 2, 3, 0] * 2 + [0, 1])
    np.testing.assert_array_equal(led_to, [1, 2, 3, 0, 1] * 2 + [1, 2])


@pytest.mark.parametrize("form", ["separate", *MODES])
def test_an_end_when_time_is_up_is_an_end(form):
    """The third step is the last one that is allowed, and ends the episode."""
    seen = joined(streamed(slots_of(form, make_task("OnTime-v0")), steps=9))

    assert seen.terminated.sum() >= 2 * COUNT
    assert not seen.truncated.any()
