"""Open any Gymnasium task, and describe what its observations and actions are."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
import scipy.special
from gymnasium import spaces
from jaxtyping import Bool, Float, Num

from novice.envs.actions import head_for, named_head
from novice.envs.opening import open_environment
from novice.envs.sight import Shape, enlarged, seen_shape, shrunk
from novice.envs.spaces import check_actions, check_observations
from novice.errors import NoviceError

if TYPE_CHECKING:
    from jaxtyping import PRNGKeyArray

    from novice.learning.heads import AbstractHead

# How long an episode may last in a task that sets no limit itself, in steps.
STEPS_WITHOUT_LIMIT = 1000


class BadActionError(NoviceError):
    """An action that the task does not have."""


@dataclass(frozen=True, eq=False)
class Task:
    """A Gymnasium task by its id and keyword arguments.

    Observations come as float32 vectors, flattened where the task has something else;
    a picture is shrunk to what a policy needs to see, and stays bytes. Actions are
    vectors: indices from 0 for discrete spaces, real numbers for a Box.
    A task equals itself alone, so that programs compiled for it are found again.
    """

    id: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    observation_space: spaces.Space = field(repr=False, kw_only=True)
    action_space: spaces.Space = field(repr=False, kw_only=True)
    max_episode_steps: int = field(repr=False, kw_only=True)
    reward_threshold: float | None = field(repr=False, kw_only=True)

    def make(self, render_mode: str | None = None) -> gymnasium.Env:
        """One environment of this task. The caller closes it."""
        drawn = {} if render_mode is None else {"render_mode": render_mode}
        return open_environment(self.id, {**self.kwargs, **drawn})

    @cached_property
    def observation_is_flat(self) -> bool:
        """Whether the task's own observations are vectors already."""
        space = self.observation_space
        return isinstance(space, spaces.Box) and len(space.shape) == 1

    @cached_property
    def picture(self) -> Shape | None:
        """Height, width and channels of what a policy sees; None: no pictures."""
        return seen_shape(self.observation_space)

    @cached_property
    def observation_size(self) -> int:
        """How many numbers a policy sees."""
        if self.picture is not None:
            return math.prod(self.picture)
        return spaces.flatdim(self.observation_space)

    @cached_property
    def observation_dtype(self) -> type[np.generic]:
        """What these numbers are: bytes in pictures, else float32."""
        return np.float32 if self.picture is None else np.uint8

    def vector(self, observation: Any) -> np.ndarray:
        """An observation of the task as a policy sees it: a vector.

        Raises ValueError where it is not one of the task's observations.
        """
        if self.picture is not None:
            return shrunk(self._whole(observation), self.picture)
        if self.observation_is_flat:
            return np.asarray(observation, np.float32)
        flat = spaces.flatten(self.observation_space, observation)
        return np.asarray(flat, np.float32)

    def _whole(self, observation: Any) -> np.ndarray:
        """A picture of the task with an axis for its channels."""
        picture, space = np.asarray(observation), self.observation_space
        if picture.shape != space.shape or picture.dtype != np.uint8:
            raise ValueError(f"{picture.dtype} of shape {picture.shape}, not {space}")
        return picture if picture.ndim == 3 else picture[..., None]

    def observation_of(self, vector: np.ndarray) -> Any:
        """The task's own observation that `vector` was made from.

        Of a picture it shows what the policy saw, and nothing finer: so whoever
        teaches from it answers what a policy can learn.
        """
        if self.picture is not None:
            picture = np.asarray(vector, np.uint8)
            return enlarged(picture, self.picture, self.observation_space)
        if self.observation_is_flat:
            return vector
        return spaces.unflatten(self.observation_space, vector)

    @cached_property
    def head(self) -> "AbstractHead":
        """The head whose actions are this task's."""
        return head_for(self.action_space)

    def head_called(
        self, name: str, chunk: int = 1, *, key: "PRNGKeyArray"
    ) -> "AbstractHead":
        """The head of this name that decides `chunk` of this task's actions at once.

        Raises UnsupportedSpaceError where it is not made for such actions.
        """
        return named_head(self.action_space, name, chunk, of=self.id, key=key)

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The lowest and highest real action; None for discrete ones."""
        if not isinstance(self.action_space, spaces.Box):
            return None
        low = self.action_space.low.ravel().astype(np.float32)
        return low, self.action_space.high.ravel().astype(np.float32)

    @cached_property
    def half_range(self) -> np.ndarray:
        """Half the range of each real action; 1 without bounds or where discrete."""
        if self.bounds is None:
            return np.ones(self.head.width, np.float32)
        low, high = self.bounds
        bounded = np.isfinite(low) & np.isfinite(high)
        return np.where(bounded, (high - low) / 2, 1.0).astype(np.float32)

    def clip(
        self, action: Num[np.ndarray, "*lead actions"]
    ) -> Num[np.ndarray, "*lead actions"]:
        """What is executed when `action` was sampled."""
        if self.bounds is None:
            return action
        low, high = self.bounds
        # For the few numbers of a step, np.clip takes three times as long.
        return np.minimum(np.maximum(action, low), high)

    @cached_property
    def _choices(self) -> list[np.integer]:
        """The actions of a Discrete space as the task takes them; none for others."""
        space = self.action_space
        if not isinstance(space, spaces.Discrete):
            return []
        return [space.start + space.dtype.type(i) for i in range(int(space.n))]

    def executable(self, action: Num[np.ndarray, " actions"]) -> Any:
        """One action vector as the task itself takes it."""
        if self._choices:
            return self._choices[int(action[0])]
        space = self.action_space
        if isinstance(space, spaces.MultiDiscrete):
            counted = action.reshape(space.shape) + space.start
            return counted.astype(space.dtype)
        return action.reshape(space.shape).astype(space.dtype)

    def executables(self, actions: Num[np.ndarray, "slots actions"]) -> Iterable[Any]:
        """The same for several actions at once."""
        if not isinstance(self.action_space, spaces.Box):
            return [self.executable(action) for action in actions]
        space = self.action_space
        return actions.reshape(-1, *space.shape).astype(space.dtype)

    def action_vector(self, action: Any, *, by: str) -> Num[np.ndarray, " actions"]:
        """Check an action that `by` gave in the task's own form, and make it a vector.

        Real actions may lie outside the bounds (they are clipped when executed); they
        must be finite. Raises BadActionError.
        """
        space: Any = self.action_space
        if self._choices and isinstance(action, int | np.integer):
            choice = int(action) - int(space.start)
            if 0 <= choice < len(self._choices):
                return np.array([choice], np.int32)
        try:
            numbers = np.asarray(action, np.float64)
        except (TypeError, ValueError):
            numbers = np.array(np.nan)
        if numbers.size != self.head.width or not np.isfinite(numbers).all():
            raise BadActionError(
                f"{by} gave the action {action!r}, but {self.id} takes {space}"
            )
        vector = numbers.ravel()
        if isinstance(space, spaces.Box):
            return vector.astype(np.float32)
        vector = vector - np.ravel(getattr(space, "start", 0))
        index = vector.astype(np.int32)
        if (
            (index != vector).any()
            or (index < 0).any()
            or (index >= self._counts).any()
        ):
            raise BadActionError(
                f"{by} gave the action {action!r}, but {self.id} takes {space}"
            )
        return index

    @cached_property
    def _counts(self) -> np.ndarray:
        space = self.action_space
        if isinstance(space, spaces.Discrete):
            return np.array([space.n])
        if isinstance(space, spaces.MultiDiscrete):
            return space.nvec.ravel()
        return np.full(self.head.width, 2)

    def action_at(
        self, place: Float[np.ndarray, "rows actions"]
    ) -> Num[np.ndarray, "rows actions"]:
        """The action at a place between 0 and 1 of each dimension's range."""
        if self.bounds is None:
            return (place * self._counts).astype(np.int32)
        low, high = self.bounds
        bounded = np.isfinite(low) & np.isfinite(high)
        within = np.where(bounded, low, 0) + place * np.where(bounded, high - low, 0)
        beyond = scipy.special.ndtri(np.clip(place, 1e-6, 1 - 1e-6))
        return np.where(bounded, within, beyond).astype(np.float32)

    def acceptable(
        self, action: Num[np.ndarray, "rows actions"]
    ) -> Bool[np.ndarray, " rows"]:
        """Which rows hold an action that this task has."""
        if self.bounds is not None:
            return np.isfinite(action).all(axis=1)
        whole = action == np.round(action)
        return (whole & (action >= 0) & (action < self._counts)).all(axis=1)


def make_task(
    id: str, kwargs: Mapping[str, Any] | None = None, *, pictures: bool = False
) -> Task:
    """Look a task up by its Gymnasium id (`LunarLander-v3`, `my_module:MyTask-v0`).

    Tasks whose observations are `pictures` are only for playing and looking at. Raises
    UnknownTaskError, MissingExtraError or UnsupportedSpaceError.
    """
    kwargs = dict(kwargs or {})
    environment = open_environment(id, kwargs)
    spec = environment.spec
    observation_space = environment.observation_space
    action_space = environment.action_space
    environment.close()
    check_observations(observation_space, pictures=pictures)
    check_actions(action_space)
    limit = spec.max_episode_steps if spec else None
    threshold = spec.reward_threshold if spec else None
    return Task(
        id,
        kwargs,
        observation_space=observation_space,
        action_space=action_space,
        max_episode_steps=limit or STEPS_WITHOUT_LIMIT,
        reward_threshold=None if threshold is None else float(threshold),
    )
