"""What holds a step of practice back is as large as it should be, by hand."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial

from novice.learning.fit import negative_weighted_likelihood
from novice.learning.heads import AbstractHead, Bernoulli, Categorical, gaussian
from novice.learning.network import Layer
from novice.learning.policy import Policy, new_policy
from novice.learning.trust import (
    BEYOND,
    anchored,
    away_from,
    clipped,
    divergence,
    log_ratio,
    penalized,
    remembered,
    undecided,
)
from novice.types import Batch

KEY = jax.random.key(0)


def says(head: AbstractHead, *outputs: float) -> Policy:
    """A policy that does the same whatever it sees."""
    policy = new_policy(1, head, hidden=(), key=KEY)
    layers = (Layer(jnp.zeros((1, len(outputs))), jnp.float32(outputs)),)
    return eqx.tree_at(lambda one: one.trunk.layers, policy, layers)


def chooses(*probability: float) -> Policy:
    return says(Categorical((len(probability),)), *np.log(probability))


def moved(policy: Policy, bias: jax.Array) -> Policy:
    return eqx.tree_at(lambda one: one.trunk.layers[0].bias, policy, bias)


def slope(loss, policy: Policy) -> np.ndarray:
    """The gradient with respect to the numbers that the head is told."""
    bias = policy.trunk.layers[0].bias
    return np.asarray(jax.grad(lambda at: loss(moved(policy, at)))(bias))


def rows(
    action: list[int], weight: list[float] | None = None, valid: list[int] | None = None
) -> Batch:
    count = len(action)
    return Batch(
        jnp.zeros((count, 1)),
        jnp.int32(action)[:, None],
        jnp.ones(count) if weight is None else jnp.float32(weight),
        jnp.ones(count, bool) if valid is None else jnp.array(valid, bool),
    )


# Somebody for whom three actions are 1/2, 1/4 and 1/4, and what that was.
POLICY = chooses(0.5, 0.25, 0.25)
NOW = np.array([0.5, 0.25, 0.25])


def once(ratio: list[float], **how) -> Batch:
    """Rows whose actions are so many times likelier than they were."""
    batch = rows(**how)
    before = np.log(NOW[how["action"]]) - np.log(ratio)
    target = jnp.stack([jnp.float32(how["action"]), jnp.float32(before)], axis=1)
    return eqx.tree_at(lambda one: one.target, batch, target)


def clip_at_a_fifth(policy: Policy, batch: Batch, *, limit: float = 0) -> jax.Array:
    return clipped(policy, batch, KEY, clip=jnp.float32(0.2), limit=jnp.float32(limit))


@pytest.mark.parametrize(
    ("weight", "ratio", "gain"),
    [
        (2.0, 1.1, 2.2),
        (2.0, 1.5, 2.4),  # as if 1.2: it may not get any likelier
        (2.0, 0.5, 1.0),
        (-1.0, 0.9, -0.9),
        (-1.0, 0.5, -0.8),  # as if 0.8: it may not get any rarer
        (-1.0, 1.5, -1.5),
    ],
)
def test_a_clipped_gain_by_hand(weight, ratio, gain):
    batch = once([ratio], action=[1], weight=[weight])

    assert float(clip_at_a_fifth(POLICY, batch)) == pytest.approx(-gain, rel=1e-5)


def test_clipped_gains_add_up_over_valid_rows():
    batch = once(
        [1.1, 0.5, 1.5], action=[0, 1, 2], weight=[2.0, -1.0, 9.0], valid=[1, 1, 0]
    )

    assert float(clip_at_a_fifth(POLICY, batch)) == pytest.approx(-2.2 + 0.8, rel=1e-5)


@pytest.mark.parametrize(("weight", "ratio"), [(2.0, 1.5), (-1.0, 0.5)])
def test_where_it_is_clipped_nothing_pulls(weight, ratio):
    batch = once([ratio], action=[1], weight=[weight])

    np.testing.assert_array_equal(slope(lambda p: clip_at_a_fifth(p, batch), POLICY), 0)


@pytest.mark.parametrize(
    ("weight", "ratio"), [(2.0, 1.1), (2.0, 0.5), (-1.0, 0.9), (-1.0, 1.5)]
)
def test_where_it_is_not_clipped_the_ratio_pulls(weight, ratio):
    """∇ ratio = ratio ∇ log π, and ∇ log π is 1 for the action less π."""
    batch = once([ratio], action=[1], weight=[weight])

    got = slope(lambda policy: clip_at_a_fifth(policy, batch), POLICY)

    np.testing.assert_allclose(
        got, -weight * ratio * (np.array([0, 1, 0]) - NOW), rtol=1e-4
    )


def test_what_goes_beyond_the_limit_costs():
    ratio = np.array([1.5, 0.5, 9.0])
    batch = once(
        ratio.tolist(), action=[0, 1, 2], weight=[0.0, 0.0, 0.0], valid=[1, 1, 0]
    )
    apart = np.mean((ratio - 1 - np.log(ratio))[:2])

    cost = clip_at_a_fifth(POLICY, batch, limit=0.5 * apart)

    assert float(cost) == pytest.approx(2 * BEYOND * 0.5 * apart, rel=1e-5)
    assert float(clip_at_a_fifth(POLICY, batch, limit=2 * apart)) == 0


def test_beyond_the_limit_it_turns_back():
    # Clipped, so that the weight no longer pulls; likelier than it was by half.
    batch = once([1.5], action=[1], weight=[2.0])

    pull = slope(lambda policy: clip_at_a_fifth(policy, batch, limit=0.01), POLICY)

    assert pull[1] > 0 > pull[0]


def test_a_penalized_gain_by_hand():
    ratio, weight = np.array([1.5, 0.5, 3.0]), np.array([2.0, -1.0, 9.0])
    batch = once(
        ratio.tolist(), action=[0, 1, 2], weight=weight.tolist(), valid=[1, 1, 0]
    )

    got = penalized(POLICY, batch, KEY, penalty=jnp.float32(3.0))

    apart = ratio - 1 - np.log(ratio)
    expected = 3.0 * apart - ratio * weight
    assert float(got) == pytest.approx(expected[:2].sum(), rel=1e-5)


def test_a_penalty_pulls_back_to_what_it_was():
    """∇ (r - 1 - log r) = (r - 1) ∇ log π."""
    batch = once([1.5], action=[1], weight=[0.0])

    got = slope(
        lambda policy: penalized(policy, batch, KEY, penalty=jnp.float32(3.0)), POLICY
    )

    np.testing.assert_allclose(got, 3 * 0.5 * (np.array([0, 1, 0]) - NOW), rtol=1e-4)


def test_the_divergence_has_the_true_one_as_its_mean():
    """Four rows in which each action is as frequent as it was likely."""
    before, after = np.array([0.5, 0.25, 0.25]), np.array([0.2, 0.7, 0.1])
    batch = remembered(chooses(*before), rows([0, 0, 1, 2, 1], valid=[1, 1, 1, 1, 0]))

    got = divergence(chooses(*after), batch)

    exact = float(np.sum(before * np.log(before / after)))
    assert float(got) == pytest.approx(exact, rel=1e-5)


def test_actions_are_remembered_as_they_were():
    policy = says(Categorical((1000, 7)), *np.linspace(-3, 3, 1007))
    action = jnp.int32([[999, 6], [0, 0], [123, 3]])
    batch = Batch(jnp.zeros((3, 1)), action, jnp.ones(3), jnp.ones(3, bool))

    kept = remembered(policy, batch)

    np.testing.assert_array_equal(kept.target[:, :-1], action)
    np.testing.assert_array_equal(log_ratio(policy, kept), 0)


def test_real_actions_are_remembered_with_their_density():
    policy = spread_about(0.3, 0.5)
    batch = Batch(
        jnp.zeros((2, 1)), jnp.float32([[0.1], [2.0]]), jnp.ones(2), jnp.ones(2, bool)
    )

    kept = remembered(policy, batch)

    density = -0.5 * ((np.array([0.1, 2.0]) - 0.3) / 0.5) ** 2
    density -= np.log(0.5 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(kept.target[:, -1], density, rtol=1e-4)


def spread_about(mean: float, spread: float) -> Policy:
    policy = says(gaussian((0.0,), (1.0,)), mean)
    log_std = jnp.full(1, np.log(spread), jnp.float32)
    return eqx.tree_at(lambda one: one.head.log_std, policy, log_std)


def between(p: list[float], q: list[float]) -> float:
    return float(np.sum(np.array(p) * np.log(np.array(p) / np.array(q))))


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        (
            chooses(0.5, 0.25, 0.25),
            chooses(0.2, 0.7, 0.1),
            between([0.5, 0.25, 0.25], [0.2, 0.7, 0.1]),
        ),
        (
            says(Categorical((2, 3)), *np.log([0.5, 0.5, 0.2, 0.2, 0.6])),
            says(Categorical((2, 3)), *np.log([0.1, 0.9, 0.3, 0.3, 0.4])),
            between([0.5, 0.5], [0.1, 0.9]) + between([0.2, 0.2, 0.6], [0.3, 0.3, 0.4]),
        ),
        (
            says(Bernoulli(1), float(np.log(3))),
            says(Bernoulli(1), 0.0),
            between([0.25, 0.75], [0.5, 0.5]),
        ),
    ],
    ids=["one choice", "two choices", "a switch"],
)
def test_how_far_options_are_from_the_anchor_is_known_exactly(one, other, apart):
    got = away_from(one, other, jnp.zeros((2, 1)), KEY)

    np.testing.assert_allclose(got, [apart, apart], rtol=1e-4)


def test_how_far_real_actions_are_from_the_anchor_is_estimated():
    """In the mean it is log s'/s + (s² + (m - m')²) / 2s'² - 1/2."""
    one, other, times = spread_about(0.3, 0.5), spread_about(-0.2, 0.8), 40_000

    got = np.asarray(away_from(one, other, jnp.zeros((times, 1)), KEY), np.float64)

    exact = np.log(0.8 / 0.5) + (0.5**2 + 0.5**2) / (2 * 0.8**2) - 0.5
    assert abs(got.mean() - exact) < 4 * got.std() / np.sqrt(times) < 0.02


