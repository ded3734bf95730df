"""Heads for what is done in several ways: mixture, discretized and flow."""

import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.integrate
import scipy.special
import scipy.stats

from novice.learning.heads import (
    ABOUT,
    CHOOSING_HEADS,
    REAL_HEADS,
    Bernoulli,
    choosing_head,
    discretized,
    flow,
    gaussian,
    head_from_config,
    mixture,
    real_head,
)

CENTER, HALF_RANGE = (0.0, 5.0), (1.0, 5.0)


def stirred(head, amount=0.5):
    """The head with other numbers everywhere, as if it had learned something."""
    arrays, fixed = eqx.partition(head, eqx.is_inexact_array)
    leaves, structure = jax.tree.flatten(arrays)
    generator = np.random.default_rng(5)
    other = [
        leaf + jnp.asarray(amount * generator.normal(size=leaf.shape), jnp.float32)
        for leaf in leaves
    ]
    return eqx.combine(jax.tree.unflatten(structure, other), fixed)


# A steering angle in [-1, 1], and a throttle in [0, 10].
KEY = jax.random.key(0)
MIXTURE = stirred(mixture(CENTER, HALF_RANGE, components=3, key=KEY))
BINNED = stirred(discretized(CENTER, HALF_RANGE, bins=8, hidden=16, key=KEY))
FLOW = stirred(
    flow(CENTER, HALF_RANGE, embedding=8, hidden=16, blocks=2, steps=5, key=KEY), 0.1
)
SCORED = {"mixture": MIXTURE, "discretized": BINNED}
HEADS = {**SCORED, "flow": FLOW}
scored = pytest.mark.parametrize("head", SCORED.values(), ids=SCORED)
heads = pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)


def outputs_of(head, rows, seed=0):
    numbers = np.random.default_rng(seed).normal(size=(rows, head.outputs))
    return numbers.astype(np.float32)


def in_numpy(head):
    return jax.tree.map(np.asarray, head)


# Each is one compiled program, where step by step every operation would be one.
@eqx.filter_jit
def log_probability(head, outputs, action):
    return head.log_probability(outputs, action)


@eqx.filter_jit
def entropy(head, outputs):
    return head.entropy(outputs)


@eqx.filter_jit
def partial_log_probability(head, outputs, action, known):
    return head.partial_log_probability(outputs, action, known)


@eqx.filter_jit
def number_logs(head, outputs, action):
    return head.number_logs(outputs, action)


@eqx.filter_jit
def slope_of_part(head, outputs, action, known):
    return jax.grad(
        lambda numbers: head.partial_log_probability(numbers, action, known).sum()
    )(outputs)


@eqx.filter_jit
def all_scores(head, outputs, place):
    return head.chain.all_scores(outputs, place)


@eqx.filter_jit
def loss_of(head, outputs, action, key):
    return head.loss(outputs, action, key)


@eqx.filter_jit
def slope(head, outputs, action, key):
    """The loss, and how it grows with every number of the head and the outputs."""

    def total(learned):
        head, outputs = learned
        return jnp.sum(head.loss(outputs, action, key))

    return eqx.filter_value_and_grad(total)((head, outputs))


def everywhere(head, outputs, actions):
    """The density of each action under the same outputs."""
    alike = np.tile(outputs, (len(actions), 1))
    return np.exp(np.float64(log_probability(head, alike, np.float32(actions))))


def test_the_density_of_a_mixture_is_one_in_all():
    outputs = outputs_of(MIXTURE, 1)
    steering, throttle = np.linspace(-9, 9, 300), np.linspace(-40, 50, 300)
    grid = np.stack(np.meshgrid(steering, throttle, indexing="ij"), axis=-1)

    density = everywhere(MIXTURE, outputs, grid.reshape(-1, 2)).reshape(300, 300)

    total = np.trapezoid(np.trapezoid(density, throttle, axis=1), steering)
    assert total == pytest.approx(1, abs=1e-3)


