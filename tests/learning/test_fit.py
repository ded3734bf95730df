"""One weighted step is the textbook's; what must not count does not."""

from collections import Counter

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novice.learning.fit import (
    ADAM,
    PARTIAL_LIKELIHOOD,
    SET_LIKELIHOOD,
    VALUE_ERROR,
    WEIGHTED_LIKELIHOOD,
    Objective,
    Plan,
    fit,
    minibatch_plan,
    negative_weighted_likelihood,
    new_learner,
    squared_value_error,
    whole_batch_plan,
)
from novice.learning.heads import (
    AbstractHead,
    Bernoulli,
    Categorical,
    gaussian,
    marks_of,
)
from novice.learning.network import Layer, Mlp, Normalizer
from novice.learning.policy import Critic, Policy, trainable
from novice.types import Batch, Learner

# Plain gradient steps: as far as the gradient says.
ASCENT = optax.identity()


def network(inputs: int, *sizes: int, zeros: bool = False) -> Mlp:
    """Layers of these sizes with random numbers, or all zeros."""
    draw = np.random.default_rng(0)

    def numbers(*shape: int) -> np.ndarray:
        return np.float32(0 if zeros else 1) * draw.normal(size=shape).astype("f")

    normalizer = Normalizer(
        numbers(inputs), np.ones(inputs, "f"), np.ones(inputs, "f"), np.array(1, "f")
    )
    pairs = zip([inputs, *sizes], sizes, strict=False)
    return Mlp(normalizer, tuple(Layer(numbers(a, b), numbers(b)) for a, b in pairs))


def learner_of(
    head: AbstractHead, *hidden: int, inputs: int = 3, zeros: bool = False
) -> Learner:
    return new_learner(
        Policy(network(inputs, *hidden, head.outputs, zeros=zeros), head),
        Critic(
            network(inputs, *hidden, 1, zeros=zeros), np.array(0, "f"), np.array(2, "f")
        ),
    )


def batch_of(head: AbstractHead, rows: int = 8, inputs: int = 3) -> Batch:
    """Rows of all weights, of which the last two don't count."""
    draw = np.random.default_rng(1)
    observation = draw.normal(size=(rows, inputs)).astype("f")
    outputs = draw.normal(size=(rows, head.outputs)).astype("f")
    weight = draw.normal(size=rows).astype("f")
    return Batch(observation, head.best(outputs), weight, np.arange(rows) < rows - 2)


def stepped(
    learner: Learner,
    batch: Batch,
    *,
    objective: Objective = WEIGHTED_LIKELIHOOD,
    rate: float = 0.5,
    normalizer: float = 1.0,
) -> Learner:
    """The learner after one plain gradient step over all rows."""
    plan = whole_batch_plan(len(batch.weight), rate)
    name = objective.improves + "_state"
    learner = eqx.tree_at(
        lambda whole: getattr(whole, name),
        learner,
        ASCENT.init(None),
        is_leaf=lambda node: node is None,
    )
    learner, _ = fit(
        learner,
        batch,
        plan,
        objective=objective,
        optimizer=ASCENT,
        normalizer=jnp.float32(normalizer),
    )
    return learner


def flat(tree) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])


def change(learner: Learner, batch: Batch, **how) -> np.ndarray:
    """How far one plain gradient step moves the policy's numbers."""
    return flat(stepped(learner, batch, **how).policy) - flat(learner.policy)


CHOICE = Categorical((3,))
HEADS = {
    "one choice": CHOICE,
    "several choices": Categorical((2, 3)),
    "switches": Bernoulli(2),
    "real numbers": gaussian((0.0, 1.0), (1.0, 0.5)),
}
heads = pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)


