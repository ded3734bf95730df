"""Each probe is solved, and is not solved when the stage that it accuses is broken."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gymnasium import spaces

import probes
from novice.algorithms import imitate, practitioners, reinforce
from novice.algorithms.bc import bc
from novice.algorithms.dagger import advance, dagger
from novice.algorithms.practice_settings import ReinforceSettings
from novice.algorithms.settings import (
    BcSettings,
    DaggerSettings,
    FitSettings,
)
from novice.datasets.dataset import Answers, Origin
from novice.envs.actor import BestActor
from novice.envs.host_policy import HostPolicy
from novice.envs.rollout import rollout
from novice.envs.slots import SeparateSlots
from novice.envs.task import Task
from novice.learning.policy import Policy
from novice.learning.practice import Practice
from novice.types import Batch, Round, Trajectories
from toys import task_of

KEY = jax.random.key(0)
FIT = FitSettings(hidden=(8,), learning_rate=0.01, batch_size=32)


def last_round(rounds: Any) -> Round:
    return list(rounds)[-1]


def practiced(task: Task, *, batches: int = 25, **how: Any) -> Policy:
    """Whoever has practiced from nothing in some batches of 32 episodes."""
    settings = ReinforceSettings(
        env_steps=32 * batches * how.pop("steps", 1),
        episodes_per_batch=32,
        rounds=1,
        learning_rate=0.1,
        discount=1.0,
        hidden=(8,),
        **{"weigh": "rewards-to-go", "baseline": "none", **how},
    )
    slots = SeparateSlots(task, 8)
    rounds = reinforce.reinforce(slots, settings, key=KEY, evaluate=lambda policy: {})
    return last_round(rounds).learner.policy


def confidence(policy: Policy, observation: float, action: int) -> float:
    """How probable the action is where this is observed."""
    outputs = HostPolicy(policy).outputs(np.float32([[observation]]))[0]
    return float(jax.nn.softmax(outputs)[action])


def break_practice(
    monkeypatch: pytest.MonkeyPatch,
    *,
    seen: Callable[[Trajectories], Trajectories] = lambda seen: seen,
    how: Callable[[Practice], Practice] = lambda how: how,
) -> None:
    """Let every step of practice look at other trajectories, or in another way."""
    real = practitioners.practice

    def broken(learner: Any, trajectories: Any, way: Any, *rest: Any, **more: Any):
        return real(learner, seen(trajectories), how(way), *rest, **more)

    monkeypatch.setattr(practitioners, "practice", broken)


def learned_from_wrong_labels() -> np.ndarray:
    """What is likeliest at -1, 0 and 1, where 0, 1 and 2 are right.

    Nobody ever said so: people only called the two others wrong, one at a time.
    """
    task = task_of(spaces.Discrete(3), spaces.Box(-1, 1, (1,)))
    said_wrong = [
        (place, wrong)
        for place, right in ((-1, 0), (0, 1), (1, 2))
        for wrong in range(3)
        if wrong != right
    ]
    rows = len(said_wrong)
    marks = np.ones((rows, 3), np.int8)
    marks[np.arange(rows), [wrong for _, wrong in said_wrong]] = 0
    answers = Answers(
        observation=np.float32([[place] for place, _ in said_wrong]),
        action=marks.argmax(axis=1)[:, None].astype(np.int32),
        episode=np.zeros(rows, np.int32),
        step=np.arange(rows, dtype=np.int32),
        origin=Origin(0, "correction", "somebody"),
        marks=marks,
        question=np.arange(rows),
    )
    settings = DaggerSettings(first_steps=500, fit=FIT)
    policy = advance(task, None, [answers], settings, key=KEY).learner.policy
    outputs = HostPolicy(policy).outputs(np.float32([[-1], [0], [1]]))
    return np.asarray(jax.nn.softmax(outputs))


def test_what_is_right_is_learned_from_what_is_wrong():
    probability = learned_from_wrong_labels()

    assert (np.diag(probability) > 0.9).all()


def test_what_is_wrong_misleads_whoever_takes_it_for_what_is_right(monkeypatch):
    """As plain actions, the first acceptable ones: 0 is at least as right as 1."""
    monkeypatch.setattr(imitate, "SET_LIKELIHOOD", imitate.WEIGHTED_LIKELIHOOD)
    monkeypatch.setattr(
        imitate.Dataset, "targets", lambda self, head: self.column("action")
    )

    probability = learned_from_wrong_labels()

    assert not (np.diag(probability) > 0.9).all()


def follows_the_pay() -> bool:
    return confidence(practiced(probes.ONE_STEP), 0, 1) > 0.9


def test_what_pays_is_done():
    assert follows_the_pay()


def test_with_the_wrong_sign_of_the_weight_it_is_not(monkeypatch):
    def flipped(seen: Trajectories) -> Trajectories:
        return eqx.tree_at(lambda s: s.reward, seen, -seen.reward)

    break_practice(monkeypatch, seen=flipped)

    assert not follows_the_pay()


def follows_the_sign(policy: Policy) -> bool:
    return min(confidence(policy, -1, 0), confidence(policy, 1, 1)) > 0.9


def test_what_pays_here_and_not_there_is_done_here_and_not_there():
    assert follows_the_sign(practiced(probes.FOLLOW_THE_SIGN))


def test_without_an_observation_it_is_not(monkeypatch):
    def blind(seen: Trajectories) -> Trajectories:
        return eqx.tree_at(lambda s: s.observation, seen, 0 * seen.observation)

    break_practice(monkeypatch, seen=blind)

    assert not follows_the_sign(practiced(probes.FOLLOW_THE_SIGN))


def cloned() -> Policy:
    slots = SeparateSlots(probes.FOLLOW_THE_SIGN, 8)
    settings = BcSettings(demonstrations=32, steps=500, fit=FIT)
    rounds = bc(
        slots, probes.SIGN_READER, settings, key=KEY, evaluate=lambda policy: {}
    )
    return last_round(rounds).learner.policy


def test_what_was_shown_here_and_there_is_done_here_and_there():
    assert follows_the_sign(cloned())


def test_without_an_observation_nothing_can_be_cloned(monkeypatch):
    real = imitate.batch_of

    def blind(*given: Any, **how: Any) -> Batch:
        batch = real(*given, **how)
        return eqx.tree_at(lambda b: b.observation, batch, 0 * batch.observation)

    monkeypatch.setattr(imitate, "batch_of", blind)

    assert not follows_the_sign(cloned())


def waits_for_the_pay() -> bool:
    policy = practiced(probes.PAY_LATER, steps=2)
    return confidence(policy, -1, 1) > 0.9


def test_what_pays_later_is_done():
    assert waits_for_the_pay()


def blind_to_later(how: Practice) -> Practice:
    return how._replace(weighing=how.weighing._replace(discount=0.0))


def test_with_immediate_rewards_in_place_of_rewards_to_go_it_is_not(monkeypatch):
    break_practice(monkeypatch, how=blind_to_later)

    assert not waits_for_the_pay()


@pytest.fixture(params=["full-return", "rewards-to-go"])
def pays_soon_or_later(request) -> Callable[[], bool]:
    return lambda: (
        confidence(
            practiced(probes.PAY_SOON_OR_LATER, weigh=request.param, batches=40), 0, 1
        )
        > 0.9
    )


def garbled(seen: Trajectories) -> Trajectories:
    """The padding holds a bad action that paid well."""
    valid = seen.valid
    return eqx.tree_at(
        lambda s: (s.reward, s.action_sampled),
        seen,
        (
            jnp.where(valid, seen.reward, 1.0),
            jnp.where(valid[..., None], seen.action_sampled, 0),
        ),
    )


def test_what_pays_soon_or_later_is_done_whatever_the_padding_holds(
    monkeypatch, pays_soon_or_later
):
    break_practice(monkeypatch, seen=garbled)

    assert pays_soon_or_later()


def test_with_padding_that_counts_it_is_not(monkeypatch, pays_soon_or_later):
    def everything_counts(seen: Trajectories) -> Trajectories:
        return eqx.tree_at(lambda s: s.valid, garbled(seen), jnp.ones_like(seen.valid))

    break_practice(monkeypatch, seen=everything_counts)

    assert not pays_soon_or_later()


LABELS = 120


def corrected() -> Policy:
    settings = DaggerSettings(
        labels=LABELS,
        labels_per_round=40,
        episodes_per_round=4,
        ask="everything",
        first_steps=500,
        steps=500,
        fit=FIT,
    )
    slots = SeparateSlots(probes.DITCH, 4)
    rounds = dagger(slots, probes.DRIVER, settings, key=KEY, evaluate=lambda policy: {})
    return last_round(rounds).learner.policy


def only_shown() -> Policy:
    settings = BcSettings(demonstrations=12, labels=LABELS, steps=1500, fit=FIT)
    slots = SeparateSlots(probes.DITCH, 4)
    rounds = bc(slots, probes.DRIVER, settings, key=KEY, evaluate=lambda policy: {})
    return last_round(rounds).learner.policy


def knows_the_way_back(policy: Policy) -> bool:
    """Whether it returns at least 8, where the expert does 9, and a coin at the fork
    with a climb afterwards 8.5, but without one 4.5.
    """
    slots = SeparateSlots(probes.DITCH, 8)
    seen = rollout(slots, BestActor(policy), np.arange(60))
    return float(seen.reward.sum(axis=1).mean()) >= 8


def test_whoever_is_corrected_finds_the_way_back():
    assert knows_the_way_back(corrected())


def test_with_cloning_in_place_of_dagger_nobody_does():
    assert not knows_the_way_back(only_shown())
