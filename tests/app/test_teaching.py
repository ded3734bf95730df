"""The loop with people in it: nobody waits, and a record can be replayed."""

import contextlib
import dataclasses
import functools
import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import gymnasium
import jax
import numpy as np
import pytest

from app.homemade import to_the_middle
from novice.algorithms.settings import DaggerSettings, FitSettings, PeopleSettings
from novice.app.bulletin import announce
from novice.app.folder import RunFolder
from novice.app.teaching import Teaching
from novice.datasets.dataset import Answers, Dataset, Origin
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task, make_task
from novice.experts.expert import Law
from novice.experts.kept import named_arrays
from novice.experts.question import Answer, Question
from novice.inbox.store import Inbox
from novice.types import Round

WALK = "app.homemade:Walk-v0"
RETURN = {"return": {"mean": 1.0, "ci95": [0.0, 2.0], "iqm": 1.0, "episodes": 2}}
SETTINGS = {
    "labels": 24,
    "labels_per_round": 8,
    "episodes_per_round": 2,
    "first_steps": 1,
    "steps": 1,
    "fit": FitSettings(hidden=(8,), batch_size=8),
}

Says = Callable[[Question], tuple]


def as_the_law_says(question: Question) -> tuple:
    return ("action", (int(to_the_middle(question.observation)),))


def answer(inbox: Inbox, question: Question, said: tuple, *, lease: int = 0) -> None:
    verdict, *actions = said
    inbox.store(
        [
            Answer(
                uuid=secrets.token_hex(16),
                question=question.id,
                who="ana",
                verdict=verdict,
                actions=tuple(tuple(each) for each in actions),
                seconds=3.0,
                lease=lease,
            )
        ]
    )


@contextlib.contextmanager
def answering(inbox: Inbox, says: Says = as_the_law_says) -> Iterator[list[Question]]:
    """Somebody at the page for as long as this lasts; what they were asked."""
    stop, asked = threading.Event(), []

    def work() -> None:
        while not stop.is_set():
            leased = inbox.lease("ana", want=1)
            for each in leased:
                asked.append(each.question)
                answer(inbox, each.question, says(each.question), lease=each.lease)
                time.sleep(0.02)  # Somebody quick, but not a machine.
            if not leased:
                time.sleep(0.01)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield asked
    finally:
        stop.set()
        thread.join()


# Inboxes of the test that is running.
OPEN: list[Inbox] = []


@pytest.fixture(autouse=True)
def closed_in_the_end() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


@functools.cache
def walk() -> Task:
    """One task for all tests, for which programs are compiled once."""
    return make_task(WALK)


class School:
    """A run's folder, its inbox, and the loop over them."""

    def __init__(self, path: Path, task: Task | None = None, **changed):
        self.path = path
        self.task = task or walk()
        self.inbox = Inbox(path / "dataset" / "inbox.sqlite")
        self.folder = RunFolder(path)
        self.settings = DaggerSettings(**{**SETTINGS, **changed})
        self.said: list[str] = []
        OPEN.append(self.inbox)

    def rounds(self, *, start: Round | None = None, **more) -> Iterator[Round]:
        """Rounds as a run has them: each is saved before the next begins."""
        slots = SeparateSlots(self.task, 2)
        if not self.folder.settings_path.exists():
            self.folder.begin({"command": "dagger", "version": "0", "settings": {}})
        teaching = Teaching(
            slots,
            self.inbox,
            self.path,
            self.settings,
            key=jax.random.key(0),
            evaluate=lambda policy: RETURN,
            warn=self.said.append,
            **more,
        )
        for round in teaching.rounds(self.folder.last_round() or start):
            self.folder.save_round(round, {})
            yield round
        slots.close()

    def weights(self) -> list[dict[str, np.ndarray]]:
        count = self.folder.round_count()
        return [named_arrays(self.folder.policy(number)) for number in range(count)]


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path / "run")


def same(some: list[dict], others: list[dict]) -> bool:
    return len(some) == len(others) and all(
        np.array_equal(a[name], b[name])
        for a, b in zip(some, others, strict=True)
        for name in a
    )


@pytest.mark.slow
def test_rounds_are_counted_in_answers(school):
    with answering(school.inbox):
        rounds = list(school.rounds())

    labels = [round.measures["labels"] for round in rounds]
    assert labels[0] >= 8
    assert all(later >= before + 8 for before, later in itertools.pairwise(labels[:-1]))
    assert labels[-1] >= 24
    assert rounds[-1].measures["human_seconds"] == 3.0 * rounds[-1].measures["rows"]


