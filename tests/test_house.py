"""The rules between the rooms hold, and each of them bites."""

import ast
import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jaxtyping
import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCE = REPOSITORY / "src"
MODULES = sorted((SOURCE / "novice").rglob("*.py"))

# Reading with one of these can run code that the file brought along.
RUNS_WHAT_IT_READS = {
    "cloudpickle",
    "dill",
    "joblib",
    "jsonpickle",
    "marshal",
    "pickle",
    "shelve",
    "torch",
}


def room_and_name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def imports_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def breaches(text: str) -> list[str]:
    """What a module may not do, wherever it lives."""
    tree = ast.parse(text)
    found = [
        f"imports {name}"
        for name in imports_in(tree)
        if name.split(".")[0] in RUNS_WHAT_IT_READS or name == "__future__.annotations"
    ]
    found += [
        f"calls {name}"
        for name in calls_in(tree)
        if name in {"eval", "exec", "__import__"}
    ]
    found += [
        "allows pickle"
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword)
        and node.arg == "allow_pickle"
        and not (isinstance(node.value, ast.Constant) and node.value.value is False)
    ]
    return found


@pytest.mark.parametrize("path", MODULES, ids=room_and_name)
def test_no_module_runs_code_that_it_reads(path: Path):
    assert breaches(path.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "import os, dill as d",
        "from cloudpickle import loads",
        "def later():\n    import marshal",
        "from __future__ import annotations",
        "eval('1')",
        "exec('x = 1')",
        "np.load('rows.npz', allow_pickle=True)",
    ],
)
def test_a_breach_is_found(text: str):
    assert breaches(text)


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.parent.name in {"learning", "algorithms"}],
    ids=room_and_name,
)
def test_learning_and_algorithms_neither_open_nor_print(path: Path):
    assert not {"input", "open", "print"} & set(calls_in(ast.parse(path.read_text())))


# Each contract by its name, a module, and an import in it that breaks the contract.
VIOLATIONS = [
    ("Imports only go down", "types", "novice.learning"),
    ("Imports only go down", "learning/policy", "novice.envs"),
    ("Imports only go down", "evaluation/statistics", "novice.experts"),
    ("Imports only go down", "datasets/shards", "novice.experts"),
    ("Imports only go down", "algorithms/bc", "novice.app.cli"),
    ("Imports only go down", "attic", "novice.types"),
    ("learning touches no file, clock, network, environment", "learning/fit", "time"),
    ("learning touches no file, clock, network, environment", "learning/fit", "os"),
    ("algorithms read and write nothing", "algorithms/dagger", "pathlib"),
    ("algorithms read and write nothing", "algorithms/bc", "novice.files"),
    ("settings, from which --help is made, load", "algorithms/settings", "jax"),
    ("nothing that runs code when it reads a file", "envs/task", "cloudpickle"),
]


def kept_and_broken(repository: Path) -> tuple[int, str]:
    """The exit status and the words of import-linter about a copy of the house."""
    linter = Path(sys.executable).parent / "lint-imports"
    told = subprocess.run(
        [linter, "--no-cache", "--config", repository / "pyproject.toml"],
        cwd=repository / "src",
        capture_output=True,
        text=True,
        timeout=60,
    )
    return told.returncode, told.stdout + told.stderr


@pytest.fixture
def copied_house(tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(SOURCE, tmp_path / "src", ignore=ignore)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_import_contract_is_kept(copied_house: Path):
    status, words = kept_and_broken(copied_house)

    assert status == 0, words


@pytest.mark.parametrize(("contract", "module", "imported"), VIOLATIONS)
def test_an_import_contract_bites(
    copied_house: Path, contract: str, module: str, imported: str
):
    with open(copied_house / "src" / "novice" / f"{module}.py", "a") as file:
        file.write(f"\nimport {imported}\n")

    status, words = kept_and_broken(copied_house)

    assert status == 1, words
    broken = words.partition("Broken contracts")[2]
    assert re.search(rf"{re.escape(contract)}.*BROKEN", words), words
    assert "novice." + module.replace("/", ".") in broken
    assert module == "attic" or imported in broken


def test_every_contract_is_among_the_broken_ones():
    contracts = (REPOSITORY / "pyproject.toml").read_text()
    names = re.findall(r'^name = "(.*)"\ntype = ', contracts, re.MULTILINE)

    unbroken = [
        name
        for name in names
        if not any(name.startswith(contract) for contract, _, _ in VIOLATIONS)
    ]

    assert names and unbroken == []


def test_help_imports_neither_jax_nor_numpy_nor_gymnasium():
    ask_for_help = """
import sys
from novice.app.cli import main
sys.argv = ["novice", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("LOADED", *sorted({name.split(".")[0] for name in sys.modules}))
"""
    told = subprocess.run(
        [sys.executable, "-c", ask_for_help], capture_output=True, text=True, timeout=60
    )

    assert told.returncode == 0, told.stderr
    assert "dagger" in told.stdout
    loaded = told.stdout.partition("LOADED")[2].split()
    slow = {"equinox", "gymnasium", "jax", "matplotlib", "numpy", "optax", "scipy"}
    assert slow.isdisjoint(loaded)


def test_a_wrong_shape_is_refused_while_testing():
    batch = importlib.import_module("novice.types").Batch
    rows = np.zeros((3, 2), np.float32)

    with pytest.raises(jaxtyping.TypeCheckError):
        batch(rows, target=rows[:2], weight=rows[:, 0], valid=rows[:, 0] > 0)


def test_every_public_name_is_there():
    novice = importlib.import_module("novice")

    assert [name for name in novice.__all__ if getattr(novice, name) is None] == []


def test_the_changelog_begins_with_this_version():
    novice = importlib.import_module("novice")
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()

    newest = re.search(r"^## (\S+)", changelog, re.MULTILINE)

    assert newest and newest[1] == novice.__version__
