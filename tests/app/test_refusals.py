"""A folder that a run must not write to, or cannot, is refused in one line."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.commands import (
    SHORT,
    contents,
    differing,
    done,
    refused,
    short,
    summary_of,
)

# What a person who works in this folder has lying about.
BELONGINGS = {"thesis.tex": "42", "settings.json.bak": "{}"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("words", [["bc"], ["dagger"], ["reinforce"]])
def test_a_folder_that_holds_something_is_not_written_to(
    words: list[str], here: Path, capsys: pytest.CaptureFixture[str]
):
    (here / "mine").mkdir()
    (here / "mine" / "thesis.tex").write_text("42")

    assert refused(capsys, *short(words[0], "--out", "mine")) == (
        "mine is there already; --out names another folder"
    )
    assert os.listdir("mine") == ["thesis.tex"]


def test_the_demo_writes_to_no_folder_that_holds_something(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    (here / "thesis.tex").write_text("42")

    assert "is there already" in refused(capsys, "demo", "--out", here)


def test_a_run_that_is_there_can_be_resumed(
    made: Callable[..., Path], capsys: pytest.CaptureFixture[str]
):
    run = made("bc", *short("bc"))

    assert refused(capsys, *short("bc", "--out", run)) == (
        f"{run} is there already; --resume goes on with it, --out names another folder"
    )


@pytest.mark.parametrize("more", [[], ["--resume"]])
def test_a_file_is_no_folder(
    more: list[str], here: Path, capsys: pytest.CaptureFixture[str]
):
    (here / "file").write_text("42")

    line = refused(capsys, *short("bc", "--out", "file", *more))

    assert line in (
        "file is there already; --out names another folder",
        "file is a file, not the folder of a run",
    )


def test_an_empty_folder_is_welcome(here: Path, capsys: pytest.CaptureFixture[str]):
    (here / "empty").mkdir()

    done(capsys, *short("bc", "--out", "empty"))

    assert summary_of(here / "empty")["command"] == "bc"


def test_without_a_name_a_run_takes_the_next_free_one(
    capsys: pytest.CaptureFixture[str],
):
    done(capsys, *short("bc"))
    done(capsys, *short("bc"))

    name = "bc-app.homemade-Walk-v0-0"
    assert sorted(os.listdir("runs")) == [name, f"{name}-2"]


@pytest.mark.parametrize(
    ("more", "setting", "before", "now"),
    [
        (["--labels", "80"], "--labels", "60", "80"),
        (["--hidden", "8", "8"], "--hidden", "[8]", "[8, 8]"),
        (["--seed", "1"], "--seed", "0", "1"),
        (["--beta", "linear"], "--beta", "first", "linear"),
        (["--learning-rate", "0.01"], "--learning-rate", "0.001", "0.01"),
        (["--test-episodes", "5"], "--test-episodes", "4", "5"),
        (["--expert", "auto"], "--expert", "app.homemade:to_the_middle", "auto"),
        (["--from", "runs/x"], "--from", "not given", "runs/x"),
        (["--task-argument", "a=1"], "--task-argument", "{}", "{'a': 1}"),
    ],
)
def test_a_run_does_not_go_on_with_another_setting(
    more: list[str],
    setting: str,
    before: str,
    now: str,
    begun: Path,
    capsys: pytest.CaptureFixture[str],
):
    line = refused(capsys, *short("dagger", "--out", begun, "--resume", *more))

    assert line == (
        f"{begun} was begun with {setting} {before}, but now it is {now}; repeat the"
        " old value, or choose another --out"
    )


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has only been begun."""
    from novice.algorithms.settings import DaggerSettings, FitSettings
    from novice.app.assignment import Assignment
    from novice.app.folder import RunFolder

    settings = DaggerSettings(
        labels=60,
        labels_per_round=20,
        episodes_per_round=2,
        first_steps=100,
        steps=50,
        fit=FitSettings(hidden=(8,)),
    )
    assignment = Assignment(
        command="dagger",
        env="app.homemade:Walk-v0",
        kwargs={},
        expert="app.homemade:to_the_middle",
        settings=settings,
        seed=0,
        test_episodes=4,
        validation_episodes=2,
    )
    folder = RunFolder(tmp_path_factory.mktemp("begun") / "run")
    folder.begin(assignment.as_json())
    return folder.path


def test_a_run_does_not_go_on_by_another_command(
    begun: Path, capsys: pytest.CaptureFixture[str]
):
    line = refused(capsys, *short("reinforce", "--out", begun, "--resume"))

    assert f"{begun} was begun with COMMAND dagger, but now it is reinforce" in line


def test_a_run_does_not_go_on_in_another_task(
    begun: Path, capsys: pytest.CaptureFixture[str]
):
    words = short("dagger", "--out", begun, "--resume", task="CartPole-v1")

    assert "begun with TASK app.homemade:Walk-v0, but now it is CartPole-v1" in refused(
        capsys, *words
    )


def test_resuming_what_is_not_there_starts_it(
    made: Callable[..., Path], here: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *short("dagger", "--out", "run", "--resume"))

    assert differing(made("dagger", *short("dagger")), here / "run") == []


@pytest.mark.parametrize("command", SHORT)
def test_resuming_what_is_finished_changes_nothing(
    command: str, here: Path, capsys: pytest.CaptureFixture[str]
):
    words = short(command, "--out", "run", "--resume", "--report")
    done(capsys, *words)
    before = contents(here / "run"), times(here / "run")

    out = done(capsys, *words)

    assert out.startswith("run is finished already\n")
    assert (contents(here / "run"), times(here / "run")) == before


