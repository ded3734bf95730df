"""Find the expert that somebody wrote in a module of their own."""

import difflib
import importlib
import inspect
import os
import sys
import sysconfig
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from novice.experts.expert import AbstractExpert, Law, UnknownExpertError


def callable_expert(spec: str) -> AbstractExpert:
    """The expert that `module:function` names, from here or from what is installed.

    A function gives the action for an observation; something with `start` and `act`
    remembers, and is told an episode's seed where it has `begin`, too. The current
    folder is searched first, as `python -m` does.
    """
    module_name, colon, attribute = spec.partition(":")
    if not (module_name and colon and attribute):
        raise UnknownExpertError(
            f"an expert of one's own is written module:function, not {spec!r}"
        )
    return _as_expert(spec, _attribute(_module(module_name, spec), attribute, spec))


@dataclass(frozen=True)
class Stranger(AbstractExpert):
    """Somebody with a memory whose class does not know ours."""

    name: str
    person: Any

    def start(self) -> Any:
        return self.person.start()

    def begin(self, seed: int) -> Any:
        begin = getattr(self.person, "begin", None)
        return begin(seed) if callable(begin) else self.start()

    def act(self, memory: Any, observation: Any) -> tuple[Any, Any]:
        action, memory = self.person.act(memory, observation)
        return action, memory


def _module(name: str, spec: str) -> ModuleType:
    if name.endswith(".py") or "/" in name or os.sep in name:
        module = ".".join(Path(name).with_suffix("").parts)
        raise UnknownExpertError(
            f"{spec!r} names a file; an expert is named by its module, as in"
            f" {module}:{spec.partition(':')[2]}"
        )
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise UnknownExpertError(
                f"there is no module {error.name!r} here or among what is installed"
                f"{_did_you_mean(name, _modules_in(Path(here)))}"
            ) from error
        raise _broken(name, error) from error
    except Exception as error:
        raise _broken(name, error) from error


def _broken(name: str, error: Exception) -> UnknownExpertError:
    """What to say when a module fails while it is imported."""
    # A SyntaxError may have happened in no line that was run, and says its own place.
    what = " ".join(str(error).split())
    return UnknownExpertError(
        f"module {name!r} cannot be imported: {type(error).__name__}"
        f"{': ' if what else ''}{what}{_place(error)}"
    )


def _place(error: Exception) -> str:
    """The last line that led to the error, of somebody's own if there is one."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename not in (__file__, importlib.__file__)
        and not frame.filename.startswith("<frozen")
    ]
    libraries = tuple(
        sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib")
    )
    own = [frame for frame in frames if not frame.filename.startswith(libraries)]
    if not frames:
        return ""
    last = (own or frames)[-1]
    return f" ({Path(last.filename).name}, line {last.lineno})"


def _attribute(module: ModuleType, attribute: str, spec: str) -> Any:
    try:
        return getattr(module, attribute)
    except AttributeError:
        public = [name for name in vars(module) if not name.startswith("_")]
        raise UnknownExpertError(
            f"module {module.__name__!r} has no {attribute!r}"
            f"{_did_you_mean(attribute, public)}"
        ) from None


def _as_expert(spec: str, found: Any) -> AbstractExpert:
    """What was found as an expert, whichever of the permitted forms it has."""
    if inspect.isclass(found):
        if not _remembers(found):
            raise UnknownExpertError(
                f"{spec!r} is a class without `start` and `act`; an expert is a"
                " function from an observation to an action, or a class with both"
            )
        found = _made(spec, found)
    if isinstance(found, AbstractExpert):
        return found
    if _remembers(found):
        return Stranger(spec, found)
    if callable(found):
        return Law(spec, found)
    raise UnknownExpertError(
        f"{spec!r} is {found!r:.40}, which cannot be called; an expert is a function"
        " from an observation to an action, or a class with `start` and `act`"
    )


def _remembers(found: Any) -> bool:
    return all(callable(getattr(found, verb, None)) for verb in ("start", "act"))


def _made(spec: str, kind: type) -> Any:
    try:
        return kind()
    except Exception as error:
        raise UnknownExpertError(
            f"{spec!r} cannot be made without arguments:"
            f" {type(error).__name__}: {error}"
        ) from error


def _modules_in(folder: Path) -> list[str]:
    return sorted(file.stem for file in folder.glob("*.py"))


def _did_you_mean(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
