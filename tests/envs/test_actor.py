"""Who acts, how often, and with what randomness."""

import functools

import equinox as eqx
import jax
import numpy as np
import pytest
import scipy.special
import scipy.stats
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from novice.envs.actor import (
    STEPS_AHEAD,
    BestActor,
    Chance,
    MixedActor,
    NoisyActor,
    RandomActor,
    Randomness,
    SampleActor,
)
from novice.envs.host_policy import HostPolicy
from novice.learning.heads import Bernoulli, Categorical, gaussian
from novice.learning.network import Layer, Mlp, Normalizer
from novice.learning.policy import Policy
from toys import RowByRow, task_of

KEY = jax.random.key(5)
SLOTS = 8
SEEN = np.zeros((SLOTS, 2), np.float32)
CHOICE = task_of(spaces.Discrete(5))
STEERING = task_of(spaces.Box(np.float32([-1, 0]), np.float32([1, 10])))
FREE = task_of(spaces.Box(-np.inf, np.inf, (2,)))


def policy_of(head, seed: int, scale: float) -> Policy:
    """A policy with random numbers everywhere, also where learning has not come by."""
    draw = np.random.default_rng(seed)

    def numbers(*shape: int) -> np.ndarray:
        return draw.normal(scale=scale, size=shape).astype(np.float32)

    spread = np.abs(numbers(3)) + np.float32(0.1)
    normalizer = Normalizer(numbers(3), spread**2, spread, np.array(5, np.float32))
    hidden = Layer(numbers(3, 8), numbers(8))
    last = Layer(numbers(8, head.outputs), numbers(head.outputs))
    return Policy(Mlp(normalizer, (hidden, last)), head)


@eqx.filter_jit
def in_jax(policy, observation):
    return policy.trunk(observation)


@pytest.mark.parametrize(
    "head",
    [Categorical((3,)), Categorical((2, 3)), Bernoulli(2), gaussian((0.0,), (1.0,))],
    ids=lambda head: str(head.config()),
)
@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.floats(0.1, 1.0),
    observation=hnp.arrays(np.float32, (4, 3), elements=st.floats(-10, 10, width=32)),
)
def test_a_policy_says_the_same_on_the_host_and_on_the_device(
    head, seed, scale, observation
):
    policy = policy_of(head, seed, scale)

    np.testing.assert_allclose(
        HostPolicy(policy).outputs(observation),
        in_jax(policy, observation),
        rtol=1e-5,
        atol=2e-5,
    )


def test_the_best_actor_takes_the_likeliest_actions():
    policy = policy_of(Categorical((2, 3)), 0, 1.0)
    observation = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)

    decision = BestActor(policy).act(observation)

    outputs = np.asarray(in_jax(policy, observation))
    best = np.stack([outputs[:, :2].argmax(1), outputs[:, 2:].argmax(1)], axis=1)
    np.testing.assert_array_equal(decision.executed, best)
    assert not decision.expert_acted.any()


def test_the_sampling_actor_takes_actions_as_often_as_they_are_likely():
    policy = policy_of(Categorical((3,)), 0, 0.5)
    observation = np.full((SLOTS, 3), 0.5, np.float32)
    actor = SampleActor(policy, KEY, episodes=SLOTS, slots=SLOTS)
    begin_everywhere(actor)

    acted = [actor.act(observation).sampled for _ in range(500)]

    p = scipy.special.softmax(np.float64(in_jax(policy, observation)[0]))
    counts = np.bincount(np.ravel(acted), minlength=3)
    assert scipy.stats.chisquare(counts, p * 4000).pvalue > 1e-3


def begin_everywhere(actor) -> None:
    for slot in range(SLOTS):
        actor.begin(slot, slot)


# Module-level, so that drawing is compiled once.
shape_noise = Categorical((2,)).noise


def randomness(*, episodes: int = 4, slots: int = 2) -> Randomness:
    return Randomness(shape_noise, KEY, episodes=episodes, slots=slots)


def test_a_long_episode_gets_fresh_randomness_in_every_stretch():
    chance = randomness()
    chance.begin(0, 0)
    chance.begin(1, 1)
    steps = 2 * STEPS_AHEAD + 10

    drawn = np.stack([chance.next() for _ in range(steps)])

    assert drawn.shape == (steps, 2, 2)
    # A few of a thousand numbers of 24 bits may be equal by chance.
    assert len(np.unique(drawn)) > 0.99 * drawn.size


def test_an_episode_gets_its_own_randomness_whenever_and_wherever_it_begins():
    together, apart = randomness(), randomness()
    for slot in range(2):
        together.begin(slot, slot)
    first = np.stack([together.next() for _ in range(STEPS_AHEAD + 20)])

    # Episode 1 begins in the other slot while episode 3 is in its second stretch.
    apart.begin(0, 3)
    for _ in range(STEPS_AHEAD - 10):
        apart.next()
    apart.begin(1, 0)
    apart.next()
    apart.begin(1, 1)
    later = np.stack([apart.next() for _ in range(STEPS_AHEAD + 20)])

    np.testing.assert_array_equal(later[:, 1], first[:, 1])