def test_the_gradient_of_a_switch_by_hand():
    """With p = sigmoid(logit), -w log p(a) has the derivative -w (a - p)."""
    learner = learner_of(Bernoulli(1), inputs=1, zeros=True)
    batch = Batch(
        np.zeros((3, 1), "f"),
        np.int32([[1], [0], [1]]),
        np.float32([2, 3, 99]),
        np.array([True, True, False]),
    )

    learner = stepped(learner, batch, rate=1.0)

    # p = 1/2: the step is 2 (1 - 1/2) + 3 (0 - 1/2).
    np.testing.assert_allclose(learner.policy.trunk.layers[0].bias, [-0.5])


def test_the_gradient_of_a_choice_by_hand():
    """With p = softmax(logits), -w log p_a has the gradient -w (onehot(a) - p)."""
    learner = learner_of(CHOICE, inputs=1, zeros=True)
    batch = Batch(np.float32([[2]]), np.int32([[1]]), np.float32([3]), np.array([True]))

    (layer,) = stepped(learner, batch, rate=1.0).policy.trunk.layers

    towards = 3 * np.array([0 - 1 / 3, 1 - 1 / 3, 0 - 1 / 3])
    np.testing.assert_allclose(layer.bias, towards, rtol=1e-6)
    np.testing.assert_allclose(layer.weight, [2 * towards], rtol=1e-6)


def test_the_gradient_of_a_real_number_by_hand():
    """With z = (a - mean) / std, d/dmean -log p = -z / std and d/dlog_std = 1 - z²."""
    learner = learner_of(gaussian((0.0,), (1.0,), log_std=0.0), inputs=1, zeros=True)
    batch = Batch(
        np.zeros((1, 1), "f"), np.float32([[3]]), np.float32([1]), np.array([True])
    )

    policy = stepped(learner, batch, rate=0.1).policy

    np.testing.assert_allclose(policy.trunk.layers[0].bias, [0.1 * 3], rtol=1e-6)
    np.testing.assert_allclose(policy.head.log_std, [0.1 * (9 - 1)], rtol=1e-6)


def test_the_value_error_by_hand():
    """A critic that says 0 in units of 2 aims at 6: half the square of 3 units."""
    learner = learner_of(CHOICE, inputs=1, zeros=True)
    batch = Batch(
        np.zeros((2, 1), "f"),
        np.float32([[6], [99]]),
        np.float32([4, 1]),
        np.array([True, False]),
    )

    assert squared_value_error(learner.critic, batch, KEY) == 4 * 0.5 * 3**2
    critic = stepped(learner, batch, objective=VALUE_ERROR, rate=1.0).critic
    np.testing.assert_allclose(critic.trunk.layers[0].bias, [4 * 3])


def test_equal_weights_give_the_step_of_plain_cross_entropy():
    batch = batch_of(CHOICE)
    batch = Batch(batch.observation, batch.target, np.ones(8, "f"), np.ones(8, bool))
    learner = learner_of(CHOICE, 5)
    normalizer = learner.policy.trunk.normalizer

    @jax.jit
    def cross_entropy(layers):
        (first, second) = layers
        hidden = jnp.tanh((batch.observation - normalizer.mean) @ first[0] + first[1])
        logits = hidden @ second[0] + second[1]
        labels = batch.target[:, 0]
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    layers = [(layer.weight, layer.bias) for layer in learner.policy.trunk.layers]
    gradient = jax.jit(jax.grad(cross_entropy))(layers)
    expected = jax.tree.map(
        lambda number, slope: number - 0.5 * slope, layers, gradient
    )

    got = stepped(learner, batch, rate=0.5, normalizer=8).policy.trunk.layers

    np.testing.assert_allclose(flat(got), flat(expected), rtol=1e-5, atol=1e-6)