def test_the_density_of_bins_is_one_in_all():
    """8 bins whose outermost middles are the bounds: each is 2/7 half-ranges wide."""
    alone = stirred(discretized((0.0,), (3.0,), bins=8, hidden=16, key=KEY))

    density = everywhere(
        alone, outputs_of(alone, 1), 3 * np.linspace(-1, 1, 8)[:, None]
    )

    assert density.sum() * 3 * 2 / 7 == pytest.approx(1, rel=1e-5)


def test_within_a_bin_all_places_are_equally_likely():
    alone = stirred(discretized((0.0,), (1.0,), bins=8, hidden=16, key=KEY))
    # The bin around 1/7 reaches from 0 to 2/7.
    places = [[0.001], [1 / 7], [2 / 7 - 0.001], [2 / 7 + 0.001]]

    density = everywhere(alone, outputs_of(alone, 1), places)

    np.testing.assert_allclose(density[:3], density[0], rtol=1e-6)
    assert density[3] != pytest.approx(density[0], rel=1e-3)


def test_what_lies_beyond_the_bounds_counts_as_the_outermost_bin():
    outputs = outputs_of(BINNED, 1)

    density = everywhere(BINNED, outputs, [[1.0, 0.0], [7.0, -99.0]])

    np.testing.assert_allclose(density[1], density[0], rtol=1e-6)


def sampled(head, outputs, count):
    noise = np.asarray(head.noise(jax.random.key(7), (count,)))
    return in_numpy(head).sample(np.tile(outputs, (count, 1)), noise)


def test_sampled_mixtures_come_as_often_as_they_are_likely():
    head = stirred(mixture((1.0,), (2.0,), components=3, key=KEY))
    outputs = outputs_of(head, 1)
    places = np.linspace(-15, 15, 3001)
    density = everywhere(head, outputs, places[:, None])
    below = scipy.integrate.cumulative_trapezoid(density, places, initial=0)

    actions = sampled(head, outputs, 20_000)[:, 0]

    law = scipy.stats.kstest(actions, lambda a: np.interp(a, places, below))
    assert law.pvalue > 1e-3


def test_pairs_of_sampled_bins_come_as_often_as_they_are_likely():
    """A pair's share is the mean of its density over a fine grid in both bins."""
    outputs = outputs_of(BINNED, 1)
    within = (np.arange(20) + 0.5) / 20 - 0.5
    places = ((np.arange(8)[:, None] + within) * 2 / 7 - 1).ravel()
    grid = np.stack(np.meshgrid(places, 5 + 5 * places, indexing="ij"), axis=-1)
    density = everywhere(BINNED, outputs, grid.reshape(-1, 2))
    share = density.reshape(8, 20, 8, 20).mean((1, 3)) * (2 / 7) * (10 / 7)

    actions = sampled(BINNED, outputs, 20_000)

    place = (actions - np.array(CENTER)) / np.array(HALF_RANGE)
    bins = np.clip(np.round((place + 1) * 7 / 2), 0, 7).astype(int)
    counts = np.bincount(8 * bins[:, 0] + bins[:, 1], minlength=64)
    expected = share.ravel() / share.sum() * len(actions)
    often = expected > 5
    gone = counts[~often].sum(), expected[~often].sum()
    chance = scipy.stats.chisquare(
        [*counts[often], gone[0]], [*expected[often], gone[1]]
    )
    assert share.sum() == pytest.approx(1, abs=1e-3)
    assert chance.pvalue > 1e-3


def test_a_sample_of_one_number_is_uniform_within_its_bin():
    alone = discretized((0.0,), (1.0,), bins=4, hidden=8, key=KEY)
    alone = eqx.tree_at(lambda h: h.chain.weight, alone, jnp.zeros((1, 8, 4)))

    actions = sampled(alone, np.zeros((1, 8), np.float32), 20_000)[:, 0]

    # Four bins of 2/3 each, all alike: from -4/3 to 4/3.
    law = scipy.stats.uniform(-4 / 3, 8 / 3)
    assert scipy.stats.kstest(actions, law.cdf).pvalue > 1e-3


