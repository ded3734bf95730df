"""A policy is fitted to what people said, as far as they can be trusted."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from novice.algorithms.imitate import imitate, outgrown
from novice.algorithms.settings import FitSettings
from novice.datasets.dataset import Answers, Dataset, Origin
from novice.evaluation.trust import Trusted, doubted
from novice.learning.heads import Bernoulli, Categorical, marks_of
from novice.learning.policy import Policy, new_policy
from novice.types import Round

KEY = jax.random.key(0)


def said(actions: list[list[int]]) -> Dataset:
    """What was said of one state, again and again."""
    rows = len(actions)
    return Dataset(
        (
            Answers(
                observation=np.zeros((rows, 1), np.float32),
                action=np.array(actions, np.int32),
                episode=np.zeros(rows, np.int32),
                step=np.arange(rows, dtype=np.int32),
                origin=Origin(0, "correction", "Ada"),
            ),
        )
    )


def learned(
    head, dataset: Dataset, right: list[float] | None, *, before: Policy | None = None
) -> list[np.ndarray]:
    """The probabilities of each number's options; `right`: how often who said it is."""
    trust = None
    if right is not None:
        sets = marks_of(dataset.column("action"), head.options)
        target = doubted(sets, np.array(right), head.options)
        trust = Trusted(np.ones(len(dataset)), target, True, {})
    learner, _ = imitate(
        before or new_policy(1, head, hidden=(4,), key=KEY),
        dataset,
        FitSettings(hidden=(4,), batch_size=len(dataset), learning_rate=0.02),
        steps=1_500,
        capacity=32,
        key=KEY,
        trust=trust,
    )
    outputs = learner.policy.trunk(jnp.zeros((1, 1)))
    return [np.exp(np.asarray(log[0])) for log in head.option_logs(outputs)]


TEN = [[0]] * 5 + [[1]] * 3 + [[2]] * 2


def test_whoever_errs_is_learned_from_without_their_errors():
    """Said are 5 : 3 : 2. Each action is said in error 15 times in 100, and where it is
    right 55 times more: the likeliest shares are (0.5, 0.3, 0.2) less 0.15, of 0.55.
    """
    (got,) = learned(Categorical((3,)), said(TEN), [0.7] * 10)

    np.testing.assert_allclose(got, np.array([0.35, 0.15, 0.05]) / 0.55, atol=2e-3)


@pytest.mark.parametrize("right", [None, [1.0] * 10], ids=["exact", "never wrong"])
def test_whoever_is_never_wrong_is_learned_from_as_they_said(right):
    (got,) = learned(Categorical((3,)), said(TEN), right)

    np.testing.assert_allclose(got, [0.5, 0.3, 0.2], atol=2e-3)


def test_from_whoever_guesses_nothing_is_learned():
    """Ada, never wrong, says 3 : 1; what Bob guesses changes nothing."""
    answers = [[0]] * 3 + [[1]] + [[2]] * 6
    (got,) = learned(Categorical((3,)), said(answers), [1.0] * 4 + [1 / 3] * 6)

    np.testing.assert_allclose(got, [0.75, 0.25, 0.0], atol=5e-3)


def test_switches_are_learned_without_errors_too():
    """Each of two switches is right 9 times in 10: on 7 of 10 is (0.7 - 0.1) / 0.8."""
    answers = [[1, 1]] * 5 + [[1, 0]] * 2 + [[0, 0]] * 3
    first, second = learned(Bernoulli(2), said(answers), [0.81] * 10)

    np.testing.assert_allclose(first, [0.25, 0.75], atol=2e-3)
    np.testing.assert_allclose(second, [0.5, 0.5], atol=2e-3)


def certain(head, outputs: list[float]) -> Policy:
    """A policy that has made up its mind."""
    policy = new_policy(1, head, hidden=(4,), key=KEY)
    shift = np.array(outputs, np.float32)
    return eqx.tree_at(lambda p: p.trunk.layers[-1].bias, policy, shift)


def test_what_a_policy_was_certain_of_is_corrected_by_whoever_may_err():
    """It was as sure of the third action as 1 to exp(-50); nobody says that now."""
    head = Categorical((3,))
    answers = said([[0]] * 9 + [[1]])

    (got,) = learned(head, answers, [0.8] * 10, before=certain(head, [0, 0, 50]))

    np.testing.assert_allclose(got, [1, 0, 0], atol=0.02)


def test_a_policy_goes_on_from_what_it_was_where_nobody_is_doubted():
    head, answers = Categorical((3,)), said([[0]] * 9 + [[1]])
    before = certain(head, [0, 50, 0])
    trust = Trusted(np.ones(10), np.array([[0]] * 9 + [[1]]), False, {})

    learner, _ = imitate(
        before,
        answers,
        FitSettings(hidden=(4,), batch_size=10, learning_rate=1e-6),
        steps=500,
        capacity=32,
        key=KEY,
        trust=trust,
    )

    assert not trust.doubts
    np.testing.assert_allclose(
        learner.policy.trunk.layers[-1].bias, [0, 50, 0], atol=1e-3
    )


def seen(*observations: float) -> Answers:
    """An answer to each of these states."""
    rows = len(observations)
    return Answers(
        observation=np.float32(observations)[:, None],
        action=np.zeros((rows, 1), np.int32),
        episode=np.zeros(rows, np.int32),
        step=np.arange(rows, dtype=np.int32),
        origin=Origin(0, "correction", "Ada"),
    )


def fitted(dataset: Dataset) -> Round:
    """A round that has learned from a dataset."""
    learner, _ = imitate(
        new_policy(1, Categorical((2,)), hidden=(4,), key=KEY),
        dataset,
        FitSettings(hidden=(4,)),
        steps=1,
        capacity=4,
        key=KEY,
    )
    return Round(number=0, learner=learner, dataset=dataset)


@pytest.mark.parametrize(("apart", "over"), [(0.5, False), (0.6, True)])
def test_a_policy_is_outgrown_where_inputs_vary_four_times_as_much(apart, over):
    """From 0.1 to √((0.01 + 0.25) / 2) = 0.36, or to √((0.01 + 0.36) / 2) = 0.43."""
    before = fitted(Dataset((seen(-0.1, 0.1),)))

    assert outgrown(before, before.dataset.append(seen(-apart, apart))) is over


def test_a_policy_that_knows_more_than_its_answers_is_never_outgrown():
    """It has practiced, or learned from what is no longer there."""
    learner = fitted(Dataset((seen(-0.1, 0.1),))).learner
    for known in (Dataset(), Dataset((seen(0.1),))):
        before = Round(number=-1, learner=learner, dataset=known)
        assert not outgrown(before, known.append(seen(-9.0, 9.0)))