@heads
def test_the_gradient_is_that_of_finite_differences(head):
    with jax.enable_x64(True):
        learner, batch = learner_of(head, 4), batch_of(head)
        policy, batch = jax.tree.map(
            lambda leaf: jnp.asarray(leaf, "d" if leaf.dtype == "f" else None),
            (learner.policy, batch),
        )
        learning, fixed = eqx.partition(policy, trainable(policy))
        numbers, whole = jax.flatten_util.ravel_pytree(learning)

        @jax.jit
        def loss(numbers):
            policy = eqx.combine(whole(numbers), fixed)
            return negative_weighted_likelihood(policy, batch, KEY)

        gradient = jax.jit(jax.grad(loss))(numbers)
        for direction in np.random.default_rng(2).normal(size=(5, len(numbers))):
            step = 1e-5 * direction
            slope = (loss(numbers + step) - loss(numbers - step)) / 2e-5
            np.testing.assert_allclose(gradient @ direction, slope, rtol=1e-6)


@pytest.mark.parametrize("head", [CHOICE, HEADS["real numbers"]], ids=str)
def test_the_normalizer_never_learns(head):
    learner, batch = learner_of(head, 4), batch_of(head)

    policy = stepped(learner, batch).policy

    assert bool(
        eqx.tree_equal(policy.trunk.normalizer, learner.policy.trunk.normalizer)
    )
    assert not bool(eqx.tree_equal(policy.trunk.layers, learner.policy.trunk.layers))


def test_rows_that_are_not_valid_change_nothing():
    learner, batch = learner_of(CHOICE, 4), batch_of(CHOICE)
    garbage = jax.tree.map(np.copy, batch)
    garbage.observation[6:] = 1e6
    garbage.target[6:] = 2
    garbage.weight[6:] = -1e6

    np.testing.assert_array_equal(change(learner, garbage), change(learner, batch))


def test_the_gradient_of_a_set_by_hand():
    """-w log Σ p has the gradient w (p - q), q being p among the acceptable alone."""
    learner = learner_of(CHOICE, inputs=1, zeros=True)
    batch = Batch(
        np.float32([[2]]), np.int8([[1, 1, 0]]), np.float32([3]), np.array([True])
    )

    (layer,) = stepped(
        learner, batch, objective=SET_LIKELIHOOD, rate=1.0
    ).policy.trunk.layers

    towards = 3 * np.array([1 / 2 - 1 / 3, 1 / 2 - 1 / 3, 0 - 1 / 3])
    np.testing.assert_allclose(layer.bias, towards, rtol=1e-6)
    np.testing.assert_allclose(layer.weight, [2 * towards], rtol=1e-6)


CHOOSERS = [HEADS["one choice"], HEADS["several choices"], HEADS["switches"]]


def with_marks(batch: Batch, head: AbstractHead) -> Batch:
    """The same rows, each action as the set that holds it alone."""
    marks = marks_of(batch.target, head.options)
    return Batch(batch.observation, marks, batch.weight, batch.valid)


@pytest.mark.parametrize("head", CHOOSERS, ids=str)
def test_sets_of_one_action_teach_what_the_actions_teach(head):
    learner, batch = learner_of(head, 4), batch_of(head)
    plan = minibatch_plan(6, steps=20, batch_size=3, learning_rate=0.01, key=KEY)
    how = {"optimizer": ADAM, "normalizer": jnp.float32(3)}

    exact, losses = fit(learner, batch, plan, objective=WEIGHTED_LIKELIHOOD, **how)
    sets, same = fit(
        learner, with_marks(batch, head), plan, objective=SET_LIKELIHOOD, **how
    )

    np.testing.assert_allclose(flat(sets.policy), flat(exact.policy), atol=1e-4)
    np.testing.assert_allclose(same, losses, atol=1e-4)


def test_the_gradient_of_marks_by_hand():
    """-w log Σ p m has the gradient w (p - q), q being p m over its sum.

    Somebody right 8 times in 10 says the first of three: q is 0.8, 0.1 and 0.1.
    """
    learner = learner_of(CHOICE, inputs=1, zeros=True)
    batch = Batch(
        np.float32([[2]]),
        np.float32([[0.8, 0.1, 0.1]]),
        np.float32([3]),
        np.array([True]),
    )

    (layer,) = stepped(
        learner, batch, objective=SET_LIKELIHOOD, rate=1.0
    ).policy.trunk.layers

    towards = 3 * np.array([0.8 - 1 / 3, 0.1 - 1 / 3, 0.1 - 1 / 3])
    np.testing.assert_allclose(layer.bias, towards, rtol=1e-5)
    np.testing.assert_allclose(layer.weight, [2 * towards], rtol=1e-5)


