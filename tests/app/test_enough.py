"""A run says when more labels no longer pay, and ends there if it is told to."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.commands import QUICK, WALK, WALKER, done, refused, summary_of
from novice.app import classroom, page_server
from novice.app import enough as app_enough
from novice.app.enough import Held, Watch, enough_told
from novice.app.folder import RunFolder
from novice.app.judge import Reference
from novice.app.report.contents import RunContents
from novice.app.report.facts import facts
from novice.app.report.words import remarks
from novice.evaluation.returns import Returns
from novice.evaluation.stopping import Enough
from novice.inbox import readings
from novice.inbox.store import Inbox

# A policy that walks like its expert after a few rounds.
LONG = (
    *("--labels", "100", "--labels-per-round", "10", "--episodes-per-round", "2"),
    *("--first-steps", "500", "--steps", "500"),
    *("--test-episodes", "4", "--validation-episodes", "4", "--hidden", "16"),
)
EPISODES = 8


@pytest.fixture(scope="module", autouse=True)
def in_no_hurry_to_leave() -> Iterator[None]:
    """Nobody reads that the run is over, and the tests keep their place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classroom, "FAREWELL", 0.0)
        patch.setattr(classroom, "stand_back", lambda: None)
        yield


def returns(value: float) -> Returns:
    each = np.arange(EPISODES)
    return Returns(each, value + np.linspace(-1, 1, EPISODES), each + 1)


def held(
    *, expert: float | None = 100.0, paid: bool = True, by_people: bool = False
) -> Held:
    """Chance returns 0, and the expert so much."""
    chance = returns(0)
    if not paid:
        chance = Returns(chance.seed, np.zeros(EPISODES), chance.length)
    known = None if expert is None else returns(expert)
    return Held(known=Reference(chance, known), discrete=True, by_people=by_people)


def measures(labels: int, mean: float, **more: Any) -> dict[str, Any]:
    each = (mean + np.linspace(1, -1, EPISODES)).tolist()
    found = {"mean": mean, "ci95": [mean - 1, mean + 1]}
    return {"labels": labels, "validation_returns": each, "return": found, **more}


def course(*means: float, **more: Any) -> list[dict[str, Any]]:
    return [measures(100 * (i + 1), mean, **more) for i, mean in enumerate(means)]


def test_a_run_is_told_once_when_it_is_enough():
    watch = Watch(held(), so_far=[])

    said = [watch.sees(each) for each in course(20, 100, 100, 20)]
    assert said == [False, True, False, False]
    assert watch.found is not None and watch.found.labels == 200
    resumed = Watch(held(), so_far=course(20, 100, 100))
    assert resumed.found == watch.found
    assert not resumed.sees(measures(400, 100))


def test_people_are_not_told_to_stop_because_of_a_yardstick():
    watch = Watch(held(by_people=True), so_far=course(20, 100, 100))

    assert watch.found is None


def test_the_summary_says_how_far_off_the_rule_was():
    rounds = course(20, 99.5, 100, 100.6, 101.4, 101)
    told = enough_told(rounds, held(), delivered=5)["enough"]

    assert (told["round"], told["labels"], told["by"]) == (1, 200, "expert")
    # 101.4 is first within an interval at 100.6 + 1, not at 100 + 1.
    assert told["hindsight"]["labels"] == 400
    assert told["hindsight"]["labels_after"] == 400
    assert told["hindsight"]["off"] == pytest.approx(-0.5)
    assert told["hindsight"]["gained_after"]["mean"] == pytest.approx(1.5)
    says = told["says"]
    assert says.startswith("More labels no longer pay since 200 labels: the policy")
    assert "400 labels came after" in says
    assert "at 400 labels: the rule said enough 50 % too early" in says
    assert "practice" in says


def test_a_run_that_ended_there_is_not_told_of_a_hindsight():
    told = enough_told(course(20, 100), held(), delivered=1)

    assert "hindsight" not in told["enough"]
    assert "hindsight" not in told["enough"]["says"]


def test_a_run_whose_labels_still_paid_says_so_and_what_to_do():
    told = enough_told(course(20, 40), held(), delivered=1)["enough"]

    assert list(told) == ["says"]
    assert "with 200 labels" in told["says"] and "--labels" in told["says"]


def test_without_a_reward_disagreement_decides():
    def unpaid(*apart: float) -> list[dict[str, Any]]:
        return [
            {
                "labels": 100 * (number + 1),
                "validation_returns": [0.0] * EPISODES,
                "return": {"mean": 0.0, "ci95": [0.0, 0.0]},
                "expert_disagreement": {"mean": mean, "ci95": [mean, mean + 0.001]},
            }
            for number, mean in enumerate(apart)
        ]

    nobody = held(expert=None, paid=False)
    rounds = unpaid(0.5, 0.1, 0.004, 0.003)
    told = enough_told(rounds, nobody, delivered=3)["enough"]
    assert (told["labels"], told["by"]) == (300, "agreement")
    assert told["hindsight"] == {"labels_after": 100}
    # Where people teach, the expert is not who they agree with.
    people = held(expert=None, paid=False, by_people=True)
    told = enough_told(rounds, people, delivered=3)["enough"]
    assert "labels" not in told


def test_without_a_reward_people_are_believed_by_their_blind_answers_first():
    def round(number: int) -> dict[str, Any]:
        audit = {"mean": 0.002, "ci95": [0.0, 0.005]}
        return {
            **measures(100 * (number + 1), 0),
            "validation_returns": [0.0] * EPISODES,
            "corrected": {"mean": 0.5, "ci95": [0.4, 0.6]},
            **({"audit": audit} if number == 2 else {}),
        }

    people = held(expert=None, paid=False, by_people=True)
    watch = Watch(people, so_far=[round(i) for i in range(3)])
    assert watch.found is not None and watch.found.round == 2