def test_the_largest_noise_still_picks_a_likely_bin():
    alone = discretized((0.0,), (1.0,), bins=4, hidden=8, key=KEY)
    bias = jnp.array([[300.0, 0.0, 0.0, -300.0]])
    alone = in_numpy(eqx.tree_at(lambda h: h.chain.bias, alone, bias))

    got = alone.sample(np.zeros((1, 8), np.float32), np.ones((1, 1), np.float32))

    # The first of four bins reaches from -4/3 to -2/3.
    np.testing.assert_allclose(got, [[-2 / 3]], atol=1e-5)


@eqx.filter_jit
def in_jax(head, outputs, noise):
    best = head.best(outputs) if head.likeliest else noise[..., : head.width]
    return head.sample(outputs, noise), best


@heads
def test_numpy_and_jax_pick_the_same_action_of_many(head):
    outputs, noise = outputs_of(head, 50), np.asarray(head.noise(KEY, (50,)))

    sampled_in_jax, best_in_jax = in_jax(head, outputs, noise)

    host = in_numpy(head)
    picked = host.sample(outputs, noise)
    assert isinstance(picked, np.ndarray) and picked.dtype == np.float32
    np.testing.assert_allclose(picked, sampled_in_jax, rtol=1e-4, atol=1e-5)
    if head.likeliest:
        best = host.best(outputs)
        assert isinstance(best, np.ndarray) and best.dtype == np.float32
        np.testing.assert_allclose(best, best_in_jax, rtol=1e-4, atol=1e-5)


@heads
def test_one_place_alone_is_answered_as_among_others(head):
    outputs, noise = outputs_of(head, 4), np.asarray(head.noise(KEY, (4,)))
    host = in_numpy(head)

    together = host.sample(outputs, noise)

    alone = host.sample(outputs[2:3], noise[2:3])
    np.testing.assert_allclose(alone, together[2:3], rtol=1e-4, atol=1e-5)


@heads
def test_hopeless_outputs_leave_loss_and_slopes_finite(head):
    outputs = np.full((2, head.outputs), 1e4, np.float32)
    outputs[:, ::2] *= -1
    action = np.float32([[30.0, -80.0], [0.0, 5.0]])

    loss, slopes = slope(head, outputs, action, KEY)

    assert np.isfinite(loss)
    assert all(np.isfinite(each).all() for each in jax.tree.leaves(slopes))


@heads
def test_every_number_of_a_head_learns(head):
    _, (of_head, of_outputs) = slope(
        head, outputs_of(head, 20), outputs_of(head, 20)[:, :2], KEY
    )

    for leaf in [*jax.tree.leaves(of_head), of_outputs]:
        assert np.abs(leaf).max() > 0


def test_a_mixture_of_two_has_the_density_of_scipy():
    """Means -1 and 1 half-ranges around 5, shares 1 : 3, spreads 1/10 and 1/2."""
    head = mixture((5.0,), (2.0,), components=2, key=KEY)
    head = eqx.tree_at(lambda h: h.offset, head, jnp.array([[-1.0], [1.0]]))
    spread = np.log([0.1, 0.5]) + 1.0
    outputs = np.float32([[0.0, np.log(3), 0.0, 0.0, *spread]] * 3)
    action = np.float32([[3.0], [6.5], [7.2]])

    got = log_probability(head, outputs, action)

    first, second = scipy.stats.norm(3, 0.2), scipy.stats.norm(7, 1.0)
    expected = np.log(first.pdf(action) / 4 + second.pdf(action) * 3 / 4)
    np.testing.assert_allclose(got, expected[:, 0], rtol=1e-4)
    np.testing.assert_allclose(head.best(outputs), [[7]] * 3, rtol=1e-5)


def test_the_best_of_two_ways_is_one_of_them_never_between():
    head = mixture((0.0,), (1.0,), components=2, key=KEY)
    head = eqx.tree_at(lambda h: h.offset, head, jnp.array([[-1.0], [1.0]]))

    best = head.best(np.float32([[0.01, 0, 0, 0, 0, 0], [0, 0.01, 0, 0, 0, 0]]))

    np.testing.assert_allclose(best, [[-1], [1]])


