"""The command `novice lab`: experiments that measure a claim."""

import importlib
from collections.abc import Mapping

from novice.app.subcommands import subcommand

# Each experiment is a module beside this one with a function `run(arguments) -> int`.
EXPERIMENTS: Mapping[str, str] = {
    "compounding": "how fast errors grow with time: clones, and who is corrected",
    "cost": "what a human costs: demonstrations, relabeling, take-over",
    "fork": "what becomes of experts who do it in two ways, head by head",
    "gradient": "watching and practicing: two gradients through one function",
}


def lab(arguments: list[str]) -> int:
    """Run one experiment, or say which there are."""
    name = subcommand(
        arguments,
        EXPERIMENTS,
        of="lab",
        title="novice lab EXPERIMENT ...  measures a claim; --help lists its flags",
        what="experiment",
    )
    if name is None:
        return 0
    experiment = importlib.import_module(f"novice.app.lab.{name}")
    status: int = experiment.run(arguments[1:])
    return status
