"""Every strategy asks where it says, and chance keeps a slice for itself."""

from collections.abc import Callable
from typing import get_args, get_type_hints

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from novice.algorithms.settings import DaggerSettings
from novice.datasets.dataset import Answers, Dataset, Origin
from novice.experts.asking.bursts import (
    bursts,
    context_switches,
    gated,
    smoothed,
    stretch_numbers,
)
from novice.experts.asking.committee import MEMBERS, doubt
from novice.experts.asking.entropy import NeverUndecidedError, entropy
from novice.experts.asking.novelty import nearest, novelty
from novice.experts.asking.risk import DISCOUNT, paid_from, risk, value
from novice.experts.asking.strategies import (
    STRATEGIES,
    Asked,
    check_strategy,
    chosen,
)
from novice.experts.asking.visited import BLOCK, Visited, by_rank, in_blocks
from novice.learning.heads import Categorical, Pairs, Squared, flow, gaussian, mixture
from novice.learning.policy import Policy, new_policy
from novice.types import Trajectories

KEY = jax.random.key(0)


def linear(slope: float, *, history: int = 1) -> Policy:
    """Of two actions the second has the logit `slope` times the newest number."""
    policy = new_policy(1, Categorical((2,)), hidden=(), history=history, key=KEY)
    weight = np.zeros((history, 2), np.float32)
    weight[-1, 1] = slope
    return eqx.tree_at(lambda p: p.trunk.layers[0].weight, policy, jnp.asarray(weight))


def happened(
    *episodes: list[float],
    reward: Callable[[float], float] = lambda _: 0.0,
    ends: tuple[bool, ...] | None = None,
) -> Trajectories:
    """Episodes by what was seen in each; the last number is where it ended."""
    count, time = len(episodes), max(map(len, episodes)) - 1
    seen = np.zeros((count, time + 1, 1), np.float32)
    paid = np.zeros((count, time), np.float32)
    for row, numbers in enumerate(episodes):
        seen[row, : len(numbers), 0] = numbers
        paid[row, : len(numbers) - 1] = [reward(each) for each in numbers[:-1]]
    length = np.array([len(numbers) - 1 for numbers in episodes])
    nothing = np.zeros((count, time, 1), np.int32)
    ended = np.array(ends or [True] * count)
    return Trajectories(
        valid=np.arange(time)[None] < length[:, None],
        observation=seen,
        action_sampled=nothing,
        action_executed=nothing,
        expert_acted=np.zeros((count, time), bool),
        reward=paid,
        terminated=ended,
        truncated=~ended,
        seed=np.arange(count),
    )


def answered(*seen: float) -> Dataset:
    """A dataset of these observations."""
    count = len(seen)
    return Dataset().append(
        Answers(
            observation=np.float32(seen)[:, None],
            action=np.zeros((count, 1), np.int32),
            episode=np.zeros(count, np.int32),
            step=np.arange(count, dtype=np.int32),
            origin=Origin(0, "correction", "somebody"),
        )
    )


def visited(seen: Trajectories, **changed) -> Visited:
    return Visited(
        **{
            "trajectories": seen,
            "askable": np.asarray(seen.valid),
            "at_most": 1,
            "policy": linear(1.0),
            "dataset": answered(0.0, 1.0),
            "half_range": np.ones(1, np.float32),
            "fitted": lambda weight, key: linear(1.0),
            **changed,
        }
    )


def how_often(strategy, seen: Visited, times: int = 200) -> np.ndarray:
    """The share of keys with which each state is asked about."""
    asked = [strategy(seen, key) for key in jax.random.split(KEY, times)]
    return np.mean(asked, axis=0)


def test_the_settings_know_every_strategy():
    assert set(get_args(get_type_hints(DaggerSettings)["ask"])) == set(STRATEGIES)


