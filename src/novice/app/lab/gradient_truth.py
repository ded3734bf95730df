"""Hold both gradients against the exact one, on a task so small that it is known.

Four places: from the start one action leads to a bridge and another from there home;
the others lead into a swamp, which costs. The expert never sees the swamp.
"""

import functools
import itertools
from collections.abc import Callable
from statistics import NormalDist
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Float

from novice.app.lab.gradient_point import practiced_batch, shown_batch
from novice.learning.fit import fresh_state
from novice.learning.gradients import (
    Listed,
    Tabular,
    as_row,
    every_trajectory,
    expected_return,
    gradient,
    probability_of,
)
from novice.learning.heads import Categorical
from novice.learning.network import Layer
from novice.learning.policy import Policy, new_policy, trainable
from novice.learning.stepping import ascended
from novice.types import Batch, Learner, Trajectories

PLACES = ("start", "bridge", "swamp", "home")
TASK = Tabular(
    start=np.array([0.8, 0.2, 0.0, 0.0], np.float32),
    transition=np.array(
        [
            [[0.1, 0.0, 0.9, 0.0], [0.2, 0.8, 0.0, 0.0]],
            [[0.0, 0.1, 0.0, 0.9], [0.0, 0.1, 0.9, 0.0]],
            [[0.3, 0.6, 0.1, 0.0], [0.0, 0.0, 1.0, 0.0]],
            [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0]],
        ],
        np.float32,
    ),
    reward=np.array([[-1.0, -1.0], [4.0, -1.0], [-2.0, -2.0], [0.0, 0.0]], np.float32),
    ends=np.array([False, False, False, True]),
    limit=5,
)
BATCHES = 2_000
EPISODES = 8  # in a batch
DRAWN = 300  # batches in the picture
# What actions count in the estimators of practice.
ESTIMATORS = ("full return", "rewards to go − mean")
SUPERVISED = "supervised"
# Steps along the gradient as it is.
_PLAIN = optax.identity()


class Truth(NamedTuple):
    """The exact gradients at one policy: of the return, and of the expert's words."""

    of_return: Float[np.ndarray, " parameters"]
    supervised: Float[np.ndarray, " parameters"]


def policy_with(preference: Float[np.ndarray, "places actions"]) -> Policy:
    """A policy with a number for each action in each place: a table, and a shift."""
    policy = new_policy(
        len(PLACES), Categorical((2,)), hidden=(), key=jax.random.key(0)
    )
    table = Layer(jnp.asarray(preference, jnp.float32), jnp.zeros(2))
    return eqx.tree_at(lambda whole: whole.trunk.layers, policy, (table,))


def best_policy() -> Policy:
    """The expert: of all who always do the same in a place, who returns most."""
    surely = 20.0  # of e: who prefers an action so much does nothing else

    def of(actions: tuple[int, ...]) -> Policy:
        return policy_with(surely * np.eye(2, dtype=np.float32)[list(actions)])

    everybody = [of(actions) for actions in itertools.product(range(2), repeat=4)]
    return max(everybody, key=lambda one: float(expected_return(TASK, one)))


def truth_of(policy: Policy, expert: Policy, listed: Listed) -> Truth:
    """Both gradients, with every trajectory as likely as it is."""
    seen = listed.trajectories
    shown = probability_of(listed, expert)

    def likelihood(one: Policy) -> jax.Array:
        log = one.log_probability(
            jnp.asarray(seen.observation[:, :-1]), jnp.asarray(seen.action_sampled)
        )
        return shown @ jnp.sum(log, axis=1, where=jnp.asarray(seen.valid))

    of_return = gradient(lambda one: expected_return(TASK, one), policy)
    supervised = gradient(likelihood, policy)
    return Truth(*(np.asarray(each, np.float64) for each in (of_return, supervised)))


def move(policy: Policy, batch: Batch, episodes: int) -> jax.Array:
    """How far one step of `fit` moves what learns, at a rate of 1."""
    learner = Learner(policy, fresh_state(policy, _PLAIN))
    after, _ = ascended(learner, batch, episodes, rate=1.0, optimizer=_PLAIN)
    return learned_row(after.policy) - learned_row(policy)


def learned_row(policy: Policy) -> jax.Array:
    """Everything in a policy that learns, as one row of numbers."""
    return as_row(eqx.filter(policy, trainable(policy)))


def moves(
    policy: Policy,
    weighed: Callable[[Trajectories], Batch],
    listed: Listed,
    members: np.ndarray,
) -> Float[np.ndarray, "batches parameters"]:
    """The step that each batch of listed trajectories asks for."""

    def of_one(chosen: jax.Array) -> jax.Array:
        seen = jax.tree.map(
            lambda column: jnp.asarray(column)[chosen], listed.trajectories
        )
        return move(policy, weighed(seen), members.shape[1])

    found = jax.lax.map(eqx.filter_jit(of_one), jnp.asarray(members), batch_size=500)
    return np.asarray(found, np.float64)


