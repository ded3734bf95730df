"""A policy that sees several observations and decides several actions at once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from novice.envs.actor import BestActor
from novice.envs.host_policy import NOTHING, HostPolicy, Remembered
from novice.envs.rollout import rollout
from novice.envs.slots import SeparateSlots
from novice.envs.task import make_task
from novice.experts.policy_expert import PolicyExpert
from novice.learning.heads import gaussian, real_head
from novice.learning.network import Layer, Mlp, Normalizer
from novice.learning.policy import Policy, new_policy, policy_from_config

KEY = jax.random.key(3)


def linear(weight: list[list[float]], bias: list[float], **how: int) -> Policy:
    """A policy that decides weight · what it sees + bias, exactly."""
    matrix = jnp.float32(weight)
    size, width = matrix.shape
    zeros, ones = jnp.zeros(size), jnp.ones(size)
    trunk = Mlp(
        Normalizer(zeros, zeros, ones, jnp.zeros(())),
        (Layer(matrix, jnp.float32(bias)),),
    )
    return Policy(trunk, gaussian((0.0,) * width, (1.0,) * width), **how)


def seen(*numbers: float) -> np.ndarray:
    return np.float32(numbers)[:, None]


def test_a_policy_without_a_memory_decides_by_what_it_sees_now():
    actor = BestActor(linear([[2.0]], [1.0]))

    assert actor.act(seen(1, 5)).sampled.tolist() == [[3], [11]]


def test_history_is_given_oldest_first_and_begins_with_the_first_again():
    # The action is 100 times the oldest, 10 times the middle and once the latest.
    actor = BestActor(linear([[100.0], [10.0], [1.0]], [0.0], history=3))
    actor.begin(0, 0)

    actions = [actor.act(seen(number)).sampled[0, 0] for number in (1, 2, 3, 4)]

    assert actions == [111, 112, 123, 234]


def test_a_new_episode_remembers_nothing_of_the_last_one():
    actor = BestActor(linear([[10.0], [1.0]], [0.0], history=2))
    for slot in (0, 1):
        actor.begin(slot, slot)
    actor.act(seen(1, 5))
    actor.begin(0, 2)

    assert actor.act(seen(7, 6)).sampled.tolist() == [[77], [56]]


def test_a_chunk_is_carried_out_before_looking_again():
    # Decided at once: what is seen, then that plus 10, then plus 20; two are done.
    policy = linear([[1.0, 1.0, 1.0]], [0.0, 10.0, 20.0], chunk=3, execute=2)
    actor = BestActor(policy)
    actor.begin(0, 0)

    actions = [actor.act(seen(number)).sampled[0, 0] for number in (1, 2, 3, 4, 5)]

    assert actions == [1, 11, 3, 13, 5]


def test_a_step_of_a_chunk_has_all_its_numbers():
    policy = linear([[1.0] * 4], [0.0, 10.0, 20.0, 30.0], chunk=2, execute=2)
    actor = BestActor(policy)
    actor.begin(0, 0)

    actions = [actor.act(seen(number)).sampled[0].tolist() for number in (1, 2)]

    assert actions == [[1, 11], [21, 31]]


def test_slots_look_again_each_in_its_own_time():
    policy = linear([[1.0, 1.0]], [0.0, 10.0], chunk=2, execute=2)
    actor = BestActor(policy)
    actor.begin(0, 0)
    actor.begin(1, 1)
    actor.act(seen(1, 2))
    actor.begin(1, 2)  # The second slot begins anew in the middle of a chunk.

    assert actor.act(seen(3, 4)).sampled.tolist() == [[11], [4]]
    assert actor.act(seen(5, 6)).sampled.tolist() == [[5], [14]]


def test_who_has_no_likeliest_action_draws_the_same_in_any_company():
    head = real_head("flow", (0.0,), (1.0,), key=KEY)
    policy = new_policy(1, head, hidden=(8,), key=KEY)
    alone, together = BestActor(policy), BestActor(policy)
    alone.begin(0, 5)
    for slot, episode in ((0, 4), (1, 5), (2, 6)):
        together.begin(slot, episode)

    first = [alone.act(seen(1)).sampled[0], together.act(seen(1, 1, 1)).sampled]
    second = [alone.act(seen(1)).sampled[0], together.act(seen(1, 1, 1)).sampled]

    np.testing.assert_allclose(first[0], first[1][1], atol=1e-6)
    np.testing.assert_allclose(second[0], second[1][1], atol=1e-6)
    assert len({float(number) for number in first[1][:, 0]}) == 3
    assert first[0] != second[0]


def test_who_draws_chunks_draws_the_same_whenever_others_look_again():
    """The second slot begins anew while the others are in the middle of a chunk."""
    head = real_head("flow", (0.0,) * 2, (1.0,) * 2, key=KEY)
    policy = new_policy(1, head, hidden=(8,), chunk=2, execute=2, key=KEY)
    alone, together = BestActor(policy), BestActor(policy)
    for slot, episode in ((0, 4), (1, 5), (2, 6)):
        together.begin(slot, episode)
    together.act(seen(1, 1, 1))
    together.begin(1, 7)
    alone.begin(0, 7)

    for _ in range(4):
        expected = alone.act(seen(1)).sampled[0]
        found = together.act(seen(1, 1, 1)).sampled[1]
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_who_draws_draws_as_at_a_beginning_where_nothing_is_remembered():
    head = real_head("flow", (0.0,), (1.0,), key=KEY)
    policy = HostPolicy(new_policy(1, head, hidden=(8,), key=KEY))

    assert policy.at_once(seen(1, 5)).shape == (2, 1)
    assert policy.at_once(seen(1)).tolist() == policy.at_once(seen(1)).tolist()


def test_another_key_draws_other_actions():
    head = real_head("flow", (0.0,), (1.0,), key=KEY)
    policy = new_policy(1, head, hidden=(8,), key=KEY)
    one, other = BestActor(policy), BestActor(policy, jax.random.key(1))

    assert one.act(seen(1)).sampled != other.act(seen(1)).sampled


def test_memory_and_decisions_come_back_from_a_policys_description():
    policy = linear([[1.0, 1.0]], [0.0, 0.0], history=1, chunk=2, execute=2)
    again = policy_from_config(policy.config())

    assert (again.history, again.chunk, again.execute) == (1, 2, 2)
    assert "history" not in policy.config()
    assert "chunk" not in linear([[1.0]], [0.0]).config()


def test_an_expert_says_what_it_would_do_here_not_what_it_had_decided():
    task = make_task("Pendulum-v1")
    weight = [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]
    policy = linear(weight, [0.0, 10.0], chunk=2, execute=2)
    expert = PolicyExpert.of(policy, task, name="run")
    assert not expert.remembers

    memory = expert.start()
    for number in (0.5, 0.25):
        action, memory = expert.act(memory, np.float32([number, 0, 0]))
        assert action.tolist() == [number]


def test_an_expert_with_a_history_remembers():
    task = make_task("Pendulum-v1")
    weight = np.zeros((6, 1))
    weight[0], weight[3] = 10, 1
    expert = PolicyExpert.of(linear(weight.tolist(), [0.0], history=2), task, name="r")
    assert expert.remembers

    memory = expert.start()
    first, memory = expert.act(memory, np.float32([0.1, 0, 0]))
    second, _ = expert.act(memory, np.float32([0.2, 0, 0]))

    np.testing.assert_allclose([first[0], second[0]], [1.1, 1.2], atol=1e-6)


def test_who_plans_anew_decides_again_by_all_that_was_seen():
    # The action is ten times the first of two observations and once the second; what
    # follows is 100 more.
    policy = linear(
        [[10.0, 10.0], [1.0, 1.0]], [0.0, 100.0], history=2, chunk=2, execute=2
    )
    going_on, anew, forgetful = (Remembered(HostPolicy(policy), KEY) for _ in range(3))
    for each in (going_on, anew, forgetful):
        each.begin(0, 0)
        assert each.act(seen(1)).tolist() == [[11]]

    anew.replan()
    forgetful.replan(forget=True)

    assert going_on.act(seen(2)).tolist() == [[111]]
    assert anew.act(seen(2)).tolist() == [[12]]
    assert forgetful.act(seen(2)).tolist() == [[22]]


def test_who_plans_anew_does_not_draw_the_same_again():
    head = real_head("flow", (0.0,) * 2, (1.0,) * 2, key=KEY)
    policy = new_policy(1, head, hidden=(8,), chunk=2, execute=2, key=KEY)
    drawing = Remembered(HostPolicy(policy), KEY)
    drawing.begin(0, 0)

    first = drawing.act(seen(1))
    drawing.replan(forget=True)

    assert drawing.act(seen(1)) != first


def test_only_what_is_decided_anew_counts_as_a_decision():
    policy = HostPolicy(linear([[1.0, 1.0]], [0.0, 10.0], chunk=2, execute=2))
    memories, counts = [NOTHING], []

    for number in (1, 2, 3, 4):
        _, memories = policy.act(memories, seen(number), lambda due: None)
        counts.append(memories[0].decisions)

    assert counts == [1, 1, 2, 2]


def test_what_was_decided_can_be_dropped():
    policy = HostPolicy(linear([[1.0, 1.0]], [0.0, 10.0], chunk=2, execute=2))

    action, memories = policy.act([NOTHING], seen(3), lambda due: None)

    assert action.tolist() == [[3]]
    assert [rest.tolist() for rest in memories[0].rest] == [[13]]
    assert policy.at_once(seen(4)).tolist() == [[4]]


@pytest.mark.parametrize("name", ["gaussian", "mixture", "discretized", "flow"])
def test_every_head_acts_in_chunks_with_a_history(name: str):
    task = make_task("Pendulum-v1", {})
    head = task.head_called(name, 4, key=KEY)
    policy = new_policy(
        3, head, hidden=(8,), history=2, chunk=4, execute=2, key=jax.random.key(0)
    )
    slots = SeparateSlots(task, 2)

    episodes = rollout(slots, BestActor(policy), [1, 2, 3])
    again = rollout(slots, BestActor(policy), [1, 2, 3])

    slots.close()
    assert episodes.action_sampled.shape == (3, 200, 1)
    np.testing.assert_array_equal(episodes.action_sampled, again.action_sampled)
