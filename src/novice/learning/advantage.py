"""Estimate how much better an action was than its policy's actions are on average."""

import jax
import jax.numpy as jnp
from jaxtyping import Bool, Float

from novice.learning.policy import Critic
from novice.types import AnyArray, Trajectories


def generalized_advantage(
    reward: Float[AnyArray, "envs time"],
    value: Float[AnyArray, "envs time"],
    value_after: Float[AnyArray, "envs time"],
    terminated: Bool[AnyArray, "envs time"],
    ended: Bool[AnyArray, "envs time"],
    valid: Bool[AnyArray, "envs time"],
    *,
    discount: float,
    smoothing: float,
) -> Float[jax.Array, "envs time"]:
    """Σ_k (γλ)^k δ_{t+k} with δ_t = r_t + γ V(after step t) − V(before), up to the end.

    Nothing is worth anything after a step that `terminated`; what follows a step that
    `ended` an episode in any way is another episode's. The last column ends whatever
    still goes on. Schulman et al. 2016 (GAE, equation 16,
    https://arxiv.org/abs/1506.02438).
    """
    future = jnp.where(terminated, 0.0, discount * jnp.asarray(value_after))
    residual = jnp.where(valid, reward + future - value, 0.0)
    cut = jnp.asarray(ended) | jnp.asarray(terminated)
    share = jnp.where(cut, 0.0, discount * smoothing)

    def earlier(later: jax.Array, step: tuple[jax.Array, ...]) -> tuple:
        residual_now, share_now, valid_now = step
        advantage = jnp.where(valid_now, residual_now + share_now * later, 0.0)
        return advantage, advantage

    steps = (residual.T, share.T, jnp.asarray(valid).T)
    _, advantage = jax.lax.scan(earlier, jnp.zeros(share.shape[0]), steps, reverse=True)
    return advantage.T


def advantage_of_episodes(
    trajectories: Trajectories, critic: Critic, *, discount: float, smoothing: float
) -> tuple[Float[jax.Array, "episodes time"], Float[jax.Array, "episodes time"]]:
    """The advantage of each step of whole episodes, and what it makes of its value.

    Their sum is the TD(λ) return, the target for the critic.
    """
    valid = jnp.asarray(trajectories.valid)
    value = critic(jnp.asarray(trajectories.observation))
    last = jnp.arange(valid.shape[1]) == trajectories.length[:, None] - 1
    advantage = generalized_advantage(
        trajectories.reward,
        value[:, :-1],
        value[:, 1:],
        last & jnp.asarray(trajectories.terminated)[:, None],
        last,
        valid,
        discount=discount,
        smoothing=smoothing,
    )
    return advantage, jnp.where(valid, advantage + value[:, :-1], 0.0)


def normalized(
    weight: Float[AnyArray, "*lead"], valid: Bool[AnyArray, "*lead"]
) -> Float[jax.Array, "*lead"]:
    """Weights less their mean, over their standard deviation; 0 where not valid.

    Weights that do not differ by more than they are rounded come to 0.
    """
    weight = jnp.asarray(weight)
    about = weight - jnp.mean(weight, where=valid)
    spread = jnp.sqrt(jnp.mean(about**2, where=valid))
    rounded = 1e-6 * jnp.max(jnp.abs(weight), where=valid, initial=0.0)
    differs = jnp.asarray(valid) & (spread > rounded)
    return jnp.where(differs, about / jnp.where(spread > rounded, spread, 1.0), 0.0)
