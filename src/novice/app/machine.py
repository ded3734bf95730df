"""Set JAX up for short runs on a person's machine, and say what is installed."""

import os
import platform
from importlib import metadata
from pathlib import Path

import jax

_compile_seconds = [0.0]


def _count_compiling(event: str, duration_secs: float, **_: str | int) -> None:
    if event.startswith("/jax/core/compile/"):
        _compile_seconds[0] += duration_secs


jax.monitoring.register_event_duration_secs_listener(_count_compiling)


def compile_seconds() -> float:
    """Seconds that this process has spent tracing, lowering and compiling."""
    return _compile_seconds[0]


def keep_compiled_programs() -> None:
    """Keep compiled programs in the user's cache folder; later runs start faster."""
    try:
        home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        folder = Path(home) / "novice" / f"jax-{jax.__version__}"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return  # A home that is missing or cannot be written to costs speed only.
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def versions() -> dict[str, str]:
    """What a result may depend on besides its settings."""
    packages = ("jax", "jaxlib", "equinox", "optax", "numpy", "gymnasium")
    found = {name: metadata.version(name) for name in packages}
    return {"python": platform.python_version(), **found}
