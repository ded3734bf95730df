"""Let a simulated person teach for so many seconds of their time, in one of three ways.

Demonstrating and watching take as long as the episodes do at the speed at which they
are played, whoever drives. An answer takes the clip before it, and the time to think.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from novice.algorithms.dagger import visit
from novice.algorithms.settings import DaggerSettings
from novice.app.lab.cost import CostOptions
from novice.app.lab.cost_driving import Drive, DrivingActor, Novice, Pace, drive
from novice.app.simulated_takeover import companion
from novice.datasets.dataset import Answers, Origin
from novice.envs.seeds import training_seeds
from novice.envs.slots import AbstractSlots
from novice.envs.task import Task
from novice.errors import NoviceError
from novice.experts.expert import AbstractExpert
from novice.experts.simulated import SimulatedPerson
from novice.inbox.driving import Pilot
from novice.learning.policy import Policy
from novice.types import Round, Trajectories

# Who teaches something teaches it within so many episodes, or visits.
FRUITLESS = 100


class NothingTaughtError(NoviceError):
    """A simulated person from whom nothing can be learned."""


class Taught(NamedTuple):
    """What came of some of a person's time: answers, and how much time it was."""

    answers: tuple[Answers, ...]
    seconds: float

    @property
    def labels(self) -> int:
        return sum(len(part) for part in self.answers)


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """A person who teaches one policy: what they know, and how fast things go.

    `alone` has one slot, for whoever drives or watches, `many` those of visits. All
    that the person does at random comes from `chance`, what is drawn for the task from
    `key`.
    """

    task: Task
    expert: AbstractExpert
    options: CostOptions
    settings: DaggerSettings
    pace: Pace
    alone: AbstractSlots
    many: AbstractSlots
    chance: tuple[int, ...]
    key: PRNGKeyArray

    @property
    def name(self) -> str:
        return f"simulated {self.expert.name}"

    @property
    def past(self) -> int:
        """How many observations before each are kept with it."""
        return self.settings.fit.history - 1

    def seconds_of(self, steps: int) -> float:
        """How long steps take whoever drives them or watches."""
        return steps / (self.pace.steps_a_second * self.options.speed)

    @property
    def delay(self) -> float:
        """Seconds from seeing to doing at the controls; turns wait, so none there."""
        return 0.0 if self.pace.by_turns else self.options.delay

    def driver(self, pilot: Pilot | None, *where: int) -> DrivingActor:
        """The person, for one episode; a pilot drives until they take over."""
        generator = np.random.default_rng([*self.chance, *where])
        traits = self.options.traits(self.delay)
        person = companion(self.task, self.expert, traits, generator)
        return DrivingActor(
            self.task,
            lambda _: person,
            pilot,
            steps_a_second=self.pace.steps_a_second,
            speed=self.options.speed,
        )

    def drive(self, policy: Policy | None, round: int, episode: int) -> Drive:
        """One fresh episode, driven or watched to its end."""
        key = jax.random.fold_in(jax.random.fold_in(self.key, round), episode)
        seed_key, pilot_key = jax.random.split(key)
        (seed,) = training_seeds(seed_key, 1)
        pilot = None if policy is None else Novice(policy, pilot_key)
        source = "demonstration" if policy is None else "intervention"
        return drive(
            self.alone,
            self.driver(pilot, round, episode),
            int(seed),
            origin=Origin(round, source, self.name),
            episode=episode,
            compensate=self.options.compensate,
            past=self.past,
        )


def demonstrated(lesson: Lesson, before: Round | None, seconds: float) -> Taught:
    """The person plays whole episodes, until so many seconds of their time are over."""
    return driven(lesson, before, seconds, policy=None)


def taken_over(lesson: Lesson, before: Round | None, seconds: float) -> Taught:
    """The person watches the newest policy, and takes over where it goes wrong.

    Without a policy to watch they drive all the time.
    """
    policy = None if before is None else before.learner.policy
    return driven(lesson, before, seconds, policy=policy)


