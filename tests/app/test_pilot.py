"""A run's policy drives as it would act, says how sure it is, and keeps up."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest

from app.commands import tiny
from novice.app.folder import NotARunError
from novice.app.pilot import DISTANCE, ENTROPY, PolicyPilot, entropy
from novice.app.runs import MisfitError, policy_of_run
from novice.envs.task import make_task
from novice.experts.kept import load_policy, save_policy
from novice.files import whole_folder
from novice.learning.heads import Bernoulli, gaussian, real_head
from novice.learning.network import Layer, Mlp, Normalizer, with_more_seen
from novice.learning.policy import Policy, new_policy

POLE = np.array([0.01, 0.2, -0.03, 0.4], np.float32)


@pytest.fixture
def run(made: Callable[..., Path], tmp_path: Path) -> Path:
    """A copy of a finished run of some rounds."""
    made_run = made("pilots", *tiny("dagger"))
    return Path(shutil.copytree(made_run, tmp_path / "run"))


def test_entropy_by_hand():
    assert entropy(np.array([3.0, 3.0])) == pytest.approx(math.log(2))
    assert entropy(np.zeros(4)) == pytest.approx(math.log(4))
    assert entropy(np.array([math.log(3), 0])) == pytest.approx(
        -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    )
    assert entropy(np.array([1e4, 0.0])) == 0


def test_it_does_the_likeliest_and_says_how_undecided_it_is(run: Path):
    task = make_task("CartPole-v1")
    pilot = PolicyPilot(str(run), task)
    policy, number = policy_of_run(str(run), which="best")

    action, uncertainty = pilot.act(POLE)

    assert pilot.begin() == f"round {number}"
    assert action.tolist() == np.asarray(policy.best((), POLE)[0]).tolist()
    expected = float(policy.entropy(jax.numpy.asarray(POLE)))
    assert uncertainty == pytest.approx(expected, abs=1e-5)
    assert pilot.uncertainty_means == ENTROPY


def test_switches_are_each_undecided_alone(tmp_path: Path):
    task = make_task("CartPole-v1")
    pilot = PolicyPilot.__new__(PolicyPilot)
    pilot._head, pilot._task = Bernoulli(3), task

    found = pilot._entropy(np.array([0.0, 0.0, 99.0]))

    assert found == pytest.approx(2 * math.log(2))


def test_real_actions_say_how_far_this_is_from_what_was_learned(tmp_path: Path):
    task = make_task("Pendulum-v1")
    policy = new_policy(3, task.head, hidden=(4,), key=jax.random.key(0))
    seen = np.array([[0, 0, 0], [2, 4, 8]], np.float32)
    trunk = with_more_seen(policy.trunk, seen, np.ones(2, bool))
    policy = Policy(trunk, policy.head)
    with whole_folder(tmp_path / "policy") as part:
        save_policy(part, policy)
    pilot = PolicyPilot(str(tmp_path / "policy"), task)

    at_the_mean = pilot.act(np.array([1, 2, 4], np.float32))[1]
    # The standard deviations are 1, 2 and 4: one of them, two, and two again.
    away = pilot.act(np.array([2, 6, 12], np.float32))[1]

    assert pilot.begin() == "policy"
    assert at_the_mean == pytest.approx(0, abs=1e-3)
    assert away == pytest.approx(math.sqrt((1 + 4 + 4) / 3), rel=1e-3)
    assert pilot.uncertainty_means == DISTANCE


def pilot_of(folder: Path, policy: Policy) -> PolicyPilot:
    with whole_folder(folder) as part:
        save_policy(part, policy)
    return PolicyPilot(str(folder), make_task("Pendulum-v1"))


def test_it_carries_out_what_it_decided_until_it_is_to_plan_anew(tmp_path: Path):
    """It does 20 times the first of two numbers it saw, and twice the second."""
    seen_now, seen_next = np.float32([1, 0, 0]), np.float32([2, 0, 0])
    weight = np.zeros((6, 2))
    weight[0], weight[3] = 10, 1
    nothing, one = jax.numpy.zeros(6), jax.numpy.ones(6)
    trunk = Mlp(
        Normalizer(nothing, nothing, one, jax.numpy.zeros(())),
        (Layer(jax.numpy.float32(weight), jax.numpy.float32([0, 100])),),
    )
    head = gaussian((0.0, 0.0), (2.0, 2.0))
    pilot = pilot_of(tmp_path / "p", Policy(trunk, head, history=2, chunk=2, execute=2))

    def next_action(prepare: Callable[[], object]) -> float:
        pilot.begin()
        assert pilot.act(seen_now)[0].tolist() == [22]
        prepare()
        return float(pilot.act(seen_next)[0][0])

    assert next_action(lambda: None) == 222
    assert next_action(pilot.replan) == 24
    assert next_action(lambda: pilot.replan(forget=True)) == 44
    assert next_action(pilot.begin) == 44


def test_it_draws_other_actions_in_another_episode(tmp_path: Path):
    head = real_head("flow", (0.0,), (2.0,), key=jax.random.key(0))
    policy = new_policy(3, head, hidden=(4,), key=jax.random.key(0))
    pilot, drawn = pilot_of(tmp_path / "flow", policy), set()

    for _ in range(3):
        pilot.begin()
        drawn.add(float(pilot.act(np.float32([1, 0, 0]))[0][0]))

    assert len(drawn) == 3


def test_it_follows_a_run_from_episode_to_episode(run: Path, tmp_path: Path):
    task = make_task("CartPole-v1")
    rounds = sorted((run / "rounds").iterdir())
    newest = rounds[-1]
    newest.rename(tmp_path / "newest")
    following = PolicyPilot(str(run), task, follow=True)
    staying = PolicyPilot(str(run), task)
    name = staying.begin()
    assert following.begin() == f"round {len(rounds) - 2}"

    (tmp_path / "newest").rename(newest)

    assert following.begin() == f"round {len(rounds) - 1}"
    assert staying.begin() == name
    expected = load_policy(newest).best((), POLE)[0]
    assert following.act(POLE)[0].tolist() == np.asarray(expected).tolist()


def test_a_round_that_cannot_be_read_is_passed_over(run: Path, tmp_path: Path):
    rounds = sorted((run / "rounds").iterdir())
    newest = rounds[-1]
    newest.rename(tmp_path / "newest")
    pilot = PolicyPilot(str(run), make_task("CartPole-v1"), follow=True)
    before = pilot.act(POLE)[0].tolist()
    (tmp_path / "newest").rename(newest)
    weights = newest / "policy.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8] + b"deadbeef")

    assert pilot.begin() == f"round {len(rounds) - 2}"
    assert pilot.act(POLE)[0].tolist() == before


def test_whoever_does_not_fit_is_refused(run: Path, tmp_path: Path):
    with pytest.raises(MisfitError, match="Acrobot-v1"):
        PolicyPilot(str(run), make_task("Acrobot-v1"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotARunError):
        PolicyPilot(str(tmp_path / "empty"), make_task("CartPole-v1"))
