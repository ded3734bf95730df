"""Draw where there is no display. Imports nothing that takes time."""

import sys
from collections.abc import Mapping


def drawn_without_display(environment: Mapping[str, str]) -> dict[str, str]:
    """What MuJoCo needs in an environment variable to draw, where nobody has said so.

    On Linux it looks for a display even where there is none, and the process may be
    aborted; EGL draws without one.
    """
    said = ("DISPLAY", "WAYLAND_DISPLAY", "MUJOCO_GL")
    if sys.platform != "linux" or any(environment.get(name) for name in said):
        return {}
    return {"MUJOCO_GL": "egl"}
