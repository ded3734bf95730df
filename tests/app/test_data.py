"""`novice data`: who said what, which labels to doubt, quarantine and back."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.commands import WALK, WALKER, differing, done, refused, short, summary_of
from novice.app.cli import main
from novice.app.data.deciding import rows_named
from novice.app.data.moments import moment_of_row
from novice.app.data.provenance import labels_of, learned_by
from novice.app.folder import RunFolder
from novice.app.options import UsageError
from novice.app.publish import publish
from novice.app.tasks import task_called
from novice.datasets.ledger import read_ledger

DAGGER = short("dagger", "--out", "run")
QUARANTINE = ("data", "quarantine", "run", "--by", "kai", "--because", "haste")


@pytest.fixture
def run(made: Callable[..., Path], workplace: Path) -> Path:
    """A run of three rounds of 20 labels, in the current folder."""
    shutil.copytree(made("dagger", *short("dagger")), workplace / "run")
    return Path("run")


def begin_again(run: Path, *, after: int) -> None:
    """What a kill leaves after so many rounds."""
    for path in sorted((run / "rounds").iterdir())[after:]:
        shutil.rmtree(path)
    for name in ("summary.json", "evaluation.json", "replays.json"):
        (run / name).unlink()


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    return json.loads(done(capsys, *words, "--json"))


def test_inspect_counts_rows_by_source_person_and_round(run, capsys):
    found = told(capsys, "data", "inspect", "run")

    assert (found["rows"], found["stand"], found["quarantined"]) == (60, 60, 0)
    assert found["sources"]["demonstration"]["rows"] == 20
    assert found["sources"]["correction"]["rows"] == 40
    assert found["people"][WALKER]["labels"] == 60
    assert [(each["new"], each["rows"]) for each in found["rounds"]] == [
        (20, 20),
        (20, 40),
        (20, 60),
    ]


def test_inspect_says_it_in_plain_lines(run, capsys):
    out = done(capsys, "data", "inspect", "run")

    assert out.startswith("run: 60 rows, 60 stand\n")
    assert "rounds   round 0: 20 new, 20 in all\n" in out


def test_a_row_is_followed_to_the_weights(run, capsys):
    done(capsys, *QUARANTINE, "--rows", "25")

    found = told(capsys, "data", "inspect", "run", "--row", "25")

    labels = RunFolder(run).dataset()
    assert found["action"] == labels.column("action")[25].tolist()
    assert (found["round"], found["who"]) == (1, WALKER)
    # Both later rounds had learned from it before it was put in quarantine.
    assert [each["round"] for each in found["learned"]] == [1, 2]
    assert found["delivered"] == {
        "round": summary_of(run)["best_round"],
        "learned": summary_of(run)["best_round"] >= 1,
    }
    assert (found["stands"], found["why"]) == (False, "it is in quarantine")
    assert found["decided"][0]["because"] == "haste"


def test_later_rounds_do_not_learn_from_rows_in_quarantine(run, capsys):
    whole = RunFolder(run).measures(2)
    begin_again(run, after=2)
    done(capsys, *QUARANTINE, "--rows", "0-4,30")

    done(capsys, *DAGGER, "--resume")

    measures = RunFolder(run).measures(2)
    assert (measures["labels"], measures["rows"]) == (54, 60)
    assert (measures["quarantined"], measures["ledger"]) == (6, 1)
    assert measures["loss"] != whole["loss"]
    labels = labels_of("run")
    assert [number for number, _ in learned_by(labels, 30)] == [1]
    assert [number for number, _ in learned_by(labels, 31)] == [1, 2]
    assert summary_of(run)["labels"]["quarantined"] == 6


def test_a_run_goes_on_after_a_round_with_quarantine(run, capsys):
    begin_again(run, after=1)
    done(capsys, *QUARANTINE, "--rows", "0-4")
    done(capsys, *DAGGER, "--resume")
    shutil.copytree(run, "whole")

    begin_again(run, after=2)
    done(capsys, *DAGGER, "--resume")

    assert differing(Path("whole"), run) == []


def test_what_was_let_out_before_the_next_round_leaves_no_trace_in_its_weights(
    run, capsys
):
    shutil.copytree(run, "whole")
    begin_again(run, after=2)
    done(capsys, *QUARANTINE, "--rows", "7")
    done(capsys, "data", "restore", "run", "--rows", "7")

    done(capsys, *DAGGER, "--resume")

    weights = Path("rounds/002/policy.safetensors")
    assert (run / weights).read_bytes() == (Path("whole") / weights).read_bytes()


def test_other_runs_do_not_learn_from_rows_in_quarantine(run, capsys):
    done(capsys, *QUARANTINE, "--rows", "0-9")

    done(capsys, *short("bc", "--data", "run", "--out", "clone"))

    kept = RunFolder(Path("clone")).dataset()
    every = RunFolder(run).dataset()
    np.testing.assert_array_equal(
        kept.column("observation"), every.column("observation")[10:]
    )


def test_everything_of_a_person_and_back(run, capsys):
    done(capsys, *QUARANTINE, "--rows", "1,3-5")
    assert told(capsys, "data", "inspect", "run")["quarantined"] == 4

    done(capsys, "data", "restore", "run", "--who", WALKER)

    assert told(capsys, "data", "inspect", "run")["quarantined"] == 0
    assert [entry.what for entry in read_ledger(run / "dataset")] == [
        "quarantine",
        "restore",
    ]
    assert read_ledger(run / "dataset")[1].names() == [1, 3, 4, 5]


def test_what_is_in_quarantine_already_is_not_put_there_twice(run, capsys):
    done(capsys, *QUARANTINE, "--rows", "1")

    out = done(capsys, *QUARANTINE, "--rows", "1")

    assert out.startswith("0 rows put in quarantine; 1 more of these don't count")
    assert len(read_ledger(run / "dataset")) == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--rows", "60"), "--rows has 60, but the rows are 0 to 59"),
        (("--rows", "9-3"), "--rows has 9-3, which ends before it starts"),
        (("--rows", "1,x"), "--rows is '1,x', but rows are numbers"),
        (("--who", "zed"), "--who is 'zed', but no row of run is theirs"),
        (("--rows", "0-59"), "that would leave nothing to learn from in run"),
        (("--top", "0"), "--top is 0, but it is a share above 0"),
        (("--top", "nan"), "--top is nan, but it is a share above 0"),
        (("--rows", "1", "--because", " "), "--because is empty"),
        ((), "one of the arguments --rows --who --top is required"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(
    run, capsys, words, line
):
    assert line in refused(capsys, *QUARANTINE, *words)
    assert not (run / "dataset" / "ledger.json").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("data", "forget", "run"), "there is no novice data 'forget'"),
        (("data", "inspect", "gone"), "there is no folder gone"),
        (("data", "inspect", "run", "--row", "60"), "rows of run are 0 to 59"),
        (("data", "inspect", "run", "--who", "zed"), "no row of run is theirs"),
        (("data", "inspect", "empty"), "empty is not a run"),
        (("data", "restore", "run"), "--rows --who --all is required"),
    ],
)
def test_a_mistake_is_one_line(run, capsys, words, line):
    Path("empty").mkdir()

    assert line in refused(capsys, *words)


def test_rows_are_numbers_and_stretches():
    assert rows_named("3, 5-7,6", 10).tolist() == [3, 5, 6, 7]
    for bad in ("", "-1", "3-", "1;2", "٣"):
        with pytest.raises(UsageError):
            rows_named(bad, 0)


def test_a_broken_ledger_is_one_line(run, capsys):
    (run / "dataset" / "ledger.json").write_text("{")

    assert "ledger.json is not valid JSON" in refused(capsys, "data", "inspect", "run")


def test_looking_and_deciding_load_no_jax(run):
    words = [
        ["data", "inspect", "run"],
        ["data", "inspect", "run", "--row", "3"],
        ["data", "quarantine", "run", "--rows", "3", "--because", "haste"],
        ["data", "restore", "run", "--all"],
        ["data", "trust", "run"],
    ]
    script = f"""
