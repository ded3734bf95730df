"""What the report says where people taught: who, in how much time, and if real."""

import re
from dataclasses import replace
from typing import Any

import pytest

from app import sample_runs
from app.sample_runs import human, human_alone, human_unpaid, simulated, without
from app.test_report import HOSTILE, Outline, changed, plain, points, text_of
from novice.app.report import RunContents, UnreadableRunError, report
from novice.app.report.course import _curves as curves
from novice.app.report.course import _points as points_of
from novice.app.report.facts import RoundFacts, facts
from novice.app.report.figures import Curve
from novice.app.report.numbers import spent
from novice.app.report.words import headline, remarks

SIMULATED = "simulated person (auto, lapses 10 %)"


def words_of(markup: str) -> str:
    """The words of some markup, with plain spaces; none is added between them."""
    return plain("".join(Outline(markup).words))


def headline_of(contents: RunContents) -> str:
    return words_of(headline(facts(contents), points(0.92, 0.84, 0.97)))


def remarks_of(contents: RunContents) -> str:
    told = remarks(facts(contents), {"expert": points(-37, -71, -11, episodes=100)})
    return " ".join(words_of(str(remark)) for remark in told)


def told_by(contents: RunContents) -> str:
    """The page but for its end, where the settings stand as they were typed."""
    page = report(contents)
    return words_of(page[page.index("<body>") : page.rindex("How to repeat it")])


def taught(contents: RunContents, **teacher: Any) -> RunContents:
    return changed(contents, teacher={**contents.summary["teacher"], **teacher})


def sections(contents: RunContents) -> list[str]:
    """The opening and each section, as somebody might cut it out of the page."""
    page = report(contents)
    return re.findall(r"<header>.*?</header>|<section>.*?</section>", page, re.DOTALL)


def curves_of(contents: RunContents) -> dict[str, Curve]:
    run = facts(contents)
    return {curve.at_name: curve for curve in curves(run, points_of(run)).values()}


# -- who taught


def test_the_headline_says_who_taught_and_in_how_much_time() -> None:
    assert headline_of(human()) == (
        "The policy reaches 0.92 [0.84, 0.97] of the way from random to the built-in"
        " controller, taught by ana with 315 answers in 5.2 minutes."
    )


def test_the_end_of_the_page_says_who_taught() -> None:
    assert (
        "Taught by ana with 315 answers in 5.2 minutes. The command asks anew; what was"
        " answered is kept in the run's folder."
    ) in words_of(sections(human())[-1])


@pytest.mark.parametrize(
    ("people", "named"),
    [
        ([], "taught by a person with"),
        (["ana", "ben"], "taught by ana and ben with"),
        (["ana", "ben", "cem"], "taught by ana, ben and cem with"),
        (["ana", "ben", "cem", "eva", "li"], "by ana, ben, cem and 2 others with"),
    ],
)
def test_people_are_named_as_in_a_sentence(people: list[str], named: str) -> None:
    assert named in headline_of(taught(human(), people=people))


def test_of_many_people_the_end_of_the_page_names_everybody() -> None:
    many = taught(human(), people=["ana", "ben", "cem", "eva", "li"])
    assert "Taught by ana, ben, cem, eva and li with" in words_of(sections(many)[-1])


def test_of_a_teacher_of_whom_little_is_known_little_is_said() -> None:
    contents = RunContents(
        settings={},
        summary={
            "command": "dagger",
            "env": "Task-v0",
            "teacher": {"people": [], "simulated": False},
        },
    )
    assert words_of(headline(facts(contents), None)) == (
        "A policy was trained, taught by a person; nothing here says how good it is."
    )


