"""Say how far the steps of practice could be believed, and what to do about it."""

from collections.abc import Mapping, Sequence
from typing import Any

from novice.learning.signal import advice, noise_scale

# So many of the last rounds are told together: one round's mean is mostly chance.
LAST = 5


def signal_told(
    rounds: Sequence[Mapping[str, Any]], *, episodes: int
) -> dict[str, Any]:
    """What the newest rounds' gradients say; nothing where nobody could tell."""
    known = [entry for entry in rounds if "gradient_squared" in entry][-LAST:]
    if not known:
        return {}
    found = {
        name: sum(float(entry[name]) for entry in known) / len(known)
        for name in ("gradient_squared", "gradient_variance", "halves_agree")
    }
    scale = noise_scale(found["gradient_squared"], found["gradient_variance"])
    says = advice(scale, found["halves_agree"], episodes)
    first, last = known[0]["round"], known[-1]["round"]
    when = f"In round {last}" if first == last else f"In rounds {first} to {last}"
    return {
        "signal": {
            **found,
            "episodes": episodes,
            # JSON knows no infinity.
            **({"noise_scale": scale} if scale < float("inf") else {}),
            "says": f"{when}: {says}",
        }
    }
