"""What every test of the commands is given."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import gymnasium
import pytest

from app.killing import alone
from novice.app.cli import main


@pytest.fixture(scope="session")
def common_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all of pytest's processes share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def no_trace_at_home(common_folder: Path) -> Iterator[None]:
    """Keep compiled programs in the tests' own folder, not in the person's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(common_folder / "cache"))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_disk() -> Iterator[None]:
    """Don't wait for the disk in this process: no test here pulls the plug."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session")
def made(common_folder: Path) -> Callable[..., Path]:
    """A finished run, made once for all tests: its name, and the words that make it."""

    def make(name: str, *words: str) -> Path:
        folder = common_folder / "made" / name
        with alone(common_folder / f"{name}.made"):
            if not (folder / "summary.json").exists():
                assert main([*words, "--out", str(folder)]) == 0
        return folder

    return make


@pytest.fixture
def copied(studied: Path, tmp_path: Path) -> Path:
    """A copy of the experiment that the test's module has `studied`, to go on with."""
    return Path(shutil.copytree(studied, tmp_path / "copied"))


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in; modules and tasks from there are forgotten again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
            for id, spec in list(gymnasium.registry.items()):
                if getattr(spec.entry_point, "__module__", "") == name:
                    del gymnasium.registry[id]