def test_labels_brought_along_are_not_said_to_be_answers() -> None:
    contents = human()
    settings = {**contents.settings["settings"], "from": "runs/earlier"}
    brought = replace(contents, settings={**contents.settings, "settings": settings})
    assert "taught by ana with 315 labels in 5.2 minutes" in headline_of(brought)
    assert "include what was brought along from runs/earlier." in remarks_of(brought)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1.2, "1 second"),
        (45.0, "45 seconds"),
        (59.7, "1.0 minutes"),
        (312.5, "5.2 minutes"),
        (7_560.0, "2.1 hours"),
    ],
)
def test_a_persons_time_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert plain(spent(seconds)) == said


# -- the curve


def test_returns_are_drawn_against_labels_and_against_a_persons_time() -> None:
    drawn = curves_of(human())
    assert list(drawn) == ["labels", "minutes of a person's time"]
    assert drawn["labels"].at[:2] == [45, 90]
    minutes = drawn["minutes of a person's time"].at
    assert minutes[:2] == pytest.approx([44.6 / 60, (2 * 44.6 + 0.3) / 60])


@pytest.mark.parametrize("at", ["labels", "minutes of a person's time"])
def test_each_curve_is_drawn_for_the_desk_and_for_the_phone(at: str) -> None:
    page = report(human())
    assert page.count(f">{at}</text>") == 2
    assert page.count(">mean return</text>") == 4


def test_a_run_without_a_teacher_has_one_curve() -> None:
    assert list(curves_of(sample_runs.dagger())) == ["labels"]


def test_without_a_reward_each_policy_is_told_by_the_answers_that_came_next() -> None:
    drawn = curves_of(human_unpaid())
    shares = [entry["corrected"]["mean"] for entry in human().summary["rounds"]]
    assert list(drawn) == ["labels", "minutes of people's time"]
    for curve in drawn.values():
        assert curve.score_name == "answers that corrected it, %"
        assert [score.mean / 100 for score in curve.scores] == pytest.approx(shares)
    assert drawn["labels"].at == [0, 45, 90, 135, 180, 225, 270]
    assert "Before the first answer, chance acts." in told_by(human_unpaid())


def test_what_acted_first_has_no_place_where_labels_were_brought_along() -> None:
    contents = replace(human_unpaid(), settings={"settings": {"from": "runs/earlier"}})
    assert curves_of(contents)["labels"].at[:2] == [45, 90]
    assert "chance acts" not in told_by(contents)


def test_where_answers_were_only_taken_back_time_is_still_drawn() -> None:
    rounds = [dict(entry) for entry in human().summary["rounds"]]
    rounds[3]["labels"] = rounds[2]["labels"] - 1
    drawn = curves_of(changed(human(), rounds=rounds))
    assert list(drawn) == ["steps in the task", "minutes of a person's time"]


def test_without_a_reward_the_headline_says_how_often_people_corrected() -> None:
    run = replace(
        facts(human_unpaid()),
        rounds=[
            RoundFacts(number=0, corrected=points(61.2, 52, 70)),
            RoundFacts(number=1, labels=90, corrected=points(12.1, 7.9, 16.3)),
        ],
    )
    assert words_of(headline(run, None)) == (
        "The policy was corrected in 12 % [8, 16] of the last round's answers, after"
        " 61 % in the first, taught by ana and ben with 90 answers in 5.2 minutes."
    )


def test_after_one_round_of_answers_there_is_no_first_one_to_compare_with() -> None:
    (entry, *_) = human_unpaid().summary["rounds"]
    told = words_of(headline(facts(changed(human_unpaid(), rounds=[entry])), None))
    assert "of the answers, taught by" in told


@pytest.mark.parametrize(
    "contents",
    [human_unpaid(), human_alone(of=human_unpaid)],
    ids=["yardstick", "alone"],
)
def test_without_a_reward_people_are_shown_no_return(contents: RunContents) -> None:
    text = told_by(contents)
    assert text.count("return") == text.count("stands in for the return") == 1
    assert "Best episode" not in text and "Episode by episode" not in text
    assert "How it learned" in text


# -- the yardstick


