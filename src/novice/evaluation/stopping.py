"""Say after each round of DAgger whether more labels still pay.

It looks at what was measured up to a round, never beyond. It says "enough"

1. where the policy cannot be told from its expert: on the same episodes the 95 %
   interval of what it returns more than the expert holds 0 or more, and does not reach
   below a loss of `SMALL` of the way from chance to the expert. Without the second half
   few or scattered episodes would do: then nothing can be told from anything;
2. else where nothing was gained over the last third of the labels by more than its
   interval: the mean returns of its rounds, less those of the rounds in the third
   before, on the same episodes, have an interval that holds 0 or less, and the gain is
   at most `SMALL` of what the policy earns more than chance. A policy that these
   episodes cannot tell from chance has not begun to learn: for it there is no enough;
3. where nothing is paid, by the disagreement with who teaches: its interval lies within
   `LITTLE` of the largest there can be, or rule 2 holds for it, with the first round in
   the place of chance.

The constants were chosen on five runs, and judged on twenty others (bench/STOPPING.md).
`SMALL` is 5 %: on those runs 2, 5 and 10 % stopped at the same labels, and 5 % is the
middle. `LITTLE` is 1 %: 2 % stopped before the return was there, half a percent long
after. At least `ROUNDS` rounds a third: with two it came too early on one of the five
runs, with four later on all of them; so it never comes before the eighth round. They
are thirds of the labels, not fixed numbers of rounds, because who has learned from more
gains more slowly, and small rounds must not look like small gains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from novice.evaluation.statistics import Estimate, paired_difference

# Of the way from chance to the expert, or of what is earned over chance.
SMALL = 0.05
# Of the largest disagreement that there can be.
LITTLE = 0.01
# At least so many rounds on either side of a comparison.
ROUNDS = 3
# Half the width of a 95 % interval, in standard errors.
_HALF_WIDTH = 1.96

Returned = Float[np.ndarray, " episodes"]


@dataclass(frozen=True, kw_only=True)
class Apart:
    """How far a policy is from who teaches it, with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """What is known of a round; the returns of all rounds are of the same episodes."""

    round: int
    labels: int
    returns: Returned | None = None
    apart: Apart | None = None


@dataclass(frozen=True, kw_only=True)
class Enough:
    """From which round on more labels no longer paid, and how that is known."""

    round: int
    labels: int
    by: Literal["expert", "no gain", "agreement"]
    why: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """What the rounds are held against.

    Chance and the expert, on the rounds' episodes, where they are known; and the
    largest disagreement: 1 where actions are chosen, 2 half-ranges where they are real.
    """

    chance: Returned | None = None
    expert: Returned | None = None
    most: float = 1.0


def first_enough(rounds: Sequence[Measured], scale: Scale) -> Enough | None:
    """The first round after which the rule says "enough", looking at no later one."""
    for count in range(1, len(rounds) + 1):
        found = enough(rounds[:count], scale)
        if found is not None:
            return found
    return None


def enough(rounds: Sequence[Measured], scale: Scale) -> Enough | None:
    """Whether more labels no longer pay after the last of these rounds; None: go on."""
    if not rounds:
        return None
    by: Literal["expert", "no gain", "agreement"] = "expert"
    if rounds[-1].returns is not None:
        why = as_good_as_expert(rounds[-1], scale)
        if why is None:
            by, why = "no gain", no_more_return(rounds, scale)
    else:
        by, why = "agreement", hardly_apart(rounds[-1], scale)
        if why is None:
            by, why = "no gain", no_less_apart(rounds)
    if why is None:
        return None
    return Enough(round=rounds[-1].round, labels=rounds[-1].labels, by=by, why=why)


