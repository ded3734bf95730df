"""Give every test the same quiet machine: no window, no GPU, no chance."""

import os
from pathlib import Path

# Before anything imports pygame or JAX, which look at these once.
os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Whatever somebody waits for must be printed at once all by itself.
os.environ.pop("PYTHONUNBUFFERED", None)

import hypothesis
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"

# The first example of a shape waits for a compilation, so no example has a deadline.
hypothesis.settings.register_profile(
    "novice", deadline=None, derandomize=True, database=None
)
hypothesis.settings.load_profile("novice")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of trained experts and human demonstrations, beside the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip(
            f"the experts and demonstrations of {SHARED_DATA} are not on this machine"
        )
    return SHARED_DATA
