"""A command that cannot be understood says why, in one line and without a traceback."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.commands import WALK, done, refused, said, short
from novice.algorithms.practice_settings import ReinforceSettings
from novice.algorithms.settings import BcSettings, DaggerSettings
from novice.app.cli import COMMANDS
from novice.app.options import RunOptions, plain_type

SETTINGS = {
    "bc": BcSettings,
    "dagger": DaggerSettings,
    "reinforce": ReinforceSettings,
}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["dager"], "there is no command 'dager'; did you mean dagger?"),
        (
            ["fly"],
            "there is no command 'fly'; known: demo, bc, dagger, reinforce, play,"
            " label, evaluate, lab, data, report",
        ),
        (
            ["bc"],
            "the following arguments are required: TASK (novice bc --help lists what"
            " there is)",
        ),
        (
            ["dagger", "CartPole-v1", "--label", "5"],
            "there is no --label here; did you mean --labels? (novice dagger --help"
            " lists what there is)",
        ),
        (
            ["bc", "CartPole-v1", "--learning_rate=5"],
            "there is no --learning_rate=5 here; did you mean --learning-rate? (novice"
            " bc --help lists what there is)",
        ),
        (
            ["reinforce", "CartPole-v1", "Pendulum-v1"],
            "there is no Pendulum-v1 here (novice reinforce --help lists what there"
            " is)",
        ),
        (
            ["dagger", "CartPole-v1", "--labels", "x"],
            "argument --labels: invalid int value: 'x' (novice dagger --help lists what"
            " there is)",
        ),
        (
            ["dagger", "CartPole-v1", "--beta", "2"],
            "argument --beta: invalid choice: '2'",
        ),
        (
            ["dagger", "CartPole-v1", "--labels", "0"],
            "--labels is 0, but it must be at least 1",
        ),
        (
            ["reinforce", "CartPole-v1", "--discount", "2"],
            "--discount is 2.0, but it must be between 0 and 1",
        ),
        (
            ["reinforce", "CartPole-v1", "--discount", "nan"],
            "--discount is nan, but it must be between 0 and 1",
        ),
        (
            ["bc", "CartPole-v1", "--hidden", "8", "0"],
            "--hidden is 8 0, but layers have at least one unit",
        ),
        (
            ["reinforce", "CartPole-v1", "--hidden", "64", "0"],
            "--hidden is 64 0, but layers have at least one unit",
        ),
        (
            ["bc", "CartPole-v1", "--seed", "-1"],
            "--seed is -1, but it must be 0 to 4294967295",
        ),
        (["demo", "--seed", "-1"], "--seed is -1, but it must be 0 to 4294967295"),
        (
            ["bc", "CartPole-v1", "--test-episodes", "1"],
            "--test-episodes is 1, but an interval needs at least 2",
        ),
        (
            ["evaluate", "x", "--episodes", "1"],
            "--episodes is 1, but an interval needs at least 2",
        ),
        (
            ["bc", "CartPole-v1", "--task-argument", "wind"],
            "--task-argument takes name=value, such as enable_wind=true, not 'wind'",
        ),
        (
            ["bc", "CartPole-v1", "--task-argument", "wind=NaN"],
            "--task-argument takes numbers, but NaN is none",
        ),
        (
            ["bc", "LunarLandr-v3"],
            "no task is called 'LunarLandr-v3'; did you mean LunarLander-v3 or",
        ),
        (
            ["bc", "CartPole-v1", "--task-argument", "wind=1"],
            "CartPole-v1 does not take the arguments {'wind': 1}:",
        ),
        (
            ["dagger", "no_such_module:My-v0"],
            "no module is called 'no_such_module' ('no_such_module:My-v0');",
        ),
        (
            ["dagger", "FrozenLake-v1"],
            "no expert comes with novice for 'FrozenLake-v1'",
        ),
        (
            ["dagger", "CartPole-v1", "--expert", "heuristic"],
            "there is no expert 'heuristic': an expert is auto (the task's built-in"
            " controller), module:function, or the folder of a run",
        ),
        (
            ["dagger", "CartPole-v1", "--expert", "nobody:knows"],
            "there is no module 'nobody' here or among what is installed",
        ),
        (
            ["dagger", "CartPole-v1", "--expert", "app.homemade:to_the_midle"],
            "module 'app.homemade' has no 'to_the_midle'; did you mean"
            " 'to_the_middle'?",
        ),
        (
            ["dagger", "CartPole-v1", "--expert", "app.homemade:TEN"],
            "'app.homemade:TEN' is 10, which cannot be called;",
        ),
        (
            ["dagger", WALK, "--expert", "app.homemade:too_far"],
            "app.homemade:too_far gave the action 2, but app.homemade:Walk-v0 takes"
            " Discrete(2)",
        ),
        (
            ["dagger", WALK, "--expert", "app.homemade:at_length"],
            "app.homemade:at_length gave the action array([0., 0., 0.,",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    words: list[str], line: str, workplace: Path, capsys: pytest.CaptureFixture[str]
):
    assert refused(capsys, *words).startswith(line)
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("nan", "at step 3 the observation nan at entry 1"),
        ("reward", "at step 3 the reward inf"),
        ("shape", "showed an observation of shape (2, 1), but its observation_space"),
        ("crash", "raised RuntimeError in step: the wheel came off"),
    ],
)
@pytest.mark.parametrize("command", ["bc", "reinforce"])
def test_a_task_that_breaks_its_word_is_named(
    command: str, what: str, line: str, capsys: pytest.CaptureFixture[str]
):
    words = short(command, "--task-argument", f"what={what}", task="toys:Trouble-v0")

    said_why = refused(capsys, *words)

    assert said_why.startswith("toys:Trouble-v0 (environment 0")
    assert line in said_why


def test_what_a_crash_said_in_many_lines_is_said_in_one(
    workplace: Path, capsys: pytest.CaptureFixture[str]
):
    (workplace / "verbose.py").write_text(
        "import gymnasium, toys\n"
        "class Verbose(toys.Trouble):\n"
        "    def step(self, action):\n"
        "        raise RuntimeError('one\\ntwo\\n\\nthree')\n"
        "gymnasium.register('Verbose-v0', entry_point=Verbose)\n"
    )

    words = short("bc", task="verbose:Verbose-v0")

    assert refused(capsys, *words).endswith("RuntimeError in step: one two three")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import gymnasium\n1 / 0\n", "broken:My-v0 cannot be made: ZeroDivisionError"),
        ("def (:\n", "broken:My-v0 cannot be made: SyntaxError"),
        ("", "no task is called 'broken:My-v0'"),
    ],
)
def test_a_module_that_brings_no_task_is_named(
    text: str, line: str, workplace: Path, capsys: pytest.CaptureFixture[str]
):
    (workplace / "broken.py").write_text(text)

    assert refused(capsys, *short("bc", task="broken:My-v0")).startswith(line)


@pytest.mark.slow
def test_a_missing_extra_is_named_with_what_to_install(workplace: Path):
    without_mujoco = (
        "import sys; sys.modules['mujoco'] = None;"
        "from novice.app.cli import main; sys.exit(main(['dagger', 'Hopper-v5']))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", without_mujoco],
        capture_output=True,
        text=True,
        cwd=workplace,
        timeout=60,
    )

    assert (ended.returncode, ended.stderr) == (
        2,
        "novice: Hopper-v5 needs mujoco, which is not installed; pip install"
        " 'novice[mujoco]'\n",
    )


def test_a_mistake_of_our_own_keeps_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def mistaken(words: list[str]) -> int:
        raise ZeroDivisionError

    monkeypatch.setitem(COMMANDS, "bc", mistaken)

    with pytest.raises(ZeroDivisionError):
        said(capsys, "bc")


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_every_command(words: list[str], capsys: pytest.CaptureFixture[str]):
    out = done(capsys, *words)

    assert [name for name in COMMANDS if f"  novice {name}" not in out] == []


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]):
    from novice import __version__

    assert done(capsys, "--version") == f"novice {__version__}\n"


def shown(field: dataclasses.Field) -> str:
    """A default as the help says it."""
    value: Any = field.default
    if plain_type(field.type) is tuple:
        return " ".join(str(size) for size in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def fields_of(kind: Any) -> list[dataclasses.Field]:
    """A settings class's own fields, and those of the settings in it."""
    found = []
    for field in dataclasses.fields(kind):
        inner = dataclasses.is_dataclass(field.type)
        found += fields_of(field.type) if inner else [field]
    return found


