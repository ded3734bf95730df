"""Clone rows in plain PyTorch: the loop one writes by hand, without waste."""

import argparse
import itertools

import numpy as np
import torch
from torch import nn

import workload


class GaussianPolicy(nn.Module):
    """A tanh network for the mean beside one learned spread for each action number."""

    def __init__(self, inputs: int, hidden: list[int], outputs: int):
        super().__init__()
        sizes = [inputs, *hidden]
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(sizes):
            layers += [nn.Linear(before, after), nn.Tanh()]
        self.mean = nn.Sequential(*layers, nn.Linear(sizes[-1], outputs))
        self.log_spread = nn.Parameter(torch.zeros(outputs))

    def surprise(self, observation: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """Mean of -log p(action | observation), up to a constant."""
        distance = (action - self.mean(observation)) * torch.exp(-self.log_spread)
        return 0.5 * distance.square().sum(dim=1).mean() + self.log_spread.sum()


def fit_epoch(
    policy: GaussianPolicy,
    optimizer: torch.optim.Optimizer,
    observation: torch.Tensor,
    action: torch.Tensor,
    *,
    batch: int,
) -> int:
    """One pass over the rows in a fresh order, whole minibatches only; its steps."""
    order = torch.randperm(len(observation))
    steps = len(observation) // batch
    for step in range(steps):
        rows = order[step * batch : (step + 1) * batch]
        optimizer.zero_grad(set_to_none=True)
        policy.surprise(observation[rows], action[rows]).backward()
        optimizer.step()
    return steps


def main() -> None:
    """Fit epoch after epoch and say how many steps a second that is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hidden", type=int, nargs="+", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="default: PyTorch's own")
    parser.add_argument(
        "--fused", action="store_true", help="one call updates all parameters"
    )
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    torch.manual_seed(asked.seed)
    rows = workload.rows_to_clone(asked.rows, seed=asked.seed)
    observation, action = (torch.from_numpy(array) for array in rows)
    policy = GaussianPolicy(observation.shape[1], asked.hidden, action.shape[1])
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-3, fused=asked.fused)
    rates = workload.steps_a_second(
        lambda: fit_epoch(policy, optimizer, observation, action, batch=asked.batch),
        warm_up=1,
        seconds=asked.seconds,
    )
    with torch.no_grad():
        loss = policy.surprise(observation, action).item()
    workload.say(steps_a_second=float(np.median(rates)), windows=len(rates), loss=loss)


if __name__ == "__main__":
    main()
