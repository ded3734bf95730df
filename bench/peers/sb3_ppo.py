"""Learn a task from nothing with Stable-Baselines3's PPO.

CartPole-v1 as its zoo tuned it; MuJoCo's tasks with the defaults of the class, in 8
environments.
"""

import argparse
import time

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecEnv

import workload


def tuned_ppo(tasks: VecEnv, *, seed: int) -> PPO:
    """The zoo's settings for CartPole-v1, marked "Tuned" in its hyperparams/ppo.yml.

    https://github.com/DLR-RM/rl-baselines3-zoo/blob/master/hyperparams/ppo.yml
    """
    return PPO(
        "MlpPolicy",
        tasks,
        n_steps=32,
        batch_size=256,
        gae_lambda=0.8,
        gamma=0.98,
        n_epochs=20,
        ent_coef=0.0,
        learning_rate=lambda left: 1e-3 * left,
        clip_range=lambda left: 0.2 * left,
        device="cpu",
        seed=seed,
    )


def usual_ppo(tasks: VecEnv, *, seed: int) -> PPO:
    """The defaults of the class: 2,048 steps a batch, 10 epochs of 64 rows a step."""
    steps = 2048 // tasks.num_envs
    return PPO("MlpPolicy", tasks, n_steps=steps, device="cpu", seed=seed)


def main() -> None:
    """Learn for so many steps, then play fresh episodes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="CartPole-v1")
    parser.add_argument("--env-steps", type=int, default=100_000)
    parser.add_argument("--episodes", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    # As quick as with two threads on an idle machine, and no slower on a busy one.
    torch.set_num_threads(1)
    made = tuned_ppo if asked.task == "CartPole-v1" else usual_ppo
    learner = made(make_vec_env(asked.task, n_envs=8, seed=asked.seed), seed=asked.seed)
    start = time.perf_counter()
    learner.learn(asked.env_steps)
    trained = time.perf_counter() - start
    returns, _ = evaluate_policy(
        learner.policy,
        make_vec_env(asked.task, n_envs=8, seed=asked.seed + 10_000),
        n_eval_episodes=asked.episodes,
        return_episode_rewards=True,
    )
    workload.say(
        env_steps=learner.num_timesteps,
        gradient_steps=learner.policy.optimizer.state_dict()["state"][0]["step"].item(),
        training_seconds=trained,
        **{"return": workload.mean_return(np.array(returns))},
    )


if __name__ == "__main__":
    main()
