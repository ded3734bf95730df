"""Tasks of three states, of which everything is known, and who acts in them."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from novice.learning.gradients import Tabular
from novice.learning.heads import Categorical
from novice.learning.network import Layer
from novice.learning.policy import Critic, Policy, new_critic, new_policy

# The last state ends the episode; nothing is certain.
TASK = Tabular(
    start=np.float32([0.7, 0.3, 0.0]),
    transition=np.float32(
        [
            [[0.6, 0.3, 0.1], [0.0, 0.5, 0.5]],
            [[0.5, 0.5, 0.0], [0.2, 0.0, 0.8]],
            [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]],
        ]
    ),
    reward=np.float32([[1.0, -2.0], [0.5, 3.0], [9.0, 9.0]]),
    ends=np.array([False, False, True]),
    limit=3,
)
# The same with one uncertain step: 18 trajectories, of 1, 2 and 3 steps.
SMALL = eqx.tree_at(
    lambda task: task.transition,
    TASK,
    np.float32(
        [
            [[1.0, 0.0, 0.0], [0.0, 0.7, 0.3]],
            [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]],
            [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]],
        ]
    ),
)
WEIGHT = np.float32([[0.3, -0.2], [-0.5, 0.4], [0.1, 0.1]])
BIAS = np.float32([0.2, 0.0])
VALUES = (2.0, -1.0, 0.0)


def new_tabular_policy() -> Policy:
    policy = new_policy(3, Categorical((2,)), hidden=(), key=jax.random.key(0))
    layers = (Layer(jnp.asarray(WEIGHT), jnp.asarray(BIAS)),)
    return eqx.tree_at(lambda one: one.trunk.layers, policy, layers)


def critic_of(values: tuple[float, ...]) -> Critic:
    critic = new_critic(3, hidden=(), key=jax.random.key(0))
    layers = (Layer(jnp.asarray(np.float32(values))[:, None], jnp.zeros(1)),)
    return eqx.tree_at(lambda one: one.trunk.layers, critic, layers)
