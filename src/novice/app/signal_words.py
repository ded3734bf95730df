"""Say how far the steps of practice could be believed, and what to do about it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from novice.algorithms.practice_settings import ReinforceSettings
from novice.learning.practice import groups_of
from novice.learning.signal import noise_scale

# So many of the last rounds are told together: one round's mean is mostly chance.
LAST = 5


class Sample(NamedTuple):
    """What a batch is made of, and how somebody asks for more of it."""

    size: int
    unit: str = "episodes"
    flag: str = "--episodes-per-batch"
    groups: int | None = None  # in which it was looked at, if not one by one


def sample_of(settings: ReinforceSettings) -> Sample:
    """What one step of practice is made of."""
    if not settings.fragment:
        return Sample(settings.episodes_per_batch)
    many = settings.environments
    return Sample(many, "environments", "--environments", groups_of(many))


def signal_told(rounds: Sequence[Mapping[str, Any]], sample: Sample) -> dict[str, Any]:
    """What the newest rounds' gradients say; nothing where nobody could tell."""
    known = [entry for entry in rounds if "gradient_squared" in entry][-LAST:]
    if not known:
        return {}
    found = {
        name: sum(float(entry[name]) for entry in known) / len(known)
        for name in ("gradient_squared", "gradient_variance", "halves_agree")
    }
    scale = noise_scale(found["gradient_squared"], found["gradient_variance"])
    scale *= sample.size / (sample.groups or sample.size)
    says = advice(scale, found["halves_agree"], sample)
    first, last = known[0]["round"], known[-1]["round"]
    when = f"In round {last}" if first == last else f"In rounds {first} to {last}"
    return {
        "signal": {
            **found,
            sample.unit: sample.size,
            # JSON knows no infinity.
            **({"noise_scale": scale} if scale < float("inf") else {}),
            "says": f"{when}: {says}",
        }
    }


def advice(scale: float, agreement: float, sample: Sample) -> str:
    """What follows for whoever sets the size of a batch, in one sentence."""
    count, unit = sample.size, sample.unit
    needed = math.ceil(min(scale, 1e9))
    if scale <= count:
        return (
            f"{count:,} {unit} are enough for a reliable step: with {needed:,} the"
            " noise would be as long as the gradient."
        )
    if scale > 100 * count:
        return (
            f"{count:,} {unit} show no gradient: the halves of a batch agree by"
            f" {agreement:+.2f} (1: the same direction, 0: none). There may be nothing"
            " left to gain, or what is paid is too rare."
        )
    return (
        f"A reliable step takes about {needed:,} {unit} instead of {count:,}"
        f" ({sample.flag}), {scale / count:.1f} times as many: with {count:,} the noise"
        " is longer than the gradient."
    )
