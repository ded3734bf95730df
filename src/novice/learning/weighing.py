"""Name what an action weighs, and what the weighted steps go along in the mean.

No JAX is imported here, so that settings can be checked at once.
"""

from typing import NamedTuple

from novice.errors import NoviceError

ESTIMATES = ("full-return", "rewards-to-go", "discounted", "gae")
BASELINES = ("none", "constant", "mean", "optimal", "value")


class BadWeighingError(NoviceError):
    """Actions cannot be weighed as somebody wants."""


class Weighing(NamedTuple):
    """What an action weighs: an estimate of its worth, less a baseline.

    `smoothing` is the λ of `gae`. To `normalize` is to take the mean from a batch's
    weights and to divide them by their standard deviation.
    """

    weigh: str = "rewards-to-go"
    baseline: str = "value"
    discount: float = 0.99  # of a reward one step later, γ; no part of a full return
    smoothing: float = 0.95
    normalize: bool = False

    @property
    def has_critic(self) -> bool:
        """Whether somebody has to say what an observation is worth."""
        return self.baseline == "value"


class Declared(NamedTuple):
    """What the mean of the steps is, over all batches of whole episodes."""

    estimates: str
    unbiased: bool
    why: str  # it is biased; empty if it is not


def check_weighing(how: Weighing) -> None:
    """Raise BadWeighingError unless this is an estimate with a baseline that fits."""
    if how.weigh not in ESTIMATES:
        known = ", ".join(ESTIMATES)
        raise BadWeighingError(f"actions weigh {how.weigh!r}, but it is one of {known}")
    if how.baseline not in BASELINES:
        known = ", ".join(BASELINES)
        raise BadWeighingError(
            f"the baseline is {how.baseline!r}, but it is one of {known}"
        )
    if how.weigh == "gae" and not how.has_critic:
        raise BadWeighingError(
            f"gae weighs an action by learned values, but the baseline is"
            f" {how.baseline!r}: make it 'value'"
        )


def declared(how: Weighing) -> Declared:
    """What is estimated, and whether the mean estimate is that.

    It holds for independent whole episodes, as many as there may be. A learned value
    is as good as any other baseline as long as its critic was not fitted to the very
    batch that it is taken from. Where it also stands for rewards that nobody has seen,
    its errors are in the mean: a task that is never truncated knows this bias from GAE
    only.
    """
    discounted = how.weigh != "full-return" and how.discount < 1
    estimates = "the gradient of the expected return"
    if discounted:
        estimates = "the gradient of the expected discounted return"
    biases = []
    if discounted and how.weigh != "discounted":
        biases.append("late actions count as much as early ones")
    if how.weigh == "gae" and how.smoothing < 1:
        biases.append("a learned value stands for later rewards")
    elif how.has_critic and how.weigh != "full-return":
        biases.append("a learned value stands for what follows a truncation")
    if how.normalize:
        biases.append("each batch is measured by its own mean and spread")
    return Declared(estimates, not biases, ", and ".join(biases))