def test_sets_of_rows_that_are_not_valid_change_nothing():
    """Not even the marks of padding, which accept no action at all."""
    learner, batch = learner_of(CHOICE, 4), with_marks(batch_of(CHOICE), CHOICE)
    garbage, padded = (jax.tree.map(np.copy, batch) for _ in range(2))
    garbage.observation[6:] = 1e6
    garbage.target[6:] = 1
    garbage.weight[6:] = -1e6
    padded.target[6:] = 0
    expected = change(learner, batch, objective=SET_LIKELIHOOD)

    assert np.abs(expected).max() > 0.1
    for other in (garbage, padded):
        np.testing.assert_array_equal(
            change(learner, other, objective=SET_LIKELIHOOD), expected
        )


def test_real_marks_of_padding_change_nothing():
    learner, sets = learner_of(CHOICE, 4), with_marks(batch_of(CHOICE), CHOICE)
    marks = 0.1 + 0.7 * sets.target.astype(np.float32)
    batch = Batch(sets.observation, marks, sets.weight, sets.valid)
    padded = jax.tree.map(np.copy, batch)
    padded.target[6:] = 0
    expected = change(learner, batch, objective=SET_LIKELIHOOD)

    assert np.abs(expected).max() > 0.1
    np.testing.assert_array_equal(
        change(learner, padded, objective=SET_LIKELIHOOD), expected
    )


PLANE = HEADS["real numbers"]


def with_known(batch: Batch, known: np.ndarray) -> Batch:
    """The same rows, beside their actions which numbers of them are known."""
    target = np.concatenate([batch.target, known], axis=1).astype("f")
    return Batch(batch.observation, target, batch.weight, batch.valid)


def test_the_gradient_of_a_part_by_hand():
    """Only the first number of the first row is known in a row that counts: z is 3.

    With z = (a - mean) / std, d/dmean -log p = -z / std and d/dlog_std = 1 - z².
    """
    head = gaussian((0.0, 0.0), (1.0, 1.0), log_std=0.0)
    learner = learner_of(head, inputs=1, zeros=True)
    batch = Batch(
        np.zeros((3, 1), "f"),
        np.float32([[3, 0, 1, 0], [0, 0, 0, 0], [7, 7, 1, 1]]),
        np.float32([2, 5, 1]),
        np.array([True, True, False]),
    )

    policy = stepped(learner, batch, objective=PARTIAL_LIKELIHOOD, rate=0.1).policy

    np.testing.assert_allclose(policy.trunk.layers[0].bias, [0.1 * 2 * 3, 0], rtol=1e-6)
    np.testing.assert_allclose(policy.head.log_std, [0.1 * 2 * (9 - 1), 0], rtol=1e-6)


def test_whole_actions_teach_as_parts_what_they_teach_as_they_are():
    learner, batch = learner_of(PLANE, 4), batch_of(PLANE)
    plan = minibatch_plan(6, steps=20, batch_size=3, learning_rate=0.01, key=KEY)
    how = {"optimizer": ADAM, "normalizer": jnp.float32(3)}
    everything = with_known(batch, np.ones(batch.target.shape))

    exact, losses = fit(learner, batch, plan, objective=WEIGHTED_LIKELIHOOD, **how)
    parts, same = fit(learner, everything, plan, objective=PARTIAL_LIKELIHOOD, **how)

    np.testing.assert_allclose(flat(parts.policy), flat(exact.policy), atol=1e-4)
    np.testing.assert_allclose(same, losses, atol=1e-4)


