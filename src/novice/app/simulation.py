"""Put a simulated person in front of a run's questions."""

import _thread
import contextlib
import dataclasses
import functools
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
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
from novice.inbox.security import Doorkeeper
from novice.inbox.status import MOST_SHOWN
from novice.inbox.store import Inbox
from novice.inbox.visitor import Visitor, answer_all


def simulated_people(
    task: Task, simulation: SimulationOptions, *, seed: int
) -> tuple[SimulatedPerson, ...]:
    """The people that the options describe: one for each number of lapses or tremor."""
    assert simulation.simulate is not None
    expert = expert_named(simulation.simulate, task, needed=True)
    assert expert is not None
    return tuple(
        SimulatedPerson(
            task,
            expert,
            np.random.default_rng(seed if number == 0 else [seed, number]),
            **dataclasses.asdict(traits),
        )
        for number, traits in enumerate(simulation.everybody)
    )


def people_for(
    folder: Path, simulation: SimulationOptions
) -> tuple[SimulatedPerson, ...]:
    """Simulated people who know the task of the run in `folder`."""
    with contextlib.closing(Inbox(folder / INBOX)) as inbox:
        told = inbox.told("task")
    task = task_called(told["id"], told["kwargs"])
    return simulated_people(task, simulation, seed=0)


def simulated_player(task: Task, who: str) -> Callable[[np.ndarray], np.ndarray]:
    """What `who` would do about each observation; raises UnknownExpertError."""
    if task.bounds is None and len(task.head.options) != 1:
        raise CannotSimulateError(
            "a simulated person plays tasks with actions to choose from, or with real"
            f" actions, and {task.id} takes {task.action_space}; leave --simulate away"
        )
    if task.observation_size > MOST_SHOWN:
        raise CannotSimulateError(
            "a simulated person reads the numbers on the page, which shows"
            f" {MOST_SHOWN} of them, and {task.id} has {task.observation_size:,};"
            " leave --simulate away and play it yourself"
        )
    expert = expert_named(who, task, needed=True)
    assert expert is not None
    if expert.remembers:
        raise UnknownExpertError(
            f"{expert.name} remembers the episode, but a simulated person is shown"
            " single moments; name an expert that needs the present alone"
        )

    def choose(observation: np.ndarray) -> np.ndarray:
        action, _ = expert.act(expert.start(), task.observation_of(observation))
        return task.clip(task.action_vector(action, by=expert.name))

    return choose


@contextlib.contextmanager
def playing(
    choose: Callable[[np.ndarray], np.ndarray], address: str, *, episodes: int
) -> Iterator[None]:
    """Somebody who plays so many episodes on the play page, beside what goes on."""

    def play(stop: threading.Event) -> None:
        with contextlib.closing(Visitor(address)) as visitor:
            play_episodes(visitor, choose, episodes=episodes)

    with beside(play):
        yield


@contextlib.contextmanager
def answering(
    people: Sequence[SimulatedPerson], folder: Path, address: str, *, hurry: bool
) -> Iterator[None]:
    """People who answer a run's questions; the first of them has the address."""
    addresses = [address, *addresses_of_others(folder, address, len(people))]
    with contextlib.ExitStack() as stack:
        for person, each in zip(people, addresses, strict=True):
            stack.enter_context(beside(functools.partial(answer, person, each, hurry)))
        yield


def addresses_of_others(folder: Path, address: str, count: int) -> list[str]:
    """Addresses for all but the first of so many simulated people."""
    doorkeeper = Doorkeeper(folder)
    page, _, _ = address.partition("?")
    names = [f"simulated person {number}" for number in range(2, count + 1)]
    return [f"{page}?token={doorkeeper.invite(name)}" for name in names]


def answer(
    person: SimulatedPerson, address: str, hurry: bool, stop: threading.Event
) -> None:
    """Answer until the run is finished, or until `stop` is set."""
    with contextlib.closing(Visitor(address)) as visitor:
        answer_all(visitor, person.reply, hurry=hurry, stop=stop)


def ending_signal() -> signal.Signals:
    """A signal that ends what goes on: a run started with `&` hears no SIGINT."""
    both = (signal.SIGINT, signal.SIGTERM)
    return next((each for each in both if callable(signal.getsignal(each))), both[0])


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
                _thread.interrupt_main(ending_signal())

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
