"""Act in host tasks: the NumPy side of a policy, an expert, chance, or a mixture.

Weights are fetched once a rollout and all randomness is drawn ahead from a JAX key, by
episode: what happens in an episode depends on its seed, the actor and the key, not on
how many others run beside it (real actions up to rounding: the matrix products differ
in their last bits with the number of rows).
"""

import abc
from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Bool, Float, Num, PRNGKeyArray

from novice.envs.host_policy import HostPolicy, Remembered
from novice.envs.task import Task
from novice.learning.policy import Policy

# How many steps of an episode get their randomness in one go.
STEPS_AHEAD = 128


class Decision(NamedTuple):
    """What was chosen in each slot, what goes into the task, and who chose that."""

    sampled: Num[np.ndarray, "slots actions"]
    executed: Num[np.ndarray, "slots actions"]
    expert_acted: Bool[np.ndarray, " slots"]


class AbstractActor(abc.ABC):
    """Chooses the actions of all slots at once."""

    @abc.abstractmethod
    def begin(self, slot: int, episode: int) -> None:
        """A new episode starts in `slot`; `episode` counts within the rollout."""

    @abc.abstractmethod
    def act(self, observation: Num[np.ndarray, "slots obs"]) -> Decision: ...


@eqx.filter_jit
def draw(
    shape_noise: Callable, key: PRNGKeyArray, chunk: jax.Array, episodes: jax.Array
) -> Float[jax.Array, "episodes steps noise"]:
    """The randomness of one stretch of steps, for every episode of a rollout."""

    def of_episode(episode: jax.Array) -> jax.Array:
        episode_key = jax.random.fold_in(key, episode)
        return shape_noise(jax.random.fold_in(episode_key, chunk), (STEPS_AHEAD,))

    return jax.vmap(of_episode)(episodes)


class Randomness:
    """Random numbers for each step of each episode, drawn ahead in stretches."""

    def __init__(
        self, shape_noise: Callable, key: PRNGKeyArray, *, episodes: int, slots: int
    ):
        self._shape_noise = shape_noise
        self._key = key
        self._episodes = jax.numpy.arange(episodes)
        self._stretches: list[np.ndarray] = []
        self._episode = np.zeros(slots, np.int64)
        self._step = np.zeros(slots, np.int64)

    def begin(self, slot: int, episode: int) -> None:
        self._episode[slot] = episode
        self._step[slot] = 0

    def next(self) -> Float[np.ndarray, "slots noise"]:
        """The numbers of every slot's next step."""
        stretch, within = np.divmod(self._step, STEPS_AHEAD)
        while len(self._stretches) <= stretch.max():
            chunk = jax.numpy.asarray(len(self._stretches))
            drawn = draw(self._shape_noise, self._key, chunk, self._episodes)
            self._stretches.append(np.asarray(drawn))
        self._step += 1
        if stretch.min() == stretch.max():
            return self._stretches[stretch[0]][self._episode, within]
        places = zip(stretch, self._episode, within, strict=True)
        each = [self._stretches[s][e, w] for s, e, w in places]
        return np.stack(each)


class BestActor(AbstractActor):
    """A policy that takes its likeliest action.

    One that has no likeliest action draws one; `key` says which, and the same key
    gives the same episodes again.
    """

    def __init__(self, policy: Policy, key: PRNGKeyArray | None = None):
        self._policy = HostPolicy(policy)
        self._remembered: Remembered | None = None
        if self._policy.remembers or self._policy.draws:
            chosen = jax.random.key(0) if key is None else key
            self._remembered = Remembered(self._policy, chosen)

    def begin(self, slot: int, episode: int) -> None:
        if self._remembered is not None:
            self._remembered.begin(slot, episode)

    def act(self, observation: Num[np.ndarray, "slots obs"]) -> Decision:
        if self._remembered is not None:
            return by_novice(self._remembered.act(observation))
        return by_novice(self._policy.best(observation))


class SampleActor(AbstractActor):
    """A policy that explores: actions are drawn from its distribution."""

    def __init__(self, policy: Policy, key: PRNGKeyArray, *, episodes: int, slots: int):
        self._policy = HostPolicy(policy)
        self._noise = Randomness(policy.head.noise, key, episodes=episodes, slots=slots)

    def begin(self, slot: int, episode: int) -> None:
        self._noise.begin(slot, episode)

    def act(self, observation: Num[np.ndarray, "slots obs"]) -> Decision:
        return by_novice(self._policy.sample(observation, self._noise.next()))


