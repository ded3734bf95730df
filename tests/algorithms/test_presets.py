"""The usual names for ways to practice are valid, learn, and repeat themselves."""

import functools
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import probes
from novice.algorithms import practitioners
from novice.algorithms.practice_settings import PRESETS, ReinforceSettings, preset
from novice.algorithms.reinforce import LARGEST_PENALTY, adapted, reinforce
from novice.algorithms.settings import BadSettingError
from novice.envs.slots import SeparateSlots
from novice.learning.policy import Policy
from novice.types import Round

ENVIRONMENTS = 8
NAMES = [*PRESETS, "kl"]


def how_of(name: str) -> dict[str, Any]:
    """What a preset sets, made small; kl is ppo with the other way to stay near."""
    named = preset("ppo" if name == "kl" else name, environments=ENVIRONMENTS)
    small = {"hidden": (8,), "rounds": 1, "env_steps": 2500}
    if name == "kl":
        small |= {"step": "kl", "divergence": 0.05}
    if name in ("ppo", "kl"):
        small |= {"epochs": 4, "learning_rate": 0.03, "critic_learning_rate": 0.03}
    else:
        small |= {"learning_rate": 0.1}
    size = "fragment" if "fragment" in named else "episodes_per_batch"
    small |= {size: 16 if size == "fragment" else 32}
    return {**named, **small}


def rounds_of(
    name: str,
    *,
    after: Round | None = None,
    **how: Any,
) -> Iterator[Round]:
    return reinforce(
        SeparateSlots(probes.FOLLOW_THE_SIGN, ENVIRONMENTS),
        ReinforceSettings(**{**how_of(name), **how}),
        key=jax.random.key(0),
        evaluate=lambda round: {},
        after=after,
    )


def chances(policy: Policy, *observation: float) -> np.ndarray:
    """How likely each action is at each observation."""
    outputs = policy.trunk(jnp.float32(observation)[:, None])
    return np.asarray(jax.nn.softmax(outputs))


@pytest.mark.parametrize("environments", [1, 3, 8, 64, 1024, 5000])
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_valid_for_any_number_of_environments(name, environments):
    settings = ReinforceSettings(**preset(name, environments=environments))

    if settings.fragment:
        assert settings.environments == environments
        assert settings.fragment >= 8
    if name == "ppo":
        rows = settings.fragment * environments
        assert rows >= 255
        assert rows // settings.minibatches >= 255
        # As many looks at a batch as few environments take, in all.
        assert 16 <= settings.epochs * settings.minibatches <= 64


def test_the_critic_of_real_actions_counts_in_larger_units():
    assert ReinforceSettings(**preset("ppo", real=True)).critic_unit == 10
    assert ReinforceSettings(**preset("ppo")).critic_unit == 1


def test_a_critic_counts_in_as_many_rewards_as_are_set():
    scales = [
        float(next(rounds_of("ppo", critic_unit=unit)).learner.critic.scale)
        for unit in (1.0, 10.0)
    ]

    assert scales[1] == pytest.approx(10 * scales[0])


def test_a_critic_cannot_count_in_nothing():
    with pytest.raises(
        BadSettingError, match=r"--critic-unit is 0.0, .* at least 0.001"
    ):
        ReinforceSettings(critic_unit=0.0)


def test_plain_reinforce_stays_plain():
    assert ReinforceSettings(**preset("reinforce")) == ReinforceSettings()


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_learns_what_pays_where(name):
    *_, last = rounds_of(name)

    told = chances(last.learner.policy, -1, 1)
    assert min(told[0, 0], told[1, 1]) > 0.9


@functools.cache
def run(name: str) -> list[Round]:
    return list(rounds_of(name, **THREE_ROUNDS))


# So few nats are wanted that the penalty of kl rises.
THREE_ROUNDS = {"rounds": 3, "env_steps": 900, "divergence": 1e-4}


def assert_same(got: list[Round], expected: list[Round]) -> None:
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        assert bool(eqx.tree_equal(one.learner, other.learner))
        assert one.measures == other.measures
        assert one.number == other.number


@pytest.mark.parametrize("name", ["a2c", "kl"])
def test_with_fragments_the_same_key_gives_the_same_bytes(name):
    assert_same(list(rounds_of(name, **THREE_ROUNDS)), run(name))


@pytest.mark.parametrize("name", ["a2c", "kl"])
@pytest.mark.parametrize("kept", [0, 1])
def test_with_fragments_going_on_is_as_if_never_stopped(name, kept):
    """On new environments, and from what was kept of the round alone."""
    went_on = rounds_of(name, **THREE_ROUNDS, after=run(name)[kept])

    assert_same(list(went_on), run(name)[kept + 1 :])


def test_a_penalty_goes_on_where_it_was(monkeypatch):
    real, penalties = practitioners.practice_on_fragments, []

    def recorded(learner, seen, how, rates, *rest, **more):
        penalties.append(float(rates.penalty))
        return real(learner, seen, how, rates, *rest, **more)

    reached = run("kl")[0].measures["penalty"]
    monkeypatch.setattr(practitioners, "practice_on_fragments", recorded)
    next(rounds_of("kl", **THREE_ROUNDS, after=run("kl")[0]))

    assert penalties[0] == reached != 1.0


@pytest.mark.parametrize(
    ("penalty", "divergence", "expected"),
    [
        (1.0, 0.0151, 2.0),
        (1.0, 0.0149, 1.0),
        (1.0, 0.0067, 1.0),
        (1.0, 0.0066, 0.5),
        (0.75 * LARGEST_PENALTY, 1.0, LARGEST_PENALTY),
        (LARGEST_PENALTY, 1.0, LARGEST_PENALTY),
        (1 / LARGEST_PENALTY, 0.0, 1 / LARGEST_PENALTY),
        (1.5 / LARGEST_PENALTY, 0.0, 1 / LARGEST_PENALTY),
    ],
)
def test_a_penalty_grows_after_far_steps_and_falls_after_timid_ones(
    penalty, divergence, expected
):
    assert adapted(penalty, divergence, 0.01) == expected
