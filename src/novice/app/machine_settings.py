"""Set what must stand before NumPy and JAX are imported."""

import os

from novice.envs.display import drawn_without_display


def prepare_machine() -> None:
    """Settings that must stand before NumPy and JAX are imported."""
    # A policy's matrices are small: threads inside NumPy and JAX cost more than they
    # give (64-64 networks learn twice as fast on one), and one thread gives the same
    # bytes on any number of cores. NPROC=2 in the environment gives JAX two.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("NPROC", "1")
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    os.environ.update(drawn_without_display(os.environ))