def test_a_part_of_a_mixture_has_the_density_whatever_the_rest():
    """The steering alone: the density summed over every throttle, by quadrature."""
    outputs = outputs_of(MIXTURE, 1)
    throttle = np.linspace(-60, 70, 4001)
    pairs = np.stack([np.full(4001, 0.3), throttle], axis=1)

    got = partial_log_probability(
        MIXTURE, outputs, np.float32([[0.3, np.nan]]), np.array([[True, False]])
    )

    rest = np.trapezoid(everywhere(MIXTURE, outputs, pairs), throttle)
    np.testing.assert_allclose(np.exp(got), rest, rtol=1e-4)
    by_itself = number_logs(MIXTURE, outputs, np.float32([[0.3, 9.0]]))
    np.testing.assert_allclose(by_itself[:, 0], got, rtol=1e-4)


def test_an_unknown_part_of_a_mixture_has_no_slope():
    outputs, known = outputs_of(MIXTURE, 1), np.array([[True, False]])

    with_nan = slope_of_part(MIXTURE, outputs, np.float32([[0.3, np.nan]]), known)
    with_other = slope_of_part(MIXTURE, outputs, np.float32([[0.3, 7.0]]), known)

    assert np.isfinite(with_nan).all()
    np.testing.assert_array_equal(with_nan, with_other)


def test_the_entropy_of_a_mixture_is_exact_where_components_are_apart_or_alike():
    head = mixture((0.0,), (1.0,), components=2, key=KEY)
    outputs = np.float32([[0.0, np.log(3), 0, 0, 0, 0]])
    one = scipy.stats.norm(0, np.exp(-1)).entropy()

    apart = eqx.tree_at(lambda h: h.offset, head, jnp.array([[-9.0], [9.0]]))
    alike = eqx.tree_at(lambda h: h.offset, head, jnp.zeros((2, 1)))

    choice = scipy.stats.entropy([0.25, 0.75])
    np.testing.assert_allclose(entropy(apart, outputs), [one + choice], rtol=1e-5)
    np.testing.assert_allclose(entropy(alike, outputs), [one], rtol=1e-5)


def test_the_entropy_of_one_binned_number_is_that_of_its_density():
    alone = stirred(discretized((0.0,), (3.0,), bins=8, hidden=16, key=KEY))
    outputs = outputs_of(alone, 1)
    density = everywhere(alone, outputs, 3 * np.linspace(-1, 1, 8)[:, None])

    got = entropy(alone, outputs)

    width = 3 * 2 / 7
    np.testing.assert_allclose(got, [-(width * density * np.log(density)).sum()], 1e-5)


CHAIN = stirred(discretized((0.0,) * 5, (1.0,) * 5, bins=8, hidden=16, key=KEY))


def test_all_numbers_in_one_pass_are_scored_as_one_after_another():
    outputs, place = outputs_of(CHAIN, 6), outputs_of(CHAIN, 6, seed=1)[:, :5] / 3

    together = all_scores(CHAIN, outputs, place)

    known = outputs
    for number in range(5):
        alone = CHAIN.chain.scores(known, number)
        np.testing.assert_allclose(together[number], alone, rtol=1e-4, atol=1e-4)
        known = CHAIN.chain.with_number(known, number, place[:, number])


@pytest.mark.parametrize("number", range(5))
def test_no_number_depends_on_itself_or_a_later_one(number):
    outputs, place = outputs_of(CHAIN, 6), outputs_of(CHAIN, 6, seed=1)[:, :5] / 3
    other = place.copy()
    other[:, number] += 0.37

    before = np.asarray(all_scores(CHAIN, outputs, place))
    after = np.asarray(all_scores(CHAIN, outputs, other))

    np.testing.assert_array_equal(before[: number + 1], after[: number + 1])
    for later in range(number + 1, 5):
        assert np.abs(before[later] - after[later]).max() > 1e-4