def test_what_is_not_known_changes_nothing():
    learner, batch = learner_of(PLANE, 4), batch_of(PLANE)
    known = np.random.default_rng(2).integers(0, 2, batch.target.shape)
    known[:, 0] |= 1 - known[:, 1]
    part = with_known(batch, known)
    garbage = jax.tree.map(np.copy, part)
    garbage.target[:, :2][known == 0] = 1e6
    garbage.target[6:] = 1e6
    expected = change(learner, part, objective=PARTIAL_LIKELIHOOD)

    assert np.abs(expected).max() > 0.1
    np.testing.assert_array_equal(
        change(learner, garbage, objective=PARTIAL_LIKELIHOOD), expected
    )


def test_each_number_is_learned_from_the_rows_in_which_it_is_known():
    """A linear policy ends where least squares over these rows alone does."""
    draw = np.random.default_rng(0)
    seen = draw.normal(size=(60, 2)).astype("f")
    told = (seen @ [[0.3, -1], [0.5, 2]] + draw.normal(size=(60, 2))).astype("f")
    known = draw.random((60, 2)) < [0.7, 0.3]
    head = gaussian((0.0, 1.0), (1.0, 2.0))
    batch = Batch(seen, told, np.ones(60, "f"), known.any(axis=1))
    batch = with_known(batch, known)
    rows = np.tile(np.arange(60, dtype=np.int32), (3000, 1))

    learner, _ = fit(
        learner_of(head, inputs=2),
        batch,
        Plan(rows, np.full(3000, 0.01, "f")),
        objective=PARTIAL_LIKELIHOOD,
        optimizer=ADAM,
        normalizer=jnp.float32(60),
    )

    found, _ = learner.policy.best((), seen)
    inputs = np.column_stack([seen, np.ones(60)]).astype(np.float64)
    for number in range(2):
        rows = known[:, number]
        line, *_ = np.linalg.lstsq(inputs[rows], told[rows, number], rcond=None)
        spread = np.std(told[rows, number] - inputs[rows] @ line)
        np.testing.assert_allclose(found[:, number], inputs @ line, atol=1e-3)
        np.testing.assert_allclose(
            np.exp(learner.policy.head.log_std[number]) * head.half_range[number],
            spread,
            rtol=1e-3,
        )


def test_twice_the_weight_is_twice_the_step():
    learner, batch = learner_of(CHOICE, 4), batch_of(CHOICE)
    heavy = Batch(batch.observation, batch.target, 2 * batch.weight, batch.valid)

    np.testing.assert_allclose(
        change(learner, heavy), 2 * change(learner, batch), rtol=1e-4, atol=1e-6
    )


def test_a_weight_of_zero_changes_nothing():
    learner, batch = learner_of(CHOICE, 4), batch_of(CHOICE)
    light = Batch(batch.observation, batch.target, 0 * batch.weight, batch.valid)

    np.testing.assert_array_equal(change(learner, light), 0)


def test_the_step_is_divided_by_the_normalizer():
    learner, batch = learner_of(CHOICE, 4), batch_of(CHOICE)

    np.testing.assert_allclose(
        change(learner, batch, normalizer=4),
        change(learner, batch) / 4,
        rtol=1e-4,
        atol=1e-6,
    )


def test_an_objective_improves_its_part_of_the_learner_alone():
    learner, batch = learner_of(CHOICE, 4), batch_of(CHOICE)

    clone = stepped(learner, batch)
    assert bool(eqx.tree_equal(clone.critic, learner.critic))

    aim = Batch(batch.observation, batch.weight[:, None], batch.weight**2, batch.valid)
    judge = stepped(learner, aim, objective=VALUE_ERROR)
    assert bool(eqx.tree_equal(judge.policy, learner.policy))
    assert not bool(eqx.tree_equal(judge.critic, learner.critic))


