"""Measure what data, weights and directions are at one point of a policy's training."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats
from jaxtyping import Float, Int

from novice.app.lab.gradient_directions import cosine_told, length_told, surely_some
from novice.app.shift import visits_of
from novice.evaluation.returns import returns_of
from novice.evaluation.shift import shift
from novice.evaluation.statistics import estimate
from novice.learning.policy import Policy
from novice.learning.signal import Signal, each_gradient, noise_scale, signal_of
from novice.learning.weigh import flat, once, weigh_trajectories
from novice.learning.weighing import Weighing, declared
from novice.types import Batch, Trajectories

# What an action may count in practice. No reward is discounted: the gradient is that of
# the return itself.
WEIGHINGS = {
    "full return": Weighing("full-return", "none", discount=1.0),
    "rewards to go": Weighing("rewards-to-go", "none", discount=1.0),
    "rewards to go − mean": Weighing("rewards-to-go", "mean", discount=1.0),
}
# The one along which the policy practices.
CHOSEN = "rewards to go − mean"
# States of each cloud that are drawn.
DRAWN = 400
# Gradients that are computed at a time.
AT_A_TIME = 8


def shown_batch(seen: Trajectories) -> Batch:
    """What the expert did: every row counts once."""
    observation, done = flat(seen.observation[:, :-1]), flat(seen.action_sampled)
    return once(observation, done, flat(seen.valid))


def practiced_batch(
    policy: Policy, seen: Trajectories, weighing: str = CHOSEN
) -> Batch:
    """What the policy did itself: every row counts what it brought."""
    seen = jax.tree.map(jnp.asarray, seen)
    batch, _ = weigh_trajectories(seen, policy, None, WEIGHINGS[weighing])
    return batch


@eqx.filter_jit
def gradients_and_signal(
    policy: Policy, batch: Batch, episodes: int
) -> tuple[Float[jax.Array, "episodes parameters"], Signal]:
    """What each episode asks for, and how far their mean can be believed."""
    of_one = each_gradient(policy, batch, episodes)
    each = jax.lax.map(of_one, jnp.arange(episodes), batch_size=AT_A_TIME)
    return each, signal_of(lambda number: each[number], episodes)


def point_measured(
    policy: Policy,
    shown: Trajectories,
    seen: Trajectories,
    first: Trajectories,
    axes: Int[np.ndarray, "2"],
) -> dict[str, Any]:
    """Everything that is told of a policy, which acted in `seen`.

    `shown` are the expert's episodes, `first` those of the beginner; `axes` are the
    numbers of an observation that are drawn.
    """
    count = len(seen.seed)
    supervised, told = direction(policy, shown_batch(shown), count)
    rows = int(np.sum(shown.valid))
    found: dict[str, Any] = {
        "return": estimate(returns_of(seen).value).as_json(),
        "likelihood": likelihood(policy, shown),
        "parameters": supervised.shape[1],
        "supervised": {
            **told,
            # Of the mean over rows, as imitation takes it.
            "length": length_told(supervised, unit=count / rows),
        },
        "weighings": [],
    }
    for weighing, how in WEIGHINGS.items():
        batch = practiced_batch(policy, seen, weighing)
        each, told = direction(policy, batch, count)
        weights = {"unbiased": declared(how).unbiased, **weights_told(batch)}
        found["weighings"].append({"name": weighing, **weights, **told})
        if weighing == CHOSEN:
            found["practice"] = {**told, "length": length_told(each, unit=1.0)}
            agreed = cosine_told(supervised, each)
            found |= {} if agreed is None else {"cosine": agreed}
    return {
        **found,
        "states": states_told(shown, seen, first),
        "drawn": {
            "states": cloud(seen, axes),
            "trace": trace(policy, seen),
        },
    }


def direction(
    policy: Policy, batch: Batch, episodes: int
) -> tuple[Float[np.ndarray, "episodes parameters"], dict[str, Any]]:
    """What each episode asks for, and how much of their mean is noise.

    `noise_scale` is how many episodes make noise and gradient equally long; it is
    absent where these episodes cannot tell that there is a gradient.
    """
    found, signal = gradients_and_signal(
        policy, jax.tree.map(jnp.asarray, batch), episodes
    )
    each = np.asarray(found, np.float64)
    told_of = {
        "agreement": float(signal.agreement),
        "effective": float(signal.effective),
    }
    if surely_some(each):
        scale = noise_scale(float(signal.squared), float(signal.variance))
        told_of["noise_scale"] = scale
    return each, told_of


def likelihood(policy: Policy, shown: Trajectories) -> float:
    """The mean log-likelihood of what the expert did, in nats a row."""
    batch = jax.tree.map(jnp.asarray, shown_batch(shown))
    log = policy.log_probability(batch.observation, batch.target)
    return float(jnp.mean(log, where=batch.valid))


def weights_told(batch: Batch) -> dict[str, Any]:
    """What actions count: the mean, the spread, and how many count against."""
    weight = np.asarray(batch.weight, np.float64)[np.asarray(batch.valid)]
    return {
        "mean": float(weight.mean()),
        "spread": float(weight.std()),
        "against": float(np.mean(weight < 0)),
    }


def states_told(
    shown: Trajectories, seen: Trajectories, first: Trajectories
) -> dict[str, Any]:
    """How often a policy's states are told from the expert's, and from a beginner's.

    Of a pair at equal times: 0.5 is guessing, 1 always. What cannot be compared is
    absent.
    """
    mine = visits_of(seen)
    others = {"from_expert": shown, "from_beginner": first}
    found = {}
    for name, other in others.items():
        apart = None if other is seen else shift(visits_of(other), mine)
        if apart is not None:
            found[name] = {
                "auc": apart.auc,
                "ci95": list(apart.ci95),
                "p": apart.p,
            }
    return found


def columns(seen: Trajectories) -> Float[np.ndarray, "rows numbers"]:
    """The numbers of every state in which somebody acted.

    Where a state is a single number, the time stands beside it.
    """
    visits = visits_of(seen)
    state = np.asarray(visits.state, np.float64)
    if state.shape[1] > 1:
        return state
    return np.concatenate([state, visits.step[:, None]], axis=1)


def most_different(shown: Trajectories, seen: Trajectories) -> Int[np.ndarray, "2"]:
    """The two numbers of a state in which two sides differ most.

    By the Wasserstein distance, in standard deviations of both sides together.
    """
    one, other = columns(shown), columns(seen)
    spread = np.concatenate([one, other]).std(axis=0)
    apart = [
        scipy.stats.wasserstein_distance(a, b) / (width or 1.0)
        for a, b, width in zip(one.T, other.T, spread, strict=True)
    ]
    return np.sort(np.argsort(apart, kind="stable")[-2:])


def cloud(seen: Trajectories, axes: Int[np.ndarray, "2"]) -> list[list[float]]:
    """Some of the states, evenly over all of them, in the numbers that are drawn."""
    numbers = columns(seen)[:, axes]
    chosen = np.linspace(0, len(numbers) - 1, min(DRAWN, len(numbers))).round()
    return significant(numbers[chosen.astype(int)]).tolist()


def trace(policy: Policy, seen: Trajectories) -> Mapping[str, list[float]]:
    """What each action of one episode counts, by every weighing.

    It is the episode whose return is nearest to the mean of all.
    """
    length, returned = np.asarray(seen.length), returns_of(seen).value
    episode = int(np.argmin(np.abs(returned - returned.mean())))
    found = {}
    for weighing in WEIGHINGS:
        weight = np.asarray(practiced_batch(policy, seen, weighing).weight)
        mine = weight.reshape(len(length), -1)[episode, : length[episode]]
        found[weighing] = significant(mine.astype(np.float64)).tolist()
    return found


def significant(numbers: np.ndarray) -> np.ndarray:
    """The numbers to about four figures of the largest."""
    largest = np.max(np.abs(numbers), axis=0)
    power = np.floor(np.log10(np.where(largest > 0, largest, 1.0)))
    unit = 10.0 ** (power - 3)
    return np.round(np.round(numbers / unit) * unit, 10)
