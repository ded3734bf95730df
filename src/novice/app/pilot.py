"""A run's policy at the controls of a task that a person may take over."""

from pathlib import Path

import jax
import numpy as np
from jaxtyping import Float, Num

from novice.app.folder import RunFolder
from novice.app.runs import check_fits, policy_of_run
from novice.envs.host_policy import HostPolicy, Remembered
from novice.envs.task import Task
from novice.errors import NoviceError
from novice.experts.kept import load_policy
from novice.learning.heads import Bernoulli, choices
from novice.learning.policy import Policy

# What the number beside the policy means, as the page says it.
ENTROPY = "how undecided it is: the entropy of its choice, in nats"
DISTANCE = "how unfamiliar this is: standard deviations from what it learned from"


class PolicyPilot:
    """A policy that takes its likeliest action, in NumPy alone.

    `source` is a run's folder, of which it takes the round that the run delivers, or
    the folder of one policy. With `follow` it takes the newest round there is whenever
    an episode begins. Raises MisfitError, or why there is no policy.
    """

    def __init__(self, source: str, task: Task, *, follow: bool = False):
        self._source, self._task, self._follow = source, task, follow
        self._round: int | None = None
        policy, self._name = self._found("last" if follow else "best")
        self.uncertainty_means = ENTROPY if task.bounds is None else DISTANCE
        self._load(policy)

    def _found(self, which: str) -> tuple[Policy, str]:
        """The policy to take, and its name."""
        folder = Path(self._source)
        if (folder / "policy.json").exists():
            return load_policy(folder), folder.name
        policy, self._round = policy_of_run(self._source, which=which)
        return policy, f"round {self._round}"

    def _load(self, policy: Policy) -> None:
        check_fits(policy, self._task, self._source)
        self._head, self._policy = policy.head, HostPolicy(policy)
        self._remembered = Remembered(self._policy, jax.random.key(0))
        self._episodes = 0
        normalizer = getattr(policy.trunk, "normalizer", None)
        if normalizer is not None:
            # Of what it sees at once, the present observation is the last part.
            size = self._task.observation_size
            self._mean = np.asarray(normalizer.mean)[-size:]
            self._scale = np.asarray(normalizer.scale)[-size:]

    def begin(self) -> str:
        """Take the newest policy where it shall be followed; its name.

        A round that cannot be read is passed over: the one before goes on.
        """
        self._episodes += 1
        self._remembered.begin(0, self._episodes)
        if self._follow and self._round is not None:
            try:
                if RunFolder(Path(self._source)).round_count() - 1 > self._round:
                    policy, self._name = self._found("last")
                    self._load(policy)
            except (NoviceError, OSError):
                return self._name
        return self._name

    def act(
        self, observation: Num[np.ndarray, " obs"]
    ) -> tuple[Num[np.ndarray, " actions"], float | None]:
        """The likeliest action, and how uncertain the policy is.

        Where there is something to choose, that is the entropy of its choice in nats.
        Real actions spread alike everywhere, which says nothing; there it is how many
        standard deviations the observation is from those that the policy learned from,
        as the root of the mean square over its numbers.
        """
        action = self._remembered.act(observation[None])[0]
        if self._task.bounds is None:
            uncertainty = self._undecided(observation)
        elif self._task.picture is not None:
            return action, None
        else:
            away = (observation - self._mean) / self._scale
            uncertainty = float(np.sqrt(np.mean(np.square(away))))
        return action, uncertainty if np.isfinite(uncertainty) else None

    def replan(self, *, forget: bool = False) -> None:
        self._remembered.replan(forget=forget)

    def _undecided(self, observation: Num[np.ndarray, " obs"]) -> float:
        """How undecided the present choice is; NaN where the head cannot say."""
        if not self._head.has_likelihood:
            return float("nan")
        outputs = self._policy.outputs(self._policy.window([observation])[None])
        return self._entropy(outputs[0])

    def _entropy(self, outputs: Float[np.ndarray, " outputs"]) -> float:
        """How undecided the choice is, in nats: 0 when it is certain."""
        if isinstance(self._head, Bernoulli):
            pairs = np.stack([np.zeros_like(outputs), outputs], axis=-1)
            return sum(entropy(pair) for pair in pairs)
        return sum(entropy(part) for part in choices(outputs, self._head.options))


def entropy(logits: Float[np.ndarray, " options"]) -> float:
    """The entropy of a choice whose log-odds are these, in nats."""
    weights = np.exp((logits - logits.max()).astype(np.float64))
    chances = weights / weights.sum()
    return float(-np.sum(chances * np.log(np.where(chances > 0, chances, 1.0))))
