"""The usual names for ways to practice, and practice that begins with a policy."""

import functools
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import probes
from novice.algorithms import practitioners
from novice.algorithms.practice_settings import PRESETS, ReinforceSettings, preset
from novice.algorithms.reinforce import LARGEST_PENALTY, adapted, reinforce
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task
from novice.learning.heads import Categorical, gaussian
from novice.learning.policy import Policy, new_policy, with_spread
from novice.learning.trust import away_from
from novice.types import Batch, Round

ENVIRONMENTS = 8
NAMES = [*PRESETS, "kl"]


def how_of(name: str) -> dict[str, Any]:
    """What a preset sets, made small; kl is ppo with the other way to stay near."""
    named = preset("ppo" if name == "kl" else name, environments=ENVIRONMENTS)
    small = {"hidden": (8,), "rounds": 1, "env_steps": 2500}
    if name == "kl":
        small |= {"step": "kl", "divergence": 0.05}
    if name in ("ppo", "kl"):
        small |= {"epochs": 4, "learning_rate": 0.03, "critic_learning_rate": 0.03}
    if named.get("fragment"):
        small |= {"fragment": 16}
    else:
        small |= {"episodes_per_batch": 32, "learning_rate": 0.1}
    return {**named, **small}


def rounds_of(
    name: str,
    *,
    task: Task = probes.FOLLOW_THE_SIGN,
    policy: Policy | None = None,
    shown: Batch | None = None,
    after: Round | None = None,
    **how: Any,
) -> Iterator[Round]:
    return reinforce(
        SeparateSlots(task, ENVIRONMENTS),
        ReinforceSettings(**{**how_of(name), **how}),
        key=jax.random.key(0),
        evaluate=lambda round: {},
        policy=policy,
        shown=shown,
        after=after,
    )


def chances(policy: Policy, *observation: float) -> np.ndarray:
    """How likely each action is at each observation."""
    outputs = policy.trunk(jnp.float32(observation)[:, None])
    return np.asarray(jax.nn.softmax(outputs))


@pytest.mark.parametrize("environments", [1, 3, 8, 64, 1024, 5000])
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_valid_for_any_number_of_environments(name, environments):
    settings = ReinforceSettings(**preset(name, environments=environments))

    if settings.fragment:
        assert settings.environments == environments
        assert settings.fragment >= 8
    if name == "ppo":
        rows = settings.fragment * environments
        assert rows >= 255
        assert rows // settings.minibatches >= 255
        # As many looks at a batch as few environments take, in all.
        assert 16 <= settings.epochs * settings.minibatches <= 64


def test_plain_reinforce_stays_plain():
    assert ReinforceSettings(**preset("reinforce")) == ReinforceSettings()


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_learns_what_pays_where(name):
    *_, last = rounds_of(name)

    told = chances(last.learner.policy, -1, 1)
    assert min(told[0, 0], told[1, 1]) > 0.9


@functools.cache
def run(name: str) -> list[Round]:
    return list(rounds_of(name, **THREE_ROUNDS))


THREE_ROUNDS = {"rounds": 3, "env_steps": 900}


def assert_same(got: list[Round], expected: list[Round]) -> None:
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        assert bool(eqx.tree_equal(one.learner, other.learner))
        assert one.measures == other.measures
        assert one.number == other.number


@pytest.mark.parametrize("name", ["a2c", "kl"])
def test_with_fragments_the_same_key_gives_the_same_bytes(name):
    assert_same(list(rounds_of(name, **THREE_ROUNDS)), run(name))


@pytest.mark.parametrize("name", ["a2c", "kl"])
@pytest.mark.parametrize("kept", [0, 1])
def test_with_fragments_going_on_is_as_if_never_stopped(name, kept):
    """On new environments, and from what was kept of the round alone."""
    went_on = rounds_of(name, **THREE_ROUNDS, after=run(name)[kept])

    assert_same(list(went_on), run(name)[kept + 1 :])


def test_a_penalty_goes_on_where_it_was(monkeypatch):
    real, penalties = practitioners.practice_on_fragments, []

    def recorded(learner, seen, how, rates, *rest, **more):
        penalties.append(float(rates.penalty))
        return real(learner, seen, how, rates, *rest, **more)

    monkeypatch.setattr(practitioners, "practice_on_fragments", recorded)
    reached = run("kl")[0].measures["penalty"]
    next(rounds_of("kl", **THREE_ROUNDS, after=run("kl")[0]))

    assert penalties[0] == reached != 1.0


@pytest.mark.parametrize(
    ("penalty", "divergence", "expected"),
    [
        (1.0, 0.0151, 2.0),
        (1.0, 0.0149, 1.0),
        (1.0, 0.0067, 1.0),
        (1.0, 0.0066, 0.5),
        (0.75 * LARGEST_PENALTY, 1.0, LARGEST_PENALTY),
        (LARGEST_PENALTY, 1.0, LARGEST_PENALTY),
        (1 / LARGEST_PENALTY, 0.0, 1 / LARGEST_PENALTY),
        (1.5 / LARGEST_PENALTY, 0.0, 1 / LARGEST_PENALTY),
    ],
)
def test_a_penalty_grows_after_far_steps_and_falls_after_timid_ones(
    penalty, divergence, expected
):
    assert adapted(penalty, divergence, 0.01) == expected


def leaning(logit: float) -> Policy:
    """Somebody who does action 1 with probability sigmoid(logit) everywhere."""
    policy = new_policy(1, Categorical((2,)), hidden=(8,), key=jax.random.key(5))
    bias = jnp.float32([0.0, logit])
    return eqx.tree_at(lambda one: one.trunk.layers[-1].bias, policy, bias)


def brought(*, anchor: float = 0.0, **how: Any) -> list[Round]:
    """Rounds of somebody who does the paying action of one step in 9 of 10 cases."""
    rounds = rounds_of(
        "ppo",
        task=probes.ONE_STEP,
        policy=leaning(np.log(9.0)),
        **{"env_steps": 1800, "anchor": anchor, **how},
    )
    return list(rounds)


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
    assert first.measures["env_steps"] == 11 * 16 * ENVIRONMENTS
    assert ignorant.measures["env_steps"] == 16 * ENVIRONMENTS


@pytest.mark.parametrize("kept", [0, 1])
def test_who_goes_on_with_a_policy_and_its_anchor_is_as_if_never_stopped(kept):
    whole = brought(anchor=1.0, rounds=2)

    went_on = brought(anchor=1.0, rounds=2, after=whole[kept])

    assert_same(went_on, whole[kept + 1 :])


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
        for share in (0.0, 3.0)
    )

    does = [chances(round.learner.policy, 0)[0, 0] for round in (alone, led)]
    assert does[0] < 0.1 < 0.2 < does[1]


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