def test_a_flow_of_constant_velocity_carries_noise_that_far():
    """Velocity (1, -2) in half-ranges moves noise (0.5, 0.5) to (1.5, -1.5)."""
    still = flow(CENTER, HALF_RANGE, embedding=8, hidden=16, blocks=1, key=KEY)
    last = still.velocity.last
    moving = eqx.tree_at(
        lambda h: (h.velocity.last.weight, h.velocity.last.bias),
        still,
        (jnp.zeros_like(last.weight), jnp.array([1.0, -2.0])),
    )

    got = moving.sample(np.zeros((1, 8), np.float32), np.float32([[0.5, 0.5]]))

    np.testing.assert_allclose(got, [[1.5, 5 + 5 * -1.5]], rtol=1e-5)


def test_where_actions_are_bounded_a_flow_ends_within_the_bounds():
    """From 0.5, 0.25 half-ranges lead to 0.75 and -2,000 to the bound at -1."""
    still = flow(
        CENTER, HALF_RANGE, embedding=8, hidden=16, blocks=1, bounded=True, key=KEY
    )
    last = still.velocity.last
    wild = eqx.tree_at(
        lambda h: (h.velocity.last.weight, h.velocity.last.bias),
        still,
        (jnp.zeros_like(last.weight), jnp.array([0.25, -2000.0])),
    )

    got = wild.sample(np.zeros((1, 8), np.float32), np.float32([[0.5, 0.5]]))

    np.testing.assert_allclose(got, [[0.75, 5 + 5 * -1.0]], rtol=1e-5)


class Clockwork(eqx.Module):
    """A velocity that is the time, wherever one is."""

    def steering(self, embedding):
        return embedding

    def __call__(self, place, time, steering):
        return 0 * place + time


def test_a_flow_looks_at_the_time_when_each_of_its_steps_begins():
    """Five steps of a fifth at times 0, 0.2, … 0.8: 2 / 5 in all."""
    head = flow((0.0,), (1.0,), embedding=8, hidden=16, blocks=1, steps=5, key=KEY)
    head = eqx.tree_at(lambda h: h.velocity, head, Clockwork())

    got = head.sample(np.zeros((1, 8), np.float32), np.float32([[0.5]]))

    np.testing.assert_allclose(got, [[0.9]], rtol=1e-6)


class StraightToNormal(eqx.Module):
    """The best velocity where actions are normal around the center with this spread."""

    spread: float

    def steering(self, embedding):
        return embedding

    def __call__(self, place, time, steering):
        covariance = time * self.spread**2 - (1 - time)
        return covariance / (time**2 * self.spread**2 + (1 - time) ** 2) * place


def test_the_loss_of_the_best_flow_is_what_nobody_can_know():
    """The variance of x1 - x0 that is left when x_t is known, over all times."""
    spread = 0.5
    head = flow((0.0,), (1.0,), embedding=8, hidden=16, blocks=1, key=KEY)
    head = eqx.tree_at(lambda h: h.velocity, head, StraightToNormal(spread))

    def left(t):
        covariance = t * spread**2 - (1 - t)
        return 1 + spread**2 - covariance**2 / (t**2 * spread**2 + (1 - t) ** 2)

    action = spread * jax.random.normal(jax.random.key(1), (200_000, 1))
    got = loss_of(head, jnp.zeros((200_000, 8)), action, jax.random.key(2))

    expected, _ = scipy.integrate.quad(left, 0, 1)
    assert got.mean() == pytest.approx(expected, rel=0.02)


def test_the_loss_of_a_flow_hangs_on_the_key_alone():
    outputs = outputs_of(FLOW, 5)
    action = np.zeros((5, 2), np.float32)

    once, again, other = (
        loss_of(FLOW, outputs, action, jax.random.key(seed)) for seed in (1, 1, 2)
    )

    np.testing.assert_array_equal(once, again)
    assert not np.allclose(once, other)