def test_the_report_says_what_the_summary_says():
    says = "More labels no longer pay since 200 labels."
    told = RunContents(settings={}, summary={"enough": {"says": says}})
    silent = RunContents(settings={}, summary={})

    assert says in list(remarks(facts(told), {}))
    assert not any("no longer pay" in str(each) for each in remarks(facts(silent), {}))


def test_a_run_goes_on_unless_it_is_to_stop_where_it_is_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    on, ended = tmp_path / "on", tmp_path / "ended"
    words = ["dagger", WALK, "--expert", WALKER, *LONG, "--no-report"]
    said = done(capsys, *words, "--out", on)
    stopped = done(capsys, *words, "--stop", "enough", "--out", ended)

    told = summary_of(on)["enough"]
    line = "more labels no longer pay since"
    assert said.count(line) == stopped.count(line) == 1
    assert "with --stop enough it would end here" in said
    assert "the run ends here" in stopped
    assert RunFolder(on).round_count() == 10
    assert RunFolder(ended).round_count() == told["round"] + 1 < 10
    assert summary_of(ended)["enough"]["labels"] == told["labels"]
    assert "hindsight" in told and "hindsight" not in summary_of(ended)["enough"]
    for path in sorted((ended / "rounds").rglob("*.*")):
        assert path.read_bytes() == (on / path.relative_to(ended)).read_bytes()
    settings = json.loads((ended / "settings.json").read_text())["settings"]
    assert settings["stop"] == "enough"
    assert "stop" not in json.loads((on / "settings.json").read_text())["settings"]


def test_a_run_that_was_killed_where_it_was_enough_does_not_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ["dagger", WALK, "--expert", WALKER, *LONG, "--no-report"]
    words += ["--stop", "enough", "--out", str(tmp_path / "run")]
    done(capsys, *words)
    before = summary_of(tmp_path / "run")
    (tmp_path / "run" / "summary.json").unlink()

    done(capsys, *words, "--resume")

    after = summary_of(tmp_path / "run")
    assert after["rounds"] == before["rounds"]
    assert after["enough"] == before["enough"]
    other = refused(capsys, *words[:-4], "--resume", "--out", tmp_path / "run")
    assert "--stop enough" in other


@pytest.fixture
def enough_after_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule says enough after the second round, whatever was measured."""

    def two(rounds: Any, scale: Any) -> Enough | None:
        if len(rounds) < 2:
            return None
        return Enough(round=1, labels=rounds[1].labels, by="no gain", why="so be it")

    monkeypatch.setattr(app_enough, "enough", two)


PEOPLE = (
    *("dagger", WALK, "--expert", "human", "--simulate", WALKER),
    *("--who", "ana", "--labels", "50", "--labels-per-round", "10"),
    *("--first-steps", "100", "--steps", "50", *QUICK),
)


@pytest.mark.usefixtures("enough_after_two")
def test_people_are_asked_nothing_more_where_it_is_enough(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    folder = tmp_path / "run"
    hurried = (*PEOPLE, "--hurry", "--episodes-per-round", "2")
    retired: list[tuple[int, int]] = []

    def retire(inbox: Inbox, *, before: int) -> None:
        retired.append((before, inbox.visits()))
        really(inbox, before=before)

    really = Inbox.retire
    monkeypatch.setattr(Inbox, "retire", retire)

    said = done(capsys, *hurried, "--stop", "enough", "--out", folder)

    assert "more labels no longer pay" in said and "the run ends here" in said
    assert RunFolder(folder).round_count() == 2
    inbox = Inbox(folder / "dataset" / "inbox.sqlite")
    news = [each["sentence"] for each in inbox.news(0)]
    assert len(news) == 2
    assert news[1].endswith("so be it. The run ends here.")
    assert inbox.told("phase") == "finished"
    # Of no visit are there questions any more.
    assert retired[-1][0] == retired[-1][1] == inbox.visits()
    inbox.close()


@pytest.mark.usefixtures("enough_after_two")
def test_people_read_it_with_what_their_answers_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = tmp_path / "run"
    hurried = (*PEOPLE, "--hurry", "--episodes-per-round", "2")

    done(capsys, *hurried, "--out", folder)

    inbox = Inbox(folder / "dataset" / "inbox.sqlite")
    news = {each["round"]: each["sentence"] for each in inbox.news(0)}
    told, rounds = inbox.told("enough"), inbox.told("course")
    inbox.close()
    assert len(rounds) > 2
    pays = [number for number, each in news.items() if "no longer pay" not in each]
    assert 1 not in pays and {0, 2} <= set(pays)
    assert news[1].endswith("so be it. You can stop here, or ask who runs it.")
    assert readings.course(rounds, told).endswith(told["says"])
    assert told["says"] not in readings.course(rounds)


@pytest.mark.slow
@pytest.mark.usefixtures("enough_after_two")
def test_nobody_drives_any_more_where_it_is_enough(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    folder = tmp_path / "run"
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.setattr(page_server, "NICENESS", 0)  # Other tests keep their place.

    said = done(
        capsys,
        *PEOPLE,
        "--hurry",
        "--port",
        "8797",
        "--by",
        "takeover",
        "--stop",
        "enough",
        "--out",
        folder,
    )

    assert "the run ends here" in said
    assert RunFolder(folder).round_count() == 2