def test_another_key_gives_other_randomness():
    other = Randomness(shape_noise, jax.random.key(6), episodes=4, slots=2)

    assert (other.next() != randomness().next()).all()


def played(actor, *, steps: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All that was sampled and executed in all slots, and whether the expert acted."""
    begin_everywhere(actor)
    decisions = [actor.act(SEEN) for _ in range(steps)]
    return tuple(np.concatenate(column) for column in zip(*decisions, strict=True))


def test_chance_takes_every_choice_equally_often():
    _, executed, _ = played(RandomActor(CHOICE, KEY, episodes=SLOTS, slots=SLOTS))

    counts = np.bincount(executed[:, 0], minlength=5)
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


def test_chance_is_uniform_between_bounds():
    _, executed, _ = played(RandomActor(STEERING, KEY, episodes=SLOTS, slots=SLOTS))

    first, second = executed.T
    assert scipy.stats.kstest(first, scipy.stats.uniform(-1, 2).cdf).pvalue > 1e-3
    assert scipy.stats.kstest(second, scipy.stats.uniform(0, 10).cdf).pvalue > 1e-3
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.06


def test_chance_is_normal_where_there_are_no_bounds():
    _, executed, _ = played(RandomActor(FREE, KEY, episodes=SLOTS, slots=SLOTS))

    assert scipy.stats.kstest(executed[:, 0], "norm").pvalue > 1e-3


class Always(RowByRow):
    """Always the same action."""

    def __init__(self, *action: float):
        kind = np.int32 if isinstance(action[0], int) else np.float32
        super().__init__(lambda observation: np.array(action, kind))


class Expert(Always):
    """Always the same action, as an expert."""

    def act(self, observation):
        everywhere = np.ones(len(observation), bool)
        return super().act(observation)._replace(expert_acted=everywhere)


def mixed(beta: float) -> MixedActor:
    chance = Chance(CHOICE, KEY, episodes=SLOTS, slots=SLOTS)
    return MixedActor(Expert(4), Always(1), chance, beta=beta)


@pytest.mark.parametrize("beta", [0.1, 0.5, 0.9])
def test_the_expert_acts_as_often_as_beta_says(beta):
    _, executed, expert_acted = played(mixed(beta))

    steps = len(expert_acted)
    off = (expert_acted.sum() - beta * steps) / np.sqrt(steps * beta * (1 - beta))
    assert abs(off) < 4
    np.testing.assert_array_equal(executed[:, 0], np.where(expert_acted, 4, 1))


@pytest.mark.parametrize(("beta", "always"), [(0.0, False), (1.0, True)])
def test_the_extremes_of_beta_leave_nothing_to_chance(beta, always):
    _, _, expert_acted = played(mixed(beta))

    assert (expert_acted == always).all()


def test_what_was_sampled_is_what_whoever_acted_chose():
    sampled, executed, expert_acted = played(mixed(0.5))

    assert expert_acted.any() and not expert_acted.all()
    np.testing.assert_array_equal(sampled, executed)


def shaky(task, *action: float, level: float) -> NoisyActor:
    return NoisyActor(
        Always(*action), task, KEY, level=level, episodes=SLOTS, slots=SLOTS
    )


def test_a_shaking_hand_slips_to_any_choice_as_often_as_its_level_says():
    _, executed, _ = played(shaky(CHOICE, 2, level=0.3))

    counts = np.bincount(executed[:, 0], minlength=5)
    expected = len(executed) * (0.3 / 5 + 0.7 * np.eye(5)[2])
    assert scipy.stats.chisquare(counts, expected).pvalue > 1e-3


def test_a_shaking_hand_is_off_by_so_many_half_ranges():
    _, executed, _ = played(shaky(STEERING, 0.0, 5.0, level=0.2))

    # Half of [-1, 1] is 1, half of [0, 10] is 5.
    laws = scipy.stats.norm(0, 0.2 * 1), scipy.stats.norm(5, 0.2 * 5)
    for column, law in zip(executed.T, laws, strict=True):
        assert scipy.stats.kstest(column, law.cdf).pvalue > 1e-3


def test_what_was_chosen_stays_sampled_when_the_hand_shakes():
    sampled, executed, _ = played(shaky(STEERING, 0.5, 5.0, level=0.2))

    assert (sampled == [0.5, 5.0]).all()
    assert (executed != sampled).all()


def test_a_calm_hand_changes_nothing():
    _, executed, _ = played(shaky(CHOICE, 2, level=0.0))

    assert (executed == 2).all()


@pytest.mark.parametrize(
    "make",
    [
        functools.partial(RandomActor, CHOICE),
        functools.partial(NoisyActor, Always(2), CHOICE, level=0.5),
    ],
    ids=["chance", "noise"],
)
def test_the_same_key_gives_the_same_actions(make):
    first, again = (played(make(key=KEY, episodes=SLOTS, slots=SLOTS)) for _ in "ab")

    np.testing.assert_array_equal(first[1], again[1])
