"""Say what practice goes along, and what it gained over a policy that was brought."""

from typing import Any

from novice.algorithms.practice_settings import ReinforceSettings
from novice.algorithms.practitioners import practice_of
from novice.app.numbers import interval
from novice.evaluation.returns import Returns
from novice.evaluation.statistics import paired_difference
from novice.learning.weighing import declared


def practice_told(settings: ReinforceSettings) -> dict[str, Any]:
    """What a step estimates, and whether it does so without bias."""
    found = declared(practice_of(settings).weighing)
    reasons = found.why.split(", and ") if found.why else []
    if settings.fragment:
        reasons.append("a learned value stands for what follows a fragment")
    if settings.step in ("clip", "kl"):
        reasons.append(
            "all but the first of a batch's steps use actions of an earlier policy"
        )
    says = f"A step goes along an estimate of {found.estimates}, without bias."
    if reasons:
        says = (
            f"A step goes along an estimate of {found.estimates} that is biased:"
            f" {'; '.join(reasons)}."
        )
    return {
        "practice": {
            "estimates": found.estimates,
            "unbiased": not reasons,
            "says": says,
        }
    }


def gain_told(brought: Returns, delivered: Returns, number: int) -> dict[str, Any]:
    """What the delivered round returns more than the policy that was brought."""
    if not number:
        return {
            "gain": {
                "says": "practice has not surely gained anything: the policy that was"
                " brought is delivered"
            }
        }
    gain = paired_difference(delivered.value, brought.value)
    found = {"mean": gain.mean, "ci95": list(gain.ci95)}
    says = f"practice gained {interval(found)} over the policy that was brought"
    return {"gain": {**found, "says": says}}
