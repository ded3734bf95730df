"""A natural step goes where solving with the Fisher matrix leads, as far as asked."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from novice.learning.fit import negative_weighted_likelihood
from novice.learning.heads import Categorical, gaussian
from novice.learning.natural import DAMPING, FISHER_ROWS, natural_step, some
from novice.learning.policy import Policy, new_policy, trainable
from novice.learning.trust import away_from
from novice.types import Batch

HEADS = {"categorical": Categorical((3,)), "gaussian": gaussian((0.0,), (1.0,))}
ROWS = 1024
FAR = 0.02  # nats


def seen_by(policy: Policy) -> Batch:
    """What a policy did here and there, and what each action weighs."""
    place_key, act_key, weight_key = jax.random.split(jax.random.key(7), 3)
    observation = jax.random.normal(place_key, (ROWS, 2))
    action, _ = policy.sample((), observation, act_key)
    weight = jax.random.normal(weight_key, (ROWS,)) + observation[:, 0]
    return Batch(observation, action, weight, jnp.ones(ROWS, bool))


@pytest.fixture(scope="module", params=HEADS)
def policy(request) -> Policy:
    """Somebody with less than a dozen numbers, who prefers something already."""
    policy = new_policy(2, HEADS[request.param], hidden=(), key=jax.random.key(3))
    weight = jax.random.normal(jax.random.key(4), policy.trunk.layers[0].weight.shape)
    return eqx.tree_at(lambda one: one.trunk.layers[0].weight, policy, 0.5 * weight)


def numbers(policy: Policy) -> np.ndarray:
    return np.asarray(ravel_pytree(eqx.filter(policy, trainable(policy)))[0])


@eqx.filter_jit
def stepped(
    policy: Policy, batch: Batch, acted: Batch | None = None, **how: Any
) -> tuple[Policy, jax.Array]:
    return natural_step(
        policy,
        batch,
        batch if acted is None else acted,
        negative_weighted_likelihood,
        **{
            "normalizer": jnp.float32(ROWS),
            "divergence": jnp.float32(FAR),
            "key": jax.random.key(0),
            **how,
        },
    )


def step_of(policy: Policy, batch: Batch, acted: Batch | None = None) -> np.ndarray:
    return numbers(stepped(policy, batch, acted)[0]) - numbers(policy)


def solved_by_hand(policy: Policy, batch: Batch, acted: Batch) -> np.ndarray:
    """The same step with the Fisher matrix written down, row by row."""
    learning, fixed = eqx.partition(policy, trainable(policy))
    at, unravel = ravel_pytree(learning)

    def logs(batch: Batch) -> Any:
        def of(numbers: jax.Array) -> jax.Array:
            whole = eqx.combine(unravel(numbers), fixed)
            return whole.log_probability(batch.observation, batch.target)

        return np.asarray(jax.jacobian(of)(at), np.float64)

    scores = logs(acted)[np.asarray(acted.valid)]
    fisher = scores.T @ scores / len(scores) + DAMPING * np.eye(len(at))
    counts = np.where(batch.valid, batch.weight, 0)
    gradient = -counts @ logs(batch) / ROWS
    direction = np.linalg.solve(fisher, -gradient)
    return np.sqrt(2 * FAR / (direction @ fisher @ direction)) * direction


def assert_close(got: np.ndarray, expected: np.ndarray, share: float = 1e-3) -> None:
    assert np.linalg.norm(got - expected) < share * np.linalg.norm(expected)


def test_the_step_is_the_one_that_a_dense_solution_gives(policy):
    batch = seen_by(policy)

    assert_close(step_of(policy, batch), solved_by_hand(policy, batch, batch))


def test_the_loss_before_the_step_is_told(policy):
    batch = seen_by(policy)

    _, loss = stepped(policy, batch)

    expected = negative_weighted_likelihood(policy, batch, jax.random.key(0)) / ROWS
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("far", [1e-4, 1e-3])
def test_a_small_step_goes_as_far_as_asked(policy, far):
    batch = seen_by(policy)

    new, _ = stepped(policy, batch, divergence=jnp.float32(far))

    went = float(jnp.mean(apart(policy, new, batch.observation)))
    assert went == pytest.approx(far, rel=0.2)


def apart(old: Policy, new: Policy, observation: jax.Array) -> jax.Array:
    """KL(old, new) at each observation, exactly."""
    if old.head.options:
        return away_from(old, new, observation, jax.random.key(0))
    was, now = jnp.exp(old.head.log_std), jnp.exp(new.head.log_std)
    gap = (old.trunk(observation) - new.trunk(observation)) ** 2
    return jnp.log(now / was) + (was**2 + gap) / (2 * now**2) - 0.5


def test_a_large_policy_goes_as_far_in_a_large_batch():
    """With so many rows and numbers a library's solver gave NaN, and nothing moved."""
    keys = jax.random.split(jax.random.key(1), 4)
    policy = new_policy(
        11, gaussian((0.0,) * 3, (1.0,) * 3), hidden=(64, 64), key=keys[0]
    )
    observation = jax.random.normal(keys[1], (FISHER_ROWS, 11))
    action, _ = policy.sample((), observation, keys[2])
    weight = jax.random.normal(keys[3], (FISHER_ROWS,))
    batch = Batch(observation, action, weight, jnp.ones(FISHER_ROWS, bool))

    new, _ = stepped(policy, batch, normalizer=jnp.float32(FISHER_ROWS))

    went = float(jnp.mean(jnp.sum(apart(policy, new, observation), axis=1)))
    assert went == pytest.approx(FAR, rel=0.1)


