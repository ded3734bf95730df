"""Give each peer a virtual environment of its own, built from its pinned list."""

import subprocess
import sys
import venv
from pathlib import Path

BENCH = Path(__file__).parent
PEERS = ("imitation", "torch", "sb3")


def pins(peer: str) -> dict[str, str]:
    """Which version of what the peer's environment holds."""
    lines = (BENCH / "peers" / f"{peer}.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def python_of(peer: str) -> Path:
    """The peer's interpreter; its environment is made anew when its pins change."""
    home = BENCH / ".venvs" / peer
    wanted = BENCH / "peers" / f"{peer}.txt"
    installed = home / "pins.txt"
    python = home / "bin" / "python"
    if installed.exists() and installed.read_text() == wanted.read_text():
        return python
    print(f"making bench/.venvs/{peer} from bench/peers/{peer}.txt", file=sys.stderr)
    venv.create(home, with_pip=True, clear=True)
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True
    )
    installed.write_text(wanted.read_text())
    return python
