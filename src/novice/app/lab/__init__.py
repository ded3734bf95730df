"""The command `novice lab`: experiments that measure a claim."""

import difflib
import importlib
from collections.abc import Mapping

from novice.app.options import UsageError

# Each experiment is a module beside this one with a function `run(arguments) -> int`.
EXPERIMENTS: Mapping[str, str] = {
    "compounding": "how fast errors grow with time: clones, and who is corrected",
    "cost": "what a human costs: demonstrations, relabeling, take-over",
    "fork": "what becomes of experts who do it in two ways, head by head",
}


def lab(arguments: list[str]) -> int:
    """Run one experiment, or say which there are."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("novice lab EXPERIMENT ...  measures a claim; --help lists its flags\n")
        for name, what in EXPERIMENTS.items():
            print(f"  novice lab {name:<12} {what}")
        return 0
    name = arguments[0]
    if name not in EXPERIMENTS:
        close = difflib.get_close_matches(name, EXPERIMENTS, n=1)
        known = ", ".join(EXPERIMENTS)
        hint = f"did you mean {close[0]}?" if close else f"known: {known}"
        raise UsageError(f"there is no experiment {name!r}; {hint}")
    experiment = importlib.import_module(f"novice.app.lab.{name.replace('-', '_')}")
    status: int = experiment.run(arguments[1:])
    return status