def test_the_anchor_itself_does_not_pull():
    def apart(policy: Policy) -> jax.Array:
        return jnp.sum(away_from(POLICY, policy, jnp.zeros((1, 1)), KEY))

    np.testing.assert_allclose(slope(apart, POLICY), 0, atol=1e-6)
    # Elsewhere the slope is where one is less where one should be.
    np.testing.assert_allclose(
        slope(apart, chooses(0.2, 0.7, 0.1)), [-0.3, 0.45, -0.15], rtol=1e-4
    )


def test_an_anchor_costs_its_weight_in_every_valid_row():
    policy = chooses(0.2, 0.7, 0.1)
    batch = rows([0, 1, 2], weight=[2.0, -1.0, 9.0], valid=[1, 1, 0])

    got = anchored(
        policy,
        batch,
        KEY,
        loss=Partial(negative_weighted_likelihood),
        anchor=POLICY,
        weight=jnp.float32(10),
    )

    plain = -(2.0 * np.log(0.2) - 1.0 * np.log(0.7))
    apart = between([0.5, 0.25, 0.25], [0.2, 0.7, 0.1])
    assert float(got) == pytest.approx(plain + 10 * 2 * apart, rel=1e-4)


def test_entropy_is_worth_something_in_every_valid_row():
    batch = rows([0, 1, 2], weight=[2.0, -1.0, 9.0], valid=[1, 1, 0])

    got = undecided(
        POLICY,
        batch,
        KEY,
        loss=Partial(negative_weighted_likelihood),
        worth=jnp.float32(10),
    )

    plain = -(2.0 * np.log(0.5) - 1.0 * np.log(0.25))
    entropy = float(-np.sum(NOW * np.log(NOW)))
    assert float(got) == pytest.approx(plain - 10 * 2 * entropy, rel=1e-4)
