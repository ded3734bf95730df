"""Demonstrations from elsewhere come in as they are, or are refused in a sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from novice.datasets.arrays import BadDemonstrationsError, demonstrations_from
from novice.datasets.dataset import Origin
from novice.envs.task import Task
from toys import task_of

GLIDING = task_of(spaces.Box(np.float32([-1, 0]), np.float32([1, 4])))
COUNTING = task_of(spaces.Discrete(3, start=5))

# Two episodes, of two rows and of one.
SHOWN: dict[str, Any] = {
    "observation": np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]),
    "action": np.array([[-1.0, 0.0], [0.5, 4.0], [1.0, 2.0]]),
    "episode_ends": np.array([2, 3]),
}


def written(folder: Path, **changes: Any) -> Path:
    """A file like the one above, but for some arrays (None: without it)."""
    arrays = {**SHOWN, **changes}
    path = folder / "ana.npz"
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})
    return path


def refusal(path: Path, task: Task = GLIDING) -> str:
    """Why a file is refused."""
    with pytest.raises(BadDemonstrationsError) as caught:
        demonstrations_from(path, task)
    return str(caught.value)


def test_every_row_becomes_a_row_with_its_episode_and_step(tmp_path):
    dataset = demonstrations_from(written(tmp_path), GLIDING)

    (part,) = dataset.parts
    np.testing.assert_array_equal(part.observation, SHOWN["observation"])
    np.testing.assert_array_equal(part.action, SHOWN["action"])
    assert part.observation.dtype == part.action.dtype == np.float32
    assert part.episode.tolist() == [0, 0, 1]
    assert part.step.tolist() == [0, 1, 0]


@given(lengths=st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_ends_and_lengths_say_the_same(tmp_path_factory, lengths):
    folder, rows = tmp_path_factory.mktemp("shown"), sum(lengths)
    many = {"observation": np.zeros((rows, 2)), "action": np.zeros((rows, 2))}
    ends, length = np.cumsum(lengths), np.array(lengths)

    by_ends = demonstrations_from(
        written(folder, **many, episode_ends=ends), GLIDING
    ).parts[0]
    by_length = demonstrations_from(
        written(folder, **many, episode_ends=None, episode_length=length), GLIDING
    ).parts[0]

    places = [(n, step) for n, count in enumerate(lengths) for step in range(count)]
    for part in (by_ends, by_length):
        got = zip(part.episode.tolist(), part.step.tolist(), strict=True)
        assert list(got) == places


def test_without_a_name_the_file_is_who_showed_it(tmp_path):
    dataset = demonstrations_from(written(tmp_path), GLIDING)

    imported = Origin(0, "demonstration", "ana", imported="ana.npz")
    assert dataset.parts[0].origin == imported


def test_each_person_is_a_part_and_episodes_keep_their_numbers(tmp_path):
    path = written(
        tmp_path,
        observation=np.arange(8.0).reshape(4, 2),
        action=np.zeros((4, 2)),
        episode_ends=[1, 3, 4],
        who=["ben", "ana", "ben"],
    )

    ben, ana = demonstrations_from(path, GLIDING).parts

    assert (ben.origin.who, ana.origin.who) == ("ben", "ana")
    assert ben.observation[:, 0].tolist() == [0, 6]
    assert (ben.episode.tolist(), ben.step.tolist()) == ([0, 2], [0, 0])
    assert (ana.episode.tolist(), ana.step.tolist()) == ([1, 1], [0, 1])


def test_one_name_may_stand_for_all_episodes(tmp_path):
    dataset = demonstrations_from(written(tmp_path, who="ben"), GLIDING)

    assert [part.origin.who for part in dataset.parts] == ["ben"]


def test_choices_are_counted_from_0_wherever_the_task_begins(tmp_path):
    path = written(tmp_path, action=[5, 7, 6])

    action = demonstrations_from(path, COUNTING).column("action")

    assert action.dtype == np.int32
    assert action.tolist() == [[0], [2], [1]]


def test_several_choices_are_counted_each_from_its_own_beginning(tmp_path):
    task = task_of(spaces.MultiDiscrete([2, 3], start=[1, -1]))
    path = written(tmp_path, action=[[1, -1], [2, 1], [1, 0]])

    action = demonstrations_from(path, task).column("action")

    assert action.tolist() == [[0, 0], [1, 2], [0, 1]]


def test_choices_may_have_been_written_as_real_numbers(tmp_path):
    path = written(tmp_path, action=np.array([5.0, 7.0, 6.0]))

    assert demonstrations_from(path, COUNTING).column("action").dtype == np.int32


def test_actions_beyond_the_bounds_are_kept_as_they_were_carried_out(tmp_path):
    path = written(tmp_path, action=[[-1.5, 0.5], [0.5, 4.25], [1.0, 2.0]])

    action = demonstrations_from(path, GLIDING).column("action")

    assert action.tolist() == [[-1.0, 0.5], [0.5, 4.0], [1.0, 2.0]]


def test_actions_in_another_unit_are_refused(tmp_path):
    path = written(tmp_path, action=[[256.0, 1.0], [-80.0, 2.0], [12.0, 400.0]])

    assert "67% of the numbers of action" in refusal(path)
    assert "in the task's own units" in refusal(path)


def test_switches_may_have_been_written_as_true_and_false(tmp_path):
    path = written(tmp_path, action=np.array([[True, False]] * 3))

    action = demonstrations_from(path, task_of(spaces.MultiBinary(2))).column("action")

    assert action.tolist() == [[1, 0]] * 3


def test_observations_and_actions_with_several_axes_are_flattened(tmp_path):
    path = written(
        tmp_path,
        observation=np.arange(6.0).reshape(3, 1, 2),
        action=np.zeros((3, 2, 1)),
    )

    dataset = demonstrations_from(path, GLIDING)

    assert dataset.column("observation").tolist() == [[0, 1], [2, 3], [4, 5]]
    assert dataset.column("action").shape == (3, 2)


def test_pictures_of_small_whole_numbers_become_real_ones(tmp_path):
    path = written(tmp_path, observation=np.array([[0, 255]] * 3, np.uint8))

    observation = demonstrations_from(path, GLIDING).column("observation")

    assert observation.dtype == np.float32
    assert observation[0].tolist() == [0, 255]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"observation": None}, "holds no observation (it holds action, episode_ends)"),
        ({"observation": np.zeros((3, 4))}, "shows 2 numbers"),
        ({"observation": np.zeros((3, 4))}, "it must be (rows, 2)"),
        ({"observation": np.array([["a", "b"]] * 3)}, "it must be numbers"),
        ({"observation": np.float32(3)}, "it must be numbers, a row for each step"),
        ({"observation": np.zeros((0, 2))}, "is float64 of shape (0, 2)"),
        ({"observation": np.zeros((3, 0))}, "it must be (rows, 2)"),
        ({"observation": np.zeros((4, 2))}, "4 observations but 3 actions"),
        (
            {"observation": np.array([[0, 1], [0, np.nan], [np.inf, 0]])},
            "row 1 of observation",
        ),
        ({"action": np.zeros((3, 3))}, "it must be (rows, 2)"),
        ({"action": np.zeros(3)}, "action in"),
        ({"action": np.full((3, 2), np.nan)}, "3 bad of 3 rows"),
        ({"episode_ends": None}, "does not say where its episodes end"),
        ({"episode_ends": [2, 4]}, "have 4 rows in all, but there are 3 observations"),
        ({"episode_ends": [2]}, "have 2 rows in all, but there are 3 observations"),
        ({"episode_ends": [0, 3]}, "episode 0 has 0 rows"),
        ({"episode_ends": [3, 2, 3]}, "episode 1 has -1 rows"),
        ({"episode_ends": [[2, 3]]}, "a whole number for each episode"),
        ({"episode_ends": [2.0, 3.0]}, "a whole number for each episode"),
        ({"episode_ends": np.zeros(0, int)}, "a whole number for each episode"),
        ({"episode_ends": None, "episode_length": [1, 1]}, "by episode_length"),
        ({"who": ["ana", "ben", "cyd"]}, "one for each of the 2 episodes"),
        ({"who": [1, 2]}, "it must be a name"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(tmp_path, changes, words):
    said = refusal(written(tmp_path, **changes))

    assert words in said
    assert str(tmp_path / "ana.npz") in said


@pytest.mark.parametrize("action", [[5, 8, 6], [5, 4, 6], [5.0, 6.5, 6.0]])
def test_a_choice_that_the_task_does_not_have_is_refused(tmp_path, action):
    said = refusal(written(tmp_path, action=action), COUNTING)

    assert f"row 1 of action in {tmp_path / 'ana.npz'} is" in said
    assert "1 bad of 3 rows" in said


def test_a_file_that_is_not_there_is_named(tmp_path):
    assert refusal(tmp_path / "gone.npz") == f"there is no file {tmp_path / 'gone.npz'}"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"observation,action\n"])
def test_what_is_no_npz_file_is_refused(tmp_path, content):
    path = tmp_path / "ana.npz"
    path.write_bytes(content)

    assert "is not an .npz file of plain arrays" in refusal(path)


def test_a_single_array_is_refused(tmp_path):
    path = tmp_path / "ana.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros((3, 2)))

    assert "is a single array; numpy.savez(file, observation=…" in refusal(path)


def test_what_else_a_file_holds_does_not_matter(tmp_path):
    path = written(tmp_path, notes=np.array([{"hand": "left"}, None], dtype=object))

    assert len(demonstrations_from(path, GLIDING)) == 3


def test_objects_are_refused_and_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self) -> Any:
            return (open, (str(tmp_path / "sprung"), "w"))

    path = written(tmp_path, who=np.array([Trap(), Trap()], dtype=object))

    assert "is not an .npz file of plain arrays" in refusal(path)
    assert not (tmp_path / "sprung").exists()
