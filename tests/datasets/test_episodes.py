"""Which rows of a dataset are of the same episode."""

import numpy as np

from novice.datasets.dataset import Answers, Dataset, Origin
from novice.datasets.episodes import episode_numbers


def part(episodes: list[int], *, round: int, source: str = "correction") -> Answers:
    """A row of each of these episodes."""
    rows = len(episodes)
    return Answers(
        observation=np.zeros((rows, 1), np.float32),
        action=np.zeros((rows, 1), np.int32),
        episode=np.asarray(episodes, np.int32),
        step=np.zeros(rows, np.int32),
        origin=Origin(round, source, "ana"),
    )


def numbers(*parts: Answers) -> list[int]:
    return episode_numbers(Dataset(parts)).tolist()


def test_each_round_has_its_own_episodes():
    assert numbers(part([0, 0, 1], round=0), part([0], round=1)) == [0, 0, 1, 2]


def test_answers_of_one_round_are_about_the_same_episodes():
    assert numbers(part([0, 1], round=2), part([1, 2], round=2)) == [0, 1, 1, 2]


def test_who_demonstrates_has_episodes_of_their_own():
    shown = part([0], round=0, source="demonstration")
    assert numbers(shown, shown, part([0], round=0)) == [0, 1, 2]


def test_an_older_run_counted_its_rounds_for_itself():
    old, new = part([0], round=1), part([0], round=1)
    assert numbers(old, part([0], round=2), new) == [0, 1, 2]