@pytest.mark.parametrize("sample", [human, simulated, human_unpaid])
def test_the_built_in_controller_is_a_yardstick_and_no_expert(sample: Any) -> None:
    text = told_by(sample())
    assert "yardstick" in text and "expert" not in text


def test_it_says_that_the_yardstick_taught_nothing() -> None:
    assert remarks_of(human()).endswith(
        "built-in controller (heuristic) is the yardstick; it taught nothing."
    )


def test_it_says_when_the_yardstick_stood_behind_the_simulated_person() -> None:
    assert remarks_of(simulated()).endswith(
        "is the yardstick; a simulated person answered from what it does."
    )


def test_the_policy_is_compared_with_the_built_in_controller() -> None:
    assert (
        "It scores 37 [11, 71] less than the built-in controller on the same 100 seeds."
    ) in remarks_of(human())


@pytest.mark.parametrize(
    "contents", [human_alone(), human_alone(of=human_unpaid)], ids=["paid", "unpaid"]
)
def test_without_a_yardstick_none_is_spoken_of(contents: RunContents) -> None:
    text = told_by(contents)
    for word in ("yardstick", "expert", "controller", "isagreement", "normalized"):
        assert word not in text
    assert "taught by ana" in text


def test_without_people_the_expert_is_an_expert() -> None:
    text = told_by(sample_runs.dagger())
    assert "yardstick" not in text and "taught" not in text


# -- simulated people


def test_every_section_says_that_a_person_was_simulated() -> None:
    found = sections(simulated())
    assert len(found) == 8
    for section in found:
        assert SIMULATED in words_of(section)


def test_every_drawing_of_the_curve_says_that_a_person_was_simulated() -> None:
    page = report(simulated())
    assert page.count(">labels by a simulated person</text>") == 2
    assert page.count(">minutes of a simulated person's time</text>") == 2


def test_the_headline_the_title_and_the_cards_say_that_a_person_was_simulated() -> None:
    page = report(simulated())
    assert f"taught by a {SIMULATED} with 315 answers" in headline_of(simulated())
    assert "taught by a simulated person · novice</title>" in page
    cards = words_of(re.findall(r'<dl class="cards">.*?</dl>', page, re.DOTALL)[0])
    assert "labels by a simulated person" in cards
    assert "of a simulated person's time" in cards


def test_it_says_how_a_simulated_person_answered() -> None:
    assert (
        f"Nobody real taught here: a {SIMULATED} answered in 0.6 s on average; their"
        " time was counted, not waited for."
    ) in remarks_of(simulated())


def test_a_share_of_unsure_answers_is_said_and_none_is_not() -> None:
    simulation = {"simulate": "garden:gardener", "lapses": 0.0, "unsure": 0.025}
    assert "(garden:gardener, unsure 2.5 %)" in headline_of(
        taught(simulated(), simulation=simulation)
    )


def test_a_simulated_person_cannot_hide_behind_a_name() -> None:
    hidden = taught(simulated(), people=["ana"])
    assert "taught by simulated ana (auto" in headline_of(hidden)


def test_a_name_that_says_simulated_is_believed_whatever_else_is_said() -> None:
    contents = taught(human(), people=["simulated ana"])
    assert all("simulated ana" in words_of(section) for section in sections(contents))


def test_where_real_and_simulated_people_taught_both_are_told() -> None:
    both = taught(simulated(), people=["ana", "simulated person"])
    assert f"taught by ana and a {SIMULATED} with" in headline_of(both)
    assert "Not everybody real taught here" in remarks_of(both)
    assert "minutes of real and simulated people's time" in curves_of(both)


@pytest.mark.parametrize("sample", [human, human_unpaid, human_alone])
def test_of_real_people_nothing_is_said_to_be_simulated(sample: Any) -> None:
    assert "imulated" not in report(sample())


# -- rounds


