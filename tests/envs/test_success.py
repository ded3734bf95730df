"""What a task says about success is heard, whatever it is wrapped in."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from app import arms
from novice.envs.rollout import rollout
from novice.envs.slots import SeparateSlots, VectorSlots
from novice.envs.success import told_success, told_successes
from novice.envs.task import make_task
from toys import RowByRow, whim

SEEDS = [4, 5, 6, 7, 8, 11]
MODES = (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP, AutoresetMode.DISABLED)


class Tensor:
    """A number as a library of tensors wraps it."""

    def __init__(self, value: float, shape: tuple[int, ...]):
        self.value, self.shape = value, shape

    def item(self) -> float:
        return self.value


@pytest.mark.parametrize("name", ["success", "is_success"])
@pytest.mark.parametrize(
    ("value", "heard"),
    [
        (True, True),
        (False, False),
        (1.0, True),
        (0.0, False),
        (float("nan"), False),
        (np.True_, True),
        (np.float32(0), False),
        (np.array(1), True),
        (np.array([True]), True),
        (Tensor(1.0, (1,)), True),
        (Tensor(0.0, ()), False),
        (None, None),
        ("no", None),
        (np.str_("no"), None),
        ({"door": True}, None),
        (np.ones(3), None),
    ],
)
def test_a_step_is_a_success_if_a_number_says_so(name, value, heard):
    assert told_success({name: value, "cost": 2}) is heard


def test_either_word_counts():
    assert told_success({"success": False, "is_success": True}) is True
    assert told_success({"success": "?", "is_success": False}) is False
    assert told_success({}) is None


def test_only_slots_that_said_it_are_heard():
    live = np.array([True, True, False, True])
    told = {"success": np.array([1, 1, 1, 0]), "_success": live}

    np.testing.assert_array_equal(told_successes(told, live), [1, 1, 0, 0])
    told["_success"] = np.array([True, False, True, False])
    np.testing.assert_array_equal(told_successes(told, live), [1, 0, 0, 0])
    told["_success"] = ~live
    assert told_successes(told, live) is None


def test_without_a_mask_every_slot_has_said_it():
    told = {"is_success": np.array([0.0, 1.0]), "success": np.array([1.0, 0.0])}

    assert told_successes(told, np.array([True, True])).tolist() == [True, True]


@pytest.mark.parametrize("kind", [arms.Arm, arms.Reaching])
@pytest.mark.parametrize("count", [1, 2, 6, 9])
def test_an_episode_succeeded_if_any_step_said_so(kind: type, count: int):
    task = make_task(f"{kind.__name__}-v0")

    seen = rollout(SeparateSlots(task, count), RowByRow(whim(task)), SEEDS)

    np.testing.assert_array_equal(seen.success, [1, 0, 1, 0, 1, 0])


def test_an_episode_without_a_success_failed():
    task = make_task("Arm-v0")

    seen = rollout(SeparateSlots(task, 2), RowByRow(whim(task)), [1, 3])

    np.testing.assert_array_equal(seen.success, [0, 0])


def test_a_task_that_does_not_speak_of_success_has_none():
    task = make_task("Walk-v0")
    vector = SyncVectorEnv([task.make] * 2)

    for slots in (SeparateSlots(task, 2), VectorSlots(task, vector)):
        assert rollout(slots, RowByRow(whim(task)), [4, 5]).success is None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", [arms.Arm, arms.Reaching, arms.Boasting])
@pytest.mark.parametrize("at", [(3, 4), (8, 9, 10)])
def test_a_vector_environment_is_heard_in_any_autoreset_mode(kind, mode, at):
    task = make_task(f"{kind.__name__}-v0", {"at": at})
    vector = SyncVectorEnv([task.make] * 6, autoreset_mode=mode)

    seen = rollout(VectorSlots(task, vector), RowByRow(whim(task)), range(4, 10))

    np.testing.assert_array_equal(seen.success, [1, 0, 1, 0, 1, 0])


def test_a_success_in_the_very_last_step_counts():
    at = (arms.STEPS,)
    for mode in MODES:
        vector = SyncVectorEnv(
            [lambda: gymnasium.make("Arm-v0", at=at)] * 4, autoreset_mode=mode
        )
        task = make_task("Arm-v0", {"at": at})
        seen = rollout(VectorSlots(task, vector), RowByRow(whim(task)), range(4))

        np.testing.assert_array_equal(seen.success, [1, 0, 1, 0], str(mode))
