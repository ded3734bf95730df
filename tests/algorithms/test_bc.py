"""Behavior cloning learns what was shown, and the same key shows the same."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import numpy as np
import pytest

import probes
from novice.algorithms.bc import bc
from novice.algorithms.settings import BcSettings, FitSettings
from novice.datasets.dataset import Dataset
from novice.datasets.windows import seen_at_once, targets_at_once
from novice.envs.slots import SeparateSlots
from novice.types import Round

FIT = FitSettings(hidden=(8,), learning_rate=0.01, batch_size=32)


def cloned(*, seed: int = 0, teacher: Any = probes.DRIVER, **how: Any) -> Round:
    settings = BcSettings(**{"demonstrations": 4, "steps": 500, "fit": FIT, **how})
    (round,) = bc(
        SeparateSlots(probes.DITCH, 3),
        teacher,
        settings,
        key=jax.random.key(seed),
        evaluate=lambda policy: {"score": 7},
    )
    return round


@pytest.fixture(scope="module")
def clone() -> Round:
    return cloned()


def test_the_same_key_gives_the_same_bytes(clone):
    again = cloned()

    assert bool(eqx.tree_equal(again.learner, clone.learner))
    for name in ("observation", "action", "episode", "step"):
        np.testing.assert_array_equal(
            again.dataset.column(name), clone.dataset.column(name)
        )


def test_another_key_gives_another_clone(clone):
    assert not bool(eqx.tree_equal(cloned(seed=1).learner, clone.learner))


def test_a_round_says_what_it_took(clone):
    # Four demonstrations of ten steps.
    assert (clone.number, clone.measures["env_steps"], clone.measures["labels"]) == (
        0,
        40,
        40,
    )
    assert clone.measures["score"] == 7


def test_every_answer_is_what_the_expert_does(clone):
    part = clone.dataset

    expected = [probes.way_out(seen) for seen in part.column("observation")]
    np.testing.assert_array_equal(part.column("action")[:, 0], expected)


def test_no_more_is_learned_from_than_was_asked_for():
    assert len(cloned(labels=33).dataset) == 33


def test_what_a_shaken_hand_did_is_not_what_is_learned():
    round = cloned(noise=0.5)

    seen = round.trajectories
    assert (seen.action_executed != seen.action_sampled)[seen.valid].any()
    dataset = round.dataset
    expected = [probes.way_out(seen) for seen in dataset.column("observation")]
    np.testing.assert_array_equal(dataset.column("action")[:, 0], expected)


def test_a_shaken_hand_leads_where_no_steady_one_does(clone):
    def places(round: Round) -> set[float]:
        return set(round.dataset.column("observation")[:, 0].tolist())

    assert probes.Ditch.DITCH not in places(clone)
    assert probes.Ditch.DITCH in places(cloned(noise=0.5))


def test_a_dataset_can_be_the_teacher(clone):
    round = cloned(teacher=Dataset(clone.dataset.parts))

    assert bool(eqx.tree_equal(round.learner, clone.learner))
    assert round.measures["env_steps"] == 0


def test_a_clone_with_a_history_and_chunks_learns_what_was_shown():
    fit = dataclasses.replace(FIT, history=2, chunk=3)
    clone = cloned(fit=fit)
    policy, dataset = clone.learner.policy, clone.dataset
    decided = policy.head.best(policy.trunk(seen_at_once(dataset, 2)))
    target = targets_at_once(dataset, policy.head, 3)

    # Nobody can learn the fork, at which an episode begins.
    later = dataset.column("step") > 0
    assert (policy.history, policy.chunk, policy.execute) == (2, 3, 2)
    np.testing.assert_array_equal(decided[later], target[later])


def test_a_head_is_chosen_by_its_name():
    clone = cloned(fit=dataclasses.replace(FIT, head="pairs", hidden=(0,)))

    assert clone.learner.policy.head.config()["kind"] == "pairs"
    assert len(clone.learner.policy.trunk.layers) == 1
