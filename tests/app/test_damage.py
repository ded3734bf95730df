"""What was done to a run's files is noticed, named, and never executed."""

import json
import os
import pickle
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.commands import done, refused, short
from novice.app.folder import RunFolder, named_arrays
from novice.errors import NoviceError
from novice.files import seal

# What `pickle.dumps` makes of an object whose __reduce__ is (os.mkdir, ("trap",)).
TRAP = (
    b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x05mkdir"
    b"\x94\x93\x94\x8c\x04trap\x94\x85\x94R\x94."
)


@pytest.fixture
def run(
    made: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A run of DAgger to do harm to, called `run` from the current folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made("dagger", *short("dagger")), tmp_path / "run")
    return Path("run")


def newest(run: Path) -> Path:
    return run / "rounds" / "002"


def sealed_again(folder: Path) -> None:
    """Make the change look as if it had been there from the start."""
    (folder / "hashes.json").unlink()
    seal(folder)


def test_a_whole_run_is_evaluated(run: Path, capsys: pytest.CaptureFixture[str]):
    assert "run, round 2" in done(capsys, "evaluate", run, "--episodes", "2")


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def swap(path: Path) -> None:
    other = path.parents[1] / "000" / path.name
    path.write_bytes(other.read_bytes())


@pytest.mark.parametrize("harm", [cut, flip, swap])
def test_a_policy_that_was_harmed_is_refused(
    harm: Callable[[Path], None], run: Path, capsys: pytest.CaptureFixture[str]
):
    harm(newest(run) / "policy.safetensors")

    line = refused(capsys, "evaluate", run)

    assert line.startswith(
        "run/rounds/002/policy.safetensors was changed after it was written: its"
        " SHA-256 is "
    )
    assert line.endswith("; restore it from a copy")


def test_a_run_does_not_go_on_from_a_learner_that_was_harmed(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    (run / "summary.json").unlink()
    flip(newest(run) / "learner.safetensors")

    line = refused(capsys, *short("dagger", "--out", run, "--resume", "--quiet"))

    assert line.startswith("run/rounds/002/learner.safetensors was changed")


def test_a_run_does_not_go_on_with_answers_that_were_harmed(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    (run / "summary.json").unlink()
    flip(run / "dataset" / "001.safetensors")

    line = refused(capsys, *short("dagger", "--out", run, "--resume", "--quiet"))

    assert line.startswith("run/dataset/001.safetensors was changed")


def test_a_policy_that_is_missing_is_named(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    (newest(run) / "policy.safetensors").unlink()

    line = refused(capsys, "evaluate", run)

    assert line.startswith("run/rounds/002/policy.safetensors is missing")


def test_weights_of_another_shape_are_refused(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    shape = json.loads((newest(run) / "policy.json").read_text())
    (newest(run) / "policy.json").write_text(json.dumps({**shape, "hidden": [9]}))
    sealed_again(newest(run))

    line = refused(capsys, "evaluate", run)

    assert "of shape (1, 8), but policy.json says float32 of shape (1, 9)" in line


def test_weights_of_another_network_are_refused(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    shape = json.loads((newest(run) / "policy.json").read_text())
    (newest(run) / "policy.json").write_text(json.dumps({**shape, "hidden": [8, 8]}))
    sealed_again(newest(run))

    line = refused(capsys, "evaluate", run)

    assert "policy.safetensors and its policy.json do not belong together" in line


def test_a_policy_of_an_unknown_kind_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    path = newest(run) / "policy.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "kind": "diffusion"}))
    sealed_again(newest(run))

    assert refused(capsys, "evaluate", run) == (
        "run/rounds/002/policy.json describes a policy of kind 'diffusion', which this"
        " version of novice does not know; use the version that wrote it"
    )


def test_a_policy_of_a_newer_version_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    path = newest(run) / "policy.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 2}))
    sealed_again(newest(run))

    assert "(schema 2), but this version reads schema 1; upgrade novice" in refused(
        capsys, "evaluate", run
    )


def test_a_pickle_is_refused_and_not_executed(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    (newest(run) / "policy.safetensors").write_bytes(TRAP)
    sealed_again(newest(run))

    line = refused(capsys, "evaluate", run)

    assert "policy.safetensors is not a whole safetensors file" in line
    assert not Path("trap").exists()


def test_that_pickle_would_have_bitten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    pickle.loads(TRAP)

    assert Path("trap").exists()


def test_a_run_of_a_newer_version_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    path = run / "settings.json"
    content = {**json.loads(path.read_text()), "schema": 2, "version": "9.0.0"}
    path.write_text(json.dumps(content))

    for words in (["evaluate", run], ["report", run], ["bc", "X-v0", "--data", run]):
        words = words if words[0] != "bc" else short("bc", "--data", run)
        assert refused(capsys, *words) == (
            "run/settings.json was written by a newer novice 9.0.0 (schema 2), but this"
            " version reads schema 1; upgrade novice"
        )


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("{", "run/settings.json is not valid JSON"),
        ("[]", "run is not a run: its settings.json is not novice's"),
        ('{"editor.fontSize": 12}', "run is not a run: its settings.json is not"),
        ('{"schema": 1}', "run is not a run: its settings.json does not say what was"),
    ],
)
def test_settings_that_are_not_a_runs_are_refused(
    content: str, what: str, run: Path, capsys: pytest.CaptureFixture[str]
):
    (run / "settings.json").write_text(content)

    assert refused(capsys, "evaluate", run).startswith(what)


def what_is_read(run: Path) -> dict[str, object]:
    """All that the rounds and the answers of a run say."""
    folder = RunFolder(run)
    last = folder.last_round()
    assert last is not None
    arrays = named_arrays([last.learner, [folder.policy(n) for n in range(3)]])
    rows = last.dataset.column("observation"), last.dataset.column("action")
    return {
        "numbers": {name: array.tobytes() for name, array in arrays.items()},
        "rows": [np.asarray(column).tobytes() for column in rows],
        "measures": [folder.measures(number) for number in range(3)],
    }


def flips_that_go_unnoticed(run: Path, *, flips: int, seed: int) -> list[str]:
    """The files in which a bit was flipped, another content was read, and nobody spoke.

    `trajectories.safetensors` is never read again, and index.json has no hash.
    """
    chance = random.Random(seed)
    files = [
        path
        for path in sorted((*run.glob("rounds/*/*"), *run.glob("dataset/0*")))
        if path.name != "trajectories.safetensors"
    ]
    before = what_is_read(run)
    unnoticed = []
    for _ in range(flips):
        path = chance.choice(files)
        content = path.read_bytes()
        flipped = bytearray(content)
        flipped[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        try:
            if what_is_read(run) != before:
                unnoticed.append(str(path))
        except NoviceError as error:
            assert path.name in str(error) or "hashes.json" in str(error)
        path.write_bytes(content)
    return unnoticed


def test_a_flipped_bit_is_noticed_or_harmless(run: Path):
    assert flips_that_go_unnoticed(run, flips=300, seed=4) == []


@pytest.mark.soak
def test_ten_thousand_flipped_bits_are_noticed_or_harmless(run: Path):
    assert flips_that_go_unnoticed(run, flips=10_000, seed=5) == []
