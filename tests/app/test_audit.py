"""People's blind answers tell how often the policy was wrong, once they are all in."""

import itertools
from contextlib import closing
from pathlib import Path

import jax
import numpy as np
import pytest

from app.homemade import to_the_middle
from app.test_teaching import School, answering, walk
from inbox.asking import a_question, an_episode, says
from novice.app.asking import questions_of
from novice.app.audit import newest_audit
from novice.app.audit_words import audit_sentence, audit_told
from novice.experts.asking.strategies import Asked
from novice.experts.question import Question
from novice.inbox.store import Inbox
from novice.types import Trajectories


@pytest.fixture
def inbox(tmp_path: Path):
    with closing(Inbox(tmp_path / "inbox.sqlite")) as inbox:
        for visit in range(2):
            episodes = [an_episode(visit, episode=episode) for episode in (0, 1)]
            asked = [
                a_question(step, episode=step % 2, chance=0.5 if step < 4 else None)
                for step in range(6)
            ]
            inbox.add_visit(visit, episodes, asked)
        yield inbox


def did_one(question: Question) -> np.ndarray:
    return np.array([1], np.int32)


def told(inbox: Inbox, *, since: int = 0, until: int | None = None) -> dict:
    last = inbox.last_answer() if until is None else until
    return newest_audit(inbox, walk(), since=since, until=last, done=did_one)


def act(question: int, *actions: int, who: str = "ana"):
    return says(question, who, actions=tuple((float(each),) for each in actions))


def test_a_slice_speaks_when_all_of_it_has_been_answered(inbox):
    """Questions 1 to 4 and 7 to 10 are reserved; the policy did 1 everywhere."""
    inbox.store([act(1, 1), act(2, 0), act(3, 0, 1), act(5, 0)])
    assert told(inbox) == {}

    inbox.store([act(4, 0)])

    found = told(inbox)
    assert found["visit"] == 0
    assert found["audit"]["mean"] == 0.5
    assert (found["audit"]["answers"], found["audit"]["episodes"]) == (4, 2)
    # It is told once, by the round whose answers completed it.
    assert told(inbox, since=5) == {}
    assert told(inbox, until=4) == {}


def test_the_newest_of_several_slices_speaks(inbox):
    inbox.store([act(number, 1) for number in (1, 2, 3, 4)])
    inbox.store([act(number, 0) for number in (7, 8, 9, 10)])

    found = told(inbox)

    assert (found["visit"], found["audit"]["mean"]) == (1, 1.0)


def test_who_cannot_tell_counts_on_no_side(inbox):
    inbox.store([act(1, 0), act(2, 1), act(3, 1)])
    inbox.store([says(4, verdict="unsure")])

    audit = told(inbox)["audit"]

    assert audit["answers"] == 3
    assert audit["mean"] == pytest.approx(1 / 3)


def test_several_people_and_second_thoughts_count_as_one_answer(inbox):
    inbox.store([act(1, 0), act(1, 1), act(1, 0, who="ben")])
    inbox.store([act(2, 1), act(3, 1), act(4, 1)])

    # Of question 1 ana's last word is right and ben's is not: a half.
    assert told(inbox)["audit"]["mean"] == pytest.approx(0.125)


def test_nothing_is_told_where_nobody_can_tell_anything(inbox):
    inbox.store([says(number, verdict="unsure") for number in (1, 2, 3, 4)])

    assert told(inbox) == {}


def steps_seen(length: int) -> Trajectories:
    nothing = np.zeros((2, length, 1), np.int32)
    return Trajectories(
        valid=np.ones((2, length), bool),
        observation=np.zeros((2, length + 1, 1), np.float32),
        action_sampled=nothing,
        action_executed=nothing,
        expert_acted=np.zeros((2, length), bool),
        reward=np.zeros((2, length), np.float32),
        terminated=np.ones(2, bool),
        truncated=np.zeros(2, bool),
        seed=np.arange(2),
    )


def half_reserved() -> Asked:
    states = np.zeros((2, 40), bool)
    states[0, 5:20], states[1, 8:23] = True, True
    reserved = np.zeros_like(states)
    reserved[0, 6], reserved[1, 10:12] = True, True
    return Asked(states, reserved, 0.25)