def learned(head, target, *, steps, rate, rows=128):
    """The head, and the outputs for one situation, after learning these targets."""
    optimizer = optax.adam(optax.cosine_decay_schedule(rate, steps))

    def loss(learning, key):
        rows_key, loss_key = jax.random.split(key)
        head, outputs = learning
        action = target[jax.random.randint(rows_key, (rows,), 0, len(target))]
        outputs = jnp.broadcast_to(outputs, (rows, *outputs.shape))
        return jnp.mean(head.loss(outputs, action, loss_key))

    def step(carry, key):
        learning, state = carry
        change, state = optimizer.update(
            eqx.filter_grad(loss)(learning, key), state, learning
        )
        return (eqx.apply_updates(learning, change), state), None

    @eqx.filter_jit
    def all_steps(learning):
        keys = jax.random.split(jax.random.key(3), steps)
        state = optimizer.init(learning)
        return jax.lax.scan(step, (learning, state), keys)[0][0]

    return all_steps((head, jnp.zeros(head.outputs)))


def two_ways(width, count=1000):
    """All numbers near -1, or all near 1, each half the time."""
    generator = np.random.default_rng(0)
    side = np.where(np.arange(count) % 2, 1.0, -1.0)[:, None]
    return jnp.asarray(side + 0.02 * generator.normal(size=(count, width)), jnp.float32)


def learner_of(kind, width):
    center, half_range = (0.0,) * width, (1.0,) * width
    if kind == "mixture":
        return mixture(center, half_range, key=KEY), 1000, 1e-2
    if kind == "discretized":
        return discretized(center, half_range, hidden=32, key=KEY), 500, 1e-2
    small = flow(center, half_range, embedding=8, hidden=64, blocks=2, key=KEY)
    return small, 2000, 3e-3


@pytest.mark.slow
@pytest.mark.parametrize("width", [pytest.param(1, marks=pytest.mark.soak), 4])
@pytest.mark.parametrize("kind", HEADS)
def test_two_ways_are_learned_as_two(kind, width):
    head, steps, rate = learner_of(kind, width)

    head, outputs = learned(head, two_ways(width), steps=steps, rate=rate)

    actions = sampled(head, np.asarray(outputs), 2000)
    near = (np.abs(np.abs(actions) - 1) < 0.15).all(axis=1)
    alike = np.sign(actions).sum(axis=1)
    assert near.mean() > 0.97
    assert (np.abs(alike) == width).mean() > 0.97
    assert 0.4 < (actions[:, 0] > 0).mean() < 0.6
    if head.likeliest:
        np.testing.assert_allclose(np.abs(head.best(outputs)), 1, atol=0.05)


def test_a_gaussian_answers_two_ways_by_their_mean():
    head, outputs = learned(gaussian((0.0,), (1.0,)), two_ways(1), steps=500, rate=1e-2)

    np.testing.assert_allclose(head.best(outputs), [0], atol=0.1)


@pytest.mark.parametrize("action", [0.37, -1.0])
def test_bins_find_one_exact_action_to_half_their_width(action):
    head = discretized((0.0,), (1.0,), bins=16, hidden=16, key=KEY)

    head, outputs = learned(head, jnp.array([[action]]), steps=300, rate=1e-2)

    assert np.abs(head.best(outputs) - action) <= 1 / 15 + 1e-6


@heads
def test_a_head_of_many_ways_is_found_again_from_its_config(head):
    again = head_from_config(json.loads(json.dumps(head.config())))

    assert again.config() == head.config()
    assert jax.tree.structure(again) == jax.tree.structure(head)
    for mine, other in zip(jax.tree.leaves(head), jax.tree.leaves(again), strict=True):
        assert (mine.shape, mine.dtype) == (other.shape, other.dtype)


@pytest.mark.parametrize("name", REAL_HEADS)
def test_heads_of_every_name_decide_several_real_actions_at_once(name):
    head = real_head(name, CENTER * 3, HALF_RANGE * 3, key=KEY)

    assert head.config()["kind"] == name
    assert head.width == 6
    assert head.one_action(3) == {"center": [0, 5], "half_range": [1, 5]}
    assert head.one_action(3) == gaussian(CENTER, HALF_RANGE).one_action()


