"""Open an environment by its id, or say in a sentence why there is none."""

import difflib
import importlib
import logging
from collections.abc import Mapping
from typing import Any

import gymnasium

from novice.errors import NoviceError

# What to install when a task's import of a package fails.
REMEDIES = {
    "mujoco": "'novice[mujoco]'",
    "flax": "'novice[jax-tasks]'",
    "box2d": "'gymnasium[box2d]'",
    "pygame": "'gymnasium[classic-control]'",
    "ale_py": "ale-py",
}


class UnknownTaskError(NoviceError):
    """No task has this name."""


class MissingExtraError(NoviceError):
    """The task needs a package that is not installed."""


def open_environment(id: str, kwargs: Mapping[str, Any]) -> gymnasium.Env:
    """`gymnasium.make` whose errors are one sentence that says what to do."""
    gymnasium.logger.min_level = logging.ERROR
    if id.startswith("novice/"):
        importlib.import_module("novice.envs.own")
    try:
        return gymnasium.make(id, disable_env_checker=True, **kwargs)
    except gymnasium.error.DependencyNotInstalled as error:
        raise missing_extra(id, str(error)) from error
    except ModuleNotFoundError as error:
        # Gymnasium raises an error of its own from the one that names the module.
        missing = getattr(error.__cause__, "name", None) or error.name
        if ":" in id and f"{id.split(':')[0]}.".startswith(f"{missing}."):
            raise UnknownTaskError(
                f"no module is called {missing!r} ({id!r}); it must be"
                " importable from the current folder or the environment"
            ) from error
        raise missing_extra(id, str(error)) from error
    except gymnasium.error.UnregisteredEnv as error:
        raise UnknownTaskError(unknown_task_message(id)) from error
    except gymnasium.error.DeprecatedEnv as error:
        raise UnknownTaskError(f"{id} is no longer there: {error}") from error
    except gymnasium.error.Error as error:
        raise UnknownTaskError(
            f"{id!r} is not a task that can be made: {error}"
        ) from error
    except NoviceError:
        raise
    except (TypeError, ValueError, AssertionError) as error:
        if not kwargs:
            raise
        raise UnknownTaskError(
            f"{id} does not take the arguments {dict(kwargs)}: {error}"
        ) from error


def unknown_task_message(id: str) -> str:
    """What to say about a name that no task has."""
    module, colon, name = id.rpartition(":")
    lowered = {each.lower(): each for each in sorted(gymnasium.registry)}
    close = difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.6)
    meant = [lowered[each] for each in close]
    # A task of one's own is known by its module, too.
    own = {
        spec.id
        for spec in gymnasium.registry.values()
        if module and is_from(spec, module)
    }
    meant = [f"{module}{colon}{each}" if each in own else each for each in meant]
    if meant:
        hint = f"did you mean {' or '.join(meant)}?"
    else:
        hint = (
            "Gymnasium's own are listed at https://gymnasium.farama.org; a task of"
            " yours is named module:Id-v0"
        )
    return f"no task is called {id!r}; {hint}"


def is_from(spec: Any, module: str) -> bool:
    """Whether a registered task was defined in this module."""
    entry = spec.entry_point
    where = entry if isinstance(entry, str) else getattr(entry, "__module__", "")
    return where.partition(":")[0] == module


def missing_extra(id: str, reason: str) -> MissingExtraError:
    """What to say when a task's package is not there."""
    for module, remedy in REMEDIES.items():
        if module in reason.lower():
            return MissingExtraError(
                f"{id} needs {module}, which is not installed; pip install {remedy}"
            )
    return MissingExtraError(f"{id} needs a package that is not installed: {reason}")
