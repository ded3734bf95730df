"""Correct a CartPole policy with `imitation`'s DAgger, from start to evaluation."""

import argparse
import copy
import tempfile
import time

import numpy as np
import torch
from imitation.algorithms import bc, dagger
from imitation.policies.base import RandomPolicy
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.policies import ActorCriticPolicy, BasePolicy
from stable_baselines3.common.vec_env import VecEnv

import workload


class PoleExpert(BasePolicy):
    """The shared law in the shape in which `imitation` takes an expert."""

    def __init__(self, tasks: VecEnv):
        super().__init__(tasks.observation_space, tasks.action_space)

    def _predict(
        self, observation: torch.Tensor, deterministic: bool = False
    ) -> torch.Tensor:
        return torch.from_numpy(workload.pole_law(observation.numpy()))


def trainer_for(
    tasks: VecEnv, folder: str, asked: argparse.Namespace
) -> dagger.SimpleDAggerTrainer:
    """DAgger with the paper's beta; as shipped, a value network runs along unused."""
    policy = ActorCriticPolicy(
        tasks.observation_space,
        tasks.action_space,
        lr_schedule=lambda _: 1e-3,
        net_arch={"pi": asked.hidden, "vf": asked.hidden if asked.as_shipped else []},
    )
    cloner = bc.BC(
        observation_space=tasks.observation_space,
        action_space=tasks.action_space,
        policy=policy,
        batch_size=asked.batch,
        ent_weight=0.0,
        rng=np.random.default_rng(asked.seed),
    )
    return dagger.SimpleDAggerTrainer(
        venv=tasks,
        scratch_dir=folder,
        expert_policy=PoleExpert(tasks),
        rng=np.random.default_rng(asked.seed),
        beta_schedule=lambda number: float(number == 0),
        bc_trainer=cloner,
    )


def train_round(
    trainer: dagger.SimpleDAggerTrainer, steps: int, asked: argparse.Namespace
) -> None:
    """Whole episodes until the labels are in, then the gradient steps."""
    fit = {"n_batches": steps, "progress_bar": False}
    if not asked.as_shipped:
        # Else the trainer plays 5 episodes every 500 steps to log their returns.
        fit["log_rollouts_venv"] = None
    # Asked for a single step, the trainer makes exactly one round.
    trainer.train(
        1,
        rollout_round_min_episodes=asked.environments,
        rollout_round_min_timesteps=asked.labels,
        bc_train_kwargs=fit,
    )


def play(policy: BasePolicy, *, episodes: int, seed: int, environments: int):
    """The returns of fresh episodes with the likeliest actions."""
    fresh = make_vec_env("CartPole-v1", n_envs=environments, seed=seed)
    returns, _ = evaluate_policy(
        policy, fresh, n_eval_episodes=episodes, return_episode_rewards=True
    )
    return np.array(returns)


def best_of_all_rounds(
    trainer: dagger.SimpleDAggerTrainer, asked: argparse.Namespace
) -> BasePolicy:
    """Train every round; where rounds are validated, the best of them is delivered."""
    best, best_return = trainer.policy, -np.inf
    for number in range(asked.rounds):
        steps = asked.first_steps if number == 0 else asked.steps
        train_round(trainer, steps, asked)
        if asked.validation_episodes:
            returns = play(
                trainer.policy,
                episodes=asked.validation_episodes,
                seed=asked.seed + 5_000,
                environments=asked.environments,
            )
            if returns.mean() >= best_return:
                best, best_return = copy.deepcopy(trainer.policy), returns.mean()
    return best


def play_references(tasks: VecEnv, asked: argparse.Namespace) -> None:
    """What the expert and chance return in as many episodes, as novice measures it."""
    for policy in (
        PoleExpert(tasks),
        RandomPolicy(tasks.observation_space, tasks.action_space),
    ):
        for episodes in (asked.validation_episodes, asked.episodes):
            play(policy, episodes=episodes, seed=0, environments=asked.environments)


def main() -> None:
    """Train for all rounds, then play fresh episodes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--labels", type=int, required=True, help="a round")
    parser.add_argument("--first-steps", type=int, required=True, help="in round 0")
    parser.add_argument("--steps", type=int, required=True, help="in a later round")
    parser.add_argument("--hidden", type=int, nargs="+", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--environments", type=int, required=True)
    parser.add_argument("--episodes", type=int, required=True)
    parser.add_argument("--validation-episodes", type=int, default=0, help="a round")
    parser.add_argument("--as-shipped", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    torch.manual_seed(asked.seed)
    # As quick as with two threads on an idle machine, and no slower on a busy one.
    torch.set_num_threads(1)
    tasks = make_vec_env("CartPole-v1", n_envs=asked.environments, seed=asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_for(tasks, folder, asked)
        start = time.perf_counter()
        policy = best_of_all_rounds(trainer, asked)
        trained = time.perf_counter() - start
    if asked.validation_episodes:
        play_references(tasks, asked)
    returns = play(
        policy,
        episodes=asked.episodes,
        seed=asked.seed + 10_000,
        environments=asked.environments,
    )
    workload.say(
        labels=sum(len(shown) for shown in trainer._all_demos),
        gradient_steps=asked.first_steps + (asked.rounds - 1) * asked.steps,
        training_seconds=trained,
        **{"return": workload.mean_return(returns)},
    )


if __name__ == "__main__":
    main()
