"""Clone rows with novice's `fit`, called as the algorithms call it."""

import argparse
import os

import jax
import jax.numpy as jnp
import numpy as np

import workload
from novice.app.cli import prepare_machine
from novice.learning.fit import (
    ADAM,
    WEIGHTED_LIKELIHOOD,
    fit,
    minibatch_plan,
    negative_weighted_likelihood,
    new_learner,
)
from novice.learning.heads import gaussian
from novice.learning.policy import new_policy
from novice.types import Batch


def whole_batch(observation: np.ndarray, action: np.ndarray) -> Batch:
    """Every row, each of which counts once."""
    count = len(observation)
    return Batch(
        observation=jnp.asarray(observation),
        target=jnp.asarray(action),
        weight=jnp.ones(count),
        valid=jnp.ones(count, bool),
    )


def main() -> None:
    """Fit epoch after epoch and say how many steps a second that is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hidden", type=int, nargs="+", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    # As every command does, before JAX starts; wide layers gain from a second thread,
    # which a user gives them in the same way.
    if max(asked.hidden) >= 256:
        os.environ.setdefault("NPROC", "2")
    prepare_machine()
    observation, action = workload.rows_to_clone(asked.rows, seed=asked.seed)
    policy_key, key = jax.random.split(jax.random.key(asked.seed))
    head = gaussian((0.0,) * action.shape[1], (1.0,) * action.shape[1], log_std=0.0)
    learner = new_learner(
        new_policy(
            observation.shape[1], head, hidden=tuple(asked.hidden), key=policy_key
        )
    )
    batch = whole_batch(observation, action)
    steps = asked.rows // asked.batch
    epochs = 0

    def fit_epoch() -> int:
        nonlocal learner, epochs
        plan = minibatch_plan(
            asked.rows,
            steps=steps,
            batch_size=asked.batch,
            learning_rate=1e-3,
            key=jax.random.fold_in(key, epochs),
        )
        learner, losses = fit(
            learner,
            batch,
            plan,
            objective=WEIGHTED_LIKELIHOOD,
            optimizer=ADAM,
            normalizer=jnp.float32(asked.batch),
        )
        jax.block_until_ready(losses)
        epochs += 1
        return steps

    rates = workload.steps_a_second(fit_epoch, warm_up=1, seconds=asked.seconds)
    loss = negative_weighted_likelihood(learner.policy, batch) / asked.rows
    constant = 0.5 * np.log(2 * np.pi) * action.shape[1]
    workload.say(
        steps_a_second=float(np.median(rates)),
        windows=len(rates),
        loss=float(loss) - float(constant),
    )


if __name__ == "__main__":
    main()
