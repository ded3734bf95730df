"""Ask where policies disagree that were fitted to the same answers."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Num, PRNGKeyArray

from novice.envs.host_policy import HostPolicy
from novice.experts.asking.visited import Visited, by_rank, generator_of, in_blocks
from novice.learning.heads import marks_of
from novice.learning.policy import Policy

# Policies in a committee; five are the usual number.
MEMBERS = 5


def committee(visited: Visited, key: PRNGKeyArray) -> Bool[np.ndarray, "episodes time"]:
    """States in which the members of a committee say different things."""
    fit_key, choice_key = jax.random.split(key)
    score = doubt(visited, visited.askable, fit_key)
    return by_rank(visited, score, choice_key)


def doubt(
    visited: Visited, states: Bool[np.ndarray, "episodes time"], key: PRNGKeyArray
) -> Float[np.ndarray, " rows"]:
    """How far the members are apart in each of the states.

    Each is fitted to a bootstrap sample of the answers that stand. Their variance is
    that of the options' probabilities, or of real actions in half-ranges, added up.
    This is query by committee (Seung, Opper and Sompolinsky 1992,
    https://doi.org/10.1145/130385.130417) with bagging, as EnsembleDAgger doubts
    (Menda et al. 2019, https://arxiv.org/abs/1807.08364).
    """
    seen = visited.windows(states)
    stands = visited.dataset.standing()
    said = []
    for member in jax.random.split(key, MEMBERS):
        draw_key, fit_key = jax.random.split(member)
        policy = visited.fitted(bootstrap(stands, draw_key), fit_key)
        said.append(what_it_says(policy, seen, visited.half_range))
    return np.stack(said).var(axis=0).sum(axis=1)


def bootstrap(
    stands: Bool[np.ndarray, " rows"], key: PRNGKeyArray
) -> Float[np.ndarray, " rows"]:
    """How often each row is drawn when as many as stand are, with replacement."""
    rows = np.flatnonzero(stands)
    drawn = generator_of(key).choice(rows, len(rows))
    return np.bincount(drawn, minlength=len(stands)).astype(np.float64)


def what_it_says(
    policy: Policy,
    seen: Num[np.ndarray, "rows numbers"],
    half_range: Float[np.ndarray, " actions"],
) -> Float[np.ndarray, "rows said"]:
    """The probability of each option, or the action in half-ranges.

    A head that knows no probabilities says 1 for what it chooses and 0 for the rest.
    """
    host = HostPolicy(policy)
    head = host.head
    if head.options and head.has_likelihood:
        return in_blocks(lambda rows: probabilities(policy, host.outputs(rows)), seen)
    # Those who must draw draw alike: they differ by what they learned alone.
    noise = head.noise(jax.random.key(0), ()) if host.draws else None
    action = in_blocks(lambda rows: host.best(rows, noise), seen)
    return marks_of(action, head.options) if head.options else action / half_range


def probabilities(
    policy: Policy, outputs: Float[np.ndarray, "rows outputs"]
) -> Float[np.ndarray, "rows said"]:
    """The probability of each option of each number of an action, side by side."""
    logs = policy.head.option_logs(jnp.asarray(outputs))
    return np.exp(np.concatenate(logs, axis=-1))