def test_a_state_is_drawn_by_one_over_its_rank():
    seen = visited(happened([0, 0, 0, 0]))
    score = np.array([1.0, 3.0, 2.0])

    draws = [by_rank(seen, score, key) for key in jax.random.split(KEY, 1100)]

    # Ranks 3, 1, 2: weights 1/3, 1, 1/2, which are 2, 6 and 3 elevenths.
    count = np.sum(draws, axis=0)[0]
    assert scipy.stats.chisquare(count, [200, 600, 300]).pvalue > 0.01


def test_equal_scores_are_ranked_by_chance():
    seen = visited(happened([0, 0, 0, 0]))

    draws = [by_rank(seen, np.ones(3), key) for key in jax.random.split(KEY, 600)]

    count = np.sum(draws, axis=0)[0]
    assert scipy.stats.chisquare(count).pvalue > 0.01


def test_only_askable_states_are_drawn_and_no_more_than_there_are():
    seen = happened([0, 0, 0, 0], [0, 0])
    askable = np.array([[True, False, True], [False, False, False]])
    seen = visited(seen, askable=askable, at_most=9)

    np.testing.assert_array_equal(by_rank(seen, np.ones(2), KEY), askable)


def test_blocks_say_of_each_row_what_it_is_by_itself():
    rows = np.arange(BLOCK + 3.0)[:, None]

    np.testing.assert_array_equal(
        in_blocks(lambda block: block[:, 0] * 2, rows), 2 * rows[:, 0]
    )


def test_entropy_asks_where_the_policy_is_undecided():
    seen = visited(happened([-4, -2, 0, 2.5, 5, 9]))

    often = how_often(entropy, seen)[0]

    assert often.argmax() == 2
    assert often[2] > 2 * often[4]


def test_a_policy_that_remembers_is_asked_with_what_it_remembers():
    seen = visited(happened([1, 2, 3, 4]), policy=linear(1.0, history=2))

    np.testing.assert_array_equal(seen.windows(seen.askable), [[1, 1], [1, 2], [2, 3]])


HEADS = {
    "gaussian": (
        gaussian((0.0,), (1.0,)),
        "a gaussian head spreads alike everywhere, so nowhere more than elsewhere; say"
        " --ask committee or novelty, or --head mixture or discretized",
    ),
    "squared": (
        Squared((0.0,), (1.0,)),
        "a squared head spreads alike everywhere, so nowhere more than elsewhere; say"
        " --ask committee or novelty, or --head mixture or discretized",
    ),
    "pairs": (
        Pairs((3,)),
        "a pairs head does not know how undecided it is; say --ask committee or"
        " novelty",
    ),
    "flow": (
        flow((0.0,), (1.0,), key=KEY),
        "a flow head does not know how undecided it is; say --ask committee or novelty,"
        " or --head mixture or discretized",
    ),
}


@pytest.mark.parametrize(("head", "why"), HEADS.values(), ids=HEADS)
def test_entropy_is_refused_where_it_says_nothing(head, why):
    with pytest.raises(NeverUndecidedError) as refused:
        check_strategy("entropy", head)

    expected = "--ask entropy asks where the policy is undecided, but "
    assert str(refused.value) == expected + why


@pytest.mark.parametrize(
    "head",
    [Categorical((3,)), mixture((0.0,), (1.0,), key=KEY)],
    ids=lambda h: type(h).__name__,
)
def test_entropy_is_welcome_where_it_says_something(head):
    check_strategy("entropy", head)


@pytest.mark.parametrize("name", sorted(set(STRATEGIES) - {"entropy"}))
def test_every_other_strategy_goes_with_every_head(name):
    for head, _ in HEADS.values():
        check_strategy(name, head)


def test_the_doubt_of_a_committee_by_hand():
    """Three members say 1/2 everywhere, two say 1/2 at 0 and nearly 1 far away."""
    slopes = iter([0.0, 0.0, 0.0, 50.0, 50.0])
    seen = visited(happened([0, 1, 0]), fitted=lambda weight, key: linear(next(slopes)))

    # Of 0.5, 0.5, 0.5, 1 and 1 the variance is 0.06; the other action has the same.
    np.testing.assert_allclose(doubt(seen, seen.askable, KEY), [0, 0.12], atol=1e-6)