@pytest.mark.parametrize("in_stretches", [False, True])
def test_what_chance_chose_is_asked_in_the_first_deal(in_stretches):
    put = questions_of(
        steps_seen(40),
        half_reserved(),
        None,
        at_a_time=10,
        in_stretches=in_stretches,
        key=jax.random.key(2),
    )

    assert [each.rank for each in put] == list(range(30))
    found = {(each.episode, each.step): each.chance for each in put[:10] if each.chance}
    assert found == {(0, 6): 0.25, (1, 10): 0.25, (1, 11): 0.25}
    assert not any(each.chance for each in put[10:])


def test_stretches_are_asked_one_after_the_other():
    asked = half_reserved()._replace(reserved=np.zeros((2, 40), bool))

    put = questions_of(
        steps_seen(40),
        asked,
        None,
        at_a_time=10,
        in_stretches=True,
        key=jax.random.key(2),
    )

    places = [(each.episode, each.step) for each in put]
    breaks = sum((a[0], a[1] + 1) != b for a, b in itertools.pairwise(places))
    assert breaks == 1


@pytest.mark.slow
def test_a_run_with_people_tells_what_their_blind_answers_say(tmp_path):
    school = School(tmp_path / "run", ask="novelty", audit=0.5, labels=40)
    with answering(school.inbox):
        rounds = list(school.rounds())

    reserved = school.inbox.reserved()
    audits = [each.measures["audit"] for each in rounds if "audit" in each.measures]
    assert len(reserved) >= 3 and audits
    assert school.inbox.question(min(reserved)).visit == 1
    # What they rest on, found again from the questions and the law that answered.
    first = audits[0]
    visit = next(
        number
        for number in range(school.inbox.visits())
        if read_policy(school, number) == first["policy"]
    )
    asked = [school.inbox.question(number) for number in reserved]
    wrong = [
        int(each.action[0]) != int(to_the_middle(each.observation))
        for each in asked
        if each.visit == visit
    ]
    assert first["mean"] == pytest.approx(np.mean(wrong))
    assert first["answers"] == len(wrong) >= 3
    kept = rounds[-1].dataset
    chance = {
        int(question): float(part.chance[row])
        for part in kept.parts
        if part.chance is not None
        for row, question in enumerate(part.question)
        if part.chance[row]
    }
    assert (
        chance
        and chance.items()
        <= {number: np.float32(each) for number, each in reserved.items()}.items()
    )
    assert all(each.measures["context_switches"] >= 1 for each in rounds)
    school.inbox.check()


def read_policy(school: School, visit: int) -> int:
    from novice.files import read_json

    return read_json(school.path / "visits" / f"{visit:03d}" / "visit.json")["policy"]


AUDIT = {"mean": 0.16, "ci95": [0.04, 0.5], "answers": 25, "episodes": 5, "policy": 2}


def test_the_sentence_says_what_it_rests_on_and_what_to_do():
    assert audit_sentence(AUDIT, discrete=True, by_people=False) == (
        "The policy of round 2 differs from the expert in 16 % [4, 50] of the states"
        " that it visits: so say 25 answers in 5 episodes, drawn by chance and asked"
        " blind, whatever --ask chose besides. That is too wide to go by: raise --audit"
        " or --episodes-per-round to know better."
    )
    one = {**AUDIT, "answers": 1, "episodes": 1}
    real = audit_sentence(one, discrete=False, by_people=True)
    assert real.startswith(
        "The policy of round 2 differs from people by 0.16 [0.04, 0.5] half-ranges of"
        " an action in the states that it visits: so say 1 answer in 1 episode, drawn"
    )
    assert real.endswith(
        "There is something left to correct: more answers can still help."
    )
    little = {**AUDIT, "mean": 0.01, "ci95": [0.0, 0.04]}
    assert audit_sentence(little, discrete=True, by_people=True).endswith(
        "There is little left to correct; more answers will hardly change it."
    )


def test_the_summary_tells_the_newest_estimate():
    rounds = [
        {"round": 2, "audit": {**AUDIT, "mean": 0.5}},
        {"round": 3, "audit": AUDIT},
    ]

    found = audit_told([*rounds, {"round": 4}], discrete=True, by_people=False)

    assert (found["audit"]["round"], found["audit"]["mean"]) == (3, 0.16)
    assert audit_told([{"round": 0}], discrete=True, by_people=False) == {}
