"""Ask where the policy is undecided."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, PRNGKeyArray

from novice.envs.host_policy import HostPolicy
from novice.errors import NoviceError
from novice.experts.asking.visited import Visited, by_rank, in_blocks
from novice.learning.heads import AbstractHead
from novice.learning.heads.normal import AbstractNormalHead


class NeverUndecidedError(NoviceError):
    """The policy does not say where it is undecided."""


def entropy(visited: Visited, key: PRNGKeyArray) -> Bool[np.ndarray, "episodes time"]:
    """States in which the entropy of π(a given o) is high."""
    assert visited.policy is not None
    head, outputs = visited.policy.head, HostPolicy(visited.policy).outputs
    score = in_blocks(
        lambda seen: np.asarray(head.entropy(jnp.asarray(outputs(seen)))),
        visited.windows(visited.askable),
    )
    return by_rank(visited, score, key)


def check_entropy(head: AbstractHead) -> None:
    """Raise NeverUndecidedError where a head's entropy says nothing about a state."""
    if type(head).entropy is AbstractHead.entropy:
        why = "does not know how undecided it is"
    elif isinstance(head, AbstractNormalHead):
        why = "spreads alike everywhere, so nowhere more than elsewhere"
    else:
        return
    others = "" if head.options else ", or --head mixture or discretized"
    raise NeverUndecidedError(
        f"--ask entropy asks where the policy is undecided, but a"
        f" {head.config()['kind']} head {why}; say --ask committee or novelty{others}"
    )
