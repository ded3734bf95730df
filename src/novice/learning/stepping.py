"""Take a step of practice: along the gradient, or several, held back, or naturally.

How far it may go and what it must not forget are objectives of `trust` around the
weighted likelihood; the natural gradient is `natural`'s.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial
from jaxtyping import Bool, Float, PRNGKeyArray

from novice.learning.fit import (
    ADAM,
    WEIGHTED_LIKELIHOOD,
    Objective,
    fit,
    negative_weighted_likelihood,
    no_longer_than,
    shuffled_plan,
    whole_batch_plan,
)
from novice.learning.natural import natural_step
from novice.learning.policy import Policy
from novice.learning.trust import (
    anchored,
    clipped,
    penalized,
    remembered,
    undecided,
)
from novice.types import AnyArray, Batch, Learner

NOTHING = np.float32(0)


class Stepping(NamedTuple):
    """How a step is taken; hashable, so that it compiles once.

    `step` is gradient (one along ∇J), clip or kl (several, kept near what acted), or
    natural (one along F⁻¹∇J). `epochs` and `minibatches` are those of clip and kl,
    `longest` cuts gradients (0: never), `entropy` is what a nat of it is worth.
    """

    step: str = "gradient"
    epochs: int = 1
    minibatches: int = 1
    longest: float = 0.0
    entropy: float = 0.0


class Rates(NamedTuple):
    """How far one step goes, and how it is held back.

    `clip` is how far a ratio may leave 1, `penalty` what a nat of divergence costs,
    `divergence` how many nats a natural step goes and where clip turns back, `anchor`
    what a nat away from the anchor costs, `demonstrations` what a demonstrated action
    weighs, of the largest weight in the batch. `look` asks for the step's signal.
    """

    policy: Float[AnyArray, ""]
    critic: Float[AnyArray, ""]
    clip: Float[AnyArray, ""] = NOTHING
    penalty: Float[AnyArray, ""] = NOTHING
    divergence: Float[AnyArray, ""] = NOTHING
    anchor: Float[AnyArray, ""] = NOTHING
    demonstrations: Float[AnyArray, ""] = NOTHING
    look: Bool[AnyArray, ""] = np.False_


class Guides(NamedTuple):
    """What practice is not to forget: a policy to stay near, and demonstrations."""

    anchor: Policy | None = None
    demonstrations: Batch | None = None


NO_GUIDES = Guides()


def ascended(
    learner: Learner,
    batch: Batch,
    episodes: Float[AnyArray, ""] | int,
    *,
    rate: Float[AnyArray, ""] | float,
    objective: Objective = WEIGHTED_LIKELIHOOD,
    optimizer: optax.GradientTransformation = ADAM,
    key: PRNGKeyArray | None = None,
) -> tuple[Learner, Float[jax.Array, ""]]:
    """One step of the policy along Σ weight ∇ log π / episodes, and its loss.

    Another objective may take the place of the likelihood; what it draws comes from the
    key.
    """
    plan = whole_batch_plan(batch.valid.shape[0], rate)
    if key is not None:
        plan = plan._replace(seed=jax.random.bits(key, (1,)))
    learner, loss = fit(
        learner,
        batch,
        plan,
        objective=objective,
        optimizer=optimizer,
        normalizer=jnp.float32(episodes),
    )
    return learner, loss[0]


def stepped(
    learner: Learner,
    batch: Batch,
    seen: Batch,
    how: Stepping,
    rates: Rates,
    anchor: Policy | None,
    *,
    normalizer: Float[jax.Array, ""],
    key: PRNGKeyArray,
) -> tuple[Learner, Float[jax.Array, ""]]:
    """The learner after the policy's step or steps, and the loss before the first.

    `seen` are those of the rows that the policy acted in itself.
    """
    rows = batch.valid.shape[0]
    valid = jnp.sum(batch.valid).astype(jnp.float32)
    plain = how.step in ("gradient", "natural")
    # What is held against a row's weight counts as much as the row does.
    each = normalizer / valid if plain else jnp.float32(1)
    loss = held_back(loss_of(how, rates), how, rates, anchor, each=each)
    if how.step == "natural":
        policy, value = natural_step(
            learner.policy,
            batch,
            seen,
            loss,
            normalizer=normalizer,
            divergence=rates.divergence,
            key=key,
        )
        return eqx.tree_at(lambda whole: whole.policy, learner, policy), value
    objective, optimizer = Objective("policy", loss), no_longer_than(how.longest)
    if how.step == "gradient":
        return ascended(
            learner,
            batch,
            normalizer,
            rate=rates.policy,
            objective=objective,
            optimizer=optimizer,
            key=key,
        )
    plan = shuffled_plan(rows, how.epochs, how.minibatches, rates.policy, key=key)
    learner, losses = fit(
        learner,
        remembered(learner.policy, batch),
        plan,
        objective=objective,
        optimizer=optimizer,
        normalizer=plan.rows.shape[1] * valid / rows,
    )
    return learner, losses[0]


def loss_of(how: Stepping, rates: Rates) -> Partial:
    """What one gradient step makes smaller, by the name of the step."""
    if how.step == "clip":
        return Partial(clipped, clip=rates.clip, limit=rates.divergence)
    if how.step == "kl":
        return Partial(penalized, penalty=rates.penalty)
    return Partial(negative_weighted_likelihood)


def held_back(
    loss: Partial,
    how: Stepping,
    rates: Rates,
    anchor: Policy | None,
    *,
    each: Float[jax.Array, ""],
) -> Partial:
    """The loss, and what keeps a policy near its anchor and undecided."""
    if anchor is not None:
        weight = each * rates.anchor
        loss = Partial(anchored, loss=loss, anchor=anchor, weight=weight)
    if how.entropy:
        loss = Partial(undecided, loss=loss, worth=each * how.entropy)
    return loss


def with_demonstrations(
    batch: Batch, shown: Batch | None, share: Float[AnyArray, ""]
) -> Batch:
    """The rows, and demonstrated ones: each weighs a share of the largest weight.

    This is the demonstration term of DAPG (Rajeswaran et al. 2018, equation 4,
    https://arxiv.org/abs/1709.10087): λ₀ λ₁ᵏ max A for every demonstrated action.
    """
    if shown is None:
        return batch
    largest = jnp.max(batch.weight, where=batch.valid, initial=0.0)
    shown = Batch(
        shown.observation, shown.target, share * largest * shown.weight, shown.valid
    )
    return jax.tree.map(lambda *parts: jnp.concatenate(parts), batch, shown)
