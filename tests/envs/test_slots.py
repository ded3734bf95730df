"""A task that breaks its word is named, with the episode and the step."""

import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv

from novice.envs.rollout import rollout
from novice.envs.slots import BadStepError, SeparateSlots, TaskCrashError, VectorSlots
from novice.envs.task import make_task
from novice.errors import NoviceError
from toys import RowByRow, whim


def refusal(kind: type[NoviceError], what: str, step: int) -> str:
    task = make_task("Trouble-v0", {"what": what, "step": step})

    with pytest.raises(kind) as refused:
        rollout(SeparateSlots(task, 2), RowByRow(whim(task)), [7, 8])

    told = str(refused.value)
    assert "\n" not in told
    return told


@pytest.mark.parametrize("step", [0, 3])
@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("nan", "the observation nan at entry 1"),
        ("shape", "an observation of shape (2, 1), but its observation_space is Box("),
        ("nothing", "the observation None, but its observation_space is Box("),
        ("words", "the observation 'fog', but its observation_space is Box("),
    ],
)
def test_a_bad_observation_is_refused(what, step, words):
    told = refusal(BadStepError, what, step)

    assert told.startswith("Trouble-v0 (environment 0, episode with seed 7")
    assert f"step {step}" in told and words in told


def test_an_infinite_reward_is_refused():
    told = refusal(BadStepError, "reward", 3)

    assert told.startswith("Trouble-v0 (environment 0, episode with seed 7")
    assert "step 3" in told and "the reward inf" in told


@pytest.mark.parametrize(("step", "verb"), [(0, "reset"), (3, "step")])
def test_a_crash_is_told(step, verb):
    told = refusal(TaskCrashError, "crash", step)

    assert told.startswith("Trouble-v0 (environment 0, episode with seed 7")
    assert f"step {step}" in told
    assert f"raised RuntimeError in {verb}: the wheel came off" in told


def test_a_task_that_keeps_its_word_is_played():
    task = make_task("Trouble-v0")

    seen = rollout(SeparateSlots(task, 2), RowByRow(whim(task)), [7, 8])

    np.testing.assert_array_equal(seen.length, [5, 5])


@pytest.mark.parametrize(
    ("what", "kind", "words"),
    [
        ("nan", BadStepError, "the observation nan at entry 1"),
        ("reward", BadStepError, "the reward inf"),
        ("crash", TaskCrashError, "raised RuntimeError in step: the wheel came off"),
    ],
)
def test_a_vector_environment_that_breaks_its_word_is_named(what, kind, words):
    task = make_task("Trouble-v0", {"what": what})
    vector = SyncVectorEnv([task.make] * 2)

    with pytest.raises(kind) as refused:
        rollout(VectorSlots(task, vector), RowByRow(whim(task)), [7, 8])

    told = str(refused.value)
    assert told.startswith("Trouble-v0 (")
    assert "seed 7" in told and "step 3" in told and words in told