@pytest.mark.slow
def test_questions_are_about_the_newest_policy(school):
    with answering(school.inbox) as asked:
        list(school.rounds())

    visits = [question.visit for question in asked]
    assert visits == sorted(visits)
    assert max(visits) >= 1


@pytest.mark.slow
def test_people_answer_while_the_run_learns(tmp_path):
    """What is said during a fit counts in the next round."""
    school = School(tmp_path / "run", labels_per_round=3)
    with answering(school.inbox):
        first = next(school.rounds())
        time.sleep(0.3)

    cut = first.measures["cut"]["answer"]
    assert school.inbox.last_answer() > cut
    assert {each.id for each in school.inbox.answers_after(cut)} == set(
        range(cut + 1, school.inbox.last_answer() + 1)
    )


@pytest.mark.slow
def test_a_stopped_run_goes_on_with_what_was_answered(school):
    with answering(school.inbox):
        loop = school.rounds()
        first = next(loop)
        loop.close()
        # The run is gone; people go on answering.
        time.sleep(0.2)
        answered = school.inbox.answer_count()
        rounds = list(school.rounds())

    assert rounds[0].number == first.number + 1
    assert rounds[-1].measures["labels"] >= 24
    assert rounds[-1].measures["cut"]["answer"] >= answered


@pytest.mark.slow
def test_the_same_record_gives_the_same_policies(school, tmp_path):
    """Answers that come at the same places in the same order: bytes are equal."""
    with answering(school.inbox):
        list(school.rounds())
    record = school.inbox.answers_after(0)
    cuts = [
        int(school.folder.last_round().measures["cut"]["answer"])
        if number == school.folder.round_count() - 1
        else read_cut(school, number)
        for number in range(school.folder.round_count())
    ]

    again = School(tmp_path / "again", task=school.task)
    loop, given = again.rounds(), 0
    for cut in cuts:
        with background(lambda: next(loop)) as finished:
            for each in record[given:cut]:
                wait_until(lambda each=each: exists(again.inbox, each.answer.question))
            again.inbox.store([each.answer for each in record[given:cut]])
            finished()
        given = cut

    assert same(again.weights(), school.weights())


def read_cut(school: School, number: int) -> int:
    from novice.files import read_json

    return read_json(school.folder.round_path(number) / "cut.json")["answer"]


def exists(inbox: Inbox, question: int) -> bool:
    with contextlib.suppress(Exception):
        return inbox.question(question) is not None
    return False


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


