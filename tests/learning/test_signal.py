"""How far a batch can be believed, against what is known of it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from novice.learning.gradients import gradient
from novice.learning.heads import Categorical
from novice.learning.policy import new_policy
from novice.learning.signal import (
    Signal,
    each_gradient,
    noise_scale,
    signal_of,
)
from novice.types import Batch

SIZE = 50


@eqx.filter_jit
def signal(gradients: np.ndarray) -> Signal:
    rows = jnp.asarray(gradients)
    return signal_of(lambda number: rows[number], len(rows))


def drawn(episodes: int, *, length: float, noise: float, seed: int = 0) -> np.ndarray:
    """Gradients around one of this length; the noise's variance summed is noise²."""
    random = np.random.default_rng(seed)
    truth = np.zeros(SIZE)
    truth[0] = length
    beside = random.normal(size=(episodes, SIZE)) * noise / SIZE**0.5
    return (truth + beside).astype(np.float32)


def test_each_trajectory_has_a_gradient_and_their_mean_is_the_batchs():
    random = np.random.default_rng(1)
    policy = new_policy(3, Categorical((2,)), hidden=(4,), key=jax.random.key(0))
    batch = Batch(
        jnp.asarray(random.normal(size=(20, 3)), jnp.float32),
        jnp.asarray(random.integers(2, size=(20, 1)), jnp.int32),
        jnp.asarray(random.normal(size=20), jnp.float32),
        jnp.asarray(random.random(20) < 0.7),
    )

    each = jax.vmap(each_gradient(policy, batch, 5))(jnp.arange(5))

    def gain(policy):
        log = policy.log_probability(batch.observation, batch.target)
        return jnp.sum(batch.weight * log, where=batch.valid) / 5

    assert each.shape[0] == 5
    np.testing.assert_allclose(each.mean(axis=0), gradient(gain, policy), atol=1e-5)


def means(length: float, noise: float, batches: int) -> tuple[float, float, float]:
    """What is left of the squared length, of the variance and of the agreement."""
    found = [
        signal(drawn(100, length=length, noise=noise, seed=seed))
        for seed in range(batches)
    ]
    return tuple(
        float(np.mean([float(getattr(each, name)) for each in found]))
        for name in ("squared", "variance", "agreement")
    )


def test_the_noise_scale_is_where_noise_and_gradient_are_equal():
    """Length 2 and noise 6: the noise of a mean of 9 is as long as the gradient."""
    squared, variance, agreement = means(2.0, 6.0, 50)

    assert squared == pytest.approx(4, rel=0.1)
    assert variance == pytest.approx(36, rel=0.02)
    assert noise_scale(squared, variance) == pytest.approx(9, rel=0.1)
    # Each half of 50 has the gradient's 4, and 36 / 50 of noise.
    assert agreement == pytest.approx(4 / 4.72, abs=0.03)


def test_the_noise_of_a_mean_is_not_taken_for_a_gradient():
    squared, variance, agreement = means(0.0, 1.0, 200)

    assert abs(squared) < 0.001 < variance / 100
    assert abs(agreement) < 0.05


def test_where_no_gradient_shows_no_batch_is_large_enough():
    assert noise_scale(-0.1, 5.0) == noise_scale(0.0, 5.0) == np.inf


def test_halves_agree_where_all_say_the_same_and_not_where_they_say_the_opposite():
    same = signal(np.tile(np.float32([1, 2, 3]), (6, 1)))
    opposite = signal(np.float32([[1, 0]] * 3 + [[-1, 0]] * 3))

    assert float(same.agreement) == pytest.approx(1, abs=1e-6)
    assert float(opposite.agreement) == pytest.approx(-1, abs=1e-6)
    assert float(same.effective) == pytest.approx(6)
    assert float(same.variance) == pytest.approx(0, abs=1e-5)


def test_where_nothing_is_to_be_learned_every_number_is_still_a_number():
    found = signal(np.zeros((4, 3), np.float32))

    assert [float(each) for each in found] == [0, 0, 0, 0]


def test_one_long_gradient_among_many_counts_nearly_alone():
    found = signal(np.float32([[100.0], [1], [1], [1]]))

    assert float(found.effective) == pytest.approx(103**2 / 10003, rel=1e-5)