@pytest.mark.parametrize("name", CHOOSING_HEADS)
def test_heads_of_every_name_choose_several_times_at_once(name):
    head = choosing_head(name, (2, 3, 2, 3))

    assert head.config()["kind"] == name
    assert head.one_action(2) == {"options": [2, 3]}


def test_components_begin_apart_and_within_reach():
    """The places of 8 components are -7/8, -5/8, … 7/8, in an order of its own."""
    one, four = (
        np.asarray(mixture((0.0,) * n, (1.0,) * n, key=KEY).offset) for n in (1, 4)
    )

    np.testing.assert_allclose(np.sort(one[:, 0]), np.arange(-7, 8, 2) / 8)
    np.testing.assert_allclose(np.sort(four, axis=0)[:, 2], np.arange(-7, 8, 2) / 16)


EVERY = [
    *(real_head(name, CENTER, HALF_RANGE, key=KEY) for name in REAL_HEADS),
    *(choosing_head(name, (2, 3)) for name in CHOOSING_HEADS),
    Bernoulli(2),
]


def test_every_kind_is_told_in_words_that_match_what_it_learns_from():
    assert {head.config()["kind"] for head in EVERY} == set(ABOUT)
    for head in EVERY:
        words = ABOUT[head.config()["kind"]]
        assert ("partly known" in words) == ("partial" in head.learns_from)
        assert ("sets" in words) == ("set" in head.learns_from)
        assert ("imitation only" in words) == (not head.has_likelihood)


@pytest.mark.parametrize("head", EVERY, ids=lambda head: head.config()["kind"])
def test_every_kind_answers_what_it_says_it_can(head):
    """A method that nobody wrote would refuse."""
    outputs = jnp.zeros((4, head.outputs))
    action = jnp.zeros((4, 2), jnp.int32 if head.options else jnp.float32)
    known = jnp.ones((4, 2), bool)
    asks = {
        "exact": lambda: head.loss(outputs, action, KEY),
        "partial": lambda: head.partial_log_probability(outputs, action, known),
        "set": lambda: head.set_log_probability(
            outputs, jnp.ones((4, sum(head.options)), jnp.int8)
        ),
    }
    told = [asks[target] for target in asks if target in head.learns_from]
    if head.has_likelihood:
        told.append(lambda: head.log_probability(outputs, action))
        told.append(lambda: head.entropy(outputs))

    assert [jax.eval_shape(ask).shape for ask in told] == [(4,)] * len(told)


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda o, a: FLOW.best(o), "which action is likeliest"),
        (lambda o, a: FLOW.log_probability(o, a), "how likely an action is"),
        (lambda o, a: FLOW.number_logs(o, a), "how likely a number of an action is"),
        (lambda o, a: FLOW.entropy(o), "how undecided it is"),
        (
            lambda o, a: FLOW.partial_log_probability(o, a, a > 0),
            "how likely a part of an action is",
        ),
    ],
)
def test_a_flow_refuses_what_it_cannot_say(ask, what):
    with pytest.raises(TypeError, match="flow") as refused:
        ask(jnp.zeros((1, 8)), jnp.zeros((1, 2)))

    assert str(refused.value) == (
        f"a flow head cannot say {what}; it is for real actions done in any number of"
        " ways, and learns from exact and weighted answers, in imitation only"
    )


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (
            lambda o, a: BINNED.number_logs(o, a),
            "how likely a number is without those before it",
        ),
        (
            lambda o, a: BINNED.partial_log_probability(o, a, a > 0),
            "how likely a part of an action is",
        ),
    ],
)
def test_bins_refuse_what_they_cannot_say(ask, what):
    with pytest.raises(TypeError, match=f"a discretized head cannot say {what}; it is"):
        ask(jnp.zeros((1, 16)), jnp.zeros((1, 2)))