@pytest.mark.parametrize("name", BELONGINGS)
def test_resuming_in_a_folder_that_is_no_run_is_refused(
    name: str, here: Path, capsys: pytest.CaptureFixture[str]
):
    (here / "mine").mkdir()
    (here / "mine" / name).write_text(BELONGINGS[name])

    assert refused(capsys, *short("bc", "--out", "mine", "--resume")) == (
        f"mine is not a run: it holds {name} but no settings.json; a run is a folder"
        " that novice wrote, such as runs/dagger-CartPole-v1-0"
    )
    assert os.listdir("mine") == [name]


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate", "gone"],
        ["report", "gone"],
        short("bc", "--data", "gone"),
        short("dagger", "--from", "gone"),
        short("reinforce", "--from", "gone"),
    ],
    ids=["evaluate", "report", "bc", "dagger", "reinforce"],
)
def test_a_run_that_is_not_there_is_refused(
    words: list[str], here: Path, capsys: pytest.CaptureFixture[str]
):
    assert refused(capsys, *words) == "there is no folder gone"
    assert os.listdir(here) == []


@pytest.mark.parametrize("command", ["evaluate", "report"])
def test_a_folder_that_is_no_run_is_refused(
    command: str, here: Path, capsys: pytest.CaptureFixture[str]
):
    assert refused(capsys, command, here) == (
        f"{here} is not a run: it holds no settings.json; a run is a folder that novice"
        " wrote, such as runs/dagger-CartPole-v1-0"
    )


def test_a_run_without_a_round_is_not_evaluated(
    begun: Path, capsys: pytest.CaptureFixture[str]
):
    assert refused(capsys, "evaluate", begun) == (
        f"{begun} has not finished a single round yet"
    )


def test_a_run_without_a_result_has_no_report(
    begun: Path, capsys: pytest.CaptureFixture[str]
):
    assert "has no summary.json" in refused(capsys, "report", begun)


@pytest.mark.parametrize("which", ["3", "-1", "first", "²"])
def test_a_round_that_is_not_there_is_refused(
    which: str, made: Callable[..., Path], capsys: pytest.CaptureFixture[str]
):
    run = made("bc", *short("bc"))

    assert refused(capsys, "evaluate", run, f"--round={which}") == (
        f"there is no round {which!r} in {run}; say best, last or a number from 0 to 0"
    )


def test_a_folder_that_may_not_be_written_to_is_refused(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def forbidden(path: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "mkdir", forbidden)

    assert refused(capsys, *short("bc", "--out", "run", "--quiet")) == (
        "run cannot be written: Permission denied; choose a folder that you may"
        " write to, and try again"
    )


def test_a_folder_inside_a_file_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    (here / "file").write_text("42")

    assert refused(capsys, *short("bc", "--out", "file/run", "--quiet")) == (
        "file/run cannot be written: Not a directory; choose another name: a"
        " file is where a folder should be, and try again"
    )


def test_when_the_disk_is_full_a_run_stops_and_goes_on_once_there_is_room(
    made: Callable[..., Path],
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    room = [30]

    def full(descriptor: int) -> None:
        room[0] -= 1
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        words = short("dagger", "--out", "run", "--resume", "--quiet")
        line = refused(capsys, *words)
    stopped_at = [path.name for path in here.rglob("*.part")], os.listdir("run/rounds")
    done(capsys, *words)

    assert line.startswith("run/") and line.endswith(
        " cannot be written: No space left on device; make room there, and try again"
        " (--resume --out run goes on)"
    )
    assert stopped_at == ([], ["000"])
    assert differing(made("dagger", *short("dagger")), here / "run") == []


def test_a_policy_that_is_not_finite_is_not_saved(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    words = short("bc", "--out", "run", "--learning-rate", "1e38", "--quiet")

    assert refused(capsys, *words) == (
        "the policy is not finite any more (trunk.layers.0.weight): learning went"
        " astray; lower --learning-rate"
    )
    assert os.listdir("run/rounds") == []


def test_the_last_good_round_stays_when_learning_goes_astray(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    import jax
    import jax.numpy as jnp

    import novice.algorithms.dagger

    fits = []
    real = novice.algorithms.dagger.imitate

    def astray(*arguments: object, **more: object) -> tuple:
        learner, loss = real(*arguments, **more)
        fits.append(loss)
        if len(fits) == 2:
            learner = jax.tree.map(lambda leaf: leaf * jnp.nan, learner)
        return learner, loss

    monkeypatch.setattr(novice.algorithms.dagger, "imitate", astray)
    assert "not finite" in refused(capsys, *short("dagger", "--out", "run", "--quiet"))

    assert os.listdir("run/rounds") == ["000"]
    assert len((here / "run" / "metrics.jsonl").read_text().splitlines()) == 1


def test_a_run_that_was_refused_leaves_no_folder(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    refused(capsys, *short("bc", "--out", "run", "--expert", "nobody:knows"))

    assert os.listdir(here) == []


def test_settings_hold_what_was_asked_for(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    done(capsys, *short("bc", "--out", "run", "--seed", "3"))

    settings = json.loads((here / "run" / "settings.json").read_text())
    assert settings["command"] == "bc"
    assert settings["settings"]["seed"] == 3
    assert settings["settings"]["fit"]["hidden"] == [8]
    assert settings["versions"].keys() >= {"python", "jax", "gymnasium", "numpy"}
