"""What trains never validates, and what validates never tests."""

import jax
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from novice.envs import seeds

# The largest number of episodes that anybody would evaluate on.
MANY = 100_000


@given(seed=st.integers(0, 2**32 - 1))
def test_training_seeds_lie_below_those_of_validation(seed):
    drawn = seeds.training_seeds(jax.random.key(seed), 64)

    assert drawn.min() >= 0
    assert drawn.max() < seeds.validation_seeds(1)[0]


def test_validation_seeds_lie_below_those_of_the_test():
    assert seeds.validation_seeds(MANY).max() < seeds.test_seeds(1)[0]


def test_every_seed_fits_into_the_integers_of_jax():
    assert seeds.test_seeds(MANY).max() < 2**31


def test_no_evaluation_seed_comes_twice():
    for drawn in (seeds.validation_seeds(MANY), seeds.test_seeds(MANY)):
        assert len(np.unique(drawn)) == MANY


def test_training_seeds_follow_their_key():
    first, again, other = (
        seeds.training_seeds(jax.random.key(number), 64) for number in (0, 0, 1)
    )

    np.testing.assert_array_equal(first, again)
    assert not set(first.tolist()) & set(other.tolist())
