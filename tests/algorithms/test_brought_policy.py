"""Practice that begins with a policy that was learned elsewhere does not forget it."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import probes
from novice.algorithms.practice_settings import ReinforceSettings, preset
from novice.algorithms.reinforce import reinforce
from novice.envs.slots import SeparateSlots
from novice.learning.heads import Categorical, gaussian
from novice.learning.policy import Policy, new_policy, with_spread
from novice.learning.trust import away_from
from novice.types import Batch, Round

ENVIRONMENTS, FRAGMENT = 8, 16
HOW = {
    **preset("ppo", environments=ENVIRONMENTS),
    "fragment": FRAGMENT,
    "hidden": (8,),
    "rounds": 1,
    "env_steps": 1500,
    "warm_up": 1,
    "epochs": 4,
    "learning_rate": 0.03,
    "critic_learning_rate": 0.03,
}


def leaning(logit: float) -> Policy:
    """Somebody who does action 1 with probability sigmoid(logit) everywhere."""
    policy = new_policy(1, Categorical((2,)), hidden=(8,), key=jax.random.key(5))
    bias = jnp.float32([0.0, logit])
    return eqx.tree_at(lambda one: one.trunk.layers[-1].bias, policy, bias)


def brought(
    *,
    anchor: float = 0.0,
    shown: Batch | None = None,
    after: Round | None = None,
    **how: Any,
) -> list[Round]:
    """Rounds of somebody who does the paying action of one step in 9 of 10 cases."""
    settings = {**HOW, "anchor": anchor, **how}
    rounds = reinforce(
        SeparateSlots(probes.ONE_STEP, ENVIRONMENTS),
        ReinforceSettings(**settings),
        key=jax.random.key(0),
        evaluate=lambda round: {},
        policy=leaning(np.log(9.0)),
        shown=shown,
        after=after,
    )
    return list(rounds)


def chance_of_nothing(round: Round) -> float:
    """How likely the action is that does not pay."""
    outputs = round.learner.policy.trunk(jnp.zeros((1, 1)))
    return float(jax.nn.softmax(outputs)[0, 0])


def value_of(round: Round) -> float:
    return float(round.learner.critic(jnp.zeros((1, 1)))[0])


def test_whoever_brings_a_policy_begins_with_it_bit_by_bit():
    first, second = brought()

    assert (first.number, second.number) == (0, 1)
    assert bool(eqx.tree_equal(first.learner.policy, leaning(np.log(9.0))))
    assert not bool(eqx.tree_equal(second.learner.policy, first.learner.policy))


def test_the_optimizer_of_a_policy_that_is_brought_has_seen_nothing():
    first, *_ = brought()

    assert not any(np.any(leaf) for leaf in jax.tree.leaves(first.learner.policy_state))


def test_the_critic_has_learned_the_policy_that_was_brought():
    """It pays 1 in 9 of 10 cases and -1 else: 0.8 in the mean."""
    first, *_ = brought(rounds=1, env_steps=1, warm_up=10)
    ignorant, *_ = brought(rounds=1, env_steps=1, warm_up=0)

    assert value_of(first) == pytest.approx(0.8, abs=0.15)
    assert value_of(ignorant) < 0.2
    assert first.measures["env_steps"] == 11 * FRAGMENT * ENVIRONMENTS
    assert ignorant.measures["env_steps"] == FRAGMENT * ENVIRONMENTS


@pytest.mark.parametrize("kept", [0, 1])
def test_who_goes_on_with_a_policy_and_its_anchor_is_as_if_never_stopped(kept):
    whole = brought(anchor=1.0, rounds=2)

    went_on = brought(anchor=1.0, rounds=2, after=whole[kept])

    for round, expected in zip(went_on, whole[kept + 1 :], strict=True):
        assert bool(eqx.tree_equal(round.learner, expected.learner))
        assert round.measures == expected.measures


def away(round: Round, policy: Policy) -> float:
    blank = jnp.zeros((1, 1))
    apart = away_from(policy, round.learner.policy, blank, jax.random.key(0))
    return float(apart[0])


def test_a_heavy_anchor_keeps_a_policy_near_the_one_that_was_brought():
    policy = leaning(np.log(9.0))

    free, held = (brought(anchor=anchor)[-1] for anchor in (0.0, 100.0))

    assert away(held, policy) < 0.2 * away(free, policy)


def test_what_is_demonstrated_becomes_likelier():
    """Action 0 is shown, which does not pay."""
    shown = Batch(
        jnp.zeros((32, 1)),
        jnp.zeros((32, 1), jnp.int32),
        jnp.ones(32),
        jnp.ones(32, bool),
    )

    alone, led = (
        brought(shown=shown, demonstrations=share, demonstrations_fall=1.0)[-1]
        for share in (0.0, 30.0)
    )

    does = [chance_of_nothing(round) for round in (alone, led)]
    assert does[0] < 0.05 < 0.1 < does[1]


def around(spread: float) -> Policy:
    policy = new_policy(1, gaussian((0.0, 0.0), (1.0, 2.0)), key=jax.random.key(0))
    log_std = jnp.log(jnp.float32([spread, 0.5]))
    return eqx.tree_at(lambda one: one.head.log_std, policy, log_std)


def test_a_narrow_policy_tries_things_as_far_as_is_asked():
    policy = around(0.01)

    wider = with_spread(policy, 0.1)

    np.testing.assert_allclose(jnp.exp(wider.head.log_std), [0.1, 0.5], rtol=1e-5)
    assert bool(eqx.tree_equal(wider.trunk, policy.trunk))


def test_a_spread_of_nothing_and_options_are_left_as_they_are():
    for policy, least in ((around(0.01), 0.0), (leaning(0.0), 0.5), (around(0.3), 0.2)):
        assert bool(eqx.tree_equal(with_spread(policy, least), policy))