@pytest.mark.parametrize("command", SETTINGS)
def test_help_lists_every_flag_with_its_meaning_and_default(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "200")
    out = " ".join(done(capsys, command, "--help").split())

    fields = [*fields_of(RunOptions), *fields_of(SETTINGS[command])]
    assert len(fields) > 12
    for field in fields:
        flag, meaning = field.name.replace("_", "-"), field.metadata["help"]
        assert f"--{flag}" in out
        default = "" if field.default is None else f" (default: {shown(field)})"
        assert f"{meaning}{default}" in out


@pytest.mark.parametrize("command", ["evaluate", "report", "demo"])
def test_help_says_what_a_command_is_for(
    command: str, capsys: pytest.CaptureFixture[str]
):
    assert done(capsys, command, "--help").startswith(f"usage: novice {command} ")


@pytest.mark.slow
def test_no_help_imports_what_is_slow_to_import(workplace: Path):
    ask = """
import contextlib, io, sys
from novice.app.cli import COMMANDS, main
for command in COMMANDS:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main([command, "--help"])
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""
    told = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, timeout=60
    )

    slow = {"equinox", "gymnasium", "jax", "matplotlib", "numpy", "optax", "scipy"}
    assert told.returncode == 0, told.stderr
    assert "novice" in told.stdout.split()
    assert slow.isdisjoint(told.stdout.split())


def test_a_setting_that_makes_no_sense_is_refused_before_anything_slow(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delitem(sys.modules, "novice.app.train", raising=False)

    refused(capsys, "bc", "CartPole-v1", "--steps", "0")

    assert "novice.app.train" not in sys.modules
