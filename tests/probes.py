"""Tasks that can only be solved if one stage works; each accuses that stage."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from novice.envs.task import make_task
from novice.experts.expert import Law

BLANK = np.zeros(1, np.float32)


class Probe(gymnasium.Env):
    """Two actions, and an observation of one number unless it says otherwise."""

    observation_space: spaces.Space = spaces.Box(-10, 10, (1,))
    action_space = spaces.Discrete(2)


class OneStep(Probe):
    """Action 1 pays 1, action 0 pays -1: accuses the sign of the weight, and `fit`."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        return BLANK, {}

    def step(self, action: int) -> tuple:
        return BLANK, 2.0 * action - 1.0, True, False, {}


class OneState(Probe):
    """Action 1 pays 1 and goes on, action 0 ends the episode: the truth is known.

    With θ the probability of action 1, J = θ / (1 - θ) (CS285, homework 2).
    """

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        return BLANK, {}

    def step(self, action: int) -> tuple:
        return BLANK, float(action), action == 0, False, {}


class FollowTheSign(Probe):
    """The action that is the observation's sign pays 1, the other one -1.

    Accuses the way from the observation through the policy to the gradient.
    """

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.sign = 2 * int(self.np_random.integers(2)) - 1
        return np.float32([self.sign]), {}

    def step(self, action: int) -> tuple:
        right = int(action) == (self.sign > 0)
        return np.float32([self.sign]), 1.0 if right else -1.0, True, False, {}


class PayLater(Probe):
    """Of two steps only the first matters, and is paid in the second.

    Accuses `rewards_to_go`.
    """

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.first: int | None = None
        return np.float32([-1]), {}

    def step(self, action: int) -> tuple:
        if self.first is None:
            self.first = int(action)
            return np.float32([1]), 0.0, False, False, {}
        return np.float32([1]), 2.0 * self.first - 1.0, True, False, {}


class PaySoonOrLater(Probe):
    """Only the first step matters; some episodes last one step, others two.

    Accuses padding and masks.
    """

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.left = int(self.np_random.integers(1, 3))
        self.first: int | None = None
        return BLANK, {}

    def step(self, action: int) -> tuple:
        self.first = int(action) if self.first is None else self.first
        self.left -= 1
        pay = 2.0 * self.first - 1.0 if self.left == 0 else 0.0
        return BLANK, pay, self.left == 0, False, {}


class Ditch(Probe):
    """A fork that nobody can learn, a track, and a ditch that no expert ever sees.

    On the track action 1 goes on and pays 1. In the ditch action 0 climbs out, where a
    clone that has only ever seen the track goes on with 1. Accuses DAgger: whoever is
    not corrected where its own mistakes lead stays in the ditch.
    """

    observation_space = spaces.Box(-10, 10, (2,))
    FORK, TRACK, DITCH = -1.0, 0.0, 1.0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple:
        super().reset(seed=seed)
        self.place = self.FORK
        self.sign = float(self.np_random.uniform())
        return self.seen(), {}

    def seen(self) -> np.ndarray:
        return np.float32([self.place, self.sign if self.place == self.FORK else 0])

    def step(self, action: int) -> tuple:
        paid = float(self.place == self.TRACK and action == 1)
        right = action == way_out(self.seen())
        self.place = self.TRACK if right else self.DITCH
        return self.seen(), paid, False, False, {}


def way_out(observation: np.ndarray) -> int:
    """What the expert does: at the fork it reads the tenth binary digit of the sign."""
    place, sign = observation
    if place == Ditch.FORK:
        return int(sign * 2**10) % 2
    return int(place == Ditch.TRACK)


DRIVER = Law("driver", way_out)
SIGN_READER = Law("sign reader", lambda observation: int(observation[0] > 0))

# Most end by themselves long before; with equal limits they are padded to equal shapes,
# for which practice is compiled once.
for probe, steps in (
    (OneStep, 8),
    (OneState, 48),
    (FollowTheSign, 8),
    (PayLater, 8),
    (PaySoonOrLater, 8),
    (Ditch, 10),
):
    gymnasium.register(
        f"{probe.__name__}-v0", entry_point=probe, max_episode_steps=steps
    )

ONE_STEP = make_task("OneStep-v0")
ONE_STATE = make_task("OneState-v0")
FOLLOW_THE_SIGN = make_task("FollowTheSign-v0")
PAY_LATER = make_task("PayLater-v0")
PAY_SOON_OR_LATER = make_task("PaySoonOrLater-v0")
DITCH = make_task("Ditch-v0")
