"""Put a simulated person in front of a run's questions."""

import _thread
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from novice.app.label import INBOX
from novice.app.options import SimulationOptions
from novice.app.runs import expert_named
from novice.app.tasks import task_called
from novice.envs.task import Task
from novice.experts.expert import UnknownExpertError
from novice.experts.simulated import SimulatedPerson
from novice.inbox.player import CannotSimulateError, play_episodes
from novice.inbox.store import Inbox
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


def person_for(folder: Path, simulation: SimulationOptions) -> SimulatedPerson:
    """A simulated person who knows the task of the run in `folder`."""
    with contextlib.closing(Inbox(folder / INBOX)) as inbox:
        told = inbox.told("task")
    task = task_called(told["id"], told["kwargs"])
    return simulated_person(task, simulation, seed=0)


def simulated_player(task: Task, who: str) -> Callable[[np.ndarray], int]:
    """What `who` would do about each observation; raises UnknownExpertError."""
    if len(task.head.options) != 1:
        raise CannotSimulateError(
            "a simulated person plays tasks with actions to choose from, and"
            f" {task.id} takes {task.action_space}; leave --simulate away"
        )
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

    return choose


@contextlib.contextmanager
def playing(
    choose: Callable[[np.ndarray], int], address: str, *, episodes: int
) -> Iterator[None]:
    """Somebody who plays so many episodes on the play page, beside what goes on."""

    def play(stop: threading.Event) -> None:
        with contextlib.closing(Visitor(address)) as visitor:
            play_episodes(visitor, choose, episodes=episodes)

    with beside(play):
        yield


@contextlib.contextmanager
def answering(person: SimulatedPerson, address: str, *, hurry: bool) -> Iterator[None]:
    """Somebody who answers a run's questions at this address, beside what goes on."""

    def answer(stop: threading.Event) -> None:
        with contextlib.closing(Visitor(address)) as visitor:
            answer_all(visitor, person.reply, hurry=hurry, stop=stop)

    with beside(answer):
        yield


@contextlib.contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Do something in a thread; what goes wrong there ends what goes on here."""
    stop, wrong = threading.Event(), list[Exception]()

    def run() -> None:
        try:
            work(stop)
        except Exception as error:
            # Nobody waits for what comes after the end.
            if not stop.is_set():
                wrong.append(error)
                _thread.interrupt_main()

    thread = threading.Thread(target=run, name="simulated person", daemon=True)
    thread.start()
    try:
        yield
    except KeyboardInterrupt:
        if not wrong:
            raise
    finally:
        stop.set()
        thread.join(timeout=5)
    if wrong:
        raise wrong[0]