def test_the_size_of_the_weights_does_not_matter(policy):
    batch = seen_by(policy)
    heavy = eqx.tree_at(lambda one: one.weight, batch, 1000 * batch.weight)

    assert_close(step_of(policy, heavy), step_of(policy, batch))


def test_without_a_gradient_nothing_moves(policy):
    batch = seen_by(policy)
    nothing = eqx.tree_at(lambda one: one.weight, batch, 0 * batch.weight)

    new, _ = stepped(policy, nothing)

    assert bool(eqx.tree_equal(new, policy))


HALF = jnp.arange(ROWS) < ROWS // 2


def test_rows_that_are_not_valid_do_not_count(policy):
    batch = seen_by(policy)
    half = eqx.tree_at(lambda one: one.valid, batch, HALF)
    garbled = eqx.tree_at(
        lambda one: (one.observation, one.weight),
        half,
        (
            jnp.where(HALF[:, None], batch.observation, 30.0),
            jnp.where(HALF, batch.weight, 99.0),
        ),
    )

    expected = step_of(policy, half)
    assert_close(step_of(policy, garbled), expected)
    assert_close(expected, solved_by_hand(policy, half, half))


def test_demonstrations_turn_the_step_but_are_not_in_the_fisher_matrix(policy):
    """The policy acted in one half; the other half was shown to it, elsewhere."""
    batch = seen_by(policy)
    both = eqx.tree_at(
        lambda one: (one.observation, one.weight),
        batch,
        (
            jnp.where(HALF[:, None], batch.observation, batch.observation + 3),
            jnp.where(HALF, batch.weight, 5.0),
        ),
    )
    acted = eqx.tree_at(lambda one: one.valid, batch, HALF)

    got = step_of(policy, both, acted)

    assert_close(got, solved_by_hand(policy, both, acted))
    plain = step_of(policy, acted)
    assert np.linalg.norm(got - plain) > 0.3 * np.linalg.norm(plain)


def test_what_is_measured_stays_as_it_is(policy):
    new, _ = stepped(policy, seen_by(policy))

    assert bool(eqx.tree_equal(new.trunk.normalizer, policy.trunk.normalizer))


@pytest.mark.parametrize(
    ("rows", "kept"), [(3, 3), (FISHER_ROWS, FISHER_ROWS), (FISHER_ROWS + 1, 4097)]
)
def test_the_fisher_matrix_is_measured_on_no_more_rows_than_it_needs(rows, kept):
    column = jnp.arange(rows, dtype=jnp.float32)
    batch = Batch(column[:, None], column[:, None], column, jnp.ones(rows, bool))

    assert some(batch).weight.shape == (kept,)