def test_real_actions_are_compared_in_half_ranges():
    head = gaussian((0.0,), (4.0,))

    def saying(number: float) -> Policy:
        policy = new_policy(1, head, hidden=(), key=KEY)
        return eqx.tree_at(
            lambda p: (p.trunk.layers[0].weight, p.trunk.layers[0].bias),
            policy,
            (jnp.zeros((1, 1)), jnp.full(1, number)),
        )

    said = iter([0.0, 0.0, 0.0, 0.0, 1.0])
    seen = visited(
        happened([0, 0]),
        half_range=np.full(1, 4, np.float32),
        fitted=lambda weight, key: saying(next(said)),
    )

    np.testing.assert_allclose(doubt(seen, seen.askable, KEY), [0.16], atol=1e-6)


def test_each_member_learns_from_a_bootstrap_sample_of_the_answers_that_stand():
    weights, keys = [], []

    def fitted(weight: np.ndarray, key) -> Policy:
        weights.append(weight)
        keys.append(tuple(np.asarray(jax.random.key_data(key)).tolist()))
        return linear(0.0)

    dataset = answered(*range(40)).append(
        Answers(
            **answered(7.0).parts[0].columns(), origin=Origin(0, "gold", "somebody")
        )
    )
    seen = visited(happened([0, 0]), dataset=dataset, fitted=fitted)
    doubt(seen, seen.askable, KEY)

    assert len(weights) == MEMBERS == len(set(keys))
    assert len({tuple(weight) for weight in weights}) == MEMBERS
    assert [weight.sum() for weight in weights] == [40] * MEMBERS
    assert not any(weight[40] for weight in weights)
    assert all(0.2 < np.mean(weight[:40] == 0) < 0.55 for weight in weights)


def test_the_committee_asks_where_its_members_disagree():
    def fitted(weight: np.ndarray, key) -> Policy:
        return linear(float(np.sign(weight[0] - 0.5)) * 3)

    seen = visited(
        happened([0, 0.1, 2, 0, 0.1, 0]), fitted=fitted, dataset=answered(*range(9))
    )

    often = how_often(STRATEGIES["committee"], seen, times=60)[0]

    assert often.argmax() == 2


def test_the_distance_to_the_nearest_row_by_hand():
    known = np.array([[0, 0], [3, 4]], np.float32)
    rows = np.array([[0, 0], [0, 1], [3, 5], [-3, -4]], np.float32)

    np.testing.assert_allclose(nearest(rows, known), [0, 1, 1, 5], atol=1e-5)


def test_novelty_asks_what_is_unlike_all_answers():
    seen = visited(happened([0, 1, 10, 1, 0, 0]), dataset=answered(0.0, 1.0, 0.0, 1.0))

    often = how_often(novelty, seen)[0]

    assert often.argmax() == 2


def test_novelty_counts_each_number_by_how_much_it_varies():
    """A thousand is near where thousands are usual, and 2 is far where 1 is."""
    observation = np.float32([[[0, 0], [0, 1000], [2, 0], [0, 0]]])
    one = happened([0, 0, 0, 0])
    seen = eqx.tree_at(lambda t: t.observation, one, observation)
    known = answered(*range(4)).parts[0].columns()
    known["observation"] = np.float32(
        [[0.1, -3000], [-0.1, 3000], [0.1, 3000], [-0.1, -3000]]
    )
    dataset = Dataset().append(
        Answers(**known, origin=Origin(0, "correction", "somebody"))
    )

    often = how_often(novelty, visited(seen, dataset=dataset))[0]

    assert often.argmax() == 2


