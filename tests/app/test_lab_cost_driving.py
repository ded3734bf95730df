"""A simulated person at the controls, in virtual time."""

import gymnasium
import numpy as np
from gymnasium import spaces

from novice.app.lab.cost_driving import DrivingActor, drive, pace_of
from novice.app.options import Traits
from novice.app.simulated_takeover import companion
from novice.datasets.dataset import Origin
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task, make_task
from novice.experts.expert import Law

HERE = Origin(0, "intervention", "somebody")
TEN = 10.0  # steps a second


class Counter(gymnasium.Env):
    """Shows how many steps were taken; whoever does as the number's parity is paid."""

    observation_space = spaces.Box(-1, 1_000, (1,))
    action_space = spaces.Discrete(2)
    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return np.float32([0]), {}

    def step(self, action):
        reward = float(action == self.steps % 2)
        self.steps += 1
        return np.float32([self.steps]), reward, False, self.steps == 40, {}


class Dial(Counter):
    """The same with a real action."""

    action_space = spaces.Box(-1, 1, (1,))

    def step(self, action):
        return super().step(0)


gymnasium.register("Counter-v0", entry_point=Counter)
gymnasium.register("TurnedDial-v0", entry_point=Dial)


class Always:
    """A policy that does one thing, or another from some step on."""

    def __init__(self, *actions: float, kind: type = np.int32):
        self._actions, self._kind = actions, kind
        self.steps = 0
        self.replanned = 0

    def begin(self) -> str:
        self.steps = 0
        return "always"

    def act(self, observation):
        place = min(self.steps, len(self._actions) - 1)
        self.steps += 1
        return np.array([self._actions[place]], self._kind), None

    def replan(self, *, forget: bool = False) -> None:
        self.replanned += 1


def driven(
    law=lambda seen: int(seen[0]) % 2,
    pilot: Always | None = None,
    task: Task | None = None,
    speed: float = 1.0,
    compensate: bool = True,
    past: int = 0,
    **traits: float,
):
    """One episode of somebody who knows the law."""
    task = task or make_task("Counter-v0")
    usual = {"lapses": 0.0, "tremor": 0.0, "unsure": 0.0, "reaction": 0.0}
    person = companion(
        task, Law("law", law), Traits(**(usual | traits)), np.random.default_rng(0)
    )
    slots = SeparateSlots(task, 1)
    actor = DrivingActor(task, lambda _: person, pilot, steps_a_second=TEN, speed=speed)
    try:
        return drive(slots, actor, 1, origin=HERE, compensate=compensate, past=past)
    finally:
        slots.close()


def test_who_drives_alone_teaches_in_every_step():
    found = driven()

    assert found.steps == 40
    assert found.total_reward == 40
    assert found.answers.step.tolist() == list(range(40))
    assert found.answers.action[:, 0].tolist() == [0, 1] * 20


def test_a_delay_is_in_what_is_done_and_not_in_what_is_learned():
    found = driven(reaction=0.3)

    # Three steps late, what is done is wrong; but it was right for what was seen then.
    assert found.total_reward < 5
    assert found.answers.step.tolist() == list(range(37))
    assert found.answers.observation[:, 0].tolist() == list(range(37))
    assert found.answers.action[:, 0].tolist() == [s % 2 for s in range(37)]


def test_a_delay_that_is_not_compensated_is_learned():
    found = driven(reaction=0.3, compensate=False)

    assert found.answers.step.tolist() == list(range(3, 40))
    assert found.answers.action[:, 0].tolist() == [(s - 3) % 2 for s in range(3, 40)]


def test_at_half_the_speed_less_happens_in_a_delay():
    assert driven(reaction=0.4).answers.step.tolist() == list(range(36))
    assert driven(reaction=0.4, speed=0.5).answers.step.tolist() == list(range(38))


def test_a_policy_that_does_the_same_is_watched_and_teaches_nothing():
    found = driven(lambda seen: 1, Always(1))

    assert (found.steps, len(found.answers)) == (40, 0)


def test_who_watches_takes_over_after_trouble_and_a_delay():
    # Trouble is felt after 0.3 s: three wrong steps, seen in the fourth frame.
    at_once = driven(lambda seen: 1, Always(0))
    late = driven(lambda seen: 1, Always(0), reaction=0.5)

    assert at_once.answers.step[0] == 3
    assert 40 - len(late.answers) == 40 - len(at_once.answers) + 5
    assert late.answers.step[0] == 3  # What they act on is what they saw then.


def test_the_controls_go_back_when_the_policy_would_do_the_same():
    pilot = Always(*[0] * 5, 1)

    found = driven(lambda seen: 1, pilot)

    assert found.answers.step[0] == 3
    assert found.answers.step[-1] < 20
    # While the person drives, whatever the policy had decided is void.
    assert pilot.replanned >= len(found.answers)


def test_what_is_learned_is_what_was_meant_not_what_blending_made_of_it():
    task = make_task("TurnedDial-v0")
    pilot = Always(-1.0, kind=np.float32)

    found = driven(lambda seen: np.float32([1.0]), pilot, task=task)

    assert len(found.answers) > 30
    assert found.answers.action[:, 0].tolist() == [1.0] * len(found.answers)


def test_lapses_are_labels_too():
    found = driven(lambda seen: 0, lapses=0.5)

    wrong = found.answers.action[:, 0].mean()
    assert 0.05 < wrong < 0.5


def test_the_past_of_each_row_is_what_came_before_what_was_seen():
    found = driven(reaction=0.2, past=2)

    assert found.answers.before is not None
    assert found.answers.before[0, :, 0].tolist() == [0, 0]
    assert found.answers.before[5, :, 0].tolist() == [3, 4]


def test_a_task_is_played_at_its_own_speed_or_by_turns():
    assert pace_of(make_task("Counter-v0")) == (20, False)
    assert pace_of(make_task("CartPole-v1")) == (50, False)
    assert pace_of(make_task("FrozenLake-v1")) == (2, True)