@contextlib.contextmanager
def background(work: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Run `work` beside; what is yielded waits for its end."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def finish() -> None:
        thread.join(timeout=30)
        assert not failed, failed

    yield finish
    finish()


@pytest.mark.slow
def test_demonstrations_come_first_and_do_not_count_as_answers(school):
    shown = Answers(
        observation=np.linspace(-3, 3, 30, dtype=np.float32)[:, None],
        action=np.ones((30, 1), np.int32),
        episode=np.zeros(30, np.int32),
        step=np.arange(30, dtype=np.int32),
        origin=Origin(0, "demonstration", "ana"),
    )
    brought = Dataset().append(shown)

    with answering(school.inbox):
        rounds = list(school.rounds(brought=brought, brought_seconds=40.0))

    assert rounds[0].measures["labels"] == 30
    assert rounds[0].measures["human_seconds"] == 40.0
    assert rounds[0].measures["env_steps"] == 0
    assert rounds[-1].measures["labels"] >= 30 + 24


@pytest.mark.slow
def test_a_budget_in_minutes_ends_the_run(tmp_path):
    school = School(tmp_path / "run", labels=1000, minutes=0.5)

    with answering(school.inbox):
        rounds = list(school.rounds())

    seconds = [round.measures["human_seconds"] for round in rounds]
    assert seconds[-1] >= 30 > (seconds[-2] if len(seconds) > 1 else 0)


@pytest.mark.slow
def test_when_everything_is_used_up_the_policy_acts_again(tmp_path):
    """Whoever can't tell anything is asked about other moments, and no round comes."""
    school = School(tmp_path / "run", episodes_per_round=1, labels=8)
    visited: set[int] = set()

    def says(question: Question) -> tuple:
        """Nothing about the first visit."""
        visited.add(question.visit)
        return ("action", (1,)) if question.visit else ("unsure",)

    with answering(school.inbox, says):
        rounds = list(school.rounds())

    assert visited >= {0, 1}
    assert school.inbox.unanswered(0) == 0
    assert rounds[-1].measures["labels"] >= 8


class Shaky(gymnasium.Env):
    """A walk whose steps come from a generator that no seed reaches."""

    observation_space = gymnasium.spaces.Box(-9, 9, (1,))
    action_space = gymnasium.spaces.Discrete(2)
    chance = np.random.default_rng(1)

    def __init__(self, render_mode: str | None = None):
        self.render_mode = render_mode

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.left = 0.0, 6
        return np.array([self.place], np.float32), {}

    def step(self, action):
        self.place += (2 * int(action) - 1) * float(self.chance.random())
        self.left -= 1
        seen = np.array([self.place], np.float32)
        return seen, 0.0, self.left == 0, False, {}

    def render(self):
        shade = int(127 + 10 * self.place)
        return np.full((20, 30, 3), shade, np.uint8)


gymnasium.register("Shaky-v0", entry_point=Shaky)


@pytest.mark.slow
def test_pictures_are_taken_on_the_way_where_nothing_can_be_replayed(tmp_path):
    school = School(tmp_path / "run", task=make_task("Shaky-v0"), labels=8)

    with answering(school.inbox, lambda question: ("action", (1,))) as asked:
        list(school.rounds())

    assert any("Shaky-v0" in line and "pictures" in line for line in school.said)
    assert school.inbox.told("replays") is False
    clip = school.inbox.clip_of(asked[-1].id)
    assert clip is not None
    assert (clip.width, clip.height) == (30, 20)
    assert 1 <= clip.frames <= asked[-1].step + 1


@pytest.mark.slow
def test_real_actions_are_taught_with_numbers(tmp_path):
    """One of two numbers may be known; what nobody knows teaches nothing."""
    school = School(tmp_path / "run", task=make_task("app.homemade:Glide-v0"))

    with answering(school.inbox, lambda question: ("action", (0.25,))):
        rounds = list(school.rounds())

    action = rounds[-1].dataset.column("action")
    assert action.dtype == np.float32
    assert np.unique(action).tolist() == [0.25]
    assert rounds[-1].measures["labels"] >= 24
    assert 0 <= rounds[0].measures["corrected"]["mean"] <= 1


@pytest.mark.slow
def test_who_knows_right_answers_taught_nobody(tmp_path):
    """The law's answers measure Ana; they are no labels, and the law is no person."""
    school = School(tmp_path / "run", people=PeopleSettings(gold=0.5))
    law = Law("the law", to_the_middle)

    with answering(school.inbox, lambda question: ("action", (1,))):
        rounds = list(school.rounds(knows=law))

    parts = rounds[-1].dataset.parts
    gold = [part for part in parts if part.origin.source == "gold"]
    assert gold and all(part.origin.who == "the law" for part in gold)
    rows = sum(len(part) for part in parts if part.origin.who == "ana")
    assert rounds[-1].measures["labels"] == rows
    assert school.folder.people() == ("ana",)
    assert school.inbox.told("consequences") is False


@pytest.mark.slow
def test_the_course_of_a_run_is_told_round_by_round(school):
    with answering(school.inbox):
        rounds = list(school.rounds())

    course = school.inbox.told("course")
    assert [each["round"] for each in course] == [r.number for r in rounds]
    assert course[1]["labels"] == rounds[1].measures["labels"]
    assert course[1]["return"] == RETURN["return"]
    # Told again, as after a kill, it is still told once.
    announce(school.inbox, rounds[-1])
    assert school.inbox.told("course") == course
    assert "return 1 → 1" in school.inbox.news(0)[-1]["sentence"]


@pytest.mark.slow
def test_a_run_goes_on_from_the_policy_and_the_answers_of_another(school, tmp_path):
    with answering(school.inbox):
        before = list(school.rounds())[-1]
    begun = dataclasses.replace(
        before,
        number=-1,
        dataset=before.dataset.settled(),
        measures={"env_steps": 0},
    )

    later = School(tmp_path / "later")
    with answering(later.inbox) as asked:
        rounds = list(
            later.rounds(start=begun, brought=begun.dataset, brought_seconds=72.0)
        )

    assert asked[0].visit == 0
    assert later.inbox.told("policy") != "start"
    assert rounds[0].number == 0
    assert rounds[-1].measures["labels"] >= len(begun.dataset) + 24
    assert rounds[0].measures["human_seconds"] > 72.0