def test_what_is_paid_from_a_step_on_by_hand():
    seen = visited(happened([0, 0, 0, 0], [0, 0], reward=lambda _: 2.0))

    expected = [
        [2 + DISCOUNT * (2 + DISCOUNT * 2), 2 + DISCOUNT * 2, 2],
        [2, 0, 0],
    ]
    np.testing.assert_allclose(paid_from(seen), expected)


def test_where_nothing_is_paid_an_end_counts_as_a_failure():
    seen = visited(happened([0, 0, 0], [0, 0, 0], ends=(True, False)))

    np.testing.assert_allclose(paid_from(seen), [[-DISCOUNT, -1], [0, 0]])


def test_an_episode_that_was_cut_off_goes_on_with_its_own_value():
    """Paid 1 a step for ever, a state is worth 1 / (1 - 0.99)."""
    seen = visited(happened([0.0] * 51, reward=lambda _: 1.0, ends=(False,)))

    found = value(seen, KEY)

    np.testing.assert_allclose(found, 1 / (1 - DISCOUNT), rtol=0.05)


def test_risk_asks_where_episodes_end_soon():
    """Whoever comes near the edge at 5 falls within a step or two."""
    falls, stays = [0.0, 1, 2, 3, 4, 5, 6], [0.0, 1, 0, 1, 0, 1, 0]
    seen = visited(
        happened(falls, stays, reward=lambda _: 1.0, ends=(True, False)), at_most=2
    )

    often = how_often(risk, seen)

    assert np.unravel_index(often.argmax(), often.shape) == (0, 5)
    assert often[0, 4:].mean() > 2 * often[1].mean()


def test_where_a_step_costs_an_end_is_no_risk():
    """As in a maze: whoever is out pays no more."""
    out, lost = [0.0, 1, 2, 3, 4, 5, 6], [0.0, 1, 0, 1, 0, 1, 0]
    seen = visited(
        happened(out, lost, reward=lambda _: -1.0, ends=(True, False)), at_most=2
    )

    often = how_often(risk, seen)

    assert often[0, 4:].mean() < often[1].mean()


def test_a_gate_opens_in_high_doubt_and_closes_in_low():
    level = np.array([[0.05, 1, 0.5, 0.2, 0.05, 0.5, 0.9], [0.5, 0.2, 2, 0, 0, 0, 0]])
    valid = np.ones(level.shape, bool)
    valid[1, 4:] = False

    np.testing.assert_array_equal(
        gated(level, valid, begin=1.0),
        [[0, 1, 1, 1, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0]],
    )


def test_doubt_is_averaged_within_its_own_episode():
    level = np.array([[11.0, 0, 0, 0, 0, 0, 0, 0], [6.0, 0, 0, 0, 0, 0, 9, 9]])
    valid = np.array([[1] * 8, [1] * 6 + [0] * 2], bool)

    np.testing.assert_allclose(
        smoothed(level, valid)[:, :3], [[11 / 6, 11 / 7, 11 / 8], [1, 1, 1]]
    )
    assert not smoothed(level, valid)[1, 6:].any()


def test_stretches_are_counted_within_episodes():
    states = np.array([[1, 1, 0, 1], [1, 0, 0, 1]], bool)

    np.testing.assert_array_equal(
        stretch_numbers(states), [[0, 0, -1, 1], [2, -1, -1, 3]]
    )


def test_a_context_switch_is_a_stretch_that_begins():
    places = {(0, 3), (0, 4), (0, 6), (1, 5), (1, 6), (1, 7)}

    assert context_switches(places) == 3