def driven(
    lesson: Lesson, before: Round | None, seconds: float, *, policy: Policy | None
) -> Taught:
    """Episode after episode, and one more where the time is not over yet."""
    number = 0 if before is None else before.number + 1
    parts, spent, episode = [], 0.0, 0
    while spent < seconds or (before is None and not parts):
        found = lesson.drive(policy, number, episode)
        spent += lesson.seconds_of(found.steps)
        episode += 1
        if len(found.answers):
            parts.append(found.answers)
        check_fruitful(episode, parts, before, lesson)
    return Taught(tuple(parts), spent)


def relabeled(lesson: Lesson, before: Round | None, seconds: float) -> Taught:
    """The person says what was right in states that the newest policy visited.

    Which of them is chance. Without a policy, chance has acted.
    """
    number = 0 if before is None else before.number + 1
    policy = None if before is None else before.learner.policy
    generator = np.random.default_rng([*lesson.chance, number])
    person = SimulatedPerson(
        lesson.task,
        lesson.expert,
        generator,
        **vars(lesson.options.traits(lesson.options.reaction)),
    )
    round_key = jax.random.fold_in(lesson.key, number)
    parts, spent, visits = [], 0.0, 0
    while spent < seconds or (before is None and not parts):
        key = jax.random.fold_in(round_key, visits)
        seen = visit(lesson.many, None, policy, lesson.settings, key=key)
        places = generator.permutation(np.argwhere(np.asarray(seen.valid)))
        part, took = answered(
            lesson, person, seen, places, seconds - spent, first=visits, round=number
        )
        spent += took
        visits += 1
        if len(part):
            parts.append(part)
        check_fruitful(visits, parts, before, lesson)
    return Taught(tuple(parts), spent)


def answered(
    lesson: Lesson,
    person: SimulatedPerson,
    seen: Trajectories,
    places: np.ndarray,
    seconds: float,
    *,
    first: int,
    round: int,
) -> tuple[Answers, float]:
    """What a person says about these places, one after the other; how long it took.

    Nobody is asked any more when the time is over. `first` is how often somebody has
    visited in this round before.
    """
    observation = np.asarray(seen.observation)
    asked, actions, spent = [], [], 0.0
    for episode, step in places:
        if spent >= seconds:
            break
        reply = person.reply(observation[episode, step])
        spent += lesson.options.clip + reply.seconds
        if reply.verdict == "action":
            asked.append((episode, step))
            actions.append(reply.actions[0])
    at, step = np.array(asked, np.int64).reshape(-1, 2).T
    kind = np.int32 if lesson.task.bounds is None else np.float32
    ago = np.maximum(step[:, None] - np.arange(lesson.past, 0, -1), 0)
    part = Answers(
        observation=observation[at, step],
        action=np.array(actions, kind).reshape(len(at), lesson.task.head.width),
        episode=(at + first * len(observation)).astype(np.int32),
        step=step.astype(np.int32),
        origin=Origin(round, "correction", lesson.name),
        before=observation[at[:, None], ago] if lesson.past else None,
    )
    return part, spent


def check_fruitful(
    tries: int, parts: list[Answers], before: Round | None, lesson: Lesson
) -> None:
    """Raise NothingTaughtError where there is still nothing to begin with."""
    if before is None and not parts and tries >= FRUITLESS:
        raise NothingTaughtError(
            f"in {tries} episodes of {lesson.task.id} the simulated person taught"
            f" nothing: they act {lesson.delay:g} s after they see; give a"
            " shorter --delay, or a smaller --unsure"
        )


# The ways to teach that are compared, in the order in which they are told.
WAYS: Mapping[str, Callable[[Lesson, Round | None, float], Taught]] = {
    "demonstrations": demonstrated,
    "relabeling": relabeled,
    "take-over": taken_over,
}