class RandomActor(AbstractActor):
    """Somebody who knows nothing: uniform over the actions (normal where unbounded)."""

    def __init__(self, task: Task, key: PRNGKeyArray, *, episodes: int, slots: int):
        self._task = task
        self._chance = Chance(task, key, episodes=episodes, slots=slots)

    def begin(self, slot: int, episode: int) -> None:
        self._chance.begin(slot, episode)

    def act(self, observation: Num[np.ndarray, "slots obs"]) -> Decision:
        return by_novice(self._chance.action())


class Chance:
    """Actions that nobody chose, and coins."""

    def __init__(self, task: Task, key: PRNGKeyArray, *, episodes: int, slots: int):
        self._task = task
        self._width = task.head.width
        self._uniform = Randomness(
            jax.tree_util.Partial(uniform, self._width + 1),
            key,
            episodes=episodes,
            slots=slots,
        )
        self._drawn = np.zeros((slots, self._width + 1))

    def begin(self, slot: int, episode: int) -> None:
        self._uniform.begin(slot, episode)

    def action(self) -> Num[np.ndarray, "slots actions"]:
        """A uniform action for every slot."""
        self._drawn = self._uniform.next()
        return self._task.action_at(self._drawn[:, : self._width])

    def coin(self) -> Float[np.ndarray, " slots"]:
        """A uniform number for every slot, beside the action drawn last."""
        return self._drawn[:, self._width]


def uniform(width: int, key: PRNGKeyArray, lead: tuple[int, ...]) -> jax.Array:
    """Uniform numbers between 0 and 1."""
    return jax.random.uniform(key, (*lead, width))


def by_novice(action: Num[np.ndarray, "slots actions"]) -> Decision:
    """A decision in which nobody interfered."""
    return Decision(action, action, np.zeros(len(action), bool))


class MixedActor(AbstractActor):
    """The expert with probability `beta` at each step, else the novice.

    This is π_i = β_i π* + (1 − β_i) π̂_i of DAgger (Ross et al. 2011, algorithm 3.1):
    https://arxiv.org/abs/1011.0686.
    """

    def __init__(
        self,
        expert: AbstractActor,
        novice: AbstractActor,
        chance: Chance,
        *,
        beta: float,
    ):
        self._expert = expert
        self._novice = novice
        self._chance = chance
        self._beta = beta

    def begin(self, slot: int, episode: int) -> None:
        for part in (self._expert, self._novice, self._chance):
            part.begin(slot, episode)

    def act(self, observation: Num[np.ndarray, "slots obs"]) -> Decision:
        expert = self._expert.act(observation)
        novice = self._novice.act(observation)
        self._chance.action()
        expert_acts = self._chance.coin() < self._beta
        executed = np.where(expert_acts[:, None], expert.executed, novice.executed)
        sampled = np.where(expert_acts[:, None], expert.sampled, novice.sampled)
        return Decision(sampled, executed, expert_acts)


class NoisyActor(AbstractActor):
    """Somebody whose hand shakes: what is executed differs from what was chosen.

    Real actions get Gaussian noise of `level` half-ranges, discrete ones are replaced
    by a uniform action with probability `level`. Demonstrations recorded like this show
    how to recover (DART, Laskey et al. 2017, https://arxiv.org/abs/1703.09327).
    """

    def __init__(
        self,
        actor: AbstractActor,
        task: Task,
        key: PRNGKeyArray,
        *,
        level: float,
        episodes: int,
        slots: int,
    ):
        noise_key, chance_key = jax.random.split(key)
        self._actor = actor
        self._task = task
        self._level = level
        self._chance = Chance(task, chance_key, episodes=episodes, slots=slots)
        self._normal = Randomness(
            jax.tree_util.Partial(normal, task.head.width),
            noise_key,
            episodes=episodes,
            slots=slots,
        )

    def begin(self, slot: int, episode: int) -> None:
        for part in (self._actor, self._chance, self._normal):
            part.begin(slot, episode)

    def act(self, observation: Num[np.ndarray, "slots obs"]) -> Decision:
        decision = self._actor.act(observation)
        anything = self._chance.action()
        if self._task.bounds is None:
            slips = self._chance.coin() < self._level
            executed = np.where(slips[:, None], anything, decision.executed)
        else:
            shake = self._level * self._task.half_range * self._normal.next()
            executed = decision.executed + shake
        return decision._replace(executed=executed)


def normal(width: int, key: PRNGKeyArray, lead: tuple[int, ...]) -> jax.Array:
    """Standard normal numbers."""
    return jax.random.normal(key, (*lead, width))