def drawn_members(
    listed: Listed, who: Policy, generator: np.random.Generator
) -> np.ndarray:
    """Batches of trajectories, each as likely as it is when somebody acts."""
    likely = np.asarray(probability_of(listed, who), np.float64)
    return generator.choice(
        len(likely), size=(BATCHES, EPISODES), p=likely / likely.sum()
    )


def truth_measured(seed: int) -> dict[str, Any]:
    """What the expert's words and both estimators say, against the exact gradient."""
    listed = every_trajectory(TASK)
    policy = policy_with(np.zeros((4, 2), np.float32))
    expert = best_policy()
    exact = truth_of(policy, expert, listed)
    generator = np.random.default_rng([seed, 7])
    shown = drawn_members(listed, expert, generator)
    acted = drawn_members(listed, policy, generator)
    found = {SUPERVISED: moves(policy, shown_batch, listed, shown)}
    for name in ESTIMATORS:
        weighed = functools.partial(practiced_batch, policy, weighing=name)
        found[name] = moves(policy, weighed, listed, acted)
    aims = {name: exact.of_return for name in found} | {SUPERVISED: exact.supervised}
    return {
        "places": list(PLACES),
        "trajectories": len(listed.chance),
        "batches": BATCHES,
        "episodes": EPISODES,
        "cosine": cosine_of(exact.supervised, exact.of_return),
        "swamp": {
            name: float(np.linalg.norm(rows_of(each)[PLACES.index("swamp")]))
            for name, each in (
                (SUPERVISED, exact.supervised),
                ("practice", exact.of_return),
            )
        },
        "ways": [
            {"name": name, **held_against(each, aims[name], exact.of_return)}
            for name, each in found.items()
        ],
        "drawn": plane_of(found, exact),
    }


def held_against(
    each: Float[np.ndarray, "batches parameters"],
    aim: Float[np.ndarray, " parameters"],
    of_return: Float[np.ndarray, " parameters"],
) -> dict[str, Any]:
    """How far the mean of all batches is off, and how much one batch scatters.

    Lengths are in those of what is aimed at; `surely_off` says whether any number of
    the mean is off by more than chance explains (z-tests, 1 in 1,000 in all).
    """
    length, mean = float(np.linalg.norm(aim)), each.mean(axis=0)
    error = each.std(axis=0, ddof=1) / len(each) ** 0.5
    moved = error > 1e-9 * length
    z = np.abs(mean - aim)[moved] / error[moved]
    level = NormalDist().inv_cdf(1 - 1e-3 / (2 * max(len(z), 1)))
    towards = (
        each
        @ of_return
        / np.maximum(np.linalg.norm(each, axis=1) * np.linalg.norm(of_return), 1e-12)
    )
    low, middle, high = np.quantile(towards, [0.05, 0.5, 0.95])
    return {
        "off": float(np.linalg.norm(mean - aim)) / length,
        "by_chance": float(np.sqrt(np.sum(error**2))) / length,
        "surely_off": bool(z.max(initial=0.0) > level),
        "scatter": float(np.sqrt(each.var(axis=0, ddof=1).sum())) / length,
        "towards": {"median": float(middle), "middle90": [float(low), float(high)]},
    }


def plane_of(
    found: dict[str, Float[np.ndarray, "batches parameters"]], exact: Truth
) -> dict[str, Any]:
    """Where some batches' steps end in the plane of the two exact gradients.

    Across is along the gradient of the return, in its lengths; the supervised ones are
    told in lengths of theirs.
    """
    length = np.linalg.norm(exact.of_return)
    across = exact.of_return / length
    beside = exact.supervised - across * (exact.supervised @ across)
    up = beside / max(float(np.linalg.norm(beside)), 1e-12)
    units = {name: length for name in found}
    units[SUPERVISED] = np.linalg.norm(exact.supervised)

    def places(rows: np.ndarray, unit: float) -> list[list[float]]:
        lying = np.stack([rows @ across, rows @ up], axis=-1) / unit
        return np.round(lying, 3).tolist()

    return {
        "supervised": places(exact.supervised[None], float(units[SUPERVISED]))[0],
        "batches": {
            name: places(each[:DRAWN], float(units[name]))
            for name, each in found.items()
        },
    }


def cosine_of(one: np.ndarray, other: np.ndarray) -> float:
    """How far two directions agree."""
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def rows_of(row: Float[np.ndarray, " parameters"]) -> Float[np.ndarray, "places 2"]:
    """The part of a gradient that is about each place's own numbers."""
    return row[: 2 * len(PLACES)].reshape(len(PLACES), 2)
