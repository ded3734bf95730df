"""Put a simulated person in front of a run's questions."""

import threading
from pathlib import Path

import numpy as np

from novice.app.options import SimulationOptions
from novice.app.runs import expert_named
from novice.app.tasks import task_called
from novice.envs.task import Task
from novice.experts.expert import UnknownExpertError
from novice.experts.simulated import SimulatedPerson
from novice.files import read_json
from novice.inbox.player import play_episodes
from novice.inbox.visitor import Visitor, answer_all


def simulated_person(
    task: Task, simulation: SimulationOptions, *, seed: int
) -> SimulatedPerson:
    """The person that the options describe."""
    assert simulation.simulate is not None
    expert = expert_named(simulation.simulate, task, needed=True)
    assert expert is not None
    return SimulatedPerson(
        task,
        expert,
        np.random.default_rng(seed),
        lapses=simulation.lapses,
        unsure=simulation.unsure,
        reaction=simulation.reaction,
    )


def playing(task: Task, who: str, address: str, episodes: int) -> None:
    """Play so many episodes on the play page at this address, as `who` would."""
    expert = expert_named(who, task, needed=True)
    assert expert is not None
    if expert.remembers:
        raise UnknownExpertError(
            f"{expert.name} remembers the episode, but a simulated person is shown"
            " single moments; name an expert that needs the present alone"
        )

    def choose(observation: np.ndarray) -> int:
        action, _ = expert.act(expert.start(), task.observation_of(observation))
        return int(task.action_vector(action, by=expert.name)[0])

    visitor = Visitor(address)
    try:
        play_episodes(visitor, choose, episodes=episodes)
    finally:
        visitor.close()


def answering(
    folder: Path, address: str, simulation: SimulationOptions, stop: threading.Event
) -> None:
    """Answer the questions of the run in `folder` until they are over."""
    settings = read_json(folder / "settings.json")["settings"]
    task = task_called(settings["task"], settings["task_argument"])
    person = simulated_person(task, simulation, seed=settings["seed"])
    answer_all(Visitor(address), person.reply, hurry=simulation.hurry, stop=stop)
