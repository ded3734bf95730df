"""What can be set of practice: what an action weighs, and how a step is taken.

No JAX is imported here, so that the command line can print its help at once.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from novice.algorithms.settings import (
    BadSettingError,
    check,
    check_choices,
    check_layers,
    setting,
)

later = partial(setting, later=True)

# Of PPO: rows in a minibatch, minibatches of a batch, and steps taken on it.
MINIBATCH, MOST_MINIBATCHES, MOST_STEPS = 256, 16, 64

# Fewer steps in a batch of real actions say little.
FEW_STEPS = 2000


@dataclass(frozen=True, kw_only=True)
class ReinforceSettings:
    """Practice: act, and make likelier what paid."""

    env_steps: int = setting(500_000, "steps to act, in all")
    episodes_per_batch: int = setting(
        8,
        "whole episodes in a batch, chosen before acting (without --fragment); with"
        " real actions as many as can have 2,000 steps, unless you say it",
    )
    fragment: int = later(
        0,
        "steps of each environment in a batch, whose episodes go on in the next one (0:"
        " whole episodes)",
    )
    environments: int = later(8, "environments side by side, with --fragment")
    rounds: int = setting(20, "evaluations on the way")
    weigh: Literal["full-return", "rewards-to-go", "discounted", "gae"] = setting(
        "rewards-to-go",
        "what an action counts: its episode's return; the rewards from it on; those,"
        " discounted from the start (unbiased); generalized advantage (GAE)",
    )
    baseline: Literal["none", "constant", "mean", "optimal", "value"] = setting(
        "value",
        "what to subtract: nothing; the other episodes' mean, over all steps or step by"
        " step; the constant of the least variance; a learned value",
    )
    discount: float = setting(0.99, "what the next step's reward is worth now")
    smoothing: float = later(0.95, "the lambda of gae: 1 trusts rewards, 0 the value")
    normalize: bool = later(
        False, "take the mean from a batch's weights and divide by their spread"
    )
    step: Literal["gradient", "clip", "kl", "natural"] = later(
        "gradient",
        "how a step is taken: one along the gradient; several, held back by clipped"
        " ratios or a penalty (PPO); one along the natural gradient",
    )
    epochs: int = later(10, "times that clip and kl go over a batch")
    minibatches: int = later(1, "parts into which clip and kl cut it each time")
    clip: float = later(0.2, "how far a ratio may leave 1 at first; falls to zero")
    divergence: float = later(
        0.01,
        "nats that a step of natural goes, that kl aims at, and from which clip turns"
        " back (0: clip never does)",
    )
    longest_gradient: float = later(0.0, "cut gradients to this length (0: never)")
    entropy_bonus: float = later(0.0, "what a nat of entropy is worth")
    learning_rate: float = setting(3e-3, "Adam's first step size; falls to zero")
    hidden: tuple[int, ...] = setting((64, 64), "sizes of the hidden layers")
    critic_steps: int = setting(
        40, "gradient steps of the value after each batch (gradient, natural)"
    )
    critic_learning_rate: float = setting(3e-3, "step size of the value")
    critic_unit: float = later(
        1.0, "what the value counts in, in typical rewards (with --fragment)"
    )
    warm_up: int = later(
        10, "batches in which a policy of --from acts and only the value learns"
    )
    anchor: float = later(
        0.0, "what a nat away from the policy of --from costs at first; falls to zero"
    )
    demonstrations: float = later(
        0.0,
        "what a demonstrated action weighs at first, of the largest weight in a batch"
        " (DAPG)",
    )
    demonstrations_fall: float = later(0.95, "factor of --demonstrations a batch")
    spread: float = later(
        0.0, "least spread of real actions of --from, in half-ranges: to try things"
    )

    def __post_init__(self) -> None:
        for name in ("env_steps", "episodes_per_batch", "rounds", "critic_steps"):
            check(self, name, low=1)
        for name in ("environments", "epochs", "minibatches"):
            check(self, name, low=1)
        check_choices(self)
        for name in ("discount", "smoothing"):
            check(self, name, low=0, high=1)
        for name in ("fragment", "learning_rate", "critic_learning_rate", "clip"):
            check(self, name, low=0)
        for name in ("divergence", "longest_gradient", "entropy_bonus", "warm_up"):
            check(self, name, low=0)
        for name in ("anchor", "demonstrations", "spread"):
            check(self, name, low=0)
        check(self, "demonstrations_fall", low=0, high=1)
        check(self, "critic_unit", low=1e-3)
        check_layers(self.hidden)
        self._check_value()
        self._check_minibatches()
        if self.step in ("kl", "natural") and not self.divergence:
            raise BadSettingError(
                f"--divergence is 0, but --step {self.step} must know how far to go;"
                " 0.01 is usual"
            )

    def _check_value(self) -> None:
        """Somebody has to say what follows where a fragment ends."""
        if self.weigh == "gae" and self.baseline != "value":
            raise BadSettingError(
                f"--baseline is {self.baseline}, but --weigh gae is made of learned"
                " values; say --baseline value"
            )
        if self.fragment and self.weigh != "gae":
            raise BadSettingError(
                f"--weigh is {self.weigh}, but --fragment {self.fragment} ends before"
                " episodes do, so that a learned value must stand for the rest; say"
                " --weigh gae, or --fragment 0"
            )

    def _check_minibatches(self) -> None:
        """Every minibatch has at least one row."""
        rows = self.fragment * self.environments
        if rows and self.minibatches > rows:
            raise BadSettingError(
                f"--minibatches is {self.minibatches}, but a batch has"
                f" {self.fragment} * {self.environments} = {rows} steps"
            )


PRESETS = ("reinforce", "a2c", "ppo", "npg")


def preset(
    name: str, *, environments: int = 8, real: bool = False, longest: int | None = None
) -> dict[str, Any]:
    """What the usual names set, for so many environments and options or `real` actions.

    `name` is one of `PRESETS`; the `longest` episode has so many steps, if that is
    known.
    """
    if name == "reinforce":
        return plain(longest) if real and longest else {}
    if name == "a2c":
        return actor_critic(environments)
    if name == "npg":
        return natural()
    return proximal_for_numbers(environments) if real else proximal(environments)


def plain(longest: int) -> dict[str, Any]:
    """Real actions whose spread has become small suffer from what few steps say.

    With 8 episodes of 50 steps a batch, one of three seeds fell for good on Reacher-v5.
    """
    usual = ReinforceSettings().episodes_per_batch
    return {"episodes_per_batch": max(usual, math.ceil(FEW_STEPS / longest))}


def after_imitation(environments: int = 8, *, real: bool = False) -> dict[str, Any]:
    """Practice for a policy that was brought, held back so that it does not collapse.

    It looks far ahead: how good a policy is that acts well already, only late rewards
    tell. Options are practiced by PPO. Real actions with a small spread soon become
    unlike what acted, and what a few steps say of them is noise: each natural step
    learns from as many whole episodes as there are environments.
    """
    if real:
        return {
            **natural(),
            "environments": environments,
            "episodes_per_batch": environments,
            "divergence": 0.02,
            "warm_up": 3,
            "anchor": 0.03,
            "spread": 0.05,
        }
    return {
        **proximal(environments, rows=512),
        "divergence": 0.02,
        "anchor": 0.03,
        "discount": 0.999,
        "smoothing": 0.95,
    }


def proximal(environments: int, *, rows: int = MINIBATCH) -> dict[str, Any]:
    """Proximal policy optimization, its batch and steps fitted to the environments.

    Schulman et al. 2017, https://arxiv.org/abs/1707.06347. A batch has at least so
    many rows, and what few environments learn in many times over a batch, many learn in
    many minibatches of it.
    """
    fragment = max(8, rows // environments)
    minibatches = fragment * environments // MINIBATCH
    minibatches = min(MOST_MINIBATCHES, max(1, minibatches))
    return {
        "environments": environments,
        "fragment": fragment,
        "weigh": "gae",
        "normalize": True,
        "discount": 0.98,
        "smoothing": 0.8,
        "step": "clip",
        "divergence": 0.0,
        "epochs": min(20, max(4, MOST_STEPS // minibatches)),
        "minibatches": minibatches,
        "learning_rate": 1e-3,
        "critic_learning_rate": 1e-3,
        "longest_gradient": 0.5,
    }


def proximal_for_numbers(environments: int) -> dict[str, Any]:
    """The same where actions are real numbers: larger batches, smaller steps.

    Such tasks pay for hundreds of steps, so that values come to hundreds of rewards; a
    critic that counted in single ones would learn them late, as its gradient is cut.
    """
    fragment = max(8, 2048 // environments)
    return proximal(environments) | {
        "fragment": fragment,
        "discount": 0.99,
        "smoothing": 0.95,
        "epochs": 10,
        "minibatches": max(1, fragment * environments // 64),
        "learning_rate": 3e-4,
        "critic_learning_rate": 3e-4,
        "critic_unit": 10.0,
    }


def actor_critic(environments: int) -> dict[str, Any]:
    """Advantage actor-critic: one step on fragments, bootstrapped at their ends.

    Mnih et al. 2016, https://arxiv.org/abs/1602.01783. Few environments act longer for
    a batch; many do not act less than 16 steps, as a critic's word for the rest is
    worth little at first.
    """
    return {
        "environments": environments,
        "fragment": max(16, 512 // environments),
        "weigh": "gae",
        "smoothing": 1.0,
        "normalize": True,
        "learning_rate": 5e-3,
        "critic_learning_rate": 5e-3,
        "critic_steps": 4,
        "longest_gradient": 0.5,
    }


def natural() -> dict[str, Any]:
    """The natural policy gradient on whole episodes.

    Kakade 2001; settings near those of Rajeswaran et al. 2017,
    https://arxiv.org/abs/1703.02660.
    """
    return {
        "episodes_per_batch": 16,
        "weigh": "gae",
        "smoothing": 0.97,
        "discount": 0.995,
        "normalize": True,
        "step": "natural",
        "divergence": 0.025,
        "critic_learning_rate": 1e-3,
    }