@pytest.mark.parametrize("at_most", [1, 10, 25, 90])
def test_bursts_ask_in_stretches_where_doubt_is_high(at_most):
    """Doubt is at 1 to 2, of which there are two stretches of ten steps."""
    calm, wild = [0.0] * 30, [1.0, 2.0] * 5
    episodes = [[*calm, *wild, *calm, 0.0], [*wild, *calm, *calm, 0.0]]
    slopes = iter([0.0, 0.0, 9.0, 9.0, 9.0])
    seen = visited(
        happened(*episodes),
        at_most=at_most,
        fitted=lambda weight, key: linear(next(slopes)),
    )

    asked = bursts(seen, KEY)

    assert asked.sum() == at_most
    assert context_switches(set(map(tuple, np.argwhere(asked).tolist()))) <= 3
    if at_most <= 10:
        # Averaged doubt begins a few steps before and ends a few steps after.
        assert not asked[0, :24].any() and not asked[:, 46:].any()


def mix(seen: Visited, ask: str, key, share: float = 0.2) -> Asked:
    return chosen(seen, ask=ask, share=share, key=key)


LONG = happened(*[[float(step) for step in range(31)]] * 2)


@pytest.mark.parametrize("ask", sorted(STRATEGIES))
def test_chance_alone_chooses_the_slice_whatever_the_strategy(ask):
    seen = visited(LONG, at_most=20)
    found = [mix(seen, ask, key) for key in jax.random.split(KEY, 60)]

    # Of 20 questions 4 are reserved, of 60 states.
    for each in found:
        assert each.states.sum() == 20
        assert each.reserved.sum() == 4
        assert not (each.reserved & ~each.states).any()
        assert each.chance == pytest.approx(4 / 60)
        assert each.chances is not None
        np.testing.assert_allclose(np.unique(each.chances), [0, 4 / 60], rtol=1e-6)
    count = np.sum([each.reserved for each in found], axis=0).reshape(-1, 5).sum(axis=1)
    assert scipy.stats.chisquare(count).pvalue > 0.001
    # No strategy has a say in it.
    others = [mix(seen, "random", key).reserved for key in jax.random.split(KEY, 60)]
    np.testing.assert_array_equal([each.reserved for each in found], others)


@pytest.mark.parametrize("ask", sorted(STRATEGIES))
def test_the_same_key_asks_the_same(ask):
    seen = visited(LONG, at_most=20)
    first, again, other = (
        mix(seen, ask, jax.random.key(number)) for number in (3, 3, 4)
    )

    np.testing.assert_array_equal(first.states, again.states)
    assert (first.states != other.states).any()


@pytest.mark.parametrize("ask", sorted(STRATEGIES))
@pytest.mark.parametrize("lacks", ["policy", "answers"])
def test_who_knows_nothing_leaves_it_to_chance(ask, lacks):
    nothing = {"policy": None} if lacks == "policy" else {"dataset": Dataset()}
    seen = visited(LONG, at_most=20, **nothing)

    found = chosen(seen, ask=ask, share=0.0, key=KEY)

    expected = "everything" if ask == "everything" else "random"
    np.testing.assert_array_equal(found.states, STRATEGIES[expected](seen, KEY))
    assert not found.reserved.any()
    assert found.chances is None


def test_nothing_is_reserved_where_no_policy_acted():
    seen = visited(LONG, at_most=20, policy=None)

    assert not mix(seen, "random", KEY).reserved.any()


def test_a_slice_of_everything_is_what_chance_chooses_by_itself():
    seen = visited(LONG, at_most=20)

    whole, random = mix(seen, "random", KEY, 1.0), mix(seen, "random", KEY, 0.0)

    np.testing.assert_array_equal(whole.states, random.states)
    np.testing.assert_array_equal(whole.reserved, whole.states)
    assert whole.chance == pytest.approx(20 / 60)
    assert not random.reserved.any()


def test_a_slice_comes_from_all_that_was_visited_not_only_from_what_is_new():
    """What was seen before is asked about again, else the estimate would be another."""
    askable = np.asarray(LONG.valid).copy()
    askable[1] = False
    seen = visited(LONG, at_most=20, askable=askable)

    found = [mix(seen, "novelty", key) for key in jax.random.split(KEY, 20)]

    assert sum(each.reserved[1].sum() for each in found) > 20
    assert not any((each.states & ~each.reserved)[1].any() for each in found)
