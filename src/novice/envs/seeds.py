"""Keep the episodes apart: what trains never validates, what validates never tests."""

import jaxtyping
import numpy as np
from jaxtyping import Int

# Seeds below this one are for training.
FIRST_VALIDATION_SEED = 1_000_000_000
# Seeds from here on are for the numbers that are reported at the end.
FIRST_TEST_SEED = 1_500_000_000


def training_seeds(
    key: "jaxtyping.PRNGKeyArray", count: int
) -> Int[np.ndarray, " episodes"]:
    """Fresh seeds for episodes to learn from."""
    # Whoever only plays need not wait for JAX.
    import jax

    drawn = jax.random.randint(key, (count,), 0, FIRST_VALIDATION_SEED)
    return np.asarray(drawn, np.int64)


def validation_seeds(count: int) -> Int[np.ndarray, " episodes"]:
    """The episodes that choose between rounds: the same ones for every run."""
    return FIRST_VALIDATION_SEED + np.arange(count, dtype=np.int64)


def test_seeds(count: int) -> Int[np.ndarray, " episodes"]:
    """The episodes that are reported: the same ones for every run, so runs pair up."""
    return FIRST_TEST_SEED + np.arange(count, dtype=np.int64)