import sys
from novice.app.cli import main
for words in {words!r}:
    assert main(words) == 0
print("LOADED", *sorted({{name.split(".")[0] for name in sys.modules}}))
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120
    )

    assert ended.returncode == 0, ended.stderr
    loaded = ended.stdout.partition("LOADED")[2].split()
    assert {"jax", "equinox", "optax", "gymnasium"}.isdisjoint(loaded)


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of 400 steps of 40 walks from a file; of ed's a fifth is wrong."""
    folder = tmp_path_factory.mktemp("walked")
    draw = np.random.default_rng(0)
    place = np.tile(np.linspace(-1, 1, 10), 40)[:, None]
    place = (place + draw.normal(scale=0.02, size=place.shape)).clip(-1, 1)
    action = (place[:, 0] < 0).astype(int)
    ed = np.arange(400) // 10 % 2 == 1
    wrong = draw.choice(np.flatnonzero(ed), 40, replace=False)
    action[wrong] = 1 - action[wrong]
    names = np.array(["dora", "ed"])[np.arange(40) % 2]
    np.savez(
        folder / "walks.npz",
        observation=place,
        action=action,
        episode_length=[10] * 40,
        who=names,
    )
    words = short("bc", "--data", folder / "walks.npz", "--out", folder / "run")
    assert main(words) == 0
    return folder / "run"


