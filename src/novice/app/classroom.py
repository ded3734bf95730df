"""Bring a run and its people together: the inbox, the page's server, who answers."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from novice.app.asking import Examiner
from novice.app.assignment import Assignment
from novice.app.bulletin import alive, introduce
from novice.app.label import INBOX, instructions_in, invitation
from novice.app.options import PageOptions, simulated_name
from novice.app.page_server import page_flags, served, stand_back
from novice.app.runs import expert_named
from novice.app.simulation import answering, simulated_people
from novice.envs.task import Task
from novice.experts.expert import AbstractExpert
from novice.experts.simulated import SimulatedPerson
from novice.inbox.store import Inbox

# How long people can read that the run is over before its page goes, in seconds.
FAREWELL = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """What people are to be asked with; who knows right answers; who answers."""

    page: PageOptions
    instructions: str | None = None
    knows: AbstractExpert | None = None
    simulated: tuple[SimulatedPerson, ...] = ()


def prepare_lesson(task: Task, assignment: Assignment, page: PageOptions) -> Lesson:
    """Find everything that people's questions need, before anything is begun.

    Raises NoInstructionsError, or why nobody can be simulated or knows right answers.
    """
    people, knows = assignment.settings.people, None
    if people.gold:
        knows = expert_named(people.gold_by, task, needed=False)
    Examiner(task, people, knows)
    lesson = Lesson(
        page=page, instructions=instructions_in(page.instructions), knows=knows
    )
    if assignment.simulation is None:
        return lesson
    return dataclasses.replace(
        lesson,
        page=dataclasses.replace(page, who=simulated_name(page.who)),
        simulated=simulated_people(task, assignment.simulation, seed=assignment.seed),
    )


@contextlib.contextmanager
def open_classroom(
    folder: Path,
    task: Task,
    assignment: Assignment,
    lesson: Lesson,
    *,
    say: Callable[[str], None],
) -> Iterator[Inbox]:
    """The run's inbox, while a page is served on which people answer."""
    page = lesson.page
    with contextlib.closing(Inbox(folder / INBOX)) as inbox:
        inbox.check()
        introduce(inbox, folder, task, assignment.settings)
        inbox.tell("simulated", bool(lesson.simulated))
        inbox.tell("render", page.render)
        inbox.tell("instructions", lesson.instructions)
        words = words_for_page(folder, page)
        with alive(inbox), served(words, port=page.port) as server:
            for line in invitation(page, server.port, server.address):
                say(line)
            say("Ctrl-C stops; every answer is kept, and the same command goes on.")
            stand_back()
            with answered_by(lesson.simulated, folder, server.address, assignment):
                yield inbox
            inbox.tell("phase", "finished")
            if not lesson.simulated:
                time.sleep(FAREWELL)


@contextlib.contextmanager
def answered_by(
    people: Sequence[SimulatedPerson],
    folder: Path,
    address: str,
    assignment: Assignment,
) -> Iterator[None]:
    """Simulated people at work, if there are to be some; the first has the address."""
    if not people or assignment.simulation is None:
        yield
        return
    with answering(people, folder, address, hurry=assignment.simulation.hurry):
        yield


def words_for_page(folder: Path, page: PageOptions) -> list[str]:
    """The words after `novice` with which the page is served.

    What the page shows stands in the inbox already.
    """
    return ["label", str(folder), *page_flags(page, "render", "instructions")]
