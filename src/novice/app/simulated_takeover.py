"""Put a simulated person at the controls of a run, beside its policy."""

import contextlib
import dataclasses
import functools
from collections.abc import Iterator

import numpy as np
from jaxtyping import Num

from novice.app.options import SimulationOptions, Traits
from novice.app.runs import expert_named
from novice.app.simulation import beside
from novice.envs.task import Task
from novice.evaluation.disagreement import disagreement
from novice.experts.companion import Companion
from novice.experts.expert import AbstractExpert, UnknownExpertError
from novice.inbox.copilot import ride_along

# From this far apart on, in half-ranges, two real actions are different things.
DIFFERENT = 0.5


def companion_for(task: Task, simulation: SimulationOptions, *, seed: int) -> Companion:
    """The person that the options describe; raises UnknownExpertError."""
    assert simulation.simulate is not None
    expert = expert_named(simulation.simulate, task, needed=True)
    assert expert is not None
    generator, traits = np.random.default_rng(seed), simulation.everybody[0]
    return companion(task, expert, traits, generator, hurry=simulation.hurry)


def companion(
    task: Task,
    expert: AbstractExpert,
    traits: Traits,
    generator: np.random.Generator,
    *,
    hurry: bool = False,
) -> Companion:
    """Somebody with these traits who knows what an expert knows.

    Raises UnknownExpertError for an expert with a memory.
    """
    if expert.remembers:
        raise UnknownExpertError(
            f"{expert.name} remembers the episode, but a simulated person acts on what"
            " they see; name an expert that needs the present alone"
        )

    def wanted(observation: np.ndarray) -> Num[np.ndarray, " actions"]:
        action, _ = expert.act(expert.start(), task.observation_of(observation))
        return task.clip(task.action_vector(action, by=expert.name))

    return Companion(
        wanted=wanted,
        apart=functools.partial(difference, task),
        at_random=functools.partial(any_action, task),
        half_range=None if task.bounds is None else np.asarray(task.half_range),
        generator=generator,
        hurry=hurry,
        **dataclasses.asdict(traits),
    )


def difference(task: Task, one: np.ndarray, other: np.ndarray) -> float:
    """0 where two actions come to the same, 1 where they are different things."""
    rows = (np.asarray(each, one.dtype)[None] for each in (one, other))
    apart = float(disagreement(task, *rows)[0])
    return min(1.0, apart / (1.0 if task.bounds is None else DIFFERENT))


def any_action(task: Task, generator: np.random.Generator) -> np.ndarray:
    """One of the task's actions, each as likely as the other."""
    place = generator.random((1, int(task.head.width)))
    found: np.ndarray = task.action_at(place.astype(np.float32))[0]
    return found


@contextlib.contextmanager
def riding_along(companion: Companion, address: str) -> Iterator[None]:
    """Somebody who watches and takes over at an address, beside what goes on."""
    with beside(lambda stop: ride_along(address, companion, stop)):
        yield
