"""A few short episodes whose numbers can be followed by hand."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from novice.learning.heads import gaussian
from novice.learning.network import Layer, Mlp, Normalizer
from novice.learning.policy import Critic, Policy, new_policy
from novice.learning.weigh import weigh_trajectories
from novice.learning.weighing import Weighing
from novice.types import Batch, Trajectories

# Three episodes of 4, 2 and 1 steps.
VALID = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]], bool)


def critic_that_sees(slope: float) -> Critic:
    """V(o) = slope * o, for observations of one number."""
    nothing, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    layer = Layer(np.full((1, 1), slope, np.float32), nothing)
    trunk = Mlp(Normalizer(nothing, one, one, np.array(0, np.float32)), (layer,))
    return Critic(trunk, np.array(0, np.float32), np.array(1, np.float32))


def policy_around(mean: float) -> Policy:
    """π(a given o) = N(mean, 1), for observations and actions of one number."""
    policy = new_policy(1, gaussian((0.0,), (1.0,)), hidden=(), key=jax.random.key(0))
    layers = (Layer(jnp.zeros((1, 1)), jnp.full(1, mean)),)
    policy = eqx.tree_at(lambda one: one.trunk.layers, policy, layers)
    return eqx.tree_at(lambda one: one.head.log_std, policy, jnp.zeros(1))


POLICY = policy_around(-1.0)


def trajectories_of(
    reward: np.ndarray,
    valid: np.ndarray,
    *,
    observation: np.ndarray | None = None,
    terminated: np.ndarray | None = None,
) -> Trajectories:
    episodes, time = valid.shape
    if observation is None:
        observation = np.zeros((episodes, time + 1, 1), np.float32)
    if terminated is None:
        terminated = np.ones(episodes, bool)
    sampled = np.arange(episodes * time, dtype=np.float32).reshape(episodes, time, 1)
    return Trajectories(
        observation=observation,
        action_sampled=sampled,
        action_executed=np.clip(sampled, -1, 1),
        expert_acted=np.zeros((episodes, time), bool),
        reward=reward.astype(np.float32),
        valid=valid,
        terminated=terminated,
        truncated=~terminated,
        seed=np.arange(episodes),
    )


# Two episodes of 3 and 2 steps, whose observations are 1, 2, 3, …; V(o) = 10 o.
OBSERVATION = np.float32([[[1], [2], [3], [4]], [[5], [6], [7], [99]]])
TWO_LENGTHS = np.array([[1, 1, 1], [1, 1, 0]], bool)


REWARDS = np.float32([[1, 2, 4], [8, 16, 99]])  # to go: 7, 6, 4 and 24, 16


def batch_of(seen: Trajectories, critic: Critic | None = None, **how) -> Batch:
    how = Weighing(**{"discount": 1.0, **how})
    batch, _ = weigh_trajectories(seen, POLICY, critic, how)
    return jax.tree.map(np.asarray, batch)


numbers = st.floats(-1e3, 1e3, width=32)


def arrays(*shape: int):
    return hnp.arrays(np.float32, shape, elements=numbers)


def lengths_as_valid(lengths: list[int], time: int) -> np.ndarray:
    return np.arange(time)[None] < np.array(lengths)[:, None]


lengths = st.lists(st.integers(1, 4), min_size=3, max_size=3)
