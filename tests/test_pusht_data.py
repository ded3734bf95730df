"""A person's pushes: novice takes them in whole, and the task repeats them."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from novice.datasets.arrays import demonstrations_from
from toys import task_of

BENCH = Path(__file__).resolve().parents[1] / "bench"

pytestmark = pytest.mark.data


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module bench/pusht.py, as whoever stands in that folder has it."""
    if not (BENCH / "pusht.py").exists():
        pytest.skip(f"there is no {BENCH / 'pusht.py'}: bench/ is not packed")
    monkeypatch.syspath_prepend(BENCH)
    import pusht

    return pusht


@pytest.fixture
def recorded(shared_data: Path) -> dict[str, np.ndarray]:
    """The demonstrations as they were published."""
    path = shared_data / "pusht" / "pusht_206_lowdim.npz"
    if not path.exists():
        pytest.skip(f"the demonstrations of Push-T are not on this machine ({path})")
    return dict(np.load(path))


@pytest.fixture
def push_t() -> ModuleType:
    """The package that brings the task."""
    return pytest.importorskip(
        "gym_pusht", reason="gym-pusht is not installed: pip install gym-pusht==0.1.8"
    )


def test_every_recorded_push_is_taken_in(
    bench: ModuleType,
    recorded: dict[str, np.ndarray],
    tmp_path: Path,
):
    shape = bench.pusht_task.PushT
    task = task_of(shape.action_space, shape.observation_space)
    path = tmp_path / "demonstrations.npz"
    np.savez(path, **bench.as_rows(recorded))

    (part,) = demonstrations_from(path, task).parts

    assert len(part) == 25_650
    assert part.episode.max() == 205
    np.testing.assert_array_equal(part.action, recorded["action"])
    np.testing.assert_array_equal(part.observation[:, :4], recorded["state"][:, :4])
    np.testing.assert_allclose(
        np.arctan2(part.observation[:, 4], part.observation[:, 5]) % (2 * np.pi),
        recorded["state"][:, 4],
        atol=1e-5,
    )
    last = np.flatnonzero(np.diff(part.episode, append=206))
    np.testing.assert_array_equal(last + 1, recorded["episode_ends"])


def test_the_task_repeats_what_was_recorded(
    bench: ModuleType, recorded: dict[str, np.ndarray], push_t: ModuleType
):
    """To a thousandth of a pixel, over whole episodes."""
    found = bench.replayed(recorded, range(0, 206, 40))

    assert max(strayed for _, strayed in found) < 1e-3


def test_what_was_done_in_a_mirror_is_right_there_too(
    bench: ModuleType, recorded: dict[str, np.ndarray], push_t: ModuleType
):
    """The task repeats it as exactly, and pays the same.

    Later on there are a few in which a contact hangs on the last bit of a number.
    """
    both = bench.with_mirrored(bench.as_rows(recorded))
    seen = both["observation"].astype(np.float64)
    angle = np.arctan2(seen[:, 4:5], seen[:, 5:])
    state = np.concatenate([seen[:, :4], angle], axis=1)
    episodes = range(0, 200, 40)

    plain = bench.replayed(recorded, episodes)
    mirrored = bench.replayed(
        {**both, "state": state}, [206 + episode for episode in episodes]
    )

    assert len(both["episode_ends"]) == 412
    assert max(strayed for _, strayed in mirrored) < 1e-3
    scores = [[score for score, _ in each] for each in (plain, mirrored)]
    np.testing.assert_allclose(*scores, atol=1e-3)


def test_an_episode_pays_its_highest_reward(
    bench: ModuleType, recorded: dict[str, np.ndarray], push_t: ModuleType
):
    """Pushing on where the T lies well takes nothing away."""
    task = bench.pusht_task.PushT()
    task.reset_to(recorded["state"][0].astype(np.float64))
    covered, paid = [], 0.0
    until = recorded["episode_ends"][0]
    there_and_back = [*recorded["action"][:until], *recorded["action"][:until]]
    for action in there_and_back:
        _, raised, _, _, told = task.step(action.astype(np.float64))
        assert raised >= 0
        covered.append(told["coverage"])
        paid += raised

    assert paid == pytest.approx(min(1.0, max(covered) / 0.95))
    assert covered[-1] < max(covered) - 0.1


def test_an_episode_begins_with_nothing_paid(bench: ModuleType, push_t: ModuleType):
    """The first step pays for what is covered already, in every episode."""
    task = bench.pusht_task.PushT()
    stay = np.array([256.0, 256.0])
    paid = []
    for _ in range(2):
        observation, _ = task.reset(seed=3)
        paid.append(task.step(observation[:2])[1])
        task.step(stay)

    assert paid[0] == paid[1] > 0
