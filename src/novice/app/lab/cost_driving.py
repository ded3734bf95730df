"""Let a simulated person act and take over in virtual time: nothing waits for a clock.

What a browser and a server do over a socket happens here within a rollout: before each
step the person sees the frame, and whoever drives decides. Who drives, and how one
driver's action becomes the other's, is the play page's own `Wheel`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Num, PRNGKeyArray

from novice.datasets.dataset import Answers, Origin
from novice.envs.actor import AbstractActor, Decision
from novice.envs.host_policy import HostPolicy, Remembered
from novice.envs.rollout import rollout
from novice.envs.slots import AbstractSlots
from novice.envs.task import Task
from novice.experts.companion import Companion
from novice.inbox.copilot import TURNS_PER_SECOND
from novice.inbox.driving import BLEND_SECONDS, Pilot, Wheel
from novice.inbox.hands import AbstractControls, Chosen, Keys
from novice.inbox.live import goes_by_turns
from novice.inbox.wishes import Axes
from novice.learning.policy import Policy


class Pace(NamedTuple):
    """How fast a person plays a task; one that goes by turns waits for them."""

    steps_a_second: float
    by_turns: bool


def pace_of(task: Task) -> Pace:
    """The task's own speed, or that of turns where it has none."""
    environment = task.make()
    try:
        if goes_by_turns(environment, drawn=True):
            return Pace(TURNS_PER_SECOND, by_turns=True)
        return Pace(float(environment.metadata["render_fps"]), by_turns=False)
    finally:
        environment.close()


@dataclass(frozen=True, kw_only=True)
class Mind(AbstractControls):
    """Controls that do what is meant, without keys in between."""

    meant: Callable[[], Num[np.ndarray, " actions"]]

    def action(self, held: Keys, last: Chosen, pushed: Axes = ()) -> Chosen:
        return self.meant()


class DrivingActor(AbstractActor):
    """A person who drives one episode after the other, or watches a pilot who does.

    `companion` gives the person of an episode. `saw` is, for each step of the present
    episode, the step whose frame they acted on: -1 while they had seen none.
    """

    def __init__(
        self,
        task: Task,
        companion: Callable[[int], Companion],
        pilot: Pilot | None,
        *,
        steps_a_second: float,
        speed: float = 1.0,
    ):
        self._task, self._companion, self._pilot = task, companion, pilot
        self._seconds, self._speed = 1 / steps_a_second, speed
        self.saw: list[int] = []

    def begin(self, slot: int, episode: int) -> None:
        self._person = person = self._companion(episode)
        self._wheel = Wheel(
            self._task,
            Mind(buttons=(), meant=lambda: person.action(self._speed)),
            self._pilot,
            blend_steps=max(1, round(BLEND_SECONDS / self._seconds)),
        )
        self._wheel.begin()
        self._before: Float[np.ndarray, " obs"] | None = None
        self.saw = []

    def act(self, observation: Num[np.ndarray, "slots obs"]) -> Decision:
        (seen,) = observation
        self._look(seen)
        self._change_driver()
        decision = self._wheel.decide(seen)
        assert decision is not None, "whoever drives always knows what to do"
        self._before = seen
        return Decision(
            decision.intended[None],
            decision.executed[None],
            np.array([decision.driver == "person"]),
        )

    def _look(self, seen: Float[np.ndarray, " obs"]) -> None:
        """See the present frame, and remember which one has come to mind by now."""
        now = len(self.saw) * self._seconds
        self._person.look(now, seen, self._before, self._wheel.policy_action)
        late = now - self._person.reaction * self._speed
        moment = self._person.perceived(self._speed)
        step = round(moment.seconds / self._seconds)
        self.saw.append(step if late >= -1e-6 else -1)

    def _change_driver(self) -> None:
        """Take the controls, or hand them back, if the person wants to."""
        if self._wheel.driver == "policy":
            if self._person.takes_over(self._speed):
                self._wheel.give_to("person")
        elif self._wheel.has_policy and self._person.hands_back(self._speed):
            self._wheel.give_to("policy")


class Novice:
    """A policy that drives until the person takes the controls.

    `key` is for what it draws, if it draws.
    """

    def __init__(self, policy: Policy, key: PRNGKeyArray):
        self._remembered = Remembered(HostPolicy(policy), key)
        self._episodes = 0

    def begin(self) -> str:
        self._episodes += 1
        self._remembered.begin(0, self._episodes)
        return "novice"

    def act(
        self, observation: Float[np.ndarray, " obs"]
    ) -> tuple[Num[np.ndarray, " actions"], float | None]:
        return self._remembered.act(observation[None])[0], None

    def replan(self, *, forget: bool = False) -> None:
        self._remembered.replan(forget=forget)


class Drive(NamedTuple):
    """One episode that a person drove or watched, and what there is to learn from it.

    `steps` are all of them, whoever drove.
    """

    answers: Answers
    steps: int
    total_reward: float


def drive(
    slots: AbstractSlots,
    actor: DrivingActor,
    seed: int,
    *,
    origin: Origin,
    episode: int = 0,
    compensate: bool = True,
    past: int = 0,
) -> Drive:
    """One whole episode; the rows are what the person meant to do.

    Beside it stands what they acted on, or what was there when they acted where nobody
    is to `compensate` their delay. What they did before they had seen anything is no
    row.
    """
    seen = rollout(slots, actor, [seed])
    steps = int(seen.length[0])
    saw = np.array(actor.saw[:steps])
    rows = np.flatnonzero(np.asarray(seen.expert_acted)[0, :steps] & (saw >= 0))
    at = saw[rows] if compensate else rows
    observation = np.asarray(seen.observation)[0]
    ago = np.maximum(at[:, None] - np.arange(past, 0, -1), 0)
    answers = Answers(
        observation=observation[at],
        action=np.asarray(seen.action_sampled)[0, rows],
        episode=np.full(len(rows), episode, np.int32),
        step=at.astype(np.int32),
        origin=origin,
        before=observation[ago] if past else None,
    )
    return Drive(answers, steps, float(np.sum(np.asarray(seen.reward)[0, :steps])))
