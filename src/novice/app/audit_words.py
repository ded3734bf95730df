"""Say what the blind random slice of the questions tells, and what to do about it."""

from collections.abc import Mapping, Sequence
from typing import Any

# An interval wider than this tells too little to act on, a policy whose interval ends
# below this has little left to learn: shares of what a disagreement can be.
TOO_WIDE, LITTLE = 0.3, 0.05


def audit_told(
    rounds: Sequence[Mapping[str, Any]], *, discrete: bool, by_people: bool
) -> dict[str, Any]:
    """The newest estimate with a sentence about it; nothing where there is none."""
    known = [entry for entry in rounds if "audit" in entry]
    if not known:
        return {}
    newest = known[-1]
    says = audit_sentence(newest["audit"], discrete=discrete, by_people=by_people)
    return {"audit": {"round": newest["round"], **newest["audit"], "says": says}}


def audit_sentence(audit: Mapping[str, Any], *, discrete: bool, by_people: bool) -> str:
    """How far a policy is from who teaches it, as far as a random slice can tell."""
    mean, (low, high) = audit["mean"], audit["ci95"]
    who = "people" if by_people else "the expert"
    answers, episodes = audit["answers"], audit["episodes"]
    if discrete:
        apart = f"in {100 * mean:.0f} % [{100 * low:.0f}, {100 * high:.0f}] of"
    else:
        apart = f"by {mean:.2g} [{low:.2g}, {high:.2g}] half-ranges of an action in"
    said = f"{answers} {'answer' if answers == 1 else 'answers'}"
    where = f"{episodes} {'episode' if episodes == 1 else 'episodes'}"
    return (
        f"The policy of round {audit['policy']} differs from {who} {apart} the states"
        f" that it visits: so say {said} in {where}, drawn by chance and asked blind,"
        f" whatever --ask chose besides. {what_to_do(low, high, discrete)}"
    )


def what_to_do(low: float, high: float, discrete: bool) -> str:
    """What follows from an interval of the disagreement."""
    most = 1.0 if discrete else 2.0
    if high <= LITTLE * most:
        return "There is little left to correct; more answers will hardly change it."
    if high - low > TOO_WIDE * most:
        return (
            "That is too wide to go by: raise --audit or --episodes-per-round to know"
            " better."
        )
    return "There is something left to correct: more answers can still help."
