"""Say how far the steps of practice could be believed, and what to do about it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from novice.learning.signal import noise_scale

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


def advice(scale: float, agreement: float, episodes: int) -> str:
    """What follows for whoever sets the size of a batch, in one sentence."""
    needed = math.ceil(min(scale, 1e9))
    if scale <= episodes:
        return (
            f"{episodes} episodes are enough for a reliable step: with {needed:,} the"
            " noise would be as long as the gradient."
        )
    if scale > 100 * episodes:
        return (
            f"{episodes} episodes show no gradient: the halves of a batch agree by"
            f" {agreement:+.2f} (1: the same direction, 0: none). There may be nothing"
            " left to gain, or what is paid is too rare."
        )
    return (
        f"A reliable step takes about {needed:,} episodes instead of {episodes}"
        f" (--episodes-per-batch), {scale / episodes:.1f} times as many: with"
        f" {episodes} the noise is longer than the gradient."
    )
