"""What the pictures of the pages are taken of, a file for each kind of page."""

import os
import sys
from pathlib import Path

# The pages are served by the small servers with which they are tested.
TESTS = Path(__file__).resolve().parents[2] / "tests"
sys.path.insert(0, str(TESTS))
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
