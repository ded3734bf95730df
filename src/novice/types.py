"""The nouns: the few things that travel between rooms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Bool, Float, Int, Num

# Host rooms fill the nouns with NumPy arrays, device rooms with JAX arrays. A static
# type checker cannot tell which; shapes and kinds are checked in the tests.
if TYPE_CHECKING:
    AnyArray = Any
else:
    AnyArray = np.ndarray | jax.Array


class Trajectories(eqx.Module):
    """What happened: whole episodes, padded to the longest with finite values.

    `observation` has one more step than the rest: where each episode ended. An episode
    that is neither terminated nor truncated was still going on when recording stopped.
    What was *sampled* is kept as it was; what was *executed* lies within the bounds,
    and is the expert's action where `expert_acted`. An episode is a `success` if any of
    its steps said so; None where the task does not speak of success.
    """

    # First, because the shape checks know `time+1` only once they have met `time`.
    valid: Bool[AnyArray, "episodes time"]
    observation: Num[AnyArray, "episodes time+1 obs"]
    action_sampled: Num[AnyArray, "episodes time actions"]
    action_executed: Num[AnyArray, "episodes time actions"]
    expert_acted: Bool[AnyArray, "episodes time"]
    reward: Float[AnyArray, "episodes time"]
    terminated: Bool[AnyArray, " episodes"]
    truncated: Bool[AnyArray, " episodes"]
    seed: Int[AnyArray, " episodes"]
    success: Bool[AnyArray, " episodes"] | None = None

    @property
    def length(self) -> Int[AnyArray, " episodes"]:
        """Steps of each episode."""
        return self.valid.sum(axis=1)


class Fragments(eqx.Module):
    """What happened in a stretch of steps of environments that go on side by side.

    An episode may have begun before the stretch and go on after it. `after` is where a
    step led, also when the episode ended there. A step is not `valid` in which an
    environment only began anew. `returned` is what a step's episode has returned by
    then, that step included.
    """

    valid: Bool[AnyArray, "environments time"]
    observation: Num[AnyArray, "environments time obs"]
    after: Num[AnyArray, "environments time obs"]
    action_sampled: Num[AnyArray, "environments time actions"]
    reward: Float[AnyArray, "environments time"]
    terminated: Bool[AnyArray, "environments time"]
    truncated: Bool[AnyArray, "environments time"]
    returned: Float[AnyArray, "environments time"]


class Batch(eqx.Module):
    """What to learn from: `weight` says how much a row counts, `valid` whether."""

    observation: Num[AnyArray, "rows obs"]
    target: Num[AnyArray, "rows actions"]
    weight: Float[AnyArray, " rows"]
    valid: Bool[AnyArray, " rows"]


class Learner(eqx.Module):
    """Who learns: a policy, a critic where there is one, and their optimizers' states.

    The policy's observation normalizer is part of the policy.
    """

    policy: Any
    policy_state: Any
    critic: Any = None
    critic_state: Any = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Round:
    """One turn of the loop: who had learned what from which answers, and how it went.

    `measures` are numbers and short texts that a report can show; they hold no clock
    readings. `trajectories` are what the round looked at, where a round keeps them.
    """

    number: int
    learner: Learner
    dataset: Any = None
    measures: Mapping[str, Any] = field(default_factory=dict)
    trajectories: Trajectories | None = None