def heads(contents: RunContents) -> list[str]:
    return [words_of(head) for head in re.findall(r"<th .*?</th>", report(contents))]


def test_the_table_of_rounds_has_peoples_time_and_what_they_corrected() -> None:
    assert heads(human())[:4] == ["round", "labels", "time", "corrected, %"]
    (first, *_) = re.findall(r"<tr><td>0</td>.*?</tr>", report(human()))
    assert words_of(first).startswith("04545 s64 [50, 78]")


def test_what_nobody_corrected_has_no_column() -> None:
    rounds = [without(entry, "corrected") for entry in human().summary["rounds"]]
    contents = changed(human(), rounds=rounds)
    assert "corrected, %" not in heads(contents)
    assert "orrected" not in told_by(contents)


# -- safety and refusals


def taught_by(who: str) -> Outline:
    """The page of a small run taught by somebody, and by somebody simulated."""
    rounds = simulated().summary["rounds"][:1]
    simulation = {"simulate": who, "lapses": 0.1}
    contents = replace(simulated(), evaluation=None, metrics=[])
    people = taught(contents, people=[who, "simulated person"], simulation=simulation)
    return Outline(report(changed(people, rounds=rounds)))


@pytest.mark.parametrize("name", HOSTILE)
def test_who_somebody_is_changes_no_markup(name: str) -> None:
    hostile = taught_by(name)
    assert hostile.elements == taught_by("plain").elements
    # In the headline, the end of the page and each section, with what simulates it.
    assert hostile.words.count(name.encode("utf-8", "replace").decode()) >= 10


def test_a_name_written_from_right_to_left_turns_nothing_else_around() -> None:
    assert "<bdi>דנה</bdi>" in report(taught(human(), people=["דנה"]))


@pytest.mark.parametrize(
    ("teacher", "complaint"),
    [
        ("ana", "teacher should be an object, but is 'ana'"),
        ({"people": "ana"}, "teacher.people should be a list, but is 'ana'"),
        ({"human_seconds": "<b>"}, "teacher.human_seconds should be a finite number"),
        ({"simulation": "auto"}, "simulation should be an object, but is 'auto'"),
        ({"simulation": {"lapses": "0.1"}}, "teacher.simulation.lapses should be a"),
    ],
)
def test_a_malformed_teacher_is_named(teacher: Any, complaint: str) -> None:
    with pytest.raises(UnreadableRunError, match=complaint):
        report(changed(human(), teacher=teacher))


def test_a_malformed_share_of_corrections_is_named() -> None:
    rounds = [{"round": 4, "corrected": {"mean": 0.1, "ci95": None}}]
    with pytest.raises(
        UnreadableRunError, match=r"rounds\[4\].corrected.ci95 should be \[low, high"
    ):
        report(changed(human(), rounds=rounds))


def test_everything_that_a_person_should_read_is_in_the_text() -> None:
    text = plain(text_of(human()))
    assert "of a person's time" in text and "Time: a person's, so far." in text


# -- what was looked at before answering

LOOKED = {"answers": 12, "corrected": 0.5, "seconds": 3.1}
NOT_LOOKED = {"answers": 300, "corrected": 0.25, "seconds": 1.0}


def test_answers_after_a_look_at_the_consequences_stand_beside_the_others() -> None:
    looks = {"looked": LOOKED, "not_looked": NOT_LOOKED}

    assert (
        "12 answers came after a look at what each action leads to: they took 3.1 s"
        " each and corrected the policy in 50 % of the cases, the other 300 took 1 s"
        " and corrected it in 25 %."
    ) in remarks_of(taught(human(), consequences=looks))


def test_where_everybody_looked_nothing_is_compared() -> None:
    told = remarks_of(taught(human(), consequences={"looked": LOOKED}))

    assert "they took 3.1 s each and corrected the policy in 50 %." in told


def test_where_nobody_looked_nothing_is_said() -> None:
    assert "came after a look" not in remarks_of(human())
