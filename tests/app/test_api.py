"""The programs in the README are short, and they run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import novice
from app.homemade import to_the_middle
from novice.experts.expert import Law

README = Path(__file__).resolve().parents[2] / "README.md"


def programs() -> list[str]:
    """A task of one's own, a run from Python, and a loop that people answer."""
    found = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(found) == 3
    return found


def program() -> str:
    """The README's run from Python."""
    return programs()[1]


def test_the_readmes_program_fits_in_fifteen_lines():
    lines = [line for line in program().splitlines() if line.strip()]

    assert len(lines) <= 15


@pytest.mark.slow
def test_the_readmes_program_runs(tmp_path: Path):
    smaller = program()
    for large, small in (
        ("LunarLander-v3", "CartPole-v1"),
        ("2_000", "500"),
        ("validation_seeds(20)", "validation_seeds(2)"),
    ):
        assert large in smaller
        smaller = smaller.replace(large, small)
    (tmp_path / "program.py").write_text(smaller)

    ended = subprocess.run(
        [sys.executable, "program.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ,
        timeout=120,
    )

    assert ended.returncode == 0, ended.stderr
    assert re.fullmatch(r"0 250 \d+\.\d+\n1 500 \d+\.\d+\n", ended.stdout)


@pytest.mark.slow
def test_the_readmes_task_is_short_and_can_be_taught(tmp_path: Path):
    task = programs()[0]
    (tmp_path / "walk.py").write_text(task)
    (tmp_path / "law.py").write_text("def home(o):\n    return 1 if o[0] < 4 else 3\n")
    words = "dagger walk:Grid-v0 --expert human --labels 40 --labels-per-round 20"
    quick = "--simulate law:home --hurry --test-episodes 20 --out run --port 8830"

    ended = subprocess.run(
        [sys.executable, "-m", "novice", *words.split(), *quick.split()],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
    )

    assert len([line for line in task.splitlines() if line.strip()]) <= 30
    assert ended.returncode == 0, ended.stderr
    assert "policy   20 of 20 episodes end by themselves" in ended.stdout
    assert "the task pays no reward" in ended.stdout


@pytest.fixture(scope="module")
def slots() -> novice.SeparateSlots:
    return novice.SeparateSlots(novice.make_task("app.homemade:Walk-v0"), 4)


def test_a_round_is_repeated_by_its_key(slots: novice.SeparateSlots):
    guide = Law("the guide", to_the_middle)
    settings = novice.BcSettings(demonstrations=2, steps=10)

    weights = []
    for seed in (0, 0, 1):
        key = jax.random.key(seed)
        (round,) = novice.bc(slots, guide, settings, key=key, evaluate=lambda _: {})
        weights.append(np.asarray(round.learner.policy.trunk.layers[0].weight))

    assert np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])
