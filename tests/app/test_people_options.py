"""What can be said on the command line about people, real and simulated."""

from pathlib import Path

import pytest

from app.commands import QUICK, WALK, WALKER, refused
from novice.app.options import SimulationOptions, UsageError, is_simulated

ASKED = ("dagger", WALK, "--expert", "human")
DRIVEN = (*ASKED, "--by", "takeover")


def test_several_simulated_people_have_a_number_each():
    options = SimulationOptions(simulate="auto", lapses=(0.05, 0.4), unsure=0.1)

    assert [each.lapses for each in options.everybody] == [0.05, 0.4]
    assert {each.tremor for each in options.everybody} == {0.0}
    assert {each.unsure for each in options.everybody} == {0.1}


def test_one_number_is_everybody_s():
    options = SimulationOptions(simulate="auto", lapses=(0.1,), tremor=(0.0, 0.3))

    told = [(each.lapses, each.tremor) for each in options.everybody]
    assert told == [(0.1, 0.0), (0.1, 0.3)]


def test_a_single_person_is_written_down_as_ever():
    told = SimulationOptions(simulate="auto", lapses=(0.1,)).as_json()

    assert told == {
        "simulate": "auto",
        "lapses": 0.1,
        "unsure": 0.0,
        "reaction": 0.6,
        "hurry": False,
    }


def test_several_people_are_written_down_one_by_one():
    options = SimulationOptions(simulate="auto", lapses=(0.0, 0.4), tremor=(0.2,))

    told = options.as_json()
    assert (told["lapses"], told["tremor"]) == ([0.0, 0.4], 0.2)


def test_numbers_must_be_those_of_the_same_people():
    with pytest.raises(UsageError, match="--lapses describes 2 people and --tremor 3"):
        SimulationOptions(simulate="auto", lapses=(0.0, 0.1), tremor=(0.0, 0.1, 0.2))


@pytest.mark.parametrize("name", ["simulated ana", "Simulated", "simulatedana"])
def test_no_real_name_begins_like_a_simulated_one(name):
    assert is_simulated(name)
    assert not is_simulated("ana, simulated")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            (*ASKED, "--who", "simulated ana"),
            "--who is 'simulated ana', but names that begin with simulated are those of"
            " simulated people, whose answers nobody counts as a person's; choose"
            " another name, or --simulate WHO",
        ),
        (
            ("label", "run", "--who", "Simulated ana"),
            "--who is 'Simulated ana', but names that begin with simulated are those of"
            " simulated people, whose answers nobody counts as a person's; choose"
            " another name, or --simulate WHO",
        ),
        (
            ("dagger", WALK, "--overlap", "0.1"),
            "--overlap is about whoever answers at the page; say --expert human as"
            " well",
        ),
        (
            ("dagger", WALK, "--by", "takeover"),
            "--by is about whoever answers at the page; say --expert human as well",
        ),
        (
            (*DRIVEN, "--overlap", "0.1"),
            "--overlap is about questions, but who takes over is asked none; leave it,"
            " or --by takeover, away",
        ),
        (
            (*ASKED, "--drive", "hold"),
            "--drive is about driving; say --by takeover as well",
        ),
        ((*DRIVEN, "--speed", "3"), "--speed is 3, but it must be 0.25 to 2"),
        (
            (*DRIVEN, "--simulate", WALKER, "--lapses", "0", "0.1"),
            "--by takeover seats one person at the controls, but 2 are described; give"
            " one number each",
        ),
        (
            (*ASKED, "--simulate", WALKER, "--lapses", "0.1", "1.5"),
            "--lapses is 1.5, but it is a share, 0 to 1",
        ),
        (
            (*ASKED, "--simulate", WALKER, "--tremor", "3"),
            "--tremor is 3.0, but it is in half-ranges of an action, 0 to 2",
        ),
        (
            ("bc", WALK, "--lag", "0.2"),
            "--lag is about what a person did in a recording; say --data RECORDING",
        ),
        (
            (*ASKED, "--lag", "auto"),
            "--lag is about what a person did in a recording; say --from RECORDING",
        ),
        (
            ("bc", WALK, "--lag", "2"),
            "--lag is 2, but it is seconds, 0 to 1, or auto",
        ),
        (
            ("bc", WALK, "--lag", "nan"),
            "--lag is nan, but it is seconds, 0 to 1, or auto",
        ),
    ],
    ids=lambda each: " ".join(each[-3:]) if isinstance(each, tuple) else None,
)
def test_what_makes_no_sense_is_refused_and_leaves_no_folder(
    words: tuple[str, ...],
    line: str,
    workplace: Path,
    capsys: pytest.CaptureFixture[str],
):
    more = () if words[0] == "label" else (*QUICK, "--out", "here")

    assert refused(capsys, *words, *more) == line
    assert list(workplace.iterdir()) == []
