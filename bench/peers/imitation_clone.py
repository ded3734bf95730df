"""Clone rows with `imitation`'s behavior cloning, in its own defaults."""

import argparse

import gymnasium as gym
import numpy as np
import torch
from imitation.algorithms import bc
from imitation.data import types
from stable_baselines3.common.policies import ActorCriticPolicy

import workload


def cloner(observation: np.ndarray, action: np.ndarray, asked: argparse.Namespace):
    """A trainer over the rows whose policy has only the network that cloning needs."""
    observation_space = gym.spaces.Box(-np.inf, np.inf, observation.shape[1:])
    action_space = gym.spaces.Box(-np.inf, np.inf, action.shape[1:])
    policy = ActorCriticPolicy(
        observation_space,
        action_space,
        lr_schedule=lambda _: 1e-3,
        net_arch={"pi": asked.hidden, "vf": []},
    )
    demonstrations = types.Transitions(
        obs=observation,
        acts=action,
        infos=np.array([{}] * len(observation)),
        next_obs=observation,
        dones=np.zeros(len(observation), dtype=bool),
    )
    return bc.BC(
        observation_space=observation_space,
        action_space=action_space,
        policy=policy,
        demonstrations=demonstrations,
        batch_size=asked.batch,
        ent_weight=0.0,
        rng=np.random.default_rng(asked.seed),
    )


def main() -> None:
    """Fit part of an epoch after another and say how many steps a second that is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hidden", type=int, nargs="+", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    torch.manual_seed(asked.seed)
    observation, action = workload.rows_to_clone(asked.rows, seed=asked.seed)
    trainer = cloner(observation, action, asked)
    # An epoch of 100,000 rows takes seconds here: a part of one is a window.
    steps = max(1, asked.rows // asked.batch // 4)

    def fit_some() -> int:
        trainer.train(n_batches=steps, log_interval=10 * steps, progress_bar=False)
        return steps

    rates = workload.steps_a_second(fit_some, warm_up=1, seconds=asked.seconds)
    workload.say(steps_a_second=float(np.median(rates)), windows=len(rates))


if __name__ == "__main__":
    main()