def test_adams_first_step_is_the_learning_rate_against_the_sign_of_the_gradient():
    """Kingma and Ba 2015: at first the two averages are the gradient and its square."""
    learner, batch = learner_of(CHOICE, 4), batch_of(CHOICE)
    plain = change(learner, batch)

    adam, _ = fit(
        learner,
        batch,
        whole_batch_plan(8, 0.01),
        objective=WEIGHTED_LIKELIHOOD,
        optimizer=ADAM,
        normalizer=jnp.float32(1),
    )

    moved = flat(adam.policy) - flat(learner.policy)
    clear = np.abs(plain) > 0.01
    assert clear.sum() > 10
    np.testing.assert_allclose(moved[clear], 0.01 * np.sign(plain[clear]), rtol=0.01)


def test_steps_follow_the_plan_and_report_the_loss_before_each():
    learner, batch = learner_of(CHOICE, 4), batch_of(CHOICE)
    plan = Plan(np.int32([[0, 1], [2, 3]]), np.float32([0.1, 0.2]))
    first, second = (
        jax.tree.map(lambda column, rows=rows: jnp.asarray(column[rows]), batch)
        for rows in plan.rows
    )

    together, losses = fit(
        eqx.tree_at(lambda whole: whole.policy_state, learner, ASCENT.init(None)),
        batch,
        plan,
        objective=WEIGHTED_LIKELIHOOD,
        optimizer=ASCENT,
        normalizer=jnp.float32(2),
    )

    once = stepped(learner, first, rate=0.1, normalizer=2)
    twice = stepped(once, second, rate=0.2, normalizer=2)
    np.testing.assert_allclose(flat(together.policy), flat(twice.policy), rtol=1e-6)
    np.testing.assert_allclose(
        losses,
        [
            negative_weighted_likelihood(learner.policy, first, KEY) / 2,
            negative_weighted_likelihood(once.policy, second, KEY) / 2,
        ],
        rtol=1e-5,
    )


@given(
    row_count=st.integers(1, 40), steps=st.integers(1, 30), batch_size=st.integers(1, 9)
)
def test_a_plan_looks_at_every_row_equally_often(row_count, steps, batch_size):
    plan = minibatch_plan(
        row_count,
        steps=steps,
        batch_size=batch_size,
        learning_rate=1.0,
        key=KEY,
    )

    looks = Counter({row: 0 for row in range(row_count)})
    looks.update(plan.rows.ravel().tolist())
    assert plan.rows.shape == (steps, batch_size)
    assert len(looks) == row_count
    assert max(looks.values()) - min(looks.values()) <= 1


KEY = jax.random.key(0)


def test_the_same_key_gives_the_same_plan_and_another_key_another():
    how = {"steps": 5, "batch_size": 4, "learning_rate": 1.0}

    plan, again = (minibatch_plan(50, **how, key=KEY) for _ in range(2))
    other = minibatch_plan(50, **how, key=jax.random.key(1))

    np.testing.assert_array_equal(plan.rows, again.rows)
    assert (plan.rows != other.rows).any()


def test_the_learning_rate_falls_to_one_hundredth():
    plan = minibatch_plan(50, steps=1000, batch_size=1, learning_rate=0.5, key=KEY)

    assert plan.learning_rate[0] == 0.5
    assert plan.learning_rate[500] == pytest.approx(0.5 * 0.505)
    assert plan.learning_rate[-1] == pytest.approx(0.005, rel=1e-3)
    assert (np.diff(plan.learning_rate) < 0).all()


def test_the_same_plan_gives_the_same_bytes():
    learner, batch = learner_of(CHOICE, 4), batch_of(CHOICE)
    plan = minibatch_plan(6, steps=20, batch_size=3, learning_rate=0.1, key=KEY)

    def numbers() -> bytes:
        fitted, losses = fit(
            learner,
            batch,
            plan,
            objective=WEIGHTED_LIKELIHOOD,
            optimizer=ADAM,
            normalizer=jnp.float32(3),
        )
        return flat(fitted.policy).tobytes() + np.asarray(losses).tobytes()

    assert numbers() == numbers()