@pytest.fixture
def imported(walked: Path, workplace: Path) -> Path:
    """The same, in the current folder."""
    shutil.copytree(walked, workplace / "run")
    return Path("run")


def wrong_rows(run: Path) -> set[int]:
    """The rows of the run whose answers were made wrong."""
    dataset = RunFolder(run).dataset()
    right = (dataset.column("observation")[:, 0] < 0).astype(int)
    return set(np.flatnonzero(dataset.column("action")[:, 0] != right).tolist())


def test_what_was_imported_is_untrusted_and_doubted_in_the_summary(imported):
    labels = summary_of(imported)["labels"]

    assert (labels["untrusted"], labels["stand"]) == (400, 400)
    assert labels["imported"].startswith(
        "400 labels were imported from walks.npz, and nobody has vouched for them"
    )
    assert labels["doubted"]["ed"] > 3 * labels["doubted"]["dora"]
    assert labels["contradictions"] > 0


def test_the_first_of_the_ranking_are_the_wrong_ones(imported, capsys):
    found = told(capsys, "data", "doubt", "run")

    first = found["doubts"]["ranked"][:60]
    assert len(wrong_rows(imported)) == 40
    assert len(wrong_rows(imported) & set(first)) >= 36


def test_doubt_says_what_to_do_next(imported, capsys):
    out = done(capsys, "data", "doubt", "run")

    assert "pairs    of " in out
    assert "the other labels lead to" in out
    last = out.splitlines()[-1]
    assert last.startswith("next     look at what ed was shown and told")
    assert "novice data quarantine run --top 0." in last


def test_the_most_doubtful_can_be_set_aside_at_once(imported, capsys):
    done(capsys, *QUARANTINE, "--top", "0.12")

    held = read_ledger(imported / "dataset")[0].names()
    assert len(held) == 48
    assert len(wrong_rows(imported) & set(held)) >= 34


def test_somebody_can_vouch_and_other_runs_know(imported, capsys):
    done(capsys, "data", "trust", "run", "--who", "ed", "--by", "kai")

    found = told(capsys, "data", "inspect", "run")
    assert found["untrusted"] == 200
    assert found["people"]["ed"]["vouched"] == ["kai"]
    done(capsys, *short("bc", "--data", "run", "--out", "another"))
    origins = [part.origin for part in RunFolder(Path("another")).dataset().parts]
    assert [(each.who, each.imported, each.vouched) for each in origins] == [
        ("dora", "walks.npz", ""),
        ("ed", "walks.npz", "kai"),
    ]
    sentence = summary_of(Path("another"))["labels"]["imported"]
    assert "for some of which kai vouched" in sentence


def test_who_imported_nothing_needs_nobody_to_vouch(run, capsys):
    out = done(capsys, "data", "trust", "run")

    assert "waits for somebody to vouch" in out
    assert not (run / "dataset" / "ledger.json").exists()


def test_the_report_tells_of_doubts_and_decisions(imported, capsys):
    done(capsys, *QUARANTINE, "--rows", "5")

    page = publish(imported).read_text()

    section = page.partition("Can the labels be trusted?")[2]
    assert "400 labels were imported from walks.npz" not in section  # 399 are left
    assert "399 labels were imported from walks.npz, and nobody" in section
    assert "1 label of 400 is in quarantine" in section
    assert "Nearly the same moment, two answers" in section
    assert "The most doubtful labels" in section
    assert "kai put 1 row in quarantine (5): haste" in section
    assert "measured before the last decision" in section


def test_the_report_of_an_expert_says_nothing_of_trust(run):
    assert "Can the labels be trusted?" not in publish(run).read_text()


def test_too_few_labels_are_not_ranked(run, capsys):
    out = done(capsys, "data", "doubt", "run")

    assert "ranking  none: from fewer than 200 labels" in out
    assert WALK in (run / "settings.json").read_text()


def test_a_row_leads_back_to_the_moment_it_is_about(run):
    labels, task = labels_of("run"), task_called(WALK, {})
    rows = range(0, 60, 7)

    found = [moment_of_row(labels, row, task) for row in rows]

    seen = np.stack([moment.observation() for moment in found if moment is not None])
    np.testing.assert_array_equal(seen, labels.column("observation")[list(rows)])


def test_nobody_knows_the_way_to_a_moment_that_was_imported(imported):
    assert moment_of_row(labels_of("run"), 3, task_called(WALK, {})) is None
