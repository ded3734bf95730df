"""`novice data settle`: which pairs there are, and what is kept about each."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.commands import WALKER, done, refused, short
from app.contradicting import STEPS, WRONG, make_contradicting, right_row
from inbox.serving import PROGRAM
from novice.app.cli import main
from novice.app.data.choices import choice_in, sides
from novice.app.data.docket import Docket
from novice.app.data.moments import RowsAsked
from novice.app.data.next_command import flags
from novice.app.data.provenance import labels_of
from novice.app.data.settle import check_may_decide, docket_of
from novice.app.folder import RunFolder
from novice.app.publish import publish
from novice.app.tasks import task_called
from novice.datasets.ledger import read_ledger, read_verdicts
from novice.files import TakenError, only_one
from novice.inbox.darkroom import NotDrawnError
from novice.inbox.security import Doorkeeper
from novice.inbox.settling import (
    CannotSettleError,
    Decision,
    StalePairError,
    UnknownPairError,
)

# Each turned row contradicts the seven others at its place.
PAIRS = 7 * len(WRONG)
# Every setting of the run that is not as usual.
SET = (
    f"app.homemade:Walk-v0 --demonstrations 4 --expert {WALKER} --hidden 8 --steps 20"
    " --test-episodes 4 --validation-episodes 2"
)
NEXT = f"novice bc {SET} --data run"


@pytest.fixture(scope="module")
def contradicting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_contradicting(tmp_path_factory.mktemp("contradicting"))


@pytest.fixture
def run(contradicting: Path, workplace: Path) -> Path:
    """The run in the current folder."""
    shutil.copytree(contradicting, workplace / "run")
    return Path("run")


@pytest.fixture
def docket(run: Path) -> Docket:
    return docket_of(labels_of("run"))


def rows_of(told: Any) -> tuple[int, int]:
    one, other = map(int, told["id"].split("-"))
    return one, other


def choose(docket: Docket, choice: str, told: Any = None, who: str = "kai") -> Any:
    """Decide about the next pair, or this one."""
    told = told or docket.upcoming(1)[0]
    decision = Decision(
        pair=rows_of(told),
        choice=choice,  # type: ignore[arg-type]
        before=told["choice"],
    )
    return docket.decide(who, decision)


def side_of_right(told: Any) -> str:
    right = right_row(rows_of(told))
    return "left" if sides(rows_of(told))[0] == right else "right"


def held(run: Path) -> frozenset[int]:
    return read_verdicts(run / "dataset").quarantined


def test_every_pair_is_found_and_nobody_is_named(docket):
    told = docket.upcoming(100)

    assert len(told) == docket.progress("kai")["open"] == PAIRS
    for each in told:
        one, other = rows_of(each)
        assert (one in WRONG) != (other in WRONG)
        assert one % STEPS == other % STEPS
        assert {side["row"] for side in each["sides"]} == {one, other}
    assert not re.search(r"\b(dora|ed|who|round|when)\b", json.dumps(told))


def test_first_come_pairs_about_rows_of_which_nothing_was_said(docket):
    first = docket.upcoming(1)[0]
    choose(docket, "both", first)

    second = docket.upcoming(1)[0]

    assert not set(rows_of(first)) & set(rows_of(second))


def test_which_side_a_row_stands_on_looks_like_chance_and_stays(docket):
    lower_left = [
        sides(rows_of(told))[0] < sides(rows_of(told))[1]
        for told in docket.upcoming(100)
    ]

    assert 5 <= sum(lower_left) <= PAIRS - 5
    again = [rows_of(told) for told in docket.upcoming(100)]
    assert lower_left == [sides(pair) == pair for pair in again]


def test_the_wrong_one_is_set_aside_and_with_it_all_its_pairs(docket, run):
    told = docket.upcoming(1)[0]
    right = right_row(rows_of(told))
    [wrong] = set(rows_of(told)) - {right}

    decided = choose(docket, side_of_right(told), told)

    assert held(run) == {wrong}
    assert decided["choice"] == side_of_right(told)
    people = {each["row"]: each["who"] for each in decided["people"]}
    assert people[wrong] == "ed"
    assert docket.progress("kai")["open"] == PAIRS - 7
    quarantine, settle = read_ledger(run / "dataset")
    assert quarantine.because == f"row {wrong} contradicts row {right}, which is right"
    assert (settle.what, settle.by, settle.right) == ("settle", "kai", (right,))


def test_both_fine_sets_nothing_aside_and_is_not_shown_again(docket, run):
    told = docket.upcoming(1)[0]

    choose(docket, "both", told)

    assert held(run) == frozenset()
    again = [rows_of(each) for each in docket.upcoming(100)]
    assert rows_of(told) not in again and len(again) == PAIRS - 1
    anew = docket_of(labels_of("run"))
    assert rows_of(told) not in [rows_of(each) for each in anew.upcoming(100)]


def test_neither_sets_both_aside(docket, run):
    told = docket.upcoming(1)[0]

    choose(docket, "neither", told)

    assert held(run) == set(rows_of(told))


def test_what_is_skipped_comes_last_and_nothing_is_written(docket, run):
    told = docket.upcoming(1)[0]

    decided = choose(docket, "skip", told)

    assert rows_of(docket.upcoming(1)[0]) != rows_of(told)
    assert rows_of(docket.upcoming(100)[-1]) == rows_of(told)
    assert "people" not in decided
    assert not (run / "dataset" / "ledger.json").exists()


def test_a_restart_goes_on_with_what_is_open(docket, run):
    choose(docket, side_of_right(docket.upcoming(1)[0]))
    choose(docket, "both")
    left = {each["id"] for each in docket.upcoming(100)}

    anew = docket_of(labels_of("run"))

    assert {each["id"] for each in anew.upcoming(100)} == left
    told = anew.progress("kai")
    assert (told["settled"], told["mine"], told["open"]) == (2, 2, len(left))
    assert anew.decided("kai", 0)["choice"] == "both"


CHOICES = ("left", "right", "both", "neither")


@pytest.mark.parametrize("first", CHOICES)
@pytest.mark.parametrize("then", [*CHOICES, "skip"])
def test_a_decision_can_be_changed_after_a_restart(docket, run, first, then):
    told = docket.upcoming(1)[0]
    left, right = sides(rows_of(told))
    choose(docket, first, told)
    anew = docket_of(labels_of("run"))

    changed = choose(anew, then, anew.decided("kai", 0))

    expected = {"left": {right}, "right": {left}, "neither": {left, right}}
    assert held(run) == expected.get(then, set())
    assert changed["choice"] == (None if then == "skip" else then)
    open_now = [rows_of(each) for each in anew.upcoming(100)]
    assert (rows_of(told) in open_now) == (then == "skip")
    # The first decision stands in the ledger for ever.
    assert read_ledger(run / "dataset")[0].by == "kai"


def test_one_looks_back_through_one_s_own_decisions_alone(docket):
    first = choose(docket, "both", who="kai")
    choose(docket, "both", who="lea")
    last = choose(docket, "both", who="kai")

    back = [docket.decided("kai", place) for place in range(3)]

    assert [each and each["id"] for each in back] == [last["id"], first["id"], None]
    assert back[0]["by"] == "kai"


def test_a_decision_that_is_sent_twice_is_kept_once(docket, run):
    told = docket.upcoming(1)[0]
    choose(docket, "left", told)
    entries = len(read_ledger(run / "dataset"))

    choose(docket, "left", told)

    assert len(read_ledger(run / "dataset")) == entries


def test_what_somebody_else_settled_meanwhile_is_not_settled_over(docket, run):
    told = docket.upcoming(1)[0]
    choose(docket_of(labels_of("run")), "both", told, who="lea")

    with pytest.raises(StalePairError, match="settled in another way meanwhile"):
        choose(docket, "left", told)

    assert held(run) == frozenset()


def test_a_row_that_the_terminal_set_aside_makes_a_pair_stale(docket, run, capsys):
    told = docket.upcoming(1)[0]
    row = str(rows_of(told)[0])
    done(capsys, "data", "quarantine", "run", "--rows", row, "--because", "haste")

    with pytest.raises(StalePairError):
        choose(docket, "both", told)


def test_what_the_terminal_restores_is_open_again(docket, run, capsys):
    told = docket.upcoming(1)[0]
    choose(docket, "left", told)

    done(capsys, "data", "restore", "run", "--all")

    assert rows_of(told) in [rows_of(each) for each in docket.upcoming(100)]
    assert docket.progress("kai")["settled"] == 0
    assert docket.decided("kai", 0)["choice"] is None


# Three rows at one place: 42 contradicts the two others.
FIRST, SECOND = (2, 42), (12, 42)


def find_right(docket: Docket, pair: tuple[int, int], row: int) -> Any:
    """Say of a pair which row is right, whatever was said before."""
    side = "left" if sides(pair)[0] == row else "right"
    return decide(docket, pair, side)


def decide(docket: Docket, pair: tuple[int, int], choice: Any) -> Any:
    before = choice_in(pair, read_verdicts(Path("run/dataset")))
    decision = Decision(pair=pair, choice=choice, before=before)
    return docket.decide("kai", decision)


def test_taking_a_decision_back_leaves_another_pair_s_alone(docket, run):
    find_right(docket, FIRST, 42)
    find_right(docket, SECOND, 12)
    assert held(run) == {2, 42}

    changed = decide(docket, FIRST, "skip")

    assert held(run) == {42}
    assert changed["chosen"] is None and changed["choice"] is not None
    [stays] = changed["stays"]
    assert stays["row"] == 42
    assert stays["because"] == "it was found wrong beside row 12, in another pair"
    settled = read_verdicts(run / "dataset").settled
    assert list(settled) == [SECOND]
    decide(docket, SECOND, "skip")
    assert held(run) == frozenset()


@pytest.mark.parametrize("then", ["42", "both"])
def test_a_row_that_another_pair_finds_wrong_stays_aside(docket, run, then):
    find_right(docket, SECOND, 12)

    if then == "42":
        told = find_right(docket, FIRST, 42)
    else:
        told = decide(docket, FIRST, then)

    assert held(run) == ({2, 42} if then == "42" else {42})
    assert [stays["row"] for stays in told["stays"]] == [42]
    assert told["chosen"] != told["choice"]
    looked = docket.decided("kai", 0)
    assert (looked["chosen"], looked["choice"]) == (told["chosen"], told["choice"])


def test_a_row_is_held_until_no_pair_finds_it_wrong(docket, run):
    find_right(docket, FIRST, 2)
    # Nothing has to move, and it is kept all the same.
    find_right(docket, SECOND, 12)
    assert len(read_verdicts(run / "dataset").settled) == 2

    decide(docket, FIRST, "skip")
    assert held(run) == {42}
    decide(docket, SECOND, "skip")
    assert held(run) == frozenset()


def test_a_choice_that_holds_through_another_pair_is_kept_once(docket, run):
    find_right(docket, FIRST, 2)
    side = "left" if sides(SECOND)[0] == 12 else "right"
    # A page that was open before has not seen the first decision.
    late = Decision(pair=SECOND, choice=side, before=None)  # type: ignore[arg-type]

    for _ in range(2):
        docket.decide("lea", late)

    entries = read_ledger(run / "dataset")
    assert [entry.what for entry in entries] == ["quarantine", "settle", "settle"]
    assert entries[-1].pair == SECOND and entries[-1].right == (12,)


def test_what_the_owner_set_aside_no_pair_lets_out(docket, run, capsys):
    words = ("--rows", "42", "--because", "asleep", "--by", "lea")
    done(capsys, "data", "quarantine", "run", *words)
    find_right(docket, FIRST, 2)

    told = find_right(docket, FIRST, 42)

    assert held(run) == {2, 42}
    [stays] = told["stays"]
    assert stays["because"] == "lea put it in quarantine: asleep"
    decide(docket, FIRST, "skip")
    assert held(run) == {42}


@pytest.mark.parametrize("alone", [True, False])
def test_what_was_filled_in_is_let_out_unless_it_was_set_aside_alone(
    docket, run, capsys, monkeypatch, alone
):
    def filled_in(labels: Any, rows: Any) -> Any:
        """Row 43 was filled in beside row 42."""
        rows = rows.copy()
        rows[43] |= rows[42]
        return rows

    monkeypatch.setattr("novice.app.data.docket.with_filled_in", filled_in)
    if alone:
        words = ("--rows", "43", "--because", "asleep")
        done(capsys, "data", "quarantine", "run", *words)
    find_right(docket, FIRST, 2)
    assert held(run) == {42, 43}

    decide(docket, FIRST, "skip")

    assert held(run) == ({43} if alone else frozenset())


def test_what_the_owner_sets_aside_besides_stays_when_a_pair_is_taken_back(
    docket, run, capsys
):
    told = choose(docket, "left")
    wrong = told["sides"][1]["row"]
    words = ("--rows", wrong, "--because", "asleep", "--by", "lea")
    done(capsys, "data", "quarantine", "run", *words)

    again = choose(docket, "skip", told)

    assert held(run) == {wrong}
    [stays] = again["stays"]
    assert stays["because"] == "lea put it in quarantine: asleep"


def test_what_the_owner_let_out_is_found_wrong_no_more(docket, run, capsys):
    find_right(docket, SECOND, 12)
    done(capsys, "data", "restore", "run", "--all")
    find_right(docket, FIRST, 2)
    assert held(run) == {42}

    decide(docket, FIRST, "skip")

    assert held(run) == frozenset()


def test_both_fine_is_counted_though_one_was_set_aside_later(docket):
    decide(docket, FIRST, "both")
    find_right(docket, SECOND, 12)

    sentence = docket.progress("kai")["closing"]["sentence"]

    assert sentence == (
        "2 pairs settled: 1 answer is set aside and in 1 pair both are fine."
    )
    first = docket.decided("kai", 1)
    side = "left" if sides(FIRST)[0] == 2 else "right"
    assert (first["chosen"], first["choice"]) == ("both", side)


def test_a_pair_that_is_none_is_not_settled(docket, run):
    with pytest.raises(UnknownPairError, match="rows 0 and 1 are no pair"):
        docket.decide("kai", Decision(pair=(0, 1), choice="left", before=None))
    assert not docket.has_row(0) and docket.has_row(WRONG[0])


def test_the_last_rows_are_not_set_aside(docket, run, capsys):
    told = docket.upcoming(1)[0]
    one, other = rows_of(told)
    for rows in (f"0-{one - 1}", f"{one + 1}-{other - 1}", f"{other + 1}-79"):
        done(capsys, "data", "quarantine", "run", "--rows", rows, "--because", "all")

    with pytest.raises(CannotSettleError, match="nothing to learn from"):
        choose(docket, "neither", told)

    assert {one, other}.isdisjoint(held(run))


def test_a_ledger_that_is_being_written_is_left_alone(docket, run):
    with only_one(run / "dataset"), pytest.raises(TakenError):
        choose(docket, "left")

    assert not (run / "dataset" / "ledger.json").exists()


def test_later_runs_do_not_learn_from_what_was_settled(docket, run, capsys):
    while told := docket.upcoming(1):
        choose(docket, side_of_right(told[0]))
    assert held(run) == set(WRONG)

    done(capsys, *short("bc", "--data", "run", "--out", "clone"))

    kept = RunFolder(Path("clone")).dataset()
    place, action = kept.column("observation")[:, 0], kept.column("action")[:, 0]
    np.testing.assert_array_equal(action, place < 0)


def test_the_end_says_what_changed_and_what_to_type(docket):
    while told := docket.upcoming(1):
        choose(docket, side_of_right(told[0]))

    closing = docket.progress("kai")["closing"]

    assert closing == {
        "sentence": "3 pairs settled: 3 answers are set aside.",
        "next": NEXT,
    }


def test_an_unfinished_run_is_to_be_resumed(run, capsys):
    (run / "summary.json").unlink()
    data = json.loads((run / "settings.json").read_text())["settings"]["data"]
    docket = docket_of(labels_of("run"))
    choose(docket, "neither")

    command = docket.progress("kai")["closing"]["next"]

    words = shlex.split(command)
    assert words[:3] == ["novice", "bc", "app.homemade:Walk-v0"]
    assert words[-3:] == ["--resume", "--out", "run"]
    assert words[words.index("--data") + 1] == data
    done(capsys, *words[1:])
    assert (run / "summary.json").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("bc", "T", "--residual", "--hidden", "8", "8", "--noise", "0.1", "--no-shift"),
        ("bc", "T", "--task-argument", "level=3", "--task-argument", 'name="3"'),
        ("bc", "T", "--data", "a b.npz", "--lag", "auto", "--head", "squared"),
        ("dagger", "T", "--labels", "1000", "--stop", "enough", "--from", "old"),
        ("dagger", "T", "--expert", "human", "--overlap", "0.2", "--labels", "5000"),
        ("dagger", "T", "--expert", "human", "--simulate", "auto", "--lapses", "0.1"),
        ("dagger", "T", "--expert", "human", "--by", "takeover", "--lag", "0.0"),
        ("dagger", "T", "--expert", "human", "--by", "takeover", "--simulate", "auto"),
    ],
)
def test_the_flags_of_a_run_are_those_that_it_was_given(monkeypatch, words):
    given: list[Any] = []
    monkeypatch.setattr(
        "novice.app.train.carry_out", lambda assignment, *_: given.append(assignment)
    )
    assert main([*words]) == 0
    settings = json.loads(json.dumps(given[0].as_json()))["settings"]

    again = [words[0], "T", *flags(words[0], settings)]

    assert main(again) == 0
    assert given[1] == given[0]
    assert sorted(again) == sorted(words)


def test_real_answers_are_told_as_numbers(workplace):
    make_contradicting(workplace, "app.homemade:Glide-v0")

    told = docket_of(labels_of("run")).upcoming(1)[0]

    assert sorted(side["action"][0] for side in told["sides"]) == pytest.approx(
        [-0.8, 0.8]
    )


def test_the_most_doubtful_pairs_come_first(run):
    doubtful = WRONG[1]
    (run / "doubts.json").write_text(
        json.dumps({"rows": 80, "doubts": {"ranked": [doubtful]}})
    )

    told = docket_of(labels_of("run")).upcoming(7)

    assert doubtful in rows_of(told[0])
    assert all(doubtful in rows_of(each) for each in told)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"rows": 80, "doubts": {"ranked": ["x"]}}', '{"rows": 7}']
)
def test_a_broken_ranking_only_costs_the_order(run, content):
    (run / "doubts.json").write_text(content)

    assert len(docket_of(labels_of("run")).upcoming(100)) == PAIRS


def test_inspect_doubt_and_the_report_lead_here(docket, run, capsys):
    choose(docket, "both")
    doubted = done(capsys, "data", "doubt", "run")
    inspected = done(capsys, "data", "inspect", "run")

    assert f"{PAIRS - 1} were answered differently" in doubted
    assert "1 more is settled" in doubted
    assert "novice data settle run" in doubted
    assert f"pairs    {PAIRS - 1} contradictions between labels; which" in inspected
    assert "novice data settle run" in inspected
    assert "both are fine" in inspected
    page = publish(run).read_text()
    assert "novice data settle RUN" in page
    assert "1 more is settled" in page


# ------------------------------------------------------------- where moments are drawn


def test_a_row_s_moment_is_asked_for_like_a_question_s(made, workplace):
    shutil.copytree(made("dagger", *short("dagger")), workplace / "walked")
    labels = labels_of("walked")
    task = task_called("app.homemade:Walk-v0", {})
    rows = RowsAsked(labels, task, "some:function")

    question, episode = rows.question(25), rows.episode(25)

    assert (question.id, question.episode, episode.replays) == (25, 25, True)
    assert len(episode.actions) == question.step == labels.column("step")[25]
    np.testing.assert_array_equal(
        question.observation, labels.column("observation")[25]
    )
    assert rows.told("task")["folder"] == str(workplace)
    assert rows.told("render") == "some:function"
    assert rows.clip_of(25) is None


def test_what_came_from_elsewhere_cannot_be_drawn(run):
    rows = RowsAsked(labels_of("run"), task_called("app.homemade:Walk-v0", {}))

    with pytest.raises(NotDrawnError, match="came from elsewhere"):
        rows.episode(3)


# ------------------------------------------------------------------------- the command


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("gone",), "there is no folder gone"),
        (("empty",), "empty is not a run"),
        (("run", "--by", "<b>"), "--by is '<b>', but a name is up to 40 letters"),
        (("run", "--by", "simulated ana"), "--by is 'simulated ana', but names that"),
        (("run", "--host", "0.0.0.0"), "--host is 0.0.0.0, which is every address"),
        (("run", "--port", "0"), "--port is 0, but it must be 1 to 65535"),
    ],
)
def test_a_mistake_is_one_line(run, capsys, words, line):
    Path("empty").mkdir()

    assert line in refused(capsys, "data", "settle", *words)
    assert not (run / "people.json").exists()


@pytest.mark.parametrize(
    ("role", "revoked", "line"),
    [
        ("labeler", False, "only an owner of run decides and ana is a labeler;"),
        ("observer", False, "only an owner of run decides and ana is an observer;"),
        ("owner", True, "only an owner of run decides and ana was revoked;"),
    ],
)
def test_settling_makes_nobody_an_owner(run, capsys, role, revoked, line):
    keeper = Doorkeeper(run)
    keeper.invite("ana", role)
    if revoked:
        keeper.revoke("ana")
    people = (run / "people.json").read_bytes()

    told = refused(capsys, "data", "settle", "run", "--by", "ana")

    assert line in told
    assert told.strip().endswith("novice label run --invite ana --role owner")
    assert (run / "people.json").read_bytes() == people


def test_an_owner_and_a_stranger_may_settle(run):
    keeper = Doorkeeper(run)
    keeper.invite("kai", "owner")

    for name in ("kai", "lea"):
        check_may_decide(keeper.everybody(), name, run)


@pytest.mark.parametrize("content", ["{", "[]", '{"rows": 80, "contradictions": 3}'])
def test_broken_doubts_are_said_in_a_line(run, capsys, content):
    (run / "doubts.json").write_text(content)
    line = "run/doubts.json is broken, so it does not say how many labels contradict"

    inspected = done(capsys, "data", "inspect", "run")
    trusted = done(capsys, "data", "trust", "run")

    for told in (inspected, trusted):
        assert line in told and "novice data doubt run makes it anew" in told
    done(capsys, "data", "doubt", "run")
    assert "is broken" not in done(capsys, "data", "inspect", "run")


def test_a_run_without_contradictions_says_so(workplace, capsys):
    make_contradicting(workplace, turned=())

    line = refused(capsys, "data", "settle", "run")

    start = "no two labels of run contradict each other (of 280 pairs of nearly equal"
    assert line.startswith(f"{start} observations, none was answered differently)")
    assert line.endswith("novice data doubt run says what else to look at")


def test_the_command_serves_keeps_and_sums_up(run):
    words = ["data", "settle", "run", "--by", "kai", "--port", "9361"]
    process = subprocess.Popen(
        [sys.executable, "-m", "novice", *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **PROGRAM},
    )
    with process:
        assert process.stdout is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        address = re.search(r"http\S+\?token=(\S+)", second)
        assert second.startswith("Settle them here:  http://127.0.0.1:") and address
        ask = asker(address[0].partition("?")[0], address[1])
        pair = ask("api/pairs")["pairs"][0]
        decision = {"pair": pair["id"], "choice": side_of_right(pair), "before": None}
        decided = ask("api/decisions", decision)["decided"]
        process.terminate()
        rest = process.stdout.read()

    assert first == f"{PAIRS} pairs of contradicting answers to settle\n"
    assert {each["who"] for each in decided["people"]} <= {"dora", "ed"}
    assert process.returncode == 0
    assert rest.splitlines()[-1] == (
        f"1 pair settled: 1 answer is set aside. Next: {NEXT}"
    )
    assert len(held(run)) == 1


def asker(root: str, token: str) -> Callable[..., Any]:
    """Somebody with a token, who needs no browser."""

    def ask(path: str, content: Any = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        headers = {"Authorization": f"Bearer {token}"}
        headers |= {"Content-Type": "application/json"}
        request = urllib.request.Request(root + path, body, headers)
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.loads(reply.read())

    return ask


def test_choices_follow_from_the_ledger_alone(docket, run):
    told: Sequence[Any] = docket.upcoming(1)
    pair = rows_of(told[0])

    assert choice_in(pair, read_verdicts(run / "dataset")) is None
    choose(docket, "right", told[0])
    assert choice_in(pair, read_verdicts(run / "dataset")) == "right"
