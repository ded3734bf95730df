"""Runs in which people teach, from the command to the summary, and what follows."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.commands import QUICK, SHORT, WALK, WALKER, done, refused, said, summary_of
from novice.app import classroom
from novice.app.cli import main
from novice.app.data.provenance import label_told, labels_of
from novice.app.folder import RunFolder
from novice.app.runs import (
    demonstrations_in,
    human_seconds_of,
    is_recording,
    people_of,
)
from novice.inbox.recording import Recording, read_recording
from novice.inbox.store import Inbox

HUMAN = ("--expert", "human", "--simulate", WALKER, "--hurry", "--who", "ana")
BUDGET = (
    *("--labels", "30", "--labels-per-round", "10", "--episodes-per-round", "2"),
    *("--first-steps", "100", "--steps", "50"),
)
SCRIPTED = ("--expert", WALKER)
ANA = "simulated ana"


@pytest.fixture(scope="module", autouse=True)
def in_no_hurry_to_leave() -> Iterator[None]:
    """Nobody reads that the run is over, and the tests keep their place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classroom, "FAREWELL", 0.0)
        patch.setattr(classroom, "stand_back", lambda: None)
        yield


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which a simulated person answered, with its report."""
    folder = tmp_path_factory.mktemp("people") / "taught"
    quick = [word for word in QUICK if word != "--no-report"]
    words = ["dagger", WALK, *HUMAN, *BUDGET, *quick, "--lapses", "0.1"]
    assert main([*words, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of two episodes that a simulated person played."""
    folder = tmp_path_factory.mktemp("people") / "shown"
    words = ["play", WALK, "--simulate", WALKER, "--episodes", "2", "--who", "ana"]
    assert main([*words, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def cloned(shown: Path) -> Path:
    """A clone of what was played."""
    folder = shown.with_name("cloned")
    words = ["bc", WALK, "--data", str(shown), "--steps", "50", *QUICK]
    assert main([*words, "--out", str(folder)]) == 0
    return folder


def corrected(folder: Path, start: Path, *words: str) -> dict:
    """The summary of a run that goes on from another one with a scripted expert."""
    given = ["dagger", WALK, "--from", str(start), *SCRIPTED, *BUDGET, *QUICK, *words]
    assert main([*given, "--out", str(folder)]) == 0
    return summary_of(folder)


def test_a_run_says_who_taught_and_that_they_were_not_real(taught: Path):
    summary = summary_of(taught)

    assert summary["teacher"] == {
        "people": [ANA],
        "simulated": True,
        "human_seconds": summary["rounds"][-1]["human_seconds"],
        "simulation": {
            "simulate": WALKER,
            "lapses": 0.1,
            "unsure": 0.0,
            "reaction": 0.6,
            "hurry": True,
        },
    }
    assert "expert" not in summary  # The task has no controller to compare with.


def test_a_person_s_time_is_that_of_the_answers(taught: Path):
    inbox = Inbox(taught / "dataset" / "inbox.sqlite")
    last = json.loads((taught / "rounds" / "001" / "cut.json").read_text())["answer"]
    answers = [each for each in inbox.answers_after(0) if each.id <= last]
    inbox.close()

    spent = summary_of(taught)["rounds"][1]["human_seconds"]
    assert spent == pytest.approx(sum(each.answer.seconds for each in answers))
    assert (
        human_seconds_of(str(taught))
        == summary_of(taught)["rounds"][-1]["human_seconds"]
    )


def test_the_report_of_a_simulated_person_says_so(
    taught: Path, capsys: pytest.CaptureFixture[str]
):
    (taught / "report.html").unlink()

    assert done(capsys, "report", taught) == f"{taught / 'report.html'}\n"

    assert "Nobody real" in (taught / "report.html").read_text()


def test_what_people_taught_is_compared_like_any_run(
    taught: Path, capsys: pytest.CaptureFixture[str]
):
    found = json.loads(done(capsys, "evaluate", taught, "--episodes", "4", "--json"))

    assert found["policies"][0]["run"] == str(taught)
    assert found["policies"][0]["return"]["episodes"] == 4


def test_the_same_command_of_a_finished_run_asks_nobody(
    taught: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("dagger", WALK, *HUMAN, *BUDGET, *QUICK, "--lapses", "0.1")

    out = done(capsys, *words, "--out", taught)

    assert out.startswith(f"{taught} is finished already\n")
    assert "Answer here" not in out


def test_another_person_does_not_go_on_in_a_simulated_run(
    taught: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("dagger", WALK, "--expert", "human", *BUDGET, *QUICK, "--out", taught)

    line = refused(capsys, *words)

    assert line.startswith(f"{taught} was begun with --hurry True, but now it is not")


def test_whoever_goes_on_from_a_simulated_person_says_so(taught: Path, tmp_path: Path):
    summary = corrected(tmp_path / "on", taught)

    assert summary["teacher"] == {
        "people": [ANA],
        "simulated": True,
        "human_seconds": human_seconds_of(str(taught)),
        "brought": True,
    }


def test_demonstrations_are_watched_before_anybody_is_asked(
    shown: Path, tmp_path: Path
):
    steps = read_recording(shown).steps

    summary = corrected(tmp_path / "on", shown)

    rounds = summary["rounds"]
    assert steps == 20
    assert [each["labels"] for each in rounds] == [20, 30, 40, 50]
    assert [each["env_steps"] for each in rounds[:2]] == [0, 20]
    assert (summary["teacher"]["people"], summary["teacher"]["simulated"]) == (
        [ANA],
        True,
    )
    origins = {
        (part.origin.source, part.origin.who)
        for part in RunFolder(tmp_path / "on").dataset().parts
    }
    assert origins == {("demonstration", ANA), ("correction", WALKER)}


def test_a_clone_of_what_was_played_knows_whose_it_is(shown: Path, cloned: Path):
    (round,) = summary_of(cloned)["rounds"]

    assert round["labels"] == read_recording(shown).steps
    told = summary_of(cloned)["teacher"]
    # How late somebody's hand was is known of every recording.
    assert sum(told.pop("latency")["inputs"]) > 0
    assert told == {
        "people": [ANA],
        "simulated": True,
        "human_seconds": read_recording(shown).seconds,
    }


def test_a_clone_hands_on_the_time_that_it_cost(
    shown: Path, cloned: Path, tmp_path: Path
):
    spent = read_recording(shown).seconds
    assert spent > 0

    summary = corrected(tmp_path / "on", cloned)

    assert human_seconds_of(str(cloned)) == spent
    assert summary["teacher"]["human_seconds"] == spent
    assert summary["teacher"]["people"] == [ANA]


def test_people_go_on_from_what_was_played(shown: Path, tmp_path: Path):
    words = ("dagger", WALK, *HUMAN, *BUDGET, *QUICK, "--from", str(shown))

    assert main([*words, "--out", str(tmp_path / "on")]) == 0

    summary = summary_of(tmp_path / "on")
    first, last = summary["rounds"][0], summary["rounds"][-1]
    assert (first["labels"], first["human_seconds"]) == (
        20,
        read_recording(shown).seconds,
    )
    assert last["labels"] >= 20 + 30
    assert summary["teacher"]["people"] == [ANA]
    assert summary["teacher"]["human_seconds"] == last["human_seconds"]


def test_a_recording_is_a_part_for_each_episode(shown: Path):
    recording = read_recording(shown)

    dataset = demonstrations_in(recording)

    assert len(dataset.parts) == 2
    for number, (part, played) in enumerate(
        zip(dataset.parts, recording.episodes, strict=True)
    ):
        np.testing.assert_array_equal(part.observation, played.observation)
        np.testing.assert_array_equal(part.action, played.action)
        assert part.episode.tolist() == [number] * 10
        assert part.step.tolist() == list(range(10))
        assert part.origin.who == ANA
    assert is_recording(str(shown))
    assert people_of(str(shown)) == (ANA,)
    assert human_seconds_of(str(shown)) == recording.seconds


def test_nothing_is_demonstrated_where_nothing_was_played(shown: Path):
    nothing = Recording(
        folder=shown, task=WALK, kwargs={}, words={}, episodes=(), discarded=1
    )

    assert len(demonstrations_in(nothing)) == 0


def test_a_run_is_no_recording(taught: Path, tmp_path: Path):
    assert not is_recording(str(taught))
    assert not is_recording(str(tmp_path / "gone"))


def test_practice_does_not_begin_with_a_recording(
    shown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("reinforce", WALK, "--from", shown, *SHORT["reinforce"], *QUICK)

    line = refused(capsys, *words, "--out", tmp_path / "on")

    assert line == (
        f"{shown} is a recording, which holds no policy to practice with; novice bc"
        f" {WALK} --data {shown} makes one"
    )


def test_without_a_reward_the_corrections_tell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "run"
    words = ("dagger", "app.homemade:Unpaid-v0", *HUMAN, *BUDGET, *QUICK)

    out = done(capsys, *words, "--out", folder)

    summary = summary_of(folder)
    shares = [round(100 * each["corrected"]["mean"]) for each in summary["rounds"]]
    assert out.splitlines()[-1] == (
        f"the task pays no reward; in the last round {shares[-1]} % of the answers"
        f" corrected what the policy did, in the first one {shares[0]} %"
    )
    assert "return" not in summary["final"] and "return" not in summary["random"]


def test_json_is_all_that_is_printed_where_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("dagger", WALK, *HUMAN, *BUDGET, *QUICK, "--json")

    status, out, _ = said(capsys, *words, "--out", tmp_path / "run")

    assert status == 0
    assert json.loads(out) == summary_of(tmp_path / "run")


def test_nothing_is_learned_where_nobody_can_tell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "run"
    words = ("dagger", WALK, *HUMAN, *BUDGET, *QUICK, "--unsure", "1")
    nothing = (
        f"novice: nobody has said anything in {folder} that a policy can learn from;"
        " choose another --out to begin anew\n"
    )

    for _ in range(2):
        status, _, err = said(capsys, *words, "--minutes", "0.1", "--out", folder)
        assert (status, err) == (2, nothing)

    inbox = Inbox(folder / "dataset" / "inbox.sqlite")
    answers = [kept.answer for kept in inbox.answers_after(0)]
    inbox.close()
    assert {answer.verdict for answer in answers} == {"unsure"}
    assert sum(answer.seconds for answer in answers) >= 6
    assert RunFolder(folder).round_count() == 0


TOO_FAR = "app.homemade:too_far"
BREAKS_DOWN = ("dagger", WALK, "--expert", "human", "--simulate", TOO_FAR, "--hurry")
WENT_TOO_FAR = f"novice: {TOO_FAR} gave the action 2, but {WALK} takes Discrete(2)\n"


def test_a_simulated_person_who_breaks_down_ends_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = (*BREAKS_DOWN, *BUDGET, *QUICK, "--out", tmp_path / "run")

    status, _, err = said(capsys, *words)

    assert (status, err) == (2, WENT_TOO_FAR)


def test_a_run_that_a_shell_started_beside_ends_as_well(tmp_path: Path):
    """What is started with & hears no SIGINT."""
    words = (*BREAKS_DOWN, *BUDGET, *QUICK, "--out", str(tmp_path / "run"))
    beside = '"$@" & wait $!'

    ended = subprocess.run(
        ["sh", "-c", beside, "sh", sys.executable, "-m", "novice", *words],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (2, WENT_TOO_FAR)


ASKED = ("dagger", WALK, "--expert", "human")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("bc", WALK, "--expert", "human"),
            "novice bc asks nobody; novice play TASK records what you show, and novice"
            " dagger TASK --expert human asks you",
        ),
        (
            ("reinforce", WALK, "--expert", "human"),
            "novice reinforce asks nobody; novice play TASK records what you show, and"
            " novice dagger TASK --expert human asks you",
        ),
        (
            ("dagger", WALK, "--minutes", "3"),
            "--minutes counts a person's time; say --expert human as well",
        ),
        (
            ("dagger", WALK, "--simulate", "auto"),
            "--simulate is about whoever answers at the page; say --expert human as"
            " well",
        ),
        (
            ("dagger", WALK, "--instructions", "some.txt"),
            "--instructions is about whoever answers at the page; say --expert human"
            " as well",
        ),
        ((*ASKED, "--lapses", "1.5"), "--lapses is 1.5, but it is a share, 0 to 1"),
        ((*ASKED, "--unsure", "-0.5"), "--unsure is -0.5, but it is a share, 0 to 1"),
        ((*ASKED, "--reaction", "0"), "--reaction is 0.0, but it is seconds, up to 60"),
        (
            (*ASKED, "--who", "<b>"),
            "--who is '<b>', but a name is up to 40 letters, digits, spaces, dots and"
            " dashes",
        ),
        ((*ASKED, "--port", "0"), "--port is 0, but it must be 1 to 65535"),
        (
            (*ASKED, "--tls-cert", "some.pem"),
            "--tls-cert and --tls-key belong together; give both",
        ),
        (
            (*ASKED, "--instructions", "gone.txt"),
            "--instructions gone.txt cannot be read ([Errno 2] No such file or"
            " directory: 'gone.txt'); name a text file",
        ),
        (
            (*ASKED, "--simulate", "nonsense"),
            "there is no expert 'nonsense': an expert is auto (the task's built-in"
            " controller), module:function, or the folder of a run",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else " ".join(each[:1] + each[-2:]),
)
def test_what_cannot_be_done_with_people_is_refused_and_leaves_no_folder(
    words: tuple[str, ...],
    line: str,
    workplace: Path,
    capsys: pytest.CaptureFixture[str],
):
    assert refused(capsys, *words, "--out", "here") == line
    assert list(workplace.iterdir()) == []


def test_a_run_that_asks_nobody_has_no_page(
    cloned: Path, capsys: pytest.CaptureFixture[str]
):
    for run in (cloned, cloned.with_name("gone")):
        assert refused(capsys, "label", run) == (
            f"{run} asks nobody: it holds no dataset/inbox.sqlite; novice dagger TASK"
            f" --expert human --out {run} begins a run that does"
        )
    assert not cloned.with_name("gone").exists()


def test_a_label_is_followed_from_the_page_to_the_weights(taught):
    labels = labels_of(str(taught))
    row = int(np.flatnonzero(labels.who == ANA)[-1])

    told = label_told(labels, row)

    with contextlib.closing(Inbox(taught / "dataset" / "inbox.sqlite")) as inbox:
        kept = inbox.answers_after(told["answer"]["number"] - 1)[0]
    assert (kept.answer.who, kept.answer.question) == (ANA, told["question"])
    assert told["answer"]["seconds"] == kept.answer.seconds > 0
    assert told["answer"]["received"] == kept.received
    rounds = [each["round"] for each in told["learned"]]
    assert rounds == list(range(told["round"], len(labels.rounds)))


def test_a_run_of_people_goes_on_without_answers_in_quarantine(taught, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(taught, folder)
    last = RunFolder(folder).round_count() - 1
    shutil.rmtree(folder / "rounds" / f"{last:03d}")
    for name in ("summary.json", "evaluation.json", "replays.json", "report.html"):
        (folder / name).unlink()
    aside = ["data", "quarantine", str(folder), "--rows", "0-3", "--because", "haste"]
    assert main(aside) == 0

    words = ["dagger", WALK, *HUMAN, *BUDGET, *QUICK, "--lapses", "0.1"]
    assert main([*words, "--out", str(folder)]) == 0

    measures = RunFolder(folder).measures(last)
    assert measures["quarantined"] == 4
    assert not RunFolder(folder).dataset().standing()[:4].any()