def as_good_as_expert(newest: Measured, scale: Scale) -> str | None:
    """Why a policy is as good as its expert, as far as its episodes can tell."""
    chance, expert = scale.chance, scale.expert
    if newest.returns is None or chance is None or expert is None:
        return None
    if paired_difference(expert, chance).ci95[0] <= 0:
        return None
    behind = paired_difference(newest.returns, expert)
    slack = SMALL * float(expert.mean() - chance.mean())
    low, high = behind.ci95
    if high < 0 or low < -slack:
        return None
    compared = "is better than" if low > 0 else "cannot be told from"
    return (
        f"the policy {compared} its expert: on the same {behind.episodes} episodes it"
        f" returns {told(behind)} more, where {100 * SMALL:g} % of the way from chance"
        f" to the expert is {number(slack)}"
    )


def no_more_return(rounds: Sequence[Measured], scale: Scale) -> str | None:
    """Why the last third of the labels gained nothing that the episodes can tell."""
    parts = last_thirds([each for each in rounds if each.returns is not None])
    if parts is None or scale.chance is None:
        return None
    before, recent = (mean_returns(part) for part in parts)
    earned = paired_difference(recent, scale.chance)
    gain = paired_difference(recent, before)
    if earned.ci95[0] <= 0:
        return None
    if gain.ci95[0] > 0 or gain.mean > SMALL * earned.mean:
        return None
    return (
        f"the last {spent(rounds, parts[1])} labels gained {told(gain)} in return over"
        f" as many before them, on the same {gain.episodes} episodes"
    )


def mean_returns(part: Sequence[Measured]) -> Returned:
    """What several rounds return in the mean, episode by episode."""
    known = [each.returns for each in part if each.returns is not None]
    return np.asarray(np.mean(known, axis=0))


def hardly_apart(newest: Measured, scale: Scale) -> str | None:
    """Why there is hardly anything left that the teacher would do otherwise."""
    apart = newest.apart
    if apart is None or apart.high > LITTLE * scale.most:
        return None
    return (
        f"the policy differs from who teaches it by {told(apart)}, which is at most"
        f" {100 * LITTLE:g} % of what there can be"
    )


def no_less_apart(rounds: Sequence[Measured]) -> str | None:
    """Why the last third of the labels brought the policy no nearer to its teacher."""
    known = [each for each in rounds if each.apart is not None]
    parts = last_thirds(known)
    if parts is None:
        return None
    (before, was), (recent, now) = (pooled(part) for part in parts)
    gain, half = before - recent, _HALF_WIDTH * float(np.hypot(was, now))
    began = known[0].apart
    if began is None or gain - half > 0 or gain > SMALL * began.mean:
        return None
    closer = Apart(mean=gain, low=gain - half, high=gain + half)
    return (
        f"the last {spent(rounds, parts[1])} labels brought the policy {told(closer)}"
        " nearer to who teaches it than as many before them had"
    )


def last_thirds(
    rounds: Sequence[Measured],
) -> tuple[Sequence[Measured], Sequence[Measured]] | None:
    """The rounds of the middle third of the labels, and of the last, if enough."""
    if not rounds:
        return None
    third = rounds[-1].labels / 3
    before = [each for each in rounds if third < each.labels <= 2 * third]
    recent = [each for each in rounds if each.labels > 2 * third]
    return None if min(len(before), len(recent)) < ROUNDS else (before, recent)


def spent(rounds: Sequence[Measured], recent: Sequence[Measured]) -> str:
    """How many labels came since the last round before the recent ones."""
    until = max(each.labels for each in rounds if each.round < recent[0].round)
    return f"{recent[-1].labels - until:,}"


def pooled(part: Sequence[Measured]) -> tuple[float, float]:
    """The mean of several disagreements, and its standard error."""
    known = [each.apart for each in part if each.apart is not None]
    errors = [(each.high - each.low) / (2 * _HALF_WIDTH) for each in known]
    mean = float(np.mean([each.mean for each in known]))
    return mean, float(np.sqrt(np.sum(np.square(errors)))) / len(known)


def told(found: Estimate | Apart) -> str:
    """A number with its interval."""
    if isinstance(found, Estimate):
        low, high = found.ci95
    else:
        low, high = found.low, found.high
    return f"{number(found.mean)} [{number(low)}, {number(high)}]"


def number(value: float) -> str:
    """A number in few characters."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2g}"
