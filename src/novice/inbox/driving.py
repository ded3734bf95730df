"""Who drives, and how one driver's action becomes the other's without a jump."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Num

from novice.envs.task import Task
from novice.inbox.hands import AbstractControls
from novice.inbox.wishes import Axes

Driver = Literal["policy", "person"]
# Whether a key is pressed to take the controls and to give them back, or held.
Drive = Literal["toggle", "hold"]

# How long a real action takes to become the new driver's, in seconds of the task.
BLEND_SECONDS = 0.2


@runtime_checkable
class Pilot(Protocol):
    """A policy that drives until a person takes the controls."""

    def begin(self) -> str:
        """Get ready for an episode; the name of the policy that drives now."""

    def act(
        self, observation: Float[np.ndarray, " obs"]
    ) -> tuple[Num[np.ndarray, " actions"], float | None]:
        """What the policy does now, and how uncertain it is, if it can say."""

    def replan(self, *, forget: bool = False) -> None:
        """What it had decided for later steps is void; `forget`: what it saw, too."""


class Decision(NamedTuple):
    """What is done in one step.

    `intended` is what the driver wanted, which is what there is to learn; `executed` is
    what the task is given. `policy_action` is what the policy would have done.
    """

    executed: Num[np.ndarray, " actions"]
    intended: Num[np.ndarray, " actions"]
    driver: Driver
    policy_action: Num[np.ndarray, " actions"] | None
    uncertainty: float | None


class Wheel:
    """The controls of a task, which a policy and a person take from each other.

    Without a `pilot` the person drives all the time. A real action starts from the one
    before a handover, and becomes the new driver's within `blend_steps` steps.
    """

    def __init__(
        self,
        task: Task,
        controls: AbstractControls,
        pilot: Pilot | None,
        *,
        blend_steps: int,
    ):
        self._task, self._controls, self._pilot = task, controls, pilot
        self._blend_steps = blend_steps if task.bounds is not None else 1
        self.driver: Driver = "person"
        self.policy = ""
        self.keys: tuple[str, ...] = ()
        self.axes: Axes = ()
        self._start_over()

    def begin(self) -> None:
        """Get ready for an episode, which the policy begins where there is one."""
        self.let_go()
        self._start_over()
        if self._pilot is not None:
            self.policy, self.driver = self._pilot.begin(), "policy"

    def _start_over(self) -> None:
        self.last: Num[np.ndarray, " actions"] | None = None
        self._before: Num[np.ndarray, " actions"] | None = None
        self._blended = 0
        self.policy_action: Num[np.ndarray, " actions"] | None = None
        self.uncertainty: float | None = None

    def go_back(self, last: Num[np.ndarray, " actions"] | None) -> None:
        """An earlier step is taken anew, after the one that executed `last`."""
        self._start_over()
        if self._pilot is not None:
            self._pilot.replan(forget=True)
        self.last = self._before = last

    @property
    def has_policy(self) -> bool:
        """Whether there is somebody to take the controls from."""
        return self._pilot is not None

    def hold(self, keys: Sequence[str], axes: Axes | None) -> bool:
        """Hold these keys and sticks from now on; whether that is anything new.

        Sticks that are not spoken of stay where they are.
        """
        hands = tuple(keys), self.axes if axes is None else axes
        changed = hands != (self.keys, self.axes)
        self.keys, self.axes = hands
        return changed

    def let_go(self) -> None:
        """Hold nothing."""
        self.keys, self.axes = (), ()

    def give_to(self, driver: Driver) -> bool:
        """Let somebody drive from the next step on; whether that is somebody else."""
        if not self.has_policy or driver == self.driver:
            return False
        self.driver = driver
        self._before, self._blended = self.last, 0
        return True

    def acts(self, key: str) -> bool:
        """Whether a key is one of the task's action keys."""
        return bool(self._controls.held_buttons([key]))

    @property
    def undecided(self) -> bool:
        """Whether the person drives, but has not chosen any action yet."""
        return self.driver == "person" and self._wanted() is None

    def decide(self, observation: Float[np.ndarray, " obs"]) -> Decision | None:
        """What to do now; None while the person has not chosen any action yet."""
        if self._pilot is not None:
            action, self.uncertainty = self._pilot.act(observation)
            self.policy_action = self._task.clip(action)
            if self.driver == "person":
                self._pilot.replan()
        wanted = self._wanted() if self.driver == "person" else self.policy_action
        if wanted is None:
            return None
        self.last = self._smooth(wanted)
        return Decision(
            self.last, wanted, self.driver, self.policy_action, self.uncertainty
        )

    def _wanted(self) -> Num[np.ndarray, " actions"] | None:
        """What the person's hands say."""
        chosen = self._controls.action(self.keys, self.last, self.axes)
        return None if chosen is None else self._task.clip(chosen)

    def _smooth(
        self, wanted: Num[np.ndarray, " actions"]
    ) -> Num[np.ndarray, " actions"]:
        """On the straight way from the action before the handover to what is wanted."""
        if self._before is None:
            return wanted
        self._blended += 1
        share = self._blended / self._blend_steps
        if share >= 1:
            self._before = None
            return wanted
        between = self._before + share * (wanted - self._before)
        return between.astype(wanted.dtype)
