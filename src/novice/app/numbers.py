"""Write returns and other measured numbers on a terminal."""

from collections.abc import Mapping
from typing import Any

# Where every return is smaller than this, one decimal would hide what differs.
SMALL = 10.0


def return_form(*means: float) -> str:
    """How returns that are told together are written: small ones with two decimals."""
    return ".2f" if all(abs(mean) < SMALL for mean in means) else ".1f"


def interval(found: Mapping[str, Any], form: str = ".1f") -> str:
    """A mean and its 95 % interval."""
    low, high = found["ci95"]
    return f"{found['mean']:{form}} [{low:{form}}, {high:{form}}]"
